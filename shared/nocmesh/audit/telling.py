"""Which entries of the audit somebody asks for, and each of them on a line. Pure.

Entries are taken as they were stored: one that was tampered with is shown all the same.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from nocmesh.errors import InvalidInputError

_AGO = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
SHOWN = 3
"""Pieces of evidence on a line; the entry has them all."""
Entry = Mapping[str, Any]


class Wish(NamedTuple):
    """What is asked for; empty texts do not restrict."""

    target: str = ""
    actor: str = ""
    incident: str = ""
    action: str = ""
    since: str = ""


def moment(since: str, now: datetime) -> datetime | None:
    """The time that ``since`` names: a time, or so long before ``now``. Raises InvalidInputError."""
    if not since:
        return None
    ago = _AGO.fullmatch(since)
    try:
        if ago:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        at = datetime.fromisoformat(since)
    except (ValueError, OverflowError) as error:
        text = f"--since is {since[:40]!r}; expected a time, as 2026-03-01T12:00Z, or how long ago, as 90m, 2h or 7d"
        raise InvalidInputError(text, field="since") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def chooser(wish: Wish, now: datetime) -> Callable[[Entry], bool]:
    """What says of an entry whether ``wish`` asks for it. Raises InvalidInputError when its time is none."""
    since = moment(wish.since, now)
    return lambda entry: _fits(entry, wish) and _late_enough(entry, since)


def _fits(entry: Entry, wish: Wish) -> bool:
    named = ((wish.target, "target"), (wish.actor, "actor"), (wish.action, "action"))
    if any(word and entry.get(field) != word for word, field in named):
        return False
    return not wish.incident or wish.incident in _belongs_to(entry)


def _belongs_to(entry: Entry) -> set[str]:
    facts = _facts(entry)
    return {str(each) for each in (entry.get("target"), facts.get("incident_id"), facts.get("correlation_id")) if each}


def _late_enough(entry: Entry, since: datetime | None) -> bool:
    """An entry whose time cannot be read is shown: hiding it would be what somebody wants who wrote that."""
    if since is None:
        return True
    try:
        at = datetime.fromisoformat(str(entry.get("at")))
    except ValueError:
        return True
    return (at if at.tzinfo else at.replace(tzinfo=UTC)) >= since


def line_of(entry: Entry) -> dict[str, Any]:
    """An entry for people: who, what, why, on which evidence."""
    facts = _facts(entry)
    return {
        "index": entry.get("index"),
        "at": str(entry.get("at", ""))[:19],
        "actor": f"{entry.get('actor')} ({entry.get('actor_kind')})",
        "action": entry.get("action"),
        "target": entry.get("target"),
        "why": " ".join(str(facts.get("why", "")).split()),
        "evidence": _evidence(facts.get("evidence")),
        "by": _reasoner(facts.get("reasoner")),
    }


def _facts(entry: Entry) -> Mapping[str, Any]:
    facts = entry.get("facts")
    return facts if isinstance(facts, Mapping) else {}


def _evidence(evidence: object) -> list[str]:
    """Each piece short: a hash by its first twelve digits."""
    if isinstance(evidence, Mapping):
        return [f"{name} {str(value)[:12]}" for name, value in evidence.items() if value]
    pieces = evidence if isinstance(evidence, list) else []
    shown = [_piece(each) for each in pieces[:SHOWN] if isinstance(each, Mapping)]
    return shown + ([f"and {len(pieces) - SHOWN} more"] if len(pieces) > SHOWN else [])


def _piece(quote: Mapping[str, Any]) -> str:
    return f"{quote.get('device')}: {quote.get('command')} {str(quote.get('sha256', ''))[:12]}"


def _reasoner(reasoner: object) -> str:
    if not isinstance(reasoner, Mapping):
        return ""
    return " ".join(str(reasoner[key]) for key in ("name", "version", "model", "prompt") if reasoner.get(key))
