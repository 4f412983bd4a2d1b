"""Asking one device several commands, over both of its doors at once.

A device that hangs, prints without end or drops us costs the command that it happened to, never the others' answers.
"""

import asyncio
import re
from collections.abc import Sequence

from msgspec.structs import replace

from nocmesh.errors import DeviceError, DeviceRejectedError, DeviceTimeoutError, SessionLostError
from nocmesh.log import Log
from nocmesh.messages.state import DeviceState, Door, Output, View
from nocmesh.network import Device
from nocmesh_bridges import platforms
from nocmesh_bridges.platforms import Ask
from nocmesh_bridges.redact import redact
from nocmesh_bridges.ssh.guard import check_show
from nocmesh_bridges.ssh.pool import DevicePool
from nocmesh_bridges.ssh.secretlines import SecretLines, Unmasked
from nocmesh_bridges.ssh.session import DeviceSession
from nocmesh_bridges.ssh.target import place, platform_at

COMMAND_SECONDS = 10.0
"""One of several commands may take so long; whoever waits for all of them does not wait for ever."""
MAX_TEXT = 400 * 1024
"""Characters of one of several answers: all of them together go into one message."""
ONE_COMMAND_SECONDS = 60.0
"""A command that is asked alone may take longer: a full table has millions of lines."""
RUNNING_CONFIG = "show running-config"
LOSSES = 3
"""A door whose sessions are lost so often within one call is not tried again."""


_STALE = re.compile(
    r"^Warning: (?:closing connection to \w+ because of an I/O error!|connecting to \w+\.\.\.success!)", re.MULTILINE
)
"""Vtysh when a daemon has ended since it was asked last, or is there again: it says so in the midst of its answer.

Asked again, vtysh looks for a new one, and its answer is whole (vtysh/vtysh.c).
"""
_CONNECTING = re.compile(r"^Warning: connecting to \w+\.\.\.failed!\n?", re.MULTILINE)
"""What an open vtysh prints in the midst of every answer while a daemon that it knew does not run; no part of it."""


class Asker:
    """Types commands that the guard has let through, and redacts what comes back."""

    def __init__(self, pool: DevicePool, log: Log, key: bytes = b"") -> None:
        self._pool = pool
        self._log = log
        self._key = key
        self._secrets = SecretLines()

    def unmasked(self, device: Device, lines: Sequence[str]) -> Unmasked:
        """``lines`` with the secrets that they stand for. Raises GuardError for one that we have not read."""
        return self._secrets.unmasked(device.name, lines)

    def redacted(self, device: Device, door: Door, text: str) -> str:
        """``text`` as it may leave the bridge."""
        return redact(platform_at(device.platform, door), text, key=self._key)

    def has(self, device: Device, door: Door) -> bool:
        """Say whether there is a way in through ``door``."""
        return self._pool.knows(place(device.name, door))

    async def strict(
        self, device: Device, commands: Sequence[str], *, door: Door = "cli", single_use: bool = False
    ) -> list[Output]:
        """What the device answers to each command, redacted; one that it does not know is an answer.

        Raises GuardError before anything is typed, DeviceError when one cannot be answered.
        """
        _check(device, [Ask(command, door) for command in commands])
        if not self.has(device, door) and door == "shell":
            return [Output(command=command, door=door, text="", status="unasked") for command in commands]
        async with self._pool.session(place(device.name, door), single_use=single_use) as session:
            return [await self._shown(device, session, Ask(command, door)) for command in commands]

    async def patient(
        self, device: Device, asks: Sequence[Ask], *, single_use: bool = False, background: bool = False
    ) -> list[Output]:
        """What the device answers to ``asks``, its doors in parallel; an answer that could not be had is `unparsed`.

        Its text says why. Behind a door that cannot be opened all are `unasked`. Raises GuardError before anything is
        typed, DeviceError when no door at all could be opened.
        """
        _check(device, asks)
        doors: dict[Door, list[Ask]] = {}
        for ask in asks:
            doors.setdefault(ask.door, []).append(ask)
        told = [self._through(device, behind, single_use, background) for behind in doors.values()]
        found: list[Output] = []
        closed: list[DeviceError] = []
        for behind, result in zip(doors.values(), await asyncio.gather(*told, return_exceptions=True), strict=True):
            if isinstance(result, DeviceError):
                closed.append(result)
                found.extend(self._unasked(device, behind, result))
            elif isinstance(result, BaseException):
                raise result
            else:
                found.extend(result)
        if closed and len(closed) == len(doors):
            raise closed[0]
        return found

    async def state(
        self, device: Device, views: Sequence[View], *, single_use: bool = False, background: bool = False
    ) -> tuple[DeviceState, list[Output]]:
        """The device's typed state for ``views``, and the outputs that it was read from, each with its verdict.

        A view that there is no way to ask for has the status `unasked`. Raises InvalidInputError for an unknown
        platform or view, DeviceError when no door opens.
        """
        shell = self.has(device, "shell")
        asks = platforms.asks(device.platform, views, shell=shell)
        how = {"single_use": single_use, "background": background}
        outputs = platforms.judged(device.platform, await self.patient(device, asks, **how))
        further = platforms.leads(device.platform, views, outputs, shell=shell)
        if further:
            outputs += platforms.judged(device.platform, await self.patient(device, further, **how))
        return platforms.state(device.name, device.platform, views, outputs), outputs

    async def _through(self, device: Device, asks: Sequence[Ask], single_use: bool, background: bool) -> list[Output]:
        """All of one door's answers. Raises DeviceError when its first session cannot be opened."""
        found: list[Output] = []
        losses = 0
        while len(found) < len(asks):
            try:
                where, how = place(device.name, asks[0].door), {"single_use": single_use, "background": background}
                async with self._pool.session(where, **how) as session:
                    for ask in asks[len(found) :]:
                        found.append(_bounded(await self._shown(device, session, ask, COMMAND_SECONDS)))
            except (SessionLostError, DeviceTimeoutError) as lost:
                found.append(self._lost(device, asks[len(found)], lost))
                losses += 1
                if isinstance(lost, DeviceTimeoutError) or losses >= LOSSES:
                    found.extend(self._lost(device, ask, lost) for ask in asks[len(found) :])
            except DeviceError as shut:
                if not found:
                    raise
                found.extend(self._lost(device, ask, shut) for ask in asks[len(found) :])
        return found

    async def _shown(
        self, device: Device, session: DeviceSession, ask: Ask, seconds: float = ONE_COMMAND_SECONDS
    ) -> Output:
        platform = platform_at(device.platform, ask.door)
        try:
            text = await session.show(ask.command, timeout=seconds)
            if _STALE.search(text):
                text = await session.show(ask.command, timeout=seconds)
            text = _CONNECTING.sub("", text)
        except DeviceRejectedError as rejected:
            said = _CONNECTING.sub("", str(rejected.facts.get("output", rejected.message)))
            said = redact(platform, said, key=self._key)
            return Output(command=ask.command, door=ask.door, text=said, status="rejected")
        if (ask.command, ask.door) == (RUNNING_CONFIG, "cli"):
            self._secrets.learn(device.name, text, key=self._key)
        return Output(command=ask.command, door=ask.door, text=redact(platform, text, key=self._key))

    def _lost(self, device: Device, ask: Ask, why: DeviceError) -> Output:
        self._log.warning("answer_lost", device=device.name, command=ask.command, door=ask.door, why=why.message)
        said = redact(platform_at(device.platform, ask.door), why.message, key=self._key)
        return Output(command=ask.command, door=ask.door, text=said, status="unparsed")

    def _unasked(self, device: Device, asks: Sequence[Ask], why: DeviceError) -> list[Output]:
        return [replace(self._lost(device, ask, why), status="unasked") for ask in asks]


def _bounded(output: Output) -> Output:
    if len(output.text) <= MAX_TEXT:
        return output
    said = f"{len(output.text)} characters, more than the {MAX_TEXT} that one of several answers may have: ask for less"
    return replace(output, text=said, status="unparsed")


def _check(device: Device, asks: Sequence[Ask]) -> None:
    for ask in asks:
        check_show(platform_at(device.platform, ask.door), ask.command)
