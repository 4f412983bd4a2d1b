"""A Starlette application on a socket of its own, until told to stop; the one module here that knows uvicorn."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.applications import Starlette

from nocmesh.errors import PreconditionError
from nocmesh.log import Log
from nocmesh.settings import Address

BACKLOG = 256
CONNECTIONS = 200
"""Past that uvicorn answers 503 by itself: senders queue better than we do."""


async def serve(app: Starlette, at: Address, stopping: asyncio.Event, log: Log, grace: float) -> None:
    """Serve ``app`` on ``at`` until ``stopping``; requests under way get ``grace`` seconds.

    Raises PreconditionError when the address is taken or not ours.
    """
    with _listening(at) as listener:
        host, port = listener.getsockname()[:2]
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=max(1, round(grace)),
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        log.info("webhooks_listening", host=host, port=port)
        try:
            await _first(serving, stopping)
        finally:
            server.should_exit = True
            await serving
            log.info("webhooks_closed", host=host, port=port)


class _Server(uvicorn.Server):
    """Signals belong to the launcher, which sets ``stopping`` for every role."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.contextmanager
def _listening(at: Address) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in at.host else socket.AF_INET
    try:
        listener = socket.create_server((at.host, at.port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise PreconditionError(
            f"the alerts bridge cannot listen on {at}: {error.strerror or error}; set NOCMESH_WEBHOOKS to a free one"
        ) from error
    with listener:
        yield listener


async def _first(serving: asyncio.Task[None], stopping: asyncio.Event) -> None:
    """Wait until the server ends by itself or shall end."""
    told = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({serving, told}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        told.cancel()
