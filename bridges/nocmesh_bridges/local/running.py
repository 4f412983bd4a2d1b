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
END_SECONDS = 5.0
DRAIN_SECONDS = 0.5


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
        return await _ran(entry, argv, folder, apart)


def may_unshare() -> bool:
    """Whether commands can be given namespaces of their own here."""
    return os.geteuid() == 0 and shutil.which("unshare") is not None


class _Ear:
    """One of its two streams: kept up to a bound, and closed by us, whoever still holds the other end."""

    def __init__(self, most: int) -> None:
        self.kept, self._most = bytearray(), most
        self.full = asyncio.Event()
        self._stream = asyncio.StreamReader()
        self._transport: asyncio.ReadTransport | None = None
        self._reading: asyncio.Task[None] | None = None

    async def open(self) -> int:
        """What it writes to; to be closed by whoever has passed it on."""
        ours, theirs = os.pipe()
        protocol = asyncio.StreamReaderProtocol(self._stream)
        connect = asyncio.get_running_loop().connect_read_pipe
        self._transport, _ = await connect(lambda: protocol, os.fdopen(ours, "rb", buffering=0))
        self._reading = asyncio.create_task(self._read())
        return theirs

    async def _read(self) -> None:
        while part := await self._stream.read(65536):
            self.kept += part
            if len(self.kept) > self._most:
                self.full.set()
                return

    async def close(self) -> str:
        """What was written, once what is on its way has come."""
        assert self._transport is not None
        assert self._reading is not None
        await asyncio.wait([self._reading], timeout=DRAIN_SECONDS)
        self._reading.cancel()
        self._transport.close()
        return bytes(self.kept[: self._most]).decode("utf-8", "replace")


async def _ran(entry: CommandEntry, argv: tuple[str, ...], folder: str, apart: bool) -> Ran:
    ears = [_Ear(entry.kilobytes * 1024), _Ear(entry.kilobytes * 1024)]
    out, err = [await ear.open() for ear in ears]
    try:
        process = await _start(entry, argv, folder, apart, out, err)
    except BaseException:
        for end in (out, err):
            os.close(end)
        for ear in ears:
            await ear.close()
        raise
    for end in (out, err):
        os.close(end)
    try:
        status = await _watched(entry, process, ears)
    finally:
        await _end(process)
        texts = [await ear.close() for ear in ears]
    full = any(ear.full.is_set() for ear in ears)
    return Ran(status=status, output=texts[0], errors=texts[1], truncated=full, late=status is None and not full)


async def _start(
    entry: CommandEntry, argv: tuple[str, ...], folder: str, apart: bool, out: int, err: int
) -> asyncio.subprocess.Process:
    seconds = str(int(entry.seconds) + 1)
    launched = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), seconds, str(entry.megabytes)]
    network = [] if entry.network else ["--net"]
    alone = [str(shutil.which("unshare")), "--pid", "--fork", "--kill-child=KILL", *network, "--"] if apart else []
    try:
        return await asyncio.create_subprocess_exec(
            *launched,
            *alone,
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=folder,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": folder, "TMPDIR": folder},
            start_new_session=True,
        )
    except OSError as wrong:
        raise NotRunError(f"{entry.name} cannot be started: {wrong}", device=entry.name) from wrong


async def _watched(entry: CommandEntry, process: asyncio.subprocess.Process, ears: list[_Ear]) -> int | None:
    """Its status when it ended by itself; None when it prints too much, or its time is over."""
    ended = asyncio.create_task(process.wait())
    full = [asyncio.create_task(ear.full.wait()) for ear in ears]
    try:
        await asyncio.wait([ended, *full], timeout=entry.seconds, return_when=asyncio.FIRST_COMPLETED)
        return process.returncode if ended.done() and not any(each.done() for each in full) else None
    finally:
        for task in (ended, *full):
            task.cancel()


async def _end(process: asyncio.subprocess.Process) -> None:
    """Everything of its group; it is its own leader. A leader that ended may have left others behind."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    try:
        await asyncio.wait_for(process.wait(), END_SECONDS)
    except TimeoutError as stuck:
        raise DeviceError(f"process {process.pid} does not end, though it was killed") from stuck
