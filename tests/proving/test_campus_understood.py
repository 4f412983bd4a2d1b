"""What the campus says is understood by the product's own parsers: every view, well and broken, as the model has it."""

import pytest
from proving.typist import ask, later, live_network

from nocmesh.messages.state import DeviceState, Interface, Output, View
from nocmesh.proving.simulated.breakages import breakage
from nocmesh.proving.simulated.live import LiveNetwork
from nocmesh.proving.simulated.mishap_kinds import MISHAPS
from nocmesh.proving.simulated.topology import CAMPUS
from nocmesh_bridges.platforms import VIEWS, commands, judged, state

pytestmark = pytest.mark.real

SWITCHES = ("dist1", "dist2", "access1", "access2")
SWITCHED: tuple[View, ...] = (
    "interfaces",
    "neighbors",
    "stp",
    "mac_table",
    "switching",
    "processes",
    "system",
    "config",
)


def campus() -> LiveNetwork:
    live = live_network(CAMPUS)
    later(live, 300)
    return live


def read(live: LiveNetwork, device: str, *views: View) -> DeviceState:
    platform = live.model.node(device).dialect
    asked = list(views or VIEWS)
    outputs = [Output(command=command, text=ask(live, device, command)) for command in commands(platform, asked)]
    return state(device, platform, asked, judged(platform, outputs))


def interface(found: DeviceState, name: str) -> Interface:
    return next(i for i in found.interfaces or [] if i.name == name)


@pytest.mark.parametrize("device", SWITCHES)
def test_every_view_of_a_healthy_switch_is_parsed_or_empty(device: str) -> None:
    found = read(campus(), device)
    assert {found.status[view] for view in SWITCHED} == {"parsed"}
    assert {found.status[view] for view in ("bgp", "ospf", "isis", "filters")} == {"empty"}


@pytest.mark.parametrize("name", sorted(MISHAPS))
def test_nothing_that_a_broken_campus_says_is_beyond_understanding(name: str) -> None:
    live = campus()
    breakage(live, name).inject(live)
    later(live, 60)
    for device in live.model.nodes:
        assert "unparsed" not in read(live, device).status.values()


@pytest.mark.parametrize("device", SWITCHES)
def test_the_tree_is_read_as_it_is(device: str) -> None:
    live = campus()
    stp = read(live, device, "stp").stp
    assert stp is not None
    trees = {f"VLAN{vlan:04d}": tree for vlan, tree in live.bridging.trees.items() if tree.ports}
    assert {bridge.name for bridge in stp.bridges} == set(trees)
    for bridge in stp.bridges:
        standing = trees[bridge.name].bridges[device]
        assert (bridge.root_port, bridge.root_path_cost) == (standing.root_port, standing.cost)
        assert bridge.root_id == f"{standing.root.priority:04x}.{standing.root.mac.replace(':', '')}"
        assert bridge.topology_changes == 0
    told = {(port.bridge, port.name): (port.role, port.state == "forwarding") for port in stp.ports}
    assert told == {
        (vlan, name): (standing.role, standing.forwarding)
        for vlan, tree in trees.items()
        for (switch, name), standing in tree.ports.items()
        if switch == device
    }


@pytest.mark.parametrize("device", SWITCHES)
def test_vlans_bundles_and_addresses_are_read_as_they_are(device: str) -> None:
    live = campus()
    found, running = read(live, device, "switching", "mac_table"), live.model.node(device).running
    assert found.switching is not None
    assert running.spanning is not None
    assert set(found.switching.vlans) == set(running.spanning.vlans)
    for port in found.switching.ports:
        meant = running.interfaces[port.name].switchport
        assert meant is not None
        assert port.mode == ("trunk" if meant.trunk else "access")
        assert port.trunk_vlans == list(meant.allowed or ())
    bundles = {lag.name: {member.interface for member in lag.members} for lag in found.switching.lags}
    assert set(bundles) == {name for name in running.interfaces if name.startswith("Port-channel")}
    assert all(member.bundled for lag in found.switching.lags for member in lag.members)
    learned = {(e.vlan, e.mac, e.interface) for e in found.mac_table or [] if not e.static}
    assert learned == {
        (vlan, mac, port)
        for (switch, vlan), table in live.bridging.learned.items()
        if switch == device
        for mac, ports in table.items()
        for port in ports
    }


def test_a_blocked_port_is_read_although_its_row_is_an_odd_one() -> None:
    live = campus()
    breakage(live, "stp_port_blocked_unexpectedly").inject(live)
    stp = read(live, "access2", "stp").stp
    assert stp is not None
    assert {(p.state, p.role) for p in stp.ports if p.name == "Port-channel2"} == {("blocking", "designated")}


def test_a_suspended_member_is_read_with_its_flag() -> None:
    live = campus()
    breakage(live, "lag_member_down").inject(live)
    switching = read(live, "dist1", "switching").switching
    assert switching is not None
    [lag] = switching.lags
    assert {m.interface: (m.bundled, m.flags) for m in lag.members} == {
        "GigabitEthernet1/0/23": (False, "s"),
        "GigabitEthernet1/0/24": (True, "P"),
    }


def test_duplex_and_errors_are_read_at_both_ends() -> None:
    live = campus()
    breakage(live, "duplex_mismatch").inject(live)
    later(live, 60)
    here = interface(read(live, "dist2", "interfaces"), "GigabitEthernet1/0/11")
    there = interface(read(live, "gw2", "interfaces"), "GigabitEthernet2")
    assert (here.duplex, there.duplex) == ("half", "full")
    assert (here.speed_mbps, there.speed_mbps) == (100, 100)
    assert here.out_errors
    assert there.in_errors


def test_software_processor_and_daemons_are_read() -> None:
    live = campus()
    for name in ("version_mismatch", "device_resource_exhausted", "service_down"):
        breakage(live, name).inject(live)
    system, gateway = read(live, "access1", "system").system, read(live, "gw1", "system").system
    assert system is not None
    assert gateway is not None
    assert (system.version, system.cpu_percent) == ("17.6.1", 99.0)
    assert gateway.services["bgpd"]
    assert not gateway.services.get("bfdd", False)


def test_who_is_next_to_a_switch_is_read() -> None:
    live = campus()
    near = read(live, "access1", "neighbors").neighbors
    assert near is not None
    assert {(n.interface, n.system_name, n.port) for n in near.lldp} == {
        ("GigabitEthernet1/0/1", "dist1", "GigabitEthernet1/0/1"),
        ("GigabitEthernet1/0/2", "dist2", "GigabitEthernet1/0/1"),
    }
    assert {e.address for e in near.entries if e.state != "permanent"} == {
        "10.10.0.1", "10.10.0.2", "10.10.0.101", "10.10.0.102",
    }  # fmt: skip
