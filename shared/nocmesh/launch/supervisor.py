"""Keeping processes running: started, watched, started again with a growing wait, stopped in order.

A kept process reads its standard input: the line `go` lets it begin, and its end says that nobody keeps it any more
(``nocmesh.launch.leash`` is the other side). So processes load while the broker still starts, and none outlives its
keeper, however that dies.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nocmesh.log import Log

FIRST_WAIT = 0.2
LONGEST_WAIT = 30.0
CALM_SECONDS = 10.0
"""A process that ran this long starts with the first wait again."""
TAIL_LINES = 6

Told = Callable[[str], None]


def nobody(_text: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One process to keep."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    log: Path | None = None


class Supervisor:
    """Keeps programs running until ``stop``."""

    def __init__(self, log: Log, shutdown_seconds: float, tell: Told = nobody) -> None:
        """``tell`` hears, for a person, the last words of a process that ended."""
        self._log = log
        self._patience = shutdown_seconds
        self._tell = tell
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._may_go = asyncio.Event()
        self._stopping = asyncio.Event()
        self._hurrying = asyncio.Event()
        self.restarts: dict[str, int] = {}

    def pids(self) -> dict[str, int]:
        """The running processes by name."""
        return {name: process.pid for name, process in self._processes.items() if process.returncode is None}

    def keep(self, program: Program) -> None:
        """Start ``program`` and keep it running; it loads, and begins with ``go``."""
        self._tasks.append(asyncio.create_task(self._keep(program), name=program.name))

    def go(self) -> None:
        """Let every process begin, those that are kept later too."""
        self._may_go.set()

    def hurry(self) -> None:
        """Kill instead of waiting, from now on."""
        self._hurrying.set()

    async def _keep(self, program: Program) -> None:
        wait = FIRST_WAIT
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            began = loop.time()
            code = await self._run(program)
            if self._stopping.is_set():
                return
            wait = FIRST_WAIT if loop.time() - began > CALM_SECONDS else min(wait * 2, LONGEST_WAIT)
            self.restarts[program.name] = self.restarts.get(program.name, 0) + 1
            self._log.warning("process_ended", process=program.name, code=code, again_in=wait)
            self._tell(f"the last words of {program.name}:{tail(program.log)}")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait)

    async def _run(self, program: Program) -> int:
        output = program.log.open("ab") if program.log else None
        try:
            process = await asyncio.create_subprocess_exec(
                *program.arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=output,
                env={**os.environ, **program.environment},
                start_new_session=True,  # a Ctrl-C of the terminal is the keeper's alone
            )
        finally:
            if output:
                output.close()
        self._processes[program.name] = process
        if self._stopping.is_set():
            process.kill()
        released = asyncio.create_task(self._release(process))
        try:
            return await process.wait()
        finally:
            released.cancel()
            await asyncio.gather(released, return_exceptions=True)

    async def _release(self, process: asyncio.subprocess.Process) -> None:
        await self._may_go.wait()
        assert process.stdin is not None
        with contextlib.suppress(ConnectionError):  # it died before it was let go: `_keep` tells
            process.stdin.write(b"go\n")
            await process.stdin.drain()

    async def stop(self) -> None:
        """Ask every process to drain, wait for them, and end those that do not."""
        self._stopping.set()
        for name in self.pids():
            self._processes[name].send_signal(signal.SIGTERM)
        hurrying = asyncio.create_task(self._hurrying.wait())
        ended: asyncio.Future[list[None]] = asyncio.gather(*self._tasks)
        either: set[asyncio.Future[Any]] = {ended, hurrying}
        await asyncio.wait(either, timeout=self._patience, return_when=asyncio.FIRST_COMPLETED)
        hurrying.cancel()
        for name in self.pids():
            self._log.warning("process_killed", process=name, hurried=self._hurrying.is_set(), patience=self._patience)
            self._processes[name].kill()
        await ended


def tail(log: Path | None, lines: int = TAIL_LINES) -> str:
    """The last words of a process, indented, for the one who reads why it ended."""
    if log is None or not log.exists():
        return ""
    words = log.read_text(errors="replace").splitlines()[-lines:]
    return "".join(f"\n    {line}" for line in words) + (f"\n    ({log})" if words else "")
