"""Incidents: what the mesh works on, from alert to verified fix."""

from datetime import datetime
from typing import Any, Literal

from nocmesh.messages.base import Message

IncidentState = Literal[
    "open",
    "triaged",
    "investigating",
    "diagnosed",
    "awaiting_approval",
    "fixing",
    "verifying",
    "resolved",
    "closed",
    "escalated",
]
IncidentKind = Literal[IncidentState, "grew", "proposed", "decided", "applied", "verified", "note"]
"""A transition is named by the state that it leads to; the others are facts."""


class IncidentEvent(Message, frozen=True, kw_only=True):
    """One entry of an incident's timeline: a transition (``kind`` is a state) or a fact."""

    event_id: str
    incident_id: str
    kind: IncidentKind
    state: IncidentState
    """The state after this event."""
    at: datetime
    text: str
    """One sentence for people."""
    actor: str = ""
    data: dict[str, Any] = {}
    """`open`, `grew`: {alert}; `triaged`: {verdict, confidence, severity, specialist, why}; `diagnosed`, `closed`,
    `escalated`: {report}; `proposed`: {changes, diff}; `awaiting_approval`: {approvals}; `decided`: {decision};
    `applied`: {result}; `verified`: {verification}."""
