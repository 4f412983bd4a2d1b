"""``nocmesh eval`` as a command: what it is told, what it says when that makes no sense."""

import json
import os
import signal
from pathlib import Path

import pytest
from cli.calling import Cli, started, wait_for

from nocmesh.cli.evaluating import below, floors_of
from nocmesh.clock import SystemClock
from nocmesh.errors import InvalidInputError
from nocmesh.evaluation.kept import Kept
from nocmesh.evaluation.result import CaseResult, Named
from nocmesh.evaluation.score import score
from nocmesh.messages.report import Report, RootCause

ROUTERS = """\
name: real
topology: clos
alert: {body: {alerts: [{labels: {alertname: X}}]}}
expect: {verdict: false_positive}
"""


def test_it_needs_cases(cli: Cli) -> None:
    said = cli("eval", "run")
    assert (said.code, said.out) == (2, "")
    assert "name a suite with --suite (dev, smoke) or a file with --case" in said.err


def test_an_unknown_suite_is_not_found(cli: Cli) -> None:
    said = cli("eval", "run", "--suite", "smok")
    assert said.code == 4
    assert "there is no suite 'smok'; did you mean 'smoke'?" in said.err


def test_a_mistake_in_a_case_file_is_told_with_its_line(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(ROUTERS.replace("topology", "topolgy"))
    said = cli("eval", "run", "--case", str(tmp_path / "c.yaml"))
    assert said.code == 2
    assert f"{tmp_path}/c.yaml:2: topolgy: unknown key 'topolgy'; did you mean 'topology'?" in said.err


def test_a_name_is_given_once_in_all_files(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(ROUTERS)
    said = cli("eval", "run", "--case", str(tmp_path / "c.yaml"), "--case", str(tmp_path / "c.yaml"))
    assert "more than one case is called 'real'" in said.err


def test_a_filter_that_leaves_nothing_is_a_mistake(cli: Cli) -> None:
    said = cli("eval", "run", "--suite", "smoke", "--filter", "nothing-*")
    assert said.code == 2
    assert "no case is called like 'nothing-*'" in said.err


def test_without_root_cases_on_routers_are_skipped_and_counted(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    (tmp_path / "c.yaml").write_text(ROUTERS)
    said = cli("eval", "run", "--case", str(tmp_path / "c.yaml"), "--out", str(tmp_path / "runs"), "-o", "json")
    assert said.code == 0
    assert "real: skipped: real routers need root" in said.err
    assert json.loads(said.out)["score"]["skipped"] == 1


def test_the_cases_of_a_suite_are_listed(cli: Cli) -> None:
    said = cli("eval", "list", "--suite", "smoke", "-o", "name")
    assert "sim-wrong-as" in said.out.split()


def test_where_nothing_was_kept_nothing_is_listed(cli: Cli, tmp_path: Path) -> None:
    said = cli("eval", "list", "--out", str(tmp_path))
    assert (said.code, said.out, said.err) == (0, "", "nothing to show\n")


def test_an_unknown_run_is_not_found(cli: Cli, tmp_path: Path) -> None:
    assert cli("eval", "show", "yesterday", "--out", str(tmp_path)).code == 4
    assert cli("eval", "compare", "a", "b", "--out", str(tmp_path)).code == 4


@pytest.mark.parametrize("text", ["F1", "F1=high", "beauty=1", "=1", "joint_f1=0.9=1"])
def test_a_floor_names_a_figure_and_a_value(text: str) -> None:
    with pytest.raises(InvalidInputError, match="expected FIGURE=VALUE, a figure of cases, joint_f1"):
        floors_of([text])


def test_a_figure_below_its_floor_or_without_a_value_fails(capsys: pytest.CaptureFixture[str]) -> None:
    total = score([]).total
    assert below(total, floors_of(["F1=0.9", "recall=1"])) == 0
    assert below(total, floors_of(["healthy=0.99"])) == 1
    assert "healthy is None, and should be at least 0.99" in capsys.readouterr().err


def kept(home: Path, *named: str, names: tuple[str, ...] = ("a", "b", "c")) -> str:
    """A run whose cases were told ``named``; of a cable, two were right and one is invalid, one went unanswered."""
    link = Named(resource="link/a:e0--b:e1", fault_type="link_down")
    run = Kept.begin(home, "dev", len(names), SystemClock(), reasoner="rules", repair=True)
    results = []
    for name, fault_type in zip(names, named, strict=True):
        cause = RootCause(resource=link.resource, fault_type=fault_type, confidence=1, summary="")
        report = Report(incident_id="i", state="escalated", verdict="true_positive", confidence=1, root_causes=[cause])
        results.append(
            CaseResult(
                name=name,
                family="link",
                status="judged" if fault_type else "invalid",
                reason="" if fault_type else "no symptom",
                expected=[link],
                verdict_expected="true_positive",
                reports=[report] if fault_type else [],
            )
        )
        run.case(results[-1])
    run.end(results, keep=False)
    return run.run_id


def test_a_run_is_shown_as_a_table_and_what_a_table_does_not_tell(cli: Cli, tmp_path: Path) -> None:
    run = kept(tmp_path, "link_down", "link_flap", "")
    said = cli("eval", "show", run, "--out", str(tmp_path))
    assert [row.split()[:3] for row in said.out.splitlines()[1:]] == [["link", "2", "0.5"], ["all", "2", "0.5"]]
    assert "a: right: true_positive, link_down on link/a:e0--b:e1; no diagnosis" in said.err
    assert "b: WRONG: true_positive, link_flap on link/a:e0--b:e1" in said.err
    assert "c: invalid: no symptom" in said.err
    assert "invalid, not judged: c" in said.err
    assert "no diagnosis in time: 2" in said.err
    assert "handed to a person, with the right cause: 0" in said.err
    assert cli("eval", "show", run, "--out", str(tmp_path), "-o", "name").out == f"{run}\n"


def test_runs_are_listed_and_compared(cli: Cli, tmp_path: Path) -> None:
    first = kept(tmp_path, "link_down", "link_flap", "")
    second = kept(tmp_path, "link_down", "link_down", "link_down", names=("a", "b", "d"))
    listed = cli("eval", "list", "--out", str(tmp_path))
    assert [row.split()[0] for row in listed.out.splitlines()[1:]] == [first, second]
    said = cli("eval", "compare", first, second, "--out", str(tmp_path))
    assert ["joint_f1", "0.5", "1", "0.5"] in [row.split() for row in said.out.splitlines()]
    assert "b: wrong: link_flap on link/a:e0--b:e1 -> right" in said.err
    assert "only in the first: c" in said.err
    assert "only in the second: d" in said.err
    assert "moved:" in cli("eval", "compare", first, second, "--out", str(tmp_path), "-o", "yaml").out


@pytest.mark.alone
@pytest.mark.mesh
def test_a_run_that_is_stopped_keeps_what_it_has_and_leaves_nothing_running(tmp_path: Path) -> None:
    said = tmp_path / "errors"
    words = ("--suite", "smoke", "--filter", "sim-*", "--out", str(tmp_path / "runs"))
    process = started("eval", "run", *words, errors=said)
    wait_for(lambda: "[1/" in said.read_text() or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130, said.read_text()
    [folder] = (tmp_path / "runs").iterdir()
    assert (folder / "score.json").exists()
    assert len(list((folder / "cases").iterdir())) >= 1
    assert not (folder / "work").exists()
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
