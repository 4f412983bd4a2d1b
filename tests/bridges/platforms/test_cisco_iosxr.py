"""Cisco IOS-XR: what its views join, the time above each answer, and what is no table."""

from datetime import UTC, datetime

import pytest
from bridges.platforms.captures import OWN, VERSIONS
from bridges.platforms.xr_texts import ARP, BGP, CDP, CONFIG, ISIS, LOG, NEAR, OSPF, TIME

from nocmesh.messages.state import DeviceState, Output, View
from nocmesh_bridges.platforms import commands, judged, state


def sample(folder: str, name: str = "") -> str:
    return (OWN / "cisco_xr" / folder / f"cisco_xr_{folder}{name}.raw").read_text(encoding="utf-8")


def seen(view: View, texts: dict[str, str]) -> DeviceState:
    texts = {"show running-config": CONFIG} | texts
    outputs = [Output(command=c, text=texts.get(c, TIME)) for c in commands("cisco_iosxr", [view])]
    return state("pe1", "cisco_iosxr", [view], judged("cisco_iosxr", outputs))


def test_sessions_are_joined_with_their_configuration_and_its_groups() -> None:
    bgp = seen("bgp", {"show bgp neighbors": BGP}).bgp
    assert bgp is not None
    assert (bgp.asn, bgp.router_id, bgp.networks) == (64496, "192.0.2.1", ["198.51.100.0/24"])
    reflector, old = bgp.neighbors
    assert (reflector.remote_as, reflector.local_as, reflector.session_state) == (64496, 64496, "established")
    assert (reflector.description, reflector.update_source) == ("to the reflector", "Loopback0")
    assert (reflector.has_password, reflector.address_families) == (True, ["ipv4-unicast"])
    assert (reflector.prefixes_received, reflector.prefixes_sent, reflector.dropped) == (900, 170, 1)
    assert (reflector.last_error, reflector.last_reset_ago) == ("Hold Timer Expired", 17 * 86400)
    assert (old.enabled, old.session_state, old.maximum_prefix, old.ebgp_multihop) == (False, "idle", 500, 3)
    assert (old.last_reset_reason, old.last_reset_ago) == ("", None)
    assert "HIDDEN" not in str(bgp)


def test_a_router_that_says_nothing_of_configured_neighbours_is_not_believed() -> None:
    assert seen("bgp", {}).status == {"bgp": "unparsed"}
    assert seen("bgp", {"show running-config": TIME + "hostname pe1\nend\n"}).status == {"bgp": "empty"}
    refused = TIME + "            ^\n% Invalid input detected at '^' marker.\n"
    assert seen("bgp", {"show bgp neighbors": refused}).status == {"bgp": "rejected"}


def test_ospf_has_the_kinds_of_its_areas_from_the_configuration() -> None:
    ospf = seen("ospf", {"show ospf interface": OSPF, "show ospf neighbor": NEAR}).ospf
    assert ospf is not None
    assert (ospf.router_id, {a.area: a.kind for a in ospf.areas}) == (
        "10.0.0.9",
        {"0.0.0.0": "normal", "0.0.0.10": "totally_stub"},
    )
    found = {i.name: i for i in ospf.interfaces}
    port = found["GigabitEthernet0/0/0/0"]
    assert (port.address, port.cost, port.hello_interval, port.dead_interval) == ("192.0.2.5/30", 40, 5, 20)
    assert (port.network_type, port.authentication, port.mtu_ignore) == ("point_to_point", "md5", True)
    assert (found["GigabitEthernet0/0/0/3"].state, found["Loopback0"].state) == ("down", "loopback")
    assert [(n.router_id, n.state, n.role, n.up_for) for n in ospf.neighbors] == [
        ("192.0.2.2", "two_way", "drother", 9 * 86400)
    ]
    assert seen("ospf", {"show ospf neighbor": NEAR}).status == {"ospf": "unparsed"}
    assert seen("ospf", {"show running-config": TIME + "hostname pe1\nend\n"}).status == {"ospf": "empty"}


def test_isis_has_its_circuits_from_the_configuration() -> None:
    isis = seen("isis", {"show isis neighbors": ISIS}).isis
    assert isis is not None
    assert (isis.instance, isis.system_id, isis.level) == ("CORE", "1920.0000.2001", "level-2")
    assert [(a.system_id, a.interface, a.level, a.state) for a in isis.adjacencies] == [
        ("p1", "GigabitEthernet0/0/0/1", "level-2", "up"),
        ("p2", "Bundle-Ether10.10", "level-1-2", "initializing"),
    ]
    found = {i.name: i for i in isis.interfaces}
    port, loop = found["GigabitEthernet0/0/0/1"], found["Loopback0"]
    assert (port.network_type, port.metric, port.authentication) == ("point_to_point", 10, "md5")
    assert (loop.network_type, loop.passive, loop.authentication) == ("loopback", True, "none")


def test_neighbours_are_those_of_arp_and_of_lldp_or_cdp() -> None:
    found = seen("neighbors", {"show arp": ARP, "show cdp neighbors": CDP})
    assert found.neighbors is not None
    assert [(n.address, n.mac, n.interface, n.state) for n in found.neighbors.entries] == [
        ("192.0.2.1", "02:00:5e:00:53:01", "MgmtEth0/RP0/CPU0/0", "permanent"),
        ("192.0.2.7", "", "MgmtEth0/RP0/CPU0/0", "incomplete"),
    ]
    assert [(n.interface, n.system_name, n.port) for n in found.neighbors.lldp] == [
        ("GigabitEthernet0/0/0/0", "ce1.example.net", "GigabitEthernet2")
    ]


def test_a_way_kept_for_a_failure_is_no_next_hop() -> None:
    found = {r.prefix: r for r in seen("routes", {"show route ipv4": sample("show_ip_route")}).routes or []}
    assert (found["1.1.1.1/32"].next_hops, found["1.1.1.1/32"].metric) == (["10.1.1.34"], 9164)
    assert (found["0.0.0.0/0"].protocol, found["0.0.0.0/0"].distance) == ("static", 1)
    assert (found["10.1.1.4/30"].protocol, found["10.1.1.4/30"].interfaces) == (
        "connected",
        ["GigabitEthernet0/0/0/1"],
    )
    discarding = sample("show_ip_route").partition("Gateway")[0] + (
        "Gateway of last resort is not set\n\nS    10.2.2.2/32 is directly connected, 00:06:36, Null0\n"
        "O IA 10.3.0.0/16 [110/2] via 10.1.1.9, 1y03w, TenGigE0/0/0/1.5\n"
    )
    null, area = seen("routes", {"show route ipv4": discarding}).routes or []
    assert (null.discards, area.protocol, area.next_hops) == (True, "ospf", ["10.1.1.9"])


def test_interfaces_know_their_bundle_and_whether_they_are_switched_off() -> None:
    found = {i.name: i for i in seen("interfaces", {"show interfaces": sample("show_interfaces")}).interfaces or []}
    assert found["TenGigE0/3/0/4"].bridge == "Bundle-Ether123456"
    assert (found["TenGigE0/3/0/4"].enabled, found["FortyGigE0/0/0/0"].in_discards) == (False, 392)
    assert (found["FortyGigE0/0/0/0"].speed_mbps, found["FortyGigE0/0/0/0"].carrier_changes) == (40000, 1)
    assert (found["Bundle-Ether123456"].kind, found["MgmtEth0/RSP1/CPU0/0"].kind) == ("lag", "ethernet")


def test_the_log_is_read_with_its_times_and_the_year_of_the_clock() -> None:
    log = seen("log", {"show logging last 200": LOG, "show clock": TIME + "12:45:19.310 UTC Mon Nov 23 2026\n"}).log
    assert log is not None
    assert [(e.time, e.source, e.severity, e.mnemonic) for e in log.entries] == [
        (datetime(2026, 11, 23, 12, 40, 0, 44000, tzinfo=UTC), "ROUTING-BGP", "notice", "ADJCHANGE"),
        (datetime(2026, 11, 23, 12, 41, 0, 856000, tzinfo=UTC), "INFRA-WD_DISKMON", "warning", "DISK_WARN"),
        (datetime(2025, 12, 31, 23, 59, 59, 932000, tzinfo=UTC), "spp", "", ""),
    ]
    assert seen("log", {"show logging last 200": TIME + "Log Buffer (2097152 bytes):\n\n"}).status == {"log": "empty"}
    assert seen("log", {}).status == {"log": "unparsed"}


def test_the_system_has_its_name_from_the_configuration() -> None:
    load = TIME + "\nCPU utilization for one minute: 5%; five minutes: 3%; fifteen minutes: 3%\n\n"
    load += (
        "PID    1Min    5Min    15Min Process\n1        0%      0%       0% init\n1763     4%      0%       0% bgp\n"
    )
    system = seen("system", {"show version": VERSIONS["cisco_iosxr"], "show processes cpu": load}).system
    assert system is not None
    assert (system.hostname, system.version, system.uptime_seconds, system.cpu_percent) == ("pe1", "7.5.2", 86400, 5.0)
    processes = seen("processes", {"show processes cpu": load}).processes
    assert [(p.pid, p.name, p.cpu_percent) for p in processes or []] == [(1, "init", 0.0), (1763, "bgp", 4.0)]


def test_the_configuration_is_cut_into_sections_and_hashed_without_its_time() -> None:
    found = seen("config", {})
    lines = [(c.section, c.text) for c in found.config or []]
    assert ("router bgp 64496 / neighbor 192.0.2.9 / address-family ipv4 unicast", "maximum-prefix 500 75") in lines
    assert ("router ospf 1 / area 0 / interface GigabitEthernet0/0/0/0", "mtu-ignore enable") in lines
    assert not any("12:45:19" in text for _, text in lines)
    later = CONFIG.replace("Mon Nov 23 12:45:19.310", "Tue Nov 24 09:00:00.001")
    assert seen("config", {"show running-config": later}).config_sha256 == found.config_sha256


@pytest.mark.parametrize(
    ("view", "command", "text"),
    [
        ("config", "show running-config", CONFIG.removesuffix("end\n")),
        ("config", "show running-config", TIME),
        ("routes", "show route ipv4", TIME),
        ("interfaces", "show interfaces", TIME),
        ("ospf", "show ospf neighbor", NEAR.partition("Total")[0]),
        ("isis", "show isis neighbors", ISIS.replace("count: 2", "count: 3")),
        ("bgp", "show bgp neighbors", BGP.partition("  Last reset 00:00:00")[0]),
        ("neighbors", "show arp", ARP + "RP/0/RP0/CPU0:Nov 23 12:40:00.044 UTC: arp[1]: %IP-ARP-3-X : y\n"),
    ],
)
def test_what_is_cut_or_torn_is_no_table(view: View, command: str, text: str) -> None:
    assert seen(view, {"show ospf interface": OSPF, command: text}).status == {view: "unparsed"}
