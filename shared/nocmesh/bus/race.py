"""Who was first: a message that is stored only behind the one that its sender knows as the last."""

from typing import NamedTuple

from nocmesh.bus import stored
from nocmesh.bus.known import stream_of
from nocmesh.bus.link import Link
from nocmesh.bus.received import Place, Raw
from nocmesh.bus.speech import Speech
from nocmesh.errors import LostRaceError


class Behind(NamedTuple):
    """What is expected to be the last message: where, and its sequence; 0: none yet."""

    subject: str
    sequence: int


def guard(expect_last: int | None, expect_filter: str) -> dict[str, str]:
    """The headers that make the broker compare; none without ``expect_last``."""
    if expect_last is None:
        return {}
    headers = {"Nats-Expected-Last-Subject-Sequence": str(expect_last)}
    if expect_filter:
        headers["Nats-Expected-Last-Subject-Sequence-Subject"] = expect_filter
    return headers


async def own(link: Link, speech: Speech, subject: str, id: str, behind: Behind, error: LostRaceError) -> int:
    """The sequence of our own message, if that was the winner: a retry after a lost acknowledgement looks so.

    Raises LostRaceError, from ``error``, when it was another's.
    """
    found = await stored.first_after(link, stream_of(subject), behind.subject, behind.sequence)
    if found and found[0].subject == subject and _is_mine(speech, found[0], found[1], id):
        return found[1].sequence
    raise LostRaceError(
        f"{subject}: another message was first; expected {behind.sequence} to be the last, reload and decide again",
        subject=subject,
        expected=behind.sequence,
    ) from error


def _is_mine(speech: Speech, raw: Raw, place: Place, id: str) -> bool:
    received = speech.hear(raw, bytes, place)
    return received.id == id and received.speaker == speech.me
