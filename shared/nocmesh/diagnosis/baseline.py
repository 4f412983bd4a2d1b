"""Baselines: what a device was like when it was well, what it was like since, and which of the two counts.

Pure. A snapshot is one device at one moment; its book says which snapshots are kept and which one is known good. A
reading by the clock never becomes the good one: a network that broke in the night must not be normal in the morning.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import msgspec
from msgspec.structs import replace

from nocmesh.errors import InvalidInputError, NotFoundError
from nocmesh.messages.base import Message
from nocmesh.messages.state import DeviceState
from nocmesh.packing import packed, unpacked

Why = Literal["start", "after_change", "schedule", "asked"]
"""`start`: first seen; `after_change`: an approved change ended; `schedule`: by the clock; `asked`: by a person."""

KEPT = 8
"""Versions of a device that are kept besides the good one: a bounded list, however restless the device is."""
MAX_BYTES = 64 * 1024 * 1024
GOOD, LATEST = "baseline", "latest"
"""How people call the last known good snapshot and the last one taken; any other name is a version's number."""


class Taken(Message, frozen=True, kw_only=True):
    """One version in a device's book: what was seen, and from when to when it was like that."""

    number: int
    """Counted per device, from 1."""
    slot: int
    """Where the snapshot lies in the bucket `baselines`."""
    at: datetime
    until: datetime
    """When it was last seen so."""
    why: Why
    sha256: str = ""
    """Of the normalised, redacted running configuration; empty: the device shows none."""
    object: str = ""
    """The configuration's name in the object store `backups`."""
    status: dict[str, str] = {}
    """By view: parsed, empty, unparsed, rejected, unasked."""
    problems: dict[str, str] = {}
    """By view, or `config`: why it could not be had at all."""
    run_id: str = ""
    """The run whose change it was taken after."""


class Snapshot(Message, frozen=True, kw_only=True):
    """One device at one moment: configuration and typed state."""

    device: str
    taken: Taken
    config: str = ""
    """The normalised, redacted running configuration."""
    state: DeviceState | None = None


class Book(Message, frozen=True, kw_only=True):
    """What is known of one device's past, newest version last."""

    device: str
    at: datetime
    """When the device was last tried."""
    status: Literal["ok", "unreachable", "error"] = "ok"
    """How the last try ended."""
    error: str = ""
    good: int = 0
    """The version that is known good; 0: none is."""
    versions: list[Taken] = []

    @property
    def latest(self) -> Taken | None:
        """The newest version."""
        return self.versions[-1] if self.versions else None

    def version(self, name: str) -> Taken:
        """The version called `baseline`, `latest`, or by its number. Raises NotFoundError that lists what there is."""
        wanted = {GOOD: self.good, LATEST: self.latest.number if self.latest else 0}.get(name)
        number = wanted if wanted is not None else int(name) if name.isascii() and name.isdigit() else 0
        for taken in self.versions:
            if number and taken.number == number:
                return taken
        if not self.versions:
            raise NotFoundError(f"{self.device} was never read: {self.error or 'not tried yet'}", device=self.device)
        known = ", ".join(str(taken.number) for taken in self.versions)
        good = f"; version {self.good} is the baseline" if self.good else "; no baseline was taken"
        raise NotFoundError(
            f"{self.device} has no version {name!r}; versions: {known}{good}", device=self.device, version=name
        )


def failed(book: Book | None, device: str, at: datetime, status: Literal["unreachable", "error"], error: str) -> Book:
    """The book after a try that brought nothing; what is known stays known."""
    return replace(book or Book(device=device, at=at), at=at, status=status, error=error)


def noted(book: Book | None, snapshot: Snapshot, *, moved: bool, better: bool, good: bool) -> tuple[Book, Taken]:
    """The book with ``snapshot`` in it, and the version that it counts as.

    ``moved``: it differs from the newest version; one that did not makes that version last longer, and takes its place
    only where it is ``better``, that is, where more of the device could be read. ``good``: known good from now on.
    """
    taken = snapshot.taken
    known = book or Book(device=snapshot.device, at=taken.at)
    last = known.latest
    if last is not None and not moved:
        kept = known.versions[:-1]
        read = replace(taken, number=last.number, slot=last.slot, at=last.at, why=last.why) if better else last
        version = replace(read, until=taken.until)
    else:
        kept = _kept(known)
        version = replace(taken, number=last.number + 1 if last else 1, slot=_free(kept))
    chosen = version.number if good else known.good
    return replace(known, at=taken.at, status="ok", error="", good=chosen, versions=[*kept, version]), version


def becomes_good(book: Book | None, why: Why, *, trusted: bool) -> bool:
    """Whether what was just taken counts as good: the first that is seen, what a verified change left, what was asked.

    ``trusted``: the change was verified, or the first sight may be believed at all.
    """
    if why == "asked":
        return True
    if why == "after_change":
        return trusted
    return why == "start" and trusted and (book is None or not book.good)


def _kept(book: Book) -> list[Taken]:
    """What stays when one more comes: the newest, and the good one however old."""
    newest = book.versions[-(KEPT - 1) :]
    return [taken for taken in book.versions if taken in newest or taken.number == book.good]


def _free(kept: Iterable[Taken]) -> int:
    used = {taken.slot for taken in kept}
    return next(slot for slot in range(KEPT + 2) if slot not in used)


def pack(value: Message) -> bytes:
    """``value`` as compressed JSON: a router's whole state is some twenty kilobytes so."""
    return packed(value)


def unpack(value: bytes, where: str) -> Snapshot:
    """The snapshot that ``pack`` made ``value`` of. Raises InvalidInputError that names ``where`` for anything else."""
    what = f"the snapshot {where}"
    return unpacked(value, Snapshot, limit=MAX_BYTES, what=what, field=where, advice="; take it again")


def unpack_book(value: bytes, where: str) -> Book:
    """A device's book as it lies in the bucket `inventory`. Raises InvalidInputError that names ``where``."""
    try:
        return msgspec.json.decode(value, type=Book)
    except msgspec.DecodeError as wrong:
        raise InvalidInputError(f"the book {where} cannot be read: {wrong}", field=where) from wrong
