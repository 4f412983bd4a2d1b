"""``nocmesh baseline``: what every device of an inventory is like now, as files; and ``nocmesh config``."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from nocmesh.baseline_files import write_snapshot
from nocmesh.cli.asked import Asked
from nocmesh.cli.client import Client
from nocmesh.cli.output import Format, put, say, show_done, show_list, show_one
from nocmesh.cli.passing import passing_mesh
from nocmesh.cli.stopping import INTERRUPTED, Stop
from nocmesh.diagnosis.baseline import Snapshot
from nocmesh.errors import NocmeshError, TooLateError

COLUMNS = ("device", "at", "config", "parsed", "unparsed", "path")
VERSIONS = ("number", "good", "at", "until", "why", "sha256")
AT_ONCE = 8
POLL_SECONDS = 0.2
ACCEPT_SECONDS = 300.0


async def baseline(inventory: Path, out: Path, form: Format) -> int:
    """Take one of every device into ``out``, print what was taken; 1 when a device is missing.

    Raises NocmeshError when the mesh cannot be started or a file cannot be written.
    """
    stop = Stop.on_signals()
    async with passing_mesh(inventory, stop, trust=True, masks=out) as mesh:
        devices = [row["name"] for row in (await mesh.client.get("/api/devices"))["items"]]
        room = asyncio.Semaphore(AT_ONCE)
        taken = await asyncio.gather(*(_taken(mesh.client, room, device, out) for device in devices))
    if stop.event.is_set():
        return INTERRUPTED
    rows = [row for row in taken if row is not None]
    show_list(rows, COLUMNS, "device", form)
    return 0 if len(rows) == len(devices) else 1


async def _taken(client: Client, room: asyncio.Semaphore, device: str, out: Path) -> Mapping[str, Any] | None:
    try:
        async with room:
            found = await client.get("/api/devices/{}/baseline", device)
    except NocmeshError as wrong:
        say(f"{device}: no baseline: {wrong.message}")
        return None
    snapshot = msgspec.convert(found, Snapshot)
    return row_of(snapshot, write_snapshot(out, snapshot))


def row_of(snapshot: Snapshot, path: Path) -> dict[str, Any]:
    """What was taken of one device, on a line."""
    status = snapshot.taken.status
    readable = [view for view, word in status.items() if word in ("parsed", "empty")]
    return {
        "device": snapshot.device,
        "at": snapshot.taken.at.isoformat(timespec="seconds"),
        "config": snapshot.taken.sha256[:12] or snapshot.taken.problems.get("config", "none"),
        "parsed": readable,
        "unparsed": [view for view in status if view not in readable and status[view] != "unasked"],
        "path": str(path),
    }


async def diff(asked: Asked, device: str, since: str, to: str) -> None:
    """Print what moved on ``device``."""
    async with asked.client() as client:
        found = await client.get("/api/devices/{}/config/diff", device, **{"from": since, "to": to})
    if asked.form is not Format.TABLE:
        show_one(found, "device", asked.form)
        return
    say(f"{device}: from {since} (last seen so {found['seen_before']}) to {to} (seen {found['seen_after']})")
    for line in told(found):
        put(line)
    if found["equal"]:
        say("nothing moved")


def told(found: Mapping[str, Any]) -> list[str]:
    """A diff, for people."""
    lines: list[str] = found["diff"].splitlines()
    for moved in found["state_diff"]:
        changes = [f"{name} {was} -> {now}" for name, (was, now) in moved["fields"].items()]
        lines.append(f"{moved['kind']:8}{moved['what']}{': ' if changes else ''}{', '.join(changes)}")
    lines += [f"not compared: {view} ({why})" for view, why in found["not_compared"].items()]
    return lines


async def versions(asked: Asked, device: str) -> None:
    """Print the versions of ``device`` that are kept."""
    async with asked.client() as client:
        found = await client.get("/api/devices/{}/baseline", device, version="latest")
    rows = [{**taken, "good": taken["number"] == found["good"]} for taken in found["versions"]]
    show_list(rows, VERSIONS, "number", asked.form)


async def accept(asked: Asked, devices: Sequence[str]) -> None:
    """Take ``devices`` as they are now for known good. Raises TooLateError, NocmeshError."""
    body = {"workflow_type": "baseline", "parameters": {"devices": list(devices)}}
    async with asked.client() as client:
        run_id = (await client.post("/api/workflows", body=body))["workflow_id"]
        run = await _ended(client, run_id)
    came = run["steps"]["take"]["output"]
    failed = [f"{name}: {why}" for name, why in came.get("failed", {}).items()]
    if run["status"] != "finished" or failed:
        raise NocmeshError(f"the run {run_id}: {'; '.join(failed) or run.get('error') or run['status']}")
    show_done({"run_id": run_id, "devices": came["taken"], "status": run["status"]}, "run_id", asked.form)


async def _ended(client: Client, run_id: str) -> Mapping[str, Any]:
    deadline = asyncio.get_running_loop().time() + ACCEPT_SECONDS
    while asyncio.get_running_loop().time() < deadline:
        try:
            run: Mapping[str, Any] = await client.get("/api/workflows/{}", run_id)
        except NocmeshError as wrong:
            if wrong.exit_code != 4:  # the read model may be a moment behind
                raise
        else:
            if run["status"] not in ("running", "paused", "ending"):
                return run
        await asyncio.sleep(POLL_SECONDS)
    raise TooLateError(f"the run {run_id} did not end within {ACCEPT_SECONDS:g} s; `nocmesh workflow show` tells more")
