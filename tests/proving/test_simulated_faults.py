"""What can be broken, and that it shows."""

from pathlib import Path

import pytest
from proving.typist import ask, live_network

from nocmesh.errors import InvalidInputError, NotFoundError
from nocmesh.inventory import load_inventory
from nocmesh.proving.simulated.faults import Fault, fault_named
from nocmesh.proving.simulated.inventory import inventory, written
from nocmesh.proving.simulated.live import LiveNetwork
from nocmesh.proving.simulated.mistakes import HEALTHY, KINDS
from nocmesh.proving.simulated.model import Configuration, Network, Node
from nocmesh.proving.simulated.topology import DEMO, PAIR, Peering, Topology, build, topology_named

pytestmark = pytest.mark.real

BREAKING = sorted(set(KINDS) - {HEALTHY})
CHOOSY = {"bgp_update_source_misconfig", "bgp_ttl_misconfig", "bgp_acl_block"}
"""Those that need another session, or another vendor, than either end of the smallest network has."""


def configs(live: LiveNetwork) -> dict[str, str]:
    return {name: ask(live, name, "show running-config") for name in live.model.nodes}


def injected(live: LiveNetwork, name: str, device: str = "", target: str = "") -> Fault:
    fault = fault_named(live, name, device, target)
    assert not fault.shows(live), "healthy before"
    fault.inject(live)
    return fault


@pytest.mark.parametrize("name", BREAKING)
def test_a_fault_shows_and_heals(name: str) -> None:
    live = live_network(DEMO)
    before = configs(live)
    fault = injected(live, name)
    assert fault.shows(live)
    changed = [device for device, text in configs(live).items() if text != before[device]]
    assert changed == ([] if name == "link_down" else [fault.plan.device]), "a mistake at one end only"
    fault.heal(live)
    assert not fault.shows(live)
    assert configs(live) == before
    assert all(session.established for session in live.sessions.values())


@pytest.mark.parametrize("device", ["r1", "r2"])
@pytest.mark.parametrize("name", sorted(set(BREAKING) - CHOOSY))
def test_a_fault_strikes_where_it_is_told_on_either_vendor(name: str, device: str) -> None:
    live = live_network()
    fault = injected(live, name, device)
    assert fault.plan.device == device
    assert fault.shows(live)
    fault.heal(live)
    assert not fault.shows(live)


def test_a_target_chooses_the_neighbour() -> None:
    live = live_network(DEMO)
    fault = injected(live, "bgp_neighbor_shutdown", "core2", "edge2")
    assert [key for key, s in live.sessions.items() if not s.established] == [
        ("edge2", "10.0.22.2"),
        ("core2", "10.0.22.1"),
    ]
    assert fault.expect == {"resource": "node/core2", "fault_type": "bgp_neighbor_shutdown"}


def test_healthy_is_an_alert_without_a_fault() -> None:
    live = live_network(DEMO)
    before = configs(live)
    fault = injected(live, HEALTHY)
    assert fault.expect is None
    assert configs(live) == before
    assert fault.alert(live)["alerts"][0]["labels"]["alertname"] == "BgpSessionDown"
    fault.heal(live)


@pytest.mark.parametrize(
    ("name", "resource"),
    [
        ("link_down", "link/core1:eth1--edge1:GigabitEthernet2"),
        ("interface_admin_down", "interface/core2/GigabitEthernet2"),
        ("bgp_asn_misconfig", "node/core1"),
    ],
)
def test_the_label_names_the_resource(name: str, resource: str) -> None:
    fault = fault_named(live_network(DEMO), name)
    assert fault.expect == {"resource": resource, "fault_type": name}


@pytest.mark.parametrize("name", sorted(KINDS))
def test_the_alert_is_what_alertmanager_posts(name: str) -> None:
    live = live_network(DEMO)
    fault = injected(live, name)
    body = fault.alert(live)
    assert set(body) == {
        "version", "groupKey", "truncatedAlerts", "status", "receiver", "groupLabels", "commonLabels",
        "commonAnnotations", "externalURL", "alerts",
    }  # fmt: skip
    assert body["version"] == "4"
    alert = body["alerts"][0]
    assert alert["labels"]["instance"] == fault.plan.device
    assert alert["startsAt"] == "2026-01-01T12:00:00.000Z"
    assert alert["endsAt"] == "0001-01-01T00:00:00Z"
    assert len(alert["fingerprint"]) == 16
    assert name not in str(body), "a monitoring system does not know the cause"


def test_the_same_alert_keeps_its_fingerprint() -> None:
    live = live_network(DEMO)
    one, other = (fault_named(live, "bgp_asn_misconfig").alert(live) for _ in range(2))
    assert one["alerts"][0]["fingerprint"] == other["alerts"][0]["fingerprint"]
    third = fault_named(live, "link_down").alert(live)
    assert third["alerts"][0]["fingerprint"] != one["alerts"][0]["fingerprint"]


def test_lines_of_a_fault_are_logged_as_the_faults() -> None:
    live = live_network(DEMO)
    injected(live, "bgp_asn_misconfig")
    assert [entry.by for entry in live.received["core1"]] == ["fault", "fault"]


def test_healing_twice_changes_nothing() -> None:
    live = live_network(DEMO)
    fault = injected(live, "link_down")
    fault.heal(live)
    live.model.cables[0].up = False
    fault.heal(live)
    assert not live.model.cables[0].up


@pytest.mark.parametrize(
    ("name", "device", "target", "error"),
    [
        ("gremlins", "", "", NotFoundError),
        ("link_down", "nowhere", "", NotFoundError),
        ("link_down", "core1", "isp1", InvalidInputError),
    ],
)
def test_a_fault_that_cannot_be_is_an_error(name: str, device: str, target: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        fault_named(live_network(DEMO), name, device, target)


def test_a_fault_needs_a_wire() -> None:
    live = live_network()
    live.model.cables.clear()
    with pytest.raises(InvalidInputError, match="no cable"):
        fault_named(live, "link_down")


def test_topologies_are_found_by_name() -> None:
    assert topology_named("demo") is DEMO
    with pytest.raises(NotFoundError, match="demo, pair"):
        topology_named("nothing")


def test_peers_need_a_wire() -> None:
    with pytest.raises(NotFoundError, match="no wire"):
        build(Topology(name="x", routers=PAIR.routers, wires=(), peerings=(Peering(a="r1", b="r2"),)))


def test_the_inventory_is_one_that_nocmesh_reads(tmp_path: Path) -> None:
    live = live_network(DEMO)
    live.model.nodes["bare"] = Node(name="bare", dialect="frr", running=Configuration(hostname="bare"))
    network: Network = live.model
    addresses = {name: ("127.0.0.1", 1000 + n) for n, name in enumerate(network.nodes)}
    access = {
        "username": "u",
        "password": "a: b #c '\"",
        "host_keys": dict.fromkeys(network.nodes, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ"),
    }
    file = tmp_path / "inventory.yaml"
    file.write_text(written(inventory(network, addresses, access)))
    read = load_inventory(file)
    assert {device.name for device in read.devices} == set(network.nodes)
    assert {device.credential.password for device in read.devices} == {"a: b #c '\""}
    assert [link.resource for link in read.network().links] == [cable.resource for cable in network.cables]
    edge1 = read.network().device("edge1")
    assert edge1 is not None
    assert edge1.simulated
    assert edge1.intent.bgp is not None
    assert {(n.address, n.remote_asn) for n in edge1.intent.bgp.neighbors} == {
        ("10.0.1.1", 64601),
        ("10.0.11.2", 65000),
        ("10.0.12.2", 65000),
    }
    assert [(user.name, list(user.roles)) for user in read.users] == [
        ("nina", ["operator", "approver"]),
        ("omar", ["operator", "approver"]),
    ]


def test_the_inventory_tells_what_was_meant_not_what_a_fault_made_of_it() -> None:
    live = live_network(DEMO)
    addresses = dict.fromkeys(live.model.nodes, ("127.0.0.1", 22))
    access = {"username": "u", "password": "p", "host_keys": dict.fromkeys(live.model.nodes, "")}
    before = inventory(live.model, addresses, access)
    injected(live, "bgp_asn_misconfig")
    assert inventory(live.model, addresses, access) == before
