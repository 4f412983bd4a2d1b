"""Cisco NX-OS: what its views join, what is of another VRF, and what is no table."""

from datetime import UTC, datetime

import pytest
from bridges.platforms.captures import NXOS_ARP, NXOS_OSPF, NXOS_VLANS, OWN
from bridges.platforms.nxos_texts import BGP, CDP, CONFIG, ISIS, LLDP, LOG, MACS, OSPF_NEAR, OSPF_PORTS, RESOURCES

from nocmesh.messages.state import DeviceState, Output, View
from nocmesh_bridges.platforms import commands, judged, state


def sample(folder: str, name: str) -> str:
    return (OWN / "cisco_nxos" / folder / f"cisco_nxos_{folder}{name}.raw").read_text(encoding="utf-8")


def seen(view: View, texts: dict[str, str]) -> DeviceState:
    texts = {"show running-config": CONFIG} | texts
    outputs = [Output(command=c, text=texts.get(c, "")) for c in commands("cisco_nxos", [view])]
    return state("leaf1", "cisco_nxos", [view], judged("cisco_nxos", outputs))


def test_sessions_are_joined_with_their_configuration_and_its_templates() -> None:
    bgp = seen("bgp", {"show ip bgp neighbors": BGP}).bgp
    assert bgp is not None
    assert (bgp.asn, bgp.router_id, bgp.networks) == (64496, "192.0.2.1", ["198.51.100.0/24"])
    spine, old = bgp.neighbors
    assert (spine.address, spine.remote_as, spine.session_state) == ("192.0.2.2", 64497, "established")
    assert (spine.description, spine.update_source, spine.maximum_prefix) == ("to spine 1", "loopback0", 500)
    assert (spine.has_password, spine.address_families) == (True, ["ipv4-unicast"])
    assert (spine.prefixes_received, spine.prefixes_sent, spine.dropped) == (41, 5, 2)
    assert (spine.last_reset_reason, spine.last_error) == ("holdtimer expired error", "Hold Timer Expired")
    assert (spine.established_for, spine.last_reset_ago) == (25 * 3600, 34 * 3600)
    assert (old.address, old.enabled, old.session_state, old.ebgp_multihop) == ("192.0.2.9", False, "idle", 3)
    assert "HIDDEN" not in str(bgp)


def test_a_neighbour_that_only_the_configuration_knows_is_not_hidden_by_silence() -> None:
    assert seen("bgp", {"show ip bgp neighbors": ""}).status == {"bgp": "unparsed"}
    none = {"show running-config": "!Command: show running-config\nversion 9.3(5)\nhostname leaf1\n"}
    note = "Note:  process currently not running\n"
    assert seen("bgp", {"show ip bgp neighbors": note} | none).status == {"bgp": "empty"}
    assert seen("bgp", {"show ip bgp neighbors": "% Invalid command at '^' marker.\n"} | none).status == {
        "bgp": "rejected"
    }


def test_neighbours_speak_lldp_or_where_they_do_not_cdp() -> None:
    found = seen("neighbors", {"show ip arp": NXOS_ARP, "show lldp neighbors": LLDP, "show cdp neighbors": CDP})
    assert found.neighbors is not None
    assert [(n.interface, n.system_name, n.port) for n in found.neighbors.lldp] == [
        ("Ethernet1/1", "spine1-with-a-long-name.example.net", "Ethernet1/1"),
        ("Ethernet1/5", "fw1", "ethernet1/9"),
        ("mgmt0", "access1", "Fas0/7"),
    ]
    assert [n.quote.command for n in found.neighbors.lldp if n.quote] == [
        "show lldp neighbors",
        "show lldp neighbors",
        "show cdp neighbors",
    ]
    off = "% LLDP is not enabled\n"
    assert seen("neighbors", {"show ip arp": NXOS_ARP, "show lldp neighbors": off}).status == {"neighbors": "empty"}


def test_ospf_is_that_of_the_default_vrf() -> None:
    texts = {
        "show ip ospf": NXOS_OSPF,
        "show ip ospf interface": OSPF_PORTS,
        "show ip ospf neighbors": OSPF_NEAR,
    }
    ospf = seen("ospf", texts).ospf
    assert ospf is not None
    assert (ospf.router_id, [a.area for a in ospf.areas]) == ("10.0.0.9", ["0.0.0.0"])
    port, vlan, loop = ospf.interfaces
    assert (port.name, port.area, port.address, port.network_type) == (
        "Ethernet1/1",
        "0.0.0.0",
        "192.0.2.5/31",
        "point_to_point",
    )
    assert (port.cost, port.hello_interval, port.dead_interval, port.authentication) == (40, 2, 6, "md5")
    assert (port.mtu_ignore, port.neighbor_count, port.state) == (True, 1, "point_to_point")
    assert (vlan.passive, vlan.state, vlan.authentication, vlan.mtu_ignore) == (True, "dr", "", False)
    assert (loop.network_type, loop.state) == ("loopback", "loopback")
    assert [(n.router_id, n.interface, n.state, n.role, n.up_for) for n in ospf.neighbors] == [
        ("192.0.2.2", "Ethernet1/1", "full", "", 2 * 365 * 86400)
    ]


def test_isis_has_its_circuits_from_the_configuration() -> None:
    isis = seen("isis", {"show isis adjacency": ISIS}).isis
    assert isis is not None
    assert (isis.net, isis.system_id, isis.level) == ("49.0001.1920.0000.2001.00", "1920.0000.2001", "level-2")
    assert [(a.system_id, a.interface, a.level, a.state) for a in isis.adjacencies] == [
        ("spine1", "Ethernet1/1", "level-2", "up"),
        ("1920.0000.2003", "port-channel1.1", "level-1-2", "initializing"),
    ]
    found = {i.name: i for i in isis.interfaces}
    port = found["Ethernet1/1"]
    assert (port.network_type, port.metric, port.authentication, port.passive) == ("point_to_point", 10, "md5", False)
    assert (found["loopback0"].passive, found["loopback0"].network_type) == (True, "loopback")


def test_addresses_of_the_switch_itself_are_static() -> None:
    table = seen("mac_table", {"show mac address-table": MACS}).mac_table
    assert table is not None
    assert [(m.mac, m.interface, m.vlan, m.static) for m in table] == [
        ("02:00:5e:00:53:01", "Ethernet1/5", 10, False),
        ("02:00:5e:00:53:02", "port-channel103", 10, False),
        ("02:00:5e:00:53:03", "sup-eth1(R)", None, True),
    ]


def test_a_trunk_that_lets_all_through_has_the_vlans_that_exist() -> None:
    ports = sample("show_interface_switchport", "_monitor").replace("120,134,501,800,804", "1-4094")
    switching = seen("switching", {"show vlan": NXOS_VLANS, "show interface switchport": ports}).switching
    assert switching is not None
    assert {p.name: (p.mode, p.trunk_vlans, p.native_vlan) for p in switching.ports} == {
        "Ethernet1/36": ("access", [], None),
        "port-channel24": ("trunk", [1, 77], 1),
    }
    assert switching.lags == []


def test_the_log_is_read_with_its_times() -> None:
    log = seen(
        "log", {"show logging last 200": LOG, "show clock": "Time source is NTP\n11:00:00.250 UTC Mon Nov 23 2026\n"}
    ).log
    assert log is not None
    assert log.clock == datetime(2026, 11, 23, 11, 0, 0, 250000, tzinfo=UTC)
    assert [(e.time, e.source, e.severity, e.mnemonic) for e in log.entries] == [
        (datetime(2026, 11, 23, 10, 58, 12, tzinfo=UTC), "ETHPORT", "notice", "IF_DOWN_LINK_FAILURE"),
        (datetime(2026, 11, 23, 10, 59, 1, 250000, tzinfo=UTC), "BGP", "error", "MD5_BADAUTH"),
    ]
    assert seen("log", {"show logging last 200": "", "show clock": ""}).status == {"log": "empty"}


def test_the_system_has_its_load_from_its_resources() -> None:
    texts = {"show version": sample("show_version", ""), "show system resources": RESOURCES}
    system = seen("system", texts).system
    assert system is not None
    assert (system.hostname, system.version, system.cpu_percent) == ("N9K1", "6.1(2)I3(1)", 10.5)
    assert (system.memory_total_kb, system.memory_available_kb) == (8000000, 3000000)
    assert system.uptime_seconds == 123 * 86400 + 5 * 3600 + 15 * 60 + 19


def test_interfaces_know_their_bundle_and_whether_they_are_switched_off() -> None:
    found = {i.name: i for i in seen("interfaces", {"show interface": sample("show_interface", "4")}).interfaces or []}
    assert (found["Ethernet1/49"].bridge, found["Ethernet1/49"].speed_mbps) == ("port-channel1", 25000)
    assert (found["Ethernet1/54"].enabled, found["Ethernet1/54"].oper_up) == (False, False)
    assert (found["Ethernet1/2"].enabled, found["Ethernet1/2"].oper_up) == (True, False)
    assert (found["Vlan1"].enabled, found["Vlan248"].addresses) == (False, ["10.120.248.221/23"])
    assert (found["port-channel1"].kind, found["Vlan1"].kind) == ("lag", "vlan")


def test_an_ip_address_is_no_hardware_address() -> None:
    text = "Tunnel1 is up\n    Admin State: up\n    Internet address is 192.0.2.9/30\n    MTU 1476 bytes, BW 9 Kbit\n"
    (tunnel,) = seen("interfaces", {"show interface": text}).interfaces or []
    assert (tunnel.addresses, tunnel.mac, tunnel.enabled, tunnel.kind) == (["192.0.2.9/30"], "", True, "tunnel")


def test_the_configuration_is_cut_into_sections_and_hashed_without_its_time() -> None:
    found = seen("config", {})
    lines = [(c.section, c.text) for c in found.config or []]
    assert ("router bgp 64496 / neighbor 192.0.2.2", "description to spine 1") in lines
    assert ("router bgp 64496 / template peer SPINES / address-family ipv4 unicast", "maximum-prefix 500") in lines
    later = CONFIG.replace("Time: Mon Nov 23 11:00:00", "Time: Tue Nov 24 09:00:00")
    assert later != CONFIG
    assert seen("config", {"show running-config": later}).config_sha256 == found.config_sha256
    other = CONFIG.replace("is-type level-2", "is-type level-1")
    assert seen("config", {"show running-config": other}).config_sha256 != found.config_sha256


@pytest.mark.parametrize(
    "text",
    [
        CONFIG.partition("!Time")[2],
        CONFIG.replace("version 9.3(5)", "! version"),
        CONFIG[: CONFIG.index("Call 555")],
        CONFIG + "2026 Nov 23 10:58:12 leaf1 %ETHPORT-5-IF_UP: Interface Ethernet1/5 is up\n",
        CONFIG.replace("feature bgp", " --More-- "),
        "% Internal error\n",
        "",
    ],
    ids=["no-head", "no-version", "cut-in-the-banner", "a-log-line", "a-pager", "an-error", "nothing"],
)
def test_what_is_no_configuration_is_not_hashed(text: str) -> None:
    found = seen("config", {"show running-config": text})
    assert (found.status, found.config_sha256) == ({"config": "unparsed"}, "")


@pytest.mark.parametrize(
    ("view", "command", "text"),
    [
        ("routes", "show ip route", sample("show_ip_route", "").replace("ubest/mbest: 2/0", "ubest/mbest: 3/0", 1)),
        ("neighbors", "show ip arp", NXOS_ARP.replace("entries: 0", "entries: 1")),
        ("bgp", "show ip bgp neighbors", BGP[: BGP.index("  Foreign host")]),
        ("ospf", "show ip ospf neighbors", OSPF_NEAR.replace("neighbors: 1", "neighbors: 2", 1)),
        ("switching", "show vlan", NXOS_VLANS.partition("Primary")[0]),
        ("interfaces", "show interface", sample("show_interface", "3")[:-200]),
    ],
)
def test_what_is_cut_or_contradicts_itself_is_no_table(view: View, command: str, text: str) -> None:
    quiet = {"show ip ospf": NXOS_OSPF, "show vlan": NXOS_VLANS}
    assert seen(view, quiet | {command: text}).status == {view: "unparsed"}


def test_the_pulse_tells_what_each_protocol_tells() -> None:
    texts = {"show isis adjacency": ISIS, "show ip ospf neighbors": OSPF_NEAR, "show ip bgp neighbors": BGP[:200]}
    found = seen("pulse", texts)
    assert found.pulse is not None
    assert found.status == {"pulse": "parsed"}
    assert (found.pulse.bgp, found.pulse.interfaces) == (None, None)
    assert [n.router_id for n in found.pulse.ospf or []] == ["192.0.2.2"]
    assert [a.system_id for a in found.pulse.isis or []] == ["spine1", "1920.0000.2003"]
