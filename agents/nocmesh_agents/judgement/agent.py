"""What the specialists have in common: they judge all that they see by the same rules."""

from nocmesh.agent import Agent, Reasoner, RulesReasoner
from nocmesh_agents.judgement.specialist import decide


class Specialist(Agent):
    """Diagnoses, and verifies what was mended."""

    tools = ("device_state", "device_baseline", "device_show")
    autonomy = "diagnose"

    def reasoner(self) -> Reasoner:
        """The deterministic rules."""
        return RulesReasoner(decide)
