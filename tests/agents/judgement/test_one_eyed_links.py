"""Links of which one end tells little, as a router beside an access switch: what damages their frames is named."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from agents.judgement.simulated_world import RememberedWorld, begun

from nocmesh.alerting.alertmanager import parse
from nocmesh.diagnosis.evidence import verify_evidence
from nocmesh.messages.report import Diagnosis
from nocmesh.proving.simulated.breakages import breakage
from nocmesh.proving.simulated.mishap_kinds import MISHAPS
from nocmesh.proving.simulated.topology import DEMO
from nocmesh_agents.judgement.specialist import decide as specialist
from nocmesh_agents.triage.rules import decide as triage

pytestmark = pytest.mark.real


def stories() -> Iterator[Any]:
    _, live = begun(DEMO)
    for kind in (MISHAPS["duplex_mismatch"], MISHAPS["interface_errors"]):
        for resource in dict.fromkeys(place.resource(kind.on) for place in kind.where(live)):
            yield pytest.param(kind.name, resource, id=f"{kind.name}-{resource}")


@pytest.mark.parametrize(("name", "resource"), list(stories()))
def test_damage_is_named_though_it_is_young_and_one_end_tells_no_duplex(name: str, resource: str) -> None:
    world = RememberedWorld(DEMO)
    broken = breakage(world.live, name, at=resource)
    broken.inject(world.live)
    world.tick(4)
    [alert] = parse(msgspec.json.encode(broken.alert(world.live)), world.clock.now())
    verdict, _ = world.pursue(triage, "triage", alert=alert.to_dict(), incident_id="i")
    assert verdict["verdict"] == "true_positive"
    found, seen = world.pursue(specialist, "diagnose", alert=alert.to_dict(), devices=verdict["devices"])
    diagnosis = verify_evidence(msgspec.convert(found, Diagnosis), seen)
    assert [(cause.resource, cause.fault_type) for cause in diagnosis.root_causes] == [(resource, name)]
