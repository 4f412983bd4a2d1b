"""A command of this machine as a target of the mesh."""

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nocmesh.errors import DeviceError, GuardError
from nocmesh.ids import digest
from nocmesh.messages.change import Change
from nocmesh_bridges.connect.form import CommandEntry
from nocmesh_bridges.connect.hand import Done, Mark, Rated
from nocmesh_bridges.connect.lines import values_in
from nocmesh_bridges.connect.targets import Targets, named
from nocmesh_bridges.connect.veil import Veil
from nocmesh_bridges.local.rendering import Command, rendered
from nocmesh_bridges.local.running import NotRunError, Ran, run


class CommandHand:
    """Listed commands."""

    platform, looks, changes = "local", "local_run", "local_change"

    def __init__(self, targets: Targets, key: bytes) -> None:
        """``key`` is that of the masks."""
        self._targets = targets
        self._veil = Veil(key=key)

    async def look(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What a command that only reads prints: arguments ``command``, ``parameters``."""
        entry = self._entry(arguments)
        if entry.risk != "low":
            reason = f"{entry.name} is rated {entry.risk}"
            raise GuardError(f"{reason}: call local_change, which asks for its approval", reason=reason)
        ran = await run(entry, rendered(entry, arguments.get("parameters")).argv)
        return self._told(ran)

    def asked(self, arguments: Mapping[str, Any]) -> Command:
        """A command: arguments ``command``, ``parameters``."""
        entry = self._entry(arguments)
        return rendered(entry, arguments.get("parameters"))

    def approved(self, change: Change) -> Command:
        """The command that its lines state."""
        return self.asked({"command": change.device, "parameters": values_in(change.commands)})

    def rated(self, ask: Command) -> Rated:
        """As the target file has it."""
        risk = self._entry({"command": ask.target}).risk
        return Rated(risk=risk, reasons=[f"the target file rates {ask.target} {risk}"])

    async def state(self, ask: Command) -> str:
        """Of the program itself, and of what the target file says of it. Raises DeviceError."""
        entry = self._entry({"command": ask.target})
        program = await asyncio.to_thread(_sha256, entry)
        return digest([entry.model_dump(mode="json"), program])

    async def act(self, ask: Command, state: str, mark: Mark) -> Done:
        """Run once. What ends with 0 is done; whatever else leaves it open."""
        if await self.state(ask) != state:
            return Done(outcome="failed", reason="nothing was run: the program or its entry has changed meanwhile")
        await mark("")
        try:
            ran = await run(self._entry({"command": ask.target}), ask.argv)
        except NotRunError as wrong:
            return Done(outcome="failed", reason=wrong.message)
        told = self._told(ran)
        answers = [text for text in (told["output"], told["errors"]) if text]
        if ran.status == 0:
            return Done(outcome="confirmed", reason="it ended with 0", answers=answers)
        why = "its time was over" if ran.late else f"it ended with {ran.status}"
        return Done(outcome="unknown", reason=f"{why}: what it had done by then nobody knows", answers=answers)

    async def past(self, ask: Command, mark: str) -> Done | None:
        """Nobody knows what a process that is gone had done."""
        return None

    def _told(self, ran: Ran) -> dict[str, Any]:
        truncated = "there was more, and it was ended" if ran.truncated else ""
        note = "its time was over, and it was ended" if ran.late else ""
        texts = {"output": self._veil.text(ran.output), "errors": self._veil.text(ran.errors)}
        return {"status": ran.status, **texts, "truncated": truncated, "note": note}

    def _entry(self, arguments: Mapping[str, Any]) -> CommandEntry:
        return named("command", self._targets.commands, str(arguments.get("command", "")))


def _sha256(entry: CommandEntry) -> str:
    try:
        with Path(entry.argv[0]).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as wrong:
        raise DeviceError(f"{entry.name}: {entry.argv[0]} cannot be read: {wrong}", device=entry.name) from wrong
