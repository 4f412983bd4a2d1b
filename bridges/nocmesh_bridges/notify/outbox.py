"""The outbox: each note is kept on the bus before it is told, and marked when it was, target by target.

So a restart goes on with what was not told yet and repeats nothing; only what a target took in the moment of a crash,
before that was written down, it gets twice.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from nocmesh.bus import Bucket
from nocmesh.clock import Clock
from nocmesh.errors import LostRaceError, NocmeshError
from nocmesh.log import Log
from nocmesh.messages.base import Message
from nocmesh.runtime import until
from nocmesh_bridges.notify.note import Note, summed
from nocmesh_bridges.notify.pace import batch
from nocmesh_bridges.notify.targets import Target

TRIES = (1.0, 5.0)
"""Seconds before the second and the third try at a target."""
GATHER_SECONDS = 0.5
"""From the first news to its telling, and between two looks at the minute: so a storm is seen before it is told."""


class Kept(Message, frozen=True, kw_only=True):
    """A note, and to whom it was told."""

    note: Note
    reached: list[str] = []
    failed: list[str] = []
    done: bool = False


class Sends(Protocol):
    """What tells a target."""

    async def send(self, target: Target, note: Note) -> None:
        """Tell it. Raises NocmeshError."""
        ...


class Outbox:
    """Notes on their way."""

    def __init__(
        self, bucket: Bucket, sender: Sends, targets: Sequence[Target], *, most: int, url: str, clock: Clock, log: Log
    ) -> None:
        self.known: dict[str, datetime] = {}
        """When each note was written, by its key."""
        self.told = self.failed = 0
        self._bucket, self._sender, self._targets = bucket, sender, targets
        self._most, self._url, self._clock, self._log = most, url, clock, log
        self._waiting: list[Kept] = []
        self._sent: deque[datetime] = deque(maxlen=most)
        self._under_way: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()

    async def open(self) -> None:
        """Learn what was told before, and take up what was not. Raises BusError."""
        for entry in await self._bucket.entries():
            kept = msgspec.json.decode(entry.value, type=Kept)
            self.known[kept.note.key] = kept.note.at
            if not kept.done:
                self._waiting.append(kept)
        self._waiting.sort(key=lambda kept: kept.note.at)
        if self._waiting:
            self._log.info("notes_taken_up", count=len(self._waiting))

    async def put(self, note: Note) -> bool:
        """Have ``note`` told, once; False: it was taken before. Raises BusError."""
        if note.key in self.known:
            return False
        kept = Kept(note=note, done=not any(target.hears(note) for target in self._targets))
        try:
            await self._bucket.create(note.key, kept.to_json())
        except LostRaceError:
            self.known.setdefault(note.key, note.at)
            return False
        self.known[note.key] = note.at
        if not kept.done:
            self._waiting.append(kept)
            self._wake.set()
        return True

    async def run(self, stopping: asyncio.Event, grace: float) -> None:
        """Tell until ``stopping``; what is under way then has ``grace`` seconds, and else goes on after the restart."""
        while not stopping.is_set():
            await self._news(stopping)
            await until(stopping, GATHER_SECONDS)
            self._start()
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _news(self, stopping: asyncio.Event) -> None:
        """Until there is something to tell, or the end."""
        self._wake.clear()
        if self._waiting:
            return
        waits = [asyncio.ensure_future(stopping.wait()), asyncio.ensure_future(self._wake.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()

    def _start(self) -> None:
        now = self._clock.now()
        chosen = batch([kept.note for kept in self._waiting], list(self._sent), self._most, now)
        by_key = {kept.note.key: kept for kept in self._waiting}
        groups = [[by_key[note.key]] for note in chosen.single]
        groups += [[by_key[note.key] for note in chosen.together]] if chosen.together else []
        for group in groups:
            self._sent.append(now)
            task = asyncio.create_task(self._deliver(group))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        gone = {kept.note.key for group in groups for kept in group}
        self._waiting = [kept for kept in self._waiting if kept.note.key not in gone]

    async def _deliver(self, group: list[Kept]) -> None:
        """To every target what it hears of ``group``, as one message; a target that fails holds up no other."""
        told = {kept.note.key: kept for kept in group}
        await asyncio.gather(*(self._tell(target, told) for target in self._targets))
        for kept in told.values():
            await self._keep(msgspec.structs.replace(kept, done=True))

    async def _tell(self, target: Target, told: dict[str, Kept]) -> None:
        mine = [kept for kept in told.values() if target.hears(kept.note) and target.name not in kept.reached]
        if not mine:
            return
        notes = [kept.note for kept in mine]
        note = notes[0] if len(notes) == 1 else summed(notes, self._url, self._clock.now())
        taken = await self._tried(target, note)
        for kept in mine:
            now = told[kept.note.key]
            reached, failed = ([target.name], []) if taken else ([], [target.name])
            told[kept.note.key] = msgspec.structs.replace(
                now, reached=[*now.reached, *reached], failed=[*now.failed, *failed]
            )
            await self._keep(told[kept.note.key])

    async def _tried(self, target: Target, note: Note) -> bool:
        for pause in (*TRIES, None):
            try:
                await self._sender.send(target, note)
            except NocmeshError as wrong:
                self._log.warning("telling_failed", target=target.name, note=note.key, reason=wrong.message)
            else:
                self.told += 1
                self._log.info("told", target=target.name, note=note.key, severity=note.severity)
                return True
            if pause is not None:
                await asyncio.sleep(pause)
        self.failed += 1
        self._log.error("not_told", target=target.name, note=note.key, next="nocmesh notify test")
        return False

    async def _keep(self, kept: Kept) -> None:
        """Write down how far it is; when that fails it may be told again after a restart."""
        try:
            await self._bucket.put(kept.note.key, kept.to_json())
        except NocmeshError as wrong:
            self._log.warning("outbox_not_written", note=kept.note.key, reason=wrong.message)
