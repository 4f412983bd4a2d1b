"""`nocmesh demo`: what it prints where, how it ends, and who votes."""

import asyncio
import json
import re
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from cli.calling import Cli, started, wait_for

from nocmesh.cli import bench
from nocmesh.cli import demo as story
from nocmesh.cli.client import Client
from nocmesh.cli.demo import Wish, demo, settings_of, troubled
from nocmesh.cli.output import Format
from nocmesh.cli.stories import Blow, Chapter
from nocmesh.cli.telling import Teller
from nocmesh.errors import TooLateError
from nocmesh.ports import free_port

pytestmark = [pytest.mark.mesh, pytest.mark.alone]


def test_without_a_head_the_last_line_is_the_report(cli: Cli, tmp_path: Path) -> None:
    said = cli("demo", "--headless", "-o", "json", "--keep", str(tmp_path / "kept"))
    assert said.code == 0, said.err
    report = json.loads(said.out.splitlines()[-1])
    assert report["state"] == "closed"
    assert len(said.out.splitlines()) == 1
    assert "the diagnosis is right" in said.err
    assert {each.name for each in (tmp_path / "kept").iterdir()} >= {"keys", "nats", "nocmesh.db", "logs"}


def test_an_incident_that_ends_with_a_person_is_a_right_end(cli: Cli) -> None:
    said = cli("demo", "--headless", "-o", "yaml", "--fault", "link_down")
    assert said.code == 0, said.err
    assert "state: escalated" in said.out


def test_the_benchmark_tells_a_false_alarm_as_one(cli: Cli) -> None:
    said = cli("bench", "incident", "--fault", "none", "-o", "json")
    assert said.code == 0, said.err
    [row] = said.json["items"]
    assert (row["fault"], row["state"], row["named"]) == ("none", "closed", [])
    assert 0 < row["seconds_to_diagnosis"] <= row["seconds_to_end"]


async def test_the_benchmark_knows_every_fault() -> None:
    assert set(await bench.known_faults()) > {"none", "bgp_asn_misconfig", "link_down"}


async def test_a_story_that_does_not_end_is_stopped_with_all_that_it_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "LONGEST", 1.5)
    assert await bench.one("none") == {}
    assert [each for each in psutil.Process().children(recursive=True) if "nocmesh.cli" in each.cmdline()] == []


def test_a_fault_that_there_is_not_names_those_that_there_are(cli: Cli) -> None:
    said = cli("demo", "--headless", "--fault", "gremlins")
    assert said.code == 4
    assert "'gremlins'" in said.err
    assert "bgp_asn_misconfig" in said.err


def test_a_taken_port_ends_it_at_once(cli: Cli) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = cli("demo", "--headless", "--http", f"127.0.0.1:{taken.getsockname()[1]}")
    assert said.code == 3
    assert "is taken" in said.err


def test_ctrl_c_ends_it_before_its_end(tmp_path: Path) -> None:
    process = started("demo", "-o", "json", errors=tmp_path / "errors")
    wait_for(lambda: ">>> 2 people must approve" in (tmp_path / "errors").read_text() or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert "Traceback" not in (tmp_path / "errors").read_text()


@asynccontextmanager
async def telling(http: str, capfd: Any) -> AsyncIterator[tuple["asyncio.Task[int]", dict[str, str], list[str]]]:
    """A demo that waits for people: its task, the tokens of its users, and what it has said so far."""
    task = asyncio.create_task(demo(Wish(http=http, form=Format.JSON)))
    said = [""]
    async with asyncio.timeout(60):
        while ">>> 2 people" not in said[0] and not task.done():
            said[0] += capfd.readouterr().err
            await asyncio.sleep(0.05)
    tokens = dict(re.findall(r"demo user (\w+) +signs in with (\S+)", said[0]))
    assert tokens, said[0]
    try:
        yield task, tokens, said
    finally:
        await asyncio.wait([task], timeout=60)
        said[0] += capfd.readouterr().err


async def vote(http: str, token: str) -> None:
    async with Client(f"http://{http}", token) as client:
        [waiting] = (await client.get("/api/approvals", status="pending"))["items"]
        await client.post("/api/approvals/{}/decisions", waiting["approval_id"], body={"decision": "approve"})


async def test_a_person_who_has_voted_is_joined_by_one_more(monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    monkeypatch.setattr(story, "PATIENCE", 1.5)
    http = f"127.0.0.1:{free_port()}"
    async with telling(http, capfd) as (task, tokens, said):
        await vote(http, tokens["omar"])
    assert task.result() == 0
    assert "is approved by omar, nina" in said[0]
    assert "not counted" not in said[0]


async def test_where_people_have_decided_nobody_waits(monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    monkeypatch.setattr(story, "PATIENCE", 600.0)
    http = f"127.0.0.1:{free_port()}"
    async with telling(http, capfd) as (task, tokens, said):
        for token in tokens.values():
            await vote(http, token)
    assert task.result() == 0
    assert "CLOSED" in said[0]


@pytest.mark.parametrize(("cause", "code", "said"), [("link_down", 1, "wrong diagnosis"), ("x", 0, "is right")])
def test_a_wrong_diagnosis_ends_with_1(cause: str, code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    named: Any = None  # of the whole story only its end is told here
    told = story._Demo(Wish(form=Format.NAME), named, named, Teller.of(Format.NAME), named)
    report: dict[str, Any] = {"incident_id": "i", "state": "closed", "verdict": "true_positive"}
    report["root_causes"] = [{"fault_type": "x", "resource": "node/r1", "summary": "it is"}]
    chapter = Chapter(blow=Blow(fault="x"))
    assert told._finish(chapter, report, {"fault_type": cause, "resource": "node/r1"}) == code
    out, err = capsys.readouterr()
    assert out == "i\n"
    assert said in err


async def test_what_takes_too_long_ends_with_6_and_the_last_words(monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    monkeypatch.setattr(story, "LONGEST", 0.0)
    with pytest.raises(TooLateError, match="expected its end long before"):
        await demo(Wish(headless=True))


def test_people_who_look_find_it_where_they_expect_it(tmp_path: Path) -> None:
    assert settings_of(Wish(http="127.0.0.1:9"), tmp_path, tmp_path / "i").http.port == 9
    assert settings_of(Wish(headless=True), tmp_path, tmp_path / "i").http.port != 8080


def test_only_those_who_had_something_to_say_are_quoted(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "quiet.log").write_text("")
    (tmp_path / "logs" / "core.log").write_text("one\ntwo\n")
    [words] = troubled(tmp_path)
    assert words.splitlines()[:3] == ["the last words of core:", "    one", "    two"]
