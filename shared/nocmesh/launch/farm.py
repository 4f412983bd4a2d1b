"""Many simulated devices, in as many processes as they need: what benchmarks read.

They are the routers of several synthetic networks; each has the network's number behind its name, as `ams1-3`.
"""

import asyncio
import json
import os
import resource
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from nocmesh.errors import InvalidInputError
from nocmesh.inventory import Inventory, InventoryDevice, load_inventory
from nocmesh.launch.simulation import Simulation, start_simulation

A_PROCESS = 50
"""Devices that one process bears; a synthetic network has 60 at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Farm:
    """Devices that run, and their inventory file."""

    inventory: Path
    names: Sequence[str]
    pids: Sequence[int]

    def megabytes(self) -> float:
        """The memory of all of its processes; 0 where the system does not say."""
        return sum(_resident(pid) for pid in self.pids) / 2**20


def hostname_of(name: str) -> str:
    """What the device called ``name`` in the inventory calls itself."""
    return name.rpartition("-")[0]


@asynccontextmanager
async def farm(folder: Path, devices: int) -> AsyncIterator[Farm]:
    """``devices`` simulated devices, stopped at the end. Raises InvalidInputError for less than two."""
    async with AsyncExitStack() as stack:
        turn = asyncio.Semaphore(os.cpu_count() or 1)
        networks = await asyncio.gather(
            *(_network(stack, turn, _made(folder / str(number)), size) for number, size in enumerate(shares(devices)))
        )
        entries = [
            _entry(device, number)
            for number, network in enumerate(networks)
            for device in load_inventory(network.inventory).devices
        ]
        inventory = folder / "inventory.yaml"
        _write(inventory, entries, load_inventory(networks[0].inventory))
        names = [str(entry["name"]) for entry in entries]
        yield Farm(inventory=inventory, names=names, pids=[network.pid for network in networks])


def shares(devices: int) -> list[int]:
    """How many devices each process bears: as few processes as can be, alike but for one device."""
    if devices < 2:
        raise InvalidInputError(f"{devices} devices; expected at least 2", field="devices")
    processes = -(-devices // A_PROCESS)
    return [devices // processes + (number < devices % processes) for number in range(processes)]


async def _network(stack: AsyncExitStack, turn: asyncio.Semaphore, folder: Path, size: int) -> Simulation:
    """One process; as many start at once as there are processors."""
    async with turn:
        network = await start_simulation(folder, topology=f"synthetic-{int(folder.name) + 1}-{size}")
        stack.push_async_callback(network.stop)
        await network.started()
    return network


def _made(folder: Path) -> Path:
    """``folder``, which is there now."""
    folder.mkdir()
    return folder


def _entry(device: InventoryDevice, number: int) -> dict[str, object]:
    return {
        "name": f"{device.name}-{number}",
        "platform": device.platform,
        "address": device.address,
        "port": device.port,
        "credential": "simulated",
        "host_key": device.host_key,
        "simulated": True,
    }


def _write(path: Path, entries: Sequence[dict[str, object]], of: Inventory) -> None:
    """JSON, which YAML contains; every simulated network has the same credential."""
    way_in = of.devices[0].credential
    credential = {
        "username": way_in.username,
        "password": way_in.password,
        "enable_password": way_in.enable_password,
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps({"version": 1, "credentials": {"simulated": credential}, "devices": entries}))


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return 0
