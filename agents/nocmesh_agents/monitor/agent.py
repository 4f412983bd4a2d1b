"""Ears and mouth of the monitor: asks who is there, and every device whether it answers."""

import asyncio
from typing import Any

import msgspec

from nocmesh.agent import Agent, Case, HandOff, role_of
from nocmesh.agent.network import BUCKET, load_network
from nocmesh.agent.toolbox import Toolbox
from nocmesh.errors import InvalidInputError, NocmeshError
from nocmesh.ids import new_id, short_digest
from nocmesh.messages.agent import DiscoveryReply, DiscoveryRequest
from nocmesh.messages.session import Observation, ToolCall
from nocmesh.network import Network
from nocmesh.runtime import until
from nocmesh.subjects import subject, token
from nocmesh_agents.monitor.health import verdict

BASELINE = "baseline."
NETWORK_SECONDS = 0.5
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
        named = _named(case.task.parameters.get("devices")) or [device.name for device in case.network.devices]
        members = await self.mesh.agents.request(
            subject("ai.agents.discovery.request"), DiscoveryRequest(requester=self.context.name), DiscoveryReply
        )
        toolbox = Toolbox(self.mesh.agents, session_id=case.task.task_id)
        room = asyncio.Semaphore(AT_ONCE)
        seen = await asyncio.gather(*(self._ask(toolbox, room, case.task.task_id, name) for name in named))
        return verdict(members, seen)

    async def started(self) -> None:
        """Take a baseline of every device; the network may become known only after us."""
        self._baselines = asyncio.create_task(self._take_baselines())

    async def stopped(self) -> None:
        """Leave the baselines that are not taken yet to the next start."""
        self._baselines.cancel()
        await asyncio.gather(self._baselines, return_exceptions=True)

    async def _take_baselines(self) -> None:
        network = Network()
        while not network.devices:
            try:
                network = await load_network(self.mesh.agents)
            except NocmeshError as wrong:
                self.log.warning("network_unknown", error=str(wrong))
            if not network.devices and await until(self.context.stopping, NETWORK_SECONDS):
                return
        toolbox = Toolbox(self.mesh.agents, session_id=f"baseline-{self.context.name}")
        room = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(self._take_baseline(toolbox, room, device.name) for device in network.devices))

    async def _take_baseline(self, toolbox: Toolbox, room: asyncio.Semaphore, device: str) -> None:
        """Back one device up; one that cannot be is written down with the reason."""
        call_id = new_id(self.clock.now())
        async with room:
            seen = await toolbox.call(ToolCall(call_id=call_id, tool="device_backup", arguments={"device": device}))
        entry = {"at": self.clock.now().isoformat(), "status": seen.status, "error": seen.error, **seen.content}
        try:
            await self.mesh.agents.bucket(BUCKET).put(f"{BASELINE}{token(device)}", msgspec.json.encode(entry))
        except NocmeshError as wrong:
            self.log.warning("baseline_lost", device=device, error=str(wrong))
            return
        self.log.info("baseline_taken", device=device, status=seen.status, error=seen.error)

    async def _ask(self, toolbox: Toolbox, room: asyncio.Semaphore, task_id: str, device: str) -> Observation:
        arguments = {"device": device, "views": ["interfaces"]}
        call = ToolCall(call_id=short_digest(task_id, device), tool="device_state", arguments=arguments)
        async with room:
            return await toolbox.call(call)


def _named(given: object) -> list[str]:
    """The devices that a task names. Raises InvalidInputError for anything but a list of names."""
    if given in (None, ""):
        return []
    if not isinstance(given, list) or not all(isinstance(name, str) and name for name in given):
        raise InvalidInputError(f"'devices' is {str(given)[:80]}; expected a list of device names", field="devices")
    return given


role = role_of(Monitor)
