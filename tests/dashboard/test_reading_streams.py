"""From streams to read models: nothing is lost to a bad message or a slow database; who is there is kept up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from nocmesh.bus import Received
from nocmesh.clock import FixedClock
from nocmesh.diagnosis.baseline import Book, Taken
from nocmesh.errors import InvalidInputError
from nocmesh.log import logger
from nocmesh.messages.agent import AgentCard, Farewell, Heartbeat
from nocmesh_dashboard import reading
from nocmesh_dashboard.changes import change_of
from nocmesh_dashboard.readiness import judge
from nocmesh_dashboard.reading import Reading
from nocmesh_dashboard.roster import Roster

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
NEEDED = ("orchestrator", "triage", "bgp", "remediation")


def received(body: Any, sequence: int = 1) -> Received[Any]:
    return Received(
        subject="ai.x",
        body=body,
        id=str(sequence),
        sequence=sequence,
        at=NOW,
        speaker=None,
        correlation_id="",
        headers={},
    )


@dataclass
class Fussy:
    """A projector that refuses some messages, and fails at first as a database does that is away."""

    refuses: tuple[int, ...] = ()
    fails: int = 0

    def __post_init__(self) -> None:
        self.taken: list[int] = []

    async def apply_all(self, messages: Sequence[Received[Any]]) -> int:
        if self.fails:
            self.fails -= 1
            raise OSError("the database is away")
        if any(message.sequence in self.refuses for message in messages):
            raise InvalidInputError("no read model is made of this", field="body")
        self.taken += [message.sequence for message in messages]
        return len(messages)


async def read(projector: Any, count: int) -> list[int]:
    """Feed ``count`` messages, and give what was told of in the end."""
    told: list[int] = []
    done = asyncio.Event()

    def hear(message: Received[Any]) -> None:
        told.append(message.sequence)
        if len(told) == count:
            done.set()

    reader = Reading(projector, hear, logger())
    for sequence in range(1, count + 1):
        await reader._queue.put(received(None, sequence))
    task = asyncio.create_task(reader.run())
    async with asyncio.timeout(5):
        await done.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return told


async def test_one_message_that_is_refused_takes_no_other_with_it() -> None:
    projector = Fussy(refuses=(2,))
    assert await read(projector, 3) == [1, 2, 3]
    assert projector.taken == [1, 3]


async def test_a_database_that_is_away_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "AGAIN_SECONDS", 0.001)
    projector = Fussy(fails=3)
    await read(projector, 2)
    assert projector.taken == [1, 2]


def test_what_no_page_shows_is_an_error_of_ours() -> None:
    with pytest.raises(TypeError, match="str changes nothing"):
        change_of("text")


def card(name: str = "bgp", instance: str = "one", **more: Any) -> AgentCard:
    return AgentCard(agent_id=f"{name}-1", type=name, version="1", started_at=NOW, instance=instance, **more)


def beat(kind: str = "bgp", instance: str = "one") -> Heartbeat:
    return Heartbeat(
        agent_id=f"{kind}-1", type=kind, instance=instance, status="available", load=0.5, interval=2.0, timestamp=NOW
    )


class TestRoster:
    """Who is there, after restarts of either side."""

    def roster(self) -> tuple[Roster, FixedClock]:
        clock = FixedClock(NOW)
        return Roster(clock), clock

    async def test_an_old_card_says_what_an_agent_is_but_not_that_it_is_there(self) -> None:
        roster, _ = self.roster()
        roster.carded(card(tools=["x"]), NOW - timedelta(hours=1))
        assert roster.rows() == []
        await roster._beaten(received(beat()))
        assert [(row["liveness"], row["tools"]) for row in roster.rows()] == [("live", ["x"])]

    async def test_what_was_known_before_a_restart_comes_back_with_the_first_beat(self) -> None:
        roster, _ = self.roster()
        roster.seed({**card(tools=["x"]).to_dict(), "gone": False})
        roster.seed({"agent_id": "only-a-farewell", "type": "bgp"})
        assert roster.rows() == []
        await roster._beaten(received(beat()))
        assert [each.tools for each in roster.cards()] == [["x"]]

    async def test_a_beat_of_a_new_instance_is_not_dressed_in_the_old_card(self) -> None:
        roster, _ = self.roster()
        roster.seed(card(tools=["x"]).to_dict())
        await roster._beaten(received(beat(instance="two")))
        assert roster.rows()[0]["tools"] == []
        assert roster.cards() == []

    def test_a_farewell_is_shown_and_a_strangers_is_not(self) -> None:
        roster, _ = self.roster()
        roster.carded(card(), NOW)
        for name in ("bgp-1", "stranger"):
            roster.departed(Farewell(agent_id=name, type="bgp", instance="one", reason="stopped", at=NOW))
        assert [row["liveness"] for row in roster.rows()] == ["left"]

    async def test_the_page_is_told_only_when_it_would_look_different(self) -> None:
        roster, clock = self.roster()
        await roster._beaten(received(beat()))
        assert [roster.moved(), roster.moved()] == [True, False]
        await roster._beaten(received(beat()))
        assert not roster.moved()
        clock.at += timedelta(seconds=4)
        assert roster.moved()
        clock.at += timedelta(hours=1)
        assert roster.moved()
        assert roster.rows() == []


def book(device: str) -> Book:
    taken = Taken(number=1, slot=0, at=NOW, until=NOW, why="start")
    return Book(device=device, at=NOW, good=1, versions=[taken])


class TestReadiness:
    """What ``/api/ready`` says."""

    ALL = [card(kind) for kind in NEEDED]
    BRIDGE = card("ssh", kind="bridge", tools=["device_state"])

    def test_with_everybody_and_every_baseline_it_is_ready(self) -> None:
        facts = judge([*self.ALL, self.BRIDGE, card("monitor")], ["r1"], {"r1": book("r1")}, "", NEEDED)
        assert facts == {"agents": 6, "devices": 1, "baseline": "complete"}

    def test_a_device_without_baseline_is_named(self) -> None:
        facts = judge([*self.ALL, self.BRIDGE, card("monitor")], ["r1", "r2"], {"r1": book("r1")}, "", NEEDED)
        assert (facts["baseline"], facts["missing"]) == ("incomplete", ["the baseline of r2"])

    def test_a_device_that_cannot_be_reached_is_named_and_keeps_nobody_waiting(self) -> None:
        silent = Book(device="r2", at=NOW, status="unreachable", error="no route")
        facts = judge(
            [*self.ALL, self.BRIDGE, card("monitor")], ["r1", "r2"], {"r1": book("r1"), "r2": silent}, "", NEEDED
        )
        assert facts == {"agents": 6, "devices": 2, "baseline": "complete", "unreachable": ["r2"]}

    def test_a_device_that_answers_and_cannot_be_read_is_waited_for_with_its_reason(self) -> None:
        odd = Book(device="r1", at=NOW, status="error", error="half a configuration")
        facts = judge([*self.ALL, self.BRIDGE, card("monitor")], ["r1"], {"r1": odd}, "", NEEDED)
        assert facts["missing"] == ["the baseline of r1 (half a configuration)"]

    def test_a_device_that_was_read_once_is_enough_whatever_came_later(self) -> None:
        later = replace(book("r1"), status="error", error="half a configuration")
        assert "missing" not in judge([*self.ALL, self.BRIDGE, card("monitor")], ["r1"], {"r1": later}, "", NEEDED)

    def test_nobody_waits_for_baselines_that_nobody_takes(self) -> None:
        assert judge([*self.ALL, self.BRIDGE], ["r1"], {}, "", NEEDED) == {
            "agents": 5,
            "devices": 1,
            "baseline": "none",
        }

    @pytest.mark.parametrize("kind", ["orchestrator", "triage", "bgp", "remediation"])
    def test_a_missing_kind_of_agent_is_named(self, kind: str) -> None:
        cards = [each for each in self.ALL if each.type != kind]
        assert judge([*cards, self.BRIDGE], [], {}, "", NEEDED)["missing"] == [f"an agent of type {kind}"]

    def test_a_bridge_and_the_approvals_process_are_needed(self) -> None:
        assert judge(self.ALL, [], {}, "no answer", NEEDED)["missing"] == [
            "a bridge that serves device_state",
            "the approvals process (no answer)",
        ]
