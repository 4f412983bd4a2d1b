"""The gate: a change is written only when a valid decision covers exactly it, here and now. Pure.

No agent, model or prompt stands between this and the device: what arrives here is checked again, from the signed
decision itself, whatever anybody said before.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from nocmesh.bus import Speaker
from nocmesh.messages.approval import Decision
from nocmesh.messages.change import Change, DeviceCommand, Risk

QUORUM = {"low": 1, "medium": 1, "high": 1, "critical": 2}
"""People that must have said yes, by risk; nothing is written to a device without anybody's yes."""
MAX_SKEW_SECONDS = 30.0

_CRITICAL = re.compile(
    r"^\s*(no\s+)?(router\s|neighbor\s|network\s|redistribute\s|ip\s+route|ipv6\s+route|route-map|ip\s+prefix-list"
    r"|access-list|ip\s+access-list|address-family|bgp\s|area\s|passive-interface|net\s)",
    re.IGNORECASE,
)


def floor(commands: Sequence[str]) -> Risk:
    """The least risk that lines of configuration have, whatever a change claims: routing and filters are critical."""
    return "critical" if any(_CRITICAL.match(line) for line in commands) else "medium"


def needed(change: Change) -> int:
    """How many different people must have approved ``change``."""
    return max(QUORUM[change.risk], QUORUM[floor([*change.commands, *change.rollback])])


def refusal(command: DeviceCommand, decision: Decision | None, speaker: Speaker | None, now: datetime) -> str:
    """Why ``command`` may not be carried out at ``now``; an empty text when it may.

    ``speaker`` is who signed the decision, as the bus verified it.
    """
    change = command.change
    if decision is None:
        return f"there is no decision for approval {command.approval_id}"
    if speaker is None or speaker.role != "approvals":
        return f"the decision is signed by {speaker.name if speaker else 'nobody'}, not by the approvals process"
    if decision.verdict != "approved" or decision.approval_id != command.approval_id:
        return f"the decision says {decision.verdict} for approval {decision.approval_id}"
    if decision.change_hash != change.hash() or decision.device != change.device:
        return "the change is not the one that was approved: its hash differs; propose it anew"
    if now >= decision.expires_at:
        return f"the approval expired at {decision.expires_at:%Y-%m-%d %H:%M:%S} UTC; propose the change anew"
    return _votes(change, decision)


def _votes(change: Change, decision: Decision) -> str:
    people = {
        vote.person
        for vote in decision.votes
        if vote.decision == "approve"
        and vote.change_hash == decision.change_hash
        and vote.at < decision.expires_at
        and vote.person not in (decision.requested_by, change.requested_by)
    }
    if any(vote.decision == "reject" for vote in decision.votes):
        return "somebody rejected the change"
    if len(people) < needed(change):
        return f"{needed(change)} different people must approve; counted: {', '.join(sorted(people)) or 'nobody'}"
    return ""


def moved(change: Change, running: str) -> str:
    """Why the device is not as it was when the change was made; an empty text when it is."""
    if not change.pre_state:
        return "the change is bound to no state of its device; propose it anew"
    if change.pre_state != running:
        return (
            f"{change.device} is not as it was when the change was proposed "
            f"(configuration {running[:12]}, not {change.pre_state[:12]}): look what changed, then propose anew"
        )
    return ""


def skewed(broker: datetime, ours: datetime) -> str:
    """Why our clock cannot be trusted to judge expiry; an empty text when it can."""
    off = abs((ours - broker).total_seconds())
    return f"this bridge's clock is {off:.0f} s off the broker's: set it right" if off > MAX_SKEW_SECONDS else ""
