"""A logged-in device: ``show`` reads, ``configure`` changes; at a shell ``execute`` does.

A session is used by one at a time, and by nobody after a doubt: a cancelled, late or garbled answer closes it, because
the next answer could be the old one.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from nocmesh.errors import (
    DeviceError,
    DeviceRejectedError,
    DeviceTimeoutError,
    DeviceUnreachableError,
    InvalidInputError,
    PreconditionError,
    SessionLostError,
)
from nocmesh.failpoint import reached
from nocmesh_bridges.ssh import screen
from nocmesh_bridges.ssh.dialogue import Dialogue
from nocmesh_bridges.ssh.hostkeys import HostKeys
from nocmesh_bridges.ssh.prompts import CONFIGURATION, Knowledge, platform_knowledge
from nocmesh_bridges.ssh.target import SHELL_PLATFORM, Target
from nocmesh_bridges.ssh.transport import Wire

__all__ = ["DeviceSession", "LineResult", "Target"]

OUTPUT_LIMIT = 10 * 1024 * 1024
"""Bytes of one answer. The longest real ones (a full BGP table) are a few megabytes."""

ENDS_WITH_END = frozenset({"frr", "cisco_ios", "cisco_iosxe", "cisco_iosxr", "cisco_xr", "arista_eos"})
"""Platforms whose running configuration closes with `end`: one without it was cut off, and is no backup."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LineResult:
    """What the device answered to one configuration line."""

    line: str
    answer: str
    rejected: bool
    """The device refused the line, or left the configuration mode because of it; a command failed."""


class DeviceSession:
    """One session with one device; see ``open``."""

    def __init__(self, target: Target, knowledge: Knowledge, wire: Wire, dialogue: Dialogue) -> None:
        self.target = target
        self._known = knowledge
        self._wire = wire
        self._dialogue = dialogue
        self._lock = asyncio.Lock()
        self._lost = ""
        self.parts: frozenset[str] = frozenset()
        """The parts of the device that it has found when it was opened, where it may miss some: daemons of a router."""
        self.opened_at: datetime | None = None
        """As the pool's clock said."""

    @classmethod
    async def open(
        cls, target: Target, *, host_keys: HostKeys | None = None, output_limit: int = OUTPUT_LIMIT
    ) -> "DeviceSession":
        """Connects, logs in, raises the privilege if an enable password is given, turns paging off.

        Without ``host_keys`` the key must be pinned in ``target``. Raises DeviceUnreachableError for every reason for
        which no session came about, within ``target.open_timeout``; NotFoundError for an unknown platform.
        """
        knowledge = platform_knowledge(target.platform)
        dialogue: Dialogue | None = None
        try:
            async with asyncio.timeout(target.open_timeout):
                wire = await Wire.open(target, host_keys)
                dialogue = Dialogue(wire, knowledge, device=target.name, limit=output_limit)
                return await cls._begin(target, knowledge, wire, dialogue)
        except TimeoutError as error:
            raise _too_late(target, dialogue) from error
        except (SessionLostError, DeviceRejectedError) as error:
            raise DeviceUnreachableError(
                f"{target.name}: no usable session: {error.message}; check the platform ({target.platform}), "
                "and whether all vtys are in use",
                device=target.name,
            ) from error

    @classmethod
    async def _begin(cls, target: Target, knowledge: Knowledge, wire: Wire, dialogue: Dialogue) -> "DeviceSession":
        session = cls(target, knowledge, wire, dialogue)
        try:
            await dialogue.greet()
            await session._raise_privilege()
            for command in knowledge.paging_off:
                await dialogue.ask(command)  # a device that does not know it is paged through
            if knowledge.parts:
                session.parts = frozenset((await dialogue.ask(knowledge.parts)).split())
        except BaseException:
            session._discard("it was not opened")
            raise
        return session

    @property
    def alive(self) -> bool:
        """Whether another command may be given to it."""
        return not self._lost and not self._wire.closed

    @property
    def prompt(self) -> str:
        """The device's prompt, as learned."""
        return self._dialogue.prompt

    async def show(self, command: str, *, timeout: float = 60.0) -> str:
        """What the device answers to ``command``: the text as printed, without echo and prompt.

        Raises DeviceRejectedError when the device does not know the command (the session stays usable);
        DeviceTimeoutError after ``timeout`` seconds, SessionLostError when the answer is incomplete or cannot be
        trusted (the session is closed). It does not judge the command: ``guard.check_show`` does.
        """
        command = _one_line(command)
        async with self._alone(), self._trusted(command, timeout):
            answer = await self._dialogue.ask(command)
            self._must_be_whole(command, answer)
        self._must_be_understood(command, answer)
        return answer

    async def configure(self, lines: Sequence[str], *, timeout: float = 60.0, enter: str = "") -> list[LineResult]:
        """Enters configuration mode, types ``lines`` one by one up to the first rejected one, and leaves it.

        Gives one result a line that was typed. ``enter`` replaces the platform's command for entering, as in
        `configure terminal revert timer 5`. Raises as ``show`` does; then the error's fact ``results`` tells the
        lines that were answered, and the fate of the next one is unknown.
        """
        lines = [_one_line(line) for line in lines]
        self._must_take_lines()
        results: list[LineResult] = []
        async with self._alone():
            try:
                async with self._trusted("configure", timeout):
                    await self._type_lines(enter or self._known.enter_config, lines, results)
            except DeviceError as error:
                error.facts["results"] = tuple(results)
                raise
        return results

    async def execute(
        self, lines: Sequence[str], *, timeout: float = 60.0, failpoint: str = "bridge.line"
    ) -> list[LineResult]:
        """Types ``lines`` at a shell one by one, up to the first that fails: its exit status and its output decide.

        ``timeout`` is for all of them. Raises as ``configure`` does, and leaves the same facts. ``failpoint`` is
        reached after each line.
        """
        lines = [_one_line(line) for line in lines]
        if self._known.platform != SHELL_PLATFORM:
            raise PreconditionError(f"{self.target.name} shows no shell behind this door", device=self.target.name)
        results: list[LineResult] = []
        async with self._alone():
            try:
                async with self._trusted("the change", timeout):
                    for line in lines:
                        results.append(await self._executed(line))
                        reached(failpoint)
                        if results[-1].rejected:
                            break
            except DeviceError as error:
                error.facts["results"] = tuple(results)
                raise
        return results

    async def _executed(self, line: str) -> LineResult:
        """The exit status stands behind a number used once, so that no output can pass for it."""
        number = secrets.token_hex(6)
        said, found, status = (await self._dialogue.ask(f"{line}; echo {number}=$?")).rpartition(f"{number}=")
        if not found or not status.strip().isdecimal():
            raise SessionLostError(
                f"{self.target.name} did not tell how {line!r} ended: whether it did is not known",
                device=self.target.name,
            )
        failure = screen.failure_in(said, self._known.failures, at_end=True) or screen.complaint_in(said)
        return LineResult(line=line, answer=said.strip("\n"), rejected=status.strip() != "0" or bool(failure))

    async def close(self) -> None:
        """Closes the session; it can be called twice."""
        self._lost = self._lost or "it was closed"
        await self._wire.close()

    async def _type_lines(self, enter: str, lines: Sequence[str], results: list[LineResult]) -> None:
        answer, mode = await self._dialogue.ask_line(enter)
        if mode != CONFIGURATION:
            raise DeviceRejectedError(
                f"{self.target.name} does not enter configuration mode: {answer.strip()!r}; check the account's "
                "privilege (enable password), and whether somebody else holds the configuration",
                device=self.target.name,
                output=answer,
            )
        for line in lines:
            results.append(self._judged(line, *await self._dialogue.ask_line(line)))
            if results[-1].rejected:
                break
        if mode == CONFIGURATION:
            await self._leave()

    def _judged(self, line: str, answer: str, mode: str) -> LineResult:
        if mode != CONFIGURATION:
            return LineResult(line=line, answer=answer or "the line left the configuration mode", rejected=True)
        failure = screen.failure_in(answer, self._known.failures) or screen.objection_in(answer)
        return LineResult(line=line, answer=answer, rejected=bool(failure))

    async def _leave(self) -> None:
        await self._dialogue.ask_line(self._known.leave_config)
        await self._dialogue.ask(self._known.comment.strip())  # proves that we are back at the first prompt

    async def _raise_privilege(self) -> None:
        target, known = self.target, self._known
        mode = known.mode_of(self._dialogue.prompt)
        if not mode:
            raise SessionLostError(f"{self._dialogue.prompt!r} is no prompt of the platform {target.platform}")
        if not (known.enable and mode == "exec" and target.enable_password):
            return
        if not await self._dialogue.enable(target.enable_password):
            raise DeviceUnreachableError(
                f"{target.name} refused the enable password: it says {self._dialogue.tail!r}; set the right one",
                device=target.name,
                problem="enable",
            )

    def _must_be_understood(self, command: str, answer: str) -> None:
        failure = screen.failure_in(answer, self._known.failures, at_end=self._known.platform == "linux")
        if failure:
            raise DeviceRejectedError(
                f"{self.target.name} does not accept {command!r}: {failure}; see how {self.target.platform} spells it",
                device=self.target.name,
                output=answer,
            )

    def _must_be_whole(self, command: str, answer: str) -> None:
        if not _is_running_config(command) or self.target.platform not in ENDS_WITH_END:
            return
        if screen.failure_in(answer, self._known.failures):
            return
        if answer.rstrip().rpartition("\n")[2].strip() != "end":
            raise SessionLostError(
                f"{self.target.name}: the running configuration does not close with `end`: it was cut off; ask again",
                device=self.target.name,
            )

    def _must_take_lines(self) -> None:
        if self._known.candidate or not (self._known.enter_config and self._known.leave_config):
            raise PreconditionError(
                f"{self.target.platform} takes no configuration line by line: it has no such mode, or only commits",
                device=self.target.name,
            )

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        async with self._lock:
            if not self.alive:
                reason = self._lost or "the device closed it"
                raise SessionLostError(
                    f"the session with {self.target.name} is gone: {reason}; open another", device=self.target.name
                )
            yield

    @asynccontextmanager
    async def _trusted(self, what: str, timeout: float) -> AsyncIterator[None]:
        """Closes the session if anything at all goes wrong in the body."""
        try:
            async with asyncio.timeout(timeout):
                yield
        except TimeoutError as error:
            self._discard(f"{what!r} took longer than {timeout} s")
            raise DeviceTimeoutError(
                f"{self.target.name} did not finish {what!r} in {timeout} s; it printed last: {self._dialogue.tail!r}. "
                "The session was closed; allow more time or ask for less",
                device=self.target.name,
            ) from error
        except BaseException as error:
            self._discard(f"{what!r} was broken off ({type(error).__name__})")
            raise

    def _discard(self, reason: str) -> None:
        self._lost = self._lost or reason
        self._wire.abort()


def _one_line(text: str) -> str:
    """``text`` stripped, if it is one line of printable ASCII; a terminal would take anything else as a key."""
    line = text.strip(" ")
    if not line or not line.isascii() or not line.isprintable():
        raise InvalidInputError(f"{text!r} is not one line of printable ASCII: nothing was sent", field="command")
    return line


def _is_running_config(command: str) -> bool:
    words = command.lower().split()
    whole = len(words) == 2 or (len(words) == 3 and words[2] == "all")
    return whole and len(words[0]) > 1 and "show".startswith(words[0]) and words[1].startswith("run")


def _too_late(target: Target, dialogue: Dialogue | None) -> DeviceUnreachableError:
    printed = f"; it printed last: {dialogue.tail!r}" if dialogue and dialogue.tail else ""
    return DeviceUnreachableError(
        f"{target.name} at {target.host}:{target.port} gave no usable prompt within {target.open_timeout} s{printed}; "
        "check that it is up and that the platform is right, or raise open_timeout",
        device=target.name,
    )
