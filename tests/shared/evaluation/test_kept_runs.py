"""Runs that are kept: written whole, read again, laid side by side."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from shared.evaluation.cases import named, report, result

from nocmesh.clock import FixedClock
from nocmesh.errors import InvalidInputError, NotFoundError
from nocmesh.evaluation.kept import Kept, Run, compare, load_run, outcome, run_names
from nocmesh.evaluation.result import CaseResult

NOON = FixedClock(datetime(2026, 3, 1, 12, tzinfo=UTC))
WRONG_AS = ("node/a", "bgp_asn_misconfig")


def kept(home: Path, *results: CaseResult, keep: bool = False) -> Run:
    run = Kept.begin(home, "smoke", len(results), NOON, reasoner="rules", repair=True)
    run.workspace("01-demo").joinpath("log").write_text("x")
    for one in results:
        run.case(one)
        run.line(one.name)
    return run.end(results, keep=keep)


def right(name: str) -> CaseResult:
    return result(named(WRONG_AS), report(WRONG_AS), name=name)


def wrong(name: str) -> CaseResult:
    return result(named(WRONG_AS), report(("node/b", "bgp_hijacking")), name=name)


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    run = kept(tmp_path, right("a"), wrong("b"))
    assert load_run(tmp_path, run.info.run_id) == run
    assert load_run(Path("elsewhere"), str(tmp_path / run.info.run_id)) == run
    assert run.info.reasoner == "rules"
    assert (tmp_path / run.info.run_id / "log").read_text() == "12:00:00 a\n12:00:00 b\n"


def test_two_runs_of_one_second_have_folders_of_their_own(tmp_path: Path) -> None:
    names = [kept(tmp_path).info.run_id for _ in range(3)]
    assert names == ["20260301-120000-smoke", "20260301-120000-smoke-2", "20260301-120000-smoke-3"]
    assert run_names(tmp_path) == sorted(names)


def test_what_meshes_leave_behind_goes_unless_it_is_wanted(tmp_path: Path) -> None:
    assert not (tmp_path / kept(tmp_path).info.run_id / "work").exists()
    assert (tmp_path / kept(tmp_path, keep=True).info.run_id / "work" / "01-demo" / "log").exists()


def test_a_run_that_was_cut_off_can_be_read(tmp_path: Path) -> None:
    run = Kept.begin(tmp_path, "dev", 2, NOON, reasoner="rules", repair=False)
    run.case(right("a"))
    found = load_run(tmp_path, run.run_id)
    assert (found.info.ended, found.score.total.cases, found.score.total.joint_f1) == (None, 1, 1)


def test_an_unknown_run_is_not_found_and_the_nearest_is_named(tmp_path: Path) -> None:
    run = kept(tmp_path)
    with pytest.raises(NotFoundError, match=f"did you mean '{run.info.run_id}'"):
        load_run(tmp_path, f"{run.info.run_id}x")


@pytest.mark.parametrize("text", ["{half", "{}", "[]", "\x00"])
def test_a_damaged_record_is_refused(tmp_path: Path, text: str) -> None:
    run = kept(tmp_path, right("a"))
    (tmp_path / run.info.run_id / "cases" / "a.json").write_text(text)
    with pytest.raises(InvalidInputError, match="not the record of a run"):
        load_run(tmp_path, run.info.run_id)


def test_a_comparison_tells_figures_and_the_cases_that_moved(tmp_path: Path) -> None:
    first = kept(tmp_path, right("a"), wrong("b"), right("gone"))
    second = kept(tmp_path, right("a"), right("b"), right("new"))
    found = compare(first, second)
    [joint] = [row for row in found.figures if row["figure"] == "joint_f1"]
    assert joint["second"] == 1
    assert joint["difference"] == pytest.approx(1 - joint["first"], abs=1e-4)
    assert [(m.case, m.before, m.after) for m in found.moved] == [("b", "wrong: bgp_hijacking on node/b", "right")]
    assert (found.only_in_first, found.only_in_second) == (["gone"], ["new"])


def test_a_run_beside_itself_differs_in_nothing(tmp_path: Path) -> None:
    run = kept(tmp_path, right("a"), wrong("b"))
    found = compare(run, run)
    assert {row["difference"] for row in found.figures} <= {0, None}
    assert found.moved == []


def test_an_outcome_is_a_few_words() -> None:
    said = [
        outcome(result([], status="invalid")),
        outcome(result([])),
        outcome(result([], report(verdict="uncertain"))),
    ]
    assert said == ["invalid", "wrong: nothing", "wrong: uncertain"]
