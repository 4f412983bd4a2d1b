"""What is broken in simulated networks of two vendors goes back to what it was: proved, undone without a trace."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec
import pytest
from agents.judgement.simulated_world import RememberedWorld, begun

from nocmesh.alerting.alertmanager import parse
from nocmesh.diagnosis.evidence import verify_evidence
from nocmesh.messages.change import Change
from nocmesh.messages.report import Diagnosis
from nocmesh.policy.judge import Asked, judge
from nocmesh.policy.policy import built_in
from nocmesh.proving.simulated.breakages import Breakage, breakage
from nocmesh.proving.simulated.faults import fault_named
from nocmesh.proving.simulated.mishap_kinds import CABLES, MISHAPS
from nocmesh.proving.simulated.mistakes import HEALTHY, KINDS
from nocmesh.proving.simulated.topology import CAMPUS, DEMO, PAIR, Topology
from nocmesh_agents.judgement.specialist import decide as specialist
from nocmesh_agents.remediation.concerns import curable
from nocmesh_agents.remediation.rules import decide as remediation
from nocmesh_agents.triage.rules import decide as triage

pytestmark = pytest.mark.real

PLACES = 4
"""Of each kind: the first ones of the campus."""
MENDED = {*curable(), "interface_admin_down"}
RISKS = ("low", "medium", "high", "critical")


def switches() -> Iterator[Any]:
    _, live = begun(CAMPUS)
    for kind in (*MISHAPS.values(), *CABLES.values()):
        for resource in islice(dict.fromkeys(place.resource(kind.on) for place in kind.where(live)), PLACES):
            if kind.name in MENDED:
                yield pytest.param(CAMPUS, kind.name, {"at": resource}, id=f"{kind.name}-{resource}")


def routers() -> Iterator[Any]:
    for topology in (DEMO, PAIR):
        _, live = begun(topology)
        for device, node in live.model.nodes.items():
            for far in [n.description for n in (node.running.bgp.neighbors.values() if node.running.bgp else [])]:
                for name in KINDS:
                    fault = fault_named(live, name, device, far)
                    if name != HEALTHY and name in MENDED and fault.kind.fits(fault.plan):
                        where = {"device": device, "target": far}
                        yield pytest.param(topology, name, where, id=f"{topology.name}-{name}-{device}-{far}")


def diagnosed(world: RememberedWorld, broken: Breakage) -> Diagnosis:
    [alert] = parse(msgspec.json.encode(broken.alert(world.live)), world.clock.now())
    verdict, _ = world.pursue(triage, "triage", alert=alert.to_dict(), incident_id="i")
    found, seen = world.pursue(specialist, "diagnose", alert=alert.to_dict(), devices=verdict["devices"])
    return verify_evidence(msgspec.convert(found, Diagnosis), seen)


def planned(world: RememberedWorld, diagnosis: Diagnosis) -> tuple[list[Change], str]:
    plan, _ = world.pursue(remediation, "plan", diagnosis=diagnosis.to_dict())
    return msgspec.convert(plan["changes"], list[Change]), plan["needs_person"]


@pytest.mark.parametrize(("topology", "name", "where"), [*switches(), *routers()])
def test_what_was_broken_is_as_it_was_and_can_be_undone(topology: Topology, name: str, where: dict[str, str]) -> None:
    world = RememberedWorld(topology)
    well = {device: world.config_sha256(device) for device in world.live.model.nodes}
    broken = breakage(world.live, name, **where)
    broken.inject(world.live)
    world.tick(60)
    diagnosis = diagnosed(world, broken)
    assert [{"resource": c.resource, "fault_type": c.fault_type} for c in diagnosis.root_causes] == [broken.expect]
    changes, person = planned(world, diagnosis)
    assert not person
    ill = {device: world.config_sha256(device) for device in well}
    for change in changes:
        assert RISKS.index(change.risk) >= RISKS.index(judge(built_in(), Asked(lines=change.commands)).risk)
        world.apply(change.device, change.commands)
    assert not broken.shows(world.live)
    proof, _ = world.pursue(
        specialist, "verify", diagnosis=diagnosis.to_dict(), changes=[change.to_dict() for change in changes]
    )
    assert proof["verification"] == "passed", proof
    assert {device: world.config_sha256(device) for device in well} == well
    for change in reversed(changes):
        world.apply(change.device, change.rollback)
    assert {device: world.config_sha256(device) for device in well} == ill
