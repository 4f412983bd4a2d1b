"""A lab of simulated devices, for a machine without root, Linux or FRRouting: a process of its own, asked by a socket.

The devices are SSH servers that behave like routers; what they cannot do is refused here, with the reason.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nocmesh.errors import NotFoundError, PreconditionError, TooLateError
from nocmesh.lab import runs
from nocmesh.lab.ground import Tell
from nocmesh.lab.process import ran

SOCKET, LOG, ENDED, INVENTORY = "control.sock", "simulated.log", "ended", "inventory.yaml"
_APART = '{ "$@" < /dev/null > "$0/simulated.log" 2>&1; echo $? > "$0/ended"; } > /dev/null 2>&1 &'
"""Runs on when the command that began it has ended; tells when it has ended itself."""
START_SECONDS, STOP_SECONDS = 30.0, 10.0
LOOK_AGAIN = 0.05
LONGEST = 100
"""Bytes of a path that every system takes for a socket (unix(7): 104 to 108)."""
MAX_LINE = 1 << 24
_WHY = {
    "graph": "its networks are made by name",
    "igp": "its routers speak BGP over addresses and static routes of their own",
    "bgp": "each of its networks has its own sessions",
    "spines": "it has no Clos",
    "leaves": "it has no Clos",
    "hosts": "its hosts are prefixes on a router",
    "authentication": "its sessions have passwords where the network says so",
    "seed": "the seed is part of a network's name there, as in synthetic-7-12",
}


def refuse(options: Mapping[str, Any]) -> None:
    """Raises: PreconditionError for the first option given (not None) that the simulation cannot do."""
    for name, value in options.items():
        if value is not None and name in _WHY:
            raise PreconditionError(f"simulated devices cannot do --{name}: {_WHY[name]}; leave it out, or run as root")


def socket_of(folder: Path) -> Path:
    """Where the simulation of that run is asked: in its folder, or where its path is short enough for a socket."""
    inside = folder / SOCKET
    short = len(str(inside).encode()) <= LONGEST
    return inside if short else Path(tempfile.gettempdir()) / f"nocmesh-lab-{folder.name}.sock"


async def up(topology: str, root: Path, tell: Tell) -> Path:
    """Start simulated devices; gives the run's folder. Raises: PreconditionError with what the simulation said."""
    run, folder = runs.claim_simulated(root, topology)
    tell(f"lab {run.run_id}: {topology}, simulated")
    try:
        await _start(topology, folder)
    except BaseException:
        await asyncio.shield(down(folder))
        raise
    return folder


async def _start(topology: str, folder: Path) -> None:
    command = [sys.executable, "-m", "nocmesh.proving.simulated", "--control-socket", str(socket_of(folder))]
    command += ["--inventory-out", str(folder / INVENTORY), "--topology", topology]
    await ran("sh", "-c", _APART, str(folder), *command)
    try:
        async with asyncio.timeout(START_SECONDS):
            while not (folder / INVENTORY).exists():  # written when all is ready
                if (folder / ENDED).exists():
                    raise PreconditionError(f"the simulation did not start: {_last(folder / LOG)}")
                await asyncio.sleep(LOOK_AGAIN)
    except TimeoutError as late:
        raise TooLateError(f"the simulation did not start within {START_SECONDS:g} s; see {folder / LOG}") from late


def _last(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").strip().splitlines()
    return lines[-1].rpartition("error: ")[2] if lines else "it said nothing"


async def ask(folder: Path, **request: Any) -> dict[str, Any]:
    """One request, one answer. Raises: NotFoundError when it is refused, PreconditionError when nobody is there."""
    try:
        reader, writer = await asyncio.open_unix_connection(socket_of(folder), limit=MAX_LINE)
    except OSError as error:
        raise PreconditionError(f"the simulation of lab {folder.name} has ended; `nocmesh lab down --all`") from error
    try:
        writer.write(json.dumps(request).encode() + b"\n")
        await writer.drain()
        line = await reader.readline()
    finally:
        writer.close()
        await writer.wait_closed()
    answer: dict[str, Any] = json.loads(line or b'{"error": "it has ended"}')
    if not answer.get("ok"):
        raise NotFoundError(f"the simulation refused: {answer.get('error', 'no reason given')}")
    return answer


async def down(folder: Path) -> None:
    """Stop the devices and remove the run. Raises: TooLateError."""
    try:
        await ask(folder, do="stop")
    except PreconditionError:
        runs.forget_folder(folder)  # it has ended already
        return
    try:
        async with asyncio.timeout(STOP_SECONDS):
            while await _answers(folder):  # noqa: ASYNC110 - another process
                await asyncio.sleep(LOOK_AGAIN)
    except TimeoutError as late:
        raise TooLateError(f"the simulation of lab {folder.name} does not end; see {folder / LOG}") from late
    runs.forget_folder(folder)


async def _answers(folder: Path) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(socket_of(folder), limit=MAX_LINE)
    except OSError:
        return False
    writer.close()
    return True
