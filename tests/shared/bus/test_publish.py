"""Publishing: stored once, guarded, denied, refused, timed out."""

import asyncio
from datetime import UTC, datetime

import pytest

from nocmesh.bus import Received, race
from nocmesh.errors import BusError, DeniedError, InvalidInputError, LostRaceError, OutcomeUnknownError
from nocmesh.messages.session import SessionEvent
from nocmesh.messages.task import TaskAssignment, TaskResult
from nocmesh.proving.broker import Broker, MeshFor

pytestmark = pytest.mark.mesh


def task(task_id: str, assigned_to: str = "ospf") -> TaskAssignment:
    return TaskAssignment(task_id=task_id, task_type="diagnose", assigned_to=assigned_to)


def entry(session_id: str, index: int, text: str = "") -> SessionEvent:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return SessionEvent(
        session_id=session_id, agent_type="isis", agent_id="isis-1", index=index, kind="thought", at=now, text=text
    )


async def test_a_message_arrives_with_its_speaker_and_correlation(mesh_for: MeshFor) -> None:
    orchestrator = await mesh_for("orchestrator")
    agent = await mesh_for("agent", type="ospf")
    arrived: asyncio.Queue[Received[TaskAssignment]] = asyncio.Queue()
    await agent.agents.work("TASKS", "ospf", TaskAssignment, arrived.put)
    sequence = await orchestrator.agents.publish("ai.tasks.assign.ospf", task("a"), id="hello-1", correlation_id="c-1")
    received = await asyncio.wait_for(arrived.get(), 5)
    assert (received.sequence, received.id, received.correlation_id) == (sequence, "hello-1", "c-1")
    assert received.body == task("a")
    assert received.speaker == orchestrator.me


async def test_the_same_id_is_stored_once_in_its_stream(mesh_for: MeshFor) -> None:
    bus = (await mesh_for("orchestrator")).agents
    first = await bus.publish("ai.tasks.assign.isis", task("a"), id="once")
    again = await bus.publish("ai.tasks.assign.isis", task("a"), id="once")
    elsewhere = await bus.publish("ai.tasks.assign.stp", task("b"), id="once")
    assert first == again == elsewhere


async def test_a_guarded_append_takes_only_the_next_message(mesh_for: MeshFor) -> None:
    bus = (await mesh_for("agent", name="isis-1", type="isis")).agents
    subject = "ai.agents.sessions.isis.guarded"
    first = await bus.publish(subject, entry("guarded", 0), id="g-0", expect_last=0)
    second = await bus.publish(subject, entry("guarded", 1), id="g-1", expect_last=first)
    with pytest.raises(LostRaceError) as lost:
        await bus.publish(subject, entry("guarded", 1, "other"), id="g-1b", expect_last=first)
    assert lost.value.facts["expected"] == first
    kept = [each.body.index async for each in bus.history("SESSIONS", subject, SessionEvent)]
    last = await bus.last(subject, SessionEvent)
    assert last
    assert (kept, last.sequence) == ([0, 1], second)


async def test_of_twenty_racers_one_wins(mesh_for: MeshFor) -> None:
    bus = (await mesh_for("agent", name="isis-1", type="isis")).agents
    subject = "ai.agents.sessions.isis.race"

    async def run(number: int) -> int | None:
        try:
            return await bus.publish(subject, entry("race", 0), id=f"racer-{number}", expect_last=0)
        except LostRaceError:
            return None

    results = await asyncio.gather(*(run(number) for number in range(20)))
    assert len([each for each in results if each]) == 1


async def test_a_guarded_append_whose_acknowledgement_was_lost_is_a_success(mesh_for: MeshFor) -> None:
    bus = (await mesh_for("agent", name="isis-1", type="isis")).agents
    subject = "ai.agents.sessions.isis.lost-ack"
    first = await bus.publish(subject, entry("lost-ack", 0), id="la-0", expect_last=0)
    second = await bus.publish(subject, entry("lost-ack", 1), id="la-1", expect_last=first)

    async def own(id: str, last: int) -> int:
        return await race.own(bus._link, bus._speech, subject, id, race.Behind(subject, last), LostRaceError("x"))

    # Another agent's run of the dedup window: the id is forgotten, the guard remains.
    assert await own("la-0", 0) == first
    assert await own("la-1", first) == second
    with pytest.raises(LostRaceError):
        await own("la-1", 0)
    with pytest.raises(LostRaceError):
        await own("la-2", second)


async def test_a_guard_may_span_a_wildcard(mesh_for: MeshFor) -> None:
    bus = (await mesh_for("agent", name="isis-1", type="isis")).agents
    span = "ai.agents.sessions.isis.*"
    last = await bus.last(span, SessionEvent)
    after = last.sequence if last else 0
    first = await bus.publish(
        "ai.agents.sessions.isis.w1", entry("w1", 0), id="w1", expect_last=after, expect_filter=span
    )
    with pytest.raises(LostRaceError):
        await bus.publish("ai.agents.sessions.isis.w2", entry("w2", 0), id="w2", expect_last=after, expect_filter=span)
    second = await bus.publish(
        "ai.agents.sessions.isis.w2", entry("w2", 0), id="w2", expect_last=first, expect_filter=span
    )
    assert second > first


async def test_what_permissions_forbid_is_denied_at_once(mesh_for: MeshFor) -> None:
    bus = (await mesh_for("agent", name="isis-1", type="isis")).agents
    for subject in ("ai.tasks.assign.bgp", "ai.tasks.complete.bgp-9", "ai.agents.sessions.bgp.s"):
        async with asyncio.timeout(2):
            with pytest.raises(DeniedError, match="may not publish"):
                await bus.publish(subject, task("x"), id="denied")


async def test_a_denial_does_not_touch_what_is_allowed_at_the_same_time(mesh_for: MeshFor) -> None:
    bus = (await mesh_for("agent", name="isis-1", type="isis")).agents
    result = TaskResult(task_id="t", status="completed")
    outcomes = await asyncio.gather(
        bus.publish("ai.tasks.complete.isis-1", result, id="ok-1"),
        bus.publish("ai.tasks.complete.isis-2", result, id="no-1"),
        bus.publish("ai.tasks.complete.isis-1", result, id="ok-2"),
        return_exceptions=True,
    )
    assert [isinstance(each, DeniedError) for each in outcomes] == [False, True, False]


@pytest.mark.parametrize(
    "subject",
    [
        "ai.tasks.assign.x 0\r\n\r\nPUB ai.tasks.assign.y 2\r\nhi",
        "ai.tasks.assign.*",
        "ai.tasks.>",
        "",
        "other.subject",
    ],
)
async def test_a_subject_that_injects_is_refused_before_it_is_sent(mesh_for: MeshFor, subject: str) -> None:
    bus = (await mesh_for("orchestrator")).agents
    with pytest.raises(InvalidInputError, match="no subject of ours"):
        await bus.publish(subject, task("x"), id="inject")
    with pytest.raises(InvalidInputError):
        await bus.emit(subject, task("x"))
    with pytest.raises(InvalidInputError):
        await bus.request(subject, task("x"), TaskAssignment)
    with pytest.raises(InvalidInputError):
        await bus.schedule(subject, subject, task("x"), id="inject", at=datetime.now(UTC))


async def test_a_header_that_injects_is_refused(mesh_for: MeshFor) -> None:
    bus = (await mesh_for("orchestrator")).agents
    with pytest.raises(InvalidInputError, match="control characters"):
        await bus.publish("ai.tasks.assign.stp", task("x"), id="h", headers={"X": "a\r\nNats-Msg-Id: b"})
    with pytest.raises(InvalidInputError):
        await bus.publish("ai.tasks.assign.stp", task("x"), id="a\r\nNats-Rollup: all")


async def test_a_message_that_is_too_large_says_where_it_belongs(mesh_for: MeshFor) -> None:
    bus = (await mesh_for("orchestrator")).agents
    large = TaskAssignment(task_id="x", task_type="t", assigned_to="stp", context={"text": "x" * 1_100_000})
    with pytest.raises(InvalidInputError, match="object store"):
        await bus.publish("ai.tasks.assign.stp", large, id="large")


async def test_what_no_stream_keeps_cannot_be_published(mesh_for: MeshFor) -> None:
    bus = (await mesh_for("orchestrator")).agents
    with pytest.raises(BusError, match="no stream takes"):
        await bus.publish("ai.tasks.cancel.t1", task("x"), id="nowhere", timeout=0.6)


async def test_a_publish_without_acknowledgement_has_an_unknown_outcome(mesh_on: MeshFor, broker: Broker) -> None:
    bus = (await mesh_on("orchestrator")).agents
    await broker.kill()
    with pytest.raises(OutcomeUnknownError, match="same id"):
        await bus.publish("ai.tasks.assign.stp", task("x"), id="unknown", timeout=0.5)


async def test_a_publish_outlives_a_crash_of_the_broker_and_is_stored_once(mesh_on: MeshFor, broker: Broker) -> None:
    bus = (await mesh_on("orchestrator")).agents
    await bus.publish("ai.tasks.assign.stp", task("0"), id="crash-0")
    await broker.kill()
    pending = [asyncio.ensure_future(bus.publish("ai.tasks.assign.stp", task(str(n)), id=f"crash-{n}")) for n in (1, 2)]
    await broker.restart()
    assert sorted(await asyncio.gather(*pending)) == [2, 3]
    assert await bus.publish("ai.tasks.assign.stp", task("1"), id="crash-1") in (2, 3)
    found = {each.id async for each in bus.history("TASKS", "ai.tasks.assign.stp", TaskAssignment)}
    assert found == {"crash-0", "crash-1", "crash-2"}


async def test_a_full_stream_refuses_instead_of_forgetting(mesh_on: MeshFor) -> None:
    from nocmesh.bus import stored

    provisioner = await mesh_on("provisioner")
    link = provisioner.edge._link
    config = (await stored.call(link, "STREAM.INFO.REQUESTS"))["config"]
    await stored.call(link, "STREAM.UPDATE.REQUESTS", {**config, "max_msgs": 2})
    bus = (await mesh_on("publisher")).edge
    for number in range(2):
        await bus.publish("ai.workflows.request", b"{}", id=f"full-{number}")
    with pytest.raises(BusError, match="full"):
        await bus.publish("ai.workflows.request", b"{}", id="full-2")
