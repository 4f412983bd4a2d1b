"""Real routers in network namespaces as a ground."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from nocmesh.evaluation.case import Case, FaultAt
from nocmesh.lab.build import build
from nocmesh.lab.faults.injecting import heal, inject, shows
from nocmesh.lab.faults.journal import Injected
from nocmesh.lab.graph import load_graph, named
from nocmesh.lab.lab import Lab
from nocmesh.lab.plan import LabPlan
from nocmesh.log import Log, logger


class Laboratory:
    """One lab that runs."""

    def __init__(self, lab: Lab, inventory: Path) -> None:
        self._lab = lab
        self._inventory = inventory
        self._injected: list[tuple[FaultAt, Injected]] = []

    @property
    def inventory(self) -> Path:
        """The inventory file."""
        return self._inventory

    async def inject(self, fault: FaultAt) -> None:
        """Break it. Raises NocmeshError when the lab cannot be broken so."""
        self._injected.append((fault, await inject(self._lab, fault.type, fault.at, fault.params)))

    async def showing(self) -> list[str]:
        """Those of the injected faults whose symptom the routers show now."""
        return [str(fault) for fault, made in self._injected if await shows(self._lab, made)]

    async def heal(self) -> None:
        """Back to the plan, whatever the faults and the mesh have changed."""
        await heal(self._lab)
        self._injected.clear()

    async def settled(self) -> str:
        """What still differs from the plan, or has not converged."""
        wrong = [f"{node}: {what}" for node, found in (await self._lab.deviations()).items() for what in found]
        return "; ".join(wrong or (await self._lab.status()).wrong)


def plan_of(case: Case) -> LabPlan:
    """The lab that ``case`` wants. Raises NotFoundError, InvalidInputError."""
    graph = load_graph(case.graph) if case.graph else named(case.topology, case.chosen)
    return build(graph, case.chosen)


@asynccontextmanager
async def laboratory(case: Case, folder: Path) -> AsyncIterator[Laboratory]:
    """The lab of ``case``, converged; taken down with the block. Raises NocmeshError when it does not come up."""
    log: Log = logger(role="eval")
    lab = await Lab.up(plan_of(case), root=folder / "lab", tell=lambda text: log.info("lab", said=text))
    try:
        await lab.converged()
        inventory = folder / "inventory.yaml"
        lab.write_inventory(inventory)
        yield Laboratory(lab, inventory)
    finally:
        await lab.down()
