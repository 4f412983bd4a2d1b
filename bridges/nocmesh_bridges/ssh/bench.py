"""How long it takes to read every device of an inventory, in every view: `python -m nocmesh_bridges.ssh.bench FILE`.

The first round opens the sessions, the others find them open. It only reads.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from nocmesh.clock import SystemClock
from nocmesh.inventory import Inventory, load_inventory
from nocmesh.log import logger
from nocmesh.messages.state import DeviceState, Output
from nocmesh.safe.opener import Opener
from nocmesh.settings import Settings
from nocmesh_bridges.platforms import VIEWS
from nocmesh_bridges.ssh.asking import Asker
from nocmesh_bridges.ssh.hostkeys import HostKeys
from nocmesh_bridges.ssh.pool import DevicePool
from nocmesh_bridges.ssh.role import targets_of

ROUNDS = 4
Read = tuple[DeviceState, list[Output]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """All devices, read once, in parallel."""

    seconds: float
    read: Sequence[Read]

    def __str__(self) -> str:
        outputs = [output for _, found in self.read for output in found]
        views = [status for state, _ in self.read for status in state.status.values()]
        told = sum(status in ("parsed", "empty") for status in views)
        size = sum(len(output.text) for output in outputs)
        return (
            f"{self.seconds:6.2f} s  {len(self.read)} devices  {len(outputs)} commands  {size} characters"
            f"  {told} of {len(views)} views told"
        )


@asynccontextmanager
async def asker_of(inventory: Inventory) -> AsyncIterator[Asker]:
    """An asker with its own sessions, closed in the end. A host key that the file does not pin is taken as it is."""
    pool = DevicePool(targets_of(inventory.devices, Opener(Settings())), SystemClock(), host_keys=HostKeys())
    try:
        yield Asker(pool, logger(role="ssh"))
    finally:
        await pool.close()


async def read_all(asker: Asker, inventory: Inventory, platform: str = "") -> Round:
    """One round over the devices of ``platform``; without it over all. Raises DeviceError when one has no door open."""
    devices = [device.device for device in inventory.devices if platform in ("", device.platform)]
    began = time.perf_counter()
    read = await asyncio.gather(*(asker.state(device, VIEWS) for device in devices))
    return Round(seconds=time.perf_counter() - began, read=read)


async def measured(path: str, platform: str = "", rounds: int = ROUNDS) -> list[Round]:
    """``rounds`` of them, one after another: the first is cold."""
    inventory = load_inventory(path)
    async with asker_of(inventory) as asker:
        return [await read_all(asker, inventory, platform) for _ in range(rounds)]


def main(arguments: Sequence[str]) -> int:
    """Measure, and print a line each round."""
    path, platform = [*arguments, "", ""][:2]
    if not path or len(arguments) > 2:
        sys.stderr.write("usage: python -m nocmesh_bridges.ssh.bench INVENTORY [PLATFORM]\n")
        return 2
    for number, found in enumerate(asyncio.run(measured(path, platform))):
        sys.stdout.write(f"{'warm' if number else 'cold'} {found}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
