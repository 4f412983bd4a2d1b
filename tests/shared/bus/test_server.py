"""The broker: found or refused with a reason, started, provisioned twice, drained from while it is away."""

import asyncio
import stat
from pathlib import Path

import pytest

from nocmesh.bus import Authority, Mesh, NatsServer, provision, server_conf, stored
from nocmesh.bus import binary as binary_module
from nocmesh.bus.binary import FLOOR, binary_version, find_binary, parse_version, require_version
from nocmesh.bus.plan import load_plan
from nocmesh.clock import SystemClock
from nocmesh.errors import BusError, PreconditionError
from nocmesh.messages.task import TaskResult
from nocmesh.ports import free_port
from nocmesh.proving.broker import Broker, MeshFor, eventually
from nocmesh.subjects import Zone


@pytest.mark.parametrize(
    ("text", "version"),
    [("nats-server: v2.15.1\n", (2, 15, 1)), ("2.9.10", (2, 9, 10)), ("", (0, 0, 0)), ("vX.Y", (0, 0, 0))],
)
def test_a_version_is_read(text: str, version: tuple[int, ...]) -> None:
    assert parse_version(text) == version


@pytest.mark.parametrize("old", ["2.9.10", "2.14.2", ""])
def test_an_old_server_is_refused_with_what_was_found_expected_and_where_to_get_it(old: str) -> None:
    with pytest.raises(PreconditionError, match=r"2\.14\.3 or newer: install it with") as refused:
        require_version(old, "the broker")
    assert refused.value.facts["found"] == old
    require_version("2.14.3", "the broker")


def _fake(path: Path, version: str) -> Path:
    path.write_text(f"#!/bin/sh\necho 'nats-server: v{version}'\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.real
async def test_a_binary_that_was_named_is_taken_or_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    new = _fake(tmp_path / "new", "9.0.0")
    monkeypatch.setenv("NOCMESH_NATS_SERVER", str(new))
    assert await find_binary() == new
    for bad in (_fake(tmp_path / "old", "2.9.10"), tmp_path / "missing"):
        monkeypatch.setenv("NOCMESH_NATS_SERVER", str(bad))
        with pytest.raises(PreconditionError, match="NOCMESH_NATS_SERVER"):
            await find_binary()


@pytest.mark.real
async def test_an_old_binary_on_the_path_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NOCMESH_NATS_SERVER", raising=False)
    _fake(tmp_path / "nats-server", "2.9.10")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert parse_version(await binary_version(await find_binary())) >= FLOOR
    monkeypatch.setattr("nocmesh.bus.binary.sysconfig.get_path", lambda _: str(tmp_path))
    with pytest.raises(PreconditionError, match=r"found: .*2\.9\.10"):
        await find_binary()


def test_the_configuration_holds_no_secret_and_the_hard_settings(authority: Authority) -> None:
    conf = server_conf(authority, store_dir="/data", monitor_port=8222)
    assert "sync_interval: always" in conf
    assert "max_payload: 1MB" in conf
    assert '"127.0.0.1:8222"' in conf
    secrets = authority._secrets
    for seed in (secrets.operator, secrets.system, *secrets.zones.values(), *secrets.signers.values()):
        assert seed not in conf
    for dangerous in ("no_auth_user", "leafnodes", "mqtt", "websocket"):
        assert dangerous not in conf


@pytest.mark.mesh
async def test_a_server_that_cannot_start_says_why(authority: Authority, tmp_path: Path) -> None:
    async with NatsServer.running(authority, store_dir=tmp_path / "one") as first:
        assert first.pid
        second = NatsServer(authority, store_dir=tmp_path / "two", port=first.port)
        blocked = asyncio.ensure_future(second.start())
        with pytest.raises(PreconditionError, match="address already in use"):
            await blocked
    assert first.pid is None
    await first.stop()


@pytest.mark.mesh
async def test_provisioning_twice_changes_nothing_and_a_changed_limit_is_brought_in(
    mesh_on: MeshFor, broker: Broker, authority: Authority
) -> None:
    link = (await mesh_on("provisioner")).core._link
    before = await stored.call(link, "STREAM.INFO.AUDIT")
    changed = {**before["config"], "max_bytes": 1024 * 1024, "num_replicas": 1}
    await stored.call(link, "STREAM.UPDATE.AUDIT", changed)
    await provision(broker.url, authority)
    after = await stored.call(link, "STREAM.INFO.AUDIT")
    assert after["config"] == before["config"]
    assert after["config"]["deny_delete"]
    names = (await stored.call(link, "STREAM.NAMES"))["streams"]
    assert {"JOURNAL", "KV_runs", "OBJ_backups"} <= set(names)


@pytest.mark.mesh
async def test_a_plan_that_does_not_fit_is_refused(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    import msgspec

    plan = load_plan()
    small = msgspec.structs.replace(plan.zones[Zone.CORE], disk_mb=1)
    tight = msgspec.structs.replace(plan, zones={**plan.zones, Zone.CORE: small})
    monkeypatch.setattr("nocmesh.bus.topology.load_plan", lambda: tight)
    with pytest.raises(PreconditionError, match="reserves"):
        await provision("nats://127.0.0.1:1", authority)


@pytest.mark.mesh
async def test_an_old_broker_is_refused_at_connect(mesh_for: MeshFor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binary_module, "FLOOR", (99, 0, 0))
    with pytest.raises(PreconditionError, match=r"expected 99\.0\.0"):
        await mesh_for("agent", type="bgp")


@pytest.mark.real
async def test_a_broker_that_is_not_there_is_said_to_be_away(authority: Authority) -> None:
    with pytest.raises(BusError, match="is it running"):
        await Mesh.connect(
            f"nats://127.0.0.1:{free_port()}",
            authority.issue("agent", "early", type="bgp"),
            clock=SystemClock(),
            timeout=0.3,
        )


@pytest.mark.mesh
async def test_a_zone_that_a_role_does_not_have_is_a_precondition(mesh_for: MeshFor) -> None:
    agent = await mesh_for("agent", type="bgp")
    assert agent.agents.zone is Zone.AGENTS
    for missing in ("core", "edge", "ext"):
        with pytest.raises(PreconditionError, match="its zones: AGENTS"):
            getattr(agent, missing)


@pytest.mark.mesh
async def test_draining_while_the_broker_is_away_ends_quietly(mesh_on: MeshFor, broker: Broker) -> None:
    agent = await mesh_on("agent", name="away-1", type="bgp")
    await agent.agents.work("TASKS", "bgp", TaskResult, lambda _: asyncio.sleep(0))  # a handler that does nothing
    await broker.kill()
    await eventually(lambda: not agent.agents.connected)
    async with asyncio.timeout(8):
        await agent.drain(5)
    with pytest.raises(BusError, match="closed"):
        await agent.agents.publish("ai.tasks.complete.away-1", TaskResult(task_id="t", status="failed"), id="x")
    await agent.drain(1)


@pytest.mark.mesh
async def test_a_connection_comes_back_however_often_the_broker_dies(mesh_on: MeshFor, broker: Broker) -> None:
    agent = await mesh_on("agent", name="back-1", type="bgp")
    for number in range(3):
        await broker.kill()
        await eventually(lambda: not agent.agents.connected)
        await broker.restart()
        result = TaskResult(task_id=str(number), status="completed")
        assert await agent.agents.publish("ai.tasks.complete.back-1", result, id=f"back-{number}") == number + 1


@pytest.mark.mesh
async def test_the_end_of_the_server_is_told(authority: Authority, tmp_path: Path) -> None:
    server = NatsServer(authority, store_dir=tmp_path)
    with pytest.raises(PreconditionError, match="not started"):
        await server.died()
    await server.start()
    waiting = asyncio.ensure_future(server.died())
    await server.kill()
    assert await waiting == -9
    await server.reload()


@pytest.mark.mesh
async def test_a_server_that_keeps_its_old_configuration_is_an_error(
    broker: Broker, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    await broker.server.reload()
    other = Authority.create(broker.server.store_dir / "other").operator_jwt()
    monkeypatch.setattr(authority, "operator_jwt", lambda: other)
    with pytest.raises(BusError, match="keeps its old configuration"):
        await broker.server.reload()
