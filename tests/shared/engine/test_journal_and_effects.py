"""The journal on a real broker, and the effects that are sent from it: again and again, and once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from nocmesh.bus import Mesh, Received
from nocmesh.clock import SystemClock
from nocmesh.engine import journal as module
from nocmesh.engine.definition import Definition, Step
from nocmesh.engine.effects import Effects
from nocmesh.engine.journal import Journal
from nocmesh.engine.state import RunCommand, RunEvent, RunState, Transition
from nocmesh.errors import BusError, LostRaceError, NotFoundError
from nocmesh.log import logger
from nocmesh.messages.agent import ToolReply, ToolRequest
from nocmesh.messages.approval import ApprovalRequest
from nocmesh.messages.change import Change, DeviceCommand
from nocmesh.messages.task import TaskAssignment, TaskCancel
from nocmesh.messages.workflow import TimerDue, WorkflowResponse
from nocmesh.proving.broker import MeshFor, eventually
from nocmesh.subjects import subject, wildcard

pytestmark = pytest.mark.mesh

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ONE = Definition(type="t", steps=[Step(id="a", type="invoke_agent", agent_type="bgp")])


def started(run_id: str = "r1") -> RunEvent:
    data = {"definition": msgspec.to_builtins(ONE), "parameters": {}}
    return RunEvent(id=f"start:{run_id}", kind="run_started", at=NOON, ref=run_id, data=data)


async def transitions(mesh: Mesh, run_id: str = "r1") -> list[Transition]:
    where = subject("ai.workflows.journal.<run_id>", run_id=run_id)
    return [received.body async for received in mesh.core.history("JOURNAL", where, Transition)]


async def test_a_run_is_started_once_and_its_snapshot_is_its_fold(mesh_on: MeshFor) -> None:
    mesh = await mesh_on("orchestrator")
    journal = Journal(mesh.core, "o1")
    assert await journal.take("r1", RunEvent(id="x", kind="timer_fired", at=NOON)) is None, "there is no such run"
    commands = await journal.take("r1", started())
    assert [command.kind for command in commands or []] == ["assign_task", "set_timer"]
    assert await journal.take("r1", started()) is None
    state = await journal.state("r1")
    [task] = state.steps["a"].waiting_for
    data = {"status": "completed", "result": {"n": 1}}
    answer = RunEvent(id=f"answer:{task}", kind="answer_received", at=NOON, ref=task, data=data)
    assert await journal.take("r1", answer)
    assert await journal.take("r1", answer) is None
    assert (await journal.state("r1")).status == "finished"
    assert [transition.index for transition in await transitions(mesh)] == [0, 1]
    with pytest.raises(NotFoundError):
        await journal.state("r2")


async def test_many_orchestrators_that_take_the_same_events_write_each_once(mesh_on: MeshFor) -> None:
    meshes = [await mesh_on("orchestrator", name=f"o{n}") for n in range(3)]
    journals = [Journal(mesh.core, mesh.me.name) for mesh in meshes]
    await asyncio.gather(*(journal.take("r1", started()) for journal in journals))
    timers = [RunEvent(id=f"timer:{n}", kind="timer_fired", at=NOON, ref=f"t{n}") for n in range(10)]
    await asyncio.gather(*(journal.take("r1", timer) for journal in journals for timer in timers))
    written = await transitions(meshes[0])
    assert [transition.index for transition in written] == list(range(11))
    seen = [event.id for transition in written for event in transition.events if event.kind == "timer_fired"]
    assert sorted(seen) == sorted(timer.id for timer in timers)


async def test_a_race_that_is_always_lost_is_given_up(mesh_on: MeshFor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_RACES", 2)
    mesh = await mesh_on("orchestrator")

    async def lost(*args: Any, **more: Any) -> int:
        raise LostRaceError("somebody was first")

    monkeypatch.setattr(mesh.core, "publish", lost)
    with pytest.raises(BusError, match="lost the race 2 times"):
        await Journal(mesh.core, "o1").take("r1", started())


class Outbox:
    """Effects, and what became of them."""

    def __init__(self, mesh: Mesh) -> None:
        self.mesh = mesh
        self.answers: list[tuple[str, str, dict[str, Any]]] = []
        self.effects = Effects(mesh, SystemClock(), logger(role="o"), self._answered)

    async def _answered(self, run_id: str, ref: str, data: dict[str, Any]) -> None:
        self.answers.append((run_id, ref, data))

    async def send(self, kind: Any, command_id: str = "k1", times: int = 3, **data: Any) -> None:
        """Send one command, as often as a crash may make it."""
        state = RunState(run_id="r1", definition=ONE, correlation_id="i1", error="why")
        command = RunCommand(id=command_id, kind=kind, step="a", data=data)
        transition = Transition(run_id="r1", index=0, at=NOON, events=[], commands=[command], state=state)
        for _ in range(times):
            await self.effects.send(transition)


@pytest.fixture
async def outbox(mesh_on: MeshFor) -> Outbox:
    return Outbox(await mesh_on("orchestrator"))


async def test_a_task_is_assigned_once(outbox: Outbox) -> None:
    task = {"task_id": "t1", "task_type": "x", "assigned_to": "bgp"}
    await outbox.send("assign_task", task=task)
    history = outbox.mesh.agents.history("TASKS", "ai.tasks.assign.bgp", TaskAssignment)
    assert [(r.body.task_id, r.correlation_id) async for r in history] == [("t1", "i1")]


async def test_a_task_is_called_off_with_the_reason(outbox: Outbox, mesh_on: MeshFor) -> None:
    agent = await mesh_on("agent", name="bgp-1", type="bgp")
    heard: list[str] = []

    async def hear(received: Received[TaskCancel]) -> None:
        heard.append(received.body.reason)

    await agent.agents.listen(wildcard("ai.tasks.cancel.<task_id>"), TaskCancel, hear)
    await outbox.send("cancel_task", task_id="t1", times=1)
    await eventually(lambda: heard == ["why"])


def asked() -> dict[str, Any]:
    """The body of a request for an approval."""
    change = Change(change_id="c1", device="r1", platform="frr", commands=["x"], rollback=["y"])
    return {
        "approval_id": "a1",
        "run_id": "r1",
        "step": "a",
        "incident_id": "",
        "change": change.to_dict(),
        "change_hash": change.hash(),
        "risk": "critical",
        "quorum": 2,
        "requested_by": "x",
        "requested_at": NOON.isoformat(),
        "expires_at": NOON.isoformat(),
    }


async def test_an_approval_is_asked_for_once(outbox: Outbox) -> None:
    await outbox.send("request_approval", approval=asked())
    await outbox.send("request_approval", approval={**asked(), "quorum": 1})
    history = outbox.mesh.core.history("APPROVALS", "ai.approvals.pending.*", ApprovalRequest)
    assert [r.body.quorum async for r in history] == [2], "the first one stands"


async def test_an_approval_that_was_asked_for_long_ago_is_not_asked_for_again(outbox: Outbox) -> None:
    """Longer ago than the broker remembers message ids: only the guard knows."""
    approval = asked()
    where = subject("ai.approvals.pending.<id>", id="a1")
    await outbox.mesh.core.publish(where, msgspec.convert(approval, ApprovalRequest), id="forgotten")
    await outbox.send("request_approval", approval=approval)
    history = outbox.mesh.core.history("APPROVALS", where, ApprovalRequest)
    assert [r.id async for r in history] == ["forgotten"]


async def test_a_change_goes_to_its_device_once(outbox: Outbox, mesh_on: MeshFor) -> None:
    change = Change(change_id="c1", device="r1", platform="frr", commands=["x"], rollback=["y"]).to_dict()
    body = {"command_id": "k1", "run_id": "r1", "step": "a", "change": change, "approval_id": "a1"}
    await outbox.send("send_change", command={**body, "deadline": NOON.isoformat()})
    bridge = await mesh_on("bridge")
    history = bridge.core.history("COMMANDS", "ai.devices.commands.r1", DeviceCommand)
    assert [(r.body.command_id, r.body.deadline) async for r in history] == [("k1", NOON)]


async def test_a_timer_wakes_the_run(outbox: Outbox) -> None:
    due = SystemClock().now() + timedelta(seconds=0.2)
    await outbox.send("set_timer", timer="a.timeout.1", due=due.isoformat())
    where = subject("ai.workflows.due.<run_id>.<timer>", run_id="r1", timer="a.timeout.1")

    async def woken() -> list[TimerDue]:
        return [r.body async for r in outbox.mesh.core.history("TIMERS", where, TimerDue)]

    async def there() -> bool:
        return bool(await woken())

    await eventually(there)
    assert [(each.run_id, each.timer) for each in await woken()] == [("r1", "a.timeout.1")]


async def test_a_run_tells_its_end_once(outbox: Outbox) -> None:
    await outbox.send("respond", command_id="end", status="failed", error="no", result=None)
    history = outbox.mesh.edge.history("RESPONSES", "ai.workflows.response", WorkflowResponse)
    assert [(r.body.workflow_id, r.body.status, r.body.error, r.body.result) async for r in history] == [
        ("r1", "failed", "no", {})
    ]


async def test_a_notice_is_logged(outbox: Outbox) -> None:
    await outbox.send("notify", text="look here", times=1)


@pytest.mark.parametrize(
    ("served", "status", "error"), [(True, "ok", ""), (False, "error", "nobody serves"), (None, "error", "broken")]
)
async def test_a_tool_is_called_and_its_answer_taken_in(
    outbox: Outbox, mesh_on: MeshFor, served: bool | None, status: str, error: str
) -> None:
    bridge = await mesh_on("bridge")

    async def answer(received: Received[ToolRequest]) -> ToolReply:
        if served is None:
            raise BusError("broken")
        return ToolReply(call_id=received.body.call_id, status="ok", content={"x": 1})

    if served is not False:
        await bridge.agents.serve(subject("ai.tools.call.<tool>", tool="device_show"), ToolRequest, answer)
    await outbox.send("call_tool", tool="device_show", call_id="c1", arguments={}, times=1)
    [(run_id, ref, data)] = outbox.answers
    assert (run_id, ref, data["status"]) == ("r1", "c1", status)
    assert error in data["error"]
