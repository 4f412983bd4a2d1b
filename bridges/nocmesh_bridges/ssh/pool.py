"""Few sessions for many callers: bounded per device and in all, kept while they are worth keeping."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from nocmesh.clock import Clock
from nocmesh.errors import (
    DeviceBusyError,
    DeviceSilentError,
    DeviceUnreachableError,
    NotFoundError,
    PreconditionError,
)
from nocmesh_bridges.ssh.hostkeys import HostKeys
from nocmesh_bridges.ssh.logins import Logins
from nocmesh_bridges.ssh.session import DeviceSession
from nocmesh_bridges.ssh.target import Target

OPENING = 32
"""So many sessions are opened at once: all of a large network's at the same time would all be too late."""
WAITING = 32
"""So many may wait for one device; the next one is told at once that it is busy."""
WAIT_SECONDS = 14.0
"""Nobody waits longer for a session: agents ask again after 15 s, and nobody shall wait here who asks again there."""
LOGIN_PATIENCE = 10.0
"""Seconds that are waited until a device that counts logins takes the next one."""

PARTS_TRUSTED = timedelta(minutes=2)
"""How long a session is kept that may miss what has come since it was opened."""
PARTS_KEPT = timedelta(minutes=10)
"""How long a daemon that no new session finds is still expected to come back."""


@dataclass(slots=True)
class _Idle:
    session: DeviceSession
    since: datetime


@dataclass(slots=True)
class _Device:
    """What the pool holds for one device."""

    target: Target
    room: asyncio.Semaphore
    logins: Logins
    idle: list[_Idle] = field(default_factory=list)
    in_use: int = 0
    waiting: int = 0
    opened: int = 0
    age: int = 0
    """How often its sessions were given up: one that was lent before is not lent again."""
    failures: int = 0
    """In a row, to open a session."""
    shut_until: datetime | None = None
    parts: frozenset[str] = frozenset()
    """The most that a session has found of it, and when one last did: another that finds less is not kept."""
    parts_at: datetime | None = None


class DevicePool:
    """Lends sessions; see ``session``. ``close`` it in the end.

    ``limit`` bounds the sessions open in all, ``at_once`` those that are lent, ``Target.max_sessions`` those of one
    device, ``WAITING`` those who wait for one device. After ``failures`` failed opens in a row a device is not tried
    for ``pause`` seconds: a half-dead one would hold up every caller. Nor is one where nobody answers at all, after
    the first.
    """

    def __init__(
        self,
        targets: Iterable[Target],
        clock: Clock,
        *,
        host_keys: HostKeys | None = None,
        limit: int = 64,
        at_once: int = 64,
        wait_seconds: float = WAIT_SECONDS,
        idle_seconds: float = 60.0,
        failures: int = 3,
        pause: float = 15.0,
    ) -> None:
        self._clock = clock
        self._host_keys = host_keys
        self._limit = limit
        self._room = asyncio.Semaphore(min(limit, at_once))
        self._wait_seconds = wait_seconds
        self._opening = asyncio.Semaphore(OPENING)
        self._idle_seconds = idle_seconds
        self._failures = failures
        self._pause = timedelta(seconds=pause)
        self._devices = {target.name: _held(target) for target in targets}
        self._sweeper: asyncio.Task[None] | None = None
        self._closed = False

    @asynccontextmanager
    async def session(
        self, device: str, *, single_use: bool = False, background: bool = False
    ) -> AsyncIterator[DeviceSession]:
        """A session with ``device``, ours alone until the block ends; waits while all of them are lent.

        ``single_use``: a fresh one, closed afterwards, held off neither by the breaker nor by those who wait: for
        changes and their proof. ``background``: nobody waits for it, so its failure does not keep the device from those
        who do. Raises NotFoundError for an unknown device, DeviceBusyError when too many wait for it or it takes no
        more logins now, DeviceUnreachableError when no session can be opened, PreconditionError after ``close``.
        """
        held = self._device(device)
        async with AsyncExitStack() as stack:
            await self._wait(held, stack, patient=single_use)
            held.in_use += 1
            stack.callback(_leave, held)
            age = held.age
            session = await self._lend(held, single_use, background)
            stack.push_async_callback(self._take_back, held, session, single_use, age)
            yield session

    async def _wait(self, held: _Device, stack: AsyncExitStack, *, patient: bool) -> None:
        """Until it is our turn; the device's own comes first, so that whoever waits for it takes nobody else's."""
        if held.waiting >= WAITING and not patient:
            raise _busy(held, f"{held.waiting} callers wait for it already")
        held.waiting += 1
        try:
            async with asyncio.timeout(None if patient else self._wait_seconds):
                await stack.enter_async_context(held.room)
                await stack.enter_async_context(self._room)
        except TimeoutError as late:
            raise _busy(held, f"no session came free within {self._wait_seconds:g} s") from late
        finally:
            held.waiting -= 1

    async def renew(self, device: str) -> None:
        """No session with ``device`` that is open now is lent again: what it knows of the device may be old."""
        held = self._device(device)
        held.age += 1
        while held.idle:
            await held.idle.pop().session.close()

    def knows(self, device: str) -> bool:
        """Say whether ``device`` is among the targets."""
        return device in self._devices

    def stats(self) -> dict[str, dict[str, Any]]:
        """By device: sessions ``in_use``, ``idle`` and ``opened`` ever, callers ``waiting``, whether it is ``shut``."""
        return {
            name: {
                "in_use": held.in_use,
                "idle": len(held.idle),
                "waiting": held.waiting,
                "opened": held.opened,
                "failures": held.failures,
                "shut": self._shut_for(held) > timedelta(0),
            }
            for name, held in self._devices.items()
        }

    async def sweep(self) -> None:
        """Closes the sessions that nobody has used for ``idle_seconds``. The pool does so by itself, too."""
        limit = self._clock.now() - timedelta(seconds=self._idle_seconds)
        for held in self._devices.values():
            old = [idle for idle in held.idle if idle.since <= limit or not idle.session.alive]
            held.idle = [idle for idle in held.idle if idle not in old]
            for idle in old:
                await idle.session.close()

    async def close(self) -> None:
        """Closes every idle session, and each lent one when it comes back. No new one is lent."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._sweeper
            self._sweeper = None
        for held in self._devices.values():
            while held.idle:
                await held.idle.pop().session.close()

    def _device(self, name: str) -> _Device:
        if name not in self._devices:
            known = ", ".join(sorted(self._devices)) or "none"
            raise NotFoundError(f"no device {name!r}; known are: {known}", device=name)
        return self._devices[name]

    async def _lend(self, held: _Device, single_use: bool, background: bool) -> DeviceSession:
        if self._closed:
            raise PreconditionError("the pool is closed; no session is lent any more")
        while held.idle:
            kept = held.idle.pop().session
            if kept.alive and not single_use and kept.parts >= held.parts:
                return kept
            await kept.close()  # its vty must be free before another is asked for
            if single_use:
                break
        if not single_use:
            self._must_be_tried(held)
        await self._login_due(held, patient=single_use)
        await self._make_room()
        return await self._open(held, background)

    async def _login_due(self, held: _Device, *, patient: bool) -> None:
        """Until the device takes one more login; a change that has begun waits as long as it must."""
        now = self._clock.now()
        at = held.logins.due(now)
        wait = (at - now).total_seconds()
        if wait > LOGIN_PATIENCE and not patient:
            raise _busy(held, f"it takes {held.target.logins_per_minute} logins a minute, the next in {wait:.0f} s")
        held.logins.book(at)
        if wait:
            await asyncio.sleep(wait)

    async def _open(self, held: _Device, background: bool) -> DeviceSession:
        try:
            async with self._opening:
                target = await held.target.unlocked()
                session = await DeviceSession.open(target, host_keys=self._host_keys)
        except DeviceUnreachableError as error:
            held.failures += not background
            enough = held.failures >= self._failures or isinstance(error, DeviceSilentError)
            if enough and not background:
                held.shut_until = self._clock.now() + self._pause
            raise
        held.failures, held.shut_until = 0, None
        held.opened += 1
        self._found(held, session)
        return session

    def _may_miss(self, session: DeviceSession) -> bool:
        """It is old, and nobody knows whether it would find more if it were new."""
        opened = session.opened_at
        return bool(session.parts) and opened is not None and self._clock.now() - opened > PARTS_TRUSTED

    def _found(self, held: _Device, session: DeviceSession) -> None:
        """Remember the most; what was missing for so long is not missing any more, it is gone."""
        now = session.opened_at = self._clock.now()
        if session.parts >= held.parts or held.parts_at is None or now - held.parts_at > PARTS_KEPT:
            held.parts, held.parts_at = session.parts, now

    async def _make_room(self) -> None:
        """Closes the longest idle session of all when lent and idle ones together reach the limit."""
        idle = [(kept.since, held, kept) for held in self._devices.values() for kept in held.idle]
        lent = sum(held.in_use for held in self._devices.values())
        if idle and lent + len(idle) > self._limit:
            _, held, kept = min(idle, key=lambda entry: entry[0])
            held.idle.remove(kept)
            await kept.session.close()

    async def _take_back(self, held: _Device, session: DeviceSession, single_use: bool, age: int) -> None:
        if single_use or self._closed or not session.alive or age != held.age or self._may_miss(session):
            await session.close()
            return
        held.idle.append(_Idle(session, self._clock.now()))
        if self._sweeper is None:
            self._sweeper = asyncio.create_task(self._sweep_for_ever(), name="ssh-pool-sweeper")

    async def _sweep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(max(0.05, self._idle_seconds / 4))
            await self.sweep()

    def _must_be_tried(self, held: _Device) -> None:
        left = self._shut_for(held)
        if left > timedelta(0):
            raise DeviceUnreachableError(
                f"{held.target.name} opened no session (times in a row: {held.failures}); "
                f"it is tried again in {left.seconds + 1} s",
                device=held.target.name,
            )

    def _shut_for(self, held: _Device) -> timedelta:
        return held.shut_until - self._clock.now() if held.shut_until else timedelta(0)


def _held(target: Target) -> _Device:
    return _Device(target, asyncio.Semaphore(max(1, target.max_sessions)), Logins(target.logins_per_minute))


def _busy(held: _Device, why: str) -> DeviceBusyError:
    return DeviceBusyError(f"{held.target.name} is busy: {why}; ask again in a moment", device=held.target.name)


def _leave(held: _Device) -> None:
    held.in_use -= 1
