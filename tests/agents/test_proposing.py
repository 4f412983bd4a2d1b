"""Who asks for a change, and what of a connector's draft is believed. No bus."""

from typing import Any

import pytest

from nocmesh.bus import Received, Speaker
from nocmesh.clock import SystemClock
from nocmesh.errors import InvalidInputError
from nocmesh.messages.agent import ToolReply, ToolRequest
from nocmesh.messages.change import Change
from nocmesh.policy.policy import built_in
from nocmesh_agents.orchestrator.serving import proposed, requester_of

CALL = ToolRequest(tool="db_write", call_id="c1", incident_id="i1", person="omar")
DRAFT = Change(
    change_id="of-my-own",
    device="crm",
    platform="postgresql",
    commands=["INSERT INTO t VALUES (1)"],
    rollback=[],
    risk="low",
    pre_state="abc",
    requested_by="nobody",
)


def asked(role: str, name: str) -> Received[ToolRequest]:
    speaker = Speaker(name=name, role=role) if role else None
    return Received(
        subject="s",
        body=CALL,
        id="i",
        sequence=0,
        at=SystemClock().now(),
        speaker=speaker,
        correlation_id="",
        headers={},
    )


@pytest.mark.parametrize(
    ("role", "name", "requester"),
    [("dashboard", "dashboard-1", "omar"), ("agent", "bgp-1", "bgp-1"), ("monitor", "m", "m"), ("", "", "unknown")],
)
def test_a_person_is_believed_from_the_dashboard_alone(role: str, name: str, requester: str) -> None:
    assert requester_of(asked(role, name)) == requester


def test_a_draft_becomes_the_change_of_whoever_asked_and_no_lower_than_its_tool() -> None:
    reply = ToolReply(call_id="c1", status="ok", content={"change": DRAFT.to_dict()})
    change = proposed(reply, "db_write", CALL, "omar", built_in())
    assert (change.requested_by, change.incident_id, change.risk) == ("omar", "i1", "high")
    assert change.change_id not in ("", "of-my-own")
    assert proposed(reply, "of_tomorrow", CALL, "omar", built_in()).risk == "high"


BAD: list[dict[str, Any]] = [{"platform": "frr"}, {"pre_state": ""}, {"commands": []}]
DRAFTS = [{}, {"change": None}, {"change": {"device": "x"}}, *({"change": {**DRAFT.to_dict(), **bad}} for bad in BAD)]


@pytest.mark.parametrize("content", DRAFTS)
def test_a_draft_that_is_none_is_refused(content: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match="drafted"):
        proposed(ToolReply(call_id="c1", status="ok", content=content), "db_write", CALL, "omar", built_in())
