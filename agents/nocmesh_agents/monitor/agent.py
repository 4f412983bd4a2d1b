"""Ears and mouth of the monitor: asks who is there, and every device whether it answers."""

import asyncio
from typing import Any

from nocmesh.agent import Agent, Case, HandOff, role_of
from nocmesh.agent.toolbox import Toolbox
from nocmesh.ids import short_digest
from nocmesh.messages.agent import DiscoveryReply, DiscoveryRequest
from nocmesh.messages.session import Observation, ToolCall
from nocmesh.subjects import subject
from nocmesh_agents.monitor.health import verdict

AT_ONCE = 16
"""Devices asked side by side."""


class Monitor(Agent):
    """Health of the mesh and of the devices."""

    type = "monitor"
    bus_role = "monitor"
    capabilities = ("health_check",)
    tools = ("device_state",)
    autonomy = "observe"
    description = "Watches the mesh and the network."

    async def work(self, case: Case) -> dict[str, Any] | HandOff:
        """One health check of the devices that the task names, or of all."""
        named = case.task.parameters.get("devices") or [device.name for device in case.network.devices]
        members = await self.mesh.agents.request(
            subject("ai.agents.discovery.request"), DiscoveryRequest(requester=self.context.name), DiscoveryReply
        )
        toolbox = Toolbox(self.mesh.agents, session_id=case.task.task_id)
        room = asyncio.Semaphore(AT_ONCE)
        seen = await asyncio.gather(*(self._ask(toolbox, room, case.task.task_id, name) for name in named))
        return verdict(members, seen)

    async def _ask(self, toolbox: Toolbox, room: asyncio.Semaphore, task_id: str, device: str) -> Observation:
        arguments = {"device": device, "views": ["interfaces"]}
        call = ToolCall(call_id=short_digest(task_id, device), tool="device_state", arguments=arguments)
        async with room:
            return await toolbox.call(call)


role = role_of(Monitor)
