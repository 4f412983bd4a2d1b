"""Juniper Junos: what its views join, and what is no table."""

import pytest
from bridges.platforms.captures import OWN

from nocmesh.messages.state import DeviceState, Output, View, ViewStatus
from nocmesh_bridges.platforms import commands, judged, state

RUNNING = "show configuration | display set"
CONFIG = """## Last commit: 2026-11-20 10:00:00 UTC by netops
set version 21.4R3-S3.4
set system host-name mx1
set interfaces lo0 unit 0 family iso address 49.0001.0000.0000.0001.00
set routing-options router-id 10.0.0.1
set routing-options autonomous-system 65001
set protocols bgp group WAN neighbor 192.0.2.254 description "the first"
set protocols bgp group WAN neighbor 192.0.2.254 authentication-key HIDDEN
set protocols isis interface ge-0/0/2.0
set protocols ospf area 0.0.0.1 stub no-summaries
set protocols ospf area 0.0.0.2 stub
set protocols ospf area 0.0.0.3 nssa
deactivate protocols ldp
"""
ROUTES = """
inet.0: 5 destinations, 7 routes (5 active, 0 holddown, 1 hidden)
+ = Active Route, - = Last Active, * = Both

0.0.0.0/0          *[Static/5] 1w2d 03:04:05
                    >  to 10.0.0.1 via ge-0/0/0.0
10.0.0.0/30        *[Direct/0] 1w2d 03:04:05
                    > via ge-0/0/0.0
10.0.0.2/32        *[Local/0] 1w2d 03:04:05
                      Local via ge-0/0/0.0
10.1.0.0/16        *[BGP/170] 00:01:02, localpref 100
                      AS path: 65001 I, validation-state: unverified
                    > to 10.0.0.1 via ge-0/0/0.0
                    [OSPF/150] 00:03:02, metric 10, tag 0
                    > to 10.0.0.5 via ge-0/0/1.0
                      to 10.0.0.9 via ge-0/0/2.0
10.9.0.0/16        *[Aggregate/130] 2d 03:04:05
                      Reject

{master}
"""
OSPF = """Interface           State   Area            DR ID           BDR ID          Nbrs
ge-0/0/2.0          PtToPt  0.0.0.1         0.0.0.0         0.0.0.0            1
ge-0/0/3.0          BDR     0.0.0.2         10.0.0.2        10.0.0.1           1
ge-0/0/4.0          DRother 0.0.0.3         10.0.0.2        10.0.0.3           0
lo0.0               DR      0.0.0.0         10.0.0.1        0.0.0.0            0
"""
ARP = """MAC Address       Address         Interface         Flags
00:0c:29:5e:2c:1a 10.0.0.2        ge-0/0/0.0        none
00:0c:29:5e:2c:1b 10.0.0.3        irb.10 [ge-0/0/1.0] permanent
Total entries: 2
"""


def sample(folder: str) -> str:
    return next((OWN / "juniper_junos" / folder).glob("*.raw")).read_text(encoding="utf-8")


def seen(view: View, texts: dict[str, str]) -> DeviceState:
    texts = {RUNNING: CONFIG} | texts
    outputs = [Output(command=c, text=texts.get(c, "")) for c in commands("juniper_junos", [view])]
    return state("mx1", "juniper_junos", [view], judged("juniper_junos", outputs))


def test_routes_have_every_path_as_many_as_the_heading_says() -> None:
    routes = seen("routes", {"show route table inet.0": ROUTES}).routes
    assert routes is not None
    assert [(r.prefix, r.protocol, r.distance, r.selected) for r in routes] == [
        ("0.0.0.0/0", "static", 5, True),
        ("10.0.0.0/30", "connected", 0, True),
        ("10.0.0.2/32", "local", 0, True),
        ("10.1.0.0/16", "bgp", 170, True),
        ("10.1.0.0/16", "ospf", 150, False),
        ("10.9.0.0/16", "static", 130, True),
    ]
    assert (routes[4].next_hops, routes[4].metric) == (["10.0.0.5", "10.0.0.9"], 10)
    assert (routes[5].discards, routes[1].interfaces) == (True, ["ge-0/0/0.0"])
    assert all(route.quote is not None and route.quote.text in ROUTES for route in routes)


def test_a_routing_table_cut_anywhere_is_no_table() -> None:
    lines = ROUTES.splitlines(keepends=True)
    for end in range(2, len(lines) - 4):
        text = "".join(lines[:end])
        assert seen("routes", {"show route table inet.0": text}).status == {"routes": "unparsed"}, end
    assert seen("routes", {}).status == {"routes": "empty"}
    assert seen("routes", {"show route table inet.0": ROUTES.replace("Both", "Neither")}).routes is None


def test_peers_have_what_only_the_configuration_tells() -> None:
    bgp = seen("bgp", {"show bgp summary": sample("show_bgp_summary")}).bgp
    assert bgp is not None
    assert (bgp.asn, bgp.router_id) == (65001, "10.0.0.1")
    assert (bgp.neighbors[0].description, bgp.neighbors[0].has_password) == ("the first", True)
    assert bgp.neighbors[1].has_password is False


def test_a_peer_that_is_down_has_its_state_and_no_prefixes() -> None:
    text = """Groups: 1 Peers: 2 Down peers: 1
Table          Tot Paths  Act Paths Suppressed    History Damp State    Pending
inet.0
                       6          4          0          0          0          0
Peer                     AS      InPkt     OutPkt    OutQ   Flaps Last Up/Dwn State|#Active/Received/Accepted/Damped...
10.0.0.2              65002         10         11       0       0        2:03 Active
10.0.0.3              65003         10         11       0       0     1:02:03 4/6/6/0              0/0/0/0
"""
    assert seen("bgp", {"show bgp summary": text}).status == {"bgp": "unparsed"}  # no word for the state
    bgp = seen("bgp", {"show bgp summary": text.replace("4/6/6/0  ", "Establ 4/6/6/0  ")}).bgp
    assert bgp is not None
    assert [(n.session_state, n.prefixes_received) for n in bgp.neighbors] == [("active", None), ("established", 6)]


@pytest.mark.parametrize(
    ("view", "command", "text", "status"),
    [
        ("bgp", "show bgp summary", "BGP is not running\n", "empty"),
        ("ospf", "show ospf interface", "OSPF instance is not running\n", "empty"),
        ("bgp", "show bgp summary", "error: command is not valid on the mx240\n", "rejected"),
        ("interfaces", "show interfaces", "               ^\nsyntax error, expecting <command>.\n", "rejected"),
        ("neighbors", "show arp no-resolve", ARP.replace("entries: 2", "entries: 3"), "unparsed"),
        ("neighbors", "show arp no-resolve", ARP[:-18], "unparsed"),
        ("config", RUNNING, CONFIG.replace("set version", "version"), "unparsed"),
        ("config", RUNNING, CONFIG + "---(more)---\n", "unparsed"),
        ("config", RUNNING, "", "unparsed"),
        ("interfaces", "show interfaces", sample("show_interfaces")[:100], "unparsed"),
    ],
)
def test_what_junos_says_instead_of_a_table(view: View, command: str, text: str, status: ViewStatus) -> None:
    assert seen(view, {command: text}).status == {view: status}


def test_ospf_has_areas_by_kind_and_both_ends_must_agree() -> None:
    near = sample("show_ospf_neighbor")
    ospf = seen("ospf", {"show ospf interface": OSPF, "show ospf neighbor": near}).ospf
    assert ospf is not None
    assert {a.area: a.kind for a in ospf.areas} == {
        "0.0.0.0": "normal",
        "0.0.0.1": "totally_stub",
        "0.0.0.2": "stub",
        "0.0.0.3": "nssa",
    }
    assert [i.state for i in ospf.interfaces] == ["point_to_point", "backup", "drother", "dr"]
    assert seen("ospf", {"show ospf neighbor": near}).status == {"ospf": "unparsed"}


def test_isis_has_its_address_from_the_configuration() -> None:
    isis = seen("isis", {"show isis adjacency": sample("show_isis_adjacency")}).isis
    assert isis is not None
    assert (isis.net, isis.system_id) == ("49.0001.0000.0000.0001.00", "0000.0000.0001")
    plain = {RUNNING: "set version 21.4R3\n"}
    assert seen("isis", plain).status == {"isis": "empty"}


def test_neighbors_are_those_of_arp_and_of_lldp() -> None:
    found = seen("neighbors", {"show arp no-resolve": ARP, "show lldp neighbors": sample("show_lldp_neighbors")})
    assert found.neighbors is not None
    assert [(n.address, n.interface, n.state) for n in found.neighbors.entries] == [
        ("10.0.0.2", "ge-0/0/0.0", ""),
        ("10.0.0.3", "irb.10", "permanent"),
    ]
    assert len(found.neighbors.lldp) == 4


def test_a_member_of_a_bundle_and_its_speed_are_told() -> None:
    text = """Physical interface: xe-0/0/1, Enabled, Physical link is Up
  Link-level type: Ethernet, MTU: 1514, Link-mode: Full-duplex, Speed: 10Gbps, Loopback: None
  Device flags   : Present Running
  Current address: 00:0c:29:5e:2c:1a, Hardware address: 00:0c:29:5e:2c:1a

  Logical interface xe-0/0/1.0 (Index 70) (SNMP ifIndex 530)
    Flags: Up SNMP-Traps 0x4000 Encapsulation: ENET2
    Protocol aenet, AE bundle: ae7.0   Link Index: 0
Physical interface: xe-0/0/2, Administratively down, Physical link is Down
  Link-level type: Ethernet, MTU: 9192, Link-mode: Half-duplex, Speed: 1000mbps
  Device flags   : Present Running Down

  Logical interface xe-0/0/2.0 (Index 71) (SNMP ifIndex 531)
    Flags: Up SNMP-Traps 0x4000 Encapsulation: ENET2
    Protocol inet6, MTU: 9178
        Destination: 2001:db8::/64, Local: 2001:db8::1
        Local: fe80::1
"""
    found = {i.name: i for i in seen("interfaces", {"show interfaces": text}).interfaces or []}
    first, second = found["xe-0/0/1"], found["xe-0/0/2"]
    assert (first.bridge, first.speed_mbps, first.duplex, first.kind) == ("ae7", 10000, "full", "ethernet")
    assert (second.enabled, second.oper_up, second.duplex, second.speed_mbps) == (False, False, "half", 1000)
    assert found["xe-0/0/2.0"].oper_up is False
    assert found["xe-0/0/2.0"].addresses == ["2001:db8::1/64", "fe80::1/128"]


def test_the_system_has_version_load_and_uptime() -> None:
    texts = {
        "show version": sample("show_version"),
        "show system processes brief": sample("show_system_processes_brief"),
    }
    system = seen("system", texts).system
    assert system is not None
    assert (system.version, system.cpu_percent) == ("21.4R3-S3.4", 19.1)
    assert system.uptime_seconds == 87 * 86400 + 21 * 3600 + 25 * 60 + 46


def test_the_configuration_is_hashed_without_what_changes_by_itself() -> None:
    found, later = seen("config", {}), seen("config", {RUNNING: CONFIG.replace("11-20", "11-21") + "\n{master:0}\n"})
    assert found.config is not None
    assert [c.text for c in found.config][-1] == "deactivate protocols ldp"
    assert found.config_sha256 == later.config_sha256
    assert len(found.config_sha256) == 64
