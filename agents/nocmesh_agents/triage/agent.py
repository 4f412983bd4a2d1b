"""Ears and mouth of triage."""

from nocmesh.agent import Agent, Reasoner, RulesReasoner, role_of
from nocmesh_agents.triage.rules import decide


class Triage(Agent):
    """Says whether an alert is real, how bad it is, and who should look."""

    type = "triage"
    capabilities = ("triage",)
    tools = (
        "device_state",
        "device_baseline",
    )
    autonomy = "diagnose"
    description = "Classifies alerts and chooses the specialist."

    def reasoner(self) -> Reasoner:
        """The deterministic rules."""
        return RulesReasoner(decide)


role = role_of(Triage)
