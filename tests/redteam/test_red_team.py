"""Every attempt of the red team: nothing is typed, a reason is given, and the audit knows.

The attempts are data: `attempts.yaml` here, and the commands of `tests/bridges/ssh/attacks.py`.
"""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from bridges.ssh.attacks import IOS_SHOWS, LINES, ODD, OTHERS
from redteam.siege import ATTEMPTS, Siege, edited, moved, siege, vote_of

from nocmesh.bus import Authority
from nocmesh.bus.rights import ROLES, zones_of
from nocmesh.clock import SystemClock
from nocmesh.errors import BusError, DeniedError, InvalidInputError, NotFoundError
from nocmesh.messages.agent import ToolReply, ToolRequest
from nocmesh.messages.approval import Decision
from nocmesh.messages.change import DeviceJournalEntry
from nocmesh.messages.people import DeadLetter
from nocmesh.policy.policy import policy_of
from nocmesh.proving.broker import eventually
from nocmesh.subjects import row_of, subject

pytestmark = [pytest.mark.mesh, pytest.mark.asyncio(loop_scope="module")]

UNSPEAKABLE = "\ud800"
"""No text that can be written down, so no message carries it; the guard's own tests try it."""
COMMANDS = {"cisco_iosxe": [text for text in IOS_SHOWS + ODD if text != UNSPEAKABLE]} | {
    platform: block.strip("\n").splitlines() for platform, block in OTHERS.items()
}
FORGED = ("command", "decision", "vote", "order", "request", "journal", "ballot")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def held(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Siege]:
    async with siege(tmp_path_factory.mktemp("siege"), authority, list(COMMANDS)) as found:
        yield found


def named(section: str) -> list[Any]:
    return [pytest.param(each, id=str(each.get("name") or each)[:60]) for each in ATTEMPTS[section]]


def count() -> int:
    roles = sum(len(outsiders(kind)) for kind in FORGED)
    return sum(map(len, COMMANDS.values())) + len(LINES) + sum(map(len, ATTEMPTS.values())) + roles


async def test_there_are_many_attempts() -> None:
    assert count() >= 500


# --- a write through what reads


@pytest.mark.parametrize("platform", list(COMMANDS))
async def test_no_command_that_pretends_to_read_is_typed(held: Siege, platform: str) -> None:
    await held.told()
    typed, through = len(held.typed), []
    for command in COMMANDS[platform]:
        reply = await held.call("device_show", {"device": f"on-{platform or 'none'}", "command": command})
        if reply.status != "refused" or "refused" not in reply.error:
            through.append((command, reply.status))
    assert through == []
    assert held.typed[typed:] == []
    told = await held.told()
    assert [each.actor for each in told] == ["rogue"] * len(COMMANDS[platform])
    assert all(each.why and each.action == "tool_refused" for each in told)


@pytest.mark.parametrize("tried", named("calls"))
async def test_no_argument_of_a_reading_tool_is_typed(held: Siege, tried: dict[str, Any]) -> None:
    await held.told()
    typed = len(held.typed)
    arguments = {"device": "r1", **tried["arguments"]}
    reply = await held.call(tried["tool"], arguments, asked_by="nina", asked_as="dashboard")
    assert reply.status in ("refused", "error")
    assert tried["said"] in reply.error
    assert held.typed[typed:] == []
    [told] = await held.told()
    assert (told.actor, told.action, bool(told.why)) == ("rogue", "tool_refused", True)


async def test_an_agent_is_no_bridge_that_passes_a_call_on(held: Siege) -> None:
    rogue = await held.mesh("agent", "rogue", "bgp")
    where = subject("ai.tools.at.<agent_id>.<tool>", agent_id="bridge-1", tool="device_show")
    request = ToolRequest(tool="device_show", arguments={"device": "r1", "command": "reload"}, call_id="x")
    with pytest.raises(DeniedError):
        await rogue.agents.request(where, request, ToolReply)


# --- round an approval


async def refused(held: Siege, command: Any, said: str) -> None:
    """The bridge refuses ``command``, says why, writes it into the journal, and no device takes a line."""
    lines = held.configured()
    result = await held.send(command)
    assert result.outcome == "refused", result
    assert re.search(said, result.reason), result.reason
    assert (result.transcript, held.configured()) == ([], lines)


@pytest.mark.parametrize("tried", named("edits"))
async def test_a_change_that_was_moved_after_its_approval_goes_nowhere(held: Siege, tried: dict[str, Any]) -> None:
    change = held.change()
    sound = await held.decided(change)
    change = edited(change, tried.get("change", {}))
    await refused(held, moved(sound, {"change": change.to_dict(), **tried.get("command", {})}), tried["said"])


@pytest.mark.parametrize("tried", named("approved"))
async def test_what_no_change_may_do_goes_nowhere_though_people_approved_it(held: Siege, tried: dict[str, Any]) -> None:
    change = held.change(**tried["change"])
    await refused(held, await held.decided(change), tried["said"])


async def test_no_line_of_the_list_is_typed_though_it_was_approved(held: Siege) -> None:
    for line in LINES:
        change = held.change(commands=[line])
        await refused(held, await held.signed(change, ["nina", "omar"], {}, {}), "guard refused")


@pytest.mark.parametrize("tried", named("decisions"))
async def test_a_decision_that_does_not_cover_it_moves_nothing(held: Siege, tried: dict[str, Any]) -> None:
    change = held.change()
    people = tried.get("people", ["nina", "omar"])
    command = await held.signed(change, people, tried.get("vote", {}), tried.get("decision", {}))
    await refused(held, moved(command, tried.get("command", {})), tried["said"])


async def test_the_decision_on_one_change_carries_no_other(held: Siege) -> None:
    one, other = held.change(), held.change()
    await held.decided(one)
    await refused(held, held.command(other, approval_id=f"a-{one.change_id}"), "for change")


async def test_nothing_goes_in_a_freeze(held: Siege) -> None:
    command = await held.decided(held.change())
    await held.freeze()
    try:
        await refused(held, command, "ada froze everything")
    finally:
        await held.freeze("")


# --- people


@pytest.mark.parametrize("tried", named("votes"))
async def test_a_vote_that_is_none_counts_for_nothing(held: Siege, tried: dict[str, Any]) -> None:
    request = await held.request(
        held.change(), minutes=tried.get("minutes", 30), requested_by="rita", **tried.get("request", {})
    )
    for person in tried.get("voted", []):
        assert not (await held.vote(request.approval_id, {"token": person})).error
    await held.told()
    kept = await held.last("ai.approvals.votes.*")
    reply = await held.vote(request.approval_id, tried["as"], tried.get("arguments", {}))
    assert re.search(tried["said"], reply.error), reply.error
    assert await held.last("ai.approvals.votes.*") == kept
    [attempt] = await held.told()
    assert (attempt.action, attempt.why) == ("vote_refused", reply.error)


@pytest.mark.parametrize("tried", named("orders"))
async def test_an_order_of_whoever_may_not_give_it_holds_nothing(held: Siege, tried: dict[str, Any]) -> None:
    if tried.get("frozen"):
        await held.freeze()
    await held.told()
    given = await held.last("ai.approvals.orders.*.*")
    arguments = dict(tried["arguments"])
    if arguments.get("until") == "soon":
        arguments["until"] = (SystemClock().now() + timedelta(seconds=1)).isoformat()
    reply = await held.ask("order", tried["as"], arguments)
    assert re.search(tried["said"], reply.error), reply
    assert await held.last("ai.approvals.orders.*.*") == given
    [attempt] = await held.told()
    assert (attempt.action, attempt.why) == ("order_refused", reply.error)
    if tried.get("frozen"):
        await held.freeze("")


@pytest.mark.parametrize("tried", named("policies"))
async def test_a_policy_file_that_makes_something_easier_is_refused(tmp_path: Path, tried: dict[str, Any]) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(f"version: 1\n{tried['text']}\n")
    with pytest.raises(InvalidInputError, match=tried["said"]):
        policy_of(path)


# --- with the keys of somebody else


def forged(held: Siege, kind: str) -> tuple[str, Any]:
    """A message that would open the gate, if it were believed."""
    change = held.change()
    return {
        "command": (subject("ai.devices.commands.<target>", target="r1"), held.command(change)),
        "decision": (subject("ai.approvals.decisions.<id>", id=f"a-{change.change_id}"), b"{}"),
        "vote": (subject("ai.approvals.votes.<id>", id=f"a-{change.change_id}"), vote_of("nina", change)),
        "order": (subject("ai.approvals.orders.<kind>.<name>", kind="freeze", name="all"), b"{}"),
        "request": (subject("ai.approvals.pending.<id>", id=f"a-{change.change_id}"), b"{}"),
        "journal": (subject("ai.devices.journal.<device>.<change_id>", device="r1", change_id="c-1"), b"{}"),
        "ballot": (subject("ai.approvals.call.<operation>", operation="vote"), b"{}"),
    }[kind]


SUBJECTS = {
    "command": "ai.devices.commands.r1",
    "decision": "ai.approvals.decisions.x",
    "vote": "ai.approvals.votes.x",
    "order": "ai.approvals.orders.freeze.all",
    "request": "ai.approvals.pending.x",
    "journal": "ai.devices.journal.r1.x",
    "ballot": "ai.approvals.call.vote",
}


def outsiders(kind: str) -> list[str]:
    """The roles that may not say it."""
    row = row_of(SUBJECTS[kind])
    assert row is not None
    return [role for role in ROLES if role not in row.writers and role != "provisioner"]


@pytest.mark.parametrize("kind", FORGED)
async def test_no_role_speaks_for_another(held: Siege, kind: str) -> None:
    lines, typed = held.configured(), len(held.typed)
    for role in outsiders(kind):
        where, body = forged(held, kind)
        mesh = await held.mesh(role, f"forger-{role}", "bgp" if role == "agent" else "")
        assert mesh.zones.keys() == set(zones_of(role))
        for bus in mesh.zones.values():
            data, headers = bus._speech.say(where, body, id=f"forged-{kind}-{role}")
            with pytest.raises((DeniedError, NotFoundError)):
                await bus._link.request(where, data, headers, timeout=2.0)
    assert (held.configured(), held.typed[typed:]) == (lines, [])


async def test_an_answer_of_the_server_is_no_command(held: Siege) -> None:
    """Permissions do not bind the reply subject: within its zone a trusted role can have the server write anywhere."""
    dashboard = await held.mesh("dashboard")
    typed, lines = len(held.typed), held.configured()
    for target in ("ai.devices.commands.r1", "ai.approvals.decisions.a-0"):
        await dashboard.core._link.send("ai.workflows.control.none", b"{}", {"Nats-Msg-Id": target}, reply=target)
    await dashboard.core._link.flush()

    async def buried() -> bool:
        found = dashboard.core.history("DEAD_CORE", "ai.dead.core.*", DeadLetter)
        return any([each.body.stream == "COMMANDS" async for each in found])

    await eventually(buried)
    assert (held.typed[typed:], held.configured()) == ([], lines)


async def test_a_decision_that_an_agent_signs_is_nobodys(held: Siege) -> None:
    change = held.change()
    rogue, approvals = await held.mesh("agent", "rogue", "bgp"), await held.mesh("approvals")
    now = SystemClock().now()
    body = Decision(
        approval_id=f"a-{change.change_id}", run_id="run-1", step="approval", incident_id="i1", verdict="approved",
        change_id=change.change_id, change_hash=change.hash(), device="r1", quorum=2, requested_by="remediation",
        votes=[vote_of("nina", change), vote_of("omar", change)], decided_at=now, expires_at=now + timedelta(hours=1),
    )  # fmt: skip
    where = subject("ai.approvals.decisions.<id>", id=body.approval_id)
    data, headers = rogue.agents._speech.say(where, body, id="forged-decision")
    await approvals.core._link.request(where, data, headers)
    lines = held.configured()
    result = await held.send(held.command(change))
    assert (result.outcome, held.configured()) == ("failed", lines), result


# --- and what was approved goes, once


async def test_what_two_people_approved_goes_through_all_of_this_and_once(held: Siege) -> None:
    """Without this everything above could be refused for some other reason. A replay is only answered again."""
    change = held.change()
    command = await held.decided(change)
    result = await held.send(command)
    assert result.outcome == "confirmed", result
    assert held.configured()[-2:] == change.commands
    lines = held.configured()
    again = moved(command, {"command_id": "k-again"})
    where = subject("ai.devices.commands.<target>", target="r1")
    await (await held.mesh("orchestrator")).core.publish(where, again, id="k-again")
    audit = await held.mesh("audit")

    async def answered() -> bool:
        found = audit.core.history("DEVICE_RESULTS", "ai.devices.results.r1", bytes)
        return any([b"k-again" in each.body async for each in found])

    await eventually(answered)
    assert held.configured() == lines
    with pytest.raises(BusError):
        await (await held.mesh("approvals")).core.publish(
            subject("ai.approvals.decisions.<id>", id=command.approval_id), b"{}", id="again", expect_last=0
        )


async def test_a_journal_entry_that_an_agent_signs_is_nobodys(held: Siege) -> None:
    """Even where it lay in the stream: who may not write there is not believed when it is read."""
    now = SystemClock().now()
    rogue, bridge = await held.mesh("agent", "rogue", "bgp"), await held.mesh("bridge")
    entry = DeviceJournalEntry(change_id="c-x", device="r2", kind="begun", at=now, bridge="rogue")
    where = subject("ai.devices.journal.<device>.<change_id>", device="r2", change_id="c-x")
    data, headers = rogue.agents._speech.say(where, entry, id="forged-entry")
    await bridge.core._link.request(where, data, headers)
    history = bridge.core.history("DEVICE_JOURNAL", "ai.devices.journal.r2.c-x", DeviceJournalEntry)
    assert [found async for found in history] == []
