"""Alerts: what a monitoring system says, in one form for all of them."""

from datetime import datetime
from typing import Literal

from nocmesh.messages.base import Message

Severity = Literal["critical", "major", "minor", "warning", "info"]
"""X.733 / ietf-alarms order, most severe first; `info` is below `warning`."""


class Alert(Message, frozen=True, kw_only=True):
    """One alert of one source, normalised."""

    alert_id: str
    """Hash of source and fingerprint: the same trouble has the same id for ever."""
    source: str
    fingerprint: str
    name: str
    status: Literal["firing", "resolved"]
    severity: Severity
    summary: str = ""
    description: str = ""
    device: str = ""
    """The device as the source names it; empty when the alert names none."""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    received_at: datetime
    url: str = ""


class AlertEvent(Message, frozen=True, kw_only=True):
    """What happened to an alert; ``episode`` counts its openings."""

    event_id: str
    alert_id: str
    episode: int
    kind: Literal["opened", "repeated", "resolved", "suppressed", "expired"]
    at: datetime
    alert: Alert
    incident_id: str = ""
    count: int = 1
    starts_at: datetime | None = None
    """The latest start that the source named in this episode; the alert itself may name an older one."""
    source_id: str = ""
    """Id of the message that it came from, so that a second delivery of it is known."""
