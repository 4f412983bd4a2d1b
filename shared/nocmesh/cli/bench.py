"""``nocmesh bench incident``: the demo's story for each fault, measured; the figures of the README come from here."""

import asyncio
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from nocmesh.cli.output import Format, say, show_list
from nocmesh.launch.simulation import simulation

LONGEST = 300.0
COLUMNS = ("fault", "state", "named", "seconds_to_diagnosis", "seconds_to_end", "device_commands", "verification")


async def incident(faults: Sequence[str], runs: int, form: Format) -> None:
    """Run the story of each fault ``runs`` times, a fresh mesh each, and print the medians."""
    rows = []
    for fault in faults or await known_faults():
        reports = []
        for turn in range(runs):
            say(f"{fault}: run {turn + 1} of {runs}")
            reports.append(await one(fault))
        rows.append(row_of(fault, reports))
    show_list(rows, COLUMNS, "fault", form)


async def known_faults() -> list[str]:
    """Every fault that the simulated network knows, and `none`."""
    with TemporaryDirectory(prefix="nocmesh-bench-") as folder:
        async with simulation(Path(folder)) as network:
            faults: list[str] = (await network.ask(do="faults"))["faults"]
            return faults


async def one(fault: str) -> dict[str, Any]:
    """The report at the end of one story; empty when it failed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "nocmesh.cli",
        "demo",
        "--headless",
        "-o",
        "json",
        "--fault",
        fault,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(), LONGEST)
    except TimeoutError:
        process.terminate()  # it stops what it has started
        await process.wait()
        return {}
    lines = out.splitlines()
    report: dict[str, Any] = msgspec.json.decode(lines[-1]) if lines else {}
    return report


def row_of(fault: str, reports: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The medians of the reports of one fault."""
    told = [report for report in reports if report]
    if not told:
        return {"fault": fault, "state": "failed"}
    last = told[-1]
    return {
        "fault": fault,
        "state": last["state"],
        "named": [f"{cause['fault_type']} on {cause['resource']}" for cause in last["root_causes"]],
        "seconds_to_diagnosis": _median(told, "seconds"),
        "seconds_to_end": _median(told, "seconds_to_end"),
        "device_commands": _median(told, "device_commands"),
        "verification": (last.get("outcome") or {}).get("verification"),
    }


def _median(reports: Sequence[dict[str, Any]], figure: str) -> float:
    return round(statistics.median(float(report["timing"][figure]) for report in reports), 2)
