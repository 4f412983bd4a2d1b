"""Ears and mouth of remediation."""

from nocmesh.agent import Agent, Reasoner, RulesReasoner, role_of
from nocmesh_agents.remediation.rules import decide


class Remediation(Agent):
    """Turns a proven cause into a change with its undoing."""

    type = "remediation"
    capabilities = ("plan",)
    tools = ("device_state", "device_baseline", "device_backup")
    autonomy = "act_with_approval"
    description = "Proposes the fix, its rollback, and how it is proved."

    def reasoner(self) -> Reasoner:
        """The deterministic rules."""
        return RulesReasoner(decide)


role = role_of(Remediation)
