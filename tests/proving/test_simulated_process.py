"""The simulation as a process of its own."""

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nocmesh.errors import InvalidInputError
from nocmesh.inventory import load_inventory
from nocmesh.proving.simulated.__main__ import main
from nocmesh.proving.simulated.control import MAX_LINE, controlled
from nocmesh.proving.simulated.desk import Desk
from nocmesh.proving.simulated.server import SimulatedNetwork
from nocmesh.proving.simulated.topology import PAIR

pytestmark = pytest.mark.real

WAIT = 30.0


class Process:
    """The process, talked to line by line."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "nocmesh.proving.simulated", *arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        heard: dict[str, Any] = json.loads(self._process.stdout.readline())
        return heard

    def ask(self, text: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(text + "\n")
        self._process.stdin.flush()
        return self.hear()

    def end(self) -> int:
        """Close its input; its exit code."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if not self._process.stdin.closed:
            self._process.stdin.close()
        code = self._process.wait(WAIT)
        self._process.stdout.close()
        return code


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    made = Process("--inventory-out", str(tmp_path / "inventory.yaml"), "--topology", "pair", "--fault", "link_down")
    yield made
    made.end()


@pytest.mark.mesh
def test_it_writes_its_inventory_takes_orders_and_ends_with_its_input(process: Process, tmp_path: Path) -> None:
    ready = process.hear()
    assert ready["ready"]
    assert ready["devices"] == ["r1", "r2"]
    assert (tmp_path / "inventory.yaml").stat().st_mode & 0o077 == 0
    assert len(load_inventory(tmp_path / "inventory.yaml").devices) == 2
    at_start = process.hear()
    assert at_start["expect"]["fault_type"] == "link_down"
    assert at_start["alert"]["version"] == "4"
    assert process.ask('{"do": "heal"}') == {"ok": True}
    assert process.ask('{"do": "shows"}') == {"ok": True, "shows": False, "showing": []}
    assert process.end() == 0


async def test_the_desk_answers_each_request() -> None:
    async with SimulatedNetwork.running(PAIR) as network:
        desk = Desk(network)
        done = desk.handle('{"do": "inject", "fault": "bgp_asn_misconfig", "device": "r2"}')
        assert done["ok"]
        assert done["shows"]
        assert done["expect"] == {"resource": "node/r2", "fault_type": "bgp_asn_misconfig"}
        lines = desk.handle('{"do": "log", "device": "r2", "by": "fault"}')["lines"]
        assert [line["line"] for line in lines] == ["router bgp 65002", "neighbor 10.0.12.1 remote-as 65010"]
        assert "remote-as 65010" in desk.handle('{"do": "config", "device": "r2"}')["config"]
        states = {s["device"]: s["state"] for s in desk.handle('{"do": "sessions"}')["sessions"]}
        assert states == {"r1": "Active", "r2": "Idle"}
        assert "none" in desk.handle('{"do": "faults"}')["faults"]
        label = {"resource": "node/r2", "fault_type": "bgp_asn_misconfig"}
        assert desk.handle('{"do": "shows"}') == {"ok": True, "shows": True, "showing": [label]}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON"),
        ("[1]", "not an object"),
        ('{"do": "dance"}', "unknown request 'dance'"),
        ("{}", "unknown request None"),
        ('{"do": "inject", "fault": "gremlins"}', "no fault 'gremlins'"),
        ('{"do": "inject", "fault": 7}', "fault is int"),
        ('{"do": "log", "device": "r9"}', "no simulated device 'r9'"),
        ('{"do": "config"}', "no simulated device ''"),
        ('{"do": {"x": 1}}', "unknown request"),
    ],
)
async def test_a_bad_request_is_answered_not_fatal(text: str, reason: str) -> None:
    async with SimulatedNetwork.running(PAIR) as network:
        answer = Desk(network).handle(text)
        assert not answer["ok"]
        assert reason in answer["error"]


def test_an_unknown_fault_is_refused_before_anything_starts(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--inventory-out", "nowhere", "--fault", "gremlins"])
    assert caught.value.code == 2
    assert "bgp_asn_misconfig" in capsys.readouterr().err


@pytest.fixture
def detached(tmp_path: Path) -> Iterator[Path]:
    """The socket of a campus that takes its orders there."""
    path = tmp_path / "control"
    arguments = ["--inventory-out", str(tmp_path / "i.yaml"), "--topology", "campus-3", "--control-socket", str(path)]
    command = [sys.executable, "-m", "nocmesh.proving.simulated", *arguments]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["devices"][0] == "access1"
    yield path
    process.terminate()
    assert process.wait(WAIT) == 0
    process.stdout.close()
    assert not path.exists(), "it takes its socket away"


def asked(path: Path, *lines: str) -> list[dict[str, Any]]:
    """A client that comes, asks and leaves."""
    with socket.socket(socket.AF_UNIX) as client, client.makefile("rw") as file:
        client.settimeout(WAIT)
        client.connect(str(path))
        answers = []
        for line in lines:
            file.write(line + "\n")
            file.flush()
            answers.append(json.loads(file.readline()))
        return answers


@pytest.mark.mesh
def test_clients_come_and_go_and_the_network_stays(detached: Path) -> None:
    assert detached.stat().st_mode & 0o077 == 0
    at = "interface/dist1/GigabitEthernet1/0/24"
    order = {"do": "inject", "fault": "lag_member_down", "at": at}
    [done, bad] = asked(detached, json.dumps(order), "gibberish")
    assert done["expect"] == {"resource": at, "fault_type": "lag_member_down"}
    assert (bad["ok"], "not JSON" in bad["error"]) == (False, True)
    [again] = asked(detached, '{"do": "shows"}')
    assert again["showing"] == [done["expect"]]
    second = subprocess.run(
        [sys.executable, "-m", "nocmesh.proving.simulated", "--inventory-out", "x", "--control-socket", str(detached)],
        capture_output=True, text=True, timeout=WAIT, check=False,
    )  # fmt: skip
    assert second.returncode == 1
    assert "answers at" in second.stderr


async def running_desk(path: Path) -> None:
    async with SimulatedNetwork.running(PAIR) as network, controlled(path, Desk(network)) as stopped:
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b'{"do": "faults"}\n')
        assert "link_down" in json.loads(await reader.readline())["faults"]
        long, loud = await asyncio.open_unix_connection(str(path))
        loud.write(b"x" * (MAX_LINE + 10) + b"\n")
        assert "a line of more than" in json.loads(await long.readline())["error"]
        loud.close()
        writer.write(b'{"do": "stop"}\n')
        assert json.loads(await reader.readline()) == {"ok": True, "stopping": True}
        async with asyncio.timeout(WAIT):
            await stopped.wait()
        writer.close()


async def test_a_client_stops_it_and_its_socket_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "control"
    await running_desk(path)
    assert not path.exists()


async def test_a_socket_that_was_left_behind_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "control"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    await running_desk(path)


async def test_a_path_that_no_socket_can_have_is_refused(tmp_path: Path) -> None:
    async with SimulatedNetwork.running(PAIR) as network:
        with pytest.raises(InvalidInputError, match="choose a shorter one"):
            async with controlled(tmp_path / ("x" * 120), Desk(network)):
                raise AssertionError("it listens at a path that cannot be")
