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
MAX_ANSWER = 16 * 1024 * 1024


class Simulation:
    """The process and its inventory file, which is there once ``started`` has returned."""

    def __init__(self, process: asyncio.subprocess.Process, inventory: Path, fault: str) -> None:
        self._process = process
        self._fault = fault
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
        return _accepted(await self._process.stdout.readline())

    async def break_it(
        self, fault: str, device: str = "", target: str = "", at: str = ""
    ) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Inject ``fault`` on ``device`` towards ``target``: the alert of monitoring, and the cause that is right.

        ``target`` is the device beyond, or an interface of ``device``; ``at`` is a resource id instead of both.
        Raises NotFoundError when it cannot happen there.
        """
        answer = await self.ask(do="inject", fault=fault, device=device, target=target, at=at)
        return answer["alert"], answer.get("expect")

    async def started(self) -> None:
        """Wait until the devices answer. Raises NotFoundError that lists the faults when ours is none of them."""
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(START_SECONDS):
                ready = await self._process.stdout.readline()
        except TimeoutError as late:
            raise PreconditionError(f"the simulated network did not start within {START_SECONDS:g} s") from late
        if not ready:
            raise PreconditionError("the simulated network did not start; it said why above")
        faults = (await self.ask(do="faults"))["faults"]
        if self._fault not in faults:
            raise NotFoundError(f"there is no fault {self._fault!r}; known: {', '.join(faults)}")

    async def stop(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        if self._process.returncode is None:
            self._process.terminate()
        await self._process.wait()


async def start_simulation(folder: Path, fault: str = "none", topology: str = "demo") -> Simulation:
    """Begin to start one of ``topology`` whose inventory will lie in ``folder``; to be ``started`` and stopped."""
    inventory = folder / "inventory.yaml"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "nocmesh.proving.simulated",
        "--inventory-out",
        str(inventory),
        "--topology",
        topology,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=MAX_ANSWER,
        start_new_session=True,  # a Ctrl-C of the terminal is ours alone
    )
    return Simulation(process, inventory, fault)


@asynccontextmanager
async def simulation(folder: Path, fault: str = "none", topology: str = "demo") -> AsyncIterator[Simulation]:
    """A simulated network of ``topology`` whose inventory lies in ``folder``; ended with the block.

    Raises NotFoundError that lists the known faults when ``fault`` is none of them.
    """
    network = await start_simulation(folder, fault, topology)
    try:
        await network.started()
        yield network
    finally:
        await network.stop()


def _accepted(line: bytes) -> dict[str, Any]:
    if not line:
        raise PreconditionError("the simulated network has stopped")
    answer: dict[str, Any] = json.loads(line)
    if not answer.get("ok"):
        raise NotFoundError(str(answer.get("error", "the simulated network refused")))
    return answer
