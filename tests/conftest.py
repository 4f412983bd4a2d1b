"""What the tests of all rooms share: a mesh's keys, a real broker, connections to it."""

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from nocmesh.bus import Authority, Credentials, Mesh
from nocmesh.clock import Clock, SystemClock
from nocmesh.proving.broker import Broker, MeshFor, shared_broker

sys.path.append(str(Path(__file__).parent))
from clusters import cluster

__all__ = ["cluster"]

# No test fails for being slow on a machine that is busy; in CI hypothesis' own profile is the one that is changed.
settings.register_profile("house", settings(), deadline=None)
settings.load_profile("house")


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The keys of a mesh that all tests share."""
    return Authority.create(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def nats_url(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a provisioned broker that all tests share: use names and ids of your own."""
    with shared_broker(authority, tmp_path_factory.mktemp("broker")) as url:
        yield url


@pytest.fixture
async def broker(authority: Authority, tmp_path: Path) -> AsyncIterator[Broker]:
    """A private, provisioned broker that may be killed and restarted."""
    broker = Broker(authority, tmp_path / "broker")
    await broker.start()
    yield broker
    await broker.stop()


def _connector(authority: Authority, url: str, opened: list[Mesh]) -> MeshFor:
    async def connect(
        role: str,
        name: str = "",
        type: str = "",
        *,
        clock: Clock | None = None,
        on_closed: Callable[[str], None] | None = None,
        credentials: Credentials | None = None,
    ) -> Mesh:
        credentials = credentials or authority.issue(role, name or f"{type or role}-1", type=type)
        mesh = await Mesh.connect(url, credentials, clock=clock or SystemClock(), on_closed=on_closed)
        opened.append(mesh)
        return mesh

    return connect


@pytest.fixture
async def mesh_for(authority: Authority, nats_url: str) -> AsyncIterator[MeshFor]:
    """``await mesh_for("agent", name="bgp-1", type="bgp")``: connected to the shared broker, drained at the end."""
    opened: list[Mesh] = []
    yield _connector(authority, nats_url, opened)
    for mesh in reversed(opened):
        await mesh.drain(5.0)


@pytest.fixture
async def mesh_on(authority: Authority, broker: Broker) -> AsyncIterator[MeshFor]:
    """The same, connected to this test's private broker."""
    opened: list[Mesh] = []
    yield _connector(authority, broker.url, opened)
    for mesh in reversed(opened):
        await mesh.drain(5.0)
