"""What devices log: single events, and complaints that come again while what they complain of lasts."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from nocmesh.proving.simulated.notices import Notice

MAX_REPEATS = 20
"""How many of the same complaint a log buffer keeps here."""


@dataclass(slots=True, kw_only=True)
class Event:
    """One line of a device's log."""

    at: datetime
    mnemonic: str
    """As `BGP-5-ADJCHANGE`."""
    text: str


@dataclass(slots=True, kw_only=True)
class Complaint:
    """Something that a device logs again and again while it lasts."""

    notice: Notice
    since: datetime
    until: datetime | None = None

    def events(self, now: datetime) -> list[Event]:
        """What it has logged so far, the last ones."""
        last = min(now, self.until or now)
        times = int((last - self.since).total_seconds()) // self.notice.every if self.notice.every else 0
        steps = range(max(0, times - MAX_REPEATS), times + 1)
        return [
            Event(
                at=self.since + timedelta(seconds=step * self.notice.every),
                mnemonic=self.notice.mnemonic,
                text=self.notice.text,
            )
            for step in steps
        ]
