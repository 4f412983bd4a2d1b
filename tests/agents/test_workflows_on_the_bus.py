"""Requests become runs, runs become tasks, tasks become results: over a real broker."""

import asyncio
from typing import Any

import pytest

from nocmesh.agent import Act, Agent, Case, Finish, HandOff, Move, Reasoner, RulesReasoner
from nocmesh.bus import Mesh
from nocmesh.engine.definition import Definition, Retry, Step
from nocmesh.engine.journal import Journal
from nocmesh.engine.state import RunState, Transition
from nocmesh.errors import NotFoundError
from nocmesh.messages.agent import DiscoveryReply, DiscoveryRequest
from nocmesh.messages.session import Observation, SessionEvent, ToolCall
from nocmesh.messages.task import TaskAssignment
from nocmesh.messages.workflow import RunControl, WorkflowRequest, WorkflowResponse
from nocmesh.proving.broker import MeshFor, eventually
from nocmesh.subjects import subject
from nocmesh_agents.orchestrator import workflows
from nocmesh_agents.orchestrator.agent import role as orchestrator

pytestmark = pytest.mark.mesh


class Greeter(Agent):
    """Ten lines are enough."""

    type = "greeter"
    capabilities = ("greet",)

    async def work(self, case: Case) -> dict[str, Any] | HandOff:
        return {"greeting": f"hello {case.task.parameters['name']}", "by": self.context.name}


def greetings(*steps: Step) -> Definition:
    return Definition(type="greetings", steps=list(steps), output={"a": "${steps.a.output}"})


def greet(step_id: str = "a", **more: Any) -> Step:
    return Step(
        id=step_id, type="invoke_agent", agent_type="greeter", parameters={"name": "${parameters.name}"}, **more
    )


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> dict[str, Definition]:
    table = dict(workflows.WORKFLOWS)
    monkeypatch.setattr(workflows, "WORKFLOWS", table)
    return table


async def request(mesh: Mesh, run_id: str, kind: str = "greetings", **parameters: Any) -> None:
    body = WorkflowRequest(workflow_id=run_id, workflow_type=kind, parameters=parameters, requester="test")
    await mesh.edge.publish(subject("ai.workflows.request"), body, id=run_id)


async def over(mesh: Mesh, run_id: str) -> RunState:
    """The run once it is over; ``mesh`` is an orchestrator's."""
    journal = Journal(mesh.core, "test")

    async def ended() -> bool:
        try:
            return (await journal.state(run_id)).over
        except NotFoundError:
            return False

    await eventually(ended, within=20)
    return await journal.state(run_id)


async def test_a_request_becomes_a_run_and_its_result(host: Any, known: Any, mesh_on: MeshFor) -> None:
    known["greetings"] = greetings(greet())
    context, _ = await host(orchestrator)
    await host(Greeter, name="greeter-1")
    publisher = await mesh_on("publisher", name="itsm")
    await request(publisher, "r1", name="nina")
    state = await over(context.mesh, "r1")
    assert state.result == {"a": {"greeting": "hello nina", "by": "greeter-1"}}
    assert state.steps["a"].claimed_by == "greeter-1"
    responses = [r async for r in context.mesh.edge.history("RESPONSES", "ai.workflows.response", WorkflowResponse)]
    assert [r.body.status for r in responses] == ["accepted", "finished"]


async def test_asking_twice_starts_one_run(host: Any, known: Any, mesh_on: MeshFor) -> None:
    known["greetings"] = greetings(greet())
    context, _ = await host(orchestrator)
    await host(Greeter, name="greeter-1")
    publisher = await mesh_on("publisher", name="itsm")
    body = WorkflowRequest(workflow_id="r2", workflow_type="greetings", parameters={"name": "x"})
    for again in range(3):
        await publisher.edge.publish(subject("ai.workflows.request"), body, id=f"r2-{again}")
    await over(context.mesh, "r2")
    starts = [
        e
        async for t in context.mesh.core.history("JOURNAL", "ai.workflows.journal.r2", Transition)
        for e in t.body.events
        if e.kind == "run_started"
    ]
    assert len(starts) == 1


async def test_an_unknown_workflow_is_refused_with_the_known_ones(host: Any, mesh_on: MeshFor) -> None:
    context, _ = await host(orchestrator)
    publisher = await mesh_on("publisher", name="itsm")
    await request(publisher, "r3", kind="make_coffee")

    async def answered() -> list[WorkflowResponse]:
        found = context.mesh.edge.history("RESPONSES", "ai.workflows.response", WorkflowResponse)
        return [r.body async for r in found]

    await eventually(answered)
    [response] = await answered()
    assert response.status == "rejected"
    assert "incident_response" in response.error


async def test_instances_share_the_work_and_two_orchestrators_never_take_a_step_twice(
    host: Any, known: Any, mesh_on: MeshFor
) -> None:
    known["greetings"] = greetings(greet("a"), greet("b"), greet("c"))
    first, _ = await host(orchestrator, name="orchestrator-1")
    await host(orchestrator, name="orchestrator-2")
    for n in range(3):
        await host(Greeter, name=f"greeter-{n}", max_concurrent_agents=1)
    publisher = await mesh_on("publisher", name="itsm")
    for n in range(20):
        await request(publisher, f"many-{n}", name=str(n))
    states = [await over(first.mesh, f"many-{n}") for n in range(20)]
    assert all(state.status == "finished" for state in states)
    assert len({step.claimed_by for state in states for step in state.steps.values()}) > 1
    by: set[str] = set()
    for n in range(20):
        where = f"ai.workflows.journal.many-{n}"
        transitions = [t.body async for t in first.mesh.core.history("JOURNAL", where, Transition)]
        assert [t.index for t in transitions] == list(range(len(transitions)))
        events = [event.id for t in transitions for event in t.events]
        assert len(events) == len(set(events))
        started = [event.step for t in transitions for event in t.events if event.kind == "step_started"]
        assert sorted(started) == ["a", "b", "c"]
        by |= {t.by for t in transitions}
    assert by == {"orchestrator-1", "orchestrator-2"}


class Stumbler(Agent):
    """Fails the first time."""

    type = "greeter"
    tried: set[str] = set()

    async def work(self, case: Case) -> dict[str, Any] | HandOff:
        if case.task.attempt == 1:
            raise ValueError("stumbled")
        return {"attempt": case.task.attempt}


async def test_a_failed_task_is_tried_again_by_the_brokers_clock(host: Any, known: Any, mesh_on: MeshFor) -> None:
    known["greetings"] = greetings(greet(retry=Retry(attempts=2, backoff=0.3)))
    context, _ = await host(orchestrator)
    await host(Stumbler, name="greeter-1")
    await request(await mesh_on("publisher", name="itsm"), "r5", name="x")
    state = await over(context.mesh, "r5")
    assert (state.status, state.steps["a"].output) == ("finished", {"attempt": 2})


async def test_nobody_answers_in_time(host: Any, known: Any, mesh_on: MeshFor) -> None:
    known["greetings"] = greetings(greet(timeout=0.5))
    context, _ = await host(orchestrator)
    await request(await mesh_on("publisher", name="itsm"), "r6", name="x")
    state = await over(context.mesh, "r6")
    assert state.status == "failed"
    assert "no answer within" in state.error


async def test_a_lost_wake_up_is_found_by_the_sweep(
    host: Any, known: Any, mesh_on: MeshFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nocmesh.engine.effects import Effects
    from nocmesh_agents.orchestrator import agent as module

    async def forget(self: Effects, state: RunState, command: Any) -> None:
        """The broker never fires."""

    monkeypatch.setattr(Effects, "_set_timer", forget)
    monkeypatch.setattr(module, "SWEEP_SECONDS", 0.3)
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.1)
    known["greetings"] = greetings(Step(id="a", type="wait", seconds=0.5))
    context, _ = await host(orchestrator)
    await request(await mesh_on("publisher", name="itsm"), "r7")
    assert (await over(context.mesh, "r7")).status == "finished"


class Sleeper(Agent):
    """Works until it is cancelled."""

    type = "greeter"
    was_stopped = False

    async def work(self, case: Case) -> dict[str, Any] | HandOff:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            Sleeper.was_stopped = True
            raise
        return {}


async def test_cancel_stops_work_that_runs(host: Any, known: Any, mesh_on: MeshFor) -> None:
    known["greetings"] = greetings(greet())
    context, _ = await host(orchestrator)
    await host(Sleeper, name="greeter-1")
    await request(await mesh_on("publisher", name="itsm"), "r8", name="x")
    journal = Journal(context.mesh.core, "test")

    async def running() -> bool:
        last, _ = await journal.load("r8")
        return last is not None and last.state.steps["a"].status == "running"

    await eventually(running)
    dashboard = await mesh_on("dashboard", name="dash")
    word = RunControl(run_id="r8", action="cancel", reason="wrong", person="nina", request_id="c1")
    await dashboard.core.publish(subject("ai.workflows.control.<run_id>", run_id="r8"), word, id="c1")
    state = await over(context.mesh, "r8")
    assert state.status == "cancelled"
    assert "nina: wrong" in state.error
    await eventually(lambda: Sleeper.was_stopped)


def look_twice(case: Case, seen: list[Observation]) -> Move:
    """Waits a little twice, then reports how often it looked."""
    if len(seen) < 2:
        call = ToolCall(call_id=f"{case.task.task_id}-{len(seen)}", tool="wait", arguments={"seconds": 0.01})
        return Act(thought=f"look {len(seen)}", calls=[call])
    return Finish(thought="seen enough", result={"looked": len(seen)})


class Looker(Agent):
    """A reasoning agent."""

    type = "greeter"

    def reasoner(self) -> Reasoner | None:
        return RulesReasoner(look_twice)  # type: ignore[arg-type]


async def test_a_session_is_journaled_and_another_instance_goes_on_from_what_was_seen(
    host: Any, known: Any, mesh_on: MeshFor
) -> None:
    known["greetings"] = greetings(greet())
    context, _ = await host(orchestrator)
    await host(Looker, name="greeter-1")
    await request(await mesh_on("publisher", name="itsm"), "r9", name="x")
    state = await over(context.mesh, "r9")
    task_id = await _task_of(context.mesh, "r9")
    where = subject("ai.agents.sessions.<type>.<session_id>", type="greeter", session_id=task_id)
    events = [e.body async for e in context.mesh.agents.history("SESSIONS", where, SessionEvent)]
    assert [e.kind for e in events] == [
        "claimed", "thought", "action", "observation", "thought", "action", "observation", "thought", "report",
    ]  # fmt: skip
    assert state.steps["a"].output["looked"] == 2
    assert state.steps["a"].output["reasoner"]["name"] == "rules"


async def test_a_session_begun_by_a_dead_instance_is_not_asked_again(host: Any, known: Any, mesh_on: MeshFor) -> None:
    from nocmesh.agent.session import SessionJournal
    from nocmesh.clock import SystemClock

    dead = await mesh_on("agent", name="greeter-0", type="greeter")
    known["greetings"] = greetings(greet())
    context, _ = await host(orchestrator)
    await request(await mesh_on("publisher", name="itsm"), "r10", name="x")
    await eventually(lambda: _has_task(context.mesh, "r10"))
    task = TaskAssignment(task_id=await _task_of(context.mesh, "r10"), task_type="work", assigned_to="greeter")
    journal = SessionJournal(dead.agents, SystemClock(), agent_type="greeter", agent_id="greeter-0", task=task)
    await journal.load()
    await journal.write("claimed", "took the task")
    call = ToolCall(call_id="first", tool="wait", arguments={"seconds": 0})
    await journal.write("action", "wait", calls=[call])
    await journal.write("observation", "waited", observations=[Observation(observation_id="first", tool="wait")])
    await journal.write("action", "wait", calls=[ToolCall(call_id="second", tool="wait", arguments={"seconds": 0})])
    await host(Looker, name="greeter-1")
    await over(context.mesh, "r10")
    await journal.load()
    assert [o.observation_id for o in journal.seen] == ["first", "second"]
    assert journal.events[-1].agent_id == "greeter-1"
    assert "took the session over" in [e.text for e in journal.events if e.kind == "claimed"][-1]


async def _has_task(mesh: Mesh, run_id: str) -> bool:
    last, _ = await Journal(mesh.core, "t").load(run_id)
    return last is not None


async def _task_of(mesh: Mesh, run_id: str) -> str:
    async for transition in mesh.core.history("JOURNAL", f"ai.workflows.journal.{run_id}", Transition):
        for command in transition.body.commands:
            if command.kind == "assign_task":
                return command.id
    raise AssertionError("no task")


async def found(mesh: Mesh, **wanted: str) -> DiscoveryReply:
    where = subject("ai.agents.discovery.request")
    return await mesh.agents.request(where, DiscoveryRequest(**wanted), DiscoveryReply)


async def test_discovery_names_candidates_and_says_why_not_the_others(host: Any, mesh_on: MeshFor) -> None:
    await host(orchestrator)
    await host(Greeter, name="greeter-1")
    asker = await mesh_on("dashboard", name="dash")

    async def all_there() -> bool:
        reply = await found(asker, capability="greet")
        return bool(reply.candidates and reply.rejected)

    await eventually(all_there)
    reply = await found(asker, capability="greet")
    assert [c.agent_id for c in reply.candidates] == ["greeter-1"]
    assert "cannot greet" in reply.rejected[0].reason


async def test_an_agent_that_leaves_is_gone_at_once_and_a_dead_one_within_three_beats(
    host: Any, mesh_on: MeshFor
) -> None:
    await host(orchestrator)
    leaving, _ = await host(Greeter, name="greeter-1")
    dying, task = await host(Greeter, name="greeter-2")
    asker = await mesh_on("dashboard", name="dash")

    async def names() -> set[str]:
        return {c.agent_id for c in (await found(asker, type="greeter")).candidates}

    async def both() -> bool:
        return await names() == {"greeter-1", "greeter-2"}

    async def one() -> bool:
        return await names() == {"greeter-2"}

    async def none() -> bool:
        return not await names()

    await eventually(both)
    leaving.stopping.set()
    await eventually(one)
    loop = asyncio.get_running_loop()
    await dying.mesh.agents._link._client.close()
    died = loop.time()
    await eventually(none)
    assert loop.time() - died < 3 * 0.2 + 0.5
    task.cancel()


async def test_a_dropped_agent_that_comes_back_is_asked_to_register_again(host: Any, mesh_on: MeshFor) -> None:
    context, _ = await host(orchestrator)
    await host(Greeter, name="greeter-1")
    asker = await mesh_on("dashboard", name="dash")

    async def there() -> bool:
        return bool((await found(asker, type="greeter")).candidates)

    async def gone() -> bool:
        return not await there()

    await eventually(there)
    await context.mesh.agents.bucket("agents").delete("greeter-1")
    await eventually(gone)
    await eventually(there)


async def test_a_result_from_an_agent_of_another_type_is_refused(host: Any, known: Any, mesh_on: MeshFor) -> None:
    from nocmesh.messages.task import TaskResult

    known["greetings"] = greetings(greet())
    context, _ = await host(orchestrator)
    await request(await mesh_on("publisher", name="itsm"), "r11", name="x")
    await eventually(lambda: _has_task(context.mesh, "r11"))
    task_id = await _task_of(context.mesh, "r11")
    liar = await mesh_on("agent", name="bgp-9", type="bgp")
    result = TaskResult(task_id=task_id, status="completed", agent_id="bgp-9", run_id="r11", step="a", attempt=1)
    where = subject("ai.tasks.complete.<agent_id>", agent_id="bgp-9")
    await liar.agents.publish(where, result, id="lie")
    await host(Greeter, name="greeter-1")
    state = await over(context.mesh, "r11")
    assert state.steps["a"].claimed_by == "greeter-1"
