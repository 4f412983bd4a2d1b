"""Whether the mesh can take work: every kind of agent that an incident needs is there, and people can be asked."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from nocmesh.agent.network import BUCKET, load_network
from nocmesh.bus import Mesh
from nocmesh.clock import Clock
from nocmesh.errors import NocmeshError
from nocmesh.messages.agent import AgentCard
from nocmesh.messages.people import PersonReply, PersonRequest
from nocmesh.subjects import subject, untoken
from nocmesh_dashboard.backend import Row
from nocmesh_dashboard.roster import Roster

NEEDED = ("orchestrator", "triage", "bgp", "remediation")
"""Types without which no incident comes to its end."""
BASELINE = "baseline."
"""Keys of the bucket `inventory`: the baseline of a device, or why it has none."""


def judge(cards: Iterable[AgentCard], devices: Collection[str], baselines: Collection[str], people: str) -> Row:
    """What there is, and what is missing. ``people`` says why nobody can be asked about people; empty: all is well.

    A baseline is waited for only where somebody takes them, that is, a monitor is there.
    """
    cards = list(cards)
    types = {card.type for card in cards}
    missing = [f"an agent of type {kind}" for kind in NEEDED if kind not in types]
    if not any("device_state" in card.tools and card.kind == "bridge" for card in cards):
        missing.append("a bridge that serves device_state")
    without = sorted(set(devices) - set(baselines)) if "monitor" in types else []
    missing += [f"the baseline of {name}" for name in without[:20]]
    if people:
        missing.append(f"the approvals process ({people})")
    baseline = "none" if "monitor" not in types else "incomplete" if without else "complete"
    facts: dict[str, Any] = {"agents": len(cards), "devices": len(devices), "baseline": baseline}
    return {**facts, "missing": missing} if missing else facts


class Readiness:
    """Gathers what ``judge`` needs."""

    def __init__(self, mesh: Mesh, roster: Roster, clock: Clock) -> None:
        self._mesh = mesh
        self._roster = roster
        self._clock = clock

    async def now(self) -> tuple[bool, Mapping[str, Any]]:
        """Whether all is there, and the facts."""
        try:
            network = await load_network(self._mesh.agents)
            keys = await self._mesh.agents.bucket(BUCKET).keys()
        except NocmeshError as error:
            return False, {"agents": 0, "devices": 0, "baseline": "unknown", "missing": [f"the bus: {error.message}"]}
        baselines = {untoken(key.removeprefix(BASELINE)) for key in keys if key.startswith(BASELINE)}
        devices = [device.name for device in network.devices]
        facts = judge(self._roster.cards(), devices, baselines, await self._people())
        return "missing" not in facts, facts

    async def _people(self) -> str:
        where = subject("ai.approvals.call.<operation>", operation="whoami")
        try:
            await self._mesh.core.request(where, PersonRequest(), PersonReply, timeout=3.0)
        except NocmeshError as error:
            return error.message
        return ""
