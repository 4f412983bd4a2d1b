"""What can be broken in a campus of switches, at several places each: named exactly, beside a baseline."""

from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any

import msgspec
import pytest
from agents.judgement.simulated_world import SimulatedWorld, begun

from nocmesh.alerting.alertmanager import parse
from nocmesh.diagnosis.evidence import verify_evidence
from nocmesh.messages.report import Diagnosis
from nocmesh.messages.state import DeviceState
from nocmesh.proving.simulated.breakages import Breakage, breakage
from nocmesh.proving.simulated.mishap_kinds import CABLES, MISHAPS
from nocmesh.proving.simulated.topology import CAMPUS
from nocmesh_agents.judgement.specialist import decide as specialist
from nocmesh_agents.triage.rules import decide as triage

pytestmark = pytest.mark.real

PLACES = 4
"""Of each kind: the first ones of the campus."""


@cache
def baseline(device: str) -> tuple[str, DeviceState]:
    """Configuration and state of a device of the campus when all was well."""
    return SimulatedWorld(CAMPUS).look(device)


class Campus(SimulatedWorld):
    """The campus, with a baseline of every device."""

    def __init__(self) -> None:
        super().__init__(CAMPUS)

    def past(self, device: str) -> tuple[str, DeviceState]:
        return baseline(device)


def stories() -> Iterator[Any]:
    _, live = begun(CAMPUS)
    for kind in (*MISHAPS.values(), *CABLES.values()):
        for resource in islice(dict.fromkeys(place.resource(kind.on) for place in kind.where(live)), PLACES):
            yield pytest.param(kind.name, resource, id=f"{kind.name}-{resource}")


def diagnosed(world: Campus, broken: Breakage) -> Diagnosis:
    [alert] = parse(msgspec.json.encode(broken.alert(world.live)), world.clock.now())
    verdict, _ = world.pursue(triage, "triage", alert=alert.to_dict(), incident_id="i")
    if verdict["verdict"] == "false_positive":
        return Diagnosis(verdict="false_positive", confidence=verdict["confidence"])
    found, seen = world.pursue(specialist, "diagnose", alert=alert.to_dict(), devices=verdict["devices"])
    return verify_evidence(msgspec.convert(found, Diagnosis), seen)


@pytest.mark.parametrize(("name", "resource"), list(stories()))
def test_what_happens_to_a_switch_is_named_and_nothing_else(name: str, resource: str) -> None:
    world = Campus()
    broken = breakage(world.live, name, at=resource)
    broken.inject(world.live)
    world.tick(60)
    assert broken.shows(world.live)
    diagnosis = diagnosed(world, broken)
    assert [(cause.resource, cause.fault_type) for cause in diagnosis.root_causes] == [(resource, name)]


@pytest.mark.parametrize("name", sorted(MISHAPS))
def test_the_alert_of_a_mishap_on_a_healthy_campus_is_a_false_positive(name: str) -> None:
    world = Campus()
    diagnosis = diagnosed(world, breakage(world.live, name))
    assert (diagnosis.verdict, diagnosis.root_causes) == ("false_positive", [])
