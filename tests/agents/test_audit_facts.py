"""What a message states for the audit."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.bus import Received, Speaker
from nocmesh.ids import digest
from nocmesh.messages.people import AuditEntry
from nocmesh_agents.audit.evidence import MOST, sha256
from nocmesh_agents.audit.facts import MAX_BYTES, MAX_NAME, fact_of

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def message(subject: str, body: dict[str, Any], speaker: str = "somebody") -> Received[dict[str, Any]]:
    return Received(
        subject=subject,
        body=body,
        id="m1",
        sequence=7,
        at=NOON,
        speaker=Speaker(name=speaker, role="x") if speaker else None,
        correlation_id="",
        headers={},
    )


@pytest.mark.parametrize(
    ("subject", "body", "actor", "kind", "action", "target"),
    [
        (
            "ai.approvals.pending.a1",
            {"requested_by": "remediation-1", "change": {"device": "r1"}},
            "remediation-1", "agent", "change_proposed", "r1",
        ),
        (
            "ai.approvals.votes.a1",
            {"person": "nina", "decision": "approve", "approval_id": "a1"},
            "nina", "person", "vote_approve", "a1",
        ),
        (
            "ai.approvals.orders.freeze.all",
            {"kind": "freeze", "name": "all", "value": "on", "person": "nina", "reason": "storm"},
            "nina", "person", "freeze_ordered", "all",
        ),
        (
            "ai.approvals.orders.autonomy.bgp",
            {"kind": "autonomy", "name": "bgp", "value": "", "person": "ada"},
            "ada", "person", "autonomy_lifted", "bgp",
        ),
        (
            "ai.approvals.decisions.a1",
            {"verdict": "rejected", "device": "r1"},
            "somebody", "system", "change_rejected", "r1",
        ),
        (
            "ai.devices.results.r1",
            {"outcome": "confirmed", "device": "r1"},
            "somebody", "bridge", "change_confirmed", "r1",
        ),
        ("ai.devices.journal.r1.c1", {"kind": "begun", "device": "r1"}, "somebody", "bridge", "device_begun", "r1"),
        (
            "ai.incidents.events.i1",
            {"kind": "triaged", "incident_id": "i1", "actor": "triage-1"},
            "triage-1", "agent", "incident_triaged", "i1",
        ),
        (
            "ai.incidents.events.i1",
            {"kind": "applied", "incident_id": "i1", "actor": "ssh-1"},
            "ssh-1", "bridge", "incident_applied", "i1",
        ),
        (
            "ai.incidents.events.i1",
            {"kind": "fixing", "incident_id": "i1"},
            "somebody", "engine", "incident_fixing", "i1",
        ),
        (
            "ai.attempts.ssh-1",
            {"actor": "bgp-1", "actor_kind": "agent", "action": "tool_refused", "target": "r1", "at": "now"},
            "bgp-1", "agent", "tool_refused", "r1",
        ),
        (
            "ai.attempts.approvals-1",
            {"actor": "nina", "actor_kind": "made up", "action": "signed_in", "target": "mesh", "at": "now"},
            "nina", "system", "signed_in", "mesh",
        ),
        (
            "ai.workflows.journal.r1",
            {
                "run_id": "r1",
                "events": [{"kind": "cancel_requested", "actor": "nina", "data": {"reason": "no"}}],
                "state": {"definition": {"type": "t"}},
            },
            "nina", "person", "cancel_requested", "r1",
        ),
    ],
)  # fmt: skip
def test_who_did_what_to_what(
    subject: str, body: dict[str, Any], actor: str, kind: str, action: str, target: str
) -> None:
    fact = fact_of(message(subject, body))
    assert fact is not None
    assert (fact.actor, fact.actor_kind, fact.action, fact.target) == (actor, kind, action, target)
    assert (fact.source, fact.at) == (f"{subject}#7", NOON.isoformat())


def test_what_is_no_fact_makes_no_entry() -> None:
    step = {"run_id": "r1", "events": [{"kind": "answer_received", "data": {}}], "state": {"definition": {"type": "t"}}}
    assert fact_of(message("ai.workflows.journal.r1", step)) is None
    assert fact_of(message("ai.tasks.assign.bgp", {})) is None


def test_an_unsigned_message_is_of_somebody_unknown() -> None:
    fact = fact_of(message("ai.devices.results.r1", {"outcome": "failed", "device": "r1"}, speaker=""))
    assert fact is not None
    assert fact.actor == "unknown"


QUOTE = {"observation_id": "o1", "device": "r1", "command": "show bgp", "quote": "neighbor 10.0.0.1 down"}
PIECE = {"observation": "o1", "device": "r1", "command": "show bgp", "sha256": sha256(QUOTE["quote"])}


def facts(subject: str, body: dict[str, Any], correlation_id: str = "") -> dict[str, Any]:
    made = fact_of(replace(message(subject, body), correlation_id=correlation_id))
    assert made is not None
    return made.facts


def test_a_diagnosis_says_why_by_what_reasoning_and_on_which_outputs() -> None:
    cause = {"resource": "r1", "fault_type": "x", "confidence": 1, "summary": "s", "evidence": [QUOTE, QUOTE]}
    body = {
        "event_id": "e1", "incident_id": "i1", "kind": "diagnosed", "state": "diagnosed", "text": "x on r1: s",
        "data": {
            "report": {"root_causes": [cause], "recovered": {"evidence": [{**QUOTE, "command": "show log"}]}},
            "reasoner": {"name": "rules", "version": "1", "model": "", "prompt": ""},
        },
    }  # fmt: skip
    found = facts("ai.incidents.events.i1", body, "i1")
    assert (found["why"], found["correlation_id"]) == ("x on r1: s", "i1")
    assert found["reasoner"]["name"] == "rules"
    assert found["evidence"] == [{**PIECE, "command": "show log"}, PIECE]


def test_a_report_without_end_names_so_many_outputs() -> None:
    evidence = [{**QUOTE, "quote": str(n)} for n in range(MOST * 2)]
    body = {"incident_id": "i1", "kind": "closed", "data": {"report": {"root_causes": [{"evidence": evidence}]}}}
    assert len(facts("ai.incidents.events.i1", body)["evidence"]) == MOST


def test_a_proposal_says_what_would_be_done_and_what_it_rests_on() -> None:
    change = {"change_id": "c1", "device": "r1", "commands": ["router bgp 1"], "summary": "put it back"}
    change |= {"pre_state": "p" * 64, "diff": "+x", "reasons": ["it is gone"]}
    body = {"requested_by": "remediation-1", "change": change, "change_hash": "h", "risk": "critical", "quorum": 2}
    found = facts("ai.approvals.pending.a1", body)
    assert (found["why"], found["commands"], found["change_hash"]) == ("put it back", ["router bgp 1"], "h")
    assert found["evidence"] == {"pre_state": "p" * 64, "diff": sha256("+x")}


def test_what_became_of_a_change_rests_on_what_the_device_said() -> None:
    transcript = [{"line": "x", "answer": ""}]
    body = {"outcome": "rolled_back", "device": "r1", "reason": "a check failed", "diff": "", "transcript": transcript}
    found = facts("ai.devices.results.r1", {**body, "checks": [{"passed": True}, {"passed": False}, "odd"]})
    assert (found["why"], found["checks"]) == ("a check failed", "1 of 2")
    assert found["evidence"] == {"diff": "", "transcript": digest(transcript)}


def test_a_vote_and_a_decision_say_why_and_by_whom() -> None:
    vote = {"person": "nina", "decision": "reject", "approval_id": "a1", "comment": "not now", "via": "session"}
    assert facts("ai.approvals.votes.a1", vote)["why"] == "not now"
    decision = {"verdict": "rejected", "device": "r1", "reason": "rejected by nina", "votes": [vote]}
    found = facts("ai.approvals.decisions.a1", decision)
    assert (found["why"], found["votes"][0]["person"]) == ("rejected by nina", "nina")


def test_an_attempt_says_who_tells_of_it_and_how_many_were_not_told() -> None:
    body = {"actor": "bgp-1", "actor_kind": "agent", "action": "tool_refused", "target": "r1", "why": "it writes"}
    found = facts("ai.attempts.ssh-1", {**body, "facts": {"command": "reload"}, "unsaid": 7})
    assert found == {"command": "reload", "why": "it writes", "unsaid": 7, "told_by": "somebody"}


def test_a_message_that_cannot_be_understood_is_a_fact_too() -> None:
    fact = fact_of(message("ai.devices.results.r1", {"device": "r1"}, "ssh-1"))
    assert fact is not None
    assert (fact.actor, fact.action, fact.target) == ("ssh-1", "not_understood", "ai.devices.results.r1")
    assert "outcome" in fact.facts["why"]


WORDS = st.sampled_from(
    (
        "change", "device", "person", "decision", "approval_id", "verdict", "outcome", "kind", "incident_id", "events",
        "state", "data", "report", "evidence", "root_causes", "recovered", "checks", "votes", "commands", "reasons",
        "actor", "action", "target", "facts", "transcript", "quote", "passed",
    )
)  # fmt: skip
ODD = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(WORDS, inner, max_size=6)),
    max_leaves=20,
)
AUDITED = (
    "ai.approvals.pending.a", "ai.approvals.votes.a", "ai.approvals.decisions.a", "ai.attempts.a",
    "ai.devices.results.a", "ai.devices.journal.a.b", "ai.incidents.events.a", "ai.workflows.journal.a",
)  # fmt: skip


@given(st.sampled_from(AUDITED), st.dictionaries(WORDS, ODD, max_size=12))
def test_no_body_stops_the_audit_or_leaves_an_entry_that_breaks_it(subject: str, body: dict[str, Any]) -> None:
    fact = fact_of(message(subject, body))
    if subject != "ai.workflows.journal.a":
        assert fact is not None
    if fact is not None:
        again = msgspec.json.decode(fact.to_json(), type=AuditEntry)
        assert digest(again.to_dict()) == digest(fact.to_dict())


@pytest.mark.parametrize("value", ["x" * 10**6, ["y" * 10**4] * 10**4, {f"k{n}": "z" * 9999 for n in range(10**4)}])
def test_what_is_too_long_for_the_audit_is_cut(value: object) -> None:
    for given_facts in ({"command": value}, value):
        body = {"actor": "a", "actor_kind": "agent", "action": "b", "target": "c" * 10**5, "facts": given_facts}
        fact = fact_of(message("ai.attempts.a", {**body, "why": "because"}))
        assert fact is not None
        assert fact.facts["why"] == "because"
        assert len(fact.to_json()) < MAX_BYTES + 5 * MAX_NAME
