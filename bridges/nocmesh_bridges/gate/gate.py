"""The gate: a change is written only when a valid decision covers exactly it, here and now. Pure.

No agent, model or prompt stands between this and the device: what arrives here is checked again, from the signed
decision itself, whatever anybody said before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from nocmesh.bus import Speaker
from nocmesh.messages.agent import Autonomy
from nocmesh.messages.approval import Decision, Vote
from nocmesh.messages.change import Change, DeviceCommand
from nocmesh.messages.order import EVERYWHERE, Order, ordered
from nocmesh.messages.policy import Terms, stricter
from nocmesh.network import Device, Network
from nocmesh.policy.autonomy import level_of, may
from nocmesh.policy.changes import asked_of
from nocmesh.policy.judge import judge
from nocmesh.policy.policy import Policy
from nocmesh_bridges.ssh.target import platform_at

MAX_SKEW_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What the gate stands on beside command and decision: the policy, and what this bridge itself knows."""

    policy: Policy
    device: Device | None = None
    """As the inventory has it."""
    network: Network
    asked_at: datetime | None = None
    """When the approval was asked for, by the broker's clock."""
    orders: Sequence[Order] = ()
    """What admins have ordered about whoever asks, and about this device."""


def needed(change: Change, ground: Ground, at: datetime) -> Terms:
    """What ``change`` takes, whatever risk it claims: the stricter of what it says and what the policy says of it."""
    device = ground.device or Device(name=change.device, platform=change.platform, address="")
    asked = asked_of(
        device,
        ground.network,
        change.commands,
        change.rollback,
        spoken=platform_at(change.platform, change.door),
        requested_by=change.requested_by,
        at=at,
    )
    terms = stricter(ground.policy.terms[change.risk], judge(ground.policy, asked).terms)
    return _for_whom(terms, change.requested_by, ground)


def _for_whom(terms: Terms, requester: str, ground: Ground) -> Terms:
    """Without a person goes only what somebody asked for who may act: a type of agent that has risen so far."""
    level = _level(requester, ground)
    if level == "act":
        return Terms(approvals=terms.approvals)
    if level == "act_with_approval" or terms.approvals:
        return terms
    return Terms(approvals=1)


def _level(requester: str, ground: Ground) -> Autonomy | None:
    """What a type of agent may have done for it; None for somebody who is none."""
    if requester not in ground.policy.autonomy:
        return None
    return level_of(ground.policy, requester, ordered(ground.orders, "autonomy", requester))


def refusal(
    command: DeviceCommand, decision: Decision | None, speaker: Speaker | None, now: datetime, ground: Ground
) -> str:
    """Why ``command`` may not be carried out at ``now``; an empty text when it may.

    ``speaker`` is who signed the decision, as the bus verified it.
    """
    if decision is None:
        return f"there is no decision for approval {command.approval_id}"
    if speaker is None or speaker.role != "approvals":
        return f"the decision is signed by {speaker.name if speaker else 'nobody'}, not by the approvals process"
    if decision.verdict != "approved":
        return f"the decision says {decision.verdict} for approval {decision.approval_id}"
    return (
        frozen(ground.orders, ground.device, now)
        or _other(command, decision)
        or late(command, decision, now)
        or _out_of_bounds(command.change.requested_by, ground)
        or _votes(command, decision, now, ground)
        or _conditions(command, decision, now)
    )


def _other(command: DeviceCommand, decision: Decision) -> str:
    """Why the decision is about something else: each approval covers one change of one run, once."""
    change = command.change
    if decision.approval_id != command.approval_id or decision.run_id != command.run_id:
        return f"the decision is for approval {decision.approval_id} of run {decision.run_id}"
    if decision.change_id != change.change_id or decision.device != change.device:
        return f"the decision is for change {decision.change_id} on {decision.device}"
    if decision.change_hash != change.hash():
        return "the change is not the one that was approved: its hash differs; propose it anew"
    if decision.position not in (0, command.position):
        return f"the decision is for change number {decision.position} of its run, not for number {command.position}"
    return ""


def late(command: DeviceCommand, decision: Decision, now: datetime) -> str:
    """Why it is too late at ``now``; an empty text while it is not."""
    if command.deadline is not None and now >= command.deadline:
        return f"its run waited until {command.deadline:%Y-%m-%d %H:%M:%S} UTC and went on without it"
    if now >= decision.expires_at:
        return f"the approval expired at {decision.expires_at:%Y-%m-%d %H:%M:%S} UTC; propose the change anew"
    return ""


def _out_of_bounds(requester: str, ground: Ground) -> str:
    """Why whoever asked for the change may not even propose one."""
    level = _level(requester, ground)
    if level is None or may(level, "propose"):
        return ""
    return f"agents of the type {requester} may {level}, and not propose a change; an admin raises it"


def _votes(command: DeviceCommand, decision: Decision, now: datetime, ground: Ground) -> str:
    """Why too few people said yes, or somebody no."""
    if any(vote.decision == "reject" for vote in decision.votes):
        return "somebody rejected the change"
    people = {vote.person for vote in _counted(command.change, decision)}
    terms = needed(command.change, ground, now)
    wanted = max(terms.approvals, decision.quorum)
    if wanted == 0 and not people:
        return _unasked(terms, now, ground)
    if len(people) < wanted:
        return f"{wanted} different people must approve; counted: {', '.join(sorted(people)) or 'nobody'}"
    return ""


def _counted(change: Change, decision: Decision) -> list[Vote]:
    """Every vote that counts: on exactly this change, in time, and not by whoever asked for it."""
    return [
        vote
        for vote in decision.votes
        if vote.decision == "approve"
        and vote.change_hash == decision.change_hash
        and vote.approval_id == decision.approval_id
        and vote.at < decision.expires_at
        and vote.person not in ("", decision.requested_by, change.requested_by)
    ]


def _unasked(terms: Terms, now: datetime, ground: Ground) -> str:
    """Why the time in which anybody may stop a change is not over."""
    if ground.asked_at is None:
        return "when its approval was asked for is not known, so nobody can tell whether there was time to stop it"
    ends = ground.asked_at + timedelta(seconds=terms.delay_seconds)
    return f"anybody may stop it until {ends:%Y-%m-%d %H:%M:%S} UTC" if now < ends else ""


def _conditions(command: DeviceCommand, decision: Decision, now: datetime) -> str:
    """Why somebody's yes does not reach so far."""
    for vote in _counted(command.change, decision):
        why = vote.conditions.breach(command.change.device, command.position, now) if vote.conditions else ""
        if why:
            return f"{vote.person} approved {why}"
    return ""


def frozen(orders: Sequence[Order], device: Device | None, now: datetime) -> str:
    """Why nothing may be changed on ``device`` at ``now``, whatever was approved; empty: it may."""
    for order in orders:
        if order.kind == "freeze" and order.holds(now) and order.name in (EVERYWHERE, device.site if device else ""):
            where = "everything" if order.name == EVERYWHERE else f"site {order.name}"
            until = f" until {order.until:%Y-%m-%d %H:%M} UTC" if order.until else ""
            return f"{order.person} froze {where}{until}: {order.reason or 'no reason given'}"
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
