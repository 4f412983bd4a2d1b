"""Somebody who types: a real SSH client with a terminal, and a small network to type on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import asyncssh

from nocmesh.clock import FixedClock
from nocmesh.proving.simulated.live import LiveNetwork
from nocmesh.proving.simulated.ports import DIALECTS, Access
from nocmesh.proving.simulated.server import SimulatedNetwork
from nocmesh.proving.simulated.shell import Shell
from nocmesh.proving.simulated.topology import PAIR, Topology, build

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ACCESS = Access()
WAIT = 10.0


def live_network(topology: Topology = PAIR) -> LiveNetwork:
    """A network whose clock stands at noon."""
    return LiveNetwork(build(topology), FixedClock(NOON))


def later(live: LiveNetwork, seconds: int) -> None:
    """Let time pass."""
    assert isinstance(live.clock, FixedClock)
    live.clock.at = datetime.fromtimestamp(live.clock.at.timestamp() + seconds, UTC)


def shell_on(live: LiveNetwork, device: str) -> Shell:
    """A privileged login, without SSH."""
    dialect = DIALECTS[live.model.node(device).dialect]
    return Shell(live=live, device=device, dialect=dialect, username="tester", length=0)


def ask(live: LiveNetwork, device: str, *lines: str) -> str:
    """What the device answers to the last of ``lines``."""
    shell = shell_on(live, device)
    return [shell.answer(line) for line in lines][-1]


def options(network: SimulatedNetwork, device: str) -> dict[str, Any]:
    """How a client connects, with nothing from the machine's own SSH set-up."""
    host, port = network.address(device)
    key = asyncssh.import_public_key(network.host_key(device))
    return {
        "host": host,
        "port": port,
        "username": ACCESS.username,
        "password": ACCESS.password,
        "known_hosts": ([key], [], []),
        "config": None,
        "client_keys": None,
        "agent_path": None,
    }


class Typist:
    """A terminal session."""

    def __init__(self, process: asyncssh.SSHClientProcess[str]) -> None:
        self._process = process

    async def read_to(self, end: str) -> str:
        """Everything up to and with ``end``."""
        text: str = await asyncio.wait_for(self._process.stdout.readuntil(end), WAIT)
        return text

    async def rest(self) -> str:
        """Everything until the device hangs up."""
        text: str = await asyncio.wait_for(self._process.stdout.read(), WAIT)
        return text

    def write(self, text: str) -> None:
        """Keys."""
        self._process.stdin.write(text)

    async def line(self, text: str, end: str) -> str:
        """A line with return, and what comes up to ``end``."""
        self.write(f"{text}\r")
        return await self.read_to(end)


@asynccontextmanager
async def typing(network: SimulatedNetwork, device: str) -> AsyncIterator[Typist]:
    """A terminal on ``device``."""
    async with (
        asyncssh.connect(**options(network, device)) as connection,
        connection.create_process(term_type="dumb", term_size=(200, 50)) as process,
    ):
        yield Typist(process)
