"""Ears and mouth of the BGP specialist."""

from nocmesh.agent import Agent, Reasoner, RulesReasoner, role_of
from nocmesh_agents.judgement.specialist import decide


class Bgp(Agent):
    """Finds what is wrong with a BGP session, or below it."""

    type = "bgp"
    capabilities = ("diagnose", "verify", "bgp")
    tools = ("device_state", "device_baseline", "device_show")
    autonomy = "diagnose"
    description = "Diagnoses BGP sessions, and the links and interfaces that they stand on."

    def reasoner(self) -> Reasoner:
        """The deterministic rules."""
        return RulesReasoner(decide)


role = role_of(Bgp)
