"""Agents on a real broker: they are there, take tasks, write down what they do, and leave nothing half answered."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from nocmesh.agent import Act, Agent, Case, Finish, HandOff, Move, Reasoner, RulesReasoner
from nocmesh.agent import base as base_module
from nocmesh.agent import toolbox as toolbox_module
from nocmesh.agent.loop import Budget, pursue
from nocmesh.agent.presence import Presence, card_of
from nocmesh.agent.session import LARGE, SessionJournal
from nocmesh.agent.toolbox import Toolbox
from nocmesh.bus import Mesh, Received
from nocmesh.clock import SystemClock
from nocmesh.errors import BusError, DeniedError, DeviceBusyError, LostRaceError, PreconditionError
from nocmesh.log import logger
from nocmesh.messages.agent import AgentCard, Control, Farewell, Handoff, Heartbeat, Probe, ToolReply, ToolRequest
from nocmesh.messages.session import Observation, SessionEvent, ToolCall
from nocmesh.messages.state import DeviceState, Output, Route
from nocmesh.messages.task import TaskAssignment, TaskCancel, TaskResult
from nocmesh.proving.broker import MeshFor, eventually
from nocmesh.runtime import Context
from nocmesh.settings import Settings
from nocmesh.subjects import subject, wildcard

pytestmark = pytest.mark.mesh

Start = Callable[..., Awaitable[tuple[Agent, Context]]]


class Bgp(Agent):
    """Whatever the test makes of it; its type has a queue already."""

    type = "bgp"
    capabilities = ("diagnose",)
    rules: Callable[[Case, Any], Move] | None = None

    def reasoner(self) -> Reasoner | None:
        return RulesReasoner(type(self).rules) if type(self).rules else None  # type: ignore[arg-type]


class Desk:
    """An orchestrator's hands."""

    def __init__(self, mesh: Mesh) -> None:
        self.mesh = mesh

    async def assign(self, task_id: str = "t1", **more: Any) -> TaskAssignment:
        task = TaskAssignment(task_id=task_id, task_type="diagnose", assigned_to="bgp", run_id="r", step="s", **more)
        where = subject("ai.tasks.assign.<assignee>", assignee="bgp")
        await self.mesh.agents.publish(where, task, id=task_id)
        return task

    async def cancel(self, task_id: str) -> None:
        where = subject("ai.tasks.cancel.<task_id>", task_id=task_id)
        await self.mesh.agents.emit(where, TaskCancel(task_id=task_id, reason="enough"))

    async def results(self) -> list[TaskResult]:
        found = self.mesh.agents.history("RESULTS", "ai.tasks.complete.*", TaskResult)
        return [received.body async for received in found]

    async def result(self) -> TaskResult:
        async def there() -> bool:
            return bool(await self.results())

        await eventually(there, within=20)
        return (await self.results())[0]

    async def session(self, task_id: str = "t1") -> list[SessionEvent]:
        where = subject("ai.agents.sessions.<type>.<session_id>", type="bgp", session_id=task_id)
        return [received.body async for received in self.mesh.agents.history("SESSIONS", where, SessionEvent)]


@pytest.fixture
async def desk(mesh_on: MeshFor) -> Desk:
    return Desk(await mesh_on("orchestrator"))


@pytest.fixture
async def start(mesh_on: MeshFor, tmp_path: Path) -> AsyncIterator[Start]:
    running: list[tuple[Context, asyncio.Task[None]]] = []

    async def starting(kind: type[Agent], name: str = "bgp-1", **flags: Any) -> tuple[Agent, Context]:
        mesh = await mesh_on(kind.bus_role, name=name, type=kind.type)
        settings = Settings(data=tmp_path, heartbeat_seconds=0.1, **flags)
        context = Context(mesh=mesh, settings=settings, clock=SystemClock(), log=logger(role=kind.type), name=name)
        agent = kind(context)
        running.append((context, asyncio.create_task(agent.run())))
        return agent, context

    yield starting
    for context, _ in running:
        context.stopping.set()
    for _, task in running:
        await task


# --- tasks


async def test_whatever_work_raises_is_an_answer(start: Start, desk: Desk) -> None:
    class Faulty(Bgp):
        async def work(self, case: Case) -> dict[str, Any] | HandOff:
            raise AttributeError("a defect")

    agent, _ = await start(Faulty)
    await desk.assign()
    result = await desk.result()
    assert (result.status, result.error, result.retryable) == ("failed", "AttributeError: a defect", True)
    await eventually(lambda: agent._failed == 1)


async def test_an_agent_without_a_way_to_work_says_so(start: Start, desk: Desk) -> None:
    await start(Bgp)
    await desk.assign()
    assert "neither a reasoner nor a `work`" in (await desk.result()).error


class Patient(Bgp):
    """Works until it is let go."""

    begun = 0
    free: asyncio.Event

    async def work(self, case: Case) -> dict[str, Any] | HandOff:
        type(self).begun += 1
        await type(self).free.wait()
        return {"begun": type(self).begun}


@pytest.fixture
def patient() -> type[Patient]:
    class Fresh(Patient):
        begun = 0
        free = asyncio.Event()

    return Fresh


async def test_a_task_called_off_before_it_is_taken_is_not_begun(
    start: Start, desk: Desk, patient: type[Patient]
) -> None:
    agent, _ = await start(patient)
    await eventually(lambda: bool(agent.mesh.agents))
    await _ready(desk, agent)
    await desk.cancel("t1")
    await eventually(lambda: "t1" in agent._called_off)
    await desk.assign()
    result = await desk.result()
    assert (result.status, result.error, result.retryable, patient.begun) == ("failed", "cancelled", False, 0)


async def _ready(desk: Desk, agent: Agent) -> None:
    """Until the agent hears what is cancelled."""

    async def hears() -> bool:
        await desk.cancel("nothing")
        return "nothing" in agent._called_off

    await eventually(hears)


async def test_a_running_task_is_called_off(start: Start, desk: Desk, patient: type[Patient]) -> None:
    await start(patient)
    await desk.assign()
    await eventually(lambda: patient.begun == 1)
    await desk.cancel("t1")
    result = await desk.result()
    assert (result.status, result.error) == ("failed", "cancelled")


async def test_only_the_latest_cancels_are_kept(
    start: Start, desk: Desk, patient: type[Patient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base_module, "MAX_CALLED_OFF", 2)
    agent, _ = await start(patient)
    await _ready(desk, agent)
    for n in range(3):
        await desk.cancel(f"t{n}")
    await eventually(lambda: list(agent._called_off) == ["t1", "t2"])


async def test_a_second_delivery_of_a_task_in_hand_starts_no_second_session(
    start: Start, desk: Desk, patient: type[Patient]
) -> None:
    agent, _ = await start(patient)
    task = await desk.assign()
    await eventually(lambda: patient.begun == 1)
    again = asyncio.create_task(agent._assigned(_delivered(task)))
    patient.free.set()
    await again
    assert (await desk.result()).result == {"begun": 1}
    assert patient.begun == 1


def _delivered(task: TaskAssignment) -> Received[TaskAssignment]:
    return Received(
        subject="ai.tasks.assign.bgp",
        body=task,
        id=task.task_id,
        sequence=1,
        at=SystemClock().now(),
        speaker=None,
        correlation_id="",
        headers={},
        attempt=2,
    )


async def test_shutting_down_in_the_middle_answers_nothing(start: Start, patient: type[Patient], desk: Desk) -> None:
    """Else the run would fail for it; the task is delivered again, to an instance that stays."""
    agent, _ = await start(patient)
    task = TaskAssignment(task_id="t9", task_type="diagnose", assigned_to="bgp")
    taking = asyncio.create_task(agent._assigned(_delivered(task)))
    await eventually(lambda: patient.begun == 1)
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    assert await desk.results() == []
    assert agent._running == {}


async def test_a_session_that_another_instance_took_over_is_left_to_it(start: Start, desk: Desk) -> None:
    class Loser(Bgp):
        async def work(self, case: Case) -> dict[str, Any] | HandOff:
            raise LostRaceError("another instance goes on")

    agent, _ = await start(Loser)
    await agent._assigned(_delivered(TaskAssignment(task_id="t1", task_type="x", assigned_to="bgp")))
    assert await desk.results() == []


async def test_a_handoff_is_a_result_and_is_told(start: Start, desk: Desk) -> None:
    class Passing(Bgp):
        rules = staticmethod(lambda case, seen: HandOff(thought="", to_type="ospf", reason="no BGP", context={"a": 1}))

    await start(Passing)
    await desk.assign()
    result = await desk.result()
    assert result.status == "handed_off"
    assert result.result == {"to_type": "ospf", "reason": "no BGP", "context": {"a": 1}}
    told = [r.body async for r in desk.mesh.agents.history("HANDOFFS", "ai.agents.handoff.*", Handoff)]
    assert [(handoff.to_type, handoff.reason) for handoff in told] == [("ospf", "no BGP")]


def look(case: Case, seen: Any) -> Move:
    if not seen:
        return Act(thought="look", calls=[ToolCall(call_id="c1", tool="wait", arguments={"seconds": 0})])
    return Finish(thought="seen", result={"seen": len(seen)})


async def test_a_session_that_ended_is_not_begun_again(start: Start, desk: Desk) -> None:
    """The agent died after its report and before its answer."""

    class Looking(Bgp):
        rules = staticmethod(look)

    agent, _ = await start(Looking)
    task = await desk.assign()
    await desk.result()
    before = len(await desk.session())
    again = await agent.work(Case(task=task))
    assert isinstance(again, dict)
    assert again["seen"] == 1
    assert len(await desk.session()) == before


async def test_a_handoff_that_was_written_is_made_as_it_was_written(start: Start, desk: Desk) -> None:
    class Passing(Bgp):
        rules = staticmethod(lambda case, seen: HandOff(thought="t", to_type="ospf", reason="no BGP", context={"a": 1}))

    agent, _ = await start(Passing)
    task = TaskAssignment(task_id="t1", task_type="x", assigned_to="bgp")
    first = await agent.work(Case(task=task))
    again = await agent.work(Case(task=task))
    assert isinstance(first, HandOff)
    assert isinstance(again, HandOff)
    assert (again.to_type, again.reason, again.context) == (first.to_type, first.reason, first.context)


def for_ever(case: Case, seen: Any) -> Move:
    return Act(thought="", calls=[ToolCall(call_id=f"c{len(seen)}", tool="wait", arguments={"seconds": 0})])


@pytest.mark.parametrize("budget", [Budget(steps=2), Budget(calls=2)])
async def test_a_budget_ends_a_session_that_does_not_end(mesh_on: MeshFor, desk: Desk, budget: Budget) -> None:
    mesh = await mesh_on("agent", name="bgp-1", type="bgp")
    task = TaskAssignment(task_id="t1", task_type="x", assigned_to="bgp")
    journal = SessionJournal(mesh.agents, SystemClock(), agent_type="bgp", agent_id="bgp-1", task=task)
    with pytest.raises(TimeoutError, match="used up without a result"):
        await pursue(Case(task=task), RulesReasoner(for_ever), journal, Toolbox(mesh.agents, session_id="t1"), budget)
    kinds = [event.kind for event in await desk.session()]
    assert (kinds.count("action"), kinds[-1]) == (2, "failed")


async def test_a_session_that_takes_too_long_is_ended(start: Start, desk: Desk) -> None:
    class Slow(Bgp):
        rules = staticmethod(
            lambda case, seen: Act(thought="", calls=[ToolCall(call_id="c", tool="wait", arguments={"seconds": 60})])
        )

    await start(Slow, agent_task_timeout=0.2)
    await desk.assign()
    result = await desk.result()
    assert (result.status, result.error.startswith("TimeoutError")) == ("failed", True)


# --- sessions


async def test_large_outputs_go_to_the_object_store_and_come_back(mesh_on: MeshFor) -> None:
    mesh = await mesh_on("agent", name="bgp-1", type="bgp")
    task = TaskAssignment(task_id="big", task_type="x", assigned_to="bgp")
    texts = ["x" * (LARGE + 1), "ü" * (LARGE // 2 + 1), "short", *("y" * (LARGE - 1) for _ in range(40))]
    outputs = [Output(command=f"show {n}", text=text) for n, text in enumerate(texts)]
    seen = [Observation(observation_id="o1", tool="device_show", outputs=outputs)]
    journal = SessionJournal(mesh.agents, SystemClock(), agent_type="bgp", agent_id="bgp-1", task=task)
    await journal.load()
    written = await journal.write("observation", "much", observations=seen)
    again = SessionJournal(mesh.agents, SystemClock(), agent_type="bgp", agent_id="bgp-1", task=task)
    await again.load()
    assert [output.text for output in again.seen[0].outputs] == texts
    assert written.observations == seen
    stored = [e.body async for e in mesh.agents.history("SESSIONS", "ai.agents.sessions.bgp.big", SessionEvent)]
    assert [bool(output.object) for output in stored[0].observations[0].outputs[:3]] == [True, True, False]


async def test_the_states_of_many_devices_fit_into_one_entry_and_come_back(mesh_on: MeshFor) -> None:
    mesh = await mesh_on("agent", name="bgp-1", type="bgp")
    task = TaskAssignment(task_id="wide", task_type="x", assigned_to="bgp")
    routes = [Route(prefix=f"10.{n // 250}.{n % 250}.0/24", protocol="bgp") for n in range(1000)]
    states = [
        DeviceState(device=f"r{n}", platform="frr", routes=routes, status={"routes": "parsed"}) for n in range(12)
    ]
    seen = [Observation(observation_id=s.device, tool="device_state", device=s.device, state=s) for s in states]
    assert sum(len(state.to_json()) for state in states) > 1_500_000
    journal = SessionJournal(mesh.agents, SystemClock(), agent_type="bgp", agent_id="bgp-1", task=task)
    await journal.load()
    await journal.write("observation", "many", observations=seen)
    again = SessionJournal(mesh.agents, SystemClock(), agent_type="bgp", agent_id="bgp-1", task=task)
    await again.load()
    assert [observation.state for observation in again.seen] == states
    stored = [e.body async for e in mesh.agents.history("SESSIONS", "ai.agents.sessions.bgp.wide", SessionEvent)]
    kept = [bool(observation.state) for observation in stored[0].observations]
    assert (kept[0], kept[-1]) == (True, False)
    assert all(bool(o.state) is not bool(o.state_object) for o in stored[0].observations)


async def test_two_sessions_of_one_instance_never_write_as_one(mesh_on: MeshFor) -> None:
    """The same task, delivered twice to the same instance: the second takes over, the first stops."""
    mesh = await mesh_on("agent", name="bgp-1", type="bgp")
    task = TaskAssignment(task_id="twice", task_type="x", assigned_to="bgp")
    one, two = (
        SessionJournal(mesh.agents, SystemClock(), agent_type="bgp", agent_id="bgp-1", task=task) for _ in range(2)
    )
    await one.load()
    await one.write("claimed", "first")
    await two.load()
    await two.write("claimed", "second")
    with pytest.raises(LostRaceError):
        await one.write("thought", "still here")


# --- tools


async def toolbox(mesh_on: MeshFor, answer: Any) -> Toolbox:
    """A toolbox whose `device_show` answers with what ``answer`` gives or raises."""
    bridge = await mesh_on("bridge", name="ssh-1", type="ssh")
    await bridge.agents.serve(subject("ai.tools.call.<tool>", tool="device_show"), ToolRequest, answer)
    agent = await mesh_on("agent", name="bgp-1", type="bgp")
    return Toolbox(agent.agents, session_id="s1", incident_id="i1")


CALL = ToolCall(call_id="c1", tool="device_show", arguments={"device": "r1"})


async def test_a_tool_is_called_with_the_session_and_its_answer_is_seen(mesh_on: MeshFor) -> None:
    asked: list[ToolRequest] = []

    async def answer(received: Received[ToolRequest]) -> ToolReply:
        asked.append(received.body)
        return ToolReply(call_id="c1", status="ok", content={"outputs": [{"command": "x", "text": "y"}]})

    seen = await (await toolbox(mesh_on, answer)).call(CALL)
    assert (seen.status, seen.outputs[0].text) == ("ok", "y")
    assert (asked[0].session_id, asked[0].incident_id, asked[0].call_id) == ("s1", "i1", "c1")


@pytest.mark.parametrize(("error", "status"), [(DeniedError("no"), "refused"), (BusError("broken"), "error")])
async def test_an_error_of_a_tool_is_seen(mesh_on: MeshFor, error: Exception, status: str) -> None:
    async def answer(received: Received[ToolRequest]) -> ToolReply:
        raise error

    seen = await (await toolbox(mesh_on, answer)).call(CALL)
    assert (seen.status, seen.error) == (status, str(error))


async def test_a_reading_whose_bridge_died_is_asked_again(mesh_on: MeshFor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolbox_module, "TRY_SECONDS", 0.2)
    asked: list[int] = []

    async def answer(received: Received[ToolRequest]) -> ToolReply:
        asked.append(1)
        if len(asked) == 1:
            await asyncio.sleep(1)
        return ToolReply(call_id="c1", status="ok")

    assert (await (await toolbox(mesh_on, answer)).call(CALL)).status == "ok"
    assert len(asked) == 2


async def test_a_device_that_is_busy_is_asked_again(mesh_on: MeshFor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolbox_module, "BUSY_SECONDS", 0.01)
    asked: list[int] = []

    async def answer(received: Received[ToolRequest]) -> ToolReply:
        asked.append(1)
        if len(asked) < 3:
            kind = type(DeviceBusyError("r1 is busy")).__name__
            return ToolReply(call_id="c1", status="error", error="r1 is busy", content={"kind": kind})
        return ToolReply(call_id="c1", status="ok")

    tools = await toolbox(mesh_on, answer)
    assert (await tools.call(CALL)).status == "ok"
    assert len(asked) == 3
    asked.clear()
    monkeypatch.setattr(toolbox_module, "CALL_SECONDS", toolbox_module.TRY_SECONDS)
    assert (await tools.call(CALL)).error == "r1 is busy", "nobody waits longer than a call may take"


async def test_a_tool_that_nobody_serves_is_waited_for_a_little(
    mesh_on: MeshFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolbox_module, "ABSENT_SECONDS", 0.3)
    agent = await mesh_on("agent", name="bgp-1", type="bgp")
    seen = await Toolbox(agent.agents, session_id="s").call(CALL)
    assert (seen.status, "nobody serves" in seen.error) == ("error", True)


async def test_a_tool_that_never_answers_is_an_error_in_the_end(
    mesh_on: MeshFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolbox_module, "TRY_SECONDS", 0.1)
    monkeypatch.setattr(toolbox_module, "CALL_SECONDS", 0.5)

    async def answer(received: Received[ToolRequest]) -> ToolReply:
        await asyncio.sleep(1.5)
        return ToolReply(call_id="c1", status="ok")

    assert (await (await toolbox(mesh_on, answer)).call(CALL)).status == "error"


# --- presence


class Heard:
    """What an orchestrator hears of agents."""

    def __init__(self, mesh: Mesh) -> None:
        self.mesh = mesh
        self.beats: list[Heartbeat] = []

    async def listen(self) -> "Heard":
        async def beat(received: Received[Heartbeat]) -> None:
            self.beats.append(received.body)

        await self.mesh.agents.listen(wildcard("ai.heartbeat.<agent_id>"), Heartbeat, beat)
        return self

    async def cards(self) -> list[AgentCard]:
        found = self.mesh.agents.history("REGISTRY", "ai.agents.register", AgentCard)
        return [received.body async for received in found]

    async def farewells(self) -> list[Farewell]:
        found = self.mesh.agents.history("REGISTRY", "ai.agents.deregister", Farewell)
        return [received.body async for received in found]


async def present(mesh_on: MeshFor, load: tuple[int, int, int] = (5, 2, 1)) -> Presence:
    mesh = await mesh_on("agent", name="bgp-1", type="bgp")
    context = Context(mesh=mesh, settings=Settings(), clock=SystemClock(), log=logger(role="bgp"), name="bgp-1")
    card = card_of(context, agent_type="bgp", version="1", kind="agent", capabilities=("diagnose",), load_limit=10)
    return Presence(mesh.agents, card, clock=SystemClock(), log=logger(role="bgp"), interval=0.05, load=lambda: load)


async def test_an_agent_registers_beats_answers_probes_and_says_goodbye(mesh_on: MeshFor, desk: Desk) -> None:
    heard = await Heard(desk.mesh).listen()
    async with await present(mesh_on) as presence:
        await eventually(lambda: len(heard.beats) > 2)
        probe = subject("ai.agents.probe.<agent_id>", agent_id="bgp-1")
        answer = await desk.mesh.agents.request(probe, Probe(asked_by="o"), Heartbeat)
        presence.drain()
        await eventually(lambda: heard.beats[-1].status == "draining")
    assert (answer.instance, answer.load, answer.done, answer.failed) == (presence.card.instance, 0.5, 2, 1)
    assert [beat.status for beat in heard.beats[:2]] == ["available", "available"]
    assert [(f.agent_id, f.instance, f.reason) for f in await heard.farewells()] == [
        ("bgp-1", presence.card.instance, "stopped")
    ]
    assert [card.agent_id for card in await heard.cards()] == ["bgp-1"]


async def test_a_full_agent_is_busy(mesh_on: MeshFor) -> None:
    beat = (await present(mesh_on, (10, 0, 0))).beat()
    assert (beat.status, beat.load) == ("busy", 1.0)


async def test_an_agent_that_was_dropped_registers_again_when_it_is_told_to(mesh_on: MeshFor, desk: Desk) -> None:
    heard = await Heard(desk.mesh).listen()
    where = subject("ai.agents.control.<agent_id>", agent_id="bgp-1")

    async def twice() -> bool:
        return len(await heard.cards()) == 2

    async with await present(mesh_on) as presence:
        await desk.mesh.agents.emit(where, Control(action="register"))
        await eventually(twice)
        presence.drain()
        await desk.mesh.agents.emit(where, Control(action="register"))
        await eventually(lambda: heard.beats and heard.beats[-1].status == "draining")
    assert await twice(), "who is leaving does not come back"


async def test_a_failing_agent_says_why_it_leaves(mesh_on: MeshFor, desk: Desk) -> None:
    heard = Heard(desk.mesh)
    with pytest.raises(PreconditionError):
        async with await present(mesh_on):
            raise PreconditionError("no licence")
    assert [farewell.reason for farewell in await heard.farewells()] == ["failed: no licence"]


async def test_beats_and_farewell_that_fail_are_no_crash(mesh_on: MeshFor, monkeypatch: pytest.MonkeyPatch) -> None:
    presence = await present(mesh_on)
    seen: list[str] = []

    async def refused(where: str, *args: Any, **more: Any) -> int:
        seen.append(where)
        raise DeniedError("revoked")

    async with presence:
        monkeypatch.setattr(presence._bus, "emit", refused)
        monkeypatch.setattr(presence._bus, "publish", refused)
        await eventually(lambda: len(seen) > 2)
    assert seen[-1] == "ai.agents.deregister"
