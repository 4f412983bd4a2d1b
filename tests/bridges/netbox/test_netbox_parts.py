"""What is asked of NetBox, what becomes of its objects, and how long an answer is good: without a server."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.errors import InvalidInputError
from nocmesh.messages.agent import ToolReply
from nocmesh.network import Device, End, Link, Network
from nocmesh_bridges.alerts.netboxhook import EVENTS, UnprovedError, change_in, prove
from nocmesh_bridges.netbox.cache import MOST, Answer, Cache, touched_by
from nocmesh_bridges.netbox.question import KINDS, MOST_ROWS, Question, question_of
from nocmesh_bridges.netbox.rows import lines_of, row_of
from nocmesh_bridges.netbox.stale import TOLD, differences

NOW = datetime(2026, 3, 1, tzinfo=UTC)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


# --- what is asked


def test_a_question_is_the_same_in_whatever_order_it_is_asked() -> None:
    one = question_of({"what": "devices", "filters": {"site": ["fra", "ams"], "status": "active"}})
    two = question_of({"filters": {"status": ["active"], "site": ["ams", "fra", "ams"]}, "what": "devices"})
    assert one == two
    assert one.command == "netbox GET /api/dcim/devices/?site=ams&site=fra&status=active"
    assert one.limit == 50


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, "what is None; expected one of: addresses, cables, circuits, devices, interfaces, sites"),
        ({"what": "device"}, "did you mean 'devices'"),
        ({"what": ["devices"]}, "what is a list"),
        ({"what": "devices", "filter": {}}, "no argument 'filter'; did you mean 'filters'"),
        ({"what": "devices", "filters": {"sitee": "ams"}}, "devices have no filter 'sitee'; did you mean 'site'"),
        ({"what": "devices", "filters": {"ordering": "x"}}, "no filter 'ordering'"),
        ({"what": "devices", "filters": {"limit": "0"}}, "no filter 'limit'"),
        ({"what": "cables", "filters": {"platform": "frr"}}, "cables have no filter 'platform'"),
        ({"what": "devices", "filters": "site=ams"}, "expected an object"),
        ({"what": "devices", "filters": {"site": {"a": 1}}}, "filters.site is a dict"),
        ({"what": "devices", "filters": {"site": ""}}, "a text of 1 to 100 letters"),
        ({"what": "devices", "filters": {"site": "a\nb"}}, "a text of 1 to 100 letters"),
        ({"what": "devices", "filters": {"id": list(range(60))}}, "60 values to filter by; expected at most 50"),
        ({"what": "devices", "filters": {"id": 10**5000}}, "filters.id is a int"),
        ({"what": "devices", "limit": 0}, "limit is a int; expected 1 to 1000"),
        ({"what": "devices", "limit": True}, "expected 1 to 1000"),
    ],
)
def test_a_question_that_netbox_would_misunderstand_is_refused_with_the_nearest_word(
    arguments: dict[str, Any], told: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        question_of(arguments)
    assert told in refused.value.message


@given(st.dictionaries(st.sampled_from(["what", "filters", "limit", "x"]), json_values | st.sampled_from(list(KINDS))))
def test_hostile_arguments_are_a_question_or_an_error(arguments: dict[str, Any]) -> None:
    try:
        question = question_of(arguments)
    except InvalidInputError:
        return
    assert 1 <= question.limit <= MOST_ROWS
    assert {key for key, _ in question.filters} <= question.kind.filters


# --- rows


FIELDS = (
    *("id", "name", "site", "status", "tags", "primary_ip", "device", "connected_endpoints", "assigned_object"),
    *("a_terminations", "termination_a", "termination_z", "description", "untagged_vlan", "lag"),
)


@given(
    st.sampled_from(list(KINDS)),
    st.dictionaries(
        st.sampled_from(FIELDS),
        json_values,
    ),
)
def test_an_object_of_any_shape_becomes_a_row_that_travels(what: str, item: dict[str, Any]) -> None:
    row = row_of(what, item)
    assert len(lines_of([row]).splitlines()) == 1
    assert len(ToolReply(call_id="c", status="ok", content={"rows": [row]}).to_json()) < 60_000


def test_rows_are_plain_and_say_what_filters_take() -> None:
    item = {
        "id": 7, "name": "r1", "site": {"id": 1, "name": "Amsterdam", "slug": "ams", "display": "Amsterdam"},
        "status": {"value": "active", "label": "Active"}, "device_role": {"slug": "core"}, "platform": None,
        "primary_ip": {"id": 2, "address": "10.0.0.1/24"}, "tags": [{"id": 1, "name": "A", "slug": "a"}],
        "description": "enable secret 5 $1$abc$def", "config_context": {"password": "x"}, "comments": "hunter2",
    }  # fmt: skip
    row = row_of("devices", item)
    assert {key: row[key] for key in ("id", "name", "site", "role", "platform", "status", "primary_ip", "tags")} == {
        "id": 7, "name": "r1", "site": "ams", "role": "core", "platform": None, "status": "active",
        "primary_ip": "10.0.0.1/24", "tags": ["a"],
    }  # fmt: skip
    assert "$1$abc$def" not in f"{row}"
    assert "hunter2" not in f"{row}"


PORT = {"id": 1, "name": "eth0", "device": {"id": 1, "name": "r1"}}
NEW = {
    "a_terminations": [{"object_type": "dcim.interface", "object_id": 1, "object": PORT}],
    "b_terminations": [{"object_id": 4, "object": {"id": 4, "display": "T4"}}],
}
OLD = {"termination_a": PORT, "termination_b": {"id": 4, "name": "T4"}}


@pytest.mark.parametrize("item", [NEW, OLD], ids=["since 3.3", "before"])
def test_the_ends_of_a_cable_are_told_in_every_versions_shape(item: dict[str, Any]) -> None:
    row = row_of("cables", item)
    assert (row["a"], row["b"]) == (["r1:eth0"], ["T4"])


@pytest.mark.parametrize("key", ["termination", "site"])
def test_the_ends_of_a_circuit_are_told_in_every_versions_shape(key: str) -> None:
    row = row_of(
        "circuits", {"cid": "C1", "termination_a": {"id": 1, key: {"id": 1, "slug": "ams"}}, "termination_z": None}
    )
    assert (row["cid"], row["a"], row["z"]) == ("C1", "ams", None)


def test_a_number_that_cannot_travel_and_half_a_letter_do_no_harm() -> None:
    row = row_of("sites", {"id": 10**400, "name": json.loads('"a\\ud800b"'), "facility": float("nan")})
    assert (row["id"], row["name"], row["facility"]) == (None, "a b", None)


# --- the cache


def answered(at: datetime = NOW) -> Answer:
    return Answer(rows=(), complete=True, at=at)


def test_an_answer_is_good_until_it_expires() -> None:
    cache, question = Cache(60), Question(what="devices")
    cache.put(question, answered(), cache.mark("devices"))
    assert cache.get(question, NOW + timedelta(seconds=59)) == answered()
    assert cache.get(question, NOW + timedelta(seconds=60)) is None
    cache.put(question, answered(), cache.mark("devices"))
    assert cache.get(question, NOW - timedelta(seconds=1)) is None  # the clock was set back


def test_a_cache_of_no_seconds_keeps_nothing() -> None:
    cache, question = Cache(0), Question(what="devices")
    cache.put(question, answered(), cache.mark("devices"))
    assert cache.get(question, NOW) is None


@pytest.mark.parametrize(("model", "gone"), [("cable", {"cables", "interfaces"}), ("provider", {"circuits"}),
                                             ("device", {"devices", "interfaces", "addresses", "cables"}),
                                             ("site", set(KINDS)), ("pluginthing", set(KINDS))])  # fmt: skip
def test_a_change_drops_the_answers_that_show_something_of_it(model: str, gone: set[str]) -> None:
    cache = Cache(60)
    for what in KINDS:
        cache.put(Question(what=what), answered(), cache.mark(what))
    assert cache.drop(model) == len(gone)
    assert {what for what in KINDS if cache.get(Question(what=what), NOW) is None} == gone == set(touched_by(model))


def test_an_answer_that_was_asked_for_before_a_change_and_came_after_it_is_not_kept() -> None:
    cache, question = Cache(60), Question(what="devices")
    mark = cache.mark("devices")
    cache.drop("device")
    cache.put(question, answered(), mark)
    assert cache.get(question, NOW) is None


def test_the_cache_is_bounded_and_forgets_what_was_asked_for_longest_ago() -> None:
    cache = Cache(60)
    for limit in range(1, MOST + 1):
        cache.put(Question(what="devices", limit=limit), answered(), cache.mark("devices"))
    assert cache.get(Question(what="devices", limit=1), NOW)
    cache.put(Question(what="devices", limit=MOST + 1), answered(), cache.mark("devices"))
    assert cache.get(Question(what="devices", limit=1), NOW)
    assert cache.get(Question(what="devices", limit=2), NOW) is None


# --- what is stale


def network(*names: str, links: tuple[tuple[str, str], ...] = (), address: str = "10.0.0.1") -> Network:
    devices = [Device(name=name, platform="frr", address=address) for name in names]
    ends = [Link(a=End(device=a, interface="eth0"), b=End(device=b, interface="eth0")) for a, b in links]
    return Network(devices=devices, links=ends)


def test_what_differs_is_said_device_by_device() -> None:
    assert differences(network("r1", "r2"), network("r2", "r1")) == []
    assert differences(network("r1", "r2"), network("r2", "r3")) == ["r3 is new in NetBox", "r1 is gone from NetBox"]
    assert differences(network("r1"), network("r1", address="10.0.0.9")) == ["r1 is another in NetBox"]
    assert differences(network("a", "b", links=(("a", "b"),)), network("a", "b", links=(("b", "a"),))) == []
    assert differences(network("a", "b", links=(("a", "b"),)), network("a", "b")) == ["the links are others in NetBox"]
    many = differences(network(), network(*(f"r{n}" for n in range(100))))
    assert (len(many), many[-1]) == (TOLD + 1, "and 80 more")


# --- webhooks

SECRET = "s3cret"
BODY = json.dumps({"event": "updated", "model": "device", "data": {"id": 4}, "username": "admin"}).encode()


def signed(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha512).hexdigest()


SHORT = hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()


def test_a_webhook_is_believed_by_the_signature_of_its_very_bytes() -> None:
    prove(BODY, signed(BODY), SECRET)
    prove(BODY, signed(BODY).upper(), SECRET)


@pytest.mark.parametrize(
    "signature",
    ["", "x", "é", signed(BODY, "another"), signed(BODY + b" "), signed(BODY)[:-1], SHORT],
    ids=["none", "short", "no-ascii", "secret", "body", "cut", "sha256"],
)  # fmt: skip
def test_another_signature_is_refused(signature: str) -> None:
    with pytest.raises(UnprovedError, match="X-Hook-Signature"):
        prove(BODY, signature, SECRET)


@given(st.binary(max_size=200), st.text(max_size=140))
def test_no_signature_that_is_made_up_passes(body: bytes, signature: str) -> None:
    with pytest.raises(UnprovedError):
        prove(body, signature, SECRET)


def test_a_webhook_tells_which_model_changed() -> None:
    change = change_in(BODY, NOW)
    assert change
    assert (change.source, change.model, change.event) == ("netbox", "device", "updated")
    assert change_in(b'{"event": "job_ended", "model": "script"}', NOW) is None


@given(st.binary(max_size=100) | json_values.map(lambda value: json.dumps(value).encode()))
def test_a_hostile_webhook_is_a_change_or_an_error(body: bytes) -> None:
    try:
        found = change_in(body, NOW)
    except InvalidInputError:
        return
    assert found is None or found.event in EVENTS
