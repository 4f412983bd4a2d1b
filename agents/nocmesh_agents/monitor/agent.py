"""Ears and mouth of the monitor: asks who is there, and every device whether it answers."""

import asyncio
from typing import Any

from nocmesh.agent import Agent, Case, HandOff, role_of
from nocmesh.agent.baselines import load_books
from nocmesh.agent.network import load_network
from nocmesh.agent.toolbox import Toolbox
from nocmesh.baseline_files import read_snapshots
from nocmesh.errors import InvalidInputError, NocmeshError, NotFoundError
from nocmesh.ids import short_digest
from nocmesh.messages.agent import DiscoveryReply, DiscoveryRequest
from nocmesh.messages.session import Observation, ToolCall
from nocmesh.network import Device, Network
from nocmesh.runtime import until
from nocmesh.subjects import subject
from nocmesh_agents.monitor.changes import Changes
from nocmesh_agents.monitor.health import verdict
from nocmesh_agents.monitor.historian import Historian
from nocmesh_agents.monitor.keeper import AT_ONCE, Keeper

NETWORK_SECONDS = 0.5
FIRST_RETRY_SECONDS, RETRY_SECONDS = 2.0, 15.0
"""How soon a device that has no baseline yet is tried again: at first, and at most."""


class Monitor(Agent):
    """Health of the mesh and of the devices, and what they were like."""

    type = "monitor"
    bus_role = "monitor"
    capabilities = ("health_check", "baseline")
    tools = ("device_state", "device_backup")
    autonomy = "observe"
    description = "Watches the mesh and the network."

    async def work(self, case: Case) -> dict[str, Any] | HandOff:
        """A health check, or a new baseline, of the devices that the task names, or of all."""
        named = _named(case.task.parameters.get("devices")) or [device.name for device in case.network.devices]
        if case.task.task_type == "baseline":
            return await self._asked(named, case.network)
        members = await self.mesh.agents.request(
            subject("ai.agents.discovery.request"), DiscoveryRequest(requester=self.context.name), DiscoveryReply
        )
        toolbox = Toolbox(self.mesh.agents, session_id=case.task.task_id)
        room = asyncio.Semaphore(AT_ONCE)
        seen = await asyncio.gather(*(self._ask(toolbox, room, case.task.task_id, name) for name in named))
        return verdict(members, seen)

    async def started(self) -> None:
        """Take a baseline of every device, keep them up, take their pulse, and listen for what was proved good."""
        name, seconds = self.context.name, self.context.settings.history_seconds
        self._historian = Historian(self.mesh, self.clock, self.log, name, seconds=seconds)
        self._keeper = Keeper(self.mesh, self._historian, self.clock, self.log, name)
        self._watching = [asyncio.create_task(self._watch()), asyncio.create_task(self._feel())]
        self._changes = Changes(self.mesh, self._keeper, self._historian, self.clock, self.log)
        await self._changes.follow()

    async def stopped(self) -> None:
        """Leave what is not taken yet to the next start."""
        await self._changes.stop()
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)
        await self._historian.stop()

    # --- baselines

    async def _watch(self) -> None:
        """The first sight of every device, then each by the clock; one that has none is tried again soon."""
        loop, minutes = asyncio.get_running_loop(), self.context.settings.baseline_minutes
        trusted = self.context.settings.trust_first_state
        await self._adopt()
        due = loop.time() + minutes * 60
        network = await self._network()
        await self._keeper.take_all(network.devices, "start", trusted=trusted)
        pause = FIRST_RETRY_SECONDS
        while not await until(self.context.stopping, min(pause, minutes * 60)):
            pause = min(2 * pause, RETRY_SECONDS)
            network = await self._network()
            if loop.time() >= due:
                due = loop.time() + minutes * 60
                await self._keeper.take_all(network.devices, "schedule", trusted=False)
            await self._keeper.take_all(await self._without(network), "start", trusted=trusted)

    async def _feel(self) -> None:
        """The pulse of every device, by the clock."""
        while self._historian.pause and not await until(self.context.stopping, self._historian.pause):
            self._historian.round(await self._network())

    async def _network(self) -> Network:
        """The network, as soon as it is known; an empty one when we are told to stop before."""
        while True:
            try:
                network = await load_network(self.mesh.agents)
                if network.devices:
                    return network
            except NocmeshError as wrong:
                self.log.warning("network_unknown", error=str(wrong))
            if await until(self.context.stopping, NETWORK_SECONDS):
                return Network()

    async def _without(self, network: Network) -> list[Device]:
        """Devices of which nothing was ever read."""
        try:
            books = await load_books(self.mesh.agents)
        except NocmeshError as wrong:
            self.log.warning("baselines_unknown", error=str(wrong))
            return []
        return [device for device in network.devices if device.name not in books or not books[device.name].versions]

    async def _adopt(self) -> None:
        """What the settings name as known good: baselines of before."""
        folder = self.context.settings.baselines
        if folder is None:
            return
        try:
            snapshots = read_snapshots(folder)
        except NocmeshError as wrong:
            self.log.warning("baselines_not_read", folder=str(folder), error=wrong.message)
            return
        for snapshot in snapshots:
            await self._keeper.adopt(snapshot)

    async def _asked(self, named: list[str], network: Network) -> dict[str, Any]:
        devices = [device for name in named if (device := network.device(name)) is not None]
        unknown = [name for name in named if network.device(name) is None]
        if unknown:
            raise NotFoundError(f"no device {', '.join(unknown)} in the inventory", devices=unknown)
        books = await asyncio.gather(*(self._keeper.take(device, "asked", trusted=True) for device in devices))
        taken = {book.device: book.good for book in books if book is not None and book.status == "ok"}
        failed = {book.device: book.error for book in books if book is not None and book.status != "ok"}
        return {"taken": taken, "failed": failed}

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
