"""What two people decide on a change."""

from datetime import datetime

from nocmesh.messages.approval import Decision, Vote
from nocmesh.messages.change import Change


def approved(change: Change, approval: str, *, voted: datetime, decided: datetime, expires: datetime) -> Decision:
    """Both said yes to exactly ``change``."""
    votes = [
        Vote(approval_id=approval, person=person, decision="approve", change_hash=change.hash(), at=voted)
        for person in ("nina", "omar")
    ]
    return Decision(
        approval_id=approval,
        run_id="run-1",
        step="approval",
        incident_id="i1",
        verdict="approved",
        change_id=change.change_id,
        change_hash=change.hash(),
        device=change.device,
        quorum=2,
        requested_by="remediation",
        votes=votes,
        decided_at=decided,
        expires_at=expires,
    )
