"""What a message states for the audit."""

from datetime import UTC, datetime
from typing import Any

import pytest

from nocmesh.bus import Received, Speaker
from nocmesh_agents.audit.facts import fact_of

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
