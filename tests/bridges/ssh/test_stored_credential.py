"""The bridge signs in to devices with what lies in the credential store; no secret of it is on the bus or in a log."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from nocmesh.agent.network import load_network
from nocmesh.bus import Authority, Mesh
from nocmesh.clock import SystemClock
from nocmesh.errors import DeviceUnreachableError, NotFoundError
from nocmesh.log import configure, logger
from nocmesh.messages.agent import ToolReply, ToolRequest
from nocmesh.proving.broker import Broker, MeshFor, eventually
from nocmesh.proving.simulated.server import Access, SimulatedNetwork
from nocmesh.proving.simulated.topology import PAIR
from nocmesh.runtime import Context
from nocmesh.safe.store import Safe
from nocmesh.settings import Settings
from nocmesh.subjects import subject
from nocmesh_bridges.ssh import role
from nocmesh_bridges.ssh.pool import DevicePool
from nocmesh_bridges.ssh.target import Target

CANARY, ENABLE = "c4nary-of-the-store", "c4nary-to-enable"
SECRETS = {"password": CANARY, "enable_password": ENABLE}


@asynccontextmanager
async def overheard(broker: Broker) -> AsyncIterator[tuple[str, bytearray]]:
    """An address that leads to the broker, and every byte that goes through it."""
    where = urlsplit(broker.url)
    heard = bytearray()
    pipes: set[asyncio.Task[None]] = set()

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                heard.extend(data)
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(where.hostname, where.port)
        pipes.update({asyncio.create_task(pipe(reader, inner_writer)), asyncio.create_task(pipe(inner_reader, writer))})

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"nats://127.0.0.1:{server.sockets[0].getsockname()[1]}", heard
    finally:
        server.close()
        await asyncio.gather(*pipes)


async def answered(agent: Mesh, tool: str, **arguments: Any) -> ToolReply:
    where = subject("ai.tools.call.<tool>", tool=tool)
    request = ToolRequest(tool=tool, arguments=arguments, call_id="c")
    found: list[ToolReply] = []

    async def served() -> bool:
        with contextlib.suppress(NotFoundError):
            found.append(await agent.agents.request(where, request, ToolReply))
        return bool(found)

    await eventually(served)
    return found[0]


@pytest.mark.mesh
async def test_a_bridge_signs_in_with_a_stored_credential_that_nobody_else_ever_sees(
    broker: Broker, authority: Authority, mesh_on: MeshFor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure("debug", "json")
    data = tmp_path / "data"
    settings = Settings(data=data, inventory=tmp_path / "inventory.yaml", heartbeat_seconds=0.2)
    safe = Safe.of(settings)
    safe.add("core", "nocmesh", SECRETS, ["r1"])  # type: ignore[arg-type]
    access = Access(password=CANARY, enable_password=ENABLE)
    async with SimulatedNetwork.running(PAIR, access=access) as network, overheard(broker) as (url, heard):
        text = network.inventory_yaml().replace('credential: "simulated"', "credential: core")
        (tmp_path / "inventory.yaml").write_text(text.replace(CANARY, "other").replace(ENABLE, "other"))
        agent = await mesh_on("agent", name="bgp-1", type="bgp")
        credentials = authority.issue("bridge", "ssh-1", type="ssh")
        mesh = await Mesh.connect(url, credentials, clock=SystemClock())
        context = Context(mesh=mesh, settings=settings, clock=SystemClock(), log=logger(role="ssh"), name="ssh-1")
        task: asyncio.Task[None] = asyncio.create_task(role.role.run(context))  # type: ignore[arg-type]
        state = await answered(agent, "device_state", device="r1", views=["bgp", "config"])
        assert (state.status, state.content["state"]["device"]) == ("ok", "r1")
        refused = await answered(agent, "device_backup", device="r2")
        assert refused.status == "unreachable"
        assert "r2: its credential cannot be opened: credential 'core' is bound to r1; r2 is not" in refused.error
        safe.add("core", "nocmesh", SECRETS, [], again=True)  # type: ignore[arg-type]
        assert (await answered(agent, "device_backup", device="r2")).status == "ok", "it needs no new start"
        told = (await load_network(agent.agents)).to_json()
        context.stopping.set()
        await task
        await mesh.drain()
    configure()
    stored = [path.read_bytes() for path in (tmp_path / "broker").rglob("*") if path.is_file()]
    logged = capsys.readouterr().err.encode()
    assert b"ai.tools.call" in heard, "it was overheard"
    assert b"hostname r2" in b"".join(stored), "it is looked for where messages are"
    assert b"c4nary" not in b"".join([heard, told, logged, *stored])


async def test_a_credential_that_cannot_be_opened_shuts_its_own_device_alone(tmp_path: Path) -> None:
    opened: list[str] = []

    async def unlock() -> Target:
        opened.append("r1")
        raise NotFoundError("no credential 'core'")

    pool = DevicePool([Target(name="r1", platform="frr", host="127.0.0.1", unlock=unlock)], SystemClock(), failures=2)
    for why in ("its credential cannot be opened: no credential 'core'",) * 2 + ("it is tried again in",):
        with pytest.raises(DeviceUnreachableError, match=why):
            async with pool.session("r1"):
                pytest.fail("nobody is in")
    assert opened == ["r1", "r1"]
    await pool.close()
