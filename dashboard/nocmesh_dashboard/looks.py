"""How read models look on a page. Pure: rows in, what a template needs out; the time is handed in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import msgspec

from nocmesh.explaining.acting import own_reasons
from nocmesh.messages.report import Report
from nocmesh_dashboard.backend import Row

PATH = (
    "open", "triaged", "investigating", "diagnosed", "awaiting_approval", "fixing", "verifying", "resolved", "closed",
)  # fmt: skip
"""The way of an incident that goes well; `escalated` leaves it at any point."""
OVER = frozenset({"resolved", "closed"})
STATES = (*PATH, "escalated")

_WORDS = {
    "awaiting_approval": "awaiting approval", "true_positive": "real fault", "false_positive": "false alarm",
    "not_run": "not run",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffLine:
    """One line of a diff; ``kind`` is `add`, `del`, `hunk`, `file` or `same`."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One state on the way of an incident; ``kind`` is `done`, `now` or `ahead`."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a timeline."""

    at: datetime | None
    kind: str
    actor: str
    text: str
    agent: bool
    """It is from an agent's own journal."""
    calls: Sequence[Mapping[str, Any]] = ()
    observations: Sequence[Mapping[str, Any]] = ()
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strand:
    """One entry of the incident's own, or the entries of agents between two of these, which fold into one line."""

    number: int
    """Of its oldest entry, counted from the timeline's beginning: it stays when more happens."""
    entries: Sequence[Entry]
    said: str
    """What agents concluded last."""

    @property
    def agents(self) -> list[str]:
        """Who is in it, each once; empty for one of the incident's own."""
        return list(dict.fromkeys(entry.actor for entry in reversed(self.entries) if entry.agent))


def words(name: object) -> str:
    """A name of ours as words for people."""
    return _WORDS.get(str(name), str(name).replace("_", " "))


def moment(value: object) -> datetime | None:
    """A time as a row may hold it: datetime or RFC 3339 text; without zone it is UTC."""
    if isinstance(value, str) and value:
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def rfc3339(value: object) -> str:
    """A time for the `datetime` attribute, or empty."""
    at = moment(value)
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else ""


def clock_time(value: object) -> str:
    """A time of day in UTC with seconds."""
    at = moment(value)
    return at.astimezone(UTC).strftime("%H:%M:%S") if at else ""


def day_and_time(value: object) -> str:
    """A date and time in UTC."""
    at = moment(value)
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if at else ""


def age(value: object, now: datetime) -> str:
    """How long ago, in one unit: `4 s`, `12 min`, `3 h`, `2 d`."""
    at = moment(value)
    return span((now - at).total_seconds()) if at else ""


def left(value: object, now: datetime) -> str:
    """How much time is left: `28:14`, `1 h 05 min`, or `expired`."""
    at = moment(value)
    if at is None:
        return ""
    seconds = int((at - now).total_seconds())
    if seconds <= 0:
        return "expired"
    if seconds >= 3600:
        return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"
    return f"{seconds // 60}:{seconds % 60:02d}"


def span(seconds: float) -> str:
    """A duration in one unit."""
    seconds = max(0, int(seconds))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def percent(value: object) -> str:
    """A share as percent."""
    return f"{round(float(value) * 100)} %" if isinstance(value, int | float) else ""


def is_open(incident: Row) -> bool:
    """Whether somebody or something still has to act on it."""
    return incident.get("state") not in OVER


def stages(state: str) -> list[Stage]:
    """The way of an incident with where it is now; for an escalated one the way is not shown as done."""
    if state not in PATH:
        return [*(Stage(name=name, kind="ahead") for name in PATH[:-2]), Stage(name=state, kind="now")]
    here = PATH.index(state)
    return [Stage(name=n, kind="done" if i < here else "now" if i == here else "ahead") for i, n in enumerate(PATH)]


def diff_lines(change: Mapping[str, Any]) -> list[DiffLine]:
    """The diff of ``change``; where none was made, its commands as they will be sent."""
    diff = str(change.get("diff") or "")
    if diff:
        return [_diff_line(line) for line in diff.splitlines()]
    return [_command_line(str(line)) for line in change.get("commands") or []]


def timeline(rows: Iterable[Row]) -> list[Entry]:
    """Timeline rows of either kind, as entries, newest first."""
    return [_entry(row) for row in rows][::-1]


def strands(entries: Sequence[Entry]) -> list[Strand]:
    """``entries``, newest first, with those of agents in a row put together."""
    found, left = [], len(entries)
    for agent, row in groupby(entries, key=lambda entry: entry.agent):
        run = list(row)
        for together in [run] if agent else [[entry] for entry in run]:
            left -= len(together)
            said = next((e.text for e in together if e.text and e.kind in ("report", "thought")), "")
            found.append(Strand(number=left + 1, entries=together, said=said))
    return found


def votes_for(approval: Row) -> list[Mapping[str, Any]]:
    """The votes that say yes, one a person, without the requester's own."""
    seen: dict[str, Mapping[str, Any]] = {}
    for vote in approval.get("votes") or []:
        if vote.get("decision") == "approve" and vote.get("person") != approval.get("requested_by"):
            seen.setdefault(str(vote.get("person")), vote)
    return list(seen.values())


def conditions_of(vote: Mapping[str, Any]) -> list[str]:
    """How far a yes reaches, in words."""
    given = vote.get("conditions") or {}
    found = [f"only on {', '.join(given['devices'])}"] if given.get("devices") else []
    found += [f"not before {day_and_time(given['not_before'])}"] if given.get("not_before") else []
    found += [f"only before {day_and_time(given['not_after'])}"] if given.get("not_after") else []
    return found + ([f"only the first {given['first']} changes"] if given.get("first") else [])


def reasons_of(change: Mapping[str, Any], report: Report) -> list[str]:
    """Why ``change`` is as risky as it is; the causes that it heals are told elsewhere."""
    return own_reasons([str(reason) for reason in change.get("reasons") or ()], report.root_causes)


def status_of(approval: Row, now: datetime) -> str:
    """Its status; a pending one past its time is `expired` before the mesh says so."""
    status = str(approval.get("status") or "pending")
    expires = moment(approval.get("expires_at"))
    return "expired" if status == "pending" and expires is not None and expires <= now else status


def pending(approvals: Iterable[Row], now: datetime) -> list[Row]:
    """Those that still wait, the next to expire first."""
    waiting = [a for a in approvals if status_of(a, now) == "pending"]
    return sorted(waiting, key=lambda a: rfc3339(a.get("expires_at")))


def check_text(check: object) -> str:
    """A check as a sentence."""
    if isinstance(check, Mapping):
        stated = ", ".join(f"{k} {v}" for k, v in (check.get("arguments") or {}).items())
        return str(check.get("text") or f"{words(check.get('kind', ''))} {stated}".strip())
    return str(check)


def pretty(value: object) -> str:
    """A value as indented JSON, for the curious."""
    return msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2).decode()


def _entry(row: Row) -> Entry:
    data: Mapping[str, Any] = row.get("data") or {}
    agent = "session_id" in data
    return Entry(
        at=moment(row.get("at")),
        kind=str(row.get("kind") or ""),
        actor=str(row.get("actor") or ""),
        text=str(row.get("text") or ""),
        agent=agent,
        calls=data.get("calls") or (),
        observations=data.get("observations") or (),
        data=(data.get("result") or {}) if agent else data,
    )


def _diff_line(line: str) -> DiffLine:
    for start, kind in (("+++", "file"), ("---", "file"), ("@@", "hunk"), ("+", "add"), ("-", "del")):
        if line.startswith(start):
            return DiffLine(kind=kind, text=line)
    return DiffLine(kind="same", text=line)


def _command_line(line: str) -> DiffLine:
    return DiffLine(kind="del" if line.lstrip().startswith(("no ", "delete ")) else "add", text=line)
