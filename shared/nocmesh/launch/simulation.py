"""A simulated network in a process of its own: told what to do by JSON lines."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from nocmesh.errors import NotFoundError, PreconditionError

START_SECONDS = 30.0


class Simulation:
    """The running process and its inventory file."""

    def __init__(self, process: asyncio.subprocess.Process, inventory: Path) -> None:
        self._process = process
        self.inventory = inventory

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    async def ask(self, **request: Any) -> dict[str, Any]:
        """One request, one answer. Raises NotFoundError when it is refused, PreconditionError when it has died."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        await self._process.stdin.drain()
        line = await self._process.stdout.readline()
        if not line:
            raise PreconditionError("the simulated network has stopped")
        answer: dict[str, Any] = json.loads(line)
        if not answer.get("ok"):
            raise NotFoundError(str(answer.get("error", "the simulated network refused")))
        return answer

    async def break_it(self, fault: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Inject ``fault``: the alert that monitoring would send, and the cause that is right."""
        answer = await self.ask(do="inject", fault=fault)
        return answer["alert"], answer.get("expect")


@asynccontextmanager
async def simulation(folder: Path, fault: str = "none") -> AsyncIterator[Simulation]:
    """A simulated network whose inventory lies in ``folder``; ended with the block.

    Raises NotFoundError that lists the known faults when ``fault`` is none of them.
    """
    inventory = folder / "inventory.yaml"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "nocmesh.proving.simulated",
        "--inventory-out",
        str(inventory),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=16 * 1024 * 1024,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(START_SECONDS):
            ready = await process.stdout.readline()
        if not ready:
            raise PreconditionError("the simulated network did not start")
        running = Simulation(process, inventory)
        faults = (await running.ask(do="faults"))["faults"]
        if fault not in faults:
            raise NotFoundError(f"there is no fault {fault!r}; known: {', '.join(faults)}")
        yield running
    finally:
        if process.stdin:
            process.stdin.close()
        if process.returncode is None:
            process.terminate()
        await process.wait()
