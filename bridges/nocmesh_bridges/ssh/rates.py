"""How fast devices are read, with the pool and without one: `python -m nocmesh_bridges.ssh.rates INVENTORY READS`.

Every way asks the same command of the same devices, as many at once, and what it hears is compared. It only reads.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial

from nocmesh.clock import SystemClock
from nocmesh.inventory import load_inventory
from nocmesh.safe.opener import Opener
from nocmesh.settings import Settings
from nocmesh_bridges.ssh import rivals
from nocmesh_bridges.ssh.hostkeys import HostKeys
from nocmesh_bridges.ssh.pool import DevicePool
from nocmesh_bridges.ssh.role import targets_of
from nocmesh_bridges.ssh.target import Target

COMMAND = "show version"
AT_ONCE = 32
"""Reads under way together, in every way."""
FEW = 100
"""Reads at least, of the ways that open a session for each: more would only take longer."""
COLD, WARM = "pool, no session open yet", "pool, sessions open"
NAIVE, NETMIKO = "asyncssh, a session a read", "netmiko, a session a read"

Read = Callable[[Target], Awaitable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """One way, measured."""

    way: str
    reads: int
    sessions: int
    """Opened for that."""
    failed: int
    """Reads that failed, or were answered with something else than the pool's first answer."""
    seconds: float
    cpu_seconds: float
    """Of this process; the devices are others'."""


async def measured(targets: Sequence[Target], reads: int) -> list[Rate]:
    """Each way, one after the other; netmiko only where it is installed."""
    truth: dict[str, str] = {}
    few = list(_round_robin(targets, min(reads, max(len(targets), FEW))))
    pool = DevicePool(targets, SystemClock(), host_keys=HostKeys(), limit=len(targets) * 2, at_once=AT_ONCE)
    try:
        found = [await _rate(COLD, partial(_pooled, pool), targets, truth, pool)]
        found.append(await _rate(WARM, partial(_pooled, pool), list(_round_robin(targets, reads)), truth, pool))
    finally:
        await pool.close()
    found.append(await _rate(NAIVE, partial(_naive, rivals.with_asyncssh), few, truth))
    if rivals.has_netmiko():
        with ThreadPoolExecutor(AT_ONCE) as threads:
            found.append(await _rate(NETMIKO, partial(_naive, partial(rivals.with_netmiko, threads)), few, truth))
    return found


async def _pooled(pool: DevicePool, target: Target) -> str:
    async with pool.session(target.name) as session:
        return await session.show(COMMAND)


async def _naive(ask: Callable[[Target, str], Awaitable[str]], target: Target) -> str:
    return await ask(target, COMMAND)


def _round_robin(targets: Sequence[Target], reads: int) -> Sequence[Target]:
    return [targets[number % len(targets)] for number in range(reads)]


async def _rate(
    way: str, read: Read, asked: Sequence[Target], truth: dict[str, str], pool: DevicePool | None = None
) -> Rate:
    before = _opened(pool)
    began, cpu = time.perf_counter(), time.process_time()
    failed = await _all_read(read, asked, truth)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    sessions = _opened(pool) - before if pool else len(asked)
    return Rate(way=way, reads=len(asked), sessions=sessions, failed=failed, seconds=seconds, cpu_seconds=cpu)


def _opened(pool: DevicePool | None) -> int:
    return sum(held["opened"] for held in pool.stats().values()) if pool else 0


async def _all_read(read: Read, asked: Sequence[Target], truth: dict[str, str]) -> int:
    """Read them, ``AT_ONCE`` at a time; gives how many failed. The first answer of a device is its truth."""
    waiting, failed = iter(asked), 0

    async def worker() -> None:
        nonlocal failed
        for target in waiting:
            try:
                said = await read(target)
            except Exception:  # noqa: BLE001 - each library has errors of its own; here they only count
                failed += 1
                continue
            failed += _essence(said) != truth.setdefault(target.name, _essence(said))

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return failed


def _essence(said: str) -> str:
    """What was said, whatever the terminal made of its lines; how long it is up moves on."""
    lines = [line.strip() for line in said.replace("\r", "").splitlines()]
    return "\n".join(line for line in lines if line and "uptime" not in line.lower())


def main(arguments: Sequence[str]) -> int:
    """Measure, and print one JSON object: `rates`, and what was left out."""
    if len(arguments) != 2 or not arguments[1].isdigit() or int(arguments[1]) < 1:
        sys.stderr.write("usage: python -m nocmesh_bridges.ssh.rates INVENTORY READS\n")
        return 2
    targets = targets_of(load_inventory(arguments[0]).devices, Opener(Settings()))
    rates = asyncio.run(measured(targets, int(arguments[1])))
    left_out = [] if rivals.has_netmiko() else ["netmiko: not installed, left out"]
    sys.stdout.write(json.dumps({"rates": [asdict(rate) for rate in rates], "left_out": left_out}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
