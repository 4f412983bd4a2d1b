"""Where nobody knows what was before, the ends of an adjacency are made alike, unless that would break another one."""

from typing import Any

import msgspec
import pytest
from agents.remediation.plans import Patient, configured, lines_of, stories

from nocmesh.diagnosis.configwords import MASK
from nocmesh.diagnosis.facts import Facts
from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.report import Diagnosis, RootCause
from nocmesh.messages.session import Observation
from nocmesh.messages.state import (
    ConfigLine,
    DeviceState,
    Interface,
    Ospf,
    OspfArea,
    OspfInterface,
    OspfNeighbor,
)
from nocmesh.network import Device, End, Link, Network
from nocmesh_agents.remediation.agreeing import as_the_far_end
from nocmesh_agents.remediation.concerns import curable
from nocmesh_agents.remediation.edits import Fix, Refusal
from nocmesh_agents.remediation.past import as_it_was
from nocmesh_agents.remediation.remedies import REMEDIES

pytestmark = pytest.mark.real

UNSEEN = {"ospf_cost_misconfig", "isis_metric_misconfig", "isis_level_mismatch", "ospf_area_type_mismatch"}
"""Without a baseline nobody knows that a cost moved; of a level and an area's kind it depends on who is asked."""
IGP = [fault for fault in curable() if fault.startswith(("ospf_", "isis_")) and not fault.endswith("_acl_block")]
STORIES = [pytest.param(*story, id="-".join(story)) for story in stories(set(IGP) - UNSEEN)]


def proven(patient: Patient) -> Diagnosis:
    """What the label says, as if somebody had proved it."""
    fault = patient.fault
    cause = RootCause(resource=fault["resource"], fault_type=fault["fault"], summary="proven.", confidence=1.0)
    return Diagnosis(verdict="true_positive", confidence=1.0, root_causes=[cause])


@pytest.mark.parametrize(("lab", "fault"), STORIES)
def test_without_a_past_the_far_end_says_what_is_right(lab: str, fault: str) -> None:
    patient = Patient(lab, fault, past=False)
    changes, person = patient.planned(proven(patient))
    assert changes
    assert not person
    for change in changes:
        after = configured(patient.running(change.device), change.commands)
        assert lines_of(after) == lines_of(patient.healthy(change.device))
        assert lines_of(configured(after, change.rollback)) == lines_of(patient.running(change.device))


@pytest.mark.parametrize("lab", ["clos-ospf-ebgp", "campus-ospf"])
def test_a_cost_that_moved_has_no_far_end_to_ask(lab: str) -> None:
    patient = Patient(lab, "ospf_passive_interface", past=False)
    cause = msgspec.structs.replace(proven(patient).root_causes[0], fault_type="ospf_cost_misconfig")
    diagnosis = msgspec.structs.replace(proven(patient), root_causes=[cause])
    changes, person = patient.planned(diagnosis)
    assert changes == []
    assert "nothing of ospf_cost_misconfig is seen" in person


AREA = "0.0.0.1"
FULL: dict[str, str] = {"b1": "full", "c1": "full"}
"""On the wire between b and c."""


def router(name: str, ports: list[str], *process: str) -> Observation:
    """What a router of an area shows whose process has those lines."""
    lines = [ConfigLine(section="", text="router ospf"), *(ConfigLine(section="router ospf", text=x) for x in process)]
    interfaces = [OspfInterface(name=port, area=AREA, network_type="point_to_point", passive=False) for port in ports]
    full = [OspfNeighbor(router_id="x", interface=port, state=FULL[port]) for port in ports if port in FULL]
    kind: Any = "stub" if process else "normal"
    ospf = Ospf(router_id=name, areas=[OspfArea(area=AREA, kind=kind)], interfaces=interfaces, neighbors=full)
    state = DeviceState(
        device=name,
        platform="frr",
        interfaces=[Interface(name=port, enabled=True, oper_up=True) for port in ports],
        ospf=ospf,
        config=lines,
        config_sha256="x",
        status=dict.fromkeys(["interfaces", "ospf", "config"], "parsed"),
    )
    return Observation(observation_id=name, tool="device_state", device=name, state=state)


def test_an_end_that_another_neighbour_agrees_with_does_not_follow_the_one_that_left() -> None:
    """a - b - c in one area: a says that it is no stub. Asked for b, nobody moves it to where a is, away from c."""
    devices = [Device(name=name, platform="frr", address=name) for name in "abc"]
    wires = [("a0", "b0"), ("b1", "c1")]
    links = [Link(a=End(device=x[0], interface=x), b=End(device=y[0], interface=y)) for x, y in wires]
    stub = f"area {AREA} stub"
    seen = [router("a", ["a0"]), router("b", ["b0", "b1"], stub), router("c", ["c1"], stub)]
    scene = Scene(Facts.gather(Network(devices=devices, links=links), seen))
    asked = RootCause(resource="node/b", fault_type="ospf_area_type_mismatch", summary="x.", confidence=1.0)
    [refusal] = as_the_far_end(scene, asked)
    assert isinstance(refusal, Refusal)
    assert "c, which it has" in refusal.reason
    [fix] = as_the_far_end(scene, msgspec.structs.replace(asked, resource="node/a"))
    assert isinstance(fix, Fix)
    assert [edit.do for edit in fix.edits] == [(stub,)]


def test_a_secret_of_the_far_end_is_not_copied() -> None:
    patient = Patient("clos-ospf-ebgp", "ospf_auth_mismatch", past=False)
    cause = msgspec.structs.replace(proven(patient).root_causes[0], resource="node/leaf1")
    diagnosis = msgspec.structs.replace(proven(patient), root_causes=[cause])
    changes, person = patient.planned(diagnosis)
    assert changes == []
    assert MASK in person
    assert "does not know there" in person


def test_what_was_is_asked_before_what_the_far_end_says() -> None:
    assert all(REMEDIES[fault][0] is as_it_was for fault in set(IGP) - {"ospf_duplicate_router_id"})
