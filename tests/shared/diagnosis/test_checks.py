"""Checks decide on typed state, and never on what was not understood."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.diagnosis.checks import KINDS, evaluate, views_for
from nocmesh.errors import InvalidInputError
from nocmesh.messages.change import Check
from nocmesh.messages.state import (
    Bgp,
    BgpNeighbor,
    ConfigLine,
    DeviceState,
    FilterRule,
    Interface,
    Isis,
    IsisAdjacency,
    Ospf,
    OspfNeighbor,
    Route,
    Stp,
    StpBridge,
    StpPort,
    System,
    ViewStatus,
)

VIEWS = ("interfaces", "bgp", "routes", "config", "filters", "system", "stp", "ospf", "isis", "shell_config")
UP = BgpNeighbor(
    address="10.0.12.2",
    remote_as=65002,
    session_state="established",
    prefixes_received=12,
    address_families=["ipv4-unicast"],
)
DOWN = BgpNeighbor(address="2001:db8::3", session_state="idle", enabled=False, last_error="Bad Peer AS")
STATE = DeviceState(
    device="r1",
    platform="frr",
    interfaces=[
        Interface(name="r1-e0", enabled=True, oper_up=True, mtu=1500, addresses=["10.0.12.1/30"]),
        Interface(name="r1-e1", enabled=False, oper_up=False),
        Interface(name="r1-e2"),
        Interface(name="sw-e0", mac="02:00:00:00:00:01", bridge="br0"),
    ],
    bgp=Bgp(asn=65001, neighbors=[UP, DOWN], networks=["10.255.0.1/32"]),
    routes=[
        Route(prefix="10.255.0.2/32", protocol="bgp"),
        Route(prefix="0.0.0.0/0", protocol="static", next_hops=["10.0.0.1"]),
        Route(prefix="10.66.0.0/16", protocol="static", discards=True),
    ],
    filters=[FilterRule(name="inet f in", action="drop", text="tcp dport 179 counter packets 3 bytes 180 drop")],
    system=System(services={"ospfd": True, "snmpd": False}, ip_forwarding=False),
    stp=Stp(
        bridges=[StpBridge(name="br0", enabled=True, priority=4096)],
        ports=[StpPort(name="sw-e0", bridge="br0", state="forwarding", cost=2)],
    ),
    ospf=Ospf(neighbors=[OspfNeighbor(router_id="1.1.1.1", interface="r1-e0", state="full")]),
    isis=Isis(adjacencies=[IsisAdjacency(system_id="r2", interface="r1-e0", state="initializing")]),
    shell_config=[ConfigLine(section="interface r1-e0", text="mtu 1500")],
    config=[
        ConfigLine(section="interface r1-e0", text="description to r2"),
        ConfigLine(section="", text="hostname r1"),
    ],
    status=dict.fromkeys(VIEWS, "parsed"),
)


def check(kind: str, **arguments: Any) -> Check:
    return Check(kind=kind, arguments=arguments)


HOLD = [
    check("bgp_session", neighbor="10.0.12.2", state="established"),
    check("bgp_session", neighbor="2001:DB8:0::3", state="Idle"),
    check("bgp_prefixes_received", neighbor="10.0.12.2", min=12),
    check("bgp_remote_as", neighbor="10.0.12.2", asn=65002),
    check("bgp_neighbor_enabled", neighbor="10.0.12.2"),
    check("bgp_neighbor_enabled", neighbor="2001:db8::3", enabled=False),
    check("bgp_address_family", neighbor="10.0.12.2", family="ipv4-unicast"),
    check("bgp_address_family", neighbor="10.0.12.2", family="ipv6-unicast", present=False),
    check("bgp_neighbor", neighbor="10.0.12.2"),
    check("bgp_neighbor", neighbor="10.0.99.2", present=False),
    check("bgp_network", prefix="10.255.0.1/32"),
    check("bgp_network", prefix="10.99.0.0/16", present=False),
    check("interface_enabled", interface="r1-e0"),
    check("interface_enabled", interface="r1-e1", enabled=False),
    check("interface_oper", interface="r1-e0", up=True),
    check("interface_oper", interface="r1-e1", up=False),
    check("interface_mtu", interface="r1-e0", mtu=1500),
    check("interface_address", interface="r1-e0", address="10.0.12.1/30"),
    check("interface_address", interface="r1-e1", address="10.0.12.1/30", present=False),
    check("route", prefix="10.255.0.2/32"),
    check("route", prefix="10.255.0.2/32", protocol="bgp"),
    check("route", prefix="10.255.0.2/32", protocol="ospf", present=False),
    check("route", prefix="0.0.0.0/0", via="10.0.0.1"),
    check("route", prefix="0.0.0.0/0", via="10.0.0.2", present=False),
    check("route", prefix="10.66.0.0/16", discards=True),
    check("route", prefix="10.255.0.2/32", discards=True, present=False),
    check("interface_mac", interface="sw-e0", mac="02:00:00:00:00:01"),
    check("interface_bridge", interface="sw-e0", bridge="br0"),
    check("interface_bridge", interface="r1-e0", bridge=""),
    check("filter_rule", name="inet f in", text="tcp dport 179 counter packets 9 bytes 9 drop"),
    check("filter_rule", name="inet f in", text="tcp dport 80 drop", present=False),
    check("filter_rule", name="inet f out", text="tcp dport 179 counter drop", present=False),
    check("service", name="ospfd"),
    check("service", name="snmpd", running=False),
    check("ip_forwarding", enabled=False),
    check("stp_bridge", bridge="br0", enabled=True, priority=4096),
    check("stp_port", interface="sw-e0", cost=2, state="forwarding"),
    check("ospf_adjacency", interface="r1-e0"),
    check("shell_config_line", section="interface r1-e0", text="mtu 1500"),
    check("config_line", section="interface r1-e0", text="description  to r2"),
    check("config_line", text="hostname r1"),
    check("config_line", section="interface r1-e1", text="shutdown", present=False),
]
FAIL = [
    (check("bgp_session", neighbor="10.0.12.2", state="idle"), "10.0.12.2 is established"),
    (check("bgp_session", neighbor="2001:db8::3", state="established"), "2001:db8::3 is idle (Bad Peer AS)"),
    (check("bgp_session", neighbor="10.0.99.2", state="idle"), "no BGP neighbor 10.0.99.2"),
    (
        check("bgp_prefixes_received", neighbor="10.0.12.2", min=13),
        "10.0.12.2 is established, 12 prefixes received",
    ),
    (
        check("bgp_prefixes_received", neighbor="2001:db8::3", min=0),
        "2001:db8::3 is idle, unknown prefixes received",
    ),
    (check("bgp_remote_as", neighbor="2001:db8::3", asn=1), "2001:db8::3 has remote AS None"),
    (check("bgp_neighbor_enabled", neighbor="2001:db8::3"), "2001:db8::3 is shut down by configuration"),
    (
        check("bgp_address_family", neighbor="2001:db8::3", family="ipv4-unicast"),
        "2001:db8::3 has no address family active",
    ),
    (check("bgp_neighbor", neighbor="10.0.99.2"), "BGP neighbor 10.0.99.2 is not there"),
    (check("bgp_network", prefix="nonsense"), "network nonsense in BGP is not there"),
    (check("interface_enabled", interface="r1-e2"), "r1-e2 is of unknown administrative state"),
    (check("interface_enabled", interface="r1-e9", enabled=False), "no interface r1-e9"),
    (check("interface_oper", interface="r1-e2", up=False), "r1-e2 is of unknown state"),
    (check("interface_mtu", interface="r1-e2", mtu=1500), "r1-e2 has MTU None"),
    (check("interface_address", interface="r1-e0", address="what"), "r1-e0 has 10.0.12.1/30"),
    (check("route", prefix="10.0.0.0/8"), "no such route to 10.0.0.0/8"),
    (check("route", prefix="0.0.0.0/0", via="10.0.0.2"), "no such route to 0.0.0.0/0"),
    (check("interface_mac", interface="sw-e0", mac="02:00:00:00:00:02"), "sw-e0 has the MAC address 02:00:00:00:00:01"),
    (check("interface_bridge", interface="r1-e0", bridge="br0"), "r1-e0 is no port"),
    (
        check("filter_rule", name="inet f in", text="tcp dport 179 counter drop", present=False),
        "rule 'tcp dport 179 counter drop' in inet f in is there",
    ),
    (check("service", name="snmpd"), "snmpd does not run"),
    (check("service", name="nobody"), "nobody does not run"),
    (check("ip_forwarding"), "IP forwarding is off"),
    (check("stp_bridge", bridge="br0", priority=0), "br0 takes part in spanning tree, priority 4096"),
    (check("stp_bridge", bridge="br1"), "no bridge br1"),
    (check("stp_port", interface="sw-e0", state="blocking"), "sw-e0 is forwarding, cost 2"),
    (check("stp_port", interface="sw-e1"), "sw-e1 is no port of a bridge"),
    (check("ospf_adjacency", interface="r1-e1"), "adjacency on r1-e1: none"),
    (check("isis_adjacency", interface="r1-e0"), "adjacency on r1-e0: initializing"),
    (check("shell_config_line", text="mtu 1500"), "line 'mtu 1500' is not there"),
    (check("config_line", text="hostname r1", present=False), "line 'hostname r1' is there"),
    (check("config_line", section="x", text="y"), "line 'y' under 'x' is not there"),
]


@pytest.mark.parametrize("holds", HOLD, ids=lambda c: f"{c.kind} {c.arguments}")
def test_a_check_that_holds_passes(holds: Check) -> None:
    assert evaluate(holds, STATE).passed


@pytest.mark.parametrize(
    ("fails", "seen"), FAIL, ids=lambda c: f"{c.kind} {c.arguments}" if isinstance(c, Check) else ""
)
def test_a_check_that_does_not_hold_says_what_was_seen(fails: Check, seen: str) -> None:
    result = evaluate(fails, STATE)
    assert (result.passed, result.seen) == (False, seen)


@pytest.mark.parametrize("status", ["unparsed", "rejected"])
@pytest.mark.parametrize("holds", HOLD, ids=lambda c: f"{c.kind} {c.arguments}")
def test_nothing_passes_on_a_view_that_was_not_understood(holds: Check, status: ViewStatus) -> None:
    distrusted = DeviceState(**{**_fields(STATE), "status": dict.fromkeys(VIEWS, status)})
    result = evaluate(holds, distrusted)
    assert not result.passed
    assert status in result.seen


@pytest.mark.parametrize("holds", HOLD, ids=lambda c: f"{c.kind} {c.arguments}")
def test_nothing_passes_on_a_view_that_was_not_read(holds: Check) -> None:
    assert not evaluate(holds, DeviceState(device="r1", platform="frr")).passed
    bare = DeviceState(device="r1", platform="frr", status=dict.fromkeys(VIEWS, "parsed"))
    assert not evaluate(holds, bare).passed


def _fields(state: DeviceState) -> dict[str, Any]:
    return {name: getattr(state, name) for name in state.__struct_fields__}


def test_absence_passes_on_a_view_that_is_empty() -> None:
    empty = DeviceState(device="r1", platform="frr", routes=[], status={"routes": "empty"})
    assert evaluate(check("route", prefix="10.0.0.0/8", present=False), empty).passed


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (check("bgp_sesion"), "bgp_session"),
        (check("bgp_session", neighbor="10.0.12.2"), "needs neighbor, state"),
        (check("bgp_session", neighbor="10.0.12.2", state="up"), "established"),
        (check("bgp_session", neighbor="10.0.12.2", state="unknown"), "established"),
        (check("bgp_session", neighbour="10.0.12.2", state="idle"), "neighbour"),
        (check("bgp_prefixes_received", neighbor="10.0.12.2", min="1"), "expected int"),
        (check("bgp_prefixes_received", neighbor="10.0.12.2", min=True), "expected int"),
        (check("interface_oper", interface="r1-e0", up="yes"), "expected bool"),
    ],
    ids=lambda c: f"{c.kind} {c.arguments}" if isinstance(c, Check) else "",
)
def test_a_check_that_makes_no_sense_says_what_would(wrong: Check, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        evaluate(wrong, STATE)
    with pytest.raises(InvalidInputError, match=words):
        views_for([wrong])


def test_the_views_of_checks_are_named_once() -> None:
    assert views_for(HOLD) == [
        "bgp",
        "interfaces",
        "routes",
        "filters",
        "system",
        "stp",
        "ospf",
        "shell_config",
        "config",
    ]
    assert views_for([]) == []


def test_every_kind_is_tested() -> None:
    assert {c.kind for c in HOLD} | {"isis_adjacency"} == set(KINDS) == {c.kind for c, _ in FAIL}


@given(
    st.dictionaries(
        st.sampled_from(["neighbor", "state", "prefix", "present", "text"]), st.text() | st.booleans() | st.none()
    )
)
def test_any_arguments_are_decided_or_refused(arguments: dict[str, Any]) -> None:
    for kind in KINDS:
        with suppress(InvalidInputError):
            assert evaluate(Check(kind=kind, arguments=arguments), STATE).seen
