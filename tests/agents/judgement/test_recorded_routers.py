"""Every fault of recorded labs of real routers is named exactly, and a healthy network is recognised.

Recorded once, so that the rules are tried against real answers wherever there is Python. The lab itself is tried in
tests/scenarios, and `nocmesh eval run` scores the whole mesh on it.
"""

from typing import Any

import pytest
from agents.judgement.replays import LABS, Replay, recording

from nocmesh.diagnosis.vocabulary import fault_types

BEYOND_US = {
    "link_packet_loss": "needs probes over the link, which come with the bounded reads",
    "link_packet_corruption": "needs probes over the link, which come with the bounded reads",
}
PAST = {("clos-isis-ibgp_rr", "bgp_max_prefix_exceeded"): "the session was up again at the moment of the recording"}
STORIES = [
    pytest.param(lab, each["fault"], id=f"{lab}-{each['fault']}")
    for lab in LABS
    for each in recording(lab)["faults"]
    if each["fault"] not in BEYOND_US and (lab, each["fault"]) not in PAST
]


@pytest.mark.real
@pytest.mark.parametrize(("lab", "fault"), STORIES)
def test_a_fault_on_real_routers_is_named_exactly_with_its_evidence(lab: str, fault: str) -> None:
    replay = Replay(lab, fault)
    diagnosis = replay.diagnosed()
    assert [(c.fault_type, c.resource) for c in diagnosis.root_causes] == [(fault, replay.fault["resource"])]
    assert all(cause.evidence for cause in diagnosis.root_causes)
    leads = [lead.fault_type for lead in diagnosis.unproven]
    assert set(leads) <= {"link_flap"}  # the same lab flapped before: its counters remember


@pytest.mark.real
def test_an_is_is_area_is_proven_by_the_net_of_both_routers() -> None:
    [found] = Replay("clos-isis-ibgp_rr", "isis_area_mismatch").diagnosed().root_causes
    nets = {evidence.device: evidence.quote for evidence in found.evidence if evidence.quote.startswith("net 49.")}
    assert len(nets) > 1
    guilty = nets.pop(found.resource.removeprefix("node/"))
    assert all(_area(net) != _area(guilty) for net in nets.values())


@pytest.mark.real
def test_an_is_is_level_is_proven_by_the_line_that_sets_it() -> None:
    [found] = Replay("clos-isis-ibgp_rr", "isis_level_mismatch").diagnosed().root_causes
    assert any("is-type" in evidence.quote or "circuit-type" in evidence.quote for evidence in found.evidence)


def _area(net: str) -> str:
    return ".".join(net.split()[1].split(".")[:-4])


@pytest.mark.real
@pytest.mark.parametrize(("lab", "fault"), STORIES)
def test_the_same_alert_on_the_healthy_network_is_a_false_positive(lab: str, fault: str) -> None:
    told = Replay(lab, fault).alert
    diagnosis = Replay(lab).diagnosed(told)
    assert (diagnosis.verdict, diagnosis.root_causes) == ("false_positive", [])


def test_every_recorded_fault_is_of_the_vocabulary() -> None:
    recorded: set[Any] = {each["fault"] for lab in LABS for each in recording(lab)["faults"]}
    assert recorded <= set(fault_types())
    assert len(recorded) > 50
