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
    IsisInterface,
    Lag,
    LagMember,
    Ospf,
    OspfInterface,
    OspfNeighbor,
    Route,
    Stp,
    StpBridge,
    StpPort,
    Switching,
    SwitchPort,
    System,
    ViewStatus,
)

VIEWS = (
    "interfaces",
    "bgp",
    "routes",
    "config",
    "ospf",
    "isis",
    "stp",
    "switching",
    "system",
    "filters",
    "shell_config",
)
UP = BgpNeighbor(
    address="10.0.12.2",
    remote_as=65002,
    session_state="established",
    prefixes_received=12,
    prefixes_sent=7,
    address_families=["ipv4-unicast"],
)
DOWN = BgpNeighbor(address="2001:db8::3", session_state="idle", enabled=False, last_error="Bad Peer AS")
STATE = DeviceState(
    device="r1",
    platform="frr",
    interfaces=[
        Interface(name="r1-e0", enabled=True, oper_up=True, mtu=1500, duplex="full", addresses=["10.0.12.1/30"]),
        Interface(name="r1-e1", enabled=False, oper_up=False),
        Interface(name="r1-e2"),
        Interface(name="sw-e0", mac="02:00:00:00:00:01", bridge="br0"),
    ],
    bgp=Bgp(asn=65001, neighbors=[UP, DOWN], networks=["10.255.0.1/32"]),
    routes=[
        Route(prefix="10.255.0.2/32", protocol="bgp"),
        Route(prefix="10.255.0.3/32", protocol="ospf", interfaces=["r1-e0"], selected=False),
        Route(prefix="10.255.0.3/32", protocol="static", interfaces=["r1-e1"]),
        Route(prefix="0.0.0.0/0", protocol="static", next_hops=["10.0.0.1"]),
        Route(prefix="10.66.0.0/16", protocol="static", discards=True),
    ],
    ospf=Ospf(
        router_id="10.255.0.1",
        interfaces=[OspfInterface(name="r1-e0", area="0.0.0.0", cost=1, network_type="broadcast", passive=False)],
        neighbors=[
            OspfNeighbor(router_id="10.255.0.2", interface="r1-e0", state="full", role="dr"),
            OspfNeighbor(router_id="10.255.0.3", interface="r1-e1", state="two_way", role="drother"),
            OspfNeighbor(router_id="10.255.0.4", interface="r1-e2", state="exstart"),
        ],
    ),
    isis=Isis(
        system_id="0000.0000.0001",
        interfaces=[IsisInterface(name="r1-e0", level="level-1-2", metric=10)],
        adjacencies=[
            IsisAdjacency(system_id="r2", interface="r1-e0", level="level-1-2", state="up"),
            IsisAdjacency(system_id="r3", interface="r1-e1", level="level-1", state="up"),
        ],
    ),
    stp=Stp(
        bridges=[StpBridge(name="VLAN0010", enabled=True, priority=32778, root_port="r1-e0")],
        ports=[StpPort(name="r1-e0", bridge="VLAN0010", state="forwarding", cost=4)],
    ),
    switching=Switching(
        ports=[SwitchPort(name="r1-e0", mode="trunk", native_vlan=1, trunk_vlans=[10, 20])],
        lags=[Lag(name="po1", members=[LagMember(interface="r1-e0", bundled=True), LagMember(interface="r1-e1")])],
    ),
    system=System(services={"ospfd": True, "snmpd": False}, ip_forwarding=True),
    filters=[
        FilterRule(name="EDGE", action="deny", text="10 deny tcp any any eq bgp"),
        FilterRule(name="inet f in", action="drop", text="tcp dport 179 counter packets 3 bytes 180 drop"),
    ],
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
    check("bgp_prefixes_sent", neighbor="10.0.12.2", min=7),
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
    check("route", prefix="10.255.0.3/32", interface="r1-e1"),
    check("route", prefix="10.255.0.3/32", interface="r1-e0", present=False),
    check("ospf_adjacency", interface="r1-e0"),
    check("ospf_adjacency", interface="r1-e0", router_id="10.255.0.2"),
    check("ospf_adjacency", interface="r1-e1"),
    check("ospf_interface", interface="r1-e0", area="0.0.0.0", cost=1, network_type="broadcast", passive=False),
    check("ospf_router_id", router_id="10.255.0.1"),
    check("isis_adjacency", interface="r1-e0"),
    check("isis_adjacency", interface="r1-e0", level="level-2"),
    check("isis_adjacency", interface="r1-e1", level="level-1"),
    check("isis_interface", interface="r1-e0", metric=10, level="level-1-2"),
    check("isis_system_id", system_id="0000.0000.0001"),
    check("stp_bridge", bridge="VLAN0010", enabled=True, priority=32778),
    check("stp_port", interface="r1-e0", bridge="VLAN0010", state="forwarding"),
    check("switchport", interface="r1-e0", mode="trunk", vlan=20),
    check("lag_member", interface="r1-e0"),
    check("interface_duplex", interface="r1-e0", duplex="full"),
    check("ip_forwarding"),
    check("filter_rule", name="EDGE", text="10 deny tcp any any eq bgp"),
    check("filter_rule", name="OTHER", present=False),
    check("filter_rule", name="inet f in", text="tcp dport 179 counter packets 9 bytes 9 drop"),
    check("filter_rule", name="inet f out", text="tcp dport 179 counter drop", present=False),
    check("route", prefix="0.0.0.0/0", via="10.0.0.1"),
    check("route", prefix="0.0.0.0/0", via="10.0.0.2", present=False),
    check("route", prefix="10.66.0.0/16", discards=True),
    check("route", prefix="10.255.0.2/32", discards=True, present=False),
    check("interface_mac", interface="sw-e0", mac="02:00:00:00:00:01"),
    check("interface_bridge", interface="sw-e0", bridge="br0"),
    check("interface_bridge", interface="r1-e0", bridge=""),
    check("service", name="ospfd"),
    check("service", name="snmpd", running=False),
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
    (check("bgp_prefixes_sent", neighbor="10.0.12.2", min=8), "10.0.12.2 is established, 7 prefixes sent"),
    (check("route", prefix="10.255.0.3/32", interface="r1-e0"), "10.255.0.3/32 by ospf through r1-e0"),
    (check("ospf_adjacency", interface="r1-e2"), "on r1-e2 10.255.0.4 is exstart"),
    (check("ospf_adjacency", interface="r1-e9"), "no OSPF neighbour on r1-e9"),
    (check("ospf_interface", interface="r1-e0", cost=10, passive=False), "r1-e0 has cost 1, passive off"),
    (check("ospf_interface", interface="r1-e9", cost=10), "no OSPF on r1-e9"),
    (check("ospf_router_id", router_id="10.255.0.2"), "its OSPF router id is 10.255.0.1"),
    (check("isis_adjacency", interface="r1-e1", level="level-2"), "on r1-e1 r3 is up at level-1"),
    (check("isis_adjacency", interface="r1-e9"), "no IS-IS adjacency on r1-e9"),
    (check("isis_interface", interface="r1-e0", network_type="broadcast"), "r1-e0 has network type unknown"),
    (check("isis_system_id", system_id="0000.0000.0002"), "its system id is 0000.0000.0001"),
    (check("stp_bridge", bridge="VLAN0010", enabled=False), "VLAN0010 has enabled on"),
    (check("stp_port", interface="r1-e0", bridge="VLAN0020"), "no such port r1-e0"),
    (check("switchport", interface="r1-e0", mode="trunk", vlan=30), "r1-e0 has mode trunk, VLANs 10, 20"),
    (check("lag_member", interface="r1-e1"), "r1-e1 is of unknown state"),
    (check("interface_duplex", interface="r1-e1", duplex="full"), "r1-e1 has duplex unknown"),
    (check("ip_forwarding", enabled=False), "the device forwards"),
    (check("filter_rule", name="EDGE", present=False), "filter EDGE is there"),
    (check("route", prefix="10.66.0.0/16", discards=False), "10.66.0.0/16 by static"),
    (check("interface_mac", interface="sw-e0", mac="02:00:00:00:00:02"), "sw-e0 has the MAC address 02:00:00:00:00:01"),
    (check("interface_bridge", interface="r1-e0", bridge="br0"), "r1-e0 is no port"),
    (check("service", name="snmpd"), "snmpd does not run"),
    (check("service", name="nobody"), "nobody does not run"),
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
    named = "bgp interfaces routes ospf isis stp switching system filters shell_config config"
    assert views_for(HOLD) == named.split()
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
