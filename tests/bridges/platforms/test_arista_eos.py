"""Arista EOS: what its views join, and what is no table."""

import pytest
from bridges.platforms.captures import OWN

from nocmesh.messages.state import DeviceState, Output, View
from nocmesh_bridges.platforms import commands, judged, state

CONFIG = """! Command: show running-config
hostname leaf1
interface Ethernet20/1
   ip ospf network point-to-point
   ip ospf authentication message-digest
   ip ospf hello-interval 5
interface Ethernet49
   switchport mode trunk
   switchport trunk native vlan 99
   switchport trunk allowed vlan 10,20-22
router bgp 64496
   router-id 192.0.2.1
   neighbor 192.0.2.2 remote-as 64496
   neighbor 192.0.2.2 password 7 HIDDEN
   neighbor 192.0.2.9 remote-as 64499
router ospf 1
   router-id 192.0.2.1
   area 0.0.0.10 stub no-summary
end
"""
VLANS = (
    "VLAN  Name   Status    Ports\n----- ------ --------- ----\n1     default  active\n10    users    active    Et1,\n"
)
LAGS = "Number of channels in use: 0\nNumber of aggregators: 0\n   Port-Channel       Protocol     Ports\n"
STATUS = """Port       Name           Status       Vlan     Duplex Speed  Type
Et1        to the server  connected    10       full   1G     10GBASE-T
Et49       spine          connected    trunk    full   10G    10GBASE-SR
Po9        trunk to all   connected    trunk    full   20G    N/A
Et50       in a bundle    notconnect   in Po9   full   10G    10GBASE-SR
Ma1                       disabled     routed   a-full a-1G   10/100/1000
"""
ARP = """Address         Age (min)  Hardware Addr   Interface
10.0.0.2          0:00:05  001c.7300.0001  Vlan10, Ethernet3
10.0.0.3                -  001c.7300.0002  Management1
"""
LLDP = """Last table change time   : 0:01:02 ago
Number of table inserts  : 4

Port          Neighbor Device ID       Neighbor Port ID    TTL
---------- ------------------------ ---------------------- ---
Et1           spine1                   Ethernet1           120
"""


def sample(folder: str) -> str:
    return next((OWN / "arista_eos" / folder).glob("*.raw")).read_text(encoding="utf-8")


def seen(view: View, texts: dict[str, str]) -> DeviceState:
    texts = {"show running-config": CONFIG} | texts
    outputs = [Output(command=c, text=texts.get(c, "")) for c in commands("arista_eos", [view])]
    return state("leaf1", "arista_eos", [view], judged("arista_eos", outputs))


def test_sessions_are_joined_with_their_configuration() -> None:
    bgp = seen("bgp", {"show ip bgp summary": sample("show_ip_bgp_summary")}).bgp
    assert bgp is not None
    assert (bgp.asn, bgp.router_id) == (64496, "192.0.2.1")
    found = {n.address: n for n in bgp.neighbors}
    assert (found["192.0.2.2"].has_password, found["192.0.2.2"].description) == (True, "RTR2")
    assert found["192.0.2.9"].session_state == "unknown"
    assert found["192.0.2.4"].remote_as == 64497 * 65536 + 232


SUMMARY = """BGP summary information for VRF default
Router identifier 192.0.2.1, local AS number 64496
  Neighbor         V  AS           MsgRcvd   MsgSent  InQ OutQ  Up/Down State   PfxRcd PfxAcc
  192.0.2.2        4  64496              0         0    0    0 00:10:00 Idle(Admin)
  2001:db8::2      4  64497              0         0    0    0 00:10:00 OpenSent
"""


def test_a_session_that_is_down_has_its_state_and_reason() -> None:
    bgp = seen("bgp", {"show ip bgp summary": SUMMARY}).bgp
    assert bgp is not None
    found = {n.address: n for n in bgp.neighbors}
    assert (found["192.0.2.2"].session_state, found["192.0.2.2"].enabled) == ("idle", False)
    assert (found["2001:db8::2"].session_state, found["2001:db8::2"].established_for) == ("opensent", None)


def test_no_bgp_is_empty() -> None:
    plain = "hostname leaf1\nend\n"
    assert seen("bgp", {"show ip bgp summary": "% BGP inactive\n", "show running-config": plain}).status == {
        "bgp": "empty"
    }


def test_ospf_has_what_only_the_configuration_tells() -> None:
    texts = {
        "show ip ospf interface brief": sample("show_ip_ospf_interface_brief"),
        "show ip ospf neighbor": sample("show_ip_ospf_neighbor"),
    }
    ospf = seen("ospf", texts).ospf
    assert ospf is not None
    assert ospf.router_id == "192.0.2.1"
    assert {a.area: a.kind for a in ospf.areas} == {"0.0.0.0": "normal", "0.0.0.10": "totally_stub"}
    port = next(i for i in ospf.interfaces if i.name == "Ethernet20/1")
    assert (port.network_type, port.authentication, port.hello_interval) == ("point_to_point", "md5", 5)
    plain = {"show running-config": "hostname leaf1\nend\n"}
    assert seen("ospf", plain).status == {"ospf": "empty"}
    contradiction = {"show ip ospf neighbor": texts["show ip ospf neighbor"]}
    assert seen("ospf", contradiction).status == {"ospf": "unparsed"}


def test_ports_have_the_vlans_that_are_configured_or_all_that_exist() -> None:
    texts = {"show vlan": VLANS, "show port-channel summary": LAGS, "show interfaces status": STATUS}
    switching = seen("switching", texts).switching
    assert switching is not None
    found = {p.name: p for p in switching.ports}
    assert (found["Ethernet1"].mode, found["Ethernet1"].access_vlan) == ("access", 10)
    assert (found["Ethernet49"].trunk_vlans, found["Ethernet49"].native_vlan) == ([10, 20, 21, 22], 99)
    assert (found["Port-Channel9"].trunk_vlans, found["Port-Channel9"].native_vlan) == ([1, 10], 1)
    assert (found["Ethernet50"].mode, found["Management1"].mode) == ("", "routed")


def test_neighbors_are_those_of_arp_and_of_lldp() -> None:
    found = seen("neighbors", {"show ip arp": ARP, "show lldp neighbors": LLDP})
    assert found.neighbors is not None
    assert [(n.address, n.mac, n.interface) for n in found.neighbors.entries] == [
        ("10.0.0.2", "00:1c:73:00:00:01", "Vlan10"),
        ("10.0.0.3", "00:1c:73:00:00:02", "Management1"),
    ]
    assert [(n.interface, n.system_name, n.port) for n in found.neighbors.lldp] == [
        ("Ethernet1", "spine1", "Ethernet1")
    ]
    quiet = seen("neighbors", {"show lldp neighbors": "% LLDP is not enabled\n"})
    assert quiet.status == {"neighbors": "empty"}


def test_the_system_has_its_name_from_the_configuration_and_its_load_from_top() -> None:
    texts = {"show version": sample("show_version"), "show processes top once": sample("show_processes_top_once")}
    system = seen("system", texts).system
    assert system is not None
    assert (system.hostname, system.version, system.cpu_percent) == ("leaf1", "4.28.9M", 2.4)
    processes = seen("processes", texts).processes
    assert processes is not None
    assert (processes[0].name, processes[0].memory_kb) == ("systemd", 9264)


def test_routes_of_newer_releases_stand_on_two_lines() -> None:
    text = """VRF: default
Codes: C - connected, S - static, K - kernel,
       O - OSPF, IA - OSPF inter area, B E - eBGP

Gateway of last resort is not set

 C        10.0.0.0/30
           directly connected, Ethernet1
 B E      10.1.0.0/16 [200/0]
           via 10.0.0.2, Ethernet1
           via 10.0.0.6, Ethernet2
 S        10.9.0.0/16 is directly connected, Null0

"""
    routes = seen("routes", {"show ip route": text}).routes
    assert routes is not None
    assert [(r.prefix, r.protocol, r.next_hops, r.interfaces, r.discards) for r in routes] == [
        ("10.0.0.0/30", "connected", [], ["Ethernet1"], False),
        ("10.1.0.0/16", "bgp", ["10.0.0.2", "10.0.0.6"], ["Ethernet1", "Ethernet2"], False),
        ("10.9.0.0/16", "static", [], ["Null0"], True),
    ]
    assert seen("routes", {"show ip route": text[: text.index("           via")]}).status == {"routes": "unparsed"}
    assert seen("routes", {"show ip route": text[: text.index(" C   ")]}).status == {"routes": "empty"}
    assert seen("routes", {"show ip route": "x\n" + text}).status == {"routes": "unparsed"}


@pytest.mark.parametrize(
    ("view", "command", "text"),
    [
        ("switching", "show port-channel summary", LAGS.replace("use: 0", "use: 1")),
        ("switching", "show port-channel summary", LAGS.partition("\n")[2]),
        ("switching", "show port-channel summary", LAGS + "   Po1(U)   LACP(a)   Et1(PG+\n"),
        ("mac_table", "show mac address-table", sample("show_mac_address-table").partition("Multicast")[0]),
        ("config", "show running-config", CONFIG[:-5]),
        ("interfaces", "show interfaces", sample("show_interfaces")[:-200]),
        ("interfaces", "show interfaces", "% Internal error\n"),
    ],
)
def test_what_is_cut_or_contradicts_itself_is_no_table(view: View, command: str, text: str) -> None:
    assert seen(view, {"show vlan": VLANS, "show interfaces status": STATUS, command: text}).status == {
        view: "unparsed"
    }


def test_the_configuration_is_cut_into_sections_and_hashed() -> None:
    found = seen("config", {})
    assert ("interface Ethernet49", "switchport mode trunk") in [(c.section, c.text) for c in found.config or []]
    assert len(found.config_sha256) == 64
