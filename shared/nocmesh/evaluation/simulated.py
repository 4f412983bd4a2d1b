"""Simulated devices as a ground: a process of their own, told what to do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from nocmesh.diagnosis.resources import device_of
from nocmesh.evaluation.case import Case, FaultAt
from nocmesh.inventory import load_inventory
from nocmesh.launch.simulation import Simulation, start_simulation


class SimulatedGround:
    """One simulated network."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._injected: list[FaultAt] = []
        self._healthy: set[str] = set()
        self._configured: dict[str, str] = {}

    @property
    def inventory(self) -> Path:
        """The inventory file."""
        return self._simulation.inventory

    async def begin(self) -> None:
        """Remember what healthy looks like."""
        self._healthy = await self._established()
        names = [device.name for device in load_inventory(self.inventory).devices]
        self._configured = {name: await self._config(name) for name in names}

    async def inject(self, fault: FaultAt) -> None:
        """Break it. Raises NotFoundError when the simulation cannot be broken so."""
        await self._simulation.ask(do="inject", fault=fault.type, **aim(fault))
        self._injected.append(fault)

    async def showing(self) -> list[str]:
        """Those of the injected faults that the network suffers from now."""
        labels = (await self._simulation.ask(do="shows"))["showing"]
        now = {f"{label['fault_type']} at {label['resource']}" for label in labels}
        return [str(fault) for fault in self._injected if str(fault) in now]

    async def heal(self) -> None:
        """As it was."""
        await self._simulation.ask(do="heal")
        self._injected.clear()

    async def settled(self) -> str:
        """Which sessions are missing; who is configured otherwise than at first."""
        missing = self._healthy - await self._established()
        wrong = [f"no session {name}" for name in sorted(missing)]
        for name, text in self._configured.items():
            wrong += [f"{name} is configured otherwise"] if await self._config(name) != text else []
        return "; ".join(wrong)

    async def _config(self, device: str) -> str:
        return str((await self._simulation.ask(do="config", device=device))["config"])

    async def _established(self) -> set[str]:
        sessions: list[dict[str, Any]] = (await self._simulation.ask(do="sessions"))["sessions"]
        return {f"{s['device']} to {s['neighbor']}" for s in sessions if str(s["state"]).lower() == "established"}


def aim(fault: FaultAt) -> dict[str, str]:
    """How the simulation is told where: at the resource, or on its device towards the parameter `neighbor`."""
    neighbor = str(fault.params.get("neighbor", ""))
    return {"device": device_of(fault.at), "target": neighbor} if neighbor else {"at": fault.at}


@asynccontextmanager
async def simulated_ground(case: Case, folder: Path) -> AsyncIterator[SimulatedGround]:
    """The simulated network of ``case``, its inventory in ``folder``."""
    simulation = await start_simulation(folder, topology=case.topology)
    try:
        await simulation.started()
        ground = SimulatedGround(simulation)
        await ground.begin()
        yield ground
    finally:
        await simulation.stop()
