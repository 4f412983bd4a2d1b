"""Who is there. Pure: cards and beats in, verdicts out; the agent around it probes and drops.

A killed agent is gone within three beats; a slow one is asked before it is dropped (two missed beats); one that was
dropped is not revived by a late beat: it must register again.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

from msgspec.structs import replace

from nocmesh.messages.agent import AgentCard, Candidate, DiscoveryReply, DiscoveryRequest, Heartbeat, Rejected
from nocmesh.messages.base import Message

PROBE_AFTER = 1.75
"""Beats without a sign: ask."""
DROP_AFTER = 2.75
"""Beats without a sign and without an answer: gone. Under three, so that it is gone within three."""
ANSWER_WITHIN = 0.75
"""Beats that it has to answer in: nobody is dropped unasked, not even when it was the judge who slept."""
INTERVALS = (0.05, 3600.0)
"""Seconds between two beats, at least and at most, whatever an agent says of itself."""

Verdict = Literal["alive", "probe", "gone"]


class Member(Message, frozen=True, kw_only=True):
    """One agent as the registry sees it."""

    card: AgentCard
    last_sign: datetime
    interval: float = 2.0
    load: float = 0.0
    status: str = "available"
    beat: Heartbeat | None = None
    probed_at: datetime | None = None
    """When it was asked, if that was since its last sign."""


def judge(member: Member, now: datetime) -> Verdict:
    """Whether ``member`` lives, must be asked, or is gone."""
    interval = min(max(member.interval, INTERVALS[0]), INTERVALS[1])
    missed = (now - member.last_sign).total_seconds() / interval
    if missed < PROBE_AFTER:
        return "alive"
    asked = (now - member.probed_at).total_seconds() / interval if member.probed_at else 0.0
    return "gone" if missed >= DROP_AFTER and asked >= ANSWER_WITHIN else "probe"


def beaten(members: Mapping[str, Member], beat: Heartbeat, now: datetime) -> Member | None:
    """The member after ``beat``; None when it must register first (unknown, or another instance)."""
    member = members.get(beat.agent_id)
    if member is None or member.card.instance != beat.instance:
        return None
    return replace(
        member, last_sign=now, probed_at=None, interval=beat.interval, load=beat.load, status=beat.status, beat=beat
    )


def discover(members: Iterable[Member], wanted: DiscoveryRequest) -> DiscoveryReply:
    """Who can do it, least loaded first, and why the others were not chosen."""
    chosen, rejected = [], []
    for member in members:
        card = member.card
        why = _why_not(member, wanted)
        if why:
            rejected.append(Rejected(agent_id=card.agent_id, type=card.type, reason=why))
        else:
            chosen.append(Candidate(agent_id=card.agent_id, type=card.type, load=member.load, status=member.status))
    return DiscoveryReply(candidates=sorted(chosen, key=lambda c: (c.load, c.agent_id)), rejected=rejected)


def _why_not(member: Member, wanted: DiscoveryRequest) -> str:
    card = member.card
    if wanted.type and card.type != wanted.type:
        return f"is of type {card.type}, not {wanted.type}"
    if wanted.capability and wanted.capability not in (*card.capabilities, *card.tools):
        return f"cannot {wanted.capability}: it can {', '.join([*card.capabilities, *card.tools]) or 'nothing listed'}"
    if member.status == "draining":
        return "is going away"
    if member.load >= 1.0:
        return "has no free slot"
    return ""
