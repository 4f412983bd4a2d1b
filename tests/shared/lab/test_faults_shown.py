"""Faults of links, addresses, filters, bridges and devices on real routers: seen by whom they concern, and healed.

Faults that do not meet are tried together, so that their timers run side by side.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from nocmesh.diagnosis.vocabulary import fault_types
from nocmesh.lab.faults import injecting
from nocmesh.lab.lab import Lab
from nocmesh.lab.plan import Options

sys.path.append(str(Path(__file__).parents[2]))

from shared.lab.faulting import Row, come_and_go, planned, standing

pytestmark = [pytest.mark.lab, pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]

TRUNK = "link/gw1:gw1-e1--gw2:gw2-e1"
ROUNDS: list[tuple[Row, Row]] = [
    (
        {"host_incorrect_ip": "interface/h1/h1-e0", "host_missing_ip": "interface/h2/h2-e0", "link_flap": TRUNK},
        {"bgp_acl_block": "node/spine1", "mtu_mismatch": "interface/leaf2/leaf2-e1", "service_down": "node/h1"},
    ),
    (
        {"stp_root_moved": "node/sw3", "mtu_mismatch": "interface/gw2/gw2-e1"},
        {
            "isis_acl_block": "node/spine1",
            "link_detach": "interface/leaf2/leaf2-e1",
            "configuration_drift": "node/leaf1",
        },
    ),
    (
        {"stp_cost_misconfig": "interface/sw3/sw3-e1", "ospf_acl_block": "node/gw1"},
        {"frr_service_down": "node/spine1", "interface_admin_down": "interface/spine2/spine2-e1"},
    ),
    (
        {"stp_port_blocked_unexpectedly": "interface/sw2/sw2-e0", "link_down": TRUNK},
        {"device_unreachable": "node/spine2", "ip_forwarding_disabled": "node/leaf1"},
    ),
    ({"stp_disabled": "node/sw3", "icmp_acl_block": "node/gw2"}, {}),
    ({"l2_loop": "link/sw2:sw2-e1--sw3:sw3-e0", "service_down": "node/sw1"}, {}),
    (
        {
            "host_incorrect_netmask": "interface/h3/h3-e0",
            "host_incorrect_gateway": "node/h2",
            "http_acl_block": "node/h1",
            "link_packet_loss": TRUNK,
        },
        {},
    ),
    ({"host_static_blackhole": "node/h1", "mac_address_conflict": "interface/h2/h2-e0"}, {}),
    ({"host_ip_conflict": "interface/h1/h1-e0", "link_packet_corruption": TRUNK}, {}),
    (
        {"l2_port_missing": "interface/sw1/sw1-e3", "link_capacity_bottleneck": TRUNK, "arp_acl_block": "node/h3"},
        {},
    ),
]
"""Faults of the campus, and of the Clos beside it."""
FAMILIES = {"link", "addressing", "filters", "spanning_tree", "layer2", "device", "drift"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def labs(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Lab, Lab]]:
    """A campus with OSPF, and a Clos with IS-IS and eBGP."""
    campus = planned("campus", Options(igp="ospf", bgp="none"))
    clos = planned("clos", Options(igp="isis", bgp="ebgp", spines=2, leaves=2, hosts=2))
    async with (
        standing(campus, tmp_path_factory.mktemp("campus")) as first,
        standing(clos, tmp_path_factory.mktemp("clos")) as second,
    ):
        yield first, second


async def test_every_type_that_a_lab_can_have_is_tried() -> None:
    tried = {name for both in ROUNDS for row in both for name in row}
    assert tried >= {one.name for one in fault_types().values() if one.ground == "lab" and one.family in FAMILIES}


@pytest.mark.parametrize("rows", ROUNDS, ids=lambda rows: "+".join([*rows[0], *rows[1]]))
async def test_it_shows_and_heals(labs: tuple[Lab, Lab], rows: tuple[Row, Row]) -> None:
    async with asyncio.TaskGroup() as group:
        for lab, row in zip(labs, rows, strict=True):
            if row:
                group.create_task(come_and_go(lab, row))


REPAIRS: list[tuple[str, str, str, list[str]]] = [
    ("icmp_acl_block", "node/h3", "h3", ["nft", "flush", "ruleset"]),
    ("link_down", TRUNK, "patch", ["ip", "link", "set", "w5a", "up"]),
    ("host_static_blackhole", "node/h1", "h1", ["ip", "route", "flush", "type", "blackhole"]),
    ("host_missing_ip", "interface/h2/h2-e0", "h2", ["ip", "addr", "add", "10.100.0.12/24", "dev", "h2-e0"]),
    ("mtu_mismatch", "interface/gw1/gw1-e1", "gw1", ["ip", "link", "set", "gw1-e1", "mtu", "1500"]),
]


async def test_what_somebody_repaired_halfway_is_healed_without_harm(labs: tuple[Lab, Lab]) -> None:
    campus = labs[0]
    for fault_type, at, node, command in REPAIRS:
        await injecting.inject(campus, fault_type, at)
        await campus.exec(node, *command)
        await injecting.heal(campus)
        assert await campus.deviations() == {}, fault_type
    await campus.converged()


async def test_a_bgp_daemon_that_does_not_run_is_missed_by_its_neighbours(labs: tuple[Lab, Lab]) -> None:
    clos = labs[1]
    fault = await injecting.inject(clos, "frr_service_down", "node/leaf1", {"daemon": "bgpd"})
    assert await injecting.showing(clos, fault)
    await injecting.heal(clos)
    assert await injecting.becomes(clos, fault, shown=False)
    assert await clos.deviations() == {}
    await clos.converged()
