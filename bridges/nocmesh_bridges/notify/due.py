"""When people are told of an approval that waits: at once, after half of its time, and shortly before its end. Pure."""

from datetime import datetime, timedelta
from typing import Literal

from nocmesh.messages.approval import ApprovalRequest

Word = Literal["asked", "half", "late"]
LATE_SHARE = 10
LATE_MOST = timedelta(minutes=5)
"""`late` is a tenth of the time before the end, five minutes at most: time to get to a keyboard."""


def due(request: ApprovalRequest, last: datetime | None, now: datetime) -> Word | None:
    """What is to be told now; ``last``: when it was told of before, None: never.

    One that was missed is not made up for when a later one was told, or is due as well. Nothing is due at the end, and
    no reminder of what goes by itself unless it is stopped.
    """
    if now >= (request.goes_at or request.expires_at):
        return None
    if last is None:
        return "asked"
    if request.goes_at:
        return None
    for word, at in moments(request):
        if now >= at:
            return word if last < at else None
    return None


def moments(request: ApprovalRequest) -> tuple[tuple[Word, datetime], ...]:
    """When it is told again, the later one first."""
    whole = request.expires_at - request.requested_at
    late = request.expires_at - min(whole / LATE_SHARE, LATE_MOST)
    return ("late", late), ("half", request.requested_at + whole / 2)
