"""The script that takes a change back, run by a real shell, whatever the rollback holds; of two one wins."""

import contextlib
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nocmesh.errors import DeviceError, InvalidInputError
from nocmesh.proving.broker import eventually
from nocmesh_bridges.ssh import switchscript as script
from nocmesh_bridges.ssh.guard import MAX_SHELL_LENGTH

LINES = st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=120), max_size=6)
HOSTILE = [
    "'; touch escaped; '",
    "$(touch escaped)",
    "`touch escaped`",
    '" ; touch escaped #',
    "EOF",
    "\\",
    "-e",
    " lead and trail ",
    "%s %d",
    "nft 'add rule inet f in $(touch escaped)'",
]


def sh(line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=False, timeout=20)


def files(switch: str) -> set[str]:
    return {path.name for path in Path(script.folder(switch)).iterdir()}


@contextlib.contextmanager
def placed(rollback: list[str], *, router: bool) -> Iterator[str]:
    """A switch that lies on this machine, not started."""
    switch = secrets.token_hex(8)
    try:
        lines = script.placing(switch, rollback, router=router)
        assert max(map(len, lines)) <= MAX_SHELL_LENGTH
        done = sh("\n".join(["set -e", *lines]))
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        yield switch
    finally:
        shutil.rmtree(script.folder(switch), ignore_errors=True)


def write(switch: str, name: str, text: str) -> None:
    Path(script.folder(switch), name).write_text(text)


def runs(switch: str) -> bool:
    """Whether a process of the switch is there."""
    mark = f"{script.folder(switch)}/switch\0".encode()
    return any(mark in read(path) for path in Path("/proc").glob("[0-9]*/cmdline"))


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # it has ended meanwhile


def state(switch: str) -> str:
    line = script.looking(switch)
    assert len(line) <= MAX_SHELL_LENGTH
    return script.state_of(sh(line).stdout).word


def started(switch: str, seconds: int, program: tuple[str, ...] = ()) -> None:
    done = sh(script.launching(switch, seconds, program))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@given(rollback=LINES)
@example(rollback=HOSTILE)
@settings(max_examples=15, deadline=None)
def test_whatever_a_rollback_holds_is_typed_as_it_is_and_nothing_of_it_is_run(rollback: list[str]) -> None:
    with placed(rollback, router=True) as switch:
        where = Path(script.folder(switch))
        (where / "typist").write_text(f"cat >> {where}/typed\n")
        run = ["/bin/sh", f"{where}/switch", str(where), "0", "/bin/sh", f"{where}/typist"]
        subprocess.run(run, check=True, timeout=20, capture_output=True)
        assert (where / "typed").read_text().splitlines() == ["configure terminal", *rollback, "end"]
        assert files(switch) == {"switch", "typist", "typed", "pid", "end", "log", "done"}
        told = script.typed_of((where / "log").read_text(), rollback)
        assert told == [{"line": line, "answer": "typed by the device itself"} for line in rollback]


@given(rollback=LINES)
@example(rollback=HOSTILE)
@settings(max_examples=15, deadline=None)
def test_each_line_for_a_shell_stays_one_line_of_data(rollback: list[str]) -> None:
    with placed(rollback, router=False) as switch:
        where = Path(script.folder(switch))
        rows = (where / "lines").read_text().split("\n")[:-1]
        assert rows[2::3] == rollback
        assert len(rows) == 3 * len(rollback)
        assert (where.stat().st_mode & 0o777, (where / "lines").stat().st_mode & 0o777) == (0o700, 0o600)


async def test_commands_are_typed_one_by_one_though_one_of_them_fails() -> None:
    rollback = ["exit 3", "test -d .", "cat"]
    with placed(rollback, router=False) as switch:
        started(switch, 0)
        await eventually(lambda: state(switch) == "done")
        told = script.typed_of(sh(script.telling(switch)).stdout, rollback)
        said = "typed by the device itself"
        assert [line["answer"] for line in told] == [f"{said}; exit status 3", said, said]
        assert "lines" not in files(switch)


async def test_what_is_confirmed_is_not_taken_back() -> None:
    with placed(["touch fired-after-all"], router=False) as switch:
        started(switch, 1)
        await eventually(lambda: state(switch) == "armed")
        assert script.state_of(sh(script.looking(switch)).stdout).left in (0, 1)
        assert sh(script.keeping(switch)).returncode == 0
        await eventually(lambda: "lines" not in files(switch), within=5)  # it has seen so, and has ended
        assert state(switch) == "kept"
        assert "fired-after-all" not in files(switch)
        assert sh(script.removing(switch)).returncode == 0
    assert state(switch) == "gone"


async def test_what_is_removed_ends_at_once() -> None:
    with placed(["true"], router=False) as switch:
        started(switch, 60)
        await eventually(lambda: state(switch) == "armed")
        assert runs(switch)
        assert sh(f"{script.keeping(switch)}; {script.removing(switch)}").returncode == 0
        await eventually(lambda: not runs(switch), within=0.5)


def test_a_number_that_is_another_process_by_now_is_left_alone() -> None:
    with placed(["true"], router=False) as switch, subprocess.Popen(["sleep", "60"], start_new_session=True) as other:
        write(switch, "pid", str(other.pid))
        assert sh(script.removing(switch)).returncode == 0
        assert other.poll() is None
        other.kill()


async def test_confirming_and_going_back_exclude_each_other() -> None:
    for _ in range(12):
        with placed(["touch typed"], router=False) as switch:
            started(switch, 0)
            while state(switch) == "arming":
                pass
            kept = sh(script.keeping(switch)).returncode == 0
            await eventually(lambda: state(switch) in ("kept", "done"), within=5)
            assert kept is (state(switch) == "kept")
            assert ("typed" in files(switch)) is not kept


async def test_a_router_that_does_not_answer_is_no_place_for_a_switch() -> None:
    with placed(["router bgp 1"], router=True) as switch:
        started(switch, 0, ("false",))
        await eventually(lambda: state(switch) == "failed")
        assert "log" not in files(switch)


@pytest.mark.parametrize("switch", ["", "x", "../../etc", "0123456", "0123456789abcdeg", "01234567; reboot", "0" * 65])
def test_only_our_own_ids_name_a_folder(switch: str) -> None:
    for make in (script.folder, script.looking, script.keeping, script.removing, script.telling):
        with pytest.raises(InvalidInputError, match="no id of a switch"):
            make(switch)


@pytest.mark.parametrize("line", ["two\nlines", "\x1b[A", "caf\u00e9", "tab\there"])
def test_a_rollback_that_is_not_whole_lines_is_not_placed(line: str) -> None:
    with pytest.raises(InvalidInputError, match="not one line"):
        script.placing("0" * 16, [line], router=True)


@given(st.text(max_size=200))
@example("armed")
@example("armed 5 5")
@example("armed x")
@example("ARMED 5")
def test_what_is_no_state_is_not_taken_for_one(answer: str) -> None:
    try:
        found = script.state_of(answer)
    except DeviceError:
        return
    word, left = answer.strip().split(" ")
    assert (word, int(left)) == (found.word, found.left)


@given(st.text(max_size=200), LINES)
def test_a_log_tells_of_no_other_lines_than_the_rollbacks(answer: str, rollback: list[str]) -> None:
    told = script.typed_of(answer, rollback)
    assert all(line["line"] in rollback for line in told)


@pytest.mark.parametrize(
    ("processes", "program"),
    [
        ("COMMAND\n/usr/lib/frr/zebra -d -A 127.0.0.1\n", script.VTYSH),
        ("", script.VTYSH),
        ("/usr/lib/frr/zebra -d -N r1 -A 127.0.0.1\n/usr/lib/frr/bgpd -d -N r1", (*script.VTYSH, "-N", "r1")),
        ("/usr/lib/frr/zebra -d -N r1\r\n/usr/lib/frr/zebra -d -N r2\r\n", ()),
        ("/usr/lib/frr/zebra -d -N $(reboot) -A 127.0.0.1", script.VTYSH),
    ],
)
def test_vtysh_is_told_where_the_daemons_are(processes: str, program: tuple[str, ...]) -> None:
    assert script.vtysh_of(processes) == program
