"""What a type of agent may have done for it: its start, or what an admin ordered, never above its ceiling. Pure."""

from nocmesh.messages.agent import Autonomy
from nocmesh.policy.form import LEVELS, AutonomyEntry
from nocmesh.policy.policy import Policy

DEFAULT = "default"
"""Stands for every type that the policy does not name."""


def entry_of(policy: Policy, agent_type: str) -> AutonomyEntry:
    """Where ``agent_type`` starts, and how far it may be raised."""
    return policy.autonomy.get(agent_type) or policy.autonomy[DEFAULT]


def level_of(policy: Policy, agent_type: str, ordered: str = "") -> Autonomy:
    """What ``agent_type`` may have done for it; ``ordered``: what an admin has set it to, empty: nothing."""
    entry = entry_of(policy, agent_type)
    wanted = ordered if ordered in LEVELS else entry.start
    return LEVELS[min(LEVELS.index(wanted), LEVELS.index(entry.ceiling))]


def may(level: Autonomy, needed: Autonomy) -> bool:
    """Whether ``level`` is enough for ``needed``."""
    return LEVELS.index(level) >= LEVELS.index(needed)
