"""Speaking and hearing: messages to signed bytes and headers, and back, verified and decoded."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec

from nocmesh.bus import events, nkey, signing
from nocmesh.bus.credentials import Credentials
from nocmesh.bus.received import Place, Raw, Received
from nocmesh.bus.trust import Speaker, Trust
from nocmesh.clock import Clock
from nocmesh.errors import InvalidInputError, SignatureError
from nocmesh.messages.base import Message
from nocmesh.subjects import Zone, row_of

T = TypeVar("T")

SCHEDULE_TARGET = "Nats-Schedule-Target"
_SKEW = timedelta(seconds=120)
"""How far the time of a message that is not stored may be off: older ones are replays."""


class Speech:
    """How one process speaks in one zone, and whom it believes."""

    def __init__(self, credentials: Credentials, zone: Zone, clock: Clock, trust: Trust) -> None:
        self.zone = zone
        self.clock = clock
        self.trust = trust
        self.me = credentials.speaker
        self._certificate = credentials.jwts[zone]
        self._key = nkey.Key(credentials.seed)

    def say(
        self,
        subject: str,
        message: Message | bytes,
        *,
        id: str,
        correlation_id: str = "",
        headers: Mapping[str, str] | None = None,
        signed_as: str = "",
    ) -> tuple[bytes, dict[str, str]]:
        """The body and headers of ``message`` on ``subject``, signed (for ``signed_as`` where that differs)."""
        body = message if isinstance(message, bytes) else message.to_json()
        time = events.rfc3339(self.clock.now())
        out = events.event_headers(
            id=id,
            type=f"nocmesh.{type(message).__name__}",
            source=f"/nocmesh/{self.zone.value.lower()}/{self.me.role}/{self.me.name}",
            time=time,
            correlation_id=correlation_id,
            extra=headers,
        )
        out[events.SIGNATURE] = signing.sign(self._key, signed_as or subject, id, time, body)
        out[events.CERTIFICATE] = self._certificate
        return body, out

    def hear(self, raw: Raw, body: type[T], place: Place | None = None) -> Received[T]:
        """``raw``, verified and decoded.

        Raises SignatureError, and InvalidInputError when the body is not what it should be.
        """
        speaker = self._speaker(raw, stored=place is not None)
        if place is not None:
            self._check_stream(raw.subject, place.stream)
        return self._received(raw, decode(raw.data, body), place, speaker)

    def hear_answer(self, raw: Raw, subject: str, id: str, body: type[T]) -> Received[T]:
        """The answer to our own request ``id`` on ``subject``."""
        parts = _signed_parts(raw.headers)
        speaker = self.trust.verify_answer(subject, id, parts[1], raw.data, parts[2], parts[3])
        return self._received(raw, decode(raw.data, body), None, speaker)

    def _speaker(self, raw: Raw, *, stored: bool) -> Speaker | None:
        id, time, signature, certificate = _signed_parts(raw.headers)
        if not signature and _may_be_unsigned(raw.subject):
            return None
        subject = raw.headers.get(SCHEDULE_TARGET, raw.subject) if "Nats-Schedule" in raw.headers else raw.subject
        speaker = self.trust.verify(subject, id, time, raw.data, signature, certificate)
        at = events.parse_time(time)
        if not stored and (at is None or abs(at - self.clock.now()) > _SKEW):
            raise SignatureError(f"a message on {raw.subject} says it is of {time}: too far off; check the clocks")
        return speaker

    def _check_stream(self, subject: str, stream: str) -> None:
        """A server can be tricked into storing a message of another subject in a stream: it is not believed."""
        row = row_of(subject)
        if not stream.startswith("KV_") and (row is None or row.stream != stream):
            raise SignatureError(f"a message of {subject} lies in {stream}, where it does not belong", subject=subject)

    def _received(self, raw: Raw, body: T, place: Place | None, speaker: Speaker | None) -> Received[T]:
        headers = raw.headers
        return Received(
            subject=raw.subject,
            body=body,
            id=events.decoded(headers.get("ce-id", "")) or headers.get("Nats-Msg-Id", ""),
            sequence=place.sequence if place else 0,
            at=place.at if place else self._time_of(headers),
            speaker=speaker,
            correlation_id=events.correlation_of(headers),
            headers=headers,
            attempt=place.delivered if place else 1,
        )

    def _time_of(self, headers: Mapping[str, str]) -> datetime:
        return events.parse_time(headers.get("ce-time", "")) or self.clock.now()


def decode(data: bytes, body: type[T]) -> T:
    """``data`` as ``body``; ``bytes`` as they are. Raises InvalidInputError that says what is wrong with it."""
    if body is bytes:
        return data  # type: ignore[return-value]
    try:
        return msgspec.json.decode(data, type=body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        name = getattr(body, "__name__", str(body))
        raise InvalidInputError(f"the body is no {name}: {error}", field="body") from error


def _signed_parts(headers: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return (
        events.decoded(headers.get("ce-id", "")),
        headers.get("ce-time", ""),
        headers.get(events.SIGNATURE, ""),
        headers.get(events.CERTIFICATE, ""),
    )


def _may_be_unsigned(subject: str) -> bool:
    """Where foreign systems speak."""
    row = row_of(subject)
    return row is not None and (not row.body or "publisher" in row.writers)
