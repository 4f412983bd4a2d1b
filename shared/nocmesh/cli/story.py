"""Telling an incident as it happens: a line for each entry of its timeline, and more where it matters."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from nocmesh.cli.client import Client
from nocmesh.cli.output import printable

OVER = ("closed", "escalated")
POLL_SECONDS = 0.2
INDENT = " " * 24
LONGEST_TEXT = 300
RULED_OUT = 6

Entry = Mapping[str, Any]

_MARKS = {
    "thought": ("  · thinks  ", "dim"),
    "action": ("  → asks    ", "dim"),
    "observation": ("  ← sees    ", "dim"),
    "report": ("  = reports ", ""),
    "claimed": ("  + ", "dim"),
    "handoff": ("  » hands over ", ""),
}
_STYLES = {
    "open": "bold red",
    "diagnosed": "bold yellow",
    "awaiting_approval": "bold magenta",
    "resolved": "bold green",
    "closed": "bold green",
    "escalated": "bold red",
}


class Line(NamedTuple):
    """One line: what stands in front, the text, how it looks on a terminal."""

    head: str
    text: str
    style: str = ""
    whole: bool = True
    """A text goes on below itself where it is too long; a line of configuration is cut."""

    def plain(self) -> str:
        """As text."""
        return f"{self.head}{self.text}".rstrip()


class Story:
    """Tells the entries of a timeline once each, in order."""

    def __init__(self, tell: Callable[[Line], None]) -> None:
        self._tell = tell
        self._told: set[str] = set()

    def tell(self, entries: list[Entry]) -> None:
        """Tell what is new in ``entries``."""
        for entry in self.news(entries):
            for line in lines_of(entry):
                self._tell(line)

    def news(self, entries: list[Entry]) -> Iterator[Entry]:
        """Those of ``entries`` that were not told yet; they count as told from now on."""
        for entry in entries:
            key = f"{entry.get('at')}|{entry.get('kind')}|{entry.get('actor')}|{entry.get('text')}"
            if key not in self._told:
                self._told.add(key)
                yield entry


def lines_of(entry: Entry) -> Iterator[Line]:
    """The lines that tell one entry."""
    kind, data = str(entry.get("kind")), entry.get("data") or {}
    at = str(entry.get("at", ""))[11:19]
    mark, style = _MARKS.get(kind, (f"{kind.upper():<18}", _STYLES.get(kind, "bold")))
    yield Line(f"{at} {_flat(entry.get('actor')):<14.14} {mark}", _flat(entry.get("text")), style)
    if kind == "diagnosed":
        yield from _causes(data.get("report") or {})
    if kind == "proposed":
        for change in data.get("changes", []):
            yield from change_lines(change)


def _flat(text: object, limit: int = LONGEST_TEXT) -> str:
    flat = printable(" ".join(str(text or "").split()))
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def _causes(report: Entry) -> Iterator[Line]:
    for cause in report.get("root_causes", []):
        text = f"{cause['fault_type']} on {cause['resource']} ({cause['confidence']:.2f})"
        yield Line(f"{INDENT}root cause  ", _flat(text), "bold")
        for evidence in cause.get("evidence", []):
            text = f"{evidence['device']}# {evidence['command']}: {_flat(evidence['quote'], 160)}"
            yield Line(f"{INDENT}evidence    ", _flat(text), "cyan")
    for ruled in report.get("ruled_out", [])[:RULED_OUT]:
        yield Line(f"{INDENT}ruled out   ", _flat(f"{ruled['fault_type']}: {ruled['because']}"), "dim")


def change_lines(change: Entry) -> Iterator[Line]:
    """The lines that show a change: what, how it goes back, how it is proved."""
    text = f"{change.get('device')}, {change.get('risk')}: {change.get('summary', '')}"
    yield Line(f"{INDENT}change      ", _flat(text))
    diff = str(change.get("diff") or "").splitlines()
    for line in diff or [f"+ {command}" for command in change.get("commands", [])]:
        style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
        yield Line(f"{INDENT}  ", printable(line), style, whole=False)
    for line in change.get("rollback", []):
        yield Line(f"{INDENT}rollback    ", printable(str(line)), "dim", whole=False)
    for check in change.get("verify", []):
        yield Line(f"{INDENT}verify      ", _flat(check.get("text") or check.get("kind")), "dim")


async def follow(client: Client, incident_id: str, hear: Callable[[list[Entry]], None]) -> dict[str, Any]:
    """Hand the whole timeline to ``hear`` again and again until the incident is over; gives its report."""
    while True:
        report: dict[str, Any] = await client.get("/api/incidents/{}", incident_id)
        hear((await client.get("/api/incidents/{}/timeline", incident_id))["items"])
        if report.get("state") in OVER:
            return report
        await asyncio.sleep(POLL_SECONDS)
