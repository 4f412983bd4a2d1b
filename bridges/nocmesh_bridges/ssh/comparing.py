"""`config_diff` and `device_baseline`: what a device was like, and what has moved since. They only read.

Served by the bridge: it alone reads the device as it is now, and masks secrets with the key that the snapshots have.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from nocmesh.agent.baselines import load_book, load_snapshot
from nocmesh.bus import Mesh
from nocmesh.clock import Clock
from nocmesh.diagnosis.baseline import GOOD, Snapshot, Taken
from nocmesh.diagnosis.configdiff import ConfigDiff, compare
from nocmesh.errors import DeviceUnreachableError, InvalidInputError, NocmeshError
from nocmesh.messages.state import Output, View
from nocmesh.network import Device
from nocmesh_bridges.ssh.reading import Reader

RUNNING = "running"
MOST_STATE = 500
"""Things of state that one answer tells of."""


class Comparer:
    """Compares a device with its past."""

    def __init__(self, mesh: Mesh, reader: Reader, clock: Clock) -> None:
        self._mesh = mesh
        self._reader = reader
        self._clock = clock
        self.tools: dict[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]] = {
            "config_diff": self._diff,
            "device_baseline": self._baseline,
        }

    async def _diff(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """{device, from, to}: each `baseline`, `latest`, a version's number, and for `to` also `running`."""
        device = self._reader.device(arguments)
        since, to = _named(arguments, "from", GOOD), _named(arguments, "to", RUNNING)
        if since == RUNNING:
            raise InvalidInputError("'from' is a version of before; only 'to' can be running", field="from")
        before = await load_snapshot(self._mesh.agents, device.name, since)
        if to == RUNNING:
            after = await self._running(device, before)
        else:
            after = await load_snapshot(self._mesh.agents, device.name, to)
        return answer(compare(before, after, since, to))

    async def _baseline(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """{device, version}: the snapshot, with its typed state and its configuration."""
        device = self._reader.device(arguments)
        version = _named(arguments, "version", GOOD)
        snapshot = await load_snapshot(self._mesh.agents, device.name, version)
        text = Output(command=f"device_baseline {device.name} {version}", text=snapshot.config)
        state = snapshot.state.to_dict() if snapshot.state else None
        book = await load_book(self._mesh.agents, device.name)
        past = {"good": book.good, "versions": [taken.to_dict() for taken in book.versions]} if book else {}
        return {"outputs": [text.to_dict()], "state": state, "taken": snapshot.taken.to_dict(), **past}

    async def _running(self, device: Device, before: Snapshot) -> Snapshot:
        """The device as it is now, in the views that the older snapshot has."""
        status = before.taken.status
        views: list[View] = [view for view in status if view != "config" and status[view] in ("parsed", "empty")]  # type: ignore[misc]
        config, sha256, problems = "", "", {}
        try:
            config, sha256 = await self._reader.running(device)
        except DeviceUnreachableError:
            raise
        except NocmeshError as wrong:
            problems["config"] = wrong.message
        state = (await self._reader.state(device, views))[0] if views else None
        now = self._clock.now()
        taken = Taken(number=0, slot=0, at=now, until=now, why="asked", sha256=sha256, problems=problems)
        return Snapshot(device=device.name, taken=taken, config=config, state=state)


def answer(found: ConfigDiff) -> dict[str, Any]:
    """``found`` as a tool's answer: the diff is an output too, so that evidence can quote it."""
    command = f"config_diff {found.device} {found.since} {found.to}"
    shown = msgspec.structs.replace(found, state=found.state[:MOST_STATE])
    content = {**shown.to_dict(), "equal": found.equal, "from": found.since, "state_differences": len(found.state)}
    content["state_diff"] = content.pop("state")  # `state` of a tool's answer is a device's typed state
    return {"outputs": [Output(command=command, text=found.diff).to_dict()], **content}


def _named(arguments: dict[str, Any], key: str, default: str) -> str:
    value = arguments.get(key, default)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value:
        raise InvalidInputError(f"{key!r} is {str(value)[:80]!r}; expected a version: baseline, latest, 3", field=key)
    return value
