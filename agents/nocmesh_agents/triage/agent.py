"""Ears and mouth of triage."""

from typing import Any

from nocmesh.agent import Agent, Case, HandOff, Reasoner, RulesReasoner, role_of
from nocmesh.agent.memory import session_of
from nocmesh_agents.triage.rules import decide


class Triage(Agent):
    """Says whether an alert is real, how bad it is, and who should look."""

    type = "triage"
    capabilities = ("triage",)
    tools = (
        "device_state",
        "device_baseline",
        "device_probe",
        "device_history",
    )
    autonomy = "diagnose"
    description = "Classifies alerts and chooses the specialist."

    def reasoner(self) -> Reasoner:
        """The deterministic rules."""
        return RulesReasoner(decide)

    async def work(self, case: Case) -> dict[str, Any] | HandOff:
        """The verdict, with where to find what was seen: the specialist goes on from there."""
        result = await super().work(case)
        return result if isinstance(result, HandOff) else {**result, "session": session_of(self.type, case.task)}


role = role_of(Triage)
