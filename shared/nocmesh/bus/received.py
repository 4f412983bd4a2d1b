"""What comes in: the raw message, where the broker says it stands, and the value that handlers get."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from nocmesh.bus.trust import Speaker
from nocmesh.errors import BusError

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """A message as it came off the wire."""

    subject: str
    reply: str
    data: bytes
    headers: Mapping[str, str]

    @property
    def status(self) -> str:
        """The broker's status code, or empty for a real message."""
        return self.headers.get("Status", "") if not self.data else ""

    @property
    def description(self) -> str:
        """The broker's words to its status."""
        return self.headers.get("Description", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a stored message stands, and how often it was delivered."""

    stream: str
    sequence: int
    at: datetime
    consumer: str = ""
    consumer_sequence: int = 0
    delivered: int = 1
    pending: int = 0
    """How many more the consumer owes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received(Generic[T]):
    """A message, verified and decoded."""

    subject: str
    body: T
    id: str
    """Its CloudEvents id, which is also its deduplication id."""
    sequence: int
    """In its stream; 0 for what is not stored."""
    at: datetime
    """The broker's time; for what is not stored, the speaker's."""
    speaker: Speaker | None
    """Who signed it; None only where foreign systems may speak."""
    correlation_id: str
    headers: Mapping[str, str]
    attempt: int = 1
    """Which delivery this is: a help, never a proof."""


def parse_ack_subject(reply: str) -> Place:
    """Where a delivered message stands, from its ack subject.

    ``$JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<nanoseconds>.<pending>``, or with domain and
    account hash before the stream (ADR-15). Raises BusError when it is none.
    """
    tokens = reply.split(".")
    if len(tokens) >= 11:
        tokens = tokens[:2] + tokens[4:11]
    if tokens[:2] != ["$JS", "ACK"] or len(tokens) != 9:
        raise BusError(f"{reply[:200]!r} is no acknowledgement subject; expected $JS.ACK and seven more tokens")
    try:
        delivered, sequence, consumer_sequence, nanos, pending = (int(each) for each in tokens[4:])
        at = datetime.fromtimestamp(nanos / 1e9, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise BusError(f"{reply[:200]!r} is no acknowledgement subject: {error}") from error
    return Place(
        stream=tokens[2],
        consumer=tokens[3],
        delivered=delivered,
        sequence=sequence,
        consumer_sequence=consumer_sequence,
        at=at,
        pending=pending,
    )
