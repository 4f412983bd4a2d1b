"""Who may vote, and what the votes make: against an oracle that counts in another way."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from nocmesh.errors import DeniedError, InvalidInputError
from nocmesh.messages.approval import ApprovalRequest, Conditions, Vote
from nocmesh.messages.change import Change
from nocmesh.messages.order import Order
from nocmesh.policy.policy import built_in
from nocmesh_agents.approvals.conditions import conditions_of
from nocmesh_agents.approvals.count import refusal, tally
from nocmesh_agents.approvals.orders import must_be_allowed, order_of

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
END = NOON + timedelta(minutes=30)
CHANGE = Change(change_id="c1", device="r1", platform="frr", commands=["x"], rollback=["no x"])


def request(**more: Any) -> ApprovalRequest:
    base: dict[str, Any] = {
        "approval_id": "a1",
        "run_id": "run-1",
        "step": "approval",
        "incident_id": "i1",
        "change": CHANGE,
        "change_hash": CHANGE.hash(),
        "risk": "critical",
        "quorum": 2,
        "requested_by": "remediation",
        "requested_at": NOON,
        "expires_at": END,
    }
    return ApprovalRequest(**{**base, **more})


def vote(person: str, decision: Any = "approve", minute: int = 1, **more: Any) -> Vote:
    at = NOON + timedelta(minutes=minute)
    return Vote(approval_id="a1", person=person, decision=decision, at=at, **{"change_hash": CHANGE.hash(), **more})


def verdict(votes: list[Vote], now: datetime = NOON, **more: Any) -> str:
    found = tally(request(**more), votes, now)
    return found.verdict if found else "open"


@pytest.mark.parametrize(
    ("votes", "now", "expected"),
    [
        ([], NOON, "open"),
        ([vote("nina")], NOON, "open"),
        ([vote("nina"), vote("omar")], NOON, "approved"),
        ([vote("nina"), vote("nina")], NOON, "open"),
        ([vote("nina"), vote("remediation")], NOON, "open"),
        ([vote("nina"), vote("omar", change_hash="other")], NOON, "open"),
        ([vote("nina"), vote("omar", minute=30)], NOON, "open"),
        ([vote("nina"), vote("omar", "reject")], NOON, "rejected"),
        ([vote("nina"), vote("omar"), vote("uma", "reject")], NOON, "rejected"),
        ([vote("remediation", "reject"), vote("nina")], NOON, "open"),
        ([vote("nina", "reject")], END, "rejected"),
        ([vote("nina"), vote("omar")], END, "expired"),
        ([vote("nina")], END - timedelta(microseconds=1), "open"),
        ([vote("nina")], END, "expired"),
    ],
)
def test_votes_decide(votes: list[Vote], now: datetime, expected: str) -> None:
    assert verdict(votes, now) == expected


def test_a_decision_carries_what_it_is_bound_to_and_every_vote() -> None:
    votes = [vote("nina"), vote("omar")]
    found = tally(request(), votes, NOON)
    assert found is not None
    assert (found.change_hash, found.change_id, found.device, found.run_id) == (CHANGE.hash(), "c1", "r1", "run-1")
    assert (found.votes, found.expires_at, found.quorum) == (votes, END, 2)


def test_the_reason_says_who_rejected_and_how_many_votes_were_missing() -> None:
    rejected = tally(request(), [vote("nina", "reject", comment="wrong router")], NOON)
    expired = tally(request(), [vote("nina")], END)
    assert rejected is not None
    assert expired is not None
    assert rejected.reason == "rejected by nina: wrong router"
    assert expired.reason == "expired with 1 of 2 votes missing"


def waiting(**more: Any) -> dict[str, Any]:
    """What needs nobody, and may be stopped for five minutes."""
    return {"quorum": 0, "delay_seconds": 300.0, **more}


@pytest.mark.parametrize(
    ("votes", "minute", "expected"),
    [
        ([], 0, "open"),
        ([], 4, "open"),
        ([], 5, "approved"),
        ([], 29, "approved"),
        ([], 30, "expired"),
        ([vote("nina")], 1, "approved"),
        ([vote("nina", "reject")], 1, "rejected"),
        ([vote("nina", "reject")], 6, "rejected"),
        ([vote("remediation")], 1, "open"),
    ],
)
def test_what_needs_nobody_waits_for_somebody_who_stops_it(votes: list[Vote], minute: int, expected: str) -> None:
    assert verdict(votes, NOON + timedelta(minutes=minute), **waiting()) == expected


def test_when_it_goes_by_itself_is_known_and_only_where_it_needs_nobody() -> None:
    assert request(**waiting()).goes_at == NOON + timedelta(minutes=5)
    assert request().goes_at is None


@pytest.mark.parametrize(
    ("given", "decision", "said"),
    [
        ({"first": 1}, "reject", "a no is a no"),
        ({"first": -1}, "approve", "0 or more"),
        ({"first": "two"}, "approve", "conditions"),
        ({"devices": "r1"}, "approve", "conditions"),
        ({"devicez": ["r1"]}, "approve", "not devicez"),
        ({"not_after": "2026-01-01T00:00:00"}, "approve", "needs its zone"),
        (["r1"], "approve", "conditions"),
        ({"devices": ["r"] * 101}, "approve", "at most"),
    ],
)
def test_a_condition_that_is_not_understood_is_refused(given: Any, decision: str, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        conditions_of(given, decision)


def test_conditions_are_read_and_none_is_none() -> None:
    found = conditions_of({"devices": ["r1"], "not_after": "2026-01-01T22:00:00Z", "first": 2}, "approve")
    assert found == Conditions(devices=["r1"], not_after=datetime(2026, 1, 1, 22, tzinfo=UTC), first=2)
    assert conditions_of(None, "approve") is conditions_of({}, "reject") is None


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({}, "no order"),
        ({"kind": "party", "name": "x"}, "no order"),
        ({"kind": "freeze"}, "no order"),
        ({"kind": "freeze", "name": "all", "value": "on", "until": "2026-03-01T11:00:00Z"}, "in the future"),
        ({"kind": "freeze", "name": "all", "value": "on", "until": "2026-03-01T13:00:00"}, "in the future"),
        ({"kind": "autonomy", "name": "bgp", "value": "god"}, "no level"),
        ({"kind": "autonomy", "name": "bgp", "value": "act"}, "propose at most"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(wish: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        order_of(wish, "ada", NOON, built_in())


@pytest.mark.parametrize(
    ("until", "before", "may"),
    [(1, None, False), (None, None, True), (1, 60, False), (120, 60, True), (1, -1, True)],
)
def test_a_freeze_that_ends_earlier_than_the_one_before_is_lifted(
    until: int | None, before: int | None, may: bool
) -> None:
    def order(minutes: int | None) -> Order:
        end = NOON + timedelta(minutes=minutes) if minutes is not None else None
        return Order(kind="freeze", name="all", value="on", until=end, person="otto", at=NOON)

    if may:
        must_be_allowed(order(until), ["operator"], order(before))
        return
    with pytest.raises(DeniedError, match="may not lift"):
        must_be_allowed(order(until), ["operator"], order(before))


@pytest.mark.parametrize(
    ("kind", "value", "role", "may"),
    [
        ("freeze", "on", "viewer", False),
        ("freeze", "on", "operator", True),
        ("freeze", "", "operator", False),
        ("freeze", "", "approver", True),
        ("autonomy", "act", "approver", False),
        ("autonomy", "act", "admin", True),
    ],
)
def test_who_may_give_which_order(kind: Any, value: str, role: str, may: bool) -> None:
    order = Order(kind=kind, name="remediation", value=value, person="ada", at=NOON)
    if may:
        must_be_allowed(order, [role])
    else:
        with pytest.raises(DeniedError, match="it takes"):
            must_be_allowed(order, [role])


VOTES = st.builds(
    vote,
    st.sampled_from(["nina", "omar", "uma", "remediation"]),
    st.sampled_from(["approve", "approve", "approve", "reject"]),
    st.integers(0, 33),
    change_hash=st.sampled_from([CHANGE.hash()] * 5 + ["other"]),
)


def oracle(votes: list[Vote], quorum: int, now: datetime) -> str:
    """By person instead of by vote: the first word of each person counts."""
    words: dict[str, str] = {}
    for ballot in reversed(votes):
        if ballot.change_hash == CHANGE.hash() and ballot.at < END:
            words[ballot.person] = ballot.decision
    words.pop("remediation", None)
    if "reject" in words.values():
        return "rejected"
    if now >= END:
        return "expired"
    return "approved" if len(words) >= quorum else "open"


@settings(max_examples=300)
@given(st.lists(VOTES, max_size=7), st.integers(1, 3), st.integers(0, 35))
def test_the_tally_is_that_of_the_oracle(votes: list[Vote], quorum: int, minute: int) -> None:
    now = NOON + timedelta(minutes=minute)
    assert verdict(votes, now, quorum=quorum) == oracle(votes, quorum, now)


@given(st.lists(VOTES, max_size=7), st.integers(0, 35))
def test_voting_again_changes_nothing(votes: list[Vote], minute: int) -> None:
    now = NOON + timedelta(minutes=minute)
    again = [replace(ballot, decision="approve", at=NOON) for ballot in votes if ballot.change_hash == CHANGE.hash()]
    if all(ballot.at < END for ballot in votes):
        assert verdict(votes + again, now) == verdict(votes, now)


def refused(
    person: str = "nina",
    roles: tuple[str, ...] = ("approver",),
    votes: tuple[Vote, ...] = (),
    decided: bool = False,
    now: datetime = NOON,
) -> str:
    code, why = refusal(request(), votes, decided, person, roles, now)
    assert bool(code) is bool(why)
    return code


def test_whoever_has_the_role_may_vote_once_while_it_is_open() -> None:
    assert refused() == ""
    assert refused(votes=(vote("omar"),)) == ""
    assert refused(roles=()) == "denied"
    assert refused(roles=("admin", "viewer")) == "denied"
    assert refused(person="remediation") == "denied"
    assert refused(decided=True) == "conflict"
    forged = request(change=replace(CHANGE, commands=["y"]))
    assert refusal(forged, (), False, "nina", ["approver"], NOON)[0] == "conflict"
    assert refused(now=END) == "conflict"
    assert refused(now=END - timedelta(seconds=1)) == ""
    assert refused(votes=(vote("nina", "reject"),)) == "conflict"


@given(
    st.sampled_from(["nina", "omar", "remediation"]),
    st.lists(st.sampled_from(["approver", "viewer"]), max_size=2),
    st.lists(VOTES, max_size=3),
    st.booleans(),
    st.integers(0, 35),
)
def test_a_vote_is_taken_only_when_every_rule_allows_it(
    person: str, roles: list[str], votes: list[Vote], decided: bool, minute: int
) -> None:
    now = NOON + timedelta(minutes=minute)
    rules = [
        "approver" in roles,
        person != "remediation",
        not decided,
        minute < 30,
        person not in {ballot.person for ballot in votes},
    ]
    assert (refused(person, tuple(roles), tuple(votes), decided, now) == "") is all(rules)
