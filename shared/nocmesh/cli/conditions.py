"""Times and conditions as people type them. Pure but for the clock that is asked what day it is."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from nocmesh.errors import InvalidInputError


def conditions_of(
    devices: Sequence[str], before: str, after: str, first: int, now: datetime | None = None
) -> dict[str, Any] | None:
    """How far a yes reaches, as the API takes it; None: all the way. Raises InvalidInputError for a strange time."""
    now = now or datetime.now(UTC)
    given = {
        "devices": list(devices),
        "not_after": moment_of(before, now) if before else None,
        "not_before": moment_of(after, now) if after else None,
        "first": first,
    }
    found = {name: value for name, value in given.items() if value}
    return found or None


def moment_of(text: str, now: datetime) -> str:
    """``text`` as RFC 3339: a time of day is the next one, UTC. Raises InvalidInputError."""
    if re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        hours, minutes = map(int, text.split(":"))
        at = now.astimezone(UTC).replace(hour=hours, minute=minutes, second=0, microsecond=0)
        return (at if at > now else at + timedelta(days=1)).isoformat()
    try:
        at = datetime.fromisoformat(text)
    except ValueError as wrong:
        raise InvalidInputError(f"{text!r} is no time; expected 22:00 or 2026-01-31T22:00Z", field="time") from wrong
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()


def span_of(text: str) -> timedelta:
    """``text`` as a span: 90m, 2h, 3d. Raises InvalidInputError."""
    found = re.fullmatch(r"([0-9]{1,5})([mhd])", text)
    if not found or not int(found[1]):
        raise InvalidInputError(f"{text!r} is no span; expected one such as 90m, 2h or 3d", field="for")
    return int(found[1]) * {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}[found[2]]
