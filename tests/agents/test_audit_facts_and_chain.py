"""The audit: what a message states, and a chain in which nothing can be changed, left out or moved."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from nocmesh.bus import Received, Speaker
from nocmesh.messages.people import AuditEntry
from nocmesh_agents.audit.chain import GENESIS, broken, chained
from nocmesh_agents.audit.facts import fact_of

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FACTS = st.dictionaries(
    st.text(max_size=5),
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.text(max_size=8)),
    max_size=3,
)


def entry(number: int, facts: dict[str, Any] | None = None) -> AuditEntry:
    return AuditEntry(
        index=99, actor=f"a{number}", actor_kind="agent", action="did", target="t", at="now", facts=facts or {}
    )


def chain(*facts: dict[str, Any]) -> list[AuditEntry]:
    entries: list[AuditEntry] = []
    for number, fact in enumerate(facts):
        entries.append(chained(entries[-1] if entries else None, entry(number, fact)))
    return entries


@given(st.lists(FACTS, max_size=6))
def test_a_chain_is_whole_also_after_the_wire(facts: list[dict[str, Any]]) -> None:
    entries = chain(*facts)
    again = [msgspec.json.decode(each.to_json(), type=AuditEntry) for each in entries]
    assert broken(again) == ""
    assert [each.index for each in again] == list(range(len(facts)))
    if again:
        assert again[0].previous == GENESIS


@given(st.lists(FACTS, min_size=2, max_size=6), st.data())
def test_an_edit_is_found(facts: list[dict[str, Any]], data: st.DataObject) -> None:
    entries = chain(*facts)
    at = data.draw(st.integers(0, len(entries) - 1))
    field = data.draw(st.sampled_from(["actor", "action", "target", "at", "source"]))
    entries[at] = replace(entries[at], **{field: "forged"})
    assert f"entry {at} was edited" in broken(entries)


@given(st.lists(FACTS, min_size=2, max_size=6), st.data())
def test_an_edit_that_is_hashed_anew_is_found_at_the_next_entry(
    facts: list[dict[str, Any]], data: st.DataObject
) -> None:
    entries = chain(*facts)
    at = data.draw(st.integers(0, len(entries) - 2))
    entries[at] = chained(entries[at - 1] if at else None, replace(entries[at], actor="forged"))
    assert broken(entries) == f"entry {at + 1} does not follow the one before it"


@given(st.lists(FACTS, min_size=2, max_size=6), st.data())
def test_a_gap_and_a_swap_are_found(facts: list[dict[str, Any]], data: st.DataObject) -> None:
    entries = chain(*facts)
    at = data.draw(st.integers(0, len(entries) - 2))
    assert broken(entries[:at] + entries[at + 1 :])
    swapped = [*entries]
    swapped[at], swapped[at + 1] = swapped[at + 1], swapped[at]
    assert f"where {at} should" in broken(swapped)


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
            "ai.workflows.journal.r1",
            {
                "run_id": "r1",
                "events": [{"kind": "cancel_requested", "actor": "nina", "data": {"reason": "no"}}],
                "state": {"definition": {"type": "t"}},
            },
            "nina", "engine", "cancel_requested", "r1",
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
