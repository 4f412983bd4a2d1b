"""One whole look at a device: its configuration and every view of its state that its platform has."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, get_args

import msgspec

from nocmesh.agent.toolbox import Toolbox
from nocmesh.bus import Mesh
from nocmesh.clock import Clock
from nocmesh.diagnosis.baseline import Snapshot, Taken, Why
from nocmesh.errors import DeviceError, DeviceUnreachableError, NocmeshError
from nocmesh.ids import new_id
from nocmesh.messages.session import Observation, ToolCall
from nocmesh.messages.state import DeviceState, View
from nocmesh.network import Device

VIEWS: tuple[View, ...] = tuple(view for view in get_args(View) if view not in ("pulse", "log"))
"""What a snapshot holds: a pulse is a part of it, and a log is no state."""
AT_A_TIME = 7
"""Views asked for in one call: an answer must fit into a message."""
READ = frozenset({"parsed", "empty"})


class Sight:
    """Looks at devices through the bridge's tools."""

    def __init__(self, mesh: Mesh, clock: Clock, session_id: str) -> None:
        self._mesh = mesh
        self._clock = clock
        self._toolbox = Toolbox(mesh.agents, session_id=session_id)

    async def look(self, device: Device, why: Why, run_id: str = "") -> Snapshot:
        """Everything that can be read of ``device`` now; what cannot is told by view.

        Raises DeviceUnreachableError when it does not answer, DeviceError when nothing at all can be read.
        """
        backup = await self._call("device_backup", {"device": device.name})
        if backup.status == "unreachable":
            raise DeviceUnreachableError(backup.error, device=device.name)
        problems = {} if backup.status == "ok" else {"config": backup.error or backup.status}
        state, missing = await self._state(device)
        if backup.status != "ok" and not any(status in READ for status in state.status.values()):
            raise DeviceError(backup.error or f"{device.name} answers, but nothing of it can be read")
        config = await self._config(str(backup.content.get("object", "")), problems)
        now = self._clock.now()
        taken = _taken(backup.content, state, {**problems, **missing}, now, why, run_id)
        return Snapshot(device=device.name, taken=taken, config=config, state=state)

    async def _config(self, name: str, problems: dict[str, str]) -> str:
        if not name:
            return ""
        try:
            return (await self._mesh.core.objects("backups").get(name)).decode(errors="replace")
        except NocmeshError as wrong:
            problems["config"] = wrong.message
            return ""

    async def _state(self, device: Device) -> tuple[DeviceState, dict[str, str]]:
        """The views, a few at a time; where a few are refused together, each alone."""
        found = DeviceState(device=device.name, platform=device.platform)
        missing: dict[str, str] = {}
        for views in _groups(VIEWS):
            seen = await self._views(device, views)
            if seen.state is not None:
                found = joined(found, seen.state)
                continue
            for view in views:
                alone = await self._views(device, [view])
                if alone.state is None:
                    missing[view] = alone.error or alone.status
                else:
                    found = joined(found, alone.state)
        return found, missing

    async def _views(self, device: Device, views: Sequence[View]) -> Observation:
        return await self._call("device_state", {"device": device.name, "views": list(views)})

    async def _call(self, tool: str, arguments: dict[str, Any]) -> Observation:
        return await self._toolbox.call(ToolCall(call_id=new_id(self._clock.now()), tool=tool, arguments=arguments))


def joined(state: DeviceState, more: DeviceState) -> DeviceState:
    """``state`` with the views of ``more``."""
    views = {view: getattr(more, view) for view in more.status if view in VIEWS}
    hashes = {name: getattr(more, name) or getattr(state, name) for name in ("config_sha256", "shell_config_sha256")}
    return msgspec.structs.replace(state, **views, **hashes, status={**state.status, **more.status})


def readable(taken: Taken) -> int:
    """How much of the device could be read."""
    return sum(status in READ for status in taken.status.values()) - len(taken.problems)


def _groups(views: Sequence[View]) -> Iterator[Sequence[View]]:
    for at in range(0, len(views), AT_A_TIME):
        yield views[at : at + AT_A_TIME]


def _taken(
    backup: dict[str, Any], state: DeviceState, problems: dict[str, str], now: datetime, why: Why, run_id: str
) -> Taken:
    return Taken(
        number=0,
        slot=0,
        at=now,
        until=now,
        why=why,
        sha256=str(backup.get("sha256", "")),
        object=str(backup.get("object", "")),
        status=dict(state.status),
        problems=problems,
        run_id=run_id,
    )
