"""Who lives, who is asked, who is gone; who can do what, and why not the others."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.messages.agent import AgentCard, DiscoveryRequest, Heartbeat
from nocmesh_agents.orchestrator.registry import Member, beaten, discover, judge

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def member(name: str = "bgp-1", **more: Any) -> Member:
    card = AgentCard(
        agent_id=name,
        type=name.rsplit("-", 1)[0],
        version="1",
        capabilities=["diagnose"],
        tools=["device_state"],
        started_at=NOON,
        instance="i1",
    )
    return Member(card=card, last_sign=NOON, **more)


def beat(name: str = "bgp-1", instance: str = "i1", **more: Any) -> Heartbeat:
    base: dict[str, Any] = {"status": "busy", "load": 0.5, "interval": 1.0, "timestamp": NOON}
    return Heartbeat(agent_id=name, type="bgp", instance=instance, **{**base, **more})


def test_a_silent_agent_is_asked_before_the_second_beat_is_missed_and_gone_before_the_third() -> None:
    silent = member()
    assert judge(silent, after(3.4)) == "alive"
    assert judge(silent, after(3.5)) == "probe"
    asked = member(probed_at=after(3.5))
    assert judge(asked, after(5.4)) == "probe"
    assert judge(asked, after(5.5)) == "gone"


def test_nobody_is_dropped_unasked_even_when_the_judge_slept() -> None:
    assert judge(member(), after(600)) == "probe"
    assert judge(member(probed_at=after(600)), after(601)) == "probe"
    assert judge(member(probed_at=after(600)), after(601.5)) == "gone"


@given(st.floats(min_value=-1e9, max_value=1e9), st.floats(0, 1e6))
def test_no_interval_that_an_agent_claims_stops_the_judge(interval: float, seconds: float) -> None:
    assert judge(member(interval=interval), after(seconds)) in ("alive", "probe")
    dead = member(interval=interval, probed_at=NOON)
    assert judge(dead, after(3600 * 3)) == "gone"


def test_a_beat_is_a_sign_of_life_and_tells_the_load() -> None:
    known = {"bgp-1": member(probed_at=after(1))}
    found = beaten(known, beat(), after(2))
    assert found is not None
    assert (found.last_sign, found.probed_at, found.load, found.status) == (after(2), None, 0.5, "busy")
    assert found.interval == 1.0


def test_a_beat_of_a_stranger_or_of_a_dead_instance_revives_nobody() -> None:
    assert beaten({}, beat(), NOON) is None
    assert beaten({"bgp-1": member()}, beat(instance="i0"), NOON) is None


def found(members: list[Member], **wanted: str) -> tuple[list[str], dict[str, str]]:
    reply = discover(members, DiscoveryRequest(**wanted))
    return [c.agent_id for c in reply.candidates], {r.agent_id: r.reason for r in reply.rejected}


def test_the_least_loaded_comes_first() -> None:
    members = [member("bgp-1", load=0.9), member("bgp-2", load=0.1), member("bgp-3", load=0.1)]
    assert found(members) == (["bgp-2", "bgp-3", "bgp-1"], {})


@pytest.mark.parametrize(
    ("candidate", "wanted", "why"),
    [
        (member("ospf-1"), {"type": "bgp"}, "is of type ospf, not bgp"),
        (member(), {"capability": "brew"}, "cannot brew: it can diagnose, device_state"),
        (member(status="draining"), {}, "is going away"),
        (member(load=1.0), {}, "has no free slot"),
    ],
)
def test_who_is_not_chosen_hears_why(candidate: Member, wanted: dict[str, str], why: str) -> None:
    assert found([candidate], **wanted) == ([], {candidate.card.agent_id: why})


def test_a_tool_is_a_capability_too() -> None:
    assert found([member()], capability="device_state")[0] == ["bgp-1"]
    assert found([member(), member("ospf-1")], type="bgp", capability="diagnose")[0] == ["bgp-1"]
