"""``nocmesh up``: the whole mesh until Ctrl-C."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from nocmesh.cli.client import Client
from nocmesh.cli.output import say
from nocmesh.cli.stopping import INTERRUPTED, Stop
from nocmesh.errors import NocmeshError
from nocmesh.launch.mesh import RunningMesh, environment_of, running_mesh
from nocmesh.launch.prepare import Preparation
from nocmesh.launch.supervisor import Told
from nocmesh.log import Log, configure, logger
from nocmesh.settings import Settings

READY_SECONDS = 60.0
POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A mesh that runs, and the tokens that were made for it."""

    mesh: RunningMesh
    tokens: dict[str, str] = field(default_factory=dict)


async def up(settings: Settings) -> int:
    """Start everything, say where it is, and wait for Ctrl-C; gives the exit code.

    Raises NocmeshError when it cannot start.
    """
    configure(settings.log_level, settings.log_format)
    stop = Stop.on_signals()
    say(f"starting; data in {settings.data}, logs in {settings.data / 'logs'}")
    async with prepared_mesh(settings, logger(role="up"), say) as running:
        stop.hurry = running.mesh.supervisor.hurry
        missing = await ready(running.mesh.endpoint.http, stop.event)
        if missing:
            say(f"not ready after {READY_SECONDS:.0f} s: {missing}; the logs in {settings.data / 'logs'} say why")
        if not stop.event.is_set():
            _welcome(running)
        await stop.event.wait()
    return INTERRUPTED if stop.hurried else 0


@asynccontextmanager
async def prepared_mesh(
    settings: Settings, log: Log, tell: Told, before: Callable[[], Awaitable[None]] | None = None
) -> AsyncIterator[Prepared]:
    """A running mesh whose inventory was checked and whose users can come in; ``before``: what those wait for.

    Raises NocmeshError.
    """
    tokens: dict[str, str] = {}
    async with AsyncExitStack() as stack:
        preparation = await Preparation.begin(environment_of(settings, settings.nats_url or ""))
        stack.push_async_callback(preparation.end)

        async def prepare() -> None:
            if before is not None:
                await before()
            tokens.update(await preparation.tokens())

        mesh = await stack.enter_async_context(running_mesh(settings, log, tell=tell, after=prepare))
        yield Prepared(mesh=mesh, tokens=tokens)


def _welcome(running: Prepared) -> None:
    endpoint = running.mesh.endpoint
    say(f"dashboard and API   {endpoint.http}")
    say(f"webhooks            {endpoint.http}/api/webhooks/alertmanager")
    say(f"broker              {endpoint.nats_url}")
    for name, token in running.tokens.items():
        say(f"sign in as {name:<8} with {token}")
    say("Ctrl-C stops it all")


async def ready(url: str, stopping: asyncio.Event, seconds: float = READY_SECONDS) -> str:
    """Wait until the mesh says that it is ready, or we are told to stop; gives what is missing when it is too late."""
    deadline = asyncio.get_running_loop().time() + seconds
    missing = ""
    async with Client(url) as client:
        while not stopping.is_set():
            try:
                await client.get("/api/ready")
            except NocmeshError as wrong:
                missing = wrong.message
            else:
                return ""
            if asyncio.get_running_loop().time() > deadline:
                return missing
            await asyncio.sleep(POLL_SECONDS)
    return ""
