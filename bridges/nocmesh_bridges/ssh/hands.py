"""What a change does through its door: read the configuration, type lines, tell what is left to do.

Two ways: a router's command line, and a Linux shell. The device decides about both by what it shows.
"""

import abc
from collections.abc import Sequence
from dataclasses import replace

from nocmesh.agent.baselines import load_snapshot
from nocmesh.bus import Mesh
from nocmesh.diagnosis import shellmerge
from nocmesh.diagnosis.baseline import GOOD
from nocmesh.diagnosis.checks import views_for
from nocmesh.diagnosis.configtext import affected_diff
from nocmesh.errors import DeviceError, GuardError, NotFoundError, UsageError
from nocmesh.messages.change import Change
from nocmesh.network import Device
from nocmesh_bridges import platforms
from nocmesh_bridges.ssh import shellguard
from nocmesh_bridges.ssh.guard import check_line
from nocmesh_bridges.ssh.pool import DevicePool
from nocmesh_bridges.ssh.reading import Reader
from nocmesh_bridges.ssh.secretlines import HIDDEN, Unmasked
from nocmesh_bridges.ssh.session import DeviceSession, LineResult
from nocmesh_bridges.ssh.target import SHELL_PLATFORM, place, platform_at

TYPING_SECONDS = 60.0
SAVE = {"frr": "write", "cisco_iosxe": "write memory"}


class Hand(abc.ABC):
    """One change's way to its device."""

    def __init__(self, mesh: Mesh, pool: DevicePool, reader: Reader, change: Change) -> None:
        self._mesh = mesh
        self._pool = pool
        self._reader = reader
        self._change = change

    @property
    def device(self) -> Device:
        """The device as the inventory has it. Raises NotFoundError."""
        return self._reader.device({"device": self._change.device})

    @property
    def spoken(self) -> str:
        """The platform behind the door."""
        return platform_at(self._change.platform, self._change.door)

    async def unfit(self, *, begun: bool = False) -> str:
        """Why the change could not be carried out to its end, as far as it is known without the device.

        ``begun``: it was judged before its first line, and what is known of the device's past may have moved since.
        """
        change = self._change
        try:
            device = self.device
            if device.name != change.device or device.platform != change.platform:
                return f"{change.device} ({change.platform}) is {device.name} ({device.platform}) in the inventory"
            if not self._pool.knows(place(device.name, change.door)):
                return f"the inventory gives no door {change.door!r} to {device.name}"
            platforms.commands(device.platform, views_for(change.verify))
            await self._guard(begun)
        except GuardError as refused:
            return f"the guard refused a line: {refused.message}"
        except UsageError as wrong:
            return f"the change cannot be carried out: {wrong.message}"
        return ""

    async def read(self) -> tuple[str, str]:
        """The configuration that the door shows, and its hash. Raises DeviceError."""
        return await self._reader.running(self.device, self._change.door, single_use=True)

    async def unsafe(self, running: str) -> str:
        """Why the change may not go though it was approved, now that ``running`` is known; empty: it may."""
        try:
            unmasked = self._unmasked([*self._change.commands, *self._change.rollback])
            for real in unmasked.shown:
                self._check_secret(real, unmasked)
        except GuardError as refused:
            return refused.message
        return ""

    async def type(self, lines: Sequence[str], timeout: float = TYPING_SECONDS) -> list[LineResult]:
        """Type ``lines`` up to the first rejected one, within ``timeout`` seconds; a secret is typed, and never told.

        Raises DeviceError with what was answered in its fact ``results``, GuardError before anything is sent.
        """
        unmasked = self._unmasked(lines)
        try:
            async with self._pool.session(place(self.device.name, self._change.door), single_use=True) as session:
                return self._told(await self._send(session, unmasked.lines, timeout), unmasked)
        except DeviceError as lost:
            results = self._told(list(lost.facts.get("results", ())), unmasked)
            if not unmasked.secret:
                lost.facts["results"] = tuple(results)
                raise
            said = f"{self.device.name}: the session was lost ({type(lost).__name__}); {HIDDEN}"
            hidden = DeviceError(said, device=self.device.name)
            hidden.facts["results"] = tuple(results)
        raise hidden

    def to_arm(self) -> Unmasked:
        """The whole rollback as the device itself would type it. Raises GuardError for a secret that nobody knows."""
        return self._unmasked(self._change.rollback)

    @abc.abstractmethod
    async def left(self, running: str) -> str:
        """What the commands would still change on ``running``; empty: it is all there."""

    @abc.abstractmethod
    async def to_undo(self) -> list[str]:
        """The lines that take back what the device shows of the change. Raises DeviceError."""

    @abc.abstractmethod
    def others(self, lines: Sequence[str], answered: int) -> list[str]:
        """What is typed when the last of the ``answered`` of ``lines`` was rejected."""

    async def save(self) -> str:
        """Keep what runs over a reload; when that fails it runs all the same, and the result says so."""
        save = SAVE.get(self.spoken)
        if save is None:
            return ""
        try:
            async with self._pool.session(self._change.device, single_use=True) as session:
                await session.show(save)
        except DeviceError as wrong:
            return f"in effect, but not saved: {wrong.message}"
        return ""

    @abc.abstractmethod
    async def _guard(self, begun: bool) -> None:
        """Raises GuardError for a line that no change may type."""

    @abc.abstractmethod
    async def _send(self, session: DeviceSession, lines: Sequence[str], timeout: float) -> list[LineResult]: ...

    def _unmasked(self, lines: Sequence[str]) -> Unmasked:
        return self._reader.asker.unmasked(self.device, lines)

    def _check_secret(self, line: str, unmasked: Unmasked) -> None:
        """What stands behind a mask came from the device, and is judged like every other line."""
        try:
            check_line(self.spoken, line)
        except GuardError as refused:
            reason = str(refused.facts.get("reason", ""))
            raise GuardError(f"the line {unmasked.told(line)!r} is refused: {unmasked.hidden(reason)}") from None

    def _told(self, results: Sequence[LineResult], unmasked: Unmasked) -> list[LineResult]:
        return [
            LineResult(line=unmasked.told(r.line), answer=self._answer(r, unmasked), rejected=r.rejected)
            for r in results
        ]

    def _answer(self, result: LineResult, unmasked: Unmasked) -> str:
        return unmasked.hidden(self._reader.asker.redacted(self.device, self._change.door, result.answer))


class CliHand(Hand):
    """Lines of configuration at a device's own command line."""

    async def left(self, running: str) -> str:
        """By what the commands mean to a router."""
        return affected_diff(running, self._change.commands).strip()

    async def to_undo(self) -> list[str]:
        """The whole rollback: a router takes a line that undoes nothing, or rejects it."""
        return list(self._change.rollback)

    def others(self, lines: Sequence[str], answered: int) -> list[str]:
        """All but the rejected line: the others may need the sections that were entered before it."""
        return [*lines[: answered - 1], *lines[answered:]]

    async def _guard(self, begun: bool) -> None:
        for line in [*self._change.commands, *self._change.rollback]:
            check_line(self.spoken, line)

    async def _send(self, session: DeviceSession, lines: Sequence[str], timeout: float) -> list[LineResult]:
        return await session.configure(lines, timeout=timeout)


class ShellHand(Hand):
    """Commands at a Linux shell. None of them is typed twice: what is left to do is told from what the device shows."""

    async def unsafe(self, running: str) -> str:
        """Also: what would cut us off, and what could not be taken back exactly."""
        change = self._change
        lines = [*change.commands, *change.rollback]
        cut = shellguard.cuts_us_off(running, self.device.address, lines)
        if cut:
            return f"{cut}; a person must do it at the console"
        if not shellmerge.undoes(running, change.commands, change.rollback, await self._rules()):
            return "its rollback would not bring the old state back: propose it anew, or let a person do it"
        return await super().unsafe(running)

    async def type(self, lines: Sequence[str], timeout: float = TYPING_SECONDS) -> list[LineResult]:
        """Also: a router's command line that is open may not see what was started beside it."""
        try:
            return await super().type(lines, timeout)
        finally:
            await self._pool.renew(self.device.name)

    async def left(self, running: str) -> str:
        """By what the commands mean to a Linux system."""
        return shellmerge.affected_diff(running, self._change.commands, await self._rules())

    async def to_undo(self) -> list[str]:
        """Those lines of the rollback that have something to do on what the device shows now."""
        running, _ = await self.read()
        return shellmerge.remaining(running, self._change.rollback, await self._rules())

    def others(self, lines: Sequence[str], answered: int) -> list[str]:
        """Those behind the rejected one."""
        return list(lines[answered:])

    async def _rules(self) -> shellmerge.Rules:
        """Which rule has which handle now, where the change is about filters. Raises DeviceError."""
        if not any(line.startswith("nft ") for line in [*self._change.commands, *self._change.rollback]):
            return {}
        state, _ = await self._reader.state(self.device, ["filters"], single_use=True)
        rules = state.filters or []
        return {(rule.name, str(rule.handle)): rule.text for rule in rules if rule.handle is not None}

    async def _guard(self, begun: bool) -> None:
        change = self._change
        starts = shellguard.starts_in(change.commands)
        known = frozenset(starts) if begun or not starts else await self._ran()
        for line in change.commands:
            check_line(SHELL_PLATFORM, line, known=known)
        for line in change.rollback:
            check_line(SHELL_PLATFORM, line, undo=True)
        odd = shellguard.out_of_place(change.commands, change.rollback)
        if odd:
            raise GuardError(odd)

    async def _ran(self) -> frozenset[str]:
        """The command lines of the daemons that ran when all was well; none where nobody knows."""
        try:
            snapshot = await load_snapshot(self._mesh.agents, self._change.device, GOOD)
        except NotFoundError:
            return frozenset()
        processes = (snapshot.state.processes if snapshot.state else None) or []
        return frozenset(process.args for process in processes if process.parent == 1)

    async def _send(self, session: DeviceSession, lines: Sequence[str], timeout: float) -> list[LineResult]:
        """Up to the first that fails; what only tells the neighbours something may."""
        results: list[LineResult] = []
        try:
            while len(results) < len(lines):
                results += await session.execute(lines[len(results) :], timeout=timeout)
                if results[-1].rejected and not shellguard.may_fail(results[-1].line):
                    break
                results[-1] = replace(results[-1], rejected=False)
        except DeviceError as lost:
            lost.facts["results"] = (*results, *lost.facts.get("results", ()))
            raise
        return results


def hand_of(mesh: Mesh, pool: DevicePool, reader: Reader, change: Change) -> Hand:
    """The way that ``change`` goes."""
    spoken = platform_at(change.platform, change.door)
    return (ShellHand if spoken == SHELL_PLATFORM else CliHand)(mesh, pool, reader, change)
