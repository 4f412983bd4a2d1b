"""So many messages a minute; in a storm the rest becomes one. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from nocmesh_bridges.notify.note import SEVERITIES, Note

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Batch:
    """What is told now."""

    single: tuple[Note, ...] = ()
    together: tuple[Note, ...] = ()
    """In one message."""


def batch(waiting: Sequence[Note], sent: Sequence[datetime], most: int, now: datetime) -> Batch:
    """What of ``waiting`` (oldest first) goes ``now``, after messages at ``sent``, ``most`` a minute.

    The worst go by themselves; the last message of the minute tells the rest. Without one left, all wait.
    """
    left = most - sum(now - at < MINUTE for at in sent)
    if left <= 0:
        return Batch()
    if len(waiting) <= left:
        return Batch(tuple(waiting))
    ranked = sorted(waiting, key=lambda note: (-SEVERITIES.index(note.severity), not note.wakes))
    return Batch(tuple(ranked[: left - 1]), tuple(ranked[left - 1 :]))
