"""Traps that wait for the stream: those that say the same become one, so that a flood becomes few alerts. Pure.

What trouble ends at is never lost: of one fingerprint at most two wait, the end that was reached and the change that
led there. Down, up, down, up, … is told as down, up, with how often.
"""

from collections import deque
from collections.abc import Iterable
from typing import Literal

from msgspec.structs import replace

from nocmesh.alerting.snmp import fingerprint, status_of
from nocmesh.messages.trap import TrapSeen

QUIET_SECONDS = 2.0
"""So long a trouble that was just told is not told again: repeats are gathered meanwhile."""
MAX_TROUBLES = 5_000
MAX_WAITING = 1_000
"""Answers that one entry may owe: a sender that asks more often than that gets none."""


class Waiting:
    """One entry: a trap with its repeats, and the informs to answer once it is in the stream."""

    __slots__ = ("owed", "seen", "status")

    def __init__(self, seen: TrapSeen, status: Literal["firing", "resolved"], owed: object = None) -> None:
        self.seen = seen
        self.status = status
        self.owed: dict[object, None] = {} if owed is None else {owed: None}

    def add(self, other: "Waiting") -> None:
        """``other`` says the same, later: its words count, and our beginning."""
        ours = self.seen
        newer = replace(
            other.seen,
            at=ours.at,
            count=ours.count + other.seen.count,
            interface=other.seen.interface or ours.interface,
            description=other.seen.description or ours.description,
            alias=other.seen.alias or ours.alias,
        )
        self.seen = newer
        self.owe(other.owed)

    def owe(self, more: Iterable[object]) -> None:
        """Answer these too, once for each request."""
        for one in more:
            if len(self.owed) < MAX_WAITING:
                self.owed[one] = None


class Pending:
    """What is to be told, by fingerprint."""

    def __init__(self, quiet: float = QUIET_SECONDS, most: int = MAX_TROUBLES) -> None:
        self._quiet = quiet
        self._most = most
        self._waiting: dict[str, deque[Waiting]] = {}
        self._told: dict[str, float] = {}
        """When each was told last; in the order of time."""
        self.merged = 0
        """Traps that joined one that waited."""

    def __len__(self) -> int:
        return sum(len(each) for each in self._waiting.values())

    def add(self, seen: TrapSeen, owed: object = None) -> bool:
        """Put ``seen`` to what waits; False: there are too many troubles, it is not kept."""
        key, new = fingerprint(seen), Waiting(seen, status_of(seen), owed)
        line = self._waiting.get(key)
        if line is None:
            if len(self._waiting) >= self._most:
                return False
            self._waiting[key] = deque([new])
            return True
        if line[-1].status == new.status:
            line[-1].add(new)
            self.merged += 1
        else:
            line.append(new)
            self._shorten(line)
        return True

    def _shorten(self, line: deque[Waiting]) -> None:
        """Of down, up, down only the last need be told; it began with the first, and owes what they owed."""
        if len(line) > 2:
            first, between, last = line
            first.owe(between.owed)
            first.add(last)
            self.merged += 2
            line.clear()
            line.append(first)

    def due(self, now: float, most: int) -> list[Waiting]:
        """At most ``most`` that may be told at ``now``, taken out; those of one trouble in their order."""
        self._forget(now)
        found: list[Waiting] = []
        for key in [key for key in self._waiting if key not in self._told]:
            if len(found) >= most:
                break
            found.extend(self._waiting.pop(key))
            self._told[key] = now
        return found

    def next_due(self, now: float) -> float | None:
        """Seconds until something may be told; None: nothing waits."""
        waits = [self._told.get(key, now - self._quiet) + self._quiet - now for key in self._waiting]
        return max(0.0, min(waits)) if waits else None

    def _forget(self, now: float) -> None:
        while self._told:
            oldest = next(iter(self._told))
            if now - self._told[oldest] < self._quiet:
                return
            del self._told[oldest]
