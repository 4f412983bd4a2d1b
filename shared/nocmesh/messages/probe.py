"""Probes: packets that a device sends so that it shows what becomes of them. They read, and change nothing."""

from typing import Literal

from nocmesh.messages.base import Message
from nocmesh.messages.state import Quote, ViewStatus

ProbeKind = Literal["ping", "traceroute"]


class Hop(Message, frozen=True, kw_only=True):
    """One line of a traceroute."""

    ttl: int
    address: str = ""
    """Who answered; empty: nobody did in time."""
    milliseconds: float | None = None
    refusal: str = ""
    """`!H`, `!N`, `!X`, …: it answered that it goes no further (RFC 1812 §5.2.7)."""


class ProbeResult(Message, frozen=True, kw_only=True):
    """What became of one probe. None: not told."""

    kind: ProbeKind = "ping"
    target: str = ""
    source: str = ""
    """The address that it was sent from; empty: the device chose."""
    size: int | None = None
    """Bytes that were asked for; None: as the platform does."""
    status: ViewStatus = "parsed"
    """As of a view: `unasked` where the platform has no bounded way to probe."""
    sent: int | None = None
    received: int | None = None
    damaged: int = 0
    """Answers that came back with other bytes than were sent."""
    first_lost: bool | None = None
    """The first was not answered: its sender may have had to resolve the neighbour's address (RFC 1122 §2.3.2.2)."""
    refusals: list[str] = []
    """What was answered instead of an echo, or said by the device itself: `Destination Host Unreachable`, …"""
    rtt_min: float | None = None
    """Milliseconds."""
    rtt_avg: float | None = None
    rtt_max: float | None = None
    hops: list[Hop] = []
    checksum_errors: dict[str, int] | None = None
    """By protocol: how many packets the prober threw away for a wrong checksum meanwhile; None: not counted."""
    quote: Quote | None = None
    """Where the counts stand."""
    checksum_quotes: list[Quote] = []
    """Where the counters that rose stand, as they were afterwards."""

    @property
    def counted(self) -> int:
        """Probes that count: a first one that was lost alone proves nothing."""
        return max((self.sent or 0) - (1 if self.first_lost else 0), 0)

    @property
    def lost(self) -> int:
        """Those of ``counted`` that did not come back."""
        return max(self.counted - (self.received or 0), 0)
