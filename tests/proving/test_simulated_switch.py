"""What a simulated switch answers, read by the templates that everybody uses, against what the model says."""

from typing import Any

import pytest
from ntc_templates.parse import parse_output
from proving.typist import ask, later, live_network

from nocmesh.proving.simulated.live import LiveNetwork
from nocmesh.proving.simulated.notices import short
from nocmesh.proving.simulated.topology import CAMPUS, DEMO

pytestmark = pytest.mark.real

SWITCHES = ("dist1", "dist2", "access1", "access2")
STATES = {"FWD": True, "BLK": False}
ROLES = {"Root": "root", "Desg": "designated", "Altn": "alternate", "Back": "backup"}


def campus() -> LiveNetwork:
    live = live_network(CAMPUS)
    later(live, 300)
    return live


def parsed(live: LiveNetwork, device: str, command: str, template: str = "") -> list[dict[str, Any]]:
    text = ask(live, device, command)
    rows: list[dict[str, Any]] = parse_output(platform="cisco_ios", command=template or command, data=text)  # type: ignore[no-untyped-call]
    return rows


@pytest.mark.parametrize("device", SWITCHES)
def test_spanning_tree_tells_role_state_and_cost_of_every_port(device: str) -> None:
    live = campus()
    rows = {(row["vlan_id"], row["interface"]): row for row in parsed(live, device, "show spanning-tree")}
    expected = {
        (str(vlan), short(name)): (standing, live.bridging.ports[(switch, name)].cost(vlan))
        for vlan, tree in live.bridging.trees.items()
        for (switch, name), standing in tree.ports.items()
        if switch == device
    }
    assert set(rows) == set(expected)
    for key, (standing, cost) in expected.items():
        assert ROLES[rows[key]["role"]] == standing.role
        assert STATES[rows[key]["status"]] == standing.forwarding
        assert rows[key]["cost"] == str(cost)


def test_the_root_says_so_and_the_others_say_where_it_is() -> None:
    live = campus()
    assert "This bridge is the root" in ask(live, "dist1", "show spanning-tree vlan 10")
    text = ask(live, "access2", "show spanning-tree vlan 10")
    assert "  Root ID    Priority    24586\n" in text
    assert "             Cost        6\n             Port        2090 (Port-channel2)\n" in text
    assert "  Bridge ID  Priority    32778  (priority 32768 sys-id-ext 10)\n" in text


def test_a_tree_that_is_not_there_is_said_not_to_be_there() -> None:
    live = campus()
    assert ask(live, "dist1", "show spanning-tree vlan 30").strip() == (
        "Spanning tree instance(s) for vlan 30 does not exist."
    )
    assert ask(live, "gw2", "show spanning-tree").strip() == "No spanning tree instance exists."
    assert ask(live, "gw2", "show spanning-tree detail").strip() == "No spanning tree instance exists."
    assert ask(live, "dist1", "show spanning-tree vlan 9999").strip() == "% Bad VLAN list"


def test_changes_of_the_tree_are_counted_and_dated() -> None:
    live = campus()
    assert "Number of topology changes 0 last change occurred 00:05:00 ago" in ask(
        live, "dist2", "show spanning-tree detail"
    )
    live.configure("access1", ["interface GigabitEthernet1/0/1", "shutdown"])
    later(live, 61)
    text = ask(live, "dist2", "show spanning-tree detail")
    assert text.count("Number of topology changes 1 last change occurred 00:01:01 ago") == 2
    assert "We are the root of the spanning tree" in ask(live, "dist1", "show spanning-tree detail")


@pytest.mark.parametrize("device", SWITCHES)
def test_vlans_name_their_access_ports(device: str) -> None:
    live = campus()
    rows = {int(row["vlan_id"]): row for row in parsed(live, device, "show vlan brief", "show vlan")}
    running = live.model.node(device).running
    assert running.spanning is not None
    assert running.spanning.vlans == {v: row["vlan_name"] for v, row in rows.items() if row["status"] == "active"}
    for vlan, row in rows.items():
        ports = {
            short(i.name)
            for i in running.interfaces.values()
            if i.switchport and not i.switchport.trunk and i.switchport.access_vlan == vlan
        }
        assert set(row["interfaces"]) == ports


def test_many_ports_of_a_vlan_go_on_on_the_next_line() -> None:
    live = campus()
    node = live.model.node("access1")
    first = node.running.interfaces["GigabitEthernet1/0/10"]
    for number in range(30, 37):
        name = f"GigabitEthernet1/0/{number}"
        node.running.interfaces[name] = type(first)(name=name, switchport=first.switchport)
    live.settle()
    row = next(row for row in parsed(live, "access1", "show vlan brief", "show vlan") if row["vlan_id"] == "10")
    assert len(row["interfaces"]) == 8


@pytest.mark.parametrize("device", SWITCHES)
def test_switchports_tell_mode_and_vlans(device: str) -> None:
    live = campus()
    rows = {row["interface"]: row for row in parsed(live, device, "show interfaces switchport")}
    ports = {i.name: i for i in live.model.node(device).running.interfaces.values() if i.switchport is not None}
    assert set(rows) == {short(name) for name in ports}
    for name, interface in ports.items():
        port, row = interface.switchport, rows[short(name)]
        assert port is not None
        assert row["admin_mode"] == ("trunk" if port.trunk else "static access")
        assert (row["access_vlan"], row["native_vlan"]) == (str(port.access_vlan), str(port.native_vlan))
        assert row["trunking_vlans"] == (["ALL"] if port.allowed is None else [str(v) for v in port.allowed])


def test_a_port_in_a_vlan_that_does_not_exist_is_inactive_and_passes_nothing() -> None:
    live = campus()
    live.configure("access1", ["no vlan 20"])
    assert "Access Mode VLAN: 20 (Inactive)" in ask(live, "access1", "show interfaces switchport")
    assert "SERVERS" not in ask(live, "access1", "show vlan brief")
    assert " 20 " not in ask(live, "access1", "show mac address-table")


def test_bundles_tell_their_members_and_protocol() -> None:
    live = campus()
    one, two = parsed(live, "dist2", "show etherchannel summary")
    assert (one["bundle_name"], one["bundle_status"], one["bundle_protocol"]) == ("Po1", "SU", "LACP")
    assert (one["member_interface"], one["member_interface_status"]) == (["Gi1/0/23", "Gi1/0/24"], ["P", "P"])
    assert (two["bundle_name"], two["bundle_protocol"]) == ("Po2", "-")
    for name in ("GigabitEthernet1/0/23", "GigabitEthernet1/0/24"):
        live.configure("dist2", [f"interface {name}", "shutdown"])
    one, _ = parsed(live, "dist2", "show etherchannel summary")
    assert (one["bundle_status"], one["member_interface_status"]) == ("SD", ["D", "D"])
    assert parsed(live, "access1", "show etherchannel summary") == []


def test_a_bundle_of_many_goes_on_on_the_next_line() -> None:
    live = campus()
    live.configure("access1", [f"interface GigabitEthernet1/0/{n}" for n in (1,)])
    for number in (1, 2, 10, 11, 20):
        live.configure("access1", [f"interface GigabitEthernet1/0/{number}", "channel-group 7 mode active"])
    [row] = parsed(live, "access1", "show etherchannel summary")
    assert len(row["member_interface"]) == 5


@pytest.mark.parametrize("device", SWITCHES)
def test_addresses_are_where_the_tree_leads(device: str) -> None:
    live = campus()
    rows = [row for row in parsed(live, device, "show mac address-table") if row["type"] == "DYNAMIC"]
    found = {(int(row["vlan_id"]), row["destination_address"]): row["destination_port"] for row in rows}
    expected = {
        (vlan, mac): ports
        for (switch, vlan), table in live.bridging.learned.items()
        if switch == device
        for mac, ports in table.items()
    }
    assert {vlan for vlan, _ in found} == {10, 20}
    assert len(found) == len(expected) == 8
    for (vlan, mac), ports in expected.items():
        key = (vlan, ".".join(mac.replace(":", "")[i : i + 4] for i in (0, 4, 8)))
        assert found[key] == [short(port) for port in ports]
    one_vlan = parsed(live, device, "show mac address-table vlan 20", "show mac address-table")
    assert {row["vlan_id"] for row in one_vlan} == {"20"}


def test_hosts_answer_to_arp_where_they_can_be_reached() -> None:
    live = campus()
    rows = {row["ip_address"]: row for row in parsed(live, "gw2", "show ip arp")}
    hosts = {host.address: host for host in live.model.hosts}
    assert set(hosts) <= set(rows)
    assert {rows["10.10.0.101"]["interface"], rows["10.20.0.101"]["interface"]} == {
        "GigabitEthernet2",
        "GigabitEthernet3",
    }
    assert rows["10.10.0.2"]["age"] == "-"
    own = {row["ip_address"] for row in parsed(live, "access1", "show ip arp")}
    assert own == {"10.10.0.21", "10.10.0.1", "10.10.0.2", "10.10.0.101", "10.10.0.102"}
    live.configure("dist2", ["interface GigabitEthernet1/0/11", "shutdown"])
    assert "10.10.0.101" not in ask(live, "gw2", "show ip arp")


def test_lldp_names_who_is_at_the_other_end() -> None:
    live = campus()
    rows = {row["local_interface"]: row for row in parsed(live, "dist1", "show lldp neighbors")}
    assert {name: row["neighbor_name"] for name, row in rows.items()} == {
        "Gi1/0/23": "dist2", "Gi1/0/24": "dist2", "Gi1/0/1": "access1", "Gi1/0/11": "gw1", "Gi1/0/12": "gw1",
    }  # fmt: skip
    assert rows["Gi1/0/11"]["neighbor_interface"] == "eth2"
    live.configure("access1", ["no lldp run"])
    assert "access1" not in ask(live, "dist1", "show lldp neighbors")
    assert ask(live, "access1", "show lldp neighbors") == "% LLDP is not enabled\n"


@pytest.mark.parametrize("device", [*SWITCHES, "gw2"])
def test_interfaces_parse_with_every_one_of_them(device: str) -> None:
    live = campus()
    rows = parsed(live, device, "show interfaces")
    node = live.model.node(device)
    assert sorted(row["interface"] for row in rows) == sorted(node.running.interfaces)
    for row in rows:
        interface = node.running.interfaces[row["interface"]]
        assert row["description"] == interface.description
        assert row["input_errors"] == row["output_errors"] == "0"
        up = live.interfaces[next(p for p in live.interfaces if (p.device, p.interface) == (device, interface.name))].up
        assert row["protocol_status"].startswith("up" if up else "down")


def test_the_state_of_a_port_is_told_in_brackets() -> None:
    live = campus()
    live.configure("dist1", ["interface GigabitEthernet1/0/23", "switchport trunk allowed vlan 10"])
    live.configure("access1", ["interface GigabitEthernet1/0/1", "shutdown"])
    text = ask(live, "dist1", "show interfaces")
    assert "GigabitEthernet1/0/23 is up, line protocol is down (suspended)" in text
    assert "GigabitEthernet1/0/1 is down, line protocol is down (notconnect)" in text
    assert "GigabitEthernet1/0/20 is administratively down, line protocol is down (disabled)" in text
    assert "Vlan10 is up, line protocol is up\n" in text
    rows = {row["port"]: row for row in parsed(live, "dist1", "show interfaces status")}
    assert {rows[p]["status"] for p in ("Gi1/0/23", "Gi1/0/1", "Gi1/0/20", "Gi1/0/11")} == {
        "suspended", "notconnect", "disabled", "connected",
    }  # fmt: skip
    assert (rows["Gi1/0/11"]["vlan_id"], rows["Po1"]["vlan_id"]) == ("10", "trunk")
    fixed = {row["port"]: row for row in parsed(live, "dist2", "show interfaces status")}["Gi1/0/11"]
    assert (fixed["duplex"], fixed["speed"]) == ("full", "100")


def test_a_foot_in_a_vlan_falls_with_the_last_port_of_it() -> None:
    live = campus()
    trunks = ("GigabitEthernet1/0/1", "GigabitEthernet1/0/2", "GigabitEthernet1/0/10")
    for name in trunks:
        live.configure("access1", [f"interface {name}", "shutdown"])
    assert "Vlan10 is down, line protocol is down" in ask(live, "access1", "show interfaces Vlan10")


def test_processes_and_memory_parse() -> None:
    live = campus()
    rows = parsed(live, "dist1", "show processes cpu")
    assert {row["cpu_usage_5_sec"] for row in rows} == {"4"}
    assert "IOSD ipc task" in {row["process_name"] for row in rows}
    live.model.node("dist1").hog = "SNMP ENGINE"
    rows = parsed(live, "dist1", "show processes cpu")
    assert {row["cpu_usage_5_sec"] for row in rows} == {"99"}
    top = max(rows, key=lambda row: float(row["process_cpu_usage_5_sec"]))
    assert (top["process_name"], top["process_cpu_usage_5_sec"]) == ("SNMP ENGINE", "93.00")
    memory = parsed(live, "dist1", "show processes memory sorted")
    assert memory[0]["process"][0].strip() == "SNMP ENGINE"


def test_a_switch_says_what_it_is_and_what_is_installed() -> None:
    live = campus()
    [row] = parsed(live, "dist1", "show version")
    assert (row["version"], row["hostname"]) == ("17.9.4a", "dist1")
    assert row["mac_address"] == [live.model.node("dist1").running.spanning.mac]  # type: ignore[union-attr]
    assert "simulated device" in ask(live, "dist1", "show version")
    text = ask(live, "dist1", "show install summary")
    assert "SMU   C    bootflash:cat9k_iosxe.17.09.04a.CSCwh87343.SPA.smu.bin" in text
    assert "IMG   C    17.09.04a.0.6" in text


def test_the_log_parses_and_repeats_what_lasts_until_it_ends() -> None:
    live = campus()
    live.configure("dist2", ["interface GigabitEthernet1/0/11", "duplex half"])
    later(live, 130)
    rows = parsed(live, "dist2", "show logging")
    assert [row["mnemonic"] for row in rows] == ["DUPLEX_MISMATCH"] * 3
    live.configure("dist2", ["interface GigabitEthernet1/0/11", "duplex full"])
    later(live, 600)
    assert len(parsed(live, "dist2", "show logging")) == 3, "what was logged stays, nothing comes on top"


@pytest.mark.parametrize("command", ["show vlan brief", "show mac address-table", "show install add"])
def test_a_router_does_not_know_what_only_switches_can(command: str) -> None:
    assert "% Invalid input detected" in ask(live_network(DEMO), "edge1", command)


def test_a_router_has_no_switchports_no_bundles_and_no_lldp() -> None:
    live = live_network(DEMO)
    assert ask(live, "edge1", "show interfaces switchport") == ""
    assert "Number of channel-groups in use: 0" in ask(live, "edge1", "show etherchannel summary")
    assert ask(live, "edge1", "show lldp neighbors") == "% LLDP is not enabled\n"


def test_the_gateways_speak_bgp_over_their_own_wire() -> None:
    live = campus()
    assert all(session.established for session in live.sessions.values())
    assert "10.20.0.0/24" in {route.prefix for route in live.tables.heard[("gw1", "10.0.12.2")]}


def test_a_seed_moves_the_addresses_and_nothing_else() -> None:
    from nocmesh.proving.simulated.synthetic import topology_of

    one, again, other = (live_network(topology_of(name)) for name in ("campus-7", "campus-7", "campus-8"))
    assert repr(one.model) == repr(again.model)
    assert repr(one.model) != repr(other.model)
    assert {k: v.role for t in one.bridging.trees.values() for k, v in t.ports.items()} == {
        k: v.role for t in other.bridging.trees.values() for k, v in t.ports.items()
    }
