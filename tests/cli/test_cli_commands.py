"""Every command: what it says when it is called wrongly or nothing runs, what it costs, and the page about it."""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import typer
from cli.calling import Cli, Said, started, wait_for
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.cli import app as commands
from nocmesh.cli import asking, client
from nocmesh.cli.client import error_of
from nocmesh.cli.output import Format
from nocmesh.cli.reference import page
from nocmesh.errors import NocmeshError
from nocmesh.ports import free_port

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"
PRINTS_NO_DATA = {"up", "dashboard", "agent run", "bridge run", "lab inventory"}


def every(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
        return
    for word, each in inner.items():
        if not each.hidden:
            yield from every(each, f"{name} {word}".strip())


COMMANDS = dict(every(typer.main.get_command(commands.app)))
WANTED = (
    "up, demo, agent run, bridge run, dashboard, incident list, incident show, incident watch, approve, reject, "
    "incident explain, "
    "workflow show, workflow cancel, workflow list, agents list, doctor, keys issue, keys revoke, bus provision, "
    "token create, approval list, approval show, version, audit verify, audit anchor, audit show, audit export"
)


@pytest.mark.parametrize("name", WANTED.split(", "))
def test_a_wanted_command_is_there_and_explains_itself(name: str, cli: Cli) -> None:
    said = cli(*name.split(), "--help")
    assert said.code == 0
    assert f"Usage: nocmesh {name}" in said.out


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - PRINTS_NO_DATA))
def test_a_command_that_prints_data_prints_it_in_four_forms(name: str) -> None:
    [output] = [each for each in COMMANDS[name].params if each.name == "output"]
    assert output.opts == ["-o", "--output"]
    assert isinstance(output.default, Format)


def test_the_four_forms() -> None:
    assert [form.value for form in Format] == ["table", "json", "yaml", "name"]


def test_the_page_about_the_commands_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "run: .venv/bin/python -m nocmesh.cli.reference > docs/reference/cli.md"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_is_on_the_page_once(name: str) -> None:
    headings = [line for line in page().splitlines() if line.startswith("## ")]
    assert sum(heading.strip("#` ").startswith(f"nocmesh {name}") for heading in headings) == 1


def test_hidden_commands_are_not_on_the_page() -> None:
    assert "run-roles" not in page()


# --- what it costs, compared with what Python alone costs in the same run


def seconds(compiled: Path, *words: str) -> float:
    """What a Python that finds its modules compiled costs of the processor: no other program's work counts."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(compiled)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.real
def test_help_and_import_cost_a_few_times_what_python_alone_does(tmp_path: Path) -> None:
    calls = [("-c", "pass"), ("-m", "nocmesh.cli", "--help"), ("-c", "import nocmesh.cli")]
    for words in calls:
        seconds(tmp_path, *words)
    bare, helped, imported = (min(seconds(tmp_path, *words) for _ in range(5)) for words in calls)
    assert helped < 10 * bare
    assert imported < 3 * bare


def loaded(code: str) -> set[str]:
    told = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nsys.stderr.write(' '.join(sys.modules))"],
        check=True,
        capture_output=True,
        text=True,
    )
    return set(told.stderr.split())


HELP = """
sys.argv = ['nocmesh', '--help']
from nocmesh.cli import main
try:
    main()
except SystemExit:
    pass
"""


@pytest.mark.real
@pytest.mark.parametrize("code", ["import nocmesh", "import nocmesh.cli", HELP], ids=["nocmesh", "nocmesh.cli", "help"])
def test_nothing_heavy_is_loaded_for_nothing(code: str) -> None:
    heavy = {"sqlalchemy", "sqlmodel", "asyncssh", "starlette", "nats", "pydantic", "httpx2", "rich.console", "asyncio"}
    assert not loaded(code) & heavy


@pytest.mark.real
def test_the_process_that_stays_loads_neither_sql_nor_ssh_nor_the_roles() -> None:
    found = loaded("import nocmesh.cli.up, nocmesh.cli.demo")
    assert not found & {"sqlalchemy", "sqlmodel", "asyncssh", "starlette", "ruamel.yaml", "nocmesh.inventory"}
    assert not {name for name in found if name.startswith(("nocmesh_agents", "nocmesh_bridges", "nocmesh_dashboard"))}


# --- wrong calls


def test_the_version(cli: Cli) -> None:
    assert cli("version").out.strip() == cli("version", "-o", "json").json["version"]


@pytest.mark.parametrize(
    "words", [["fly"], ["incident"], ["incident", "show"], ["incident", "list", "-o", "xml"], ["up", "--fast"]]
)
def test_a_call_that_makes_no_sense_ends_with_2(words: list[str], cli: Cli) -> None:
    said = cli(*words)
    assert said.code == 2
    assert said.err or "Usage" in said.out


def one_line(said: Said, code: int, *parts: str) -> None:
    assert said.code == code, said.err
    [line] = [line for line in said.err.splitlines() if line.startswith("error: ")]
    assert "Traceback" not in said.err
    for part in parts:
        assert part in line


@pytest.mark.real
def test_where_nothing_runs_it_says_how_to_start(cli: Cli, tmp_path: Path) -> None:
    where = f"http://127.0.0.1:{free_port()}"
    one_line(cli("agents", "list", "--data", str(tmp_path), "--url", where), 3, where, "`nocmesh up`")


@pytest.mark.parametrize("url", ["nonsense", "ftp://x"])
def test_an_address_that_is_none_is_refused(url: str, cli: Cli, tmp_path: Path) -> None:
    one_line(cli("agents", "list", "--data", str(tmp_path), "--url", url), 2, "--url", url)


def test_a_wrong_setting_names_its_variable(cli: Cli) -> None:
    one_line(cli("agents", "list", NOCMESH_HTTP="nowhere"), 2, "NOCMESH_HTTP", "'nowhere'", "HOST:PORT")


def test_a_role_that_there_is_not_names_those_that_there_are(cli: Cli) -> None:
    one_line(cli("agent", "run", "eigrp"), 4, "'eigrp'", "triage")
    one_line(cli("bridge", "run", "telnet"), 4, "'telnet'", "ssh")


def test_a_role_without_credentials_says_how_to_make_them(cli: Cli, tmp_path: Path) -> None:
    one_line(cli("agent", "run", "triage", NOCMESH_DATA=str(tmp_path)), 3, "nocmesh keys issue --name triage")
    one_line(cli("dashboard", NOCMESH_DATA=str(tmp_path)), 3, "NOCMESH_CREDENTIALS")


def test_a_folder_that_may_not_be_written_is_one_line(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    one_line(cli("bus", "provision", "--nats", "x", "--data", str(tmp_path / "file" / "data")), 3, "refuses")


# --- keys and tokens


def test_keys_are_issued_for_a_role_and_revoked(cli: Cli, tmp_path: Path) -> None:
    data, out = ("--data", str(tmp_path / "data")), str(tmp_path / "bgp-7.json")
    conf = str(tmp_path / "nats.conf")
    assert cli("keys", "server-config", "--out", conf, "--store", "/store", *data).out.strip() == conf
    assert (tmp_path / "nats.conf").stat().st_mode & 0o777 == 0o600
    flags = ("--role", "agent", "--type", "bgp", "--name", "bgp-7", "--out", out, *data)
    assert cli("keys", "issue", *flags).out.strip() == out
    assert cli("keys", "issue", *flags, "-o", "json").json == {
        "credentials": out,
        "name": "bgp-7",
        "role": "agent",
        "type": "bgp",
    }
    assert (tmp_path / "bgp-7.json").stat().st_mode & 0o777 == 0o600
    assert len(cli("keys", "revoke", "bgp-7", "-o", "name", *data).out.split()) == 2
    one_line(cli("keys", "revoke", "bgp-7", *data), 4, "'bgp-7'")


def test_keys_of_a_role_that_there_is_not_are_refused(cli: Cli, tmp_path: Path) -> None:
    data = ("--data", str(tmp_path))
    one_line(cli("keys", "issue", "--role", "agent", "--name", "x", "--out", "x", *data), 4)
    cli("keys", "server-config", "--out", str(tmp_path / "c"), "--store", "s", *data)
    one_line(cli("keys", "issue", "--role", "king", "--name", "x", "--out", "x", *data), 2, "king")


def test_streams_need_a_broker_that_is_named(cli: Cli, tmp_path: Path) -> None:
    one_line(cli("bus", "provision", "--data", str(tmp_path)), 3, "--nats")


@pytest.mark.real
def test_a_token_is_for_a_user_and_scopes_that_there_are(cli: Cli, tmp_path: Path) -> None:
    data = ("--data", str(tmp_path))
    one_line(cli("token", "create", "nina", "--scope", "everything", *data), 2, "'everything'", "approve")
    one_line(cli("token", "create", "nina", *data), 4, "'nina'")


# --- what the dashboard answers

KINDS = {400: 2, 401: 5, 403: 5, 404: 4, 409: 3, 422: 2, 503: 3, 504: 6, 500: 1, 418: 1}


@pytest.mark.parametrize(("status", "code"), KINDS.items())
def test_an_answer_becomes_its_exit_code(status: int, code: int) -> None:
    error = error_of(status, {"error": "it is so", "next": "do that"})
    assert error.exit_code == code
    assert error.message.startswith("it is so. do that")
    assert ("NOCMESH_TOKEN" in error.message) is (status == 401)


@given(st.integers(400, 599), st.none() | st.text() | st.lists(st.integers()) | st.dictionaries(st.text(), st.text()))
def test_any_answer_is_an_error_with_words(status: int, body: object) -> None:
    error = error_of(status, body)
    assert isinstance(error, NocmeshError)
    assert error.message


@pytest.mark.parametrize("noun", ["incident", "approval", "workflow"])
def test_what_is_not_there_is_answered_with_the_command_that_lists_it(noun: str) -> None:
    body = {"error": f"there is no {noun} 'x'", "next": "list what is there, for example GET /api/incidents"}
    said = error_of(404, body, f"/api/{noun}s/{{}}").message
    assert said == f"there is no {noun} 'x'. `nocmesh {noun} list` lists what is there"


def test_what_is_missing_is_told() -> None:
    assert error_of(503, {"missing": ["a", "b"]}).message == "a, b"


class Answer(BaseHTTPRequestHandler):
    """Says what the test wants."""

    status, body, waits = 200, b"<html>", 0.0
    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.waits:
            time.sleep(self.waits)  # an answer that comes late is what is tested
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def answering() -> Iterator[tuple[str, type[Answer]]]:
    """A web server that is no dashboard."""
    kind = type("Each", (Answer,), {"asked": []})
    server = HTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", kind
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.real
def test_what_is_no_dashboard_is_told_apart(answering: Any, cli: Cli, tmp_path: Path) -> None:
    url, kind = answering
    where = ("--url", url, "--data", str(tmp_path))
    one_line(cli("agents", "list", *where), 3, "not as a nocmesh dashboard")
    kind.status, kind.body = 502, b"Bad Gateway\x1b[31m"
    said = cli("agents", "list", *where)
    one_line(said, 1, "Bad Gateway")
    assert "\x1b" not in said.err


@pytest.mark.real
def test_an_answer_that_does_not_come_ends_with_6(
    answering: Any, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, kind = answering
    kind.waits = 0.5
    monkeypatch.setattr(client, "TIMEOUT", 0.1)
    one_line(cli("agents", "list", "--url", url, "--data", str(tmp_path)), 6, "0.1 s")


@pytest.mark.real
def test_a_name_cannot_lead_to_another_path(answering: Any, cli: Cli, tmp_path: Path) -> None:
    url, kind = answering
    kind.status, kind.body = 404, b'{"error": "no such incident"}'
    one_line(cli("incident", "show", "../../sign-out?x=1", "--url", url, "--data", str(tmp_path)), 4)
    assert kind.asked == ["/api/incidents/..%2F..%2Fsign-out%3Fx%3D1"]


@pytest.mark.real
def test_every_page_of_a_list_is_fetched(answering: Any, cli: Cli, tmp_path: Path) -> None:
    url, kind = answering
    pages = {"/api/incidents": '{"items":[{"incident_id":"a"}],"next":"p2"}'}
    pages["/api/incidents?after=p2"] = '{"items":[{"incident_id":"b"}],"next":null}'

    def do_get(self: Answer) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(pages[self.path].encode())

    kind.do_GET = do_get
    assert cli("incident", "list", "-o", "name", "--url", url, "--data", str(tmp_path)).out == "a\nb\n"


KNOWN = {
    "/api/incidents/i-1": {"incident_id": "i-1"},
    "/api/incidents/i-2": {"incident_id": "i-2"},
    "/api/approvals?status=pending": {
        "items": [{"approval_id": "a-1", "incident_id": "i-1"}, {"approval_id": "a-9", "incident_id": "i-9"}],
        "next": None,
    },
}


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("i-1", ["i-1 is an incident", "what waits for people there is a-1: name that approval"]),
        ("i-2", ["i-2 is an incident", "none of its changes waits", "`nocmesh incident show i-2`"]),
        ("x", ["no such thing", "`nocmesh approval list` lists what is there"]),
    ],
)
@pytest.mark.parametrize("command", [["approve"], ["reject"], ["approval", "show"]], ids=" ".join)
def test_the_id_of_an_incident_for_that_of_an_approval_is_told_apart(
    answering: Any, cli: Cli, tmp_path: Path, command: list[str], name: str, words: list[str]
) -> None:
    url, kind = answering

    def do_get(self: Answer) -> None:
        self.send_response(200 if self.path in KNOWN else 404)
        self.end_headers()
        self.wfile.write(json.dumps(KNOWN.get(self.path, {"error": "no such thing"})).encode())

    kind.do_GET = do_get
    said = cli(*command, name, "--url", url, "--data", str(tmp_path))
    one_line(said, 4, *words)
    assert "/api/" not in said.err


@pytest.mark.real
def test_ctrl_c_is_quiet(answering: Any, tmp_path: Path) -> None:
    url, kind = answering
    kind.waits = 1.0
    process = started("agents", "list", "--url", url, "--data", str(tmp_path), errors=tmp_path / "errors")
    wait_for(lambda: kind.asked)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    assert (tmp_path / "errors").read_text() == ""


def test_an_incident_that_is_not_over_in_time_ends_with_7_or_6() -> None:
    waits, late = asking._unfinished("i", "awaiting_approval", 5), asking._unfinished("i", "fixing", 5)
    assert (waits.exit_code, late.exit_code) == (7, 6)
    assert "nocmesh approve" in waits.message
    assert "fixing after 5 s" in late.message
