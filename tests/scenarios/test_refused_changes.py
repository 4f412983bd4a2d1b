"""No line reaches a device without the approval of exactly it: rejected, edited, replayed, forged, outside."""

import re
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from msgspec.structs import replace
from scenarios.stage import Stage, playing

from nocmesh.clock import SystemClock
from nocmesh.errors import DeniedError
from nocmesh.ids import new_id
from nocmesh.messages.agent import ToolReply, ToolRequest
from nocmesh.messages.approval import ApprovalRequest, Decision, Vote
from nocmesh.messages.change import Change
from nocmesh.subjects import subject

pytestmark = [pytest.mark.mesh, pytest.mark.alone, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mesh(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with playing(tmp_path_factory.mktemp("refused"), "orchestrator") as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="module")
async def stage(mesh: Stage) -> AsyncIterator[Stage]:
    yield mesh
    await mesh.heal()


# --- people say no


async def test_a_rejected_change_changes_nothing_and_the_incident_says_who_and_why(stage: Stage) -> None:
    incident = await stage.alert(await stage.break_it("bgp_asn_misconfig"))
    [waiting] = await stage.waiting(incident)
    assert not (await stage.vote(waiting.approval_id, "nina")).error
    assert not (await stage.vote(waiting.approval_id, "omar", "reject", "not during the freeze")).error
    ended = await stage.reaches(incident, "escalated", "closed")
    assert ended.kind == "escalated"
    assert "rejected by omar: not during the freeze" in ended.text
    assert "a person must go on" in ended.text
    assert await stage.typed() == {}


# --- the orchestrator's own keys in the wrong hands


FORGERIES: dict[str, Callable[[Change], Change]] = {
    "one line altered": lambda c: replace(c, commands=[*c.commands[:-1], c.commands[-1].replace("65001", "65002")]),
    "one line more": lambda c: replace(c, commands=[*c.commands, "no router bgp 65000"]),
    "another rollback": lambda c: replace(c, rollback=["no router bgp 65000"]),
    "another device": lambda c: replace(c, device="core2"),
    "no checks": lambda c: replace(c, verify=[]),
    "a lower risk": lambda c: replace(c, risk="low"),
    "another pre-state": lambda c: replace(c, pre_state="0" * 64),
    "another name": lambda c: replace(c, change_id="forged"),
    "another platform": lambda c: replace(c, platform="cisco_iosxe"),
}


async def test_an_edited_change_is_refused_and_the_true_one_still_goes(stage: Stage, approved: ApprovalRequest) -> None:
    for what, forge in FORGERIES.items():
        result = await stage.tell(approved, forge(approved.change))
        assert (what, result.outcome) == (what, "refused")
        assert re.search("not the one that was approved|the decision is for change", result.reason)
    assert await stage.typed() == {}
    await stage.processes["orchestrator"].start()
    await stage.repaired(approved.incident_id)


async def test_a_device_that_moved_after_the_approval_is_left_alone(stage: Stage, approved: ApprovalRequest) -> None:
    await stage.ask(do="inject", fault="bgp_missing_route_advertisement", device="core1", target="edge1")
    result = await stage.tell(approved, approved.change)
    assert result.outcome == "refused"
    assert "is not as it was when the change was proposed" in result.reason
    assert await stage.typed() == {}


async def test_a_change_told_again_is_answered_and_not_sent_again(stage: Stage, approved: ApprovalRequest) -> None:
    first = await stage.tell(approved, approved.change)
    again = await stage.tell(approved, approved.change)
    assert [first.outcome, again.outcome] == ["confirmed", "confirmed"]
    assert await stage.typed() == {"core1": approved.change.commands}


# --- decisions that nobody made


async def test_only_the_approvals_process_may_write_decisions(stage: Stage, approved: ApprovalRequest) -> None:
    for name in ("orchestrator", "ssh", "incidents"):
        thief = await stage.stolen(name)
        forged = decision(approved, [])
        with pytest.raises(DeniedError):
            await thief.core.publish(subject("ai.approvals.decisions.<id>", id="forged"), forged, id="forged")
    result = await stage.tell(replace(approved, approval_id="forged"), approved.change)
    assert (result.outcome, "there is no decision" in result.reason) == ("refused", True)
    assert await stage.typed() == {}


async def test_the_bridge_counts_the_votes_itself(stage: Stage, approved: ApprovalRequest) -> None:
    """Even an approvals process that lies, with its own keys, gets no line onto a device."""
    liar = await stage.stolen("approvals")
    for votes, counted in (
        (["nina"], "nina"),
        (["nina", "nina"], "nina"),
        (["nina", approved.requested_by], "nina"),
        ([], "nobody"),
    ):
        forged = replace(approved, approval_id=new_id(SystemClock().now()))
        where = subject("ai.approvals.decisions.<id>", id=forged.approval_id)
        await liar.core.publish(where, decision(forged, votes), id=forged.approval_id)
        result = await stage.tell(forged, approved.change)
        assert result.outcome == "refused"
        assert f"2 different people must approve; counted: {counted}" in result.reason
    assert await stage.typed() == {}


def decision(approval: ApprovalRequest, people: list[str]) -> Decision:
    now = SystemClock().now()
    votes = [
        Vote(
            approval_id=approval.approval_id,
            person=person,
            decision="approve",
            change_hash=approval.change_hash,
            at=now,
        )
        for person in people
    ]
    return Decision(
        approval_id=approval.approval_id,
        run_id=approval.run_id,
        step="approval",
        incident_id="",
        verdict="approved",
        change_id=approval.change.change_id,
        change_hash=approval.change_hash,
        device=approval.change.device,
        quorum=1,
        requested_by=approval.requested_by,
        votes=votes,
        decided_at=now,
        expires_at=now + timedelta(minutes=30),
    )


# --- commands that only pretend to read


@pytest.mark.parametrize(
    ("device", "command"),
    [
        ("core1", "configure terminal"),
        ("core1", "show running-config | redirect flash:stolen"),
        ("edge1", "show running-config | tee flash:stolen"),
        ("edge1", "show running-config | append flash:stolen"),
        ("edge1", "show version\nconfigure terminal\nhostname owned"),
        ("core1", "show version\r\nconfigure terminal"),
        ("core1", "show version ; configure terminal"),
        ("edge1", "reload"),
        ("edge1", "clear ip bgp *"),
        ("core1", "vtysh -c 'configure terminal'"),
        ("core1", ""),
    ],
)
async def test_a_command_outside_the_guard_is_refused_with_its_reason(stage: Stage, device: str, command: str) -> None:
    seen = await stage.typed()
    reply = await called(stage, "device_show", {"device": device, "command": command})
    assert reply.status == "refused"
    assert len(reply.error) > 20
    assert await stage.typed() == seen


async def test_a_command_inside_the_guard_is_answered(stage: Stage) -> None:
    reply = await called(stage, "device_show", {"device": "core1", "command": "show version"})
    assert reply.status == "ok"
    assert "simulated" in reply.content["outputs"][0]["text"]


async def called(stage: Stage, tool: str, arguments: dict[str, Any]) -> ToolReply:
    agent = await stage.mesh("agent", "curious", "custom")
    request = ToolRequest(tool=tool, arguments=arguments, call_id=new_id(SystemClock().now()))
    return await agent.agents.request(subject("ai.tools.call.<tool>", tool=tool), request, ToolReply)
