"""`nocmesh up`, a real one, and every command that asks it; a user's own agent; what a second one is told."""

import json
import re
import signal
import time
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
from cli.calling import Cli, Said, Up, started, wait_for

from nocmesh.bus import Authority, Mesh
from nocmesh.cli.stopping import ONE_PRESS_SECONDS
from nocmesh.clock import SystemClock
from nocmesh.launch.home import Home
from nocmesh.messages.task import TaskAssignment, TaskResult
from nocmesh.ports import free_port
from nocmesh.proving.broker import eventually
from nocmesh.subjects import subject

pytestmark = [pytest.mark.mesh, pytest.mark.alone]

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "write-an-agent.md"
MOST_MEMORY = 70 * 1024 * 1024
"""Of the process that stays: a third of what it would be with SQL and every role in it."""


@pytest.fixture
def ask(cli: Cli, up: Up) -> Any:
    """A command that asks the running mesh, as nina."""

    def call(*words: str, person: str = "nina") -> Said:
        return cli(*words, "--data", str(up.data), NOCMESH_TOKEN=up.tokens[person])

    return call


def test_it_says_where_it_is_and_who_may_come_in(up: Up) -> None:
    assert f"dashboard and API   {up.http}" in up.said
    assert set(up.tokens) == {"nina", "omar"}
    assert re.search(r"broker +nats://127.0.0.1:\d+", up.said)


def test_the_process_that_stays_is_small(up: Up) -> None:
    assert psutil.Process(up.process.pid).memory_info().rss < MOST_MEMORY


def test_agents_are_listed(ask: Any) -> None:
    assert set(ask("agents", "list", "-o", "name").out.split()) >= {"orchestrator", "triage", "bgp", "ssh"}
    rows = ask("agents", "list", "-o", "json").json["items"]
    assert {row["liveness"] for row in rows} == {"live"}


def test_who_is_nobody_is_denied(cli: Cli, up: Up) -> None:
    said = cli("incident", "list", "--data", str(up.data), NOCMESH_TOKEN="nocm_wrong")
    assert said.code == 5
    assert "NOCMESH_TOKEN" in said.err


@pytest.mark.parametrize(
    "words", [("incident", "show"), ("incident", "explain"), ("incident", "watch"), ("workflow", "show"), ("approve",)]
)
def test_what_does_not_exist_ends_with_4(words: tuple[str, ...], ask: Any) -> None:
    assert ask(*words, "nothing").code == 4


def test_the_user_of_a_trusting_mesh_needs_no_token(cli: Cli, up: Up) -> None:
    assert cli("agents", "list", "-o", "name", "--data", str(up.data), "--user", "nina").code == 0


def test_an_incident_is_followed_from_its_alert_to_its_end(up: Up, ask: Any) -> None:
    up.alert("bgp_asn_misconfig")
    wait_for(lambda: ask("incident", "list", "-o", "name").out)
    [incident] = ask("incident", "list", "-o", "name").out.split()
    wait_for(lambda: ask("approval", "list", "-o", "name").out)
    waits = ask("incident", "watch", incident, "--timeout", "0.5")
    assert waits.code == 7
    assert "AWAITING_APPROVAL" in waits.out
    [approval] = ask("approval", "list", "-o", "name").out.split()
    shown = ask("approval", "show", approval, "-o", "json").json
    stale = ask("approve", approval, "--change-hash", "0" * 64)
    assert stale.code in (2, 3)
    first = ask("approve", approval, "--comment", "right", "-o", "json")
    assert first.json["votes"] == 1
    assert "1 more must approve" in first.err
    assert "rollback" in first.err
    assert ask("approve", approval).code == 3
    second = ask("approve", approval, "--change-hash", shown["change_hash"], person="omar")
    assert (second.code, second.out.strip()) == (0, approval)
    assert "the change is approved" in second.err
    end = ask("incident", "watch", incident, "-o", "json", "--timeout", "60")
    assert end.code == 0, end.err
    assert [json.loads(line)["kind"] for line in end.out.splitlines()][-1] == "closed"
    assert ask("incident", "watch", incident, "-o", "name").out.strip() == incident
    assert "kind: closed" in ask("incident", "watch", incident, "-o", "yaml").out
    assert ask("incident", "show", incident, "-o", "json").json["state"] == "closed"
    told = ask("incident", "explain", incident)
    assert "Do now   Nothing: it is fixed" in told.out
    assert "HOW WE KNOW" in told.out
    assert "While it lasted: Nobody is cut off, but" in " ".join(told.out.split())
    assert "was last seen as its baseline at" in " ".join(told.out.split())
    assert ask("incident", "explain", incident, "--markdown").out.startswith("# ")
    answers = ask("incident", "explain", incident, "-o", "json").json
    assert (answers["incident_id"], answers["needs"]) == (incident, "nothing")
    assert ask("incident", "explain", incident, "-o", "name").out.strip() == incident
    assert incident in ask("incident", "list", "--state", "closed").out
    assert ask("incident", "list", "--state", "closing").code == 2
    up.ask(do="heal")
    audited(ask, incident, first=approval)


def audited(ask: Any, incident: str, *, first: str) -> None:
    """The audit tells the same story, from the evidence to the proof, the refused votes too; and it is whole."""

    def entries() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = ask("audit", "show", "--incident", incident, "-o", "json").json["items"]
        return found

    wait_for(lambda: any(entry["action"] == "incident_closed" for entry in entries()))
    told = entries()
    by_action = {entry["action"]: entry for entry in told}
    story = ["change_proposed", "vote_approve", "vote_approve", "change_approved", "device_begun", "change_confirmed"]
    assert [entry["action"] for entry in told if entry["action"] in story] == story
    assert {entry["actor"] for entry in told if entry["action"] == "vote_approve"} == {"nina", "omar"}
    diagnosed = by_action["incident_diagnosed"]["facts"]
    assert diagnosed["reasoner"]["name"] == "rules"
    assert len(diagnosed["evidence"][0]["sha256"]) == 64
    assert by_action["change_proposed"]["facts"]["commands"]
    refused = ask("audit", "show", "--action", "vote_refused", "--target", first, "-o", "json").json["items"]
    assert ["saw; look again" in entry["facts"]["why"] for entry in refused] == [True, False]
    checked = ask("audit", "verify", "-o", "json")
    assert (checked.code, checked.json["state"]) == (0, "whole"), checked.err


def test_a_rejected_change_escalates(up: Up, ask: Any) -> None:
    before = set(ask("incident", "list", "-o", "name").out.split())
    up.alert("bgp_neighbor_missing")
    wait_for(lambda: ask("approval", "list", "-o", "name").out)
    [incident] = set(ask("incident", "list", "-o", "name").out.split()) - before
    [approval] = ask("approval", "list", "-o", "name").out.split()
    assert "the change is rejected" in ask("reject", approval, "--comment", "not now").err
    assert ask("incident", "watch", incident, "-o", "name", "--timeout", "60").code == 0
    assert ask("incident", "show", incident, "-o", "json").json["state"] == "escalated"
    up.ask(do="heal")


def test_runs_are_listed_shown_and_cancelled(up: Up, ask: Any) -> None:
    up.alert("interface_admin_down")
    wait_for(lambda: ask("approval", "list", "-o", "name").out)
    [run] = [row["run_id"] for row in ask("workflow", "list", "-o", "json").json["items"] if row["status"] == "running"]
    assert ask("workflow", "show", run, "-o", "json").json["run_id"] == run
    assert "run_id:" in ask("workflow", "show", run).out
    said = ask("workflow", "cancel", run, "--reason", "a test")
    assert (said.code, said.out.strip()) == (0, run)
    wait_for(lambda: ask("workflow", "show", run, "-o", "json").json["status"] == "cancelled")
    up.ask(do="heal")


def test_a_token_that_was_made_by_hand_opens_the_door(cli: Cli, up: Up) -> None:
    made = cli("token", "create", "omar", "--days", "1", "--data", str(up.data))
    assert made.code == 0, made.err
    assert cli("agents", "list", "--data", str(up.data), NOCMESH_TOKEN=made.out.strip()).code == 0


def test_streams_are_as_they_should_be(cli: Cli, up: Up) -> None:
    running = Home(up.data).endpoint()
    assert running is not None
    said = cli("bus", "provision", "--data", str(up.data), "--nats", running.nats_url)
    assert (said.code, said.out.strip()) == (0, running.nats_url)


def test_the_doctor_finds_nothing_wrong(cli: Cli, up: Up) -> None:
    said = cli("doctor", "--data", str(up.data), "-o", "json")
    assert said.code == 0, said.out
    assert {row["state"] for row in said.json["items"]} == {"ok"}


def test_a_second_one_on_the_same_folder_is_told_who_has_it(cli: Cli, up: Up) -> None:
    said = cli("up", "--data", str(up.data), "--http", "127.0.0.1:0", "--webhooks", "127.0.0.1:0")
    assert said.code == 3
    assert f"(pid {up.process.pid}, {up.http})" in said.err
    assert Home(up.data).endpoint() is not None


def test_a_taken_port_is_named(cli: Cli, up: Up, tmp_path: Path) -> None:
    taken = up.http.removeprefix("http://")
    said = cli("up", "--data", str(tmp_path), "--http", taken)
    assert said.code == 3
    assert f"error: {taken} is taken" in said.err


async def test_ten_lines_make_an_agent_of_ones_own(up: Up, cli: Cli, tmp_path: Path) -> None:
    """The page docs/how-to/write-an-agent.md, word for word."""
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (tmp_path / "greeter.py").write_text(code)
    [issue] = re.findall(r"^nocmesh (keys issue .*)$", PAGE.read_text(), re.MULTILINE)
    [run] = re.findall(r"^NOCMESH_CREDENTIALS=(\S+) nocmesh (.*)$", PAGE.read_text(), re.MULTILINE)
    credentials = tmp_path / run[0]
    words = [str(credentials) if word == run[0] else word for word in issue.split()]
    assert cli(*words, "--data", str(up.data)).code == 0
    environment = {"NOCMESH_CREDENTIALS": str(credentials)}
    errors = tmp_path / "errors"
    process = started(*run[1].split(), errors=errors, cwd=tmp_path, **environment)
    try:
        await eventually(lambda: "registered" in errors.read_text() or process.poll() is not None, within=30)
        assert "greeter-1" in names(up), errors.read_text()
        assert await greeted(up) == {"greeting": "hello nina", "by": "greeter-1"}
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(20)
    assert code == 0, errors.read_text()
    assert "Traceback" not in errors.read_text()


def names(up: Up) -> set[str]:
    answer = httpx2.get(f"{up.http}/api/agents", headers={"X-Nocmesh-User": "nina"}, trust_env=False).json()
    return {row["agent_id"] for row in answer["items"]}


async def greeted(up: Up) -> dict[str, Any]:
    """What the greeter answers to a task."""
    home = Home(up.data)
    running = home.endpoint()
    assert running is not None
    keys = Authority.open(home.keys).issue("orchestrator", "tester", url=running.nats_url)
    mesh = await Mesh.connect(running.nats_url, keys, clock=SystemClock())
    found: list[TaskResult] = []

    async def answered() -> bool:
        where = subject("ai.tasks.complete.<agent_id>", agent_id="greeter-1")
        found.extend([r.body async for r in mesh.agents.history("RESULTS", where, TaskResult)])
        return bool(found)

    try:
        task = TaskAssignment(task_id="t1", task_type="greet", assigned_to="greeter", parameters={"name": "nina"})
        await mesh.agents.publish(subject("ai.tasks.assign.<assignee>", assignee="greeter"), task, id="t1")
        await eventually(answered, within=30)
    finally:
        await mesh.drain()
    return found[0].result


def children(up: Up) -> dict[str, psutil.Process]:
    """The processes of the mesh, by the first role or program that they run."""
    found = {}
    for child in psutil.Process(up.process.pid).children():
        words = words_of(child) or ["gone"]
        found[words[words.index("--kept") + 1] if "--kept" in words else Path(words[0]).name] = child
    return found


def test_a_role_that_was_killed_is_started_again_and_said_so(up: Up, ask: Any) -> None:
    victim = children(up)["triage"]
    victim.kill()
    wait_for(lambda: children(up).get("triage", victim).pid != victim.pid)
    wait_for(lambda: "process_ended" in up.said)
    assert "process=agents" in up.said
    wait_for(lambda: "triage" in ask("agents", "list", "-o", "name").out)


def test_a_broker_that_was_killed_is_started_again(up: Up, ask: Any) -> None:
    victim = children(up)["nats-server"]
    victim.kill()
    wait_for(lambda: children(up).get("nats-server", victim).pid != victim.pid)
    wait_for(lambda: ask("agents", "list").code == 0)


def test_it_stops_its_roles_first_and_the_broker_last(tmp_path: Path) -> None:
    flags = (f"--http=127.0.0.1:{free_port()}", f"--webhooks=127.0.0.1:{free_port()}", "--nats-port=0")
    process = started("up", "--data", str(tmp_path / "data"), *flags, errors=tmp_path / "errors")
    wait_for(lambda: "Ctrl-C stops it all" in (tmp_path / "errors").read_text() or process.poll() is not None)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    for log in (tmp_path / "data" / "logs").glob("*.log"):
        lines = log.read_text().splitlines()
        said = [line for line in lines if "library=sqlalchemy.pool" not in line]  # a read cut off by the stop
        assert [line for line in said if " error " in line or "Server Shutdown" in line] == []
    assert Home(tmp_path / "data").endpoint() is None


def test_a_second_ctrl_c_kills(tmp_path: Path) -> None:
    flags = (f"--http=127.0.0.1:{free_port()}", f"--webhooks=127.0.0.1:{free_port()}", "--nats-port=0")
    process = started("up", "--data", str(tmp_path / "data"), *flags, errors=tmp_path / "errors")
    errors = tmp_path / "errors"
    wait_for(lambda: "Ctrl-C stops it all" in errors.read_text() or process.poll() is not None)
    for child in psutil.Process(process.pid).children():
        if "--kept" in child.cmdline():
            child.suspend()
    process.send_signal(signal.SIGINT)
    wait_for(lambda: "again to kill" in errors.read_text())
    began = time.monotonic()
    time.sleep(ONE_PRESS_SECONDS + 0.1)  # what comes at once counts as the same press
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert time.monotonic() - began < 8, "it waited for processes that cannot answer"


def test_nothing_outlives_a_keeper_that_was_killed(tmp_path: Path) -> None:
    flags = (f"--http=127.0.0.1:{free_port()}", f"--webhooks=127.0.0.1:{free_port()}", "--nats-port=0")
    words = ("up", "--data", str(tmp_path / "data"), *flags)
    process = started(*words, errors=tmp_path / "errors")
    wait_for(lambda: "Ctrl-C stops it all" in (tmp_path / "errors").read_text() or process.poll() is not None)
    left = psutil.Process(process.pid).children()
    process.kill()
    process.wait()
    wait_for(lambda: not [each for each in left if "--kept" in words_of(each)])
    again = started(*words, errors=tmp_path / "again")
    wait_for(lambda: "Ctrl-C stops it all" in (tmp_path / "again").read_text() or again.poll() is not None)
    assert "broker_left_behind" in (tmp_path / "again").read_text()
    again.send_signal(signal.SIGINT)
    assert again.wait(30) == 0
    assert not [each for each in left if words_of(each)]


def words_of(process: psutil.Process) -> list[str]:
    """What it runs; nothing when it has ended."""
    try:
        return [] if process.status() == psutil.STATUS_ZOMBIE else process.cmdline()
    except psutil.NoSuchProcess:
        return []


@pytest.mark.parametrize(
    ("text", "code", "part"),
    [
        (None, 4, "cannot be read"),
        ("version: 1\ndevises: []\n", 2, "did you mean 'devices'?"),
        ("version: [", 2, "not YAML"),
    ],
)
def test_an_inventory_that_is_wrong_stops_it(text: str | None, code: int, part: str, cli: Cli, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "inventory.yaml").write_text(text)
    flags = (f"--http=127.0.0.1:{free_port()}", f"--webhooks=127.0.0.1:{free_port()}", "--nats-port=0")
    said = cli("up", "--data", str(tmp_path / "d"), "--inventory", str(tmp_path / "inventory.yaml"), *flags)
    assert said.code == code
    assert part in said.err
    assert "Traceback" not in said.err
