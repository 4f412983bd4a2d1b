"""The orchestrator against what others say of themselves, and against its own second hearing."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from nocmesh.agent.presence import BUCKET
from nocmesh.bus import Mesh, Received, Speaker
from nocmesh.clock import SystemClock
from nocmesh.engine.definition import Definition, Step
from nocmesh.engine.journal import Journal
from nocmesh.engine.state import RunState, Transition
from nocmesh.errors import BusError, LostRaceError, NotFoundError
from nocmesh.log import logger
from nocmesh.messages.agent import (
    AgentCard,
    Control,
    DiscoveryReply,
    DiscoveryRequest,
    Farewell,
    Heartbeat,
    Probe,
    ToolReply,
    ToolRequest,
)
from nocmesh.messages.approval import Decision
from nocmesh.messages.change import DeviceResult
from nocmesh.messages.task import TaskResult
from nocmesh.messages.workflow import RunControl, WorkflowRequest
from nocmesh.proving.broker import MeshFor, eventually
from nocmesh.runtime import Context
from nocmesh.settings import Settings
from nocmesh.subjects import subject, token
from nocmesh_agents.orchestrator import agent as module
from nocmesh_agents.orchestrator import workflows
from nocmesh_agents.orchestrator.agent import OpenRun, Orchestrator, next_due, overdue
from nocmesh_agents.orchestrator.agent import role as orchestrator
from nocmesh_agents.orchestrator.members import Members

pytestmark = pytest.mark.mesh

CHANGE = {
    "device": "r1",
    "platform": "frr",
    "commands": ["router bgp 65001", "no neighbor 10.0.0.1 shutdown"],
    "rollback": ["router bgp 65001", "neighbor 10.0.0.1 shutdown"],
    "pre_state": "abc",
}


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> dict[str, Definition]:
    table = dict(workflows.WORKFLOWS)
    monkeypatch.setattr(workflows, "WORKFLOWS", table)
    return table


async def run_of(mesh: Mesh, run_id: str) -> RunState:
    """The run, once it is there."""
    journal = Journal(mesh.core, "test")

    async def there() -> bool:
        return (await journal.load(run_id))[0] is not None

    await eventually(there, within=15)
    return await journal.state(run_id)


async def events_of(mesh: Mesh, run_id: str) -> list[str]:
    where = subject("ai.workflows.journal.<run_id>", run_id=run_id)
    found = mesh.core.history("JOURNAL", where, Transition)
    return [event.kind async for transition in found for event in transition.body.events]


# --- device_config


async def configure(mesh: Mesh, call_id: str = "c1", **more: Any) -> ToolReply:
    request = ToolRequest(tool="device_config", arguments={**CHANGE, **more}, call_id=call_id)
    where = subject("ai.tools.call.<tool>", tool="device_config")
    replies: list[ToolReply] = []

    async def answered() -> bool:
        try:
            replies.append(await mesh.agents.request(where, request, ToolReply))
        except NotFoundError:
            return False
        return True

    await eventually(answered)
    return replies[0]


async def test_a_change_of_configuration_starts_one_run_that_waits_for_two_people(host: Any, mesh_on: MeshFor) -> None:
    context, _ = await host(orchestrator)
    agent = await mesh_on("agent", name="bgp-1", type="bgp")
    first = await configure(agent, risk="low", change_id="of-my-own", requested_by="somebody else")
    again = await configure(agent)
    assert (first.status, first.content) == ("run_started", {"risk": "critical"})
    assert again.run_id == first.run_id, "an agent that was killed calls again with the same call"
    state = await run_of(context.mesh, first.run_id)
    [change] = state.parameters["changes"]
    assert (change["risk"], change["requested_by"], change["change_id"] != "of-my-own") == ("critical", "bgp", True)
    assert state.steps["approval"].status == "running"
    other = await configure(await mesh_on("agent", name="bgp-2", type="bgp"))
    assert other.run_id != first.run_id


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"device": ""}, "needs 'device'"),
        ({"rollback": []}, "needs 'rollback'"),
        ({"pre_state": ""}, "needs 'pre_state'"),
        ({"commands": "reload"}, "it needs device, platform"),
        ({"verify": [{"kind": "coffee_is_hot"}]}, "no check of kind"),
    ],
)
async def test_a_change_that_could_never_be_made_is_refused_at_once(
    host: Any, mesh_on: MeshFor, more: dict[str, Any], why: str
) -> None:
    await host(orchestrator)
    reply = await configure(await mesh_on("agent", name="bgp-1", type="bgp"), **more)
    assert (reply.status, reply.run_id) == ("refused", "")
    assert why in reply.error


async def test_how_long_an_approval_may_take_is_not_for_the_request_to_say(host: Any, mesh_on: MeshFor) -> None:
    context, _ = await host(orchestrator, approval_timeout_minutes=5)
    publisher = await mesh_on("publisher", name="itsm")
    for n, seconds in enumerate((1e12, "for ever")):
        parameters = {"changes": [{**CHANGE, "change_id": "c"}], "approval_seconds": seconds}
        body = WorkflowRequest(workflow_id=f"w{n}", workflow_type="config_change", parameters=parameters)
        await publisher.edge.publish(subject("ai.workflows.request"), body, id=f"w{n}")
        assert (await run_of(context.mesh, f"w{n}")).parameters["approval_seconds"] == 300


# --- answers, control, timers


async def waiting_run(context: Context, known: dict[str, Definition], run_id: str = "r1") -> str:
    """A run that waits for an agent; gives the task."""
    known["one"] = Definition(type="one", steps=[Step(id="a", type="invoke_agent", agent_type="bgp", timeout=60)])
    await Orchestrator(context).start(WorkflowRequest(workflow_id=run_id, workflow_type="one"))
    [task] = (await run_of(context.mesh, run_id)).steps["a"].waiting_for
    return task


def heard(subject_: str, body: Any, speaker: Speaker | None = None, id: str = "m1") -> Received[Any]:
    return Received(
        subject=subject_,
        body=body,
        id=id,
        sequence=1,
        at=SystemClock().now(),
        speaker=speaker,
        correlation_id="",
        headers={},
    )


async def context_of(mesh_on: MeshFor) -> Context:
    mesh = await mesh_on("orchestrator")
    return Context(mesh=mesh, settings=Settings(), clock=SystemClock(), log=logger(role="o"), name=mesh.me.name)


async def test_who_answered_is_who_signed_not_who_they_say_they_are(mesh_on: MeshFor, known: Any) -> None:
    context = await context_of(mesh_on)
    task = await waiting_run(context, known)
    result = TaskResult(task_id=task, status="completed", agent_id="bgp-1", run_id="r1", step="a")
    speaker = Speaker(name="bgp-2", role="agent", type="bgp")
    await Orchestrator(context)._task_done(heard("ai.tasks.complete.bgp-2", result, speaker))
    assert (await run_of(context.mesh, "r1")).steps["a"].claimed_by == "bgp-2"


@pytest.mark.parametrize("speaker", [None, Speaker(name="ospf-1", role="agent", type="ospf")])
async def test_an_answer_of_another_type_is_none(mesh_on: MeshFor, known: Any, speaker: Speaker | None) -> None:
    context = await context_of(mesh_on)
    task = await waiting_run(context, known)
    result = TaskResult(task_id=task, status="completed", run_id="r1", step="a")
    await Orchestrator(context)._task_done(heard("ai.tasks.complete.ospf-1", result, speaker))
    await Orchestrator(context)._task_done(heard("ai.tasks.complete.x", TaskResult(task_id="t", status="completed")))
    assert (await run_of(context.mesh, "r1")).steps["a"].status == "running"


async def test_a_word_of_control_that_comes_twice_is_one_word(mesh_on: MeshFor, known: Any) -> None:
    context = await context_of(mesh_on)
    await waiting_run(context, known)
    role = Orchestrator(context)
    for word in ("pause", "resume", "pause"):
        message = heard("ai.workflows.control.r1", RunControl(run_id="r1", action=word), id=f"{word}-1")
        await role._controlled(message)
        await role._controlled(message)
    assert (await run_of(context.mesh, "r1")).status == "running"
    assert (await events_of(context.mesh, "r1"))[-2:] == ["pause_requested", "resume_requested"]


async def test_decisions_and_results_reach_the_run_that_waits(mesh_on: MeshFor) -> None:
    context = await context_of(mesh_on)
    role = Orchestrator(context)
    changes = [{**CHANGE, "change_id": "c"}]
    await role.start(WorkflowRequest(workflow_id="w", workflow_type="config_change", parameters={"changes": changes}))
    [approval] = (await run_of(context.mesh, "w")).steps["approval"].waiting_for
    now = SystemClock().now()
    decision = Decision(
        approval_id=approval, run_id="w", step="approval", incident_id="", verdict="approved", change_id="c",
        change_hash="h", device="r1", quorum=2, requested_by="x", votes=[], decided_at=now, expires_at=now,
    )  # fmt: skip
    for _ in range(2):
        await role._decided(heard("ai.approvals.decisions.a", decision))
    [command] = (await run_of(context.mesh, "w")).steps["apply"].waiting_for
    result = DeviceResult(command_id=command, change_id="c", device="r1", outcome="confirmed", run_id="w", bridge="b")
    for _ in range(2):
        await role._changed(heard("ai.devices.results.r1", result))
    assert (await run_of(context.mesh, "w")).status == "finished"


async def test_what_the_sweep_knows_is_the_run_as_it_stands_in_whatever_order_it_is_told(
    mesh_on: MeshFor, known: Any
) -> None:
    """An old transition, dispatched again after a crash, does not hide a timer that is due."""
    context = await context_of(mesh_on)
    task = await waiting_run(context, known)
    role = Orchestrator(context)
    where = subject("ai.workflows.journal.<run_id>", run_id="r1")
    first = (await _transitions(context.mesh))[0]
    old = msgspec.structs.replace(first, commands=[], state=msgspec.structs.replace(first.state, steps={}))
    await role._appended(heard(where, old))
    bucket = context.mesh.core.bucket("runs")
    entry = await bucket.get(token("r1"))
    assert entry is not None
    assert msgspec.json.decode(entry.value, type=OpenRun).due == next_due(await run_of(context.mesh, "r1"))
    result = TaskResult(task_id=task, status="completed", run_id="r1", step="a")
    await role._task_done(heard("x", result, Speaker(name="bgp-1", role="agent", type="bgp")))
    last = (await _transitions(context.mesh))[-1]
    await role._appended(heard(where, last))
    assert await bucket.get(token("r1")) is None
    await role._appended(heard(where, old))
    assert await bucket.get(token("r1")) is None, "a run that is over stays over"


async def _transitions(mesh: Mesh) -> list[Transition]:
    return [r.body async for r in mesh.core.history("JOURNAL", "ai.workflows.journal.r1", Transition)]


async def test_a_note_that_others_write_meanwhile_is_written_anew(
    mesh_on: MeshFor, known: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = await context_of(mesh_on)
    await waiting_run(context, known)
    role, lost = Orchestrator(context), ["once"]
    note = role._note_now

    async def losing(run_id: str) -> None:
        if lost:
            lost.pop()
            raise LostRaceError("somebody was first")
        await note(run_id)

    monkeypatch.setattr(role, "_note_now", losing)
    await role._note("r1")
    assert await context.mesh.core.bucket("runs").get(token("r1")) is not None
    monkeypatch.setattr(module, "MAX_RACES", 2)
    lost += ["again", "and again"]
    with pytest.raises(BusError, match="noted by others 2 times"):
        await role._note("r1")


async def test_one_bad_note_does_not_keep_the_sweep_from_the_others(
    mesh_on: MeshFor, known: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = await context_of(mesh_on)
    known["nap"] = Definition(type="nap", steps=[Step(id="a", type="wait", seconds=0.05)])
    role = Orchestrator(context)
    bucket = context.mesh.core.bucket("runs")
    past = SystemClock().now() - timedelta(hours=1)
    await bucket.put(token("0-rubbish"), b"rubbish")
    await bucket.put(token("1-ghost"), OpenRun(run_id="1-ghost", due=past).to_json())
    await bucket.put(token("2-resting"), OpenRun(run_id="2-resting").to_json())
    await role.start(WorkflowRequest(workflow_id="nap", workflow_type="nap"))
    await role._note("nap")
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.0)
    due = next_due(await run_of(context.mesh, "nap"))
    assert due is not None
    await eventually(lambda: SystemClock().now() > due)
    await role._sweep_once()
    state = await run_of(context.mesh, "nap")
    assert (state.status, overdue(state, SystemClock().now())) == ("finished", [])
    assert await bucket.get(token("nap")) is None


async def test_a_sweep_that_fails_is_tried_again(host: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SWEEP_SECONDS", 0.02)
    swept: list[int] = []

    async def failing(self: Orchestrator) -> None:
        swept.append(1)
        raise BusError("away")

    monkeypatch.setattr(Orchestrator, "_sweep_once", failing)
    await host(orchestrator)
    await eventually(lambda: len(swept) > 2)


# --- the registry


def card(name: str = "bgp-1", type: str = "bgp", instance: str = "i1", **more: Any) -> AgentCard:
    base: dict[str, Any] = {"version": "1", "started_at": SystemClock().now(), "interval": 0.2}
    return AgentCard(agent_id=name, type=type, instance=instance, **{**base, **more})


async def register(mesh: Mesh, given: AgentCard) -> None:
    await mesh.agents.publish(subject("ai.agents.register"), given, id=f"{given.instance}-{SystemClock().now()}")


async def cards(mesh: Mesh) -> dict[str, str]:
    """Registered agents, with their instances."""
    entries = await mesh.agents.bucket(BUCKET).entries()
    found = [msgspec.json.decode(entry.value, type=AgentCard) for entry in entries]
    return {each.agent_id: each.instance for each in found if each.type != "orchestrator"}


async def registered(mesh: Mesh, expected: dict[str, str]) -> None:
    async def there() -> bool:
        return await cards(mesh) == expected

    await eventually(there, within=15)


async def test_nobody_registers_or_leaves_for_another_or_as_another_type(host: Any, mesh_on: MeshFor) -> None:
    context, _ = await host(orchestrator)
    evil = await mesh_on("agent", name="evil-1", type="custom")
    good = await mesh_on("agent", name="bgp-1", type="bgp")
    await register(evil, card("bgp-1", instance="evil"))
    await register(evil, card("evil-1", type="bgp", instance="evil"))
    await register(good, card())
    await registered(context.mesh, {"bgp-1": "i1"})
    now = SystemClock().now()
    farewell = Farewell(agent_id="bgp-1", type="bgp", instance="i1", reason="evil", at=now)
    await evil.agents.publish(subject("ai.agents.deregister"), farewell, id="f1")
    await good.agents.publish(
        subject("ai.agents.deregister"),
        Farewell(agent_id="bgp-1", type="bgp", instance="i0", reason="old", at=now),
        id="f2",
    )
    await register(good, card(instance="i2"))
    await registered(context.mesh, {"bgp-1": "i2"})


async def test_an_older_card_does_not_take_the_place_of_a_newer_one(mesh_on: MeshFor) -> None:
    context = await context_of(mesh_on)
    members = Members(context)
    now = SystemClock().now()
    await members._enter(card(instance="new", started_at=now))
    await members._enter(card(instance="old", started_at=now - timedelta(hours=1)))
    assert await cards(context.mesh) == {"bgp-1": "new"}
    await context.mesh.agents.bucket(BUCKET).put(token("bgp-1"), b"rubbish")
    await members._take_away("bgp-1", "new", "gone")
    await members._enter(card(instance="newer"))
    assert await cards(context.mesh) == {"bgp-1": "newer"}
    await members._take_away("nobody", "x", "gone")


async def test_an_unreadable_card_stops_nobodys_registry(host: Any, mesh_on: MeshFor) -> None:
    context, _ = await host(orchestrator)
    await context.mesh.agents.bucket(BUCKET).put(token("odd"), b"rubbish")
    good = await mesh_on("agent", name="bgp-1", type="bgp")
    await register(good, card())
    asker = await mesh_on("dashboard", name="dash")

    async def found() -> bool:
        where = subject("ai.agents.discovery.request")
        try:
            reply = await asker.agents.request(where, DiscoveryRequest(type="bgp"), DiscoveryReply)
        except NotFoundError:
            return False
        return [each.agent_id for each in reply.candidates] == ["bgp-1"]

    await eventually(found, within=15)


def beat(name: str = "bgp-1", instance: str = "i1", **more: Any) -> Heartbeat:
    base: dict[str, Any] = {"status": "available", "load": 0.0, "interval": 0.2, "timestamp": SystemClock().now()}
    return Heartbeat(agent_id=name, type="bgp", instance=instance, **{**base, **more})


async def members_with(mesh_on: MeshFor, *given: AgentCard) -> Members:
    members = Members(await context_of(mesh_on))
    for each in given:
        await members._enter(each)
        entry = await members._bus.bucket(BUCKET).get(token(each.agent_id))
        assert entry is not None
        await members._carded(entry)
    return members


async def test_nobody_beats_for_another(mesh_on: MeshFor) -> None:
    members = await members_with(mesh_on, card())
    [before] = members.all()
    evil = Speaker(name="evil-1", role="agent", type="custom")
    for speaker in (evil, None):
        await members._beaten(heard("ai.heartbeat.evil-1", beat(load=1.0), speaker))
    assert members.all() == [before]
    await members._beaten(heard("ai.heartbeat.bgp-1", beat(load=0.5), Speaker(name="bgp-1", role="agent", type="bgp")))
    assert members.all()[0].load == 0.5


async def test_a_stranger_that_keeps_beating_is_told_to_register(mesh_on: MeshFor) -> None:
    members = await members_with(mesh_on)
    agent = await mesh_on("agent", name="bgp-1", type="bgp")
    told: list[str] = []

    async def hear(received: Received[Control]) -> None:
        told.append(received.body.action)

    await agent.agents.listen(subject("ai.agents.control.<agent_id>", agent_id="bgp-1"), Control, hear)
    me = Speaker(name="bgp-1", role="agent", type="bgp")
    await members._beaten(heard("ai.heartbeat.bgp-1", beat(), me))
    assert told == []
    await members._beaten(heard("ai.heartbeat.bgp-1", beat(), me))
    await eventually(lambda: told == ["register"])
    await members._beaten(heard("ai.heartbeat.bgp-1", beat(status="draining"), me))
    assert told == ["register"], "who is leaving is let go"


async def test_who_answers_the_probe_stays_and_who_does_not_goes(mesh_on: MeshFor) -> None:
    members = await members_with(mesh_on, card(), card("bgp-2", instance="i2"))
    alive = await mesh_on("agent", name="bgp-1", type="bgp")

    async def answer(received: Received[Probe]) -> Heartbeat:
        return beat(load=0.25)

    await alive.agents.serve(subject("ai.agents.probe.<agent_id>", agent_id="bgp-1"), Probe, answer)
    for member in members.all():
        await members._act_on(member, "probe")
        await members._act_on(members._members[member.card.agent_id], "probe")
    assert len(members._probes) == 2, "each is asked once"
    await eventually(lambda: not members._probes)
    asked = {member.card.agent_id: member.probed_at for member in members.all()}
    assert asked["bgp-1"] is None
    assert asked["bgp-2"] is not None
    [dead] = [member for member in members.all() if member.card.agent_id == "bgp-2"]
    await members._act_on(dead, "gone")
    assert [member.card.agent_id for member in members.all()] == ["bgp-1"]
    assert await cards(members._context.mesh) == {"bgp-1": "i1"}


async def test_an_orchestrator_that_slept_drops_nobody_who_lives(host: Any, mesh_on: MeshFor) -> None:
    context, _ = await host(orchestrator)
    agent = await mesh_on("agent", name="bgp-1", type="bgp")

    probed: list[str] = []

    async def answer(received: Received[Probe]) -> Heartbeat:
        probed.append(received.body.asked_by)
        return beat()

    await agent.agents.serve(subject("ai.agents.probe.<agent_id>", agent_id="bgp-1"), Probe, answer)
    await register(agent, card())
    await registered(context.mesh, {"bgp-1": "i1"})
    probed.clear()
    time.sleep(1.5)  # noqa: ASYNC251 - nothing is heard and nothing is said: the whole process stands still
    await eventually(lambda: len(probed) > 2)
    assert await cards(context.mesh) == {"bgp-1": "i1"}


async def test_a_registry_that_cannot_write_goes_on_judging(mesh_on: MeshFor, monkeypatch: pytest.MonkeyPatch) -> None:
    members = await members_with(mesh_on, card())
    tried: list[str] = []

    async def failing(member: Any, verdict: str) -> None:
        tried.append(verdict)
        raise BusError("away")

    monkeypatch.setattr(members, "_act_on", failing)
    judging = asyncio.create_task(members._judge())
    await eventually(lambda: len(tried) > 1, within=15)
    members._context.stopping.set()
    await judging
