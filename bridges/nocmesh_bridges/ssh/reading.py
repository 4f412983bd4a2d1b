"""The tools that only read: guarded before, redacted after."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast, get_args

from nocmesh.bus import Mesh, Received
from nocmesh.diagnosis.configlines import rendered
from nocmesh.diagnosis.configtext import normalise, sha256_of, whole
from nocmesh.errors import (
    DeviceError,
    DeviceUnreachableError,
    GuardError,
    InvalidInputError,
    NocmeshError,
    NotFoundError,
)
from nocmesh.log import Log
from nocmesh.messages.agent import ToolReply, ToolRequest
from nocmesh.messages.state import DeviceState, Door, Output, View
from nocmesh.network import Device, Network
from nocmesh_bridges import platforms
from nocmesh_bridges.asked import device_asked
from nocmesh_bridges.ssh.asking import RUNNING_CONFIG, Asker
from nocmesh_bridges.ssh.fleet import tool_of
from nocmesh_bridges.ssh.pool import DevicePool

MAX_VIEWS = len(get_args(View))
MAX_PATTERNS = 200
Refused = Callable[[Received[ToolRequest], str, NocmeshError], Awaitable[None]]
"""Told the call, its tool, and the refusal."""
MAX_ANSWER = 900 * 1024
"""Bytes: the broker carries a megabyte, and the caller of a longer answer would wait for nothing."""


class Reader:
    """Reads devices through a pool."""

    def __init__(
        self,
        mesh: Mesh,
        pool: DevicePool,
        network: Network,
        log: Log,
        key: bytes = b"",
        *,
        refused: Refused | None = None,
    ) -> None:
        """``key`` makes the masks of secrets worthless to whoever would guess them; all bridges of a mesh share it.

        ``refused`` hears of every call that the guard refused, or whose arguments are none, before it is answered.
        """
        self._mesh = mesh
        self._refused = refused
        self.asker = Asker(pool, log, key)
        self.network = network
        self._log = log
        self.tools: dict[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]] = {
            "device_show": self._show,
            "device_state": self._state,
            "device_backup": self._backup,
            "device_validate": self._validate,
        }

    async def call(self, received: Received[ToolRequest]) -> ToolReply:
        """Answer one call; whatever goes wrong is an answer too. The subject says which tool, not the body."""
        call = received.body
        tool = tool_of(received.subject)
        reply = await self._reply(received, tool)
        size = len(reply.to_json())
        if size > MAX_ANSWER:
            error = f"the answer has {size} bytes, more than the {MAX_ANSWER} that can be carried: ask for less"
            return ToolReply(call_id=call.call_id, status="error", error=error)
        return reply

    async def _reply(self, received: Received[ToolRequest], tool: str) -> ToolReply:
        call = received.body
        try:
            content = await self._tool(tool)(call.arguments)
        except DeviceUnreachableError as wrong:
            return ToolReply(call_id=call.call_id, status="unreachable", error=wrong.message)
        except GuardError as refused:
            self._log.warning("command_refused", tool=tool, why=refused.facts.get("reason", "see the answer"))
            if self._refused is not None:
                await self._refused(received, tool, refused)
            return ToolReply(call_id=call.call_id, status="refused", error=refused.message)
        except NocmeshError as wrong:
            if isinstance(wrong, InvalidInputError) and self._refused is not None:
                await self._refused(received, tool, wrong)
            kind = {"kind": type(wrong).__name__}
            return ToolReply(call_id=call.call_id, status="error", error=wrong.message, content=kind)
        return ToolReply(call_id=call.call_id, status="ok", content=content)

    def _tool(self, name: str) -> Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]:
        if name not in self.tools:
            raise NotFoundError(f"no tool {name!r} here; known: {', '.join(self.tools)}")
        return self.tools[name]

    def device(self, arguments: dict[str, Any]) -> Device:
        """The device that the arguments name. Raises InvalidInputError, NotFoundError."""
        return device_asked(self.network, arguments)

    def undoes_by_itself(self, name: str) -> bool:
        """Whether a device of that name can take a change back when nobody is left to."""
        found = self.network.device(name)
        return found is not None and found.undoes_by_itself

    async def outputs(self, device: Device, commands: Sequence[str], *, single_use: bool = False) -> list[Output]:
        """What the device answers to each command, redacted. A command that it does not know is an answer."""
        return await self.asker.strict(device, commands, single_use=single_use)

    async def state(
        self, device: Device, views: Sequence[View], *, single_use: bool = False, background: bool = False
    ) -> tuple[DeviceState, list[Output]]:
        """The device's typed state for ``views``, and the outputs that it was read from; see ``Asker.state``."""
        return await self.asker.state(device, views, single_use=single_use, background=background)

    async def running(self, device: Device, door: Door = "cli", *, single_use: bool = False) -> tuple[str, str]:
        """The normalised running configuration, redacted, and its hash. Raises DeviceError when it is not whole.

        A system that has no such text (Linux, also behind a router's ``door``) is put into one form from what it shows.
        """
        if door == "shell":
            return await self._config_of_parts(device, "shell_config", single_use)
        if platforms.has_config_of_parts(device.platform, RUNNING_CONFIG):
            return await self._config_of_parts(device, "config", single_use)
        [output] = await self.outputs(device, [RUNNING_CONFIG], single_use=single_use)
        if output.status == "rejected":
            raise DeviceError(f"{device.name} does not show its configuration: {output.text[:200]}", device=device.name)
        if not whole(output.text):
            raise DeviceError(
                f"{device.name}: the running configuration is not whole: it was cut off, or there is something in it "
                "that is no configuration; ask again",
                device=device.name,
            )
        return normalise(device.platform, output.text), sha256_of(device.platform, output.text)

    async def _config_of_parts(self, device: Device, view: View, single_use: bool) -> tuple[str, str]:
        state, _ = await self.state(device, [view], single_use=single_use)
        lines, sha256 = getattr(state, view), getattr(state, f"{view}_sha256")
        if not lines:
            status = state.status[view]
            raise DeviceError(f"{device.name} does not show its configuration: it is {status}", device=device.name)
        return normalise(device.platform, "\n".join(rendered(lines))), sha256

    async def _show(self, arguments: dict[str, Any]) -> dict[str, Any]:
        device = self.device(arguments)
        command = str(arguments.get("command", ""))
        outputs = await self.asker.strict(device, [command], door=_door(arguments.get("door", "cli")))
        return {"outputs": [output.to_dict() for output in outputs]}

    async def _state(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """{device, views, background}: a look in the background brings no outputs, and none of its failures counts."""
        device, background = self.device(arguments), arguments.get("background") is True
        state, outputs = await self.state(device, _views(arguments.get("views")), background=background)
        shown = [] if background else [output.to_dict() for output in outputs]
        return {"outputs": shown, "state": state.to_dict()}

    async def _backup(self, arguments: dict[str, Any]) -> dict[str, Any]:
        device = self.device(arguments)
        text, sha256 = await self.running(device, _door(arguments.get("door", "cli")))
        stored = await self._mesh.core.objects("backups").put(text.encode())
        return {"sha256": sha256, "object": stored, "bytes": len(text)}

    async def _validate(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Each pattern {text, present}: a whole line that must, or must not, stand in the configuration."""
        device = self.device(arguments)
        patterns = _patterns(arguments.get("patterns"))
        text, sha256 = await self.running(device)
        lines = {line.strip() for line in text.splitlines()}
        results = [
            {"text": line, "present": line in lines, "valid": (line in lines) is wanted} for line, wanted in patterns
        ]
        return {"valid": all(result["valid"] for result in results), "results": results, "sha256": sha256}


def _patterns(given: object) -> list[tuple[str, bool]]:
    """Each line with whether it is wanted. None at all would be valid of anything, so that is no question."""
    wrong = f"'patterns' must be a list of 1 to {MAX_PATTERNS} {{text, present}}: a line, and whether it must be there"
    if not isinstance(given, list) or not 1 <= len(given) <= MAX_PATTERNS:
        raise InvalidInputError(wrong, field="patterns")
    found = []
    for pattern in given:
        text = pattern.get("text") if isinstance(pattern, dict) else None
        present = pattern.get("present", True) if isinstance(pattern, dict) else None
        if not isinstance(text, str) or not text.strip() or not isinstance(present, bool):
            raise InvalidInputError(f"{wrong}; found {str(pattern)[:80]}", field="patterns")
        found.append((text.strip(), present))
    return found


def _views(given: object) -> list[View]:
    known = get_args(View)
    if not isinstance(given, list) or not 1 <= len(given) <= MAX_VIEWS:
        raise InvalidInputError(f"'views' must be a list of some of: {', '.join(known)}", field="views")
    for view in given:
        if view not in known:
            raise InvalidInputError(f"there is no view {view!r}; known: {', '.join(known)}", field="views")
    return cast("list[View]", given)


def _door(given: object) -> Door:
    known = get_args(Door)
    if given not in known:
        raise InvalidInputError(f"there is no door {given!r}; known: {', '.join(known)}", field="door")
    return cast("Door", given)
