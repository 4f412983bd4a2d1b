"""The alerts bridge against a real broker: what a sender posts is what the incidents role reads."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from nocmesh.alerting import sources
from nocmesh.bus import Mesh, Received
from nocmesh.clock import SystemClock
from nocmesh.log import logger
from nocmesh.proving.broker import Broker, MeshFor, eventually
from nocmesh.runtime import Context, load_role
from nocmesh.settings import Address, Settings
from nocmesh_bridges.alerts import role

pytestmark = pytest.mark.mesh
WAIT = 20.0


async def free_port() -> int:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    async with server:
        port: int = server.sockets[0].getsockname()[1]
        return port


class Running:
    """The role in this process, with its own connection."""

    def __init__(self, mesh: Mesh, port: int, data: Path) -> None:
        settings = Settings(webhooks=Address("127.0.0.1", port), data=data, shutdown_seconds=1.0)
        self.context = Context(mesh=mesh, settings=settings, clock=SystemClock(), log=logger(), name="alerts-1")
        self.client = httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=WAIT)

    async def post(self, name: str, source: str = "alertmanager") -> httpx2.Response:
        body = {"alerts": [{"labels": {"alertname": name, "instance": "r1:9100"}}]}
        return await self.client.post(f"/api/webhooks/{source}", content=json.dumps(body).encode())

    async def __aenter__(self) -> "Running":
        self.task = asyncio.create_task(role.run(self.context))
        await eventually(self._answers, within=WAIT)
        return self

    async def _answers(self) -> bool:
        try:
            return (await self.client.get("/api/health")).status_code == 200
        except httpx2.ConnectError:
            return False

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()
        self.context.stopping.set()
        await asyncio.wait_for(self.task, WAIT)


@pytest.fixture
async def running(mesh_for: MeshFor, tmp_path: Path) -> AsyncIterator[Running]:
    async with Running(await mesh_for("alerts"), await free_port(), tmp_path) as running:
        yield running


async def stored(mesh: Mesh, name: str) -> list[Received[bytes]]:
    found = [each async for each in mesh.edge.history("ALERTS", "ai.alerts.incoming.*", bytes)]
    return [each for each in found if name.encode() in each.body]


async def test_what_is_posted_is_in_the_stream_signed_and_parses_to_the_same_alerts(
    running: Running, mesh_for: MeshFor
) -> None:
    answer = await running.post("RolePosts")
    assert answer.status_code == 202
    (message,) = await stored(await mesh_for("incidents"), "RolePosts")
    assert message.speaker is not None
    assert message.speaker.role == "alerts"
    assert message.subject == "ai.alerts.incoming.alertmanager"
    alerts = sources.parse("alertmanager", message.body, message.at)
    assert [alert.alert_id for alert in alerts] == answer.json()["alert_ids"]


async def test_a_retry_is_stored_once(running: Running, mesh_for: MeshFor) -> None:
    for _ in range(3):
        assert (await running.post("RoleRetries")).status_code == 202
    assert len(await stored(await mesh_for("incidents"), "RoleRetries")) == 1


async def test_a_broker_that_is_gone_makes_the_sender_come_again_and_nothing_is_lost(
    broker: Broker, tmp_path: Path
) -> None:
    credentials = broker.authority.issue("alerts", "alerts-9")
    mesh = await Mesh.connect(broker.url, credentials, clock=SystemClock(), on_closed=None)
    async with Running(mesh, await free_port(), tmp_path) as running:
        await broker.kill()
        refused = await running.post("RoleSurvives")
        assert refused.status_code == 503
        assert "retry-after" in refused.headers
        await broker.start()

        async def taken() -> bool:
            return (await running.post("RoleSurvives")).status_code == 202

        await eventually(taken, within=WAIT)
    await mesh.drain(5.0)
    reader = await Mesh.connect(
        broker.url, broker.authority.issue("incidents", "i-9"), clock=SystemClock(), on_closed=None
    )
    assert len(await stored(reader, "RoleSurvives")) == 1
    await reader.drain(5.0)


def test_the_launcher_finds_the_role() -> None:
    assert load_role("alerts") is role.ROLE
