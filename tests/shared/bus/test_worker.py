"""Working: at least once, in parallel up to the slots, again after failures, laid aside in the end."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from nocmesh.bus import Mesh, Received, stored
from nocmesh.bus.received import Raw
from nocmesh.errors import DeniedError, NotFoundError, PreconditionError
from nocmesh.ids import short_digest
from nocmesh.messages.people import DeadLetter
from nocmesh.messages.task import TaskAssignment
from nocmesh.messages.workflow import TimerDue
from nocmesh.proving.broker import Broker, MeshFor, eventually

pytestmark = pytest.mark.mesh


def task(task_id: str, assigned_to: str) -> TaskAssignment:
    return TaskAssignment(task_id=task_id, task_type="diagnose", assigned_to=assigned_to)


async def assign(mesh: Mesh, type_: str, *ids: str) -> None:
    for id in ids:
        await mesh.agents.publish(f"ai.tasks.assign.{type_}", task(id, type_), id=f"{type_}-{id}")


async def crew(mesh_for: MeshFor, type_: str) -> tuple[Mesh, Mesh]:
    """An orchestrator and an agent of a type of its own, with a consumer of its own."""
    orchestrator = await mesh_for("orchestrator")
    await orchestrator.agents.ensure_task_consumer(type_)
    return orchestrator, await mesh_for("agent", name=f"{type_}-1", type=type_)


async def tune(mesh_for: MeshFor, type_: str, **changes: object) -> None:
    """Other limits for the consumer of ``type_``, as an operator would set them."""
    link = (await mesh_for("provisioner", name=f"prov-{type_}")).agents._link
    config = (await stored.call(link, f"CONSUMER.INFO.TASKS.{type_}"))["config"]
    request = {"stream_name": "TASKS", "config": {**config, **changes}, "action": "update"}
    await stored.call(link, f"CONSUMER.CREATE.TASKS.{type_}.ai.tasks.assign.{type_}", request)


async def take_one(mesh: Mesh, type_: str, within: float = 5.0) -> Raw:
    """One message, pulled by hand, not acknowledged."""
    link = mesh.agents._link
    came: asyncio.Future[Raw] = asyncio.get_running_loop().create_future()

    async def take(raw: Raw) -> None:
        if not raw.status and not came.done():
            came.set_result(raw)

    inbox = link.unique()
    subscription = await link.subscribe(inbox, take)
    request = b'{"batch": 1, "expires": 9000000000}'
    await link.send(f"$JS.API.CONSUMER.MSG.NEXT.TASKS.{type_}", request, reply=inbox)
    async with asyncio.timeout(within):
        await came
    await link.unsubscribe(subscription)
    return came.result()


async def dead_letters(mesh: Mesh, type_: str) -> list[DeadLetter]:
    return [each.body async for each in mesh.agents.history("DEAD_AGENTS", f"ai.dead.agents.{type_}", DeadLetter)]


async def test_never_more_than_the_slots_are_in_hand(mesh_for: MeshFor) -> None:
    orchestrator, agent = await crew(mesh_for, "slots")
    running, most, done, gate = 0, 0, 0, asyncio.Event()

    async def handle(_: Received[TaskAssignment]) -> None:
        nonlocal running, most, done
        running += 1
        most = max(most, running)
        await gate.wait()
        running -= 1
        done += 1

    worker = await agent.agents.work("TASKS", "slots", TaskAssignment, handle, slots=3)
    await assign(orchestrator, "slots", *(str(n) for n in range(12)))
    await eventually(lambda: running == 3)
    link = (await mesh_for("probe")).agents._link
    info = await stored.call(link, "CONSUMER.INFO.TASKS.slots")
    assert (worker.in_hand, info["num_ack_pending"], info["num_pending"]) == (3, 3, 9)
    gate.set()
    await eventually(lambda: done == 12)
    assert most == 3


async def test_two_workers_share_the_work(mesh_for: MeshFor) -> None:
    orchestrator, one = await crew(mesh_for, "shared")
    other = await mesh_for("agent", name="shared-2", type="shared")
    seen: dict[str, list[str]] = {"one": [], "other": []}
    meet = asyncio.Barrier(2)

    async def handle(name: str, received: Received[TaskAssignment]) -> None:
        seen[name].append(received.body.task_id)
        await meet.wait()

    await one.agents.work("TASKS", "shared", TaskAssignment, lambda r: handle("one", r), slots=1)
    await other.agents.work("TASKS", "shared", TaskAssignment, lambda r: handle("other", r), slots=1)
    await assign(orchestrator, "shared", "1", "2", "3", "4")
    await eventually(lambda: len(seen["one"]) == len(seen["other"]) == 2)
    assert sorted(seen["one"] + seen["other"]) == ["1", "2", "3", "4"]


async def test_a_failure_is_tried_again_and_then_acknowledged(mesh_for: MeshFor) -> None:
    orchestrator, agent = await crew(mesh_for, "retry")
    tries: list[tuple[int, float]] = []

    async def handle(received: Received[TaskAssignment]) -> None:
        tries.append((received.attempt, asyncio.get_running_loop().time()))
        if len(tries) < 2:
            raise ConnectionError("not yet")

    worker = await agent.agents.work("TASKS", "retry", TaskAssignment, handle)
    await assign(orchestrator, "retry", "1")
    await eventually(lambda: worker.done == 1)
    assert [attempt for attempt, _ in tries] == [1, 2]
    assert tries[1][1] - tries[0][1] >= 0.45
    assert worker.failed == 1


async def test_what_keeps_failing_becomes_a_dead_letter_and_nothing_stays(mesh_for: MeshFor) -> None:
    orchestrator, agent = await crew(mesh_for, "doomed")
    await tune(mesh_for, "doomed", metadata={"nocmesh.attempts": "2"})

    async def handle(_: Received[TaskAssignment]) -> None:
        raise RuntimeError("it never works")

    worker = await agent.agents.work("TASKS", "doomed", TaskAssignment, handle)
    await assign(orchestrator, "doomed", "1")
    await eventually(lambda: worker.dead == 1)
    dashboard = await mesh_for("dashboard")
    (letter,) = await dead_letters(dashboard, "doomed")
    assert (letter.stream, letter.subject, letter.attempts) == ("TASKS", "ai.tasks.assign.doomed", 2)
    assert "it never works" in letter.error
    info = await stored.call((await mesh_for("probe")).agents._link, "CONSUMER.INFO.TASKS.doomed")
    assert (info["num_ack_pending"], info["num_pending"]) == (0, 0)


async def test_a_message_that_kills_its_workers_is_laid_aside_too(mesh_for: MeshFor) -> None:
    orchestrator, agent = await crew(mesh_for, "killer")
    await tune(mesh_for, "killer", metadata={"nocmesh.attempts": "1"}, ack_wait=300_000_000)
    await assign(orchestrator, "killer", "1")
    assert (await take_one(agent, "killer")).subject == "ai.tasks.assign.killer"
    handled: list[object] = []

    async def handle(received: Received[TaskAssignment]) -> None:
        handled.append(received)

    worker = await agent.agents.work("TASKS", "killer", TaskAssignment, handle)
    await eventually(lambda: worker.dead == 1)
    assert handled == []


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[]", b"{}", b"[" * 50_000, b'{"task_id":1}'])
async def test_a_hostile_body_is_laid_aside_and_the_others_flow_on(mesh_for: MeshFor, body: bytes) -> None:
    type_ = f"hostile-{short_digest(body.hex())[:8]}"
    orchestrator, agent = await crew(mesh_for, type_)
    done: list[str] = []

    async def handle(received: Received[TaskAssignment]) -> None:
        done.append(received.body.task_id)

    worker = await agent.agents.work("TASKS", type_, TaskAssignment, handle)
    await orchestrator.agents.publish(f"ai.tasks.assign.{type_}", body, id=f"{type_}-bad")
    await assign(orchestrator, type_, "good")
    await eventually(lambda: worker.done == 1 and worker.dead == 1)
    assert done == ["good"]
    (letter,) = await dead_letters(orchestrator, type_) or await dead_letters(await mesh_for("dashboard"), type_)
    assert "the body is no TaskAssignment" in letter.error


async def test_long_work_is_not_given_to_another_while_it_runs(mesh_for: MeshFor) -> None:
    orchestrator, agent = await crew(mesh_for, "long")
    await tune(mesh_for, "long", ack_wait=300_000_000)
    calls, gate = 0, asyncio.Event()

    async def handle(_: Received[TaskAssignment]) -> None:
        nonlocal calls
        calls += 1
        await gate.wait()

    worker = await agent.agents.work("TASKS", "long", TaskAssignment, handle)
    await assign(orchestrator, "long", "1")
    probe = (await mesh_for("probe")).agents._link
    started = asyncio.get_running_loop().time()

    async def waited() -> bool:
        info = await stored.call(probe, "CONSUMER.INFO.TASKS.long")
        assert (info["num_redelivered"], calls) in ((0, 0), (0, 1))
        return asyncio.get_running_loop().time() - started > 1.0

    await eventually(waited)
    gate.set()
    await eventually(lambda: worker.done == 1)
    assert calls == 1


async def test_a_late_acknowledgement_is_still_taken(mesh_for: MeshFor) -> None:
    orchestrator, agent = await crew(mesh_for, "late")
    await tune(mesh_for, "late", ack_wait=200_000_000)
    await assign(orchestrator, "late", "1")
    first = await take_one(agent, "late")
    second = await take_one(agent, "late")
    assert second.data == first.data
    await agent.agents._link.confirm(first.reply, b"+ACK", {}, timeout=2)
    info = await stored.call((await mesh_for("probe")).agents._link, "CONSUMER.INFO.TASKS.late")
    assert info["num_ack_pending"] == 0


async def test_stopping_finishes_what_is_in_hand_and_gives_back_the_rest(mesh_for: MeshFor) -> None:
    orchestrator, agent = await crew(mesh_for, "stop")
    started, gate, done = asyncio.Event(), asyncio.Event(), 0

    async def handle(_: Received[TaskAssignment]) -> None:
        nonlocal done
        started.set()
        await gate.wait()
        done += 1

    await agent.agents.work("TASKS", "stop", TaskAssignment, handle, slots=2)
    await assign(orchestrator, "stop", "1", "2", "3")
    await started.wait()
    stopping = asyncio.ensure_future(agent.drain(5))
    await asyncio.sleep(0)
    gate.set()
    await stopping
    assert done == 2
    info = await stored.call((await mesh_for("probe")).agents._link, "CONSUMER.INFO.TASKS.stop")
    assert (info["num_ack_pending"], info["num_pending"]) == (0, 1)


async def test_a_drain_ends_even_when_a_handler_does_not(mesh_for: MeshFor) -> None:
    orchestrator, agent = await crew(mesh_for, "stuck")
    started = asyncio.Event()

    async def handle(_: Received[TaskAssignment]) -> None:
        started.set()
        await asyncio.Event().wait()

    await agent.agents.work("TASKS", "stuck", TaskAssignment, handle)
    await assign(orchestrator, "stuck", "1")
    await started.wait()
    async with asyncio.timeout(3):
        await agent.drain(0.3)


async def test_a_consumer_that_was_not_provisioned_is_a_precondition(mesh_for: MeshFor) -> None:
    _, agent = await crew(mesh_for, "known")
    stranger = await mesh_for("agent", name="ghost-1", type="ghost")

    async def handle(_: Received[TaskAssignment]) -> None: ...

    with pytest.raises(PreconditionError, match="provision"):
        await stranger.agents.work("TASKS", "ghost", TaskAssignment, handle)
    with pytest.raises(DeniedError):
        await agent.agents.work("TASKS", "bgp", TaskAssignment, handle)


async def test_work_goes_on_after_the_broker_was_killed(mesh_on: MeshFor, broker: Broker) -> None:
    orchestrator, agent = await mesh_on("orchestrator"), await mesh_on("agent", type="bgp")
    done: set[str] = set()

    async def handle(received: Received[TaskAssignment]) -> None:
        done.add(received.body.task_id)

    await agent.agents.work("TASKS", "bgp", TaskAssignment, handle, slots=4)
    for number in range(3):
        await assign(orchestrator, "bgp", f"{number}a")
        await broker.kill()
        await broker.restart()
        await assign(orchestrator, "bgp", f"{number}b")
    await eventually(lambda: done == {f"{number}{part}" for number in range(3) for part in "ab"}, within=20)


async def test_work_in_hand_during_a_crash_is_done_and_settled(mesh_on: MeshFor, broker: Broker) -> None:
    orchestrator, agent = await mesh_on("orchestrator"), await mesh_on("agent", type="bgp")
    started, gate, calls = asyncio.Event(), asyncio.Event(), 0

    async def handle(_: Received[TaskAssignment]) -> None:
        nonlocal calls
        calls += 1
        started.set()
        await gate.wait()

    worker = await agent.agents.work("TASKS", "bgp", TaskAssignment, handle)
    await assign(orchestrator, "bgp", "1")
    await started.wait()
    await broker.kill()
    await broker.restart()
    gate.set()
    await eventually(lambda: worker.done >= 1 and worker.in_hand == 0, within=20)
    probe = (await mesh_on("probe")).agents._link

    async def settled() -> bool:
        info = await stored.call(probe, "CONSUMER.INFO.TASKS.bgp")
        return bool(info["num_ack_pending"] == 0 and info["num_pending"] == 0)

    await eventually(settled, within=20)


async def test_a_message_that_was_put_off_comes_again_after_a_crash(mesh_on: MeshFor, broker: Broker) -> None:
    orchestrator, agent = await mesh_on("orchestrator"), await mesh_on("agent", type="bgp")
    await tune(mesh_on, "bgp", ack_wait=2_000_000_000)
    failed, done = asyncio.Event(), asyncio.Event()

    async def handle(_: Received[TaskAssignment]) -> None:
        if not failed.is_set():
            failed.set()
            raise ConnectionError("not yet")
        done.set()

    worker = await agent.agents.work("TASKS", "bgp", TaskAssignment, handle)
    await assign(orchestrator, "bgp", "1")
    await eventually(lambda: worker.failed == 1)
    await broker.kill()
    await broker.restart()
    await asyncio.wait_for(done.wait(), 15)


async def test_a_timer_fires_at_its_time_and_a_past_one_at_once(mesh_for: MeshFor) -> None:
    orchestrator = await mesh_for("orchestrator")
    fired: asyncio.Queue[Received[TimerDue]] = asyncio.Queue()
    await orchestrator.core.work("TIMERS", "orchestrator", TimerDue, fired.put)
    now = datetime.now(UTC)
    for name, seconds in (("later", 1.0), ("past", -60.0)):
        at = now + timedelta(seconds=seconds)
        due = TimerDue(run_id="run-t", timer=name, due=at)
        await orchestrator.core.schedule(
            f"ai.workflows.timers.run-t.{name}", f"ai.workflows.due.run-t.{name}", due, id=f"timer-{name}", at=at
        )
    first, second = [await asyncio.wait_for(fired.get(), 5) for _ in range(2)]
    assert (first.body.timer, second.body.timer) == ("past", "later")
    assert second.at >= now + timedelta(seconds=0.9)
    assert second.speaker == orchestrator.me
    assert second.id == "timer-later"


async def test_a_timer_survives_a_crash_of_the_broker(mesh_on: MeshFor, broker: Broker) -> None:
    orchestrator = await mesh_on("orchestrator")
    at = datetime.now(UTC) + timedelta(seconds=1.5)
    await orchestrator.core.schedule(
        "ai.workflows.timers.r.t", "ai.workflows.due.r.t", TimerDue(run_id="r", timer="t", due=at), id="t", at=at
    )
    stored_timer = await orchestrator.core.last("ai.workflows.timers.r.t", TimerDue)
    assert stored_timer
    assert stored_timer.speaker == orchestrator.me
    await broker.kill()
    await broker.restart()
    fired: asyncio.Queue[Received[TimerDue]] = asyncio.Queue()
    await eventually(lambda: orchestrator.core.connected)
    await orchestrator.core.work("TIMERS", "orchestrator", TimerDue, fired.put)
    assert (await asyncio.wait_for(fired.get(), 10)).at >= at - timedelta(seconds=0.1)


async def test_a_stream_that_is_gone_is_said_to_be_gone(mesh_for: MeshFor) -> None:
    link = (await mesh_for("provisioner", name="prov-gone")).agents._link
    with pytest.raises(NotFoundError):
        await stored.call(link, "STREAM.INFO.NOWHERE")


async def test_a_pull_that_was_lost_is_asked_again(mesh_for: MeshFor) -> None:
    orchestrator, agent = await crew(mesh_for, "lostpull")
    done = asyncio.Event()

    async def handle(_: Received[TaskAssignment]) -> None:
        done.set()

    worker = await agent.agents.work("TASKS", "lostpull", TaskAssignment, handle)
    puller = worker._puller
    await eventually(lambda: puller._asked)
    await agent.agents._link.unsubscribe(puller._subscription)  # type: ignore[arg-type]
    puller._subscription = await agent.agents._link.subscribe(
        f"{puller._inbox}.{puller._round + 1}", puller._on_message
    )
    puller._heard -= 1000
    puller._wake.set()
    await assign(orchestrator, "lostpull", "1")
    await asyncio.wait_for(done.wait(), 5)


async def test_a_consumer_that_was_deleted_is_noticed_and_used_again_when_it_is_back(mesh_for: MeshFor) -> None:
    orchestrator, agent = await crew(mesh_for, "deleted")
    done = asyncio.Event()

    async def handle(_: Received[TaskAssignment]) -> None:
        done.set()

    await agent.agents.work("TASKS", "deleted", TaskAssignment, handle)
    link = (await mesh_for("provisioner", name="prov-deleted")).agents._link
    await stored.call(link, "CONSUMER.DELETE.TASKS.deleted")
    await orchestrator.agents.ensure_task_consumer("deleted")
    await assign(orchestrator, "deleted", "1")
    await asyncio.wait_for(done.wait(), 10)


async def test_a_message_stays_when_its_dead_letter_cannot_be_written(
    mesh_for: MeshFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    orchestrator, agent = await crew(mesh_for, "undead")
    await orchestrator.agents.publish("ai.tasks.assign.undead", b"[[", id="undead-1")
    given_back = asyncio.Event()
    link = agent.agents._link
    send = link.send

    async def watched(subject: str, data: bytes, *more: object, **named: object) -> bool:
        if data.startswith(b"-NAK"):
            given_back.set()
        return await send(subject, data, *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(link, "send", watched)
    monkeypatch.setattr("nocmesh.bus.worker.subject", lambda *_, **__: "ai.tasks.assign.forbidden")

    async def handle(_: Received[TaskAssignment]) -> None: ...

    worker = await agent.agents.work("TASKS", "undead", TaskAssignment, handle)
    await asyncio.wait_for(given_back.wait(), 5)
    assert worker.dead == 0
    monkeypatch.setattr(link, "send", send)
    info = await stored.call((await mesh_for("probe")).agents._link, "CONSUMER.INFO.TASKS.undead")
    assert info["num_ack_pending"] == 1


async def test_what_arrives_while_stopping_is_given_back(mesh_for: MeshFor) -> None:
    orchestrator, agent = await crew(mesh_for, "giveback")

    async def handle(_: Received[TaskAssignment]) -> None:
        raise AssertionError("it must not be worked on")

    worker = await agent.agents.work("TASKS", "giveback", TaskAssignment, handle)
    worker._stopping = True
    await assign(orchestrator, "giveback", "1")
    link = (await mesh_for("probe")).agents._link

    async def again() -> bool:
        return bool((await stored.call(link, "CONSUMER.INFO.TASKS.giveback"))["num_redelivered"])

    await eventually(again)
    await worker.stop(1)
