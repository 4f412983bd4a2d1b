"""Faults of links, addresses, filters, bridges and devices on real routers: seen by whom they concern, and healed.

Faults that do not meet are tried together, so that their timers run side by side.
"""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from nocmesh.lab.lab import Lab
from nocmesh.lab.plan import Options

sys.path.append(str(Path(__file__).parents[2]))

from shared.lab.faulting import Row, come_and_go, planned, standing

pytestmark = [pytest.mark.lab, pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]

TRUNK = "link/gw1:gw1-e1--gw2:gw2-e1"
CAMPUS: list[Row] = [
    {"host_incorrect_ip": "interface/h1/h1-e0", "host_missing_ip": "interface/h2/h2-e0", "link_flap": TRUNK},
    {
        "host_incorrect_netmask": "interface/h3/h3-e0",
        "host_incorrect_gateway": "node/h2",
        "http_acl_block": "node/h1",
        "link_packet_loss": TRUNK,
    },
    {"host_static_blackhole": "node/h1", "mac_address_conflict": "interface/h2/h2-e0"},
    {"host_ip_conflict": "interface/h1/h1-e0", "link_packet_corruption": TRUNK},
    {"l2_port_missing": "interface/sw1/sw1-e3", "link_capacity_bottleneck": TRUNK, "arp_acl_block": "node/h3"},
    {"stp_root_moved": "node/sw3", "mtu_mismatch": "interface/gw2/gw2-e1"},
    {"stp_disabled": "node/sw3", "icmp_acl_block": "node/gw2"},
    {"stp_cost_misconfig": "interface/sw3/sw3-e1", "ospf_acl_block": "node/gw1"},
    {"stp_port_blocked_unexpectedly": "interface/sw2/sw2-e0", "link_down": TRUNK},
    {"l2_loop": "link/sw2:sw2-e1--sw3:sw3-e0", "service_down": "node/sw1"},
]
CLOS: list[Row] = [
    {"bgp_acl_block": "node/spine1", "mtu_mismatch": "interface/leaf2/leaf2-e1", "service_down": "node/h1"},
    {"isis_acl_block": "node/spine1", "link_detach": "interface/leaf2/leaf2-e1", "configuration_drift": "node/leaf1"},
    {"frr_service_down": "node/spine1", "interface_admin_down": "interface/spine2/spine2-e1"},
    {"device_unreachable": "node/spine2", "ip_forwarding_disabled": "node/leaf1"},
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def campus(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    plan = planned("campus", Options(igp="ospf", bgp="none"))
    async with standing(plan, tmp_path_factory.mktemp("campus")) as lab:
        yield lab


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def clos(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    plan = planned("clos", Options(igp="isis", bgp="ebgp", spines=2, leaves=2, hosts=2))
    async with standing(plan, tmp_path_factory.mktemp("clos")) as lab:
        yield lab


@pytest.mark.parametrize("row", CAMPUS, ids="+".join)
async def test_on_a_campus_it_shows_and_heals(campus: Lab, row: Row) -> None:
    await come_and_go(campus, row)


@pytest.mark.parametrize("row", CLOS, ids="+".join)
async def test_on_a_clos_it_shows_and_heals(clos: Lab, row: Row) -> None:
    await come_and_go(clos, row)
