"""How often one device is logged in to: no more than so many times within any minute."""

from collections import deque
from datetime import datetime, timedelta

MINUTE = timedelta(minutes=1)


class Logins:
    """The last logins of one device; devices that count them refuse those that are too many."""

    def __init__(self, limit: int) -> None:
        """``limit``: so many within a minute; 0: any number."""
        self._last: deque[datetime] = deque(maxlen=limit)

    def due(self, now: datetime) -> datetime:
        """When the next one may begin: ``now`` or later."""
        if not self._last.maxlen or len(self._last) < self._last.maxlen:
            return now
        return max(now, self._last[0] + MINUTE)

    def book(self, at: datetime) -> None:
        """One begins ``at`` that time."""
        self._last.append(at)
