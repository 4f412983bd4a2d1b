"""Taking labs down: one, or all that a machine has, also those whose command was killed half-way."""

import os
from pathlib import Path

from nocmesh.errors import PreconditionError
from nocmesh.lab import alertmanager, ground, runs, simulated
from nocmesh.lab.ground import Tell


async def down(root: Path, run_id: str | None, tell: Tell) -> str:
    """Take down one lab; without id the only one. Gives its id. Raises: NotFoundError, PreconditionError."""
    folder = runs.found(root, run_id)
    await _end(folder, tell)
    return folder.name


async def down_all(root: Path, tell: Tell) -> list[str]:
    """Take down every lab of `root`, and what is left on this machine of labs without a folder. Gives their ids.

    Labs of other folders are somebody else's: they stay.
    """
    ended = runs.kept(root)
    for run_id in ended:
        await _end(runs.place(root, run_id), tell)
    for run_id in runs.strays() if os.geteuid() == 0 else []:
        tell(f"lab {run_id}: its folder is gone; removing what is left of it")
        await ground.unmake(run_id)
        runs.forget(run_id, None)
        ended.append(run_id)
    return ended


async def _end(folder: Path, tell: Tell) -> None:
    run_id = folder.name
    if _simulated(folder):
        await alertmanager.stop(folder)
        await simulated.down(folder)
    elif os.geteuid() != 0:
        raise PreconditionError(f"lab {run_id} has real routers: only root can take it down")
    else:
        await alertmanager.stop(folder)
        await ground.unmake(run_id)
        runs.forget(run_id, folder)
    tell(f"lab {run_id} is down")


def _simulated(folder: Path) -> bool:
    """A folder that was being made when its command was killed tells nothing: then it had made nothing."""
    try:
        return runs.run_at(folder).simulated
    except PreconditionError:
        return False
