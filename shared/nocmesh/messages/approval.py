"""Approvals: what waits for people, what they voted, what was decided."""

from datetime import datetime
from typing import Literal

from nocmesh.messages.base import Message
from nocmesh.messages.change import Change, Risk


class ApprovalRequest(Message, frozen=True, kw_only=True):
    """A change waits. Quorum is the number of distinct people; the requester never counts."""

    approval_id: str
    run_id: str
    step: str
    incident_id: str
    change: Change
    change_hash: str
    risk: Risk
    quorum: int
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    summary: str = ""
    correlation_id: str = ""


class Vote(Message, frozen=True, kw_only=True):
    """One person's word on exactly this change."""

    approval_id: str
    person: str
    decision: Literal["approve", "reject"]
    change_hash: str
    at: datetime
    comment: str = ""
    via: Literal["session", "token", "loopback"] = "session"


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
