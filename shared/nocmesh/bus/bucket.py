"""A bucket: the latest value per key, on a stream that is laid out as NATS's key-value stores are.

An entry is signed, and believed only from the bucket's writers.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from nocmesh.bus import stored
from nocmesh.bus.follower import Follower
from nocmesh.bus.link import Link
from nocmesh.bus.received import Place, Raw
from nocmesh.bus.speech import Speech
from nocmesh.errors import InvalidInputError, LostRaceError, SignatureError
from nocmesh.ids import new_id
from nocmesh.log import logger

_KEY = re.compile(r"[-/_=A-Za-z0-9]+(\.[-/_=A-Za-z0-9]+)*")
_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A key's value at one revision; ``deleted`` when it was deleted or has expired."""

    key: str
    value: bytes
    revision: int
    at: datetime
    deleted: bool = False


class Bucket:
    """One key-value bucket, as one process may use it."""

    def __init__(self, link: Link, speech: Speech, name: str, keep: Callable[[Follower], None]) -> None:
        self.name = name
        self._link, self._speech, self._keep = link, speech, keep
        self._stream, self._prefix = f"KV_{name}", f"$KV.{name}."
        self._log = logger(bucket=name)

    async def get(self, key: str) -> Entry | None:
        """The entry of ``key``, or None: never written, deleted, expired, or not to be believed."""
        found = await stored.last(self._link, self._stream, self._subject(key))
        entry = self._entry(*found) if found else None
        return None if entry is None or entry.deleted else entry

    async def put(self, key: str, value: bytes, *, ttl: float = 0) -> int:
        """Write, whatever was there; gives the revision. ``ttl`` seconds later it expires, when that is not 0."""
        return await self._write(key, value, {"Nats-TTL": f"{max(1, round(ttl))}s"} if ttl else {})

    async def create(self, key: str, value: bytes, *, ttl: float = 0) -> int:
        """Write where nothing is. Raises LostRaceError when something is."""
        extra = {"Nats-TTL": f"{max(1, round(ttl))}s"} if ttl else {}
        found = await stored.last(self._link, self._stream, self._subject(key))
        if found and not _is_deletion(found[0]):
            raise LostRaceError(f"{key} exists already in {self.name}, at revision {found[1].sequence}", key=key)
        return await self._write(key, value, {**extra, **_expect(found[1].sequence if found else 0)})

    async def update(self, key: str, value: bytes, revision: int) -> int:
        """Write over exactly ``revision``. Raises LostRaceError when it is no longer the latest."""
        return await self._write(key, value, _expect(revision))

    async def delete(self, key: str, *, revision: int | None = None) -> int:
        """Leave a marker that watchers see; over exactly ``revision`` where that is given."""
        extra = {} if revision is None else _expect(revision)
        return await self._write(key, b"", {"KV-Operation": "DEL", **extra})

    async def keys(self) -> list[str]:
        """The keys that have a value."""
        return [entry.key for entry in await self.entries()]

    async def entries(self) -> list[Entry]:
        """All entries that have a value."""
        found: list[Entry] = []
        async for raw, place in stored.history(self._link, self._stream, f"{self._prefix}>", 0):
            entry = self._entry(raw, place)
            if entry and not entry.deleted:
                found.append(entry)
        return found

    async def watch(self, keys: str = ">") -> AsyncGenerator[Entry, None]:
        """The entries as they are, then each change, deletions and expiries too; survives a reconnect.

        ``keys`` may be a wildcard. For trusted roles only: raises DeniedError for others.
        """
        queue: asyncio.Queue[Entry] = asyncio.Queue()

        async def take(raw: Raw, place: Place) -> None:
            entry = self._entry(raw, place)
            if entry:
                queue.put_nowait(entry)

        follower = Follower(self._link, self._stream, f"{self._prefix}{keys}", 0, take, latest_only=True)
        await follower.start()
        self._keep(follower)
        try:
            while True:
                yield await queue.get()
        finally:
            await follower.stop()

    async def follow(self, take: Callable[[Entry], Awaitable[None]], keys: str = ">") -> Follower:
        """``watch`` for a handler: its ``caught_up`` tells when the entries as they are have been handed over."""

        async def taken(raw: Raw, place: Place) -> None:
            entry = self._entry(raw, place)
            if entry:
                await take(entry)

        follower = Follower(self._link, self._stream, f"{self._prefix}{keys}", 0, taken, latest_only=True)
        await follower.start()
        self._keep(follower)
        return follower

    def _subject(self, key: str) -> str:
        if not _KEY.fullmatch(key) or len(key) > 200:
            raise InvalidInputError(f"{key[:80]!r} is no key; expected letters, digits and - / _ = .", field="key")
        return self._prefix + key

    async def _write(self, key: str, value: bytes, extra: dict[str, str]) -> int:
        subject, id = self._subject(key), new_id(self._speech.clock.now())
        data, headers = self._speech.say(subject, value, id=id, headers={"Nats-Msg-Id": id, **extra})
        return stored.parse_ack(subject, await self._link.confirm(subject, data, headers, timeout=_TIMEOUT))

    def _entry(self, raw: Raw, place: Place) -> Entry | None:
        key = raw.subject.removeprefix(self._prefix)
        if _is_deletion(raw):
            return Entry(key=key, value=b"", revision=place.sequence, at=place.at, deleted=True)
        try:
            self._speech.hear(raw, bytes, place)
        except SignatureError as error:
            self._log.warning("entry_not_believed", key=key, reason=str(error))
            return None
        return Entry(key=key, value=raw.data, revision=place.sequence, at=place.at)


def _expect(revision: int) -> dict[str, str]:
    return {"Nats-Expected-Last-Subject-Sequence": str(revision)}


def _is_deletion(raw: Raw) -> bool:
    """By a writer, or by the broker when it expired."""
    return not raw.data and ("KV-Operation" in raw.headers or "Nats-Marker-Reason" in raw.headers)
