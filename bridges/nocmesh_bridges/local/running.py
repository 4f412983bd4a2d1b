"""Runs one command: no shell, an environment of four variables, a fresh folder, limits, and nothing of it left behind.

As root it has process ids and, unless its entry says otherwise, a network of its own: then its end takes every process
that it started, and none speaks to anybody (unshare(1)). Else its process group is what is ended.
"""

import asyncio
import os
import shutil
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from nocmesh.errors import DeviceError, DeviceUnreachableError
from nocmesh_bridges.connect.form import CommandEntry

LAUNCHER = Path(__file__).with_name("launcher.py")
GRACE_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What became of it. ``status`` is None when it was ended by us."""

    status: int | None
    output: str
    errors: str
    truncated: bool = False
    late: bool = False


class NotRunError(DeviceUnreachableError):
    """It was not started: nothing was done."""


async def run(entry: CommandEntry, argv: tuple[str, ...], *, apart: bool | None = None) -> Ran:
    """Run ``argv`` as ``entry`` allows. ``apart``: with namespaces of its own; None: where we may make some.

    Raises NotRunError when it could not be started.
    """
    if not os.access(argv[0], os.X_OK):
        raise NotRunError(f"{entry.name}: there is no program {argv[0]} that may be run", device=entry.name)
    apart = may_unshare() if apart is None else apart
    with TemporaryDirectory(prefix="nocmesh-local-", ignore_cleanup_errors=True) as folder:
        process = await _start(entry, argv, folder, apart)
        try:
            return await _watched(entry, process)
        finally:
            await _end(process)


def may_unshare() -> bool:
    """Whether commands can be given namespaces of their own here."""
    return os.geteuid() == 0 and shutil.which("unshare") is not None


async def _start(entry: CommandEntry, argv: tuple[str, ...], folder: str, apart: bool) -> asyncio.subprocess.Process:
    seconds = str(int(entry.seconds) + 1)
    launched = [sys.executable, "-I", "-S", str(LAUNCHER), seconds, str(entry.megabytes), *argv]
    network = [] if entry.network else ["--net"]
    alone = ["unshare", "--pid", "--fork", "--kill-child=KILL", *network, "--"] if apart else []
    try:
        return await asyncio.create_subprocess_exec(
            *alone,
            *launched,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=folder,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": folder, "TMPDIR": folder},
            start_new_session=True,
        )
    except OSError as wrong:
        raise NotRunError(f"{entry.name} cannot be started: {wrong}", device=entry.name) from wrong


async def _watched(entry: CommandEntry, process: asyncio.subprocess.Process) -> Ran:
    """Until it ends, prints too much, or its time is over."""
    assert process.stdout is not None
    assert process.stderr is not None
    most = entry.kilobytes * 1024
    kept = [bytearray(), bytearray()]
    readers = [
        asyncio.create_task(_kept(stream, into, most))
        for stream, into in zip((process.stdout, process.stderr), kept, strict=True)
    ]
    ended = asyncio.create_task(process.wait())
    late = False
    try:
        async with asyncio.timeout(entry.seconds):
            await asyncio.wait([ended, *readers], return_when=asyncio.FIRST_COMPLETED)
            while not ended.done() and not any(reader.done() and reader.result() for reader in readers):
                waiting = [task for task in (ended, *readers) if not task.done()]
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                await asyncio.wait(readers, timeout=GRACE_SECONDS)
    except TimeoutError:
        late = True
    status = process.returncode
    await _end(process)
    await asyncio.wait([ended, *readers])
    texts = [bytes(each[:most]).decode("utf-8", "replace") for each in kept]
    truncated = any(len(each) > most for each in kept)
    return Ran(status=status, output=texts[0], errors=texts[1], truncated=truncated, late=late)


async def _kept(stream: asyncio.StreamReader, into: bytearray, most: int) -> bool:
    """Read until the end, or until there is too much, and say whether there was."""
    while part := await stream.read(65536):
        into += part
        if len(into) > most:
            return True
    return False


async def _end(process: asyncio.subprocess.Process) -> None:
    """Everything of its group; it is its own leader. A leader that ended may have left others behind."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    try:
        await asyncio.wait_for(process.wait(), GRACE_SECONDS)
    except TimeoutError as stuck:
        raise DeviceError(f"process {process.pid} does not end, though it was killed") from stuck
