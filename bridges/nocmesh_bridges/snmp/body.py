"""Traps as messages of the stream: as many in one as the broker can carry. Pure."""

from collections.abc import Iterator, Sequence

from nocmesh.messages.trap import Bound, Traps, TrapSeen
from nocmesh_bridges.snmp.value import VarBind

MAX_BYTES = 400_000
MAX_VALUE = 2_000
"""Characters of one variable's value that are kept."""


def bodies(seen: Sequence[TrapSeen]) -> Iterator[tuple[bytes, int]]:
    """Messages that the broker can carry, each with how many traps it holds."""
    part: list[TrapSeen] = []
    size = 0
    for one in seen:
        own = len(one.to_json())
        if part and size + own > MAX_BYTES:
            yield Traps(traps=part).to_json(), len(part)
            part, size = [], 0
        part.append(one)
        size += own
    if part:
        yield Traps(traps=part).to_json(), len(part)


def bound(bind: VarBind) -> Bound:
    """A variable as the stream keeps it."""
    return Bound(oid=bind.oid, kind=bind.value.kind, value=bind.value.words[:MAX_VALUE])
