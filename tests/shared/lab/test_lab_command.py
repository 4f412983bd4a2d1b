"""`nocmesh lab` as people type it: simulated devices anywhere, real routers as root, nothing left behind either way."""

import asyncio
import http.server
import io
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from nocmesh.cli.app import app
from nocmesh.errors import NocmeshError, PreconditionError
from nocmesh.inventory import load_inventory
from nocmesh.lab import alertmanager, ground, runs, simulated
from nocmesh.lab.names import FRR_CONFIG, FRR_STATE, LINKS, NAMESPACES, run_of

pytestmark = pytest.mark.real

GRAPH = """name: own
nodes: [{name: a1}, {name: b1}]
links: [[a1, b1]]
"""


class Shell:
    """The command line, with labs of its own."""

    def __init__(self, labs: Path) -> None:
        self.labs = labs

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """A command as a process of its own, that can be killed."""
        command = [sys.executable, "-m", "nocmesh.cli", "lab", *words]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *words: str, code: int = 0) -> tuple[str, str]:
        """What it printed and what it said."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            ended = _ended("lab", *words)
        assert ended == code, err.getvalue()
        return out.getvalue(), err.getvalue()

    def json(self, *words: str, code: int = 0) -> Any:
        """What it printed, read."""
        return json.loads(self.run(*words, "-o", "json", code=code)[0])


def _ended(*words: str) -> int:
    """The exit code of a command that is run here."""
    try:
        app(list(words), standalone_mode=False)
    except SystemExit as end:
        return int(end.code or 0)
    except NocmeshError as wrong:
        sys.stderr.write(wrong.message)
        return wrong.exit_code
    return 0


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """Whatever a test leaves up is taken down."""
    shell = Shell(tmp_path / "labs")
    monkeypatch.setenv("NOCMESH_LABS", str(shell.labs))
    yield shell
    if runs.kept(shell.labs):
        shell.run("down", "--all")


def test_topologies_and_faults_are_listed_without_a_lab(shell: Shell) -> None:
    rows = {row["name"]: row for row in shell.json("topologies")["items"]}
    assert rows["abilene"] == {"name": "abilene", "links": 15, "routers": 12}
    assert rows["campus"]["switches"] == 3
    faults = shell.run("faults", "-o", "name")[0].split()
    assert {"ospf_area_misconfiguration", "link_down", "stp_root_moved"} <= set(faults)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["up"], 2, "give a topology's name or --graph FILE"),
        (["up", "campus", "--graph", "x.yaml"], 2, "one of them"),
        (["up", "demo", "--simulated", "--igp", "isis"], 3, "simulated devices cannot do --igp: its routers speak BGP"),
        (["up", "--graph", "x.yaml", "--simulated"], 3, "cannot do --graph"),
        (["up", "abilene", "--simulated"], 3, "no topology 'abilene'; there are campus, demo, pair"),
        (["status"], 4, "no lab is up; `nocmesh lab up NAME`"),
        (["down", "ffff"], 4, "no lab 'ffff'"),
        (["down", "ffff", "--all"], 2, "give a lab or --all, not both"),
        (["inject", "link_down"], 4, "no lab is up"),
        (["inventory", "ffff"], 4, "no lab 'ffff'"),
        (["faults", "--run", "ffff"], 4, "no lab 'ffff'"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(shell: Shell, words: list[str], code: int, said: str) -> None:
    assert said in shell.run(*words, code=code)[1]
    assert runs.kept(shell.labs) == []


@pytest.mark.real
def test_simulated_devices_obey_the_same_words_and_say_that_they_are_simulated(shell: Shell, tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.yaml"
    out, err = shell.run("up", "demo", "--simulated", "--inventory-out", str(inventory), "-o", "json")
    made = json.loads(out)
    assert "devices are simulated: asked for" in err
    assert made["simulated"] is True
    assert all(device.device.simulated for device in load_inventory(inventory).devices)
    assert inventory.read_text() == shell.run("inventory")[0]
    assert "bgp_asn_misconfig" in shell.run("faults", "-o", "name")[0].split()
    broken = shell.json("inject", "bgp_asn_misconfig")
    assert (broken["fault_type"], broken["shows"]) == ("bgp_asn_misconfig", True)
    shell.run("status", code=1)
    assert "is as it was" in shell.run("heal")[1]
    assert shell.run("status", made["run_id"])[1].endswith("simulated devices\n")
    assert "take no --param" in shell.run("inject", "bgp_asn_misconfig", "--param", "a=b", code=2)[1]
    assert "expected KEY=VALUE" in shell.run("inject", "bgp_asn_misconfig", "--param", "a", code=2)[1]
    assert "the simulation refused" in shell.run("inject", "no_such_fault", code=4)[1]
    assert "has no Alertmanager" in shell.run("inject", "bgp_asn_misconfig", "--alert", code=3)[1]
    assert shell.json("down")["items"] == [{"run_id": made["run_id"]}]
    assert runs.kept(shell.labs) == []


@pytest.mark.real
async def test_a_simulation_whose_folder_is_deep_is_asked_elsewhere(tmp_path: Path) -> None:
    folder = await simulated.up("pair", tmp_path / ("deep" * 25), lambda _: None)
    assert not str(simulated.socket_of(folder)).startswith(str(tmp_path))
    await simulated.down(folder)
    assert not folder.exists()
    with pytest.raises(PreconditionError, match="has ended"):
        await simulated.ask(folder, do="sessions")
    await simulated.down(folder)


def test_without_root_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nocmesh.lab.ground.os.geteuid", lambda: 1000)
    assert ground.unavailable() == "real routers need root"
    monkeypatch.setattr("nocmesh.lab.ground.os.geteuid", lambda: 0)
    monkeypatch.setattr("nocmesh.lab.ground.shutil.which", lambda _: None)
    monkeypatch.setattr(ground, "_PROGRAMS", {"/nowhere/zebra": "frr", "nowhere": "nftables"})
    assert ground.unavailable() == "real routers need packages that are not installed: frr, nftables"
    monkeypatch.setattr("nocmesh.lab.ground.sys.platform", "darwin")
    assert ground.unavailable() == "real routers need Linux, and this is darwin"


class Hook:
    """A webhook receiver, as the mesh's alerts bridge is one."""

    def __init__(self) -> None:
        self.bodies: queue.Queue[Any] = queue.Queue()
        bodies = self.bodies

        class Door(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                bodies.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(202)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        self._server = http.server.HTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self._server.server_port}/api/webhooks/alertmanager"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def hook() -> Iterator[Hook]:
    """Closed at the end."""
    hook = Hook()
    yield hook
    hook.close()


@pytest.mark.lab
def test_a_lab_from_a_graph_file_is_broken_told_by_alertmanager_and_healed(
    shell: Shell, tmp_path: Path, hook: Hook
) -> None:
    (tmp_path / "graph.yaml").write_text(GRAPH)
    words = ["up", "--graph", str(tmp_path / "graph.yaml"), "--bgp", "ebgp", "--hosts", "2", "--seed", "5"]
    made = shell.json(*words, "--alertmanager", hook.url, "--inventory-out", str(tmp_path / "inventory.yaml"))
    assert made["simulated"] is False
    assert len(load_inventory(tmp_path / "inventory.yaml").devices) == 4
    rows = {row["node"]: row for row in shell.json("status")["items"]}
    assert (rows["a1"]["neighbours"], rows["a1"]["sessions"], rows["a1"]["state"]) == ("1/1", "1/1", "ok")
    fits = {row["fault_type"]: row["fits"] for row in shell.json("faults")["items"]}
    assert (fits["ospf_timer_mismatch"] > 0, fits["isis_auth_mismatch"]) == (True, 0)
    broken = shell.json("inject", "ospf_timer_mismatch", "--at", "node/b1", "--alert")
    assert (broken["resource"], broken["shows"]) == ("node/b1", True)
    alert = hook.bodies.get(timeout=20)
    assert (alert["version"], alert["status"]) == ("4", "firing")
    assert alert["alerts"][0]["labels"]["alertname"]
    assert "has a fault already" in shell.run("inject", "ospf_timer_mismatch", "--at", "node/b1", code=2)[1]
    shell.run("status", code=1)
    assert shell.json("heal")["items"] == [{"resource": "node/b1", "fault_type": "ospf_timer_mismatch"}]
    shell.run("status", made["run_id"])
    pid = int((shell.labs / made["run_id"] / alertmanager.FOLDER / "pid").read_text())
    shell.run("down")
    assert not _runs(pid)
    assert _left_of(made["run_id"]) == []


@pytest.mark.lab
@pytest.mark.parametrize("seconds", [0.0, 0.15, 0.4, 0.8])
def test_a_killed_command_is_cleaned_up_after_whenever_it_died(shell: Shell, seconds: float) -> None:
    with shell.begin("up", "abilene", "--igp", "isis") as process:
        limit = time.monotonic() + 30
        while not runs.kept(shell.labs):
            assert time.monotonic() < limit
        time.sleep(seconds)  # so far has it come, wherever that is
        process.send_signal(signal.SIGKILL)
    (run_id,) = runs.kept(shell.labs)
    assert shell.json("down", "--all")["items"] == [{"run_id": run_id}]
    assert _left_of(run_id) == []
    assert runs.kept(shell.labs) == []


@pytest.mark.lab
def test_a_lab_whose_folder_was_deleted_is_found_by_its_names(shell: Shell) -> None:
    made = shell.json("up", "clos", "--spines", "1", "--leaves", "1", "--no-wait")
    runs.forget_folder(shell.labs / made["run_id"])
    assert _left_of(made["run_id"]) != []
    assert {"run_id": made["run_id"]} in shell.json("down", "--all")["items"]
    assert _left_of(made["run_id"]) == []


@pytest.mark.lab
def test_a_command_that_is_told_to_end_unmakes_what_it_made(shell: Shell) -> None:
    with shell.begin("up", "abilene") as process:
        limit = time.monotonic() + 30
        while not runs.kept(shell.labs):
            assert time.monotonic() < limit
        (run_id,) = runs.kept(shell.labs)
        process.send_signal(signal.SIGTERM)
        err = process.communicate(timeout=60)[1]
    assert process.returncode == 130, err
    assert runs.kept(shell.labs) == []
    assert _left_of(run_id) == []


def test_an_alertmanager_posts_every_alert_at_once() -> None:
    text = alertmanager.config("http://127.0.0.1:1/x")
    assert "group_wait: 0s" in text
    assert "url: http://127.0.0.1:1/x" in text


async def test_an_alertmanager_that_refuses_is_told(tmp_path: Path, hook: Hook) -> None:
    (tmp_path / alertmanager.FOLDER).mkdir()
    (tmp_path / alertmanager.FOLDER / "url").write_text(hook.url)
    with pytest.raises(PreconditionError, match=r"refused the alert \(202\)"):
        await alertmanager.post(tmp_path, {"alerts": [{"labels": {"alertname": "X"}}]})
    assert hook.bodies.get(timeout=5) == [{"labels": {"alertname": "X"}, "annotations": {}}]


def test_only_root_takes_real_routers_down(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = shell.labs / "0000"
    folder.mkdir(parents=True)
    runs.save(folder / runs.RUN_FILE, runs.Run(run_id="0000", topology="clos", subnet=1))
    with monkeypatch.context() as patched:
        patched.setattr("nocmesh.lab.ending.os.geteuid", lambda: 1000)
        assert "only root can take it down" in shell.run("down", code=3)[1]
    runs.forget_folder(folder)


@pytest.mark.lab
def test_a_folder_that_was_only_begun_is_taken_down_too(shell: Shell) -> None:
    (shell.labs / "0000").mkdir(parents=True)
    assert shell.json("down", "--all")["items"][0] == {"run_id": "0000"}
    assert runs.kept(shell.labs) == []


async def test_an_alertmanager_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PreconditionError, match="--alertmanager WEBHOOK_URL"):
        alertmanager.address(tmp_path)
    await alertmanager.stop(tmp_path)
    (tmp_path / alertmanager.FOLDER).mkdir()
    (tmp_path / alertmanager.FOLDER / "url").write_text("http://127.0.0.1:9")
    (tmp_path / alertmanager.FOLDER / "pid").write_text(str(os.getpid()))
    await asyncio.wait_for(alertmanager.stop(tmp_path), 5)  # a process that is not its own lives on
    with pytest.raises(PreconditionError, match="does not answer"):
        await alertmanager.post(tmp_path, {"alerts": [{"labels": {"alertname": "X"}}]})
    monkeypatch.setattr(alertmanager, "PROGRAMS", ("nocmesh-none",))
    with pytest.raises(PreconditionError, match="install prometheus-alertmanager"):
        await alertmanager.start(tmp_path, "http://127.0.0.1:9")


def _runs(pid: int) -> bool:
    """One that has ended and waits to be fetched by its parent has no command line."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except OSError:
        return False


def _left_of(run_id: str) -> list[str]:
    places = (NAMESPACES, FRR_CONFIG, FRR_STATE, LINKS, runs.REGISTRY)
    found = [entry for place in places for entry in place.iterdir()]
    return [str(entry) for entry in found if run_id in (run_of(entry.name), entry.name)]
