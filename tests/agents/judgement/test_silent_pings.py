"""A filter that nobody can read shows by what it does: pings are not answered where a session is up."""

import pytest
from shared.diagnosis.sighted import facts, state
from shared.diagnosis.test_probe_tallies import observed

from nocmesh.diagnosis.probes import FEW, probes_of
from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.report import RootCause
from nocmesh.messages.session import Observation
from nocmesh.messages.state import Bgp, BgpNeighbor, FilterRule
from nocmesh_agents.judgement.filters import silent_to_pings

R1 = Bgp(asn=1, neighbors=[BgpNeighbor(address="10.0.0.2", session_state="established")])
DOWN = Bgp(asn=1, neighbors=[BgpNeighbor(address="10.0.0.2", session_state="active")])
ACCEPTS = [FilterRule(name="x", action="accept")]
SILENCE = observed("r1", "10.0.0.2", received=0, first_lost=True)


def judged(probe: Observation, bgp: Bgp, *, mine: bool = True, theirs: bool = False) -> list[RootCause]:
    here = state("r1", bgp=bgp, filters=ACCEPTS if mine else None)
    there = state("r2", filters=ACCEPTS if theirs else None)
    return list(silent_to_pings(Scene(facts(here, there), probes=probes_of([probe]))))


@pytest.mark.parametrize(("mine", "sure"), [(True, 0.6), (False, 0.4)], ids=["cause", "lead"])
def test_who_answers_no_ping_over_a_link_that_carries_a_session_drops_them(mine: bool, sure: float) -> None:
    [cause] = judged(SILENCE, R1, mine=mine)
    assert (cause.fault_type, cause.resource, cause.confidence) == ("icmp_acl_block", "node/r2", sure)
    assert f"{FEW - 1} pings" in cause.summary


def test_before_its_filters_were_asked_for_nothing_is_said() -> None:
    scene = Scene(facts(state("r1", bgp=R1, filters=ACCEPTS)), probes=probes_of([SILENCE]))
    assert list(silent_to_pings(scene)) == []


@pytest.mark.parametrize(
    ("probe", "bgp", "theirs"),
    [
        pytest.param(observed("r1", "10.0.0.2", received=1), R1, False, id="one-is-answered"),
        pytest.param(SILENCE, DOWN, False, id="no-session"),
        pytest.param(SILENCE, R1, True, id="its-filters-are-read"),
        pytest.param(observed("h1", "10.2.0.12", received=0), R1, False, id="another-subnet"),
    ],
)
def test_silence_that_means_something_else_is_no_filter(probe: Observation, bgp: Bgp, theirs: bool) -> None:
    assert judged(probe, bgp, theirs=theirs) == []
