"""Telling an incident as it happens: one line for each entry of its timeline, and more where it matters."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from nocmesh.cli.client import Client

OVER = ("closed", "escalated")
POLL_SECONDS = 0.2

Print = Callable[[str], None]
Entry = Mapping[str, Any]

_MARKS = {
    "thought": "  · thinks  ",
    "action": "  → asks    ",
    "observation": "  ← sees    ",
    "report": "  = reports ",
    "claimed": "  + ",
    "handoff": "  » hands over ",
}


class Story:
    """Prints the entries of a timeline once each, in order."""

    def __init__(self, print_line: Print) -> None:
        self._print = print_line
        self._told: set[str] = set()

    def tell(self, entries: list[Entry]) -> None:
        """Print what is new in ``entries``."""
        for entry in entries:
            key = f"{entry.get('at')}|{entry.get('kind')}|{entry.get('actor')}|{entry.get('text')}"
            if key not in self._told:
                self._told.add(key)
                for line in lines_of(entry):
                    self._print(line)


def lines_of(entry: Entry) -> Iterator[str]:
    """The lines that tell one entry."""
    kind, data = str(entry.get("kind")), entry.get("data") or {}
    at = str(entry.get("at", ""))[11:19]
    actor = str(entry.get("actor") or "")
    mark = _MARKS.get(kind, f"{kind.upper():<18}")
    yield f"{at} {actor:<14.14} {mark}{_short(str(entry.get('text', '')))}"
    if kind == "diagnosed":
        yield from _causes(data.get("report") or {})
    if kind == "proposed":
        for change in data.get("changes", []):
            yield from _change(change)


def _short(text: str, limit: int = 300) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def _causes(report: Entry) -> Iterator[str]:
    for cause in report.get("root_causes", []):
        yield f"{'':24}root cause  {cause['fault_type']} on {cause['resource']} ({cause['confidence']:.2f})"
        for evidence in cause.get("evidence", []):
            yield f"{'':24}evidence    {evidence['device']}# {evidence['command']}: {_short(evidence['quote'], 160)}"
    for ruled in report.get("ruled_out", [])[:6]:
        yield f"{'':24}ruled out   {ruled['fault_type']}: {ruled['because']}"


def _change(change: Entry) -> Iterator[str]:
    yield f"{'':24}change      {change.get('device')}, {change.get('risk')}: {change.get('summary', '')}"
    for line in str(change.get("diff") or "").splitlines():
        yield f"{'':26}{line}"
    if not change.get("diff"):
        for line in change.get("commands", []):
            yield f"{'':26}+ {line}"
    for line in change.get("rollback", []):
        yield f"{'':24}rollback    {line}"
    for check in change.get("verify", []):
        yield f"{'':24}verify      {check.get('text') or check.get('kind')}"


async def tell(client: Client, incident_id: str, story: Story, seconds: float = 3600.0) -> dict[str, Any]:
    """Tell the incident until it is over; the report at its end. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while True:
            report: dict[str, Any] = await client.get(f"/api/incidents/{incident_id}")
            timeline = await client.get(f"/api/incidents/{incident_id}/timeline")
            story.tell(timeline["items"])
            if report.get("state") in OVER:
                return report
            await asyncio.sleep(POLL_SECONDS)
