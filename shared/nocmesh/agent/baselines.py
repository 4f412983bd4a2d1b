"""Baselines on the bus: each device's book lies in the bucket `inventory`, its snapshots in the bucket `baselines`."""

from nocmesh.agent.network import BUCKET
from nocmesh.bus import Bus
from nocmesh.diagnosis.baseline import GOOD, Book, Snapshot, unpack, unpack_book
from nocmesh.errors import InvalidInputError, NotFoundError
from nocmesh.log import logger
from nocmesh.subjects import token, untoken

SNAPSHOTS = "baselines"
PREFIX = "baseline."


def book_key(device: str) -> str:
    """Where the device's book lies in the bucket `inventory`."""
    return f"{PREFIX}{token(device)}"


def snapshot_key(device: str, slot: int) -> str:
    """Where a snapshot lies in the bucket `baselines`."""
    return f"{token(device)}.{slot}"


async def load_book(agents: Bus, device: str) -> Book | None:
    """What is known of the device's past; None: nothing. Raises InvalidInputError when it cannot be read."""
    entry = await agents.bucket(BUCKET).get(book_key(device))
    return unpack_book(entry.value, entry.key) if entry else None


async def load_books(agents: Bus) -> dict[str, Book]:
    """Every device's book, by device; one that cannot be read counts as none, and the monitor writes it anew."""
    found: dict[str, Book] = {}
    for entry in await agents.bucket(BUCKET).entries():
        if not entry.key.startswith(PREFIX):
            continue
        try:
            found[untoken(entry.key.removeprefix(PREFIX))] = unpack_book(entry.value, entry.key)
        except InvalidInputError as wrong:
            logger(bucket=BUCKET).warning("book_unreadable", key=entry.key, error=wrong.message)
    return found


async def load_snapshot(agents: Bus, device: str, version: str = GOOD) -> Snapshot:
    """The snapshot called `baseline`, `latest`, or by its number.

    Raises NotFoundError that says which there are, InvalidInputError when it cannot be read.
    """
    book = await load_book(agents, device)
    if book is None:
        raise NotFoundError(f"no snapshot of {device!r} was ever taken; the monitor takes one at start", device=device)
    taken = book.version(version)
    entry = await agents.bucket(SNAPSHOTS).get(snapshot_key(device, taken.slot))
    snapshot = unpack(entry.value, entry.key) if entry else None
    if snapshot is None or snapshot.taken.number != taken.number:
        raise NotFoundError(f"version {taken.number} of {device} was overwritten by a newer one", device=device)
    return snapshot
