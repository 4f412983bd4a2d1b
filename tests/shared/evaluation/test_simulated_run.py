"""Cases end to end on simulated routers: a real mesh, real alerts over HTTP, real SSH, the real command."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.mesh, pytest.mark.alone]


def nocmesh(*words: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NOCMESH_")}
    return subprocess.run(
        [sys.executable, "-m", "nocmesh.cli", *words], capture_output=True, text=True, env=kept, timeout=110
    )


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, "subprocess.CompletedProcess[str]"]:
    """The simulated cases of the smoke suite, once."""
    home = tmp_path_factory.mktemp("eval")
    done = nocmesh("eval", "run", "--suite", "smoke", "--filter", "sim-*", "--out", str(home), "-o", "json")
    assert done.returncode == 0, done.stderr
    return home, done


def run_of(ran: tuple[Path, "subprocess.CompletedProcess[str]"]) -> Any:
    return json.loads(ran[1].stdout)


def test_every_case_is_judged_and_right(ran: tuple[Path, "subprocess.CompletedProcess[str]"]) -> None:
    run = run_of(ran)
    total = run["score"]["total"]
    assert total["cases"] == len(run["results"]) >= 3
    assert (total["joint_f1"], total["detection"], total["healthy"], total["evidence"]) == (1, 1, 1, 1)
    assert {result["reason"] for result in run["results"]} == {""}


def test_what_can_be_mended_is_mended_and_the_network_says_so(
    ran: tuple[Path, "subprocess.CompletedProcess[str]"],
) -> None:
    results = {result["name"]: result for result in run_of(ran)["results"]}
    assert results["sim-wrong-as"]["mended"] is True
    assert results["sim-wrong-as"]["reports"][0]["outcome"]["verification"] == "passed"
    assert results["sim-cable"]["mended"] is False
    assert run_of(ran)["score"]["total"]["repaired"] == 1


def test_the_run_is_kept_and_meshes_leave_nothing(ran: tuple[Path, "subprocess.CompletedProcess[str]"]) -> None:
    [folder] = ran[0].iterdir()
    assert sorted(path.name for path in folder.iterdir()) == ["cases", "log", "run.json", "score.json"]
    assert "sim-cable: right" in (folder / "log").read_text()


def test_it_is_shown_listed_and_compared(ran: tuple[Path, "subprocess.CompletedProcess[str]"]) -> None:
    home, [folder] = str(ran[0]), list(ran[0].iterdir())
    listed = json.loads(nocmesh("eval", "list", "--out", home, "-o", "json").stdout)["items"]
    assert [item["run"] for item in listed] == [folder.name]
    shown = nocmesh("eval", "show", folder.name, "--out", home)
    assert "sim-wrong-as: right: true_positive, bgp_asn_misconfig on node/core1" in shown.stderr
    assert shown.stdout.splitlines()[-1].startswith("all")
    compared = json.loads(nocmesh("eval", "compare", folder.name, folder.name, "--out", home, "-o", "json").stdout)
    assert compared["moved"] == []
