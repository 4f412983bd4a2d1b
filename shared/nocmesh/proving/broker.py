"""A broker to try things on: it can be killed and restarted, and comes back on the same port with the same store."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from nocmesh.bus import Authority, Mesh, NatsServer, provision

MeshFor = Callable[..., Awaitable[Mesh]]
"""``await mesh_for("agent", name="bgp-1", type="bgp")`` gives a connected mesh."""


class Broker:
    """A private broker with all streams, buckets and consumers."""

    def __init__(self, authority: Authority, store_dir: Path) -> None:
        self.authority = authority
        self.server = NatsServer(authority, store_dir=store_dir)

    @property
    def url(self) -> str:
        """Where it is, also while it is down."""
        return self.server.url

    async def start(self, *, provisioned: bool = True) -> None:
        """Start it. Raises PreconditionError."""
        await self.server.start()
        if provisioned:
            await provision(self.url, self.authority)

    async def kill(self) -> None:
        """End it as kill -9 does."""
        await self.server.kill()

    async def restart(self) -> None:
        """Start it again, after a kill or in order."""
        await self.server.stop()
        await self.server.start()

    async def stop(self) -> None:
        """End it in order."""
        await self.server.stop()


@contextlib.contextmanager
def shared_broker(authority: Authority, folder: Path) -> Iterator[str]:
    """The address of a broker with an event loop of its own, for tests with loops of theirs."""
    with asyncio.Runner() as runner:
        broker = Broker(authority, folder)
        runner.run(broker.start())
        try:
            yield broker.url
        finally:
            runner.run(broker.stop())


async def eventually(
    condition: Callable[[], object] | Callable[[], Awaitable[object]], *, within: float = 10.0
) -> None:
    """Wait until ``condition`` gives something true. Raises TimeoutError after ``within`` seconds."""
    deadline = asyncio.get_running_loop().time() + within
    while True:
        result = condition()
        if isinstance(result, Awaitable):
            result = await result
        if result:
            return
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError(f"{condition} did not come true within {within:g} s")
        await asyncio.sleep(0.01)
