"""What people are told: a title, a few lines, how bad it is. Pure.

Parts of it were written by devices, monitoring systems and agents: it is cut, kept on its lines, freed of secrets that
a pattern knows, and of what a chat would take for a call to everybody. No line that would be typed is ever in it.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from urllib.parse import quote

from nocmesh.ids import short_digest
from nocmesh.messages.approval import ApprovalRequest, Decision
from nocmesh.messages.base import Message
from nocmesh.messages.change import DeviceResult, Risk
from nocmesh.messages.incident import IncidentEvent
from nocmesh.messages.order import EVERYWHERE, Order
from nocmesh_bridges.redact import redact

Severity = Literal["info", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")
TITLE, LINE = 120, 300
"""Letters: a title is read on a telephone's lock screen, a line in a chat."""
LISTED = 8
"""Titles that a summary repeats."""
_OF_RISK: dict[Risk, Severity] = {"low": "info", "medium": "info", "high": "warning", "critical": "critical"}


class Note(Message, frozen=True, kw_only=True):
    """One message to people."""

    key: str
    """What it is about, so that it is told once."""
    title: str
    text: str
    severity: Severity
    wakes: bool = False
    """It goes to the `escalation` targets as well: somebody must look now."""
    at: datetime


def plain(text: str, most: int = LINE) -> str:
    """``text`` on one line, cut to ``most`` letters, without secrets, markup and calls to a whole channel."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * LINE]).split())
    line = redact("", line)
    line = line.replace("<", "‹").replace(">", "›").replace("@", "@\N{WORD JOINER}").replace("`", "'")
    return line if len(line) <= most else f"{line[: most - 1]}…"


def waiting(request: ApprovalRequest, word: str, url: str, at: datetime, *, votes: int = 0) -> Note:
    """That a change waits: ``word`` is `asked`, `half` or `late`, of ``nocmesh_bridges.notify.due``."""
    what = {"asked": "Approval wanted", "half": "Still waiting", "late": "About to expire"}[word]
    if request.goes_at:
        what = "Goes unless stopped"
    lines = [
        plain(request.summary or request.change.summary or "a change without a summary"),
        f"Risk {request.risk}: {plain('; '.join(request.change.reasons) or 'no reason is given')}",
        _needs(request, votes),
        link(url, request.incident_id),
    ]
    return Note(
        key=f"approval.{short_digest(request.approval_id)}.{word}",
        title=plain(f"{what}: {request.change.device}, risk {request.risk}", TITLE),
        text="\n".join(line for line in lines if line),
        severity=_OF_RISK[request.risk],
        wakes=word == "late" and not votes,
        at=at,
    )


def _needs(request: ApprovalRequest, votes: int) -> str:
    if request.goes_at:
        return f"It goes at {clock(request.goes_at)} unless somebody stops it before"
    people = "1 person" if request.quorum == 1 else f"{request.quorum} different people"
    heard = f", {votes} answered" if votes else ""
    return f"It needs {people}{heard}; it expires at {clock(request.expires_at)}"


def decided(decision: Decision, url: str) -> Note:
    """What became of an approval; one that nobody answered wakes somebody."""
    people = ", ".join(dict.fromkeys(vote.person for vote in decision.votes)) or "nobody answered"
    unheard = decision.verdict == "expired" and not decision.votes
    lines = [f"By: {plain(people)}", plain(decision.reason), link(url, decision.incident_id)]
    return Note(
        key=f"decision.{short_digest(decision.approval_id)}",
        title=plain(f"{decision.verdict.capitalize()}: change on {decision.device}", TITLE),
        text="\n".join(line for line in lines if line),
        severity="warning" if decision.verdict == "expired" else "info",
        wakes=unheard,
        at=decision.decided_at,
    )


def escalated(event: IncidentEvent, url: str) -> Note:
    """That an incident was handed to people."""
    return Note(
        key=f"incident.{short_digest(event.incident_id)}.{short_digest(event.event_id)}",
        title=plain(f"Escalated: incident {event.incident_id}", TITLE),
        text="\n".join(line for line in (plain(event.text), link(url, event.incident_id)) if line),
        severity="warning",
        wakes=True,
        at=event.at,
    )


def unknown(result: DeviceResult, at: datetime, url: str) -> Note:
    """That nobody knows what became of a change: somebody must look at the device."""
    lines = ["A person must look at the device before anything else is changed there.", plain(result.reason), url]
    return Note(
        key=f"result.{short_digest(result.command_id, result.change_id)}",
        title=plain(f"Outcome unknown: change on {result.device}", TITLE),
        text="\n".join(line for line in lines if line),
        severity="critical",
        wakes=True,
        at=result.at or at,
    )


def frozen(order: Order, url: str) -> Note:
    """That changes are frozen, or no longer."""
    where = "everywhere" if order.name == EVERYWHERE else f"at {order.name}"
    end = f" until {clock(order.until)}" if order.until else ""
    title = f"Frozen: no changes {where}{end}" if order.value else f"No longer frozen: changes {where}"
    lines = [f"By: {plain(order.person)}", plain(order.reason), url]
    return Note(
        key=f"order.{short_digest(order.kind, order.name, order.at.isoformat())}",
        title=plain(title, TITLE),
        text="\n".join(line for line in lines if line),
        severity="warning" if order.value else "info",
        at=order.at,
    )


def summed(notes: Sequence[Note], url: str, at: datetime) -> Note:
    """Many notes as one: how many of which severity, the first titles, the worst of all severities."""
    counts = Counter(note.severity for note in notes)
    told = ", ".join(f"{counts[each]} {each}" for each in reversed(SEVERITIES) if counts[each])
    more = len(notes) - LISTED
    lines = [f"- {note.title}" for note in notes[:LISTED]] + ([f"and {more} more"] if more > 0 else [])
    return Note(
        key=f"summary.{short_digest(*(note.key for note in notes))}",
        title=f"{len(notes)} messages in one: {told}",
        text="\n".join([*lines, url]),
        severity=max((note.severity for note in notes), key=SEVERITIES.index),
        wakes=any(note.wakes for note in notes),
        at=at,
    )


def link(url: str, incident_id: str) -> str:
    """Where it is decided, or looked at."""
    return f"{url}/incidents/{quote(incident_id[:LINE], safe='')}" if incident_id else url


def clock(at: datetime) -> str:
    """A time as people read it."""
    return f"{at:%H:%M} UTC on {at:%d %b}"
