"""Which ground a case gets on this machine, and why another is not to be had."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from nocmesh.evaluation.case import Case
from nocmesh.evaluation.ground import Ground
from nocmesh.evaluation.networks import ground_of
from nocmesh.evaluation.simulated import simulated_ground


@asynccontextmanager
async def ground(case: Case, folder: Path) -> AsyncIterator[Ground]:
    """The network of ``case``, with a folder of its own. Raises NocmeshError when it does not come up."""
    if ground_of(case) == "sim":
        async with simulated_ground(case, folder) as simulated:
            yield simulated
    else:
        from nocmesh.evaluation.laboratory import laboratory

        async with laboratory(case, folder) as real:
            yield real


def unavailable(case: Case) -> str:
    """Why the ground of ``case`` is not to be had here; empty: it is."""
    if ground_of(case) == "sim":
        return ""
    from nocmesh.lab.ground import unavailable as why

    return why()
