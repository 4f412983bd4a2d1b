"""Simulated devices as a ground: a process of their own, told what to do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from nocmesh.diagnosis.resources import device_of
from nocmesh.errors import InvalidInputError
from nocmesh.evaluation.case import Case, FaultAt
from nocmesh.inventory import load_inventory
from nocmesh.launch.simulation import Simulation, start_simulation
from nocmesh.network import Network


class SimulatedGround:
    """One simulated network."""

    def __init__(self, simulation: Simulation, network: Network) -> None:
        self._simulation = simulation
        self._network = network
        self._injected: list[FaultAt] = []
        self._healthy: set[str] = set()

    @property
    def inventory(self) -> Path:
        """The inventory file."""
        return self._simulation.inventory

    async def begin(self) -> None:
        """Remember what healthy looks like."""
        self._healthy = await self._established()

    async def inject(self, fault: FaultAt) -> None:
        """Break it. Raises NotFoundError when the simulation cannot be broken so."""
        device, target = aimed(fault, self._network)
        await self._simulation.ask(do="inject", fault=fault.type, device=device, target=target)
        self._injected.append(fault)

    async def showing(self) -> list[str]:
        """The injected faults, when the network suffers."""
        answer = await self._simulation.ask(do="shows")
        return [str(fault) for fault in self._injected] if answer["shows"] else []

    async def heal(self) -> None:
        """As it was."""
        await self._simulation.ask(do="heal")
        self._injected.clear()

    async def settled(self) -> str:
        """Which sessions are missing."""
        missing = self._healthy - await self._established()
        return f"no session {', '.join(sorted(missing))}" if missing else ""

    async def _established(self) -> set[str]:
        sessions: list[dict[str, Any]] = (await self._simulation.ask(do="sessions"))["sessions"]
        return {f"{s['device']} to {s['neighbor']}" for s in sessions if str(s["state"]).lower() == "established"}


def aimed(fault: FaultAt, network: Network) -> tuple[str, str]:
    """The device that ``fault`` strikes, and the neighbouring device that it strikes towards; empty: any.

    Raises InvalidInputError for a resource that the network does not have.
    """
    kind, _, rest = fault.at.partition("/")
    if kind == "node":
        return device_of(fault.at), str(fault.params.get("neighbor", ""))
    for link in network.links:
        ends = ((link.a, link.b), (link.b, link.a))
        if kind == "link" and link.resource == fault.at:
            return link.a.device, link.b.device
        for here, there in ends:
            if rest == f"{here.device}/{here.interface}":
                return here.device, there.device
    raise InvalidInputError(
        f"no link of the network meets {fault.at}; expected one of its links or their ends", field="at"
    )


@asynccontextmanager
async def simulated_ground(case: Case, folder: Path) -> AsyncIterator[SimulatedGround]:
    """The simulated network of ``case``, its inventory in ``folder``."""
    simulation = await start_simulation(folder, topology=case.topology)
    try:
        await simulation.started()
        network = load_inventory(simulation.inventory).network()
        ground = SimulatedGround(simulation, network)
        await ground.begin()
        yield ground
    finally:
        await simulation.stop()
