"""The NetBox reader against a real HTTP server: pages, filters, shapes of several versions, and everything odd."""

import json
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.errors import (
    DeniedError,
    InvalidInputError,
    NocmeshError,
    NotFoundError,
    PreconditionError,
    TooLateError,
)
from nocmesh.inventory import load_inventory
from nocmesh.inventory_form import NetBoxEntry
from nocmesh.netbox import entry_of, read_netbox
from nocmesh.netbox_model import Mapped, Objects, found_in
from nocmesh.network import End, Link

sys.path.append(str(Path(__file__).parents[1]))

from shared.netbox_server import TOKEN, NetBox, cable, device, interface, ip_address, nested, said, serving

pytestmark = pytest.mark.real

FILE = """
version: 1
netbox:
  url: {url}
  filters: {{site: ams}}
  credential: lab
  core_roles: [core]
credentials:
  lab: {{username: admin, password: secret}}
  other: {{username: root, password: secret}}
users:
  - {{name: nina, roles: [operator]}}
"""


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETBOX_TOKEN", TOKEN)


@pytest.fixture
def netbox() -> Iterator[NetBox]:
    """Three routers in a row at one site, one at another."""
    with serving(
        NetBox(
            devices=[
                device(1, "r1", "10.0.0.1/24"),
                device(2, "r2", "10.0.0.2/24", "ios-xe"),
                device(3, "r3", "2001:db8::3/64", "junos"),
                device(4, "far", "10.9.0.1/24", site=nested(2, "fra")),
            ],
            interfaces=[
                interface(11, 1, "eth1", mtu=9000, description="to r2"),
                interface(12, 1, "eth2", enabled=False),
                interface(21, 2, "Gi0/1"),
                interface(22, 2, "Gi0/2"),
                interface(31, 3, "ge-0/0/0"),
                interface(41, 4, "eth1"),
            ],
            addresses=[
                ip_address(1, "10.1.2.1/30", 11),
                ip_address(2, "10.1.2.2/30", 21),
                ip_address(3, "9.9.9.9/32", None),
            ],
            cables=[cable(1, 11, 21), cable(2, 22, 31), cable(3, 12, 41)],
        )
    ) as server:
        yield server


def written(tmp_path: Path, netbox: NetBox, text: str = FILE) -> Path:
    path = tmp_path / "inventory.yaml"
    path.write_text(text.format(url=netbox.url))
    return path


def entry(netbox: NetBox, **more: Any) -> NetBoxEntry:
    return NetBoxEntry(url=netbox.url, credential="lab", **more)


# --- what it reads


def test_the_model_is_the_one_that_a_file_makes(tmp_path: Path, netbox: NetBox) -> None:
    inventory = load_inventory(written(tmp_path, netbox))
    assert [(d.name, d.platform, d.address) for d in inventory.devices] == [
        ("r1", "frr", "10.0.0.1"),
        ("r2", "cisco_iosxe", "10.0.0.2"),
        ("r3", "juniper_junos", "2001:db8::3"),
    ]
    r1 = inventory.device("r1")
    assert (r1.device.site, r1.device.role, r1.device.core) == ("ams", "core", True)
    assert r1.credential.username == "admin"
    assert [(i.name, i.addresses, i.enabled, i.mtu, i.description) for i in r1.device.interfaces] == [
        ("eth1", ["10.1.2.1/30"], True, 9000, "to r2"),
        ("eth2", [], False, None, ""),
    ]
    assert inventory.links == [
        Link(a=End(device="r1", interface="eth1"), b=End(device="r2", interface="Gi0/1")),
        Link(a=End(device="r2", interface="Gi0/2"), b=End(device="r3", interface="ge-0/0/0")),
    ]
    assert [user.name for user in inventory.users] == ["nina"]


def test_every_page_is_read_from_the_server_that_was_named(tmp_path: Path, netbox: NetBox) -> None:
    """Its `next` names another host, as one behind a proxy does: the token goes nowhere else."""
    netbox.page = 1
    assert len(load_inventory(written(tmp_path, netbox)).devices) == 3
    offsets = [target for target in netbox.asked if target.startswith("/api/dcim/devices/")]
    assert len(offsets) == 3
    assert netbox.tokens == {f"Token {TOKEN}"}


def test_a_token_of_the_second_version_is_sent_as_a_bearer(
    tmp_path: Path, netbox: NetBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETBOX_TOKEN", f"nbt_{TOKEN}")
    load_inventory(written(tmp_path, netbox))
    assert netbox.tokens == {f"Bearer nbt_{TOKEN}"}


def test_many_devices_are_asked_about_in_several_questions(netbox: NetBox) -> None:
    netbox.devices = [device(n, f"r{n}", f"10.0.{n // 250}.{n % 250 + 1}/16") for n in range(1, 121)]
    netbox.page = 1000
    assert len(read_netbox(entry(netbox)).devices) == 120
    assert sum(target.startswith("/api/dcim/interfaces/") for target in netbox.asked) == 3


def test_what_cannot_be_a_device_is_left_out_and_named(netbox: NetBox) -> None:
    netbox.devices += [
        device(5, "panel", None),
        device(6, "odd", "10.0.0.6/24", "plan9"),
        device(7, "bare", "10.0.0.7/24", None),
        device(8, None, "10.0.0.8/24", display="unnamed 8"),
    ]
    found = read_netbox(entry(netbox))
    assert {one["name"] for one in found.devices} == {"r1", "r2", "r3", "far"}
    assert found.left_out == [
        "panel: it has no primary address",
        "odd: its platform 'plan9' is none that we know; map it under netbox.platforms",
        "bare: it has no platform",
        "unnamed 8: it has no name",
    ]


def test_a_platform_of_this_netbox_may_be_mapped(netbox: NetBox) -> None:
    netbox.devices = [device(6, "odd", "10.0.0.6/24", "our-routers")]
    assert read_netbox(entry(netbox, platforms={"our-routers": "frr"})).devices[0]["platform"] == "frr"


def test_a_credential_is_chosen_by_tag_then_role_then_platform(netbox: NetBox) -> None:
    netbox.devices = [
        device(1, "a", "10.0.0.1/24", tags=[nested(1, "old")]),
        device(2, "b", "10.0.0.2/24", role=nested(2, "edge")),
        device(3, "c", "10.0.0.3/24", "eos"),
        device(4, "d", "10.0.0.4/24"),
    ]
    choice: Any = {"tag": {"old": "t"}, "role": {"edge": "r"}, "platform": {"arista_eos": "p"}}
    found = read_netbox(entry(netbox, credential_by=choice))
    assert [one["credential"] for one in found.devices] == ["t", "r", "p", "lab"]


@pytest.mark.parametrize("holder", ["config_context", "custom_fields"])
def test_intent_and_what_only_we_need_come_from_context_or_field(tmp_path: Path, netbox: NetBox, holder: str) -> None:
    bgp = {"asn": 65001, "neighbors": [{"address": "10.1.2.2", "remote_asn": 65002}]}
    ours = {"port": 2022, "core": False, "aliases": ["r1.example.net"], "intent": {"bgp": bgp}}
    netbox.devices[0][holder] = {"nocmesh": ours, "ntp": ["10.0.0.9"]}
    found = load_inventory(written(tmp_path, netbox)).device("r1.example.net")
    assert (found.port, found.device.core) == (2022, False)
    assert found.device.intent.bgp is not None
    assert found.device.intent.bgp.neighbors[0].remote_asn == 65002


def test_an_old_netbox_is_read_as_well(netbox: NetBox) -> None:
    """Until 3.2 a cable had one termination on each side; until 3.5 the role was called device_role."""
    for one in netbox.devices:
        one["device_role"] = one.pop("role")
    netbox.cables = [
        {"id": 1, "termination_a_type": "dcim.interface", "termination_a_id": 11}
        | {"termination_b_type": "dcim.interface", "termination_b_id": 21}
    ]
    found = read_netbox(entry(netbox))
    assert found.devices[0]["role"] == "core"
    assert found.links == [{"a": "r1:eth1", "b": "r2:Gi0/1"}]


def test_a_path_through_patch_panels_is_a_link(netbox: NetBox) -> None:
    """Each cable ends at a panel; NetBox has traced the far interface."""
    netbox.cables = [cable(1, 11, 900, "dcim.frontport"), cable(2, 901, 21, "dcim.frontport")]
    for mine, far in ((11, 21), (21, 11)):
        one = next(each for each in netbox.interfaces if each["id"] == mine)
        one |= {"connected_endpoints": [{"id": far}], "connected_endpoints_type": "dcim.interface"}
    assert read_netbox(entry(netbox)).links == [{"a": "r1:eth1", "b": "r2:Gi0/1"}]


def test_a_cable_that_leads_to_a_circuit_or_splits_is_no_link(netbox: NetBox) -> None:
    split = cable(1, 11, 21)
    split["b_terminations"] += [{"object_type": "dcim.interface", "object_id": 31}]
    netbox.cables = [split, cable(2, 22, 5, "circuits.circuittermination")]
    assert read_netbox(entry(netbox)).links == []


# --- filters


def test_a_filter_that_does_not_exist_names_the_nearest(tmp_path: Path, netbox: NetBox) -> None:
    with pytest.raises(InvalidInputError, match=r"inventory.yaml:5: netbox.filters: no filter 'sites'.*'site'"):
        load_inventory(written(tmp_path, netbox, FILE.replace("site: ams", "sites: ams")))


def test_a_filter_that_the_server_ignores_is_noticed(netbox: NetBox) -> None:
    netbox.deaf = frozenset({"site"})
    with pytest.raises(InvalidInputError, match="does not keep to the filter 'site'"):
        read_netbox(entry(netbox, filters={"site": ["ams"]}))


def test_values_of_a_filter_add_up(netbox: NetBox) -> None:
    found = read_netbox(entry(netbox, filters={"site": ["ams", "fra"], "status": "active"}))
    assert len(found.devices) == 4


# --- addresses


def test_an_address_says_what_is_asked_for() -> None:
    found = entry_of("netbox+https://nb.example.net/?site=ams&site=fra&role=core", "TOKEN", "lab")
    assert (found.url, found.token_env) == ("https://nb.example.net", "TOKEN")
    assert found.filters == {"site": ["ams", "fra"], "role": ["core"]}
    assert entry_of("http://nb:8000/netbox/?has_primary_ip=true", "T", "lab").url == "http://nb:8000/netbox"


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("nb.example.net", "expected netbox"),
        ("ftp://nb/", "expected netbox"),
        ("https://nina:secret@nb/", "no secret in an address"),
        ("https://nb/?sites=ams", "did you mean 'site'"),
    ],
)
def test_an_address_that_is_none_is_refused(address: str, why: str) -> None:
    with pytest.raises(InvalidInputError, match=why):
        entry_of(address, "TOKEN", "lab")


# --- what goes wrong


def test_a_refused_token_is_told(netbox: NetBox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETBOX_TOKEN", "wrong")
    with pytest.raises(DeniedError, match=r"/api/dcim/devices/: NetBox refuses the token \(403: Invalid token\)"):
        read_netbox(entry(netbox))


@pytest.mark.parametrize("value", ["", "  ", "two words", "ümlaut"])
def test_a_token_that_is_none_is_told_before_anything_is_sent(
    netbox: NetBox, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("NETBOX_TOKEN", value)
    with pytest.raises(PreconditionError, match="NETBOX_TOKEN"):
        read_netbox(entry(netbox))
    assert netbox.asked == []


@pytest.mark.parametrize(
    ("answer", "kind", "why"),
    [
        ((401, "application/json", b'{"detail": "no"}'), DeniedError, "401: no"),
        ((404, "text/html", b"<html>"), NotFoundError, "without /api"),
        ((400, "application/json", b'{"site": ["Select a valid choice."]}'), InvalidInputError, "valid choice"),
        ((302, "text/html", b""), PreconditionError, "somewhere else"),
        ((500, "text/html", b"<html>oops"), PreconditionError, "answers 500"),
        ((503, "application/json", b"[" * 5000), PreconditionError, "answers 503"),
        ((200, "text/html", b"<html>sign in</html>"), InvalidInputError, "is no JSON"),
        ((200, "application/json", b"\xff\xfe"), InvalidInputError, "is no JSON"),
        ((200, "application/json", b"[" * 100_000), InvalidInputError, "is no JSON"),
        ((200, "application/json", b"[]"), InvalidInputError, "not as NetBox does"),
        ((200, "application/json", b'{"results": [1]}'), InvalidInputError, "not as NetBox does"),
        ((200, "application/json", b'{"results": [], "next": 7}'), InvalidInputError, "'next' is 7"),
        ((200, "application/json", b'{"results": [{"name": "x", "site": 3}]}'), InvalidInputError, "'site'"),
        (
            (200, "application/json", b'{"results": [], "next": "http://x/?a=1"}'),
            InvalidInputError,
            "round in a circle",
        ),
    ],
)
def test_an_answer_that_is_none_names_where_and_what(
    netbox: NetBox, answer: Any, kind: type[NocmeshError], why: str
) -> None:
    netbox.odd = lambda path, query: answer
    with pytest.raises(kind, match=why) as caught:
        read_netbox(entry(netbox, filters={"site": "ams"}))
    assert netbox.url in caught.value.message


def test_an_answer_without_end_is_cut_off(netbox: NetBox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nocmesh.netbox_client.MOST_BYTES", 1000)
    netbox.odd = lambda path, query: said(200, {"results": [], "padding": "x" * 5000})
    with pytest.raises(InvalidInputError, match="more than 1000 bytes"):
        read_netbox(entry(netbox))


def test_pages_without_end_are_cut_off(netbox: NetBox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nocmesh.netbox_client.MOST_PAGES", 3)

    def more(path: str, query: Any) -> Any:
        return said(200, {"results": [], "next": f"http://x/?offset={len(netbox.asked)}"})

    netbox.odd = more
    with pytest.raises(InvalidInputError, match="more than 3 pages"):
        read_netbox(entry(netbox))


def test_a_server_that_is_silent_or_away_is_told(netbox: NetBox) -> None:
    held = threading.Event()

    def silent(path: str, query: Any) -> None:
        held.wait(10)

    netbox.odd = silent
    with pytest.raises(TooLateError, match=r"no answer within 0\.2 s"):
        read_netbox(entry(netbox, timeout=0.2))
    held.set()
    with pytest.raises(PreconditionError, match="cannot be reached"):
        read_netbox(NetBoxEntry(url="http://127.0.0.1:1"))


def test_a_certificate_file_that_is_not_there_is_told() -> None:
    with pytest.raises(PreconditionError, match="correct url, token or ca_file"):
        read_netbox(NetBoxEntry(url="https://127.0.0.1:1", ca_file="/nowhere.pem"))


def test_two_devices_with_one_address_are_refused_by_name(tmp_path: Path, netbox: NetBox) -> None:
    netbox.devices[1]["primary_ip"] = {"address": "10.0.0.1/24"}
    with pytest.raises(InvalidInputError) as caught:
        load_inventory(written(tmp_path, netbox))
    assert caught.value.message == (
        f"{netbox.url}: devices[r2].address: the address 10.0.0.1 port 22 is already taken, "
        "by devices[r1].address; choose another"
    )


def test_a_credential_that_the_file_does_not_have_is_refused_by_device(tmp_path: Path, netbox: NetBox) -> None:
    with pytest.raises(InvalidInputError, match=r"devices\[r1\].credential: no credential 'lap'.*'lab'"):
        load_inventory(written(tmp_path, netbox, FILE.replace("credential: lab", "credential: lap")), stored=())


def test_a_mistake_in_what_only_we_need_names_device_and_key(tmp_path: Path, netbox: NetBox) -> None:
    netbox.devices[0]["config_context"] = {"nocmesh": {"prot": 22}}
    with pytest.raises(InvalidInputError, match=r"NetBox, r1: config_context.nocmesh: unknown key 'prot'"):
        load_inventory(written(tmp_path, netbox))
    netbox.devices[0]["config_context"] = {"nocmesh": ["port"]}
    with pytest.raises(InvalidInputError, match=r"r1: config_context\.nocmesh: expected an object"):
        load_inventory(written(tmp_path, netbox))
    netbox.devices[0]["config_context"] = {"nocmesh": {"intent": {"bpg": {}}}}
    with pytest.raises(InvalidInputError, match=r"devices\[r1\].intent.bpg: unknown key 'bpg'.*'bgp'"):
        load_inventory(written(tmp_path, netbox))


def test_a_mistake_in_the_file_itself_has_its_line(tmp_path: Path, netbox: NetBox) -> None:
    with pytest.raises(InvalidInputError, match=r"inventory.yaml:4: netbox.url: 'nb' is no address of NetBox"):
        load_inventory(written(tmp_path, netbox, FILE.replace("{url}", "nb")))
    with pytest.raises(InvalidInputError, match="devices: unknown key"):
        load_inventory(written(tmp_path, netbox, FILE + "devices: []\n"))


# --- whatever it says

leaves = st.none() | st.booleans() | st.integers(-5, 70_000) | st.text(max_size=8)
anything = st.recursive(leaves, lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=5), x, max_size=3))
WORDS = (
    "id name display platform role site primary_ip tags device enabled mtu config_context custom_fields address "
    "assigned_object_type assigned_object_id a_terminations b_terminations connected_endpoints termination_a_id"
)
objects = st.lists(st.dictionaries(st.sampled_from(WORDS.split()), anything, max_size=8), max_size=4)


@given(objects, objects, objects, objects)
def test_no_object_of_whatever_shape_breaks_the_reader(
    devices: Any, interfaces: Any, addresses: Any, cables: Any
) -> None:
    read = Objects(devices=devices, interfaces=interfaces, addresses=addresses, cables=cables)
    try:
        found = found_in(read, Mapped(credential="lab"))
    except InvalidInputError as refused:
        assert "NetBox" in refused.message  # noqa: PT017 - to be refused is right, and so is not to be
    else:
        json.dumps([found.devices, found.links])
        assert len(found.devices) + len(found.left_out) == len(devices)


def test_a_server_that_drips_its_answer_is_given_up_after_the_bound() -> None:
    """Each drop comes in time; the whole of it never would."""
    done = threading.Event()

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):  # the reader hangs up
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while not done.wait(0.02):
                connection.sendall(b" ")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        try:
            entry = NetBoxEntry(url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=0.3)
            with pytest.raises(TooLateError, match=r"no answer within 0\.3 s"):
                read_netbox(entry)
        finally:
            done.set()
            thread.join()
