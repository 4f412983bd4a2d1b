"""Who asks for a change is whoever the bus says, whatever the message claims."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.bus import Speaker
from nocmesh.messages.workflow import WorkflowRequest
from nocmesh_agents.orchestrator.claims import asks_as, brought_by, with_changes

CHANGE = {"change_id": "c1", "requested_by": "remediation", "risk": "low"}


def request(**more: Any) -> WorkflowRequest:
    return WorkflowRequest(workflow_id="w1", workflow_type="config_change", requester="remediation", **more)


@pytest.mark.parametrize(
    ("speaker", "requester"),
    [
        (None, "outside:unknown"),
        (Speaker(name="ci-1", role="publisher"), "outside:ci-1"),
        (Speaker(name="remediation", role="publisher"), "outside:remediation"),
        (Speaker(name="incidents-1", role="incidents"), "remediation"),
        (Speaker(name="dash", role="dashboard"), "remediation"),
    ],
)
def test_nobody_outside_asks_in_the_name_of_an_agent(speaker: Speaker | None, requester: str) -> None:
    brought = brought_by(request(parameters={"changes": [CHANGE]}), speaker)
    assert brought.requester == requester
    assert brought.parameters["changes"] == [{**CHANGE, "requested_by": requester, "risk": "critical"}]


def test_an_agent_asks_as_its_type_and_everybody_else_by_name() -> None:
    assert asks_as(Speaker(name="remediation", role="agent", type="bgp")) == "bgp"
    assert asks_as(Speaker(name="dash", role="dashboard")) == "dash"
    assert asks_as(None) == "unknown"


@given(
    st.dictionaries(st.text(max_size=5), st.none() | st.integers() | st.text(max_size=5)),
    st.lists(st.none() | st.just(CHANGE)),
)
def test_whatever_a_result_holds_its_changes_alone_are_stamped(rest: dict[str, Any], changes: list[Any]) -> None:
    found = with_changes({**rest, "changes": changes}, requested_by="bgp")
    assert [change["requested_by"] for change in found["changes"] if change] == ["bgp" for change in changes if change]
    assert {key: value for key, value in found.items() if key != "changes"} == {
        key: value for key, value in rest.items() if key != "changes"
    }
    assert with_changes({"changes": "none"}, requested_by="x") == {"changes": "none"}
