"""Keeping processes running: started, watched, started again with a growing wait, stopped in order."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nocmesh.log import Log

FIRST_WAIT = 0.2
LONGEST_WAIT = 30.0
CALM_SECONDS = 10.0
"""A process that ran this long starts with the first wait again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One process to keep."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    log: Path | None = None


class Supervisor:
    """Keeps programs running until ``stop``."""

    def __init__(self, log: Log, shutdown_seconds: float) -> None:
        self._log = log
        self._patience = shutdown_seconds
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()
        self.restarts: dict[str, int] = {}

    def pids(self) -> dict[str, int]:
        """The running processes by name."""
        return {name: process.pid for name, process in self._processes.items() if process.returncode is None}

    def keep(self, program: Program) -> None:
        """Start ``program`` and keep it running."""
        self._tasks.append(asyncio.create_task(self._keep(program), name=program.name))

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
            self._log.warning("process_ended", process=program.name, code=code, again_in=wait, tail=_tail(program.log))
            try:
                await asyncio.wait_for(self._stopping.wait(), wait)
            except TimeoutError:
                continue

    async def _run(self, program: Program) -> int:
        output = program.log.open("ab") if program.log else None
        try:
            process = await asyncio.create_subprocess_exec(
                *program.arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **program.environment},
                start_new_session=True,
            )
        finally:
            if output:
                output.close()
        self._processes[program.name] = process
        return await process.wait()

    async def stop(self) -> None:
        """Ask every process to drain, wait for them, and end those that do not."""
        self._stopping.set()
        for name in self.pids():
            self._processes[name].send_signal(signal.SIGTERM)
        _, late = await asyncio.wait(self._tasks, timeout=self._patience) if self._tasks else (set(), set())
        for name in self.pids():
            self._log.warning("process_killed", process=name, after=self._patience)
            self._processes[name].kill()
        if late:
            await asyncio.wait(late)
        await asyncio.gather(*self._tasks)


def _tail(log: Path | None, lines: int = 3) -> str:
    """The last words of a process, for the one who reads why it ended."""
    if log is None or not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
