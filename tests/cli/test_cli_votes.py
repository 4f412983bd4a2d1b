"""The demo's users vote only where no person has in time; and its diagnosis is held against what was injected."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.cli.asking import outcome
from nocmesh.cli.bench import row_of
from nocmesh.cli.demo import summary
from nocmesh.cli.votes import due, verdict_on

USERS = ["nina", "omar"]
RIGHT = {"resource": "node/r1", "fault_type": "bgp_asn_misconfig"}


def approval(*people: str, status: str = "pending", quorum: int = 2) -> dict[str, Any]:
    return {"status": status, "quorum": quorum, "votes": [{"person": each} for each in people]}


@pytest.mark.parametrize(
    ("waiting", "waited", "voters"),
    [
        (approval(), 19.9, []),
        (approval(), 20.0, ["nina", "omar"]),
        (approval("nina"), 20.0, ["omar"]),
        (approval("omar"), 20.0, ["nina"]),
        (approval("somebody"), 20.0, ["nina"]),
        (approval("nina", "omar"), 20.0, []),
        (approval(status="approved"), 20.0, []),
        (approval(status="rejected"), 99.0, []),
        (approval(quorum=1), 20.0, ["nina"]),
    ],
)
def test_only_missing_votes_are_added_and_only_in_time(waiting: Any, waited: float, voters: list[str]) -> None:
    assert due(waiting, USERS, waited, 20.0) == voters


@given(st.lists(st.sampled_from(["nina", "omar", "vera"]), unique=True), st.integers(0, 4), st.floats(0, 60))
def test_nobody_votes_twice_and_never_more_than_are_missing(people: list[str], quorum: int, waited: float) -> None:
    voters = due(approval(*people, quorum=quorum), USERS, waited, 20.0)
    assert not set(voters) & set(people)
    assert len(voters) <= max(max(quorum, 1) - len(people), 0), "one yes ends the waiting of what needs nobody"


@pytest.mark.parametrize("state", ["closed", "escalated"])
def test_an_incident_is_judged_by_its_cause_and_not_by_its_end(state: str) -> None:
    assert verdict_on({"state": state, "verdict": "true_positive", "root_causes": [RIGHT]}, RIGHT) == ""


@pytest.mark.parametrize(
    "causes", [[], [{**RIGHT, "resource": "node/r2"}], [RIGHT, {"resource": "x", "fault_type": "y"}]]
)
def test_a_wrong_or_further_cause_is_told(causes: list[Any]) -> None:
    assert "injected was bgp_asn_misconfig on node/r1" in verdict_on({"root_causes": causes}, RIGHT)


def test_a_healthy_network_needs_a_false_alarm() -> None:
    assert verdict_on({"verdict": "false_positive"}, None) == ""
    assert "was healthy" in verdict_on({"verdict": "true_positive", "root_causes": [RIGHT]}, None)
    assert "no cause" in verdict_on({"verdict": "uncertain"}, None)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"votes": 1, "quorum": 2, "decision": ""}, "your vote to approve counts; 1 more must approve, not you again"),
        ({"votes": 2, "quorum": 2, "decision": "approved"}, "the change is approved"),
        ({}, "your vote to approve counts"),
    ],
)
def test_a_voter_learns_what_is_missing(answer: Any, said: str) -> None:
    assert outcome(answer, "approve") == said


def report(**more: Any) -> dict[str, Any]:
    timing = {"seconds": 0.5, "seconds_to_end": 3.0, "device_commands": 42}
    return {
        "incident_id": "i",
        "state": "closed",
        "verdict": "true_positive",
        "root_causes": [],
        "timing": timing,
    } | more


def test_the_summary_has_cause_change_and_proof() -> None:
    proposal = {"device": "r1", "commands": ["a", "b"], "rollback": ["c"]}
    cause = {**RIGHT, "summary": "wrong AS"}
    told = "\n".join(
        summary(report(root_causes=[cause], proposals=[proposal], outcome={"verification": "passed", "rolled_back": 0}))
    )
    for part in ("i: closed", "bgp_asn_misconfig on node/r1: wrong AS", "0.5 s with 42", "r1: a; b", "c", "passed"):
        assert part in told
    assert "verification" not in "\n".join(summary(report()))


def test_a_row_of_the_benchmark_is_the_median_of_what_was_told() -> None:
    slow = report(timing={"seconds": 2.5, "seconds_to_end": 9.0, "device_commands": 44})
    row = row_of("x", [{}, report(), slow])
    assert (row["seconds_to_diagnosis"], row["seconds_to_end"], row["device_commands"]) == (1.5, 6.0, 43)
    assert row_of("x", [{}]) == {"fault": "x", "state": "failed"}
