"""``nocmesh eval`` as a command: what it is told, what it says when that makes no sense."""

import json
from pathlib import Path

import pytest
from cli.calling import Cli

from nocmesh.cli.evaluating import below, floors_of
from nocmesh.errors import InvalidInputError
from nocmesh.evaluation.score import score

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
