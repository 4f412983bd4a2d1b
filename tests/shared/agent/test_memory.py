"""A session goes on from what an earlier one of its incident saw a moment ago, and from nothing else."""

from datetime import timedelta
from typing import Any

import pytest

from nocmesh.agent import Act, Case, Finish, Move, RulesReasoner
from nocmesh.agent.loop import Budget, pursue
from nocmesh.agent.memory import FRESH, remembered, session_of
from nocmesh.agent.session import LARGE, SessionJournal
from nocmesh.agent.toolbox import Toolbox
from nocmesh.bus import Mesh
from nocmesh.clock import SystemClock
from nocmesh.messages.session import Observation, ToolCall
from nocmesh.messages.state import Output
from nocmesh.messages.task import TaskAssignment
from nocmesh.proving.broker import MeshFor

pytestmark = pytest.mark.mesh

TEXT = "x" * (LARGE + 1)


def task(kind: str, incident: str = "i1", **context: Any) -> TaskAssignment:
    name = f"{kind}-{incident}"
    return TaskAssignment(task_id=name, task_type="x", assigned_to=kind, incident_id=incident, context=context)


async def told(mesh: Mesh, work: TaskAssignment) -> SessionJournal:
    """A session of triage's that saw one thing."""
    journal = SessionJournal(mesh.agents, SystemClock(), agent_type="triage", agent_id="triage-1", task=work)
    await journal.load()
    seen = Observation(observation_id="o1", tool="device_state", device="r1", outputs=[Output(command="c", text=TEXT)])
    await journal.write("observation", "seen", observations=[seen])
    return journal


@pytest.fixture
async def mesh(mesh_on: MeshFor) -> Mesh:
    await told(await mesh_on("agent", name="triage-1", type="triage"), task("triage"))
    return await mesh_on("agent", name="bgp-1", type="bgp")


async def carried(mesh: Mesh, work: TaskAssignment, *, later: timedelta = timedelta()) -> list[Observation]:
    return await remembered(mesh.agents, work, SystemClock().now() + later)


async def test_what_was_seen_a_moment_ago_comes_back_whole(mesh: Mesh) -> None:
    reference = {"session": session_of("triage", task("triage"))}
    [seen] = await carried(mesh, task("bgp", triage=reference))
    assert (seen.observation_id, seen.outputs[0].text) == ("o1", TEXT)


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"triage": {"session": {"agent_type": "triage", "session_id": "nobody"}}},
        {"triage": {"session": {"agent_type": 7}}},
        {"triage": {"session": "triage-i1"}, "session": {"agent_type": "triage", "session_id": "triage-i1"}},
    ],
)
async def test_without_a_reference_nothing_comes_back(mesh: Mesh, context: dict[str, Any]) -> None:
    assert await carried(mesh, task("bgp", **context)) == []


async def test_what_is_old_or_of_another_incident_stays_where_it_is(mesh: Mesh) -> None:
    reference = {"session": session_of("triage", task("triage"))}
    assert await carried(mesh, task("bgp", triage=reference), later=FRESH) == []
    assert await carried(mesh, task("bgp", "i2", triage=reference)) == []


async def test_a_session_reasons_about_what_it_was_given_and_writes_only_its_own(mesh: Mesh) -> None:
    def rules(case: Case, seen: Any) -> Move:
        if len(seen) < 2:
            wait = ToolCall(call_id="w", tool="wait", arguments={"seconds": 0})
            return Act(thought="", calls=[wait])
        return Finish(thought="", result={"seen": [o.observation_id for o in seen]})

    work = task("bgp", triage={"session": session_of("triage", task("triage"))})
    journal = SessionJournal(mesh.agents, SystemClock(), agent_type="bgp", agent_id="bgp-1", task=work)
    journal.carried = await carried(mesh, work)
    tools = Toolbox(mesh.agents, session_id=work.task_id)
    end = await pursue(Case(task=work), RulesReasoner(rules), journal, tools, Budget(calls=1))
    assert isinstance(end, Finish)
    assert end.result == {"seen": ["o1", "w"]}
    assert [o.observation_id for o in journal.own] == ["w"]
