"""What tools answer, as observations; and what an agent claims, proved."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.agent.base import proved
from nocmesh.agent.toolbox import Toolbox, observed
from nocmesh.messages.agent import ToolReply
from nocmesh.messages.session import Observation, ToolCall
from nocmesh.messages.state import Output

CALL = ToolCall(call_id="c1", tool="device_show", arguments={"device": "r1"})


def test_outputs_and_state_are_lifted_out_of_the_answer() -> None:
    content = {
        "outputs": [{"command": "show version", "text": "FRR"}],
        "state": {"device": "r1", "platform": "frr"},
        "bytes": 3,
    }
    seen = observed(CALL, ToolReply(call_id="c1", status="ok", content=content))
    assert (seen.observation_id, seen.tool, seen.device, seen.status) == ("c1", "device_show", "r1", "ok")
    assert [output.text for output in seen.outputs] == ["FRR"]
    assert seen.state is not None
    assert (seen.content, seen.device_commands) == ({"bytes": 3}, 1)


def test_a_failed_call_is_an_observation_too() -> None:
    seen = observed(CALL, ToolReply(call_id="c1", status="unreachable", error="no route"))
    assert (seen.status, seen.error, seen.outputs) == ("unreachable", "no route", [])


@given(
    st.dictionaries(
        st.sampled_from(["outputs", "state", "x"]), st.one_of(st.text(), st.integers(), st.lists(st.integers()))
    )
)
def test_whatever_a_tool_answers_is_seen_as_something(content: dict[str, Any]) -> None:
    seen = observed(CALL, ToolReply(call_id="c1", status="ok", content=content))
    assert seen.status in ("ok", "error")
    if seen.status == "error":
        assert "what it may not" in seen.error


@pytest.mark.parametrize("seconds", [-1, "soon", None, float("nan"), [1]])
async def test_a_wait_of_no_length_is_an_error_that_the_reasoner_sees(seconds: object) -> None:
    toolbox = Toolbox(None, session_id="s")  # type: ignore[arg-type]
    seen = await toolbox.call(ToolCall(call_id="w", tool="wait", arguments={"seconds": seconds}))
    assert (seen.status, seen.tool) == ("error", "wait")
    assert "expected a number" in seen.error


async def test_a_wait_waits() -> None:
    toolbox = Toolbox(None, session_id="s")  # type: ignore[arg-type]
    seen = await toolbox.call(ToolCall(call_id="w", tool="wait", arguments={"seconds": 0.001}))
    assert (seen.status, seen.content) == ("ok", {"waited": 0.001})


def test_a_claim_without_its_quote_is_unproven() -> None:
    seen = Observation(
        observation_id="o1", tool="device_show", device="r1", outputs=[Output(command="show x", text="AS is wrong")]
    )
    claim = {"resource": "node/r1", "fault_type": "bgp_asn_misconfig", "confidence": 1.0, "summary": "s"}
    evidence = {"observation_id": "o1", "device": "r1", "command": "show x", "quote": "AS is wrong"}
    result = {
        "verdict": "true_positive",
        "confidence": 0.9,
        "root_causes": [
            {**claim, "evidence": [evidence]},
            {**claim, "evidence": [{**evidence, "quote": "AS is right"}]},
        ],
    }
    found = proved(result, [seen])
    assert (len(found["root_causes"]), len(found["unproven"]), found["device_commands"]) == (1, 1, 1)
    assert proved({"changes": []}, [seen]) == {"changes": []}
