"""What a fact rests on: the outputs that a report quotes, each by its observation and the hash of the quote. Pure.

Bodies are taken as they come: a part that is not what it should be is left out, never an error.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from nocmesh.ids import digest

MOST = 50
"""Quotes that one entry names; the report has them all."""


def quoted(report: object) -> list[dict[str, str]]:
    """The outputs that ``report`` quotes, each once: observation, device, command, sha256 of the quote."""
    found: dict[str, dict[str, str]] = {}
    for quote in _quotes(report):
        row = {
            "observation": str(quote.get("observation_id", ""))[:100],
            "device": str(quote.get("device", ""))[:100],
            "command": str(quote.get("command", ""))[:200],
            "sha256": sha256(quote.get("quote")),
        }
        found.setdefault(digest(row), row)
    return list(found.values())[:MOST]


def sha256(text: object) -> str:
    """The hash of a text, in hex; empty for none."""
    return hashlib.sha256(text.encode()).hexdigest() if isinstance(text, str) and text else ""


def _quotes(report: object) -> Iterator[Mapping[str, Any]]:
    if not isinstance(report, Mapping):
        return
    holders = [report, report.get("recovered")]
    for name in ("root_causes", "unproven"):
        causes = report.get(name)
        holders += causes if isinstance(causes, list) else []
    for holder in holders:
        evidence = holder.get("evidence") if isinstance(holder, Mapping) else None
        yield from (each for each in evidence or () if isinstance(each, Mapping))
