"""The hash chain of the audit: each entry carries the hash of the one before it. Pure."""

from collections.abc import Iterable

from msgspec.structs import replace

from nocmesh.ids import digest
from nocmesh.messages.people import AuditEntry

GENESIS = "0" * 64


def chained(previous: AuditEntry | None, entry: AuditEntry) -> AuditEntry:
    """``entry`` as the next one after ``previous``."""
    index = previous.index + 1 if previous else 0
    linked = replace(entry, index=index, previous=previous.hash if previous else GENESIS, hash="")
    return replace(linked, hash=digest(linked.to_dict()))


def broken(entries: Iterable[AuditEntry]) -> str:
    """What is wrong with the chain, or an empty text: edits, gaps and reorderings are found."""
    previous: AuditEntry | None = None
    for entry in entries:
        expected = chained(previous, entry)
        if entry.index != expected.index:
            return f"entry {entry.index} stands where {expected.index} should"
        if entry.previous != expected.previous:
            return f"entry {entry.index} does not follow the one before it"
        if entry.hash != expected.hash:
            return f"entry {entry.index} was edited"
        previous = entry
    return ""
