"""Real processes: no shell, four variables, an empty folder, limits, and nothing of them left behind."""

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from nocmesh.errors import GuardError
from nocmesh.proving.broker import eventually
from nocmesh_bridges.connect.form import CommandEntry
from nocmesh_bridges.connect.targets import Targets
from nocmesh_bridges.local.hand import CommandHand
from nocmesh_bridges.local.running import NotRunError, Ran, may_unshare, run

pytestmark = pytest.mark.real

APART = [False, pytest.param(True, marks=pytest.mark.skipif(not may_unshare(), reason="needs root and unshare(1)"))]


def entry_of(*argv: str, **more: Any) -> CommandEntry:
    return CommandEntry.model_validate({"name": "probe", "argv": argv, **more})


async def ran(script: str, *, apart: bool = False, **more: Any) -> Ran:
    entry = entry_of("/bin/sh", "-c", script, **more)
    return await run(entry, entry.argv, apart=apart)


@pytest.mark.parametrize("apart", APART)
async def test_it_runs_with_nothing_of_ours(apart: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOCMESH_SECRET", "sesame")
    found = await ran("env; pwd; ls -A; cat; ulimit -c; exit 3", apart=apart)
    assert found.status == 3, found.errors
    names = {line.partition("=")[0] for line in found.output.splitlines() if "=" in line}
    assert names - {"PWD", "_", "SHLVL", "OLDPWD"} == {"PATH", "LANG", "HOME", "TMPDIR"}
    folder = next(line.removeprefix("HOME=") for line in found.output.splitlines() if line.startswith("HOME="))
    assert f"\n{folder}\n0" in found.output
    assert folder not in map(str, Path(folder).parent.iterdir())


async def test_words_are_words_and_never_commands(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    words = [f"; touch {taken}", f"$(touch {taken})", f"`touch {taken}`", f"| touch {taken}", "*", "a\nb"]
    entry = entry_of("/usr/bin/printf", "%s,", *words)
    found = await run(entry, entry.argv)
    assert found.output == "".join(f"{word}," for word in words)
    assert not taken.exists()


@pytest.mark.parametrize("apart", APART)
async def test_at_its_time_it_ends_with_all_that_it_started(apart: bool, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    began = time.monotonic()
    found = await ran(f"sleep 60 & echo $! > {pid}; readlink /proc/self/ns/pid; sleep 60", apart=apart, seconds=0.7)
    assert (found.late, found.status) == (True, None)
    assert time.monotonic() - began < 5
    if not apart:
        assert _gone(int(pid.read_text()))
    assert not _running(f"echo $! > {pid}")


@pytest.mark.skipif(not may_unshare(), reason="needs root and unshare(1)")
async def test_apart_it_has_no_network_and_what_leaves_its_group_ends_too(tmp_path: Path) -> None:
    found = await ran(
        f"setsid sleep 61.25 >/dev/null 2>&1 & cat /proc/self/net/dev; echo > {tmp_path}/done", apart=True
    )
    assert "eth" not in found.output
    assert found.status == 0
    assert not _running("sleep\x0061.25")


STARTER = """
import asyncio, sys
from nocmesh_bridges.connect.form import CommandEntry
from nocmesh_bridges.local.running import run
entry = CommandEntry(name="probe", argv=("/bin/sleep", sys.argv[1]), seconds=60)
asyncio.run(run(entry, entry.argv, apart=sys.argv[2] == "True"))
"""


@pytest.mark.parametrize("apart", APART)
async def test_when_the_connectors_are_killed_it_ends_too(apart: bool) -> None:
    seconds = f"61.{os.getpid()}{int(apart)}"
    starter = await asyncio.create_subprocess_exec(sys.executable, "-c", STARTER, seconds, str(apart))
    try:
        await eventually(lambda: _soon(f"/bin/sleep\x00{seconds}", there=True), within=10)
    finally:
        starter.kill()
        await starter.wait()
    await eventually(lambda: _soon(f"/bin/sleep\x00{seconds}", there=False), within=5)


async def _soon(text: str, *, there: bool) -> bool:
    return _running(text) == there


@pytest.mark.parametrize(
    ("script", "more", "said"),
    [
        ("while :; do :; done", {"seconds": 0.9}, None),
        ("head -c 20000000 /dev/zero > f; wc -c < f", {"megabytes": 16}, "16777216"),
        ("x=$(head -c 200000000 /dev/zero | tr '\\0' x); echo ${#x}", {"megabytes": 64}, ""),
        ("yes | head -c 5000000", {"kilobytes": 2}, "y\n" * 1024),
        ("yes >&2", {"kilobytes": 2}, ""),
    ],
    ids=["processor", "file", "memory", "output", "errors"],
)
async def test_each_limit_holds(script: str, more: dict[str, Any], said: str | None) -> None:
    found = await ran(script, **more)
    if said is None:
        assert found.late
    else:
        assert found.output.strip() == said.strip()
    assert found.truncated == ("kilobytes" in more)


async def test_a_program_that_is_not_there_is_not_run() -> None:
    entry = entry_of("/nowhere/at/all")
    with pytest.raises(NotRunError, match="no program"):
        await run(entry, entry.argv)


# --- as a target


def hand_of(*entries: CommandEntry) -> CommandHand:
    return CommandHand(Targets(commands=entries), b"k")


async def test_what_only_reads_is_run_on_the_spot_and_nothing_else_is() -> None:
    low = entry_of("/bin/echo", "snmp-server community sesame ro", read_only=True, risk="low")
    found = await hand_of(low).look({"command": "probe"})
    assert found["status"] == 0
    assert "sesame" not in found["output"]
    for risk in ("medium", "high", "critical"):
        with pytest.raises(GuardError, match="call local_change"):
            await hand_of(entry_of("/bin/echo", risk=risk)).look({"command": "probe"})


async def test_another_program_at_the_same_place_is_not_run(tmp_path: Path) -> None:
    program, did = tmp_path / "program", tmp_path / "did"
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    hand = hand_of(entry_of(str(program)))
    ask = hand.asked({"command": "probe"})
    state = await hand.state(ask)
    program.write_text(f"#!/bin/sh\ntouch {did}\n")

    async def mark(text: str) -> None:
        raise AssertionError(text)

    done = await hand.act(ask, state, mark)
    assert (done.outcome, did.exists()) == ("failed", False)


def _gone(pid: int) -> bool:
    """Whether it is no more, or only waits for whoever inherited it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def _running(text: str) -> bool:
    """Whether a process has ``text`` in its command line."""
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if text in line.read_text(errors="replace"):
                return True
        except OSError:
            continue
    return False
