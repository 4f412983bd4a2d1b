"""Publishing: stored once, guarded, denied, timed out."""

import asyncio

import pytest

from nocmesh.bus import Received
from nocmesh.messages.task import TaskAssignment
from nocmesh.proving.broker import MeshFor

pytestmark = pytest.mark.mesh


def task(task_id: str, assigned_to: str = "ospf") -> TaskAssignment:
    return TaskAssignment(task_id=task_id, task_type="diagnose", assigned_to=assigned_to)


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
