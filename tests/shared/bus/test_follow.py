"""Following: in order, without gap or duplicate, through crashes; listening: what is lost is counted."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from nocmesh.bus import Bus, Received
from nocmesh.clock import FixedClock
from nocmesh.errors import DeniedError
from nocmesh.messages.agent import Heartbeat
from nocmesh.messages.session import SessionEvent
from nocmesh.messages.workflow import RunControl
from nocmesh.proving.broker import Broker, MeshFor, eventually

pytestmark = pytest.mark.mesh


def beat(agent_id: str, at: datetime | None = None) -> Heartbeat:
    return Heartbeat(
        agent_id=agent_id, type="bgp", instance="i", status="busy", load=0, timestamp=at or datetime.now(UTC)
    )


async def say(bus: Bus, run: str, *numbers: int) -> None:
    for number in numbers:
        control = RunControl(run_id=run, action="pause", reason=str(number))
        await bus.publish(f"ai.workflows.control.{run}", control, id=f"{run}-{number}")


async def test_what_is_stored_comes_first_and_then_what_comes(mesh_for: MeshFor) -> None:
    dashboard, orchestrator = await mesh_for("dashboard"), await mesh_for("orchestrator")
    await say(dashboard.core, "f1", 1, 2)
    seen: list[str] = []

    async def handle(received: Received[RunControl]) -> None:
        seen.append(received.body.reason)

    follower = await orchestrator.core.follow("CONTROL", RunControl, handle, subject_filter="ai.workflows.control.f1")
    await asyncio.wait_for(follower.caught_up.wait(), 5)
    assert seen == ["1", "2"]
    await say(dashboard.core, "f1", 3)
    await eventually(lambda: seen == ["1", "2", "3"])
    assert follower.position == await orchestrator.core.last_sequence("CONTROL")


async def test_a_follower_may_begin_in_the_middle(mesh_for: MeshFor) -> None:
    dashboard, orchestrator = await mesh_for("dashboard"), await mesh_for("orchestrator")
    await say(dashboard.core, "f2", 1)
    after = await orchestrator.core.last_sequence("CONTROL")
    seen: list[str] = []

    async def handle(received: Received[RunControl]) -> None:
        seen.append(received.body.reason)

    follower = await orchestrator.core.follow("CONTROL", RunControl, handle, after=after)
    await asyncio.wait_for(follower.caught_up.wait(), 5)
    await say(dashboard.core, "f2", 2)
    await eventually(lambda: seen == ["2"])


async def test_a_handler_that_fails_delays_and_never_skips(mesh_for: MeshFor) -> None:
    dashboard, orchestrator = await mesh_for("dashboard"), await mesh_for("orchestrator")
    tries: list[str] = []

    async def handle(received: Received[RunControl]) -> None:
        tries.append(received.body.reason)
        if len(tries) < 3:
            raise ConnectionError("the database is away")

    await orchestrator.core.follow("CONTROL", RunControl, handle, subject_filter="ai.workflows.control.f3")
    await say(dashboard.core, "f3", 1, 2)
    await eventually(lambda: tries == ["1", "1", "1", "2"])


async def test_a_hostile_message_is_skipped_and_counted(mesh_for: MeshFor) -> None:
    dashboard, orchestrator = await mesh_for("dashboard"), await mesh_for("orchestrator")
    seen: list[str] = []

    async def handle(received: Received[RunControl]) -> None:
        seen.append(received.body.reason)

    bus = orchestrator.core
    follower = await bus.follow("CONTROL", RunControl, handle, subject_filter="ai.workflows.control.f4")
    await dashboard.core.publish("ai.workflows.control.f4", b"[[", id="f4-bad")
    await say(dashboard.core, "f4", 1)
    await eventually(lambda: seen == ["1"])
    assert follower.skipped == 1
    assert [each.body.reason async for each in bus.history("CONTROL", "ai.workflows.control.f4", RunControl)] == ["1"]


async def test_history_reads_more_than_one_batch(mesh_for: MeshFor) -> None:
    dashboard = await mesh_for("dashboard")
    await asyncio.gather(*(say(dashboard.core, "f5", number) for number in range(600)))
    found = [each.sequence async for each in dashboard.core.history("CONTROL", "ai.workflows.control.f5", RunControl)]
    assert (len(found), found) == (600, sorted(found))
    later = dashboard.core.history("CONTROL", "ai.workflows.control.f5", RunControl, after=found[-2])
    assert [each.sequence async for each in later] == found[-1:]


async def test_nothing_stored_is_an_empty_history_and_no_last(mesh_for: MeshFor) -> None:
    dashboard = await mesh_for("dashboard")
    assert [x async for x in dashboard.core.history("CONTROL", "ai.workflows.control.none", RunControl)] == []
    assert await dashboard.core.last("ai.workflows.control.none", RunControl) is None


async def test_a_follower_goes_on_after_crashes_without_gap_or_duplicate(mesh_on: MeshFor, broker: Broker) -> None:
    dashboard, orchestrator = await mesh_on("dashboard"), await mesh_on("orchestrator")
    seen: list[str] = []

    async def handle(received: Received[RunControl]) -> None:
        seen.append(received.body.reason)

    await orchestrator.core.follow("CONTROL", RunControl, handle)
    for number in range(4):
        await say(dashboard.core, "f6", number * 10, number * 10 + 1)
        await broker.kill()
        pending = asyncio.ensure_future(say(dashboard.core, "f6", number * 10 + 2))
        await broker.restart()
        await pending
    expected = [str(number * 10 + part) for number in range(4) for part in range(3)]
    await eventually(lambda: seen == expected, within=30)


async def test_a_missing_number_makes_the_follower_begin_again_behind_the_last(mesh_for: MeshFor) -> None:
    dashboard, orchestrator = await mesh_for("dashboard"), await mesh_for("orchestrator")
    seen: list[str] = []

    async def handle(received: Received[RunControl]) -> None:
        seen.append(received.body.reason)

    bus = orchestrator.core
    follower = await bus.follow("CONTROL", RunControl, handle, subject_filter="ai.workflows.control.f7")
    await say(dashboard.core, "f7", 1)
    await eventually(lambda: seen == ["1"])
    follower._next += 1
    await say(dashboard.core, "f7", 2, 3)
    await eventually(lambda: seen == ["1", "2", "3"])


async def test_an_agent_may_not_follow(mesh_for: MeshFor) -> None:
    agent = await mesh_for("agent", type="bgp")

    async def handle(_: Received[SessionEvent]) -> None: ...

    with pytest.raises(DeniedError):
        await agent.agents.follow("SESSIONS", SessionEvent, handle)


async def test_a_beat_is_heard_with_its_speaker(mesh_for: MeshFor) -> None:
    agent, orchestrator = await mesh_for("agent", name="beat-1", type="bgp"), await mesh_for("orchestrator")
    heard: asyncio.Queue[Received[Heartbeat]] = asyncio.Queue()
    await orchestrator.agents.listen("ai.heartbeat.beat-1", Heartbeat, heard.put)
    await agent.agents.emit("ai.heartbeat.beat-1", beat("beat-1"))
    received = await asyncio.wait_for(heard.get(), 5)
    assert (received.speaker, received.sequence) == (agent.me, 0)


async def test_a_forged_or_stale_beat_is_dropped_and_counted(mesh_for: MeshFor) -> None:
    agent, orchestrator = await mesh_for("agent", name="beat-2", type="bgp"), await mesh_for("orchestrator")
    late = FixedClock(datetime.now(UTC) - timedelta(minutes=10))
    replayed = await mesh_for("agent", name="beat-2", type="bgp", clock=late)
    heard: list[str] = []

    async def handle(received: Received[Heartbeat]) -> None:
        heard.append(received.body.instance)
        raise RuntimeError("and the next is heard all the same")

    listener = await orchestrator.agents.listen("ai.heartbeat.beat-2", Heartbeat, handle)
    await agent.agents._link.send("ai.heartbeat.beat-2", beat("beat-2").to_json())
    await replayed.agents.emit("ai.heartbeat.beat-2", beat("beat-2"))
    await replayed.agents._link.flush()
    await agent.agents.emit("ai.heartbeat.beat-2", beat("beat-2"))
    await agent.agents.emit("ai.heartbeat.beat-2", beat("beat-2"))
    await eventually(lambda: listener.failed == 2)
    assert (listener.refused, heard) == (2, ["i", "i"])


async def test_what_a_slow_listener_loses_is_counted(mesh_for: MeshFor) -> None:
    agent, orchestrator = await mesh_for("agent", name="beat-3", type="bgp"), await mesh_for("orchestrator")
    gate = asyncio.Event()

    async def handle(_: Received[Heartbeat]) -> None:
        await gate.wait()

    listener = await orchestrator.agents.listen("ai.heartbeat.beat-3", Heartbeat, handle, limit=5)
    for _ in range(50):
        await agent.agents.emit("ai.heartbeat.beat-3", beat("beat-3"))
    await agent.agents._link.flush()
    await eventually(lambda: orchestrator.agents.dropped >= 40)
    gate.set()
    await eventually(lambda: listener.heard + orchestrator.agents.dropped == 50)


async def test_who_may_not_listen_is_told(mesh_for: MeshFor) -> None:
    agent = await mesh_for("agent", name="beat-4", type="bgp")

    async def handle(_: Received[Heartbeat]) -> None: ...

    with pytest.raises(DeniedError, match="may not listen"):
        await agent.agents.listen("ai.heartbeat.*", Heartbeat, handle)
