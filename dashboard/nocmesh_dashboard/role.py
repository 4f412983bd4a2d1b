"""The process: opens the database, follows the mesh, serves HTTP until it is told to stop."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

from nocmesh.errors import PreconditionError
from nocmesh.ids import new_id
from nocmesh.runtime import Context, Role
from nocmesh.settings import Address
from nocmesh.store.database import Database
from nocmesh_dashboard.app import create_app
from nocmesh_dashboard.bus_backend import BusBackend
from nocmesh_dashboard.stream import Hub

BACKLOG = 512
"""Connections that wait while everybody is busy."""
CLOSE_SECONDS = 5
"""How long open requests may take after streams were ended."""


async def run(context: Context, *, listens: Callable[[int], None] | None = None) -> None:
    """Serve until ``context.stopping``; ``listens`` hears the port, which may be a free one.

    Raises PreconditionError when the address is taken.
    """
    settings = context.settings
    async with await Database.open(settings.database_url) as database:
        needed = [name.strip() for name in context.settings.needed_agents.split(",") if name.strip()]
        backend = BusBackend(context.mesh, database, context.clock, context.log, needed)
        hub = Hub(epoch=new_id(context.clock.now()))
        app = create_app(backend, settings, hub=hub, clock=context.clock, log=context.log)
        with listening(settings.http) as taken:
            await backend.start()
            host, port = taken.getsockname()[:2]
            context.log.info("dashboard_listens", address=str(Address(host, port)))
            if listens is not None:
                listens(port)
            keeping = asyncio.create_task(backend.run())
            serving = asyncio.create_task(serve(app, taken, hub, context.stopping))
            await finish(keeping, serving, context.stopping)


async def finish(keeping: "asyncio.Task[None]", serving: "asyncio.Task[None]", stopping: asyncio.Event) -> None:
    """Wait for the server's end; when the backend ends first, that is an error, and the server ends too."""
    await asyncio.wait({keeping, serving}, return_when=asyncio.FIRST_COMPLETED)
    stopping_early = keeping.done()
    if stopping_early:
        stopping.set()
    await asyncio.wait({serving})
    keeping.cancel()
    results = await asyncio.gather(keeping, serving, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


def listening(address: Address) -> socket.socket:
    """A socket that listens on ``address``. Raises PreconditionError when it is taken."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((address.host, address.port))
        taken.listen(BACKLOG)
    except OSError as error:
        taken.close()
        raise PreconditionError(
            f"{address} cannot be listened on: {error.strerror}; choose another with NOCMESH_HTTP"
        ) from error
    return taken


class _Server(uvicorn.Server):
    """Leaves signals to the launcher."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(app: Starlette, taken: socket.socket, hub: Hub, stopping: asyncio.Event) -> None:
    """Serve ``app`` on ``taken``; at the end streams are told first, then open requests are waited for.

    The server's own signal handlers stay out: the launcher decides when a role ends. No forwarding header is
    believed, because who asks from this machine may depend on it.
    """
    config = uvicorn.Config(
        app,
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        ws="none",
        timeout_graceful_shutdown=CLOSE_SECONDS,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[taken]))
    waiting = asyncio.create_task(stopping.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    hub.close()
    server.should_exit = True
    await task


role = Role(name="dashboard", bus_role="dashboard", run=run)
