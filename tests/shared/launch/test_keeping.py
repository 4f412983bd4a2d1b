"""Keeping processes: started, let go, started again, stopped in order; a broker that its keeper left behind."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from nocmesh.bus import Authority
from nocmesh.errors import InvalidInputError, NotFoundError, PreconditionError
from nocmesh.launch import supervisor as keeping
from nocmesh.launch.broker import KeptBroker, orphan
from nocmesh.launch.home import Home
from nocmesh.launch.mesh import environment_of, running_mesh
from nocmesh.launch.prepare import Preparation
from nocmesh.launch.simulation import simulation, start_simulation
from nocmesh.launch.supervisor import Program, Supervisor
from nocmesh.log import logger
from nocmesh.ports import free_port
from nocmesh.proving.broker import eventually
from nocmesh.settings import Settings

pytestmark = [pytest.mark.mesh, pytest.mark.alone]

TALKS = "import sys; print('loaded', flush=True); print('word', sys.stdin.readline().strip(), flush=True)"
STAYS = f"{TALKS}; import time; time.sleep(60)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {STAYS}"
DIES = f"{TALKS}; print('last words', flush=True); sys.exit(3)"
IMPATIENT = "raise SystemExit(4)"


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("NOCMESH_")]:
        monkeypatch.delenv(name)


@pytest.fixture
async def supervisor(lines: list[Any], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Supervisor]:
    monkeypatch.setattr(keeping, "FIRST_WAIT", 0.01)
    told: list[str] = []
    supervisor = Supervisor(logger(), 20.0, told.append)
    supervisor.told = told  # type: ignore[attr-defined]
    yield supervisor
    supervisor.hurry()
    await supervisor.stop()


def programme(code: str, log: Path) -> Program:
    return Program(name="it", arguments=[sys.executable, "-c", code], environment={"X": "y"}, log=log)


def said(log: Path) -> str:
    return log.read_text() if log.exists() else ""


async def test_a_process_loads_at_once_and_begins_when_it_may(supervisor: Supervisor, tmp_path: Path) -> None:
    log = tmp_path / "log"
    supervisor.keep(programme(STAYS, log))
    await eventually(lambda: said(log) == "loaded\n")
    supervisor.go()
    await eventually(lambda: said(log) == "loaded\nword go\n")
    [pid] = supervisor.pids().values()
    await supervisor.stop()
    assert supervisor.pids() == {}
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_one_that_ends_is_started_again_with_a_growing_wait(
    supervisor: Supervisor, tmp_path: Path, lines: list[Any]
) -> None:
    supervisor.go()
    supervisor.keep(programme(DIES, tmp_path / "log"))
    await eventually(lambda: supervisor.restarts.get("it", 0) >= 3)
    waits = [line["again_in"] for line in lines if line["event"] == "process_ended"]
    assert waits[:3] == [0.02, 0.04, 0.08]
    assert {line["code"] for line in lines} == {3}
    assert "    last words\n" in supervisor.told[0]  # type: ignore[attr-defined]


async def test_one_that_ran_long_enough_begins_with_the_first_wait(
    supervisor: Supervisor, tmp_path: Path, lines: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "CALM_SECONDS", 0.0)
    supervisor.go()
    supervisor.keep(programme(DIES, tmp_path / "log"))
    await eventually(lambda: supervisor.restarts.get("it", 0) >= 2)
    assert {line["again_in"] for line in lines} == {0.01}


async def test_one_that_dies_before_it_may_begin_is_told_like_any_other(
    supervisor: Supervisor, tmp_path: Path, lines: list[Any]
) -> None:
    supervisor.keep(programme(IMPATIENT, tmp_path / "log"))
    await eventually(lambda: supervisor.restarts)
    assert lines[0]["code"] == 4


async def test_one_that_does_not_stop_in_time_is_killed(tmp_path: Path, lines: list[Any]) -> None:
    supervisor = Supervisor(logger(), 0.2)
    supervisor.go()
    supervisor.keep(programme(DEAF, tmp_path / "log"))
    await eventually(lambda: "word go" in said(tmp_path / "log"))
    await supervisor.stop()
    assert supervisor.pids() == {}
    assert [line["event"] for line in lines] == ["process_killed"]


async def test_in_a_hurry_nobody_is_waited_for(tmp_path: Path, lines: list[Any]) -> None:
    supervisor = Supervisor(logger(), 600.0)
    supervisor.go()
    supervisor.keep(programme(DEAF, tmp_path / "log"))
    await eventually(lambda: "word go" in said(tmp_path / "log"))
    stopping = asyncio.create_task(supervisor.stop())
    await asyncio.sleep(0.05)
    assert not stopping.done()
    supervisor.hurry()
    await asyncio.wait_for(stopping, 10)


async def test_a_process_that_is_just_starting_is_stopped_too(tmp_path: Path) -> None:
    supervisor = Supervisor(logger(), 20.0)
    supervisor.keep(programme(STAYS, tmp_path / "log"))
    await asyncio.sleep(0)
    await asyncio.wait_for(supervisor.stop(), 10)
    assert supervisor.pids() == {}


async def test_without_a_log_a_process_speaks_where_we_do(supervisor: Supervisor, capfd: Any) -> None:
    supervisor.go()
    supervisor.keep(Program(name="it", arguments=[sys.executable, "-c", STAYS]))
    heard = ""

    def talked() -> bool:
        nonlocal heard
        heard += capfd.readouterr().out
        return "word go" in heard

    await eventually(talked)


# --- the broker


async def test_a_broker_that_its_keeper_left_behind_is_ended(authority: Authority, tmp_path: Path, lines: Any) -> None:
    home = Home(tmp_path)
    first = KeptBroker(authority, home, free_port(), logger())
    await first.start()
    assert first._keeper is not None
    first._keeper.cancel()  # as if its keeper had been killed
    second = KeptBroker(authority, home, free_port(), logger())
    await second.start()
    assert [line["event"] for line in lines] == ["broker_left_behind"]
    assert first.pid is None
    assert second.pid is not None
    await second.stop()
    assert second.pid is None


async def test_a_broker_that_dies_comes_back_on_its_port(authority: Authority, tmp_path: Path, lines: Any) -> None:
    broker = KeptBroker(authority, Home(tmp_path), free_port(), logger())
    await broker.start()
    pid, url = broker.pid, broker.url
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await eventually(lambda: broker.pid not in (None, pid))
    assert broker.url == url
    assert [line["event"] for line in lines] == ["broker_ended"]
    await broker.stop()


async def test_one_that_was_never_started_may_be_stopped(authority: Authority, tmp_path: Path) -> None:
    await KeptBroker(authority, Home(tmp_path), free_port(), logger()).stop()


@pytest.mark.parametrize("text", ["", "x", "999999999", "-1"])
def test_a_number_that_names_no_broker_of_ours_is_nobody(text: str, tmp_path: Path) -> None:
    (tmp_path / "pid").write_text(text)
    assert orphan(tmp_path / "pid", tmp_path / "conf") is None
    assert orphan(tmp_path / "nothing", tmp_path / "conf") is None


def test_a_number_that_was_used_again_is_nobody(tmp_path: Path) -> None:
    (tmp_path / "pid").write_text(str(os.getpid()))
    assert orphan(tmp_path / "pid", tmp_path / "conf") is None


async def test_what_fails_while_it_starts_leaves_nothing_behind(tmp_path: Path, lines: Any) -> None:
    settings = Settings(
        data=tmp_path, http=f"127.0.0.1:{free_port()}", webhooks=f"127.0.0.1:{free_port()}", nats_port=0
    )

    async def wrong() -> None:
        raise InvalidInputError("the inventory is wrong")

    with pytest.raises(InvalidInputError, match="the inventory is wrong"):
        async with running_mesh(settings, logger(), after=wrong):
            pytest.fail("it started")
    assert not (tmp_path / "run" / "broker.pid").exists()
    with Home(tmp_path).held():
        pass


async def test_a_broker_that_others_run_is_used_and_left_alone(
    authority: Authority, nats_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nocmesh.launch.mesh.open_authority", lambda home: authority)
    monkeypatch.setattr("nocmesh.launch.mesh.GROUPS", {})
    settings = Settings(
        data=tmp_path, http=f"127.0.0.1:{free_port()}", webhooks=f"127.0.0.1:{free_port()}", nats_url=nats_url
    )
    async with running_mesh(settings, logger()) as mesh:
        assert mesh.endpoint.nats_url == nats_url
        assert not (tmp_path / "run" / "broker.pid").exists()
        assert Home(tmp_path).endpoint() == mesh.endpoint


# --- preparing


async def test_a_preparation_that_is_not_needed_ends(tmp_path: Path) -> None:
    preparation = await Preparation.begin(environment_of(Settings(data=tmp_path), ""))
    await preparation.end()
    assert preparation._process.returncode is not None
    await preparation.end()


async def test_each_user_gets_one_first_token(tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.yaml"
    inventory.write_text("version: 1\ndevices: []\nusers: [{name: nina, roles: [operator]}]\n")
    environment = environment_of(Settings(data=tmp_path, inventory=inventory), "")
    tokens = await (await Preparation.begin(environment)).tokens()
    assert tokens.keys() == {"nina"}
    assert await (await Preparation.begin(environment)).tokens() == {}


@pytest.mark.parametrize(("text", "kind"), [("version: [", InvalidInputError), (None, NotFoundError)])
async def test_what_is_wrong_keeps_its_kind(text: str | None, kind: type[Exception], tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.yaml"
    if text:
        inventory.write_text(text)
    settings = Settings(data=tmp_path, inventory=inventory)
    with pytest.raises(kind, match=r"inventory\.yaml"):
        await (await Preparation.begin(environment_of(settings, ""))).tokens()


# --- the simulated network


async def test_a_simulated_network_is_asked_and_ended(tmp_path: Path) -> None:
    async with simulation(tmp_path) as network:
        assert network.inventory.exists()
        alert, expect = await network.break_it("bgp_asn_misconfig")
        assert alert["alerts"]
        assert expect == {"resource": "node/core1", "fault_type": "bgp_asn_misconfig"}
        with pytest.raises(NotFoundError, match="no fault"):
            await network.break_it("gremlins")
        os.kill(network.pid, signal.SIGKILL)
        with pytest.raises(PreconditionError, match="has stopped"):
            await network.ask(do="heal")


async def test_a_network_that_does_not_start_is_told(tmp_path: Path) -> None:
    network = await start_simulation(tmp_path / "no" / "folder")
    try:
        with pytest.raises(PreconditionError, match="did not start"):
            await network.started()
    finally:
        await network.stop()


async def test_a_network_that_takes_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nocmesh.launch.simulation.START_SECONDS", 0.0)
    network = await start_simulation(tmp_path)
    try:
        with pytest.raises(PreconditionError, match="within 0 s"):
            await network.started()
    finally:
        await network.stop()
