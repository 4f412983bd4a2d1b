"""A process of the mesh, that can be killed at any place and started again."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


class Process:
    """One process of the mesh, that can be killed and started again."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self._arguments = arguments
        self._environment = environment
        self.log = log
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.returncode is None

    async def start(self, *, failpoint: str = "") -> None:
        """Start it; with ``failpoint`` it dies there as ``kill -9`` would make it."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("NOCMESH_")}
        environment = {**kept, **self._environment, "NOCMESH_FAILPOINT": failpoint}
        with self.log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "nocmesh.cli",
                *self._arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
            )

    async def died(self, within: float = 30.0) -> None:
        """Wait until it has died at its failpoint."""
        assert self._process is not None
        async with asyncio.timeout(within):
            assert await self._process.wait() == -signal.SIGKILL

    async def kill(self) -> None:
        """``kill -9``."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> None:
        """Let it drain; by force when it does not."""
        if not self.alive:
            return
        assert self._process is not None
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), 15)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    def tail(self, lines: int = 15) -> str:
        """Its last words."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""


def command_of(roles: Sequence[str]) -> list[str]:
    """The command line that runs ``roles``."""
    if len(roles) > 1:
        return ["run-roles", *roles]
    kind = "bridge" if roles[0] in ("ssh", "alerts") else "agent"
    return ["dashboard"] if roles[0] == "dashboard" else [kind, "run", roles[0]]
