"""Keeps the histories: takes every device's pulse by the clock, and writes what turned since the look before.

A look costs a device one session of the bridge's pool and a handful of short commands; two looks at a device never
overlap, and where several monitors run, whoever comes second to it leaves it alone.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from nocmesh.agent.histories import BUCKET, history_key, load_history
from nocmesh.agent.toolbox import Toolbox
from nocmesh.bus import Mesh
from nocmesh.clock import Clock
from nocmesh.diagnosis.history import History, Reading, changed, looked, pack, reading, silent, unpack
from nocmesh.errors import InvalidInputError, LostRaceError, NocmeshError
from nocmesh.ids import new_id
from nocmesh.log import Log
from nocmesh.messages.change import DeviceResult
from nocmesh.messages.incident import IncidentEvent
from nocmesh.messages.session import ToolCall
from nocmesh.messages.state import DeviceState
from nocmesh.network import Device, Network
from nocmesh_agents.monitor.verdicts import applied_by, named_by

AT_ONCE = 8
"""Devices whose pulse is taken side by side: half of what a baseline may, so that whoever diagnoses finds room."""
RACES = 5
WORKED_ON = frozenset({"open", "triaged", "investigating", "diagnosed", "fixing", "verifying"})
"""States of an incident while something happens by the second; people take their time."""
EARLY = 0.8
"""A device that was looked at less than this share of its pace ago is somebody else's."""
INCIDENT_SECONDS = 10.0
"""How often devices of such incidents are looked at, where the clock is slower."""


class Historian:
    """The histories of all devices."""

    def __init__(self, mesh: Mesh, clock: Clock, log: Log, name: str, *, seconds: float) -> None:
        """``seconds`` between two looks at a device; 0: none is taken by the clock."""
        self._bus = mesh.agents
        self._clock = clock
        self._log = log
        self._toolbox = Toolbox(mesh.agents, session_id=f"history-{name}", clock=clock)
        self._every = seconds
        self._room = asyncio.Semaphore(AT_ONCE)
        self._tried: dict[str, datetime] = {}
        self._looking: dict[str, asyncio.Task[None]] = {}
        """Looks under way, by device: one that hangs keeps nobody from the others."""
        self._incidents: dict[str, set[str]] = {}

    @property
    def pause(self) -> float:
        """Seconds between two rounds; 0: there are none."""
        return min(self._every, INCIDENT_SECONDS)

    def round(self, network: Network) -> None:
        """Begin to look at every device whose time it is, and that nobody looks at yet."""
        self._looking = {name: task for name, task in self._looking.items() if not task.done()}
        for device, pace in self._due(network):
            if device.name not in self._looking:
                look = self._look(device, pace)
                self._looking[device.name] = asyncio.create_task(look, name=f"pulse-{device.name}")

    async def stop(self) -> None:
        """Leave the looks under way."""
        for task in self._looking.values():
            task.cancel()
        await asyncio.gather(*self._looking.values(), return_exceptions=True)

    def heard(self, event: IncidentEvent) -> None:
        """An incident moved: while it is worked on, its devices are looked at more often."""
        if event.state in WORKED_ON:
            self._incidents.setdefault(event.incident_id, set()).update(named_by(event))
        else:
            self._incidents.pop(event.incident_id, None)

    async def _look(self, device: Device, pace: float) -> None:
        """Take the pulse of ``device``, and write what turned. What goes wrong is logged, and tried again next time."""
        self._tried[device.name] = self._clock.now()
        async with self._room:
            if await self._was_looked_at(device.name, pace):
                return
            arguments = {"device": device.name, "views": ["pulse"], "background": True}
            call = ToolCall(call_id=new_id(self._clock.now()), tool="device_state", arguments=arguments)
            seen = await self._toolbox.call(call)
        at = seen.at or self._clock.now()
        if seen.status == "unreachable":
            await self._write(device.name, lambda history: silent(history, device.name, at))
        elif seen.state is not None:
            await self._saw(device.name, reading(seen.state), at)
        else:
            self._log.info("pulse_not_taken", device=device.name, error=seen.error)

    async def _was_looked_at(self, device: str, pace: float) -> bool:
        """Another monitor came first, not long ago."""
        try:
            history = await load_history(self._bus, device)
        except NocmeshError:
            return False  # what cannot be read is written anew
        return history is not None and self._clock.now() - history.at < timedelta(seconds=pace * EARLY)

    async def saw(self, device: str, state: DeviceState, at: datetime) -> None:
        """Somebody looked at the device for another reason; how long what was seen has been so is left out.

        It took that look some time, so ages are not to the second.
        """
        seen = reading(state)
        await self._saw(device, Reading(kinds=seen.kinds, values=seen.values, counts=seen.counts), at)

    async def missed(self, device: str, at: datetime) -> None:
        """Somebody looked, and the device did not answer."""
        await self._write(device, lambda history: silent(history, device, at))

    async def applied(self, result: DeviceResult) -> None:
        """The mesh itself changed a device."""
        change = applied_by(result)
        if change is not None:
            await self._write(result.device, lambda history: changed(history, result.device, change))

    async def _saw(self, device: str, seen: Reading, at: datetime) -> None:
        await self._write(device, lambda history: looked(history, device, seen, at))

    def _due(self, network: Network) -> Sequence[tuple[Device, float]]:
        """The devices whose time it is, each with its pace: the seconds from one look to the next."""
        now = self._clock.now()
        hurried = {found.name for found in map(network.device, self._concerned()) if found is not None}
        paces = [(d, self.pause if d.name in hurried else self._every) for d in network.devices]
        return [(device, pace) for device, pace in paces if self._is_due(device.name, now, pace)]

    def _concerned(self) -> Iterable[str]:
        return {name for devices in self._incidents.values() for name in devices}

    def _is_due(self, device: str, now: datetime, pace: float) -> bool:
        last = self._tried.setdefault(device, now)  # the first look is the baseline's
        return now - last >= timedelta(seconds=pace)

    async def _write(self, device: str, change: Callable[[History | None], History]) -> None:
        """Write over exactly what was read; another monitor that was first is heard, and it is decided again."""
        bucket = self._bus.bucket(BUCKET)
        try:
            for _ in range(RACES):
                entry = await bucket.get(history_key(device))
                known = self._known(entry.value, entry.key) if entry else None
                new = change(known)
                if new == known:
                    return
                try:
                    await bucket.update(history_key(device), pack(new), entry.revision if entry else 0)
                except LostRaceError:
                    continue
                self._tell(device, known, new)
                return
        except NocmeshError as wrong:
            self._log.warning("history_lost", device=device, error=wrong.message)

    def _known(self, value: bytes, key: str) -> History | None:
        try:
            return unpack(value, key)
        except InvalidInputError as wrong:
            self._log.warning("history_unreadable", key=key, error=wrong.message)
            return None

    def _tell(self, device: str, before: History | None, after: History) -> None:
        for turn in after.turns:
            if before is not None and turn not in before.turns and turn.kind != "counter":
                facts: Mapping[str, object] = {"kind": turn.kind, "what": turn.what, "is": turn.after}
                self._log.info("turned", device=device, **facts)
