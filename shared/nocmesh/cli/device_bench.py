"""``nocmesh bench devices``: simulated devices are read with the pool and without it, or by a fleet of bridges."""

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from nocmesh.cli.fleet_bench import COLUMNS as FLEET_COLUMNS
from nocmesh.cli.fleet_bench import fleet
from nocmesh.cli.output import Format, say, show_list
from nocmesh.errors import InvalidInputError, PreconditionError
from nocmesh.launch.farm import Farm, farm

NAIVE, NETMIKO = "asyncssh, a session a read", "netmiko, a session a read"
COLUMNS = (
    "way",
    "reads",
    "sessions",
    "failed",
    "sessions_per_second",
    "reads_per_second",
    "times_asyncssh",
    "times_netmiko",
    "cpu_ms_per_read",
)


async def devices(count: int, reads: int, bridges: int, kill: bool, form: Format) -> None:
    """Measure and print. Raises InvalidInputError when a bridge is to be killed and none is left then."""
    if kill and bridges < 2:
        raise InvalidInputError(f"--kill with {bridges} bridges; expected --bridges 2 or more: one must be left")
    with TemporaryDirectory(prefix="nocmesh-bench-") as folder:
        async with farm(Path(folder), count) as there:
            say(f"{count} simulated devices, processes: {len(there.pids)}, {there.megabytes():.0f} MB")
            if bridges:
                show_list([await fleet(there, Path(folder), reads, bridges, kill)], FLEET_COLUMNS, "bridges", form)
            else:
                show_list(rows_of(await _measured(there, reads)), COLUMNS, "way", form)


async def _measured(there: Farm, reads: int) -> list[dict[str, Any]]:
    """What the bridge's own measurement says, in a process of its own: rooms do not import each other."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "nocmesh_bridges.ssh.rates",
        str(there.inventory),
        str(reads),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise PreconditionError("the measurement failed; it said why above")
    found = msgspec.json.decode(out.splitlines()[-1])
    for why in found["left_out"]:
        say(why)
    rates: list[dict[str, Any]] = found["rates"]
    return rates


def rows_of(rates: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rates out of counts and seconds, and how many times as fast as with a session for each read."""
    per_second = {rate["way"]: rate["reads"] / rate["seconds"] for rate in rates}
    return [
        {
            **{name: rate[name] for name in ("way", "reads", "sessions", "failed")},
            "sessions_per_second": _sessions_per_second(rate),
            "reads_per_second": round(per_second[rate["way"]], 1),
            "times_asyncssh": _times(per_second, rate["way"], NAIVE),
            "times_netmiko": _times(per_second, rate["way"], NETMIKO),
            "cpu_ms_per_read": round(1000 * rate["cpu_seconds"] / rate["reads"], 2),
        }
        for rate in rates
    ]


def _sessions_per_second(rate: dict[str, Any]) -> float | None:
    """Of a way that opens one for every read; the others open few or none, and their time goes elsewhere."""
    return round(rate["sessions"] / rate["seconds"], 1) if rate["sessions"] >= rate["reads"] else None


def _times(per_second: dict[str, float], way: str, other: str) -> float | None:
    return round(per_second[way] / per_second[other], 2) if other in per_second else None
