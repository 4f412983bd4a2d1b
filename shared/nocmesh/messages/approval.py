"""Approvals: what waits for people, what they voted, what was decided."""

from datetime import datetime, timedelta
from typing import Literal

from nocmesh.messages.base import Message
from nocmesh.messages.change import Change, Risk


class ApprovalRequest(Message, frozen=True, kw_only=True):
    """A change waits. Quorum is the number of distinct people; the requester never counts.

    A quorum of 0: it waits ``delay_seconds`` for somebody who stops it, and an approval ends the waiting.
    """

    approval_id: str
    run_id: str
    step: str
    incident_id: str
    change: Change
    change_hash: str
    risk: Risk
    quorum: int
    delay_seconds: float = 0.0
    """With a quorum of 0: how long anybody may still stop it; then it goes."""
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    summary: str = ""
    correlation_id: str = ""
    position: int = 0
    """The how manieth of its run's changes it is, from 1; 0: nobody said."""

    @property
    def goes_at(self) -> datetime | None:
        """When it goes unless somebody stops it; None: it needs people."""
        return self.requested_at + timedelta(seconds=self.delay_seconds) if self.quorum == 0 else None


class Conditions(Message, frozen=True, kw_only=True):
    """How far a yes reaches; the bridge holds to it."""

    devices: list[str] = []
    """Only these; empty: whichever it is."""
    not_before: datetime | None = None
    not_after: datetime | None = None
    first: int = 0
    """Only so many of the run's changes, in their order; 0: all."""

    def breach(self, device: str, position: int, now: datetime) -> str:
        """What was approved instead; an empty text where a change on ``device`` may go at ``now``.

        ``position``: the how manieth of its run it is, from 1.
        """
        if self.devices and device not in self.devices:
            return f"it for {', '.join(self.devices)} only, not for {device}"
        if self.not_before and now < self.not_before:
            return f"it not before {self.not_before:%Y-%m-%d %H:%M} UTC"
        if self.not_after and now >= self.not_after:
            return f"it only before {self.not_after:%Y-%m-%d %H:%M} UTC"
        if self.first and position > self.first:
            return f"only the first {self.first} of the run's changes; this is number {position}"
        return ""


class Vote(Message, frozen=True, kw_only=True):
    """One person's word on exactly this change."""

    approval_id: str
    person: str
    decision: Literal["approve", "reject"]
    change_hash: str
    at: datetime
    comment: str = ""
    via: Literal["session", "token", "loopback"] = "session"
    conditions: Conditions | None = None
    """Of a yes: how far it reaches."""


class Decision(Message, frozen=True, kw_only=True):
    """The end of an approval, signed by the approvals process with every vote inside."""

    approval_id: str
    run_id: str
    step: str
    incident_id: str
    verdict: Literal["approved", "rejected", "expired"]
    change_id: str
    change_hash: str
    device: str
    quorum: int
    requested_by: str
    votes: list[Vote]
    decided_at: datetime
    expires_at: datetime
    """An approval that was not used by then is void."""
    reason: str = ""
    position: int = 0
    """The how manieth of its run's changes was approved; 0: nobody said."""
