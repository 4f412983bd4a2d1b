"""Faults of BGP, OSPF and IS-IS on real routers: their neighbours show each of them, and heal.

Three labs run side by side, and on each of them faults that do not meet, so that all their timers run at once.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio

from nocmesh.diagnosis.vocabulary import fault_types
from nocmesh.lab.faults import injecting
from nocmesh.lab.faults.journal import Injected
from nocmesh.lab.lab import Lab
from nocmesh.lab.plan import Options

sys.path.append(str(Path(__file__).parents[2]))

from shared.lab.faulting import standing
from shared.lab.kite import kite, port

pytestmark = [pytest.mark.lab, pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]

OPTIONS = {
    "ospf": Options(igp="ospf", bgp="none"),
    "isis": Options(igp="isis", bgp="ibgp_rr", seed=3),
    "ebgp": Options(igp="ospf", bgp="ebgp", authentication=True),
}
RETRY_SECONDS = 6.0
"""Longer than BGP waits before it tries again: a session that is only reset is back by then."""


class Fault(NamedTuple):
    """One of a row: its type, the router, and where it looks towards."""

    type: str
    at: str
    towards: str = ""
    by: str = "interface"


def session(fault_type: str, at: str, towards: str) -> Fault:
    return Fault(fault_type, at, towards, "peer")


ROUNDS: dict[str, dict[str, list[Fault]]] = {
    "adjacencies": {
        "ospf": [
            Fault("ospf_area_misconfiguration", "r1", "r2"),
            Fault("ospf_neighbor_missing", "r2", "r3"),
            Fault("ospf_timer_mismatch", "r3", "r4"),
            Fault("ospf_auth_mismatch", "r4", "r2"),
        ],
        "isis": [
            Fault("isis_neighbor_missing", "r1", "r2"),
            Fault("isis_auth_mismatch", "r2", "r3"),
            Fault("isis_network_type_mismatch", "r3", "r4"),
            Fault("isis_passive_interface", "r4", "r2"),
        ],
        "ebgp": [
            session("bgp_asn_misconfig", "r1", "r2"),
            session("bgp_peer_address_misconfig", "r2", "r3"),
            session("bgp_neighbor_missing", "r3", "r4"),
            session("bgp_neighbor_shutdown", "r4", "r2"),
        ],
    },
    "ends": {
        "ospf": [Fault("ospf_network_type_mismatch", "r1", "r2"), Fault("ospf_passive_interface", "r3", "r4")],
        "isis": [Fault("isis_area_mismatch", "r4"), Fault("isis_metric_misconfig", "r1", "r2")],
        "ebgp": [
            session("bgp_auth_mismatch", "r1", "r2"),
            session("bgp_ttl_misconfig", "r2", "r3"),
            session("bgp_address_family_missing", "r3", "r4"),
        ],
    },
    "paths": {
        "ospf": [Fault("ospf_cost_misconfig", "r1", "r2"), Fault("ospf_area_type_mismatch", "r4")],
        "isis": [Fault("isis_level_mismatch", "r4"), session("bgp_update_source_misconfig", "r3", "r1")],
        "ebgp": [
            Fault("bgp_route_filtered", "r1"),
            Fault("bgp_blackhole_community_leak", "r2"),
            Fault("bgp_next_hop_unreachable", "r4"),
        ],
    },
    "identities": {
        "ospf": [Fault("ospf_duplicate_router_id", "r1")],
        "isis": [Fault("bgp_route_reflector_misconfig", "r1")],
        "ebgp": [
            session("bgp_max_prefix_exceeded", "r2", "r1"),
            Fault("bgp_missing_route_advertisement", "r4"),
            Fault("bgp_hijacking", "r3"),
        ],
    },
    "one system id": {"isis": [Fault("isis_duplicate_system_id", "r1")]},
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def labs(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, Lab]]:
    async with AsyncExitStack() as stack:
        plans = {name: kite(options) for name, options in OPTIONS.items()}
        entering = [
            stack.enter_async_context(standing(plan, tmp_path_factory.mktemp("lab"))) for plan in plans.values()
        ]
        yield dict(zip(plans, await asyncio.gather(*entering), strict=True))


async def test_every_routing_fault_of_the_lab_is_tried() -> None:
    tried = [fault.type for row in ROUNDS.values() for faults in row.values() for fault in faults]
    wanted = [
        name
        for name, fault in fault_types().items()
        if fault.ground == "lab" and fault.family in ("bgp", "ospf", "isis")
    ]
    assert sorted(tried) == sorted(wanted)


@pytest.mark.parametrize("name", ROUNDS)
async def test_it_shows_at_the_neighbours_and_heals(labs: dict[str, Lab], name: str) -> None:
    async with asyncio.TaskGroup() as group:
        for lab, faults in ROUNDS[name].items():
            group.create_task(_come_and_go(labs[lab], faults))


async def test_what_was_repaired_in_another_way_is_healed_to_the_plan(labs: dict[str, Lab]) -> None:
    lab = labs["ebgp"]
    fault = await injecting.inject(lab, "bgp_neighbor_missing", "node/r1")
    await lab.configure("r1", ["router bgp 65001", "neighbor 10.0.0.2 remote-as 65002", "neighbor 10.0.0.2 weight 7"])
    await lab.configure("r2", ["ip prefix-list LEFT-BEHIND seq 5 permit any"])
    assert await injecting.heal(lab) == [fault]
    assert await lab.deviations() == {}
    await lab.converged()


async def _come_and_go(lab: Lab, row: list[Fault]) -> None:
    await injecting.heal(lab)  # what a row that failed has left
    wanted = [injecting.worked_out(lab.plan, *_chosen(lab, fault)) for fault in row]
    names = [fault.type for fault in row]
    assert await _which(lab, wanted, shown=False) == names, "shown before it was injected"
    faults = [await injecting.inject(lab, *_chosen(lab, fault)) for fault in row]
    assert await _which(lab, faults, shown=True) == names
    if any(fault.by == "peer" for fault in row):
        assert await _which(lab, faults, shown=False, timeout=RETRY_SECONDS) == [], "came back by itself"
    assert await injecting.heal(lab) == faults
    assert await _which(lab, faults, shown=False) == names
    assert await lab.deviations() == {}
    await lab.converged()


def _chosen(lab: Lab, fault: Fault) -> tuple[str, str, dict[str, str]]:
    if not fault.towards:
        return fault.type, f"node/{fault.at}", {}
    value = fault.towards if fault.by == "peer" else port(lab.plan, fault.at, fault.towards)
    return fault.type, f"node/{fault.at}", {fault.by: value}


async def _which(lab: Lab, faults: list[Injected], *, shown: bool, timeout: float | None = None) -> list[str]:
    """The types of those that come to be as asked, all watched side by side."""
    found = await asyncio.gather(*(injecting.becomes(lab, fault, shown=shown, timeout=timeout) for fault in faults))
    return [fault.fault_type for fault, yes in zip(faults, found, strict=True) if yes]
