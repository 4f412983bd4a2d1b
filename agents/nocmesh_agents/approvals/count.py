"""Who may vote, and when a decision is made. Pure.

Distinct people count, not sessions or tokens; the requester never does; one rejection is final; no answer in time
means no. Only what needs nobody goes by itself, when the time in which anybody could stop it is over.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from nocmesh.messages.approval import ApprovalRequest, Decision, Vote

APPROVER = "approver"


def refusal(
    request: ApprovalRequest, votes: Sequence[Vote], decided: bool, person: str, roles: Sequence[str], now: datetime
) -> tuple[str, str]:
    """Why ``person`` may not vote now: a code and a sentence; two empty texts when they may."""
    if APPROVER not in roles:
        return "denied", f"{person} has no role {APPROVER!r} (roles: {', '.join(roles) or 'none'}); an admin gives it"
    if person == request.requested_by:
        return "denied", f"{person} asked for this change: somebody else must decide"
    if decided:
        return "conflict", "this approval is decided already"
    if request.change.hash() != request.change_hash:
        return "conflict", "the hash of this request does not belong to the change that it shows: propose it anew"
    if now >= request.expires_at:
        return "conflict", f"this approval expired at {request.expires_at:%H:%M:%S} UTC: no answer means no"
    if any(vote.person == person for vote in votes):
        return "conflict", f"{person} has voted already; {request.quorum} different people are needed"
    return "", ""


def tally(request: ApprovalRequest, votes: Sequence[Vote], now: datetime) -> Decision | None:
    """The decision that the votes make at ``now``, or None while it is open."""
    counted = _counted(request, votes)
    rejected = [vote for vote in counted if vote.decision == "reject"]
    if rejected:
        comment = f": {rejected[0].comment}" if rejected[0].comment else ""
        return _decision(request, counted, "rejected", f"rejected by {rejected[0].person}{comment}", now)
    if _unstopped(request, now):
        return _decision(request, counted, "approved", "nobody stopped it in time", now)
    if now >= request.expires_at:
        missing = max(request.quorum - len(counted), 0)
        return _decision(request, counted, "expired", f"expired with {missing} of {request.quorum} votes missing", now)
    if counted and len(counted) >= request.quorum:
        return _decision(request, counted, "approved", "", now)
    return None


def _unstopped(request: ApprovalRequest, now: datetime) -> bool:
    """Whether it needs nobody, and the time in which somebody could stop it has passed before it expired."""
    return request.goes_at is not None and request.goes_at <= now < request.expires_at


def _counted(request: ApprovalRequest, votes: Sequence[Vote]) -> list[Vote]:
    """The first vote of each person who is not the requester, on exactly this change, before it expired."""
    counted: dict[str, Vote] = {}
    for vote in votes:
        valid = vote.change_hash == request.change_hash and vote.at < request.expires_at
        if valid and vote.person != request.requested_by:
            counted.setdefault(vote.person, vote)
    return list(counted.values())


def _decision(
    request: ApprovalRequest,
    votes: list[Vote],
    verdict: Literal["approved", "rejected", "expired"],
    reason: str,
    now: datetime,
) -> Decision:
    return Decision(
        approval_id=request.approval_id,
        run_id=request.run_id,
        step=request.step,
        incident_id=request.incident_id,
        verdict=verdict,
        change_id=request.change.change_id,
        change_hash=request.change_hash,
        device=request.change.device,
        quorum=request.quorum,
        requested_by=request.requested_by,
        votes=votes,
        decided_at=now,
        expires_at=request.expires_at,
        reason=reason,
        position=request.position,
    )
