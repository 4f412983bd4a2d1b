"""What is stored: the JetStream API, and reading streams by direct get, without a consumer."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import msgspec

from nocmesh.bus import events
from nocmesh.bus.link import Link
from nocmesh.bus.received import Place, Raw
from nocmesh.errors import BusError, InvalidInputError, LostRaceError, NocmeshError, NotFoundError, OutcomeUnknownError

LOST_RACE = (10071, 10164)
_BATCH = 256
_API = "$JS.API."


class Refusal(msgspec.Struct, frozen=True):
    """The broker's error."""

    code: int
    err_code: int = 0
    description: str = ""


class _Answer(msgspec.Struct, frozen=True):
    error: Refusal | None = None
    seq: int = 0
    duplicate: bool = False


def refused(what: str, error: Refusal) -> NocmeshError:
    """The error of ours for an error of the broker's."""
    text = f"{what}: the broker says {error.description!r} ({error.err_code})"
    if error.err_code in LOST_RACE:
        return LostRaceError(text, err_code=error.err_code)
    if error.code == 404:
        return NotFoundError(text, err_code=error.err_code)
    if error.err_code == 10077:
        return BusError(f"{text}: the stream is full; make room or raise its limit in topology.toml", err_code=10077)
    return BusError(text, err_code=error.err_code)


def parse_ack(subject: str, raw: Raw) -> int:
    """The sequence in a publish acknowledgement. Raises what the broker refused it for."""
    try:
        answer = msgspec.json.decode(raw.data, type=_Answer)
    except msgspec.DecodeError as error:
        raise BusError(f"what answered on {subject} was no stream: {raw.data[:80]!r}") from error
    if answer.error is not None:
        raise refused(f"{subject} was not stored", answer.error)
    return answer.seq


async def _asked(link: Link, subject: str, data: bytes, timeout: float) -> Raw:
    """One answer; asked for again when the connection was lost on the way: nothing here minds being asked twice."""
    try:
        return await link.request(subject, data, timeout=timeout)
    except OutcomeUnknownError:
        return await link.request(subject, data, timeout=timeout)


async def call(link: Link, operation: str, request: object = None, *, timeout: float = 10.0) -> dict[str, Any]:
    """One call of the JetStream API. Raises NotFoundError, LostRaceError, BusError, DeniedError."""
    data = b"" if request is None else msgspec.json.encode(request)
    raw = await _asked(link, _API + operation, data, timeout)
    answer: dict[str, Any] = msgspec.json.decode(raw.data, type=dict[str, Any])
    if "error" in answer:
        raise refused(operation, msgspec.convert(answer["error"], Refusal))
    return answer


async def get(link: Link, stream: str, query: dict[str, object]) -> tuple[Raw, Place] | None:
    """One stored message, or None when there is none that ``query`` (ADR-31) describes."""
    raw = await _asked(link, f"{_API}DIRECT.GET.{stream}", msgspec.json.encode(query), 5.0)
    return _stored(raw)


async def last(link: Link, stream: str, subject: str) -> tuple[Raw, Place] | None:
    """The last message on ``subject``, which may be a wildcard."""
    if "*" in subject or ">" in subject:
        return await get(link, stream, {"last_by_subj": subject})
    return _stored(await _asked(link, f"{_API}DIRECT.GET.{stream}.{subject}", b"", 5.0))


async def first_after(link: Link, stream: str, subject: str, sequence: int) -> tuple[Raw, Place] | None:
    """The first message on ``subject`` behind ``sequence``."""
    return await get(link, stream, {"seq": sequence + 1, "next_by_subj": subject})


async def history(link: Link, stream: str, subject: str, after: int) -> AsyncGenerator[tuple[Raw, Place], None]:
    """All messages on ``subject`` behind ``sequence``, oldest first, in batches."""
    start, left = after + 1, 1
    while left:
        left = 0
        query = {"seq": start, "next_by_subj": subject, "batch": _BATCH}
        asking = link.ask(f"{_API}DIRECT.GET.{stream}", msgspec.json.encode(query), timeout=10.0)
        async with aclosing(asking) as answers:
            async for raw in answers:
                if raw.status == "204":
                    left = int(raw.headers.get("Nats-Num-Pending", "0"))
                    break
                found = _stored(raw)
                if found is None:
                    break
                start = found[1].sequence + 1
                yield found


def _stored(raw: Raw) -> tuple[Raw, Place] | None:
    """The message in the answer to a direct get."""
    if raw.status == "404":
        return None
    headers = raw.headers
    if raw.status or "Nats-Subject" not in headers:
        raise BusError(f"reading a stream failed: {raw.status} {raw.description}")
    at = events.parse_time(headers.get("Nats-Time-Stamp", ""))
    if at is None:
        raise InvalidInputError("a stored message without a time", field="Nats-Time-Stamp")
    place = Place(stream=headers["Nats-Stream"], sequence=int(headers["Nats-Sequence"]), at=at)
    return replace(raw, subject=headers["Nats-Subject"], reply=""), place
