"""What the specialists have in common: they judge all that they see by the same rules."""

from nocmesh.agent import Agent, Case, Reasoner, RulesReasoner
from nocmesh.agent.memory import remembered
from nocmesh.errors import NocmeshError
from nocmesh.messages.session import Observation
from nocmesh_agents.judgement.specialist import decide


class Specialist(Agent):
    """Diagnoses, and verifies what was mended."""

    tools = ("device_state", "device_baseline", "device_history", "device_show", "device_probe")
    autonomy = "diagnose"

    def reasoner(self) -> Reasoner:
        """The deterministic rules."""
        return RulesReasoner(decide)

    async def remembered(self, case: Case) -> list[Observation]:
        """What triage saw a moment ago, for a diagnosis; a proof looks for itself."""
        if case.assigned_at is None or case.task.task_type == "verify":
            return []
        try:
            return await remembered(self.mesh.agents, case.task, case.assigned_at)
        except NocmeshError as lost:  # it only saves work
            self.log.warning("nothing_carried_over", task=case.task.task_id, why=lost.message)
            return []
