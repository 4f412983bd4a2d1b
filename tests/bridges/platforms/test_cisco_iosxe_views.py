"""The views of Cisco IOS that no captured answer covers: OSPF, spanning tree, filters, circuits, a whole switch."""

from typing import get_args

import pytest
from proving.typist import ask as answer_of
from proving.typist import later, live_network

from nocmesh.messages.state import DeviceState, FilterRule, Output, View, ViewStatus
from nocmesh.proving.simulated.topology import CAMPUS
from nocmesh_bridges.platforms import commands, judged, state

CONFIG = """version 15.9
hostname r1
interface Loopback0
 ip address 10.0.0.1 255.255.255.255
 ip router isis CORE
interface GigabitEthernet0/0
 ip address 10.0.12.1 255.255.255.252
 ip access-group EDGE in
 ip ospf mtu-ignore
 ip router isis CORE
 isis network point-to-point
 isis metric 25
 isis authentication mode md5
interface GigabitEthernet0/1
 shutdown
 ip router isis CORE
 isis circuit-type level-2-only
 isis password hidden
router ospf 1
 router-id 10.0.0.1
router isis CORE
 net 49.0001.0000.0000.0001.00
 is-type level-2-only
 passive-interface Loopback0
end
"""
PROCESS = """ Routing Process "ospf 1" with ID 10.0.0.1
 Start time: 00:00:10.000, Time elapsed: 00:05:00.000
 It is an area border router
 Number of areas in this router is 4. 1 normal 2 stub 1 nssa
    Area BACKBONE(0)
        Number of interfaces in this area is 2 (1 loopback)
        Flood list length 0
    Area 1
        It is a stub area
        Flood list length 0
    Area 0.0.0.2
        It is a stub area, no summary LSA in this area
        Flood list length 0
    Area 3
        It is a NSSA area
        Flood list length 0
"""
INTERFACES = """Loopback0 is up, line protocol is up
  Internet Address 10.0.0.1/32, Interface ID 10, Area 0
  Process ID 1, Router ID 10.0.0.1, Network Type LOOPBACK, Cost: 1
  Loopback interface is treated as a stub Host
GigabitEthernet0/0 is up, line protocol is up
  Internet Address 10.0.12.1/30, Interface ID 7, Area 0
  Attached via Interface Enable
  Process ID 1, Router ID 10.0.0.1, Network Type POINT_TO_POINT, Cost: 10
  Transmit Delay is 1 sec, State POINT_TO_POINT
  Timer intervals configured, Hello 5, Dead 20, Wait 20, Retransmit 5
    Hello due in 00:00:02
  Neighbor Count is 1, Adjacent neighbor count is 1
    Adjacent with neighbor 10.0.0.2
  Suppress hello for 0 neighbor(s)
  Cryptographic authentication enabled
    Youngest key id is 1
GigabitEthernet0/1 is administratively down, line protocol is down
  Internet Address 10.0.13.1/30, Interface ID 8, Area 0.0.0.2
  Process ID 1, Router ID 10.0.0.1, Network Type NON_BROADCAST, Cost: 1
  Transmit Delay is 1 sec, State DOWN, Priority 1
  Timer intervals configured, Hello 30, Dead 120, Wait 120, Retransmit 5
GigabitEthernet0/2 is up, line protocol is up
  Internet Address 10.0.14.1/24, Interface ID 9, Area 1
  Process ID 1, Router ID 10.0.0.1, Network Type BROADCAST, Cost: 1
  Transmit Delay is 1 sec, State BDR, Priority 1
  Timer intervals configured, Hello 10, Dead 40, Wait 40, Retransmit 5
    No Hellos (Passive interface)
  Neighbor Count is 0, Adjacent neighbor count is 0
  Simple password authentication enabled
"""
NEIGHBORS = """
Neighbor ID     Pri   State           Dead Time   Address         Interface
10.0.0.2          0   FULL/  -        00:00:32    10.0.12.2       GigabitEthernet0/0
10.0.0.4          1   2WAY/DROTHER    00:00:31    10.0.14.4       GigabitEthernet0/2
"""
LISTS = """Standard IP access list 99
    10 permit 10.1.1.1
    20 permit 10.2.0.0, wildcard bits 0.0.255.255 (20 matches)
Extended IP access list EDGE
    5 remark what comes from outside
    10 deny tcp any host 10.1.1.1 eq www 443 (7 matches)
    20 permit udp 10.0.0.0 0.255.0.255 range 100 200 any neq snmp
    30 permit object-group WEB object-group A addrgroup B
    40 permit ip any any
Extended IP access list NONE
"""
OSPF = {
    "show ip ospf": PROCESS,
    "show ip ospf interface": INTERFACES,
    "show ip ospf neighbor": NEIGHBORS,
    "show running-config": CONFIG,
}


def seen(view: View, texts: dict[str, str]) -> DeviceState:
    outputs = [Output(command=c, text=texts.get(c, "")) for c in commands("cisco_iosxe", [view])]
    return state("r1", "cisco_iosxe", [view], judged("cisco_iosxe", outputs))


def test_ospf_has_areas_interfaces_and_neighbors_in_the_words_of_the_rfc() -> None:
    ospf = seen("ospf", OSPF).ospf
    assert ospf is not None
    assert ospf.router_id == "10.0.0.1"
    assert {a.area: a.kind for a in ospf.areas} == {
        "0.0.0.0": "normal",
        "0.0.0.1": "stub",
        "0.0.0.2": "totally_stub",
        "0.0.0.3": "nssa",
    }
    loop, first, down, passive = ospf.interfaces
    assert (loop.state, loop.network_type) == ("loopback", "loopback")
    assert (first.network_type, first.cost, first.hello_interval, first.dead_interval) == ("point_to_point", 10, 5, 20)
    assert (first.authentication, first.mtu_ignore, first.passive, first.neighbor_count) == ("md5", True, False, 1)
    assert (first.area, first.address) == ("0.0.0.0", "10.0.12.1/30")
    assert (down.state, down.network_type, down.area) == ("down", "nbma", "0.0.0.2")
    assert (passive.state, passive.passive, passive.authentication) == ("backup", True, "simple")
    assert [(n.state, n.role) for n in ospf.neighbors] == [("full", ""), ("two_way", "drother")]


@pytest.mark.parametrize(
    ("texts", "status"),
    [
        ({"show running-config": CONFIG.replace("router ospf", "router rip")}, "empty"),
        ({"show running-config": CONFIG}, "unparsed"),  # configured, and the device says nothing
        (OSPF | {"show ip ospf": PROCESS.replace("is 4.", "is 5.")}, "unparsed"),
        (OSPF | {"show ip ospf": PROCESS[:-40]}, "unparsed"),
        (OSPF | {"show ip ospf interface": INTERFACES[: INTERFACES.index("  Neighbor Count is 1")]}, "unparsed"),
        (OSPF | {"show ip ospf neighbor": NEIGHBORS[:-20]}, "unparsed"),
        ({"show ip ospf neighbor": NEIGHBORS, "show running-config": "version 15.9\nend\n"}, "unparsed"),
        (OSPF | {"show running-config": CONFIG[:-5]}, "unparsed"),
    ],
)
def test_ospf_that_is_not_whole_or_contradicts_itself_is_no_ospf(texts: dict[str, str], status: str) -> None:
    assert seen("ospf", texts).status == {"ospf": status}


def filters(config: str = CONFIG, lists: str = LISTS) -> list[FilterRule]:
    return seen("filters", {"show ip access-lists": lists, "show running-config": config}).filters or []


def test_an_access_list_is_read_where_it_is_bound() -> None:
    found = {rule.text: rule for rule in filters()}
    assert len(found) == 6
    web = found["10 deny tcp any host 10.1.1.1 eq www 443 (7 matches)"]
    assert (web.interface, web.hook, web.action, web.protocol) == ("GigabitEthernet0/0", "in", "deny", "tcp")
    assert (web.source, web.destination, web.ports, web.packets) == ("any", "10.1.1.1", ["www", "443"], 7)
    gap = found["20 permit udp 10.0.0.0 0.255.0.255 range 100 200 any neq snmp"]
    assert (gap.source, gap.ports) == ("10.0.0.0 0.255.0.255 port 100-200", ["not snmp"])
    group = found["30 permit object-group WEB object-group A addrgroup B"]
    assert (group.protocol, group.source, group.destination) == ("object-group WEB", "object-group A", "addrgroup B")
    assert found["40 permit ip any any"].protocol == ""
    standard = found["20 permit 10.2.0.0, wildcard bits 0.0.255.255 (20 matches)"]
    assert (standard.interface, standard.hook, standard.source) == ("", "", "10.2.0.0/16")


def test_what_is_no_wildcard_stays_as_it_is_written() -> None:
    odd = "Extended IP access list X\n    10 permit ip 300.1.1.1 0.0.0.255 any\n"
    assert [rule.source for rule in filters(lists=odd)] == ["300.1.1.1 0.0.0.255"]


def test_a_port_that_is_not_routed_by_negotiation_and_one_that_is_routed() -> None:
    text = "Name: Gi0/1\nSwitchport: Disabled\n\nName: Gi0/2\nSwitchport: Enabled\nAdministrative Mode: trunk\n"
    both = {"show interfaces switchport": text + "Operational Mode: down\nPruning VLANs Enabled: 2-1001\n"}
    brief = {"show vlan brief": "VLAN Name Status Ports\n1    default   active\n"}
    bundles = {
        "show etherchannel summary": "Number of channel-groups in use: 0\nGroup  Port-channel  Protocol    Ports\n"
    }
    switching = seen("switching", both | brief | bundles).switching
    assert switching is not None
    assert [p.mode for p in switching.ports] == ["routed", "trunk"]


def test_a_list_bound_twice_has_each_rule_twice_and_none_is_empty() -> None:
    both = filters(CONFIG.replace("group EDGE in", "group EDGE in\n ip access-group EDGE out"))
    assert len([rule for rule in both if rule.name == "EDGE"]) == 8
    assert seen("filters", {"show running-config": CONFIG}).status == {"filters": "empty"}


def test_circuits_are_as_configured_and_adjacencies_as_told() -> None:
    told = "System Id  Type Interface  IP Address  State Holdtime Circuit Id\nr2  L2 Gi0/0  10.0.12.2  INIT  8  00\n"
    isis = seen("isis", {"show isis neighbors": told, "show running-config": CONFIG}).isis
    assert isis is not None
    assert (isis.instance, isis.system_id, isis.level) == ("CORE", "0000.0000.0001", "level-2")
    assert [(a.interface, a.state) for a in isis.adjacencies] == [("GigabitEthernet0/0", "initializing")]
    loop, first, second = isis.interfaces
    assert (loop.passive, loop.network_type) == (True, "loopback")
    assert (first.network_type, first.metric, first.authentication) == ("point_to_point", 25, "md5")
    assert (second.state, second.level, second.authentication) == ("down", "level-2", "clear")


def test_isis_that_is_not_configured_is_empty_unless_it_has_neighbors() -> None:
    plain = "version 15.9\nhostname r\nend\n"
    told = "System Id  Type Interface  IP Address  State Holdtime Circuit Id\nr2  L2 Gi0/0  10.0.12.2  UP  8  00\n"
    assert seen("isis", {"show running-config": plain}).status == {"isis": "empty"}
    assert seen("isis", {"show running-config": plain, "show isis neighbors": told}).status == {"isis": "unparsed"}


@pytest.mark.parametrize(
    ("config", "status"),
    [
        ("version 15.9\nhostname r\nend\n", "empty"),
        ("version 15.9\nrouter bgp 65001\n bgp router-id 1.1.1.1\nend\n", "parsed"),
        ("version 15.9\nrouter bgp 65001\n neighbor 10.0.0.2 remote-as 65002\nend\n", "unparsed"),
    ],
)
def test_no_answer_about_neighbors_means_none_only_where_none_is_configured(config: str, status: ViewStatus) -> None:
    assert seen("bgp", {"show running-config": config}).status == {"bgp": status}


def campus() -> dict[str, DeviceState]:
    live = live_network(CAMPUS)
    later(live, 300)
    views = get_args(View)
    found = {}
    for device in ("dist1", "access1"):
        outputs = [Output(command=c, text=answer_of(live, device, c)) for c in commands("cisco_iosxe", views)]
        found[device] = state(device, "cisco_iosxe", views, judged("cisco_iosxe", outputs))
    return found


def test_a_simulated_switch_is_understood_in_the_views_that_a_switch_has() -> None:
    for device, found in campus().items():
        for view in ("interfaces", "neighbors", "stp", "mac_table", "switching", "processes", "system", "config"):
            assert found.status[view] == "parsed", (device, view)
        assert found.stp is not None
        assert {port.state for port in found.stp.ports} <= {"forwarding", "blocking"}
        assert all(b.bridge_id and b.root_id and b.topology_changes is not None for b in found.stp.bridges)
        names = {interface.name for interface in found.interfaces or []}
        assert {port.name for port in found.stp.ports} <= names
        assert found.switching is not None
        assert {port.name for port in found.switching.ports} <= names
        assert {m.interface for lag in found.switching.lags for m in lag.members} <= names
        assert found.neighbors is not None
        assert {n.interface for n in found.neighbors.lldp} <= names


def test_the_root_of_a_tree_has_no_root_port_and_another_has() -> None:
    found = campus()
    root = found["dist1"].stp
    other = found["access1"].stp
    assert root is not None
    assert other is not None
    assert any(b.root_id == b.bridge_id and not b.root_port and b.root_path_cost == 0 for b in root.bridges)
    assert all(b.root_port and b.root_path_cost for b in other.bridges)


STP = """
VLAN0010
  Spanning tree enabled protocol ieee
  Root ID    Priority    24586
             Address     5254.0000.0001
             Cost        4
             Port        3 (GigabitEthernet0/3)
             Hello Time   2 sec  Max Age 20 sec  Forward Delay 15 sec

  Bridge ID  Priority    32778  (priority 32768 sys-id-ext 10)
             Address     5254.0000.0002
             Hello Time   2 sec  Max Age 20 sec  Forward Delay 15 sec
             Aging Time  300 sec

Interface           Role Sts Cost      Prio.Nbr Type
------------------- ---- --- --------- -------- --------------------------------
Gi0/3               Root FWD 4         128.3    P2p
Gi0/4               Altn BLK 4         128.4    P2p
Gi0/5               Desg BKN*19        128.5    Shr *TYPE_Inc
"""


def test_a_tree_is_read_with_its_ids_and_ports() -> None:
    stp = seen("stp", {"show spanning-tree": STP}).stp
    assert stp is not None
    bridge = stp.bridges[0]
    assert (bridge.bridge_id, bridge.root_id) == ("800a.525400000002", "600a.525400000001")
    assert (bridge.priority, bridge.root_port, bridge.root_path_cost) == (32768, "GigabitEthernet0/3", 4)
    assert (bridge.protocol, bridge.topology_changes) == ("stp", None)
    assert [(p.role, p.state, p.cost) for p in stp.ports] == [
        ("root", "forwarding", 4),
        ("alternate", "blocking", 4),
        ("designated", "blocking", 19),
    ]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("\nNo spanning tree instance exists.\n", "empty"),
        ("", "unparsed"),
        (STP[: STP.index("Gi0/3    ")], "unparsed"),
        (STP[: STP.index("Interface  ")], "unparsed"),
        (STP.replace("Gi0/4  ", "--More-- "), "unparsed"),
        (STP + "VLAN0020\n", "unparsed"),
        ("r1#\n" + STP, "unparsed"),
    ],
)
def test_a_tree_that_is_cut_or_mixed_is_no_tree(text: str, status: ViewStatus) -> None:
    assert seen("stp", {"show spanning-tree": text}).status == {"stp": status}


def test_a_log_message_in_a_routing_table_is_no_route_less() -> None:
    routes = "Gateway of last resort is not set\n\nC        10.0.0.0/30 is directly connected, Null0\n"
    found = seen("routes", {"show ip route": routes}).routes
    assert found is not None
    assert [route.discards for route in found] == [True]
    assert seen("routes", {"show ip route": routes + " --More-- \n"}).status == {"routes": "unparsed"}


def installed(text: str) -> dict[str, str]:
    live = live_network(CAMPUS)
    later(live, 300)
    outputs = [Output(command=c, text=answer_of(live, "dist1", c)) for c in commands("cisco_iosxe", ["system"])]
    said = [Output(command=o.command, text=text) if o.command == "show install summary" else o for o in outputs]
    found = state("dist1", "cisco_iosxe", ["system"], judged("cisco_iosxe", said))
    assert found.status["system"] == "parsed"
    assert found.system is not None
    return found.system.packages


SUMMARY = """[ Switch 1 ] Installed Package(s) Information:
State (St): I - Inactive, U - Activated & Uncommitted,
            C - Activated & Committed, D - Deactivated & Uncommitted
--------------------------------------------------------------------------------
Type  St   Filename/Version
--------------------------------------------------------------------------------
IMG   C    17.09.04a.0.6
SMU   C    bootflash:cat9k.CSCwh87343.SPA.smu.bin
--------------------------------------------------------------------------------
Auto abort timer: inactive
"""


def test_installed_packages_are_told_by_their_files() -> None:
    assert set(installed(SUMMARY)) == {"17.09.04a.0.6", "cat9k.CSCwh87343.SPA.smu.bin"}


@pytest.mark.parametrize("text", ["", SUMMARY[:200], "x" * 10_000, SUMMARY.replace("IMG", "???").replace("SMU", "\0")])
def test_a_summary_that_cannot_be_read_tells_of_no_package_and_the_view_stands(text: str) -> None:
    assert installed(text) == {}
