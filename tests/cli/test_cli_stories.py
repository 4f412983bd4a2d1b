"""The demo's stories: what breaks where, what is recorded, and how a fix that cannot help ends."""

import json
from pathlib import Path

import pytest
from cli.calling import Cli

from nocmesh.cli.stories import SHIFT_FAULTS, Blow, Chapter, chapters, topology, wrong_end
from nocmesh.errors import NotFoundError

LINKS = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]


def test_a_shift_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    shift = chapters("shift", "", 7, 5, LINKS)
    assert shift == chapters("shift", "", 7, 5, LINKS)
    assert shift != chapters("shift", "", 8, 5, LINKS)
    assert topology("shift", 7, 9) == "synthetic-7-9"


@pytest.mark.parametrize("seed", range(8))
def test_every_blow_of_a_shift_falls_on_cabled_neighbours_and_only_the_last_fix_cannot_help(seed: int) -> None:
    *mendable, last = chapters("shift", "", seed, 12, LINKS)
    wires = set(map(frozenset, LINKS))
    assert all(frozenset((each.blow.device, each.blow.target)) in wires for each in (*mendable, last))
    assert [each.blow.fault for each in mendable[:3]] == list(SHIFT_FAULTS[:3])
    assert [each.meanwhile for each in mendable] == [None] * 11
    assert last.meanwhile == Blow(fault="bgp_auth_mismatch", device=last.blow.target, target=last.blow.device)


def test_an_unknown_story_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(NotFoundError, match="known: fix, failed-fix, shift"):
        topology("sonnet", 1, 8)


def test_a_network_too_large_is_refused_before_anything_begins(cli: Cli) -> None:
    said = cli("demo", "--headless", "--story", "shift", "--devices", "61")
    assert (said.code, said.out) == (2, "")
    assert "less than or equal to 60" in said.err


def test_a_doomed_fix_ends_well_only_with_a_person_and_rolled_back() -> None:
    doomed = Chapter(blow=Blow(fault="a"), meanwhile=Blow(fault="b"))
    right = {"state": "escalated", "outcome": {"verification": "failed", "rolled_back": True}}
    assert wrong_end(doomed, right) == ""
    assert "is closed" in wrong_end(doomed, {**right, "state": "closed"})
    assert "rolled back: None" in wrong_end(doomed, {"state": "escalated", "outcome": None})
    assert wrong_end(Chapter(blow=Blow(fault="a")), {}) == ""


@pytest.mark.alone
@pytest.mark.mesh
def test_a_shift_ends_with_a_fix_that_fails_and_everything_is_on_the_record(cli: Cli, tmp_path: Path) -> None:
    kept, log = tmp_path / "kept", tmp_path / "shift.log"
    flags = ("--devices", "3", "--incidents", "2", "--keep", str(kept), "--log-file", str(log))
    said = cli("demo", "--headless", "-o", "json", "--story", "shift", *flags)
    assert said.code == 0, said.err
    mended, failed = (json.loads(line) for line in said.out.splitlines())
    assert (mended["state"], mended["outcome"]["verification"]) == ("closed", "passed")
    assert (failed["state"], failed["verdict"]) == ("escalated", "true_positive")
    assert [cause["fault_type"] for cause in failed["root_causes"]] == ["bgp_neighbor_shutdown"]
    assert (failed["outcome"]["verification"], failed["outcome"]["rolled_back"]) == ("failed", True)
    assert failed["proposals"][0]["rollback"]
    recorded = cli("db", "show", "timeline", "--data", str(kept), "--limit", "100", "-o", "json").json["items"]
    of_it = [entry["kind"] for entry in recorded if entry["incident_id"] == failed["incident_id"]]
    assert set(of_it) >= {"open", "diagnosed", "proposed", "awaiting_approval", "decided", "applied", "escalated"}
    assert "change_ended role=ssh" in log.read_text()
    assert "outcome=rolled_back" in log.read_text()


@pytest.mark.alone
@pytest.mark.mesh
def test_with_verbose_every_role_is_heard_while_it_works(cli: Cli) -> None:
    said = cli("demo", "--headless", "--verbose", "-o", "name", "--fault", "none")
    assert said.code == 0, said.err
    assert len(said.out.split()) == 1
    assert {"core", "edge", "agents", "bridge"} <= {line.split()[0] for line in said.err.splitlines() if line.split()}


def test_the_database_is_listed_and_what_is_not_there_is_said(cli: Cli, tmp_path: Path) -> None:
    nothing = cli("db", "show", "--data", str(tmp_path))
    assert (nothing.code, "there is no database" in nothing.err) == (4, True)
    assert list(tmp_path.iterdir()) == []
