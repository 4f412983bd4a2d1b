"""Faults tried on a lab of real routers: several at once, where they do not meet."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from nocmesh.lab import ground
from nocmesh.lab.build import build
from nocmesh.lab.faults import injecting
from nocmesh.lab.faults.journal import Injected
from nocmesh.lab.graph import named
from nocmesh.lab.lab import Lab
from nocmesh.lab.plan import LabPlan, Options

Row = dict[str, str]
"""Faults by type, each with its place."""


def planned(topology: str, options: Options) -> LabPlan:
    """The plan of a named topology."""
    return build(named(topology, options), options)


@asynccontextmanager
async def standing(plan: LabPlan, root: Path) -> AsyncIterator[Lab]:
    """A lab of `plan`, converged; taken down at the end. A machine that cannot carry one fails the test."""
    assert not ground.unavailable()
    lab = await Lab.up(plan, root=root)
    try:
        await lab.converged()
        yield lab
    finally:
        await lab.down()


class _Undone(Lab):
    """The same lab, where undoing must be enough: a reset would hide a step that is missing."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab.run_id, lab.plan, lab.folder)

    async def reset(self, node: str) -> None:
        raise AssertionError(f"{node} is not as it was: {(await self.deviations()).get(node)}")


async def come_and_go(lab: Lab, row: Row) -> None:
    """Not there; injected, seen; healed, not seen, and nothing left behind."""
    wanted = [injecting.worked_out(lab.plan, name, at) for name, at in row.items()]
    assert not await _which(lab, wanted, shown=True, timeout=0), "shown before it was injected"
    faults = [await injecting.inject(lab, name, at) for name, at in row.items()]
    assert await _which(lab, faults, shown=True) == list(row)
    await injecting.heal(_Undone(lab))
    assert await _which(lab, faults, shown=False) == list(row)
    assert await lab.deviations() == {}
    await lab.converged()


async def _which(lab: Lab, faults: list[Injected], *, shown: bool, timeout: float | None = None) -> list[str]:
    """The types of those that come to be as asked, all watched side by side."""
    found = await asyncio.gather(*(injecting.becomes(lab, fault, shown=shown, timeout=timeout) for fault in faults))
    return [fault.fault_type for fault, yes in zip(faults, found, strict=True) if yes]
