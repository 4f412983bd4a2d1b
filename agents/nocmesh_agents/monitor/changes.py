"""Hears how changes and incidents end, and has the devices that they touched looked at again."""

from datetime import datetime, timedelta
from typing import Any

from nocmesh.agent.network import load_network
from nocmesh.bus import Bus, Follower, Mesh, Received
from nocmesh.clock import Clock
from nocmesh.errors import NocmeshError
from nocmesh.log import Log
from nocmesh.messages.change import DeviceResult
from nocmesh.messages.incident import IncidentEvent
from nocmesh_agents.monitor.historian import Historian
from nocmesh_agents.monitor.keeper import Keeper
from nocmesh_agents.monitor.verdicts import Left, Open, of_incident, of_result

FRESH = timedelta(minutes=2)
"""What a change left is proved by a look soon after it; later something else may have happened."""
BACK_INCIDENTS, BACK_RESULTS = 20_000, 200
"""How many stored messages a monitor that starts reads again, to know what is open."""


class Changes:
    """Follows incidents and device results."""

    def __init__(self, mesh: Mesh, keeper: Keeper, historian: Historian, clock: Clock, log: Log) -> None:
        self._core = mesh.core
        self._agents = mesh.agents
        self._keeper = keeper
        self._historian = historian
        self._clock = clock
        self._log = log
        self._open = Open()
        self._followers: list[Follower] = []

    async def follow(self) -> None:
        """Begin."""
        await self._begin("INCIDENTS", IncidentEvent, self._incident, BACK_INCIDENTS)
        await self._begin("DEVICE_RESULTS", DeviceResult, self._result, BACK_RESULTS)

    async def stop(self) -> None:
        """End."""
        for follower in self._followers:
            await follower.stop()

    async def _begin(self, stream: str, body: Any, handler: Any, back: int) -> None:
        bus: Bus = self._core
        after = max(0, await bus.last_sequence(stream) - back)
        self._followers.append(await bus.follow(stream, body, handler, after=after))

    async def _incident(self, received: Received[IncidentEvent]) -> None:
        self._open.heard(received.body)
        self._historian.heard(received.body)
        await self._look(of_incident(received.body), received.at)

    async def _result(self, received: Received[DeviceResult]) -> None:
        await self._historian.applied(received.body)
        await self._look(of_result(received.body), received.at)

    async def _look(self, left: Left, at: datetime | None) -> None:
        if not left.devices or at is None or self._clock.now() - at > FRESH:
            return
        try:
            network = await load_network(self._agents)
        except NocmeshError as wrong:
            self._log.warning("network_unknown", error=wrong.message)
            return
        for name in left.devices:
            device = network.device(name)
            if device is None:
                continue
            others = self._open.on(device.name)
            if left.proved and others:
                self._log.info("baseline_not_believed", device=device.name, incidents=others)
            trusted = left.proved and not others
            await self._keeper.take(device, "after_change", trusted=trusted, run_id=left.run_id)
