"""Who is there: beats, cards and farewells, in any order that a restart makes of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from nocmesh.messages.agent import AgentCard, Heartbeat
from nocmesh_dashboard.liveness import Presence, beaten, carded, departed, forgotten, judge, row

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def card(instance: str = "one") -> AgentCard:
    return AgentCard(agent_id="bgp-1", type="bgp", version="1", tools=["x"], started_at=NOW, instance=instance)


def beat(instance: str = "one", load: float = 0.5) -> Heartbeat:
    return Heartbeat(
        agent_id="bgp-1", type="bgp", instance=instance, status="available", load=load, interval=2.0, timestamp=NOW
    )


def present(instance: str = "one") -> Presence:
    return beaten(carded(None, card(instance), NOW), beat(instance), NOW)


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [
        pytest.param(0, "live", id="now"),
        pytest.param(3.4, "live", id="one-late"),
        pytest.param(3.5, "slow", id="two-missed"),
        pytest.param(5.4, "slow", id="not-yet-three"),
        pytest.param(5.5, "gone", id="three-missed"),
    ],
)
def test_silence_makes_slow_then_gone(seconds: float, verdict: str) -> None:
    assert judge(present(), NOW + timedelta(seconds=seconds)) == verdict


def test_an_agent_without_card_is_shown_by_its_beat() -> None:
    shown = row(beaten(None, beat(load=0.25), NOW), NOW)
    assert (shown["type"], shown["load"], shown["liveness"]) == ("bgp", 0.25, "live")


def test_a_card_alone_is_there_with_unknown_load() -> None:
    shown = row(carded(None, card(), NOW), NOW)
    assert (shown["status"], shown["tools"]) == ("unknown", ["x"])


def test_the_late_beat_of_a_replaced_instance_changes_nothing() -> None:
    known = present("two")
    assert beaten(known, beat("one"), NOW + timedelta(seconds=9)) is known


def test_a_new_instance_starts_afresh() -> None:
    assert carded(present("one"), card("two"), NOW).beat is None
    assert carded(present("one"), card("one"), NOW).beat is not None


def test_who_says_goodbye_has_left_and_a_late_beat_does_not_bring_it_back() -> None:
    gone = departed(present(), "one", "stopped")
    assert gone is not None
    assert judge(beaten(gone, beat(), NOW), NOW) == "left"


def test_the_farewell_of_an_old_instance_says_nothing_about_the_new_one() -> None:
    known = present("two")
    assert departed(known, "one", "stopped") is known
    assert departed(None, "one", "stopped") is None


def test_who_is_long_gone_is_forgotten() -> None:
    assert not forgotten(present(), NOW + timedelta(seconds=60))
    assert forgotten(present(), NOW + timedelta(seconds=901))
