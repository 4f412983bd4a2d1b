"""Ears and mouth of remediation."""

from functools import partial

from nocmesh.agent import Agent, Reasoner, RulesReasoner, role_of
from nocmesh.policy.policy import policy_of
from nocmesh.runtime import Context
from nocmesh_agents.remediation.rules import decide


class Remediation(Agent):
    """Turns a proven cause into a change with its undoing."""

    type = "remediation"
    capabilities = ("plan",)
    tools = ("device_state", "device_baseline", "device_backup")
    autonomy = "act_with_approval"
    description = "Proposes the fix, its rollback, and how it is proved."

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._decide = partial(decide, policy=policy_of(context.settings.policy))

    def reasoner(self) -> Reasoner:
        """The deterministic rules."""
        return RulesReasoner(self._decide)


role = role_of(Remediation)
