"""A fleet of SSH bridges, each a process on a real broker: every read is answered once, or fails and says why."""

import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nocmesh.agent.toolbox import CALL_SECONDS, Toolbox
from nocmesh.bus import Authority, Mesh, NatsServer, Received, provision
from nocmesh.cli.output import say
from nocmesh.clock import SystemClock
from nocmesh.errors import TooLateError
from nocmesh.launch.farm import Farm, hostname_of
from nocmesh.launch.home import Home
from nocmesh.launch.mesh import Identity, issue
from nocmesh.launch.supervisor import tail
from nocmesh.messages.agent import Heartbeat
from nocmesh.messages.session import Observation, ToolCall
from nocmesh.subjects import wildcard

AT_ONCE = 64
"""Reads under way together: as many sessions as one bridge lends."""
START_SECONDS, STOP_SECONDS = 60.0, 10.0
COMMAND = "show running-config"
COLUMNS = (
    "bridges",
    "killed",
    "reads",
    "answered_once",
    "failed_clearly",
    "lost",
    "answered_twice",
    "wrong",
    "reads_per_second",
    "longest_seconds",
)


@dataclass(slots=True)
class Count:
    """What became of the reads."""

    asked: int
    ended: Counter[str] = field(default_factory=Counter)
    longest: float = 0.0
    why: Counter[str] = field(default_factory=Counter)


async def fleet(there: Farm, folder: Path, reads: int, bridges: int, kill: bool) -> dict[str, Any]:
    """Read the devices of ``there`` through ``bridges`` bridges; with ``kill`` one is killed after half of the reads.

    Raises TooLateError when the bridges do not come up.
    """
    async with AsyncExitStack() as stack:
        authority = Authority.create(folder / "keys")
        broker = await stack.enter_async_context(NatsServer.running(authority, store_dir=folder / "broker"))
        await provision(broker.url, authority)
        mesh = await Mesh.connect(broker.url, authority.issue("dashboard", "bench"), clock=SystemClock())
        stack.push_async_callback(mesh.drain, 5.0)
        names = [f"ssh-{number + 1}" for number in range(bridges)]
        home = Home(folder / "data")
        issue(authority, home, [Identity(name, "bridge", "ssh") for name in names], broker.url)
        async with _running(names, home, broker.url, there.inventory, mesh) as processes:
            began = time.perf_counter()
            count = await _read_all(mesh, there.names, reads, processes[0] if kill else None)
            seconds = time.perf_counter() - began
        return _row(count, mesh.agents.late, seconds, bridges, kill)


def _row(count: Count, late: int, seconds: float, bridges: int, kill: bool) -> dict[str, Any]:
    for why, times in count.why.most_common(5):
        say(f"{times} failed: {why}")
    ended = sum(count.ended.values())
    return {
        "bridges": bridges,
        "killed": int(kill),
        "reads": count.asked,
        "answered_once": count.ended["answered"],
        "failed_clearly": count.ended["failed"],
        "lost": count.asked - ended,
        "answered_twice": late,
        "wrong": count.ended["wrong"],
        "reads_per_second": round(ended / seconds, 1),
        "longest_seconds": round(count.longest, 2),
    }


@asynccontextmanager
async def _running(
    names: Sequence[str], home: Home, url: str, inventory: Path, mesh: Mesh
) -> AsyncIterator[list[asyncio.subprocess.Process]]:
    """The bridges, once each has been heard; ended with the block."""
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def hear(beat: Received[Heartbeat]) -> None:
        heard.put_nowait(beat.body.agent_id)

    listener = await mesh.agents.listen(wildcard("ai.heartbeat.<agent_id>"), Heartbeat, hear)
    processes: list[asyncio.subprocess.Process] = []
    try:
        for name in names:
            processes.append(await _bridge(name, home, url, inventory))
        await _all_heard(names, heard, home)
        yield processes
    finally:
        await listener.stop()
        await asyncio.gather(*(_end(process) for process in processes))


async def _bridge(name: str, home: Home, url: str, inventory: Path) -> asyncio.subprocess.Process:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("NOCMESH_")}
    told = {
        "NOCMESH_DATA": str(home.data),
        "NOCMESH_CREDENTIALS": str(home.folder("credentials")),
        "NOCMESH_NATS_URL": url,
        "NOCMESH_INVENTORY": str(inventory),
        "AGENT_ID": name,
    }
    with (home.logs / f"{name}.log").open("ab") as log:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "nocmesh.cli", "bridge", "run", "ssh",
            stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, env={**kept, **told}, start_new_session=True,
        )  # fmt: skip


async def _all_heard(names: Sequence[str], heard: "asyncio.Queue[str]", home: Home) -> None:
    missing = set(names)
    try:
        async with asyncio.timeout(START_SECONDS):
            while missing:
                missing.discard(await heard.get())
    except TimeoutError as late:
        last = "".join(tail(home.logs / f"{name}.log") for name in sorted(missing))
        raise TooLateError(
            f"not there within {START_SECONDS:g} s: {', '.join(sorted(missing))}; said last:{last}"
        ) from late


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()


async def _read_all(mesh: Mesh, devices: Sequence[str], reads: int, victim: asyncio.subprocess.Process | None) -> Count:
    """All reads, ``AT_ONCE`` at a time; whoever asks waits as an agent does, and no longer."""
    toolbox, count = Toolbox(mesh.agents, session_id="bench"), Count(reads)
    numbers = iter(range(reads))

    async def worker() -> None:
        for number in numbers:
            if victim is not None and number == reads // 2:
                victim.kill()
                say(f"killed one bridge of process {victim.pid}, reads under way: {AT_ONCE}")
            await _read_one(toolbox, devices[number % len(devices)], number, count)

    workers = [asyncio.create_task(worker()) for _ in range(AT_ONCE)]
    patience = CALL_SECONDS * (1 + reads / AT_ONCE)
    _, stuck = await asyncio.wait(workers, timeout=patience)
    for task in stuck:
        task.cancel()
    await asyncio.gather(*stuck, return_exceptions=True)
    return count


async def _read_one(toolbox: Toolbox, device: str, number: int, count: Count) -> None:
    call = ToolCall(call_id=str(number), tool="device_show", arguments={"device": device, "command": COMMAND})
    began = time.perf_counter()
    observation = await toolbox.call(call)
    count.longest = max(count.longest, time.perf_counter() - began)
    how = verdict(observation, hostname_of(device))
    count.ended[how] += 1
    if how == "failed":
        count.why[observation.error] += 1


def verdict(observation: Observation, hostname: str) -> str:
    """`answered` by the right device, `wrong`, or `failed` and it says why."""
    if observation.status != "ok":
        return "failed" if observation.error else "wrong"
    text = "\n".join(output.text for output in observation.outputs)
    return "answered" if f"hostname {hostname}\n" in text else "wrong"
