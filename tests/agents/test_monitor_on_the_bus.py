"""The monitor asks who is there, and every device whether it answers."""

import asyncio
from typing import Any

import pytest

from nocmesh.agent.network import publish_network
from nocmesh.bus import Mesh, Received
from nocmesh.messages.agent import ToolReply, ToolRequest
from nocmesh.messages.task import TaskAssignment, TaskResult
from nocmesh.network import Device, Network
from nocmesh.proving.broker import MeshFor, eventually
from nocmesh.subjects import subject
from nocmesh_agents.monitor.agent import Monitor
from nocmesh_agents.orchestrator.agent import role as orchestrator

pytestmark = pytest.mark.mesh

NETWORK = Network(devices=[Device(name=name, platform="frr", address="x") for name in ("r1", "r2")])


class Devices:
    """A bridge whose r2 does not answer."""

    def __init__(self, bridge: Mesh) -> None:
        self.bridge = bridge
        self.asked: list[tuple[str, str]] = []

    async def serve(self) -> None:
        for tool in ("device_state", "device_backup"):
            await self.bridge.agents.serve(subject("ai.tools.call.<tool>", tool=tool), ToolRequest, self._answer)

    async def _answer(self, received: Received[ToolRequest]) -> ToolReply:
        call = received.body
        self.asked.append((call.tool, call.arguments["device"]))
        if call.arguments["device"] == "r2":
            return ToolReply(call_id=call.call_id, status="unreachable", error="no route")
        return ToolReply(call_id=call.call_id, status="ok", content={"sha256": "abc"})


async def devices(mesh_on: MeshFor) -> Devices:
    found = Devices(await mesh_on("bridge", name="ssh-1", type="ssh"))
    await found.serve()
    return found


async def checked(mesh_on: MeshFor, parameters: dict[str, Any]) -> TaskResult:
    """The answer to a health check; the task is put where an orchestrator would put it."""
    mesh = await mesh_on("orchestrator", name="asker")
    task = TaskAssignment(task_id="t1", task_type="health_check", assigned_to="monitor", parameters=parameters)
    await mesh.agents.publish(subject("ai.tasks.assign.<assignee>", assignee="monitor"), task, id="t1")

    async def results() -> list[TaskResult]:
        return [r.body async for r in mesh.agents.history("RESULTS", "ai.tasks.complete.*", TaskResult)]

    async def answered() -> bool:
        return bool(await results())

    await eventually(answered, within=20)
    return (await results())[0]


async def test_a_health_check_names_who_is_missing_and_what_is_silent(host: Any, mesh_on: MeshFor) -> None:
    found = await devices(mesh_on)
    await publish_network(found.bridge.agents, NETWORK)
    await host(orchestrator)
    await host(Monitor)
    result = await checked(mesh_on, {"devices": None})
    assert result.status == "completed"
    assert result.result["unreachable"] == {"r2": "no route"}
    assert set(result.result["missing_types"]) == {"triage", "bgp", "remediation"}
    assert (result.result["devices"], result.result["healthy"]) == (2, False)


async def test_only_the_named_devices_are_asked_and_nonsense_is_refused(host: Any, mesh_on: MeshFor) -> None:
    found = await devices(mesh_on)
    await host(orchestrator)
    await host(Monitor)
    result = await checked(mesh_on, {"devices": ["r1"]})
    assert {device for tool, device in found.asked if tool == "device_state"} == {"r1"}
    assert result.result["devices"] == 1


async def test_a_task_that_names_no_list_is_answered_with_the_reason(host: Any, mesh_on: MeshFor) -> None:
    await host(orchestrator)
    await host(Monitor)
    result = await checked(mesh_on, {"devices": "r1"})
    assert (result.status, "expected a list of device names" in result.error) == ("failed", True)


async def test_a_monitor_that_leaves_before_a_network_is_known_just_leaves(host: Any, mesh_on: MeshFor) -> None:
    await host(orchestrator)
    context, task = await host(Monitor)
    context.stopping.set()
    await asyncio.wait_for(task, 10)
