"""Alertmanager's body: what is read from it, and how a wrong one is refused."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nocmesh.alerting import alertmanager, fields, sources
from nocmesh.errors import InvalidInputError, NotFoundError
from nocmesh.messages.alert import Alert

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
REAL_BODIES = Path(__file__).parents[4] / "shared" / "payloads"
"""Bodies of real systems, where somebody has laid them beside the checkout."""

VERSION_4 = {
    "version": "4",
    "groupKey": '{}:{alertname="BgpDown"}',
    "truncatedAlerts": 0,
    "status": "firing",
    "receiver": "noc",
    "groupLabels": {"alertname": "BgpDown"},
    "commonLabels": {"alertname": "BgpDown", "severity": "critical"},
    "commonAnnotations": {"summary": "a session is down"},
    "externalURL": "http://am.example.net:9093",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "BgpDown", "instance": "r1.example.net:9100", "severity": "critical"},
            "annotations": {"summary": "session to 10.0.12.2 is down", "description": "for 2 minutes"},
            "startsAt": "2026-03-01T13:58:00.123456789+02:00",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prom.example.net/graph",
            "fingerprint": "f2d1e0",
        }
    ],
}


def one(**alert: Any) -> Alert:
    return alertmanager.parse({"alerts": [alert]}, AT)[0]


def refusal(body: bytes | dict[str, Any]) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as caught:
        alertmanager.parse(body, AT)
    return caught.value


def outcome(body: bytes | dict[str, Any]) -> tuple[list[Alert], InvalidInputError | None]:
    try:
        return alertmanager.parse(body, AT), None
    except InvalidInputError as error:
        return [], error


def test_a_version_4_body_is_read_whole() -> None:
    alert = alertmanager.parse(json.dumps(VERSION_4).encode(), AT)[0]
    assert (alert.name, alert.severity, alert.device) == ("BgpDown", "critical", "r1.example.net")
    assert (alert.summary, alert.description) == ("session to 10.0.12.2 is down", "for 2 minutes")
    assert alert.starts_at == datetime(2026, 3, 1, 11, 58, 0, 123457, tzinfo=UTC)
    assert alert.ends_at is None
    assert alert.received_at == AT
    assert alert.fingerprint == "f2d1e0"
    assert alert.url == "http://prom.example.net/graph"


def test_a_version_3_body_with_a_number_as_group_key_is_read() -> None:
    body = {"version": "3", "groupKey": 5615590933959184469, "alerts": [{"labels": {"alertname": "x"}}]}
    assert alertmanager.parse(json.dumps(body).encode(), AT)[0].name == "x"


def test_labels_alone_are_an_alert_that_fires() -> None:
    alert = one(labels={"alertname": "OspfNeighborDown", "instance": "spine1"})
    assert (alert.status, alert.device, alert.starts_at) == ("firing", "spine1", None)


def test_missing_labels_are_taken_from_the_group() -> None:
    body = {"commonLabels": {"severity": "minor"}, "groupLabels": {"alertname": "x", "node": "r9"}, "alerts": [{}]}
    alert = alertmanager.parse(body, AT)[0]
    assert (alert.name, alert.severity, alert.device) == ("x", "minor", "r9")


def test_an_alert_without_any_label_is_still_an_alert() -> None:
    assert one(status="resolved", labels=None).name == "unnamed"


def test_the_status_of_the_body_holds_for_an_alert_without_its_own() -> None:
    assert alertmanager.parse({"status": "resolved", "alerts": [{}]}, AT)[0].status == "resolved"


def test_the_order_of_the_body_is_kept() -> None:
    body = {"alerts": [{"labels": {"alertname": name}} for name in "cab"]}
    assert [alert.name for alert in alertmanager.parse(body, AT)] == ["c", "a", "b"]


def test_a_resolved_alert_says_when_it_ended() -> None:
    alert = one(status="resolved", endsAt="2026-03-01T12:00:00Z")
    assert alert.ends_at == datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_the_same_labels_have_one_id_whatever_the_severity() -> None:
    calm, loud = (one(labels={"alertname": "x", "severity": severity}) for severity in ("warning", "critical"))
    assert calm.alert_id == loud.alert_id
    assert calm.alert_id != one(labels={"alertname": "y"}).alert_id


def test_two_sources_never_share_an_id() -> None:
    body = json.dumps(VERSION_4).encode()
    ids = {name: sources.parse(name, body, AT)[0].alert_id for name in sources.PARSERS.keys() - {"snmp"}}
    assert len(set(ids.values())) == len(ids)


def test_an_unknown_source_is_answered_with_the_known_ones() -> None:
    with pytest.raises(NotFoundError, match="known: alertmanager, monitor, prometheus"):
        sources.parse("carrier-pigeon", b"{}", AT)


def test_no_webhook_speaks_for_the_monitor() -> None:
    assert "monitor" in sources.PARSERS
    assert "monitor" not in sources.WEBHOOKS


@pytest.mark.parametrize(
    ("alert", "field", "reason"),
    [
        pytest.param({"labels": []}, "alerts[0].labels", "expected an object, got a list", id="labels-list"),
        pytest.param({"labels": {"a": 1}}, "alerts[0].labels.a", "expected a text, got a number", id="label-number"),
        pytest.param({"labels": {"a": True}}, "alerts[0].labels.a", "got true or false", id="label-bool"),
        pytest.param({"annotations": "x"}, "alerts[0].annotations", "expected an object, got a text", id="notes-text"),
        pytest.param({"status": "on fire"}, "alerts[0].status", "expected firing or resolved", id="status"),
        pytest.param({"status": 7}, "alerts[0].status", "expected a text", id="status-number"),
        pytest.param({"startsAt": "yesterday"}, "alerts[0].startsAt", "RFC 3339", id="time-word"),
        pytest.param({"startsAt": "2026-03-01T12:00:00"}, "alerts[0].startsAt", "with its offset", id="time-naive"),
        pytest.param({"startsAt": "9999-12-31T23:59:59-05:00"}, "alerts[0].startsAt", "RFC 3339", id="time-too-late"),
        pytest.param({"endsAt": 1772366400}, "alerts[0].endsAt", "expected a text, got a number", id="time-number"),
        pytest.param({"fingerprint": {}}, "alerts[0].fingerprint", "expected a text", id="fingerprint"),
        pytest.param({"labels": {"a": "x" * 5000}}, "alerts[0].labels.a", "at most 4096", id="label-long"),
        pytest.param({"labels": {"a": "\ud800"}}, "alerts[0].labels.a", "surrogate", id="surrogate"),
        pytest.param({"labels": dict.fromkeys(map(str, range(300)), "")}, "alerts[0].labels", "at most 256", id="many"),
    ],
)
def test_a_wrong_field_is_named_with_its_reason(alert: dict[str, Any], field: str, reason: str) -> None:
    error = refusal({"alerts": [alert]})
    assert error.field == field
    assert reason in error.reason
    assert error.message.startswith(field)


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        pytest.param(b"", "body", "JSON object", id="empty"),
        pytest.param(b"{", "body", "JSON object", id="cut"),
        pytest.param(b"[]", "body", "expected an object, got a list", id="list"),
        pytest.param(b"null", "alerts", "expected a list, got null", id="null"),
        pytest.param(b"{}", "alerts", "expected a list, got null", id="no-alerts"),
        pytest.param(b'{"alerts": {}}', "alerts", "expected a list, got an object", id="alerts-object"),
        pytest.param(b'{"alerts": []}', "alerts", "expected 1 to 2000 alerts, got 0", id="no-alert"),
        pytest.param(b'{"alerts": [' + b"{}," * 2000 + b"{}]}", "alerts", "got 2001", id="too-many"),
        pytest.param(b'{"alerts": [null]}', "alerts[0]", "expected an object, got null", id="null-alert"),
        pytest.param(b'{"alerts": [NaN]}', "body", "NaN is not JSON", id="nan"),
        pytest.param(b'{"alerts": [-Infinity]}', "body", "-Infinity is not JSON", id="infinity"),
        pytest.param(b'{"alerts": [], "alerts": [{}]}', "body.'alerts'", "occurs twice", id="twice"),
        pytest.param(b'{"\\ud800": 1, "\\ud800": 2}', "body.'\\ud800'", "occurs twice", id="twice-surrogate"),
        pytest.param(b'{"n": ' + b"9" * 5000 + b"}", "body", "JSON object", id="huge-number"),
        pytest.param(b"\xff\xfe", "body", "UTF-8", id="no-utf8"),
        pytest.param(b"[" * 200_000, "body", "nested too deeply", id="deep"),
        pytest.param(b'{"a":' * 150_000, "body", "nested too deeply", id="deep-objects"),
        pytest.param(b" " * (fields.MAX_BYTES + 1), "body", "at most 1000000 bytes", id="large"),
    ],
)
def test_a_malformed_body_is_refused_with_its_reason(body: bytes, field: str, reason: str) -> None:
    error = refusal(body)
    assert error.field == field
    assert reason in error.reason
    assert len(error.message) < 500
    error.message.encode()


def test_a_body_of_a_hundred_thousand_names_with_one_twice_is_refused_at_once() -> None:
    names = ",".join(f'"{n}":0' for n in range(80_000))
    assert "occurs twice" in refusal(f'{{{names},"79999":1}}'.encode()).reason


def test_a_long_text_for_people_is_cut_and_the_alert_kept() -> None:
    alert = one(annotations={"description": "x" * 100_000})
    assert len(alert.description) == fields.MAX_TEXT
    assert alert.description.endswith("…")


def test_a_nul_never_reaches_a_store() -> None:
    assert "\x00" not in one(labels={"alertname": "a\x00b"}).name


def test_what_is_neither_json_nor_python_data_is_named_by_its_type() -> None:
    assert refusal({"alerts": [object()]}).reason == "expected an object, got object"


@pytest.mark.parametrize("path", sorted(REAL_BODIES.glob("alertmanager-*.json")), ids=lambda path: path.name)
def test_bodies_of_real_systems_are_accepted(path: Path) -> None:
    alerts = alertmanager.parse(path.read_bytes(), AT)
    assert [alert.severity for alert in alerts] == ["critical"]
    assert alerts[0].starts_at is not None
    assert alerts[0].ends_at is None


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20) | st.sampled_from(["firing", "resolved"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = ["status", "labels", "annotations", "startsAt", "endsAt", "fingerprint", "generatorURL"]
ALERTS = st.dictionaries(st.sampled_from(KEYS), JSON, max_size=5)
SHARED = st.dictionaries(st.sampled_from(["status", "commonLabels", "groupLabels", "commonAnnotations"]), JSON)


@settings(max_examples=150)
@given(alerts=st.lists(ALERTS, max_size=3) | JSON, shared=SHARED)
def test_whatever_comes_gives_alerts_or_a_clear_error(alerts: Any, shared: dict[str, Any]) -> None:
    body = {**shared, "alerts": alerts}
    for form in (body, json.dumps(body).encode()):
        found, error = outcome(form)
        assert all(alert.to_json() for alert in found) if error is None else error.field and error.reason


@settings(max_examples=150)
@given(body=st.binary(max_size=200))
def test_any_bytes_give_alerts_or_a_clear_error(body: bytes) -> None:
    found, error = outcome(body)
    assert found if error is None else error.field


@settings(max_examples=50)
@given(labels=st.dictionaries(st.text(max_size=10), st.text(max_size=10)), order=st.randoms())
def test_the_order_of_labels_does_not_change_the_id(labels: dict[str, str], order: Any) -> None:
    shuffled = list(labels.items())
    order.shuffle(shuffled)
    assert one(labels=labels).alert_id == one(labels=dict(shuffled)).alert_id
