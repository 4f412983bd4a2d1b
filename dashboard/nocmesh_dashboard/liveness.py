"""Who is there, judged from cards and beats. Pure: the time is handed in.

A beat may come late by one; two missed make an agent slow, three gone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from nocmesh.messages.agent import AgentCard, Heartbeat

SLOW_AFTER = 1.75
"""Beats without a sign; the orchestrator asks the agent then."""
GONE_AFTER = 2.75
"""Beats without a sign; the orchestrator drops the agent then."""
FORGOTTEN_AFTER = 900.0
"""Seconds that a gone agent stays on the page, so that its going is seen."""

Liveness = Literal["live", "slow", "gone", "left"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """One agent as the dashboard sees it."""

    agent_id: str
    last_sign: datetime
    card: AgentCard | None = None
    beat: Heartbeat | None = None
    left: str = ""
    """Why it said goodbye; empty while it has not."""


def carded(present: Presence | None, card: AgentCard, now: datetime) -> Presence:
    """After a card: a new instance starts afresh."""
    beat = present.beat if present and present.beat and present.beat.instance == card.instance else None
    return Presence(agent_id=card.agent_id, last_sign=now, card=card, beat=beat)


def beaten(present: Presence | None, beat: Heartbeat, now: datetime) -> Presence:
    """After a beat; the late beat of an instance that has said goodbye or was replaced changes nothing."""
    if present is None:
        return Presence(agent_id=beat.agent_id, last_sign=now, beat=beat)
    stale = present.card is not None and present.card.instance != beat.instance
    return present if stale or present.left else replace(present, last_sign=now, beat=beat)


def departed(present: Presence | None, instance: str, reason: str) -> Presence | None:
    """After a farewell of ``instance``."""
    if present is None or (present.card is not None and present.card.instance != instance):
        return present
    return replace(present, left=reason or "said goodbye")


def judge(present: Presence, now: datetime) -> Liveness:
    """Whether it lives."""
    if present.left:
        return "left"
    interval = present.beat.interval if present.beat else 2.0
    missed = (now - present.last_sign).total_seconds() / interval
    return "gone" if missed >= GONE_AFTER else "slow" if missed >= SLOW_AFTER else "live"


def forgotten(present: Presence, now: datetime) -> bool:
    """Whether it is gone for so long that nobody looks for it."""
    return judge(present, now) in ("gone", "left") and (now - present.last_sign).total_seconds() > FORGOTTEN_AFTER


def row(present: Presence, now: datetime) -> Mapping[str, Any]:
    """One row of the list of agents."""
    card, beat = present.card, present.beat
    return {
        "agent_id": present.agent_id,
        "type": card.type if card else beat.type if beat else "",
        "kind": card.kind if card else "agent",
        "version": card.version if card else "",
        "description": card.description if card else "",
        "capabilities": card.capabilities if card else [],
        "tools": card.tools if card else [],
        "autonomy": card.autonomy if card else "",
        "load_limit": card.load_limit if card else 0,
        "liveness": judge(present, now),
        "left": present.left,
        "status": beat.status if beat else "unknown",
        "load": beat.load if beat else 0.0,
        "in_flight": beat.in_flight if beat else 0,
        "done": beat.done if beat else 0,
        "failed": beat.failed if beat else 0,
        "last_sign": present.last_sign,
        "started_at": card.started_at if card else None,
    }
