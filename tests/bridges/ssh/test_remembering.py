"""`device_history`: what turned, bounded in time and number, with lines that evidence can quote."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bridges.ssh.changing import Bench

from nocmesh.agent.histories import BUCKET, history_key
from nocmesh.agent.toolbox import observed
from nocmesh.bus import Received
from nocmesh.clock import FixedClock, SystemClock
from nocmesh.diagnosis.evidence import stands
from nocmesh.diagnosis.facts import Facts
from nocmesh.diagnosis.history import Applied, History, Turn, pack
from nocmesh.messages.agent import ToolReply, ToolRequest
from nocmesh.messages.report import Evidence
from nocmesh.messages.session import ToolCall
from nocmesh.proving.broker import MeshFor
from nocmesh.subjects import subject
from nocmesh_bridges.ssh.remembering import MOST_TURNS, Rememberer

pytestmark = pytest.mark.mesh

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
async def bench(mesh_on: MeshFor) -> AsyncIterator[Bench]:
    async with Bench.open(mesh_on) as bench:
        reader = bench.executor.reader
        reader.tools.update(Rememberer(bench.meshes["bridge"], reader, FixedClock(NOW)).tools)
        yield bench


async def keep(mesh_on: MeshFor, **more: Any) -> None:
    monitor = await mesh_on("monitor", name="monitor", type="monitor")
    history = History(device="r1", at=NOW, began=NOW - timedelta(days=9), **more)
    await monitor.agents.bucket(BUCKET).put(history_key("r1"), pack(history))


async def call(bench: Bench, **arguments: Any) -> ToolReply:
    request = ToolRequest(tool="device_history", arguments={"device": "r1", **arguments}, call_id="c1")
    where = subject("ai.tools.call.<tool>", tool="device_history")
    now = SystemClock().now()
    return await bench.executor.reader.call(
        Received(subject=where, body=request, id="m", sequence=0, at=now, speaker=None, correlation_id="", headers={})
    )


def turn(minutes: float, after: str = "down") -> Turn:
    return Turn(kind="interface", what="e0", before="up", after=after, at=NOW - timedelta(minutes=minutes))


async def test_a_history_is_told_as_data_and_in_lines(bench: Bench, mesh_on: MeshFor) -> None:
    change = Applied(change_id="ch1", at=NOW, lines=["interface e0 | shutdown"])
    await keep(mesh_on, turns=[turn(2000), turn(10)], applied=[change])
    reply = await call(bench)
    asked = ToolCall(call_id="c1", tool="device_history", arguments={"device": "r1"})
    seen = observed(asked, reply)
    line = "2026-01-31T11:50:00Z interface e0: up, then down"
    assert seen.outputs[0].text.splitlines()[1:] == [line, "2026-01-31T12:00:00Z change ch1: interface e0 | shutdown"]
    assert stands(Evidence(observation_id="c1", device="r1", command="device_history r1", quote=line), seen)
    state = ToolCall(call_id="c2", tool="device_state", arguments={"device": "r1"})
    facts = Facts.gather(bench.executor.reader.network, [observed(state, ToolReply(call_id="c2", status="ok")), seen])
    history = facts.sights["r1"].history
    assert history is not None
    assert [each.after for each in history.turns] == ["down"]
    assert history.applied == [change]


async def test_older_turns_are_told_when_asked_for_and_never_too_many(bench: Bench, mesh_on: MeshFor) -> None:
    await keep(mesh_on, turns=[turn(5000 - n) for n in range(150)])
    assert (await call(bench)).content["history"]["turns"] == []
    assert len((await call(bench, minutes=6000)).content["history"]["turns"]) == MOST_TURNS


@pytest.mark.parametrize("minutes", [0, -1, "10", True, 10**9, 1.5])
async def test_nonsense_is_refused(bench: Bench, mesh_on: MeshFor, minutes: Any) -> None:
    await keep(mesh_on)
    reply = await call(bench, minutes=minutes)
    assert (reply.status, "whole number" in reply.error) == ("error", True)


async def test_a_device_that_nobody_has_looked_at_has_no_history(bench: Bench) -> None:
    reply = await call(bench)
    assert (reply.status, "has no history" in reply.error) == ("error", True)
