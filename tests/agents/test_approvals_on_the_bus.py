"""Votes of people become one decision: over a real broker and a real database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from nocmesh.bus import Mesh
from nocmesh.clock import Clock, FixedClock, SystemClock
from nocmesh.errors import BusError, LostRaceError
from nocmesh.log import logger
from nocmesh.messages.approval import ApprovalRequest, Conditions, Decision, Vote
from nocmesh.messages.change import Change
from nocmesh.messages.people import PersonReply, PersonRequest
from nocmesh.proving.broker import MeshFor, eventually
from nocmesh.runtime import Context
from nocmesh.settings import Settings
from nocmesh.store.database import Database
from nocmesh.store.people import People
from nocmesh.subjects import subject
from nocmesh_agents.approvals import agent as module
from nocmesh_agents.approvals.agent import Approvals, role

pytestmark = pytest.mark.mesh

CHANGE = Change(change_id="c1", device="r1", platform="frr", commands=["x"], rollback=["no x"])


@dataclass
class User:
    name: str
    roles: list[str]


USERS = [User("nina", ["approver"]), User("omar", ["approver"]), User("vera", ["viewer"]), User("rita", ["approver"])]


class Office:
    """The approvals process, as many instances as one likes; people at the dashboard; an orchestrator that asks."""

    def __init__(self, mesh_on: MeshFor, folder: Path, stack: AsyncExitStack) -> None:
        self._mesh_on = mesh_on
        self._folder = folder
        self._stack = stack
        self.people: People
        self.tokens: dict[str, str] = {}
        self.clock: Clock = SystemClock()

    async def open(self) -> None:
        database = await self._stack.enter_async_context(await Database.open(f"sqlite:///{self._folder / 'people.db'}"))
        self.people = People(database, SystemClock())
        await self.people.ensure_users(USERS)
        self.tokens = {user.name: await self.people.create_token(user.name, ["approve"]) for user in USERS}
        self.dashboard: Mesh = await self._mesh_on("dashboard", name="dash")
        self.orchestrator: Mesh = await self._mesh_on("orchestrator")

    async def instance(self, name: str = "approvals-1", **flags: Any) -> Approvals:
        """Start one; it runs until the test ends."""
        mesh = await self._mesh_on("approvals", name=name)
        settings = Settings(data=self._folder, **flags)
        context = Context(mesh=mesh, settings=settings, clock=self.clock, log=logger(role="approvals"), name=name)
        approvals = Approvals(context, self.people)
        task = asyncio.create_task(approvals.run())
        self._stack.push_async_callback(_stopped, context, task)

        async def answers() -> bool:
            try:
                return (await self.call("whoami", timeout=0.5)).code == "unauthenticated"
            except (BusError, LookupError):
                return False

        await eventually(answers)
        return approvals

    async def request(self, approval_id: str = "a1", *, minutes: float = 30, **more: Any) -> ApprovalRequest:
        """The orchestrator asks for an approval."""
        now = SystemClock().now()
        base: dict[str, Any] = {
            "approval_id": approval_id,
            "run_id": "run-1",
            "step": "approval",
            "incident_id": "i1",
            "change": CHANGE,
            "change_hash": CHANGE.hash(),
            "risk": "critical",
            "quorum": 2,
            "requested_by": "rita",
            "requested_at": now,
            "expires_at": now + timedelta(minutes=minutes),
        }
        request = ApprovalRequest(**{**base, **more})
        where = subject("ai.approvals.pending.<id>", id=approval_id)
        await self.orchestrator.core.publish(where, request, id=approval_id)
        return request

    async def call(self, operation: str, timeout: float = 5, **more: Any) -> PersonReply:
        where = subject("ai.approvals.call.<operation>", operation=operation)
        return await self.dashboard.core.request(where, PersonRequest(**more), PersonReply, timeout=timeout)

    async def vote(
        self, person: str, decision: str = "approve", approval_id: str = "a1", **arguments: Any
    ) -> PersonReply:
        given = {"approval_id": approval_id, "decision": decision, **arguments}
        return await self.call("vote", token=self.tokens[person], arguments=given)

    async def decisions(self) -> list[Decision]:
        found = self.orchestrator.core.history("APPROVALS", "ai.approvals.decisions.*", Decision)
        return [received.body async for received in found]

    async def votes(self) -> list[Vote]:
        found = self.dashboard.core.history("APPROVALS", "ai.approvals.votes.*", Vote)
        return [received.body async for received in found]

    async def decided(self) -> Decision:
        await eventually(lambda: _any(self.decisions()))
        [decision] = await self.decisions()
        return decision


async def _any(found: Any) -> bool:
    return bool(await found)


async def _stopped(context: Context, task: "asyncio.Task[None]") -> None:
    context.stopping.set()
    await task


@pytest.fixture
async def office(mesh_on: MeshFor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    monkeypatch.setattr(module, "TICK_SECONDS", 0.05)
    async with AsyncExitStack() as stack:
        office = Office(mesh_on, tmp_path, stack)
        await office.open()
        yield office


async def test_two_people_make_one_signed_decision_with_both_votes_inside(office: Office) -> None:
    await office.instance()
    request = await office.request()
    first = await office.vote("nina", comment="looks right")
    assert (first.error, first.content["votes"], first.content["decision"]) == ("", 1, "")
    second = await office.vote("omar", change_hash=CHANGE.hash())
    assert (second.content["votes"], second.content["quorum"], second.content["decision"]) == (2, 2, "approved")
    decision = await office.decided()
    assert [(vote.person, vote.comment, vote.via) for vote in decision.votes] == [
        ("nina", "looks right", "token"),
        ("omar", "", "token"),
    ]
    assert (decision.change_hash, decision.expires_at) == (request.change_hash, request.expires_at)


async def test_one_no_is_final(office: Office) -> None:
    await office.instance()
    await office.request()
    await office.vote("nina")
    assert (await office.vote("omar", "reject", comment="not now")).content["decision"] == "rejected"
    assert (await office.decided()).reason == "rejected by omar: not now"
    late = await office.vote("rita")
    assert late.code == "denied", "she asked for it"
    again = await office.vote("nina")
    assert (again.code, len(await office.votes())) == ("conflict", 2)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"token": "nina"}, "not_found"),
        ({"arguments": {"approval_id": "a1", "decision": "approve"}}, "unauthenticated"),
        (
            {"session": "stolen", "token": "nina", "arguments": {"approval_id": "a1", "decision": "approve"}},
            "unauthenticated",
        ),
        ({"token": "nobody", "arguments": {"approval_id": "a1", "decision": "approve"}}, "unauthenticated"),
        ({"loopback_user": "nina", "arguments": {"approval_id": "a1", "decision": "approve"}}, "unauthenticated"),
        ({"token": "nina", "arguments": {"approval_id": "a9", "decision": "approve"}}, "not_found"),
        ({"token": "nina", "arguments": {"approval_id": "a1", "decision": "maybe"}}, "invalid"),
        ({"token": "nina", "arguments": {"approval_id": "a1"}}, "invalid"),
        ({"token": "nina", "arguments": {"approval_id": "a1", "decision": "approve", "change_hash": "x"}}, "conflict"),
        ({"token": "vera", "arguments": {"approval_id": "a1", "decision": "approve"}}, "denied"),
        ({"token": "rita", "arguments": {"approval_id": "a1", "decision": "approve"}}, "denied"),
    ],
)
async def test_a_vote_that_does_not_count_leaves_no_trace(office: Office, asked: dict[str, Any], code: str) -> None:
    await office.instance()
    await office.request()
    asked = {**asked, "token": office.tokens.get(asked.get("token", ""), asked.get("token", ""))}
    reply = await office.call("vote", **asked)
    assert (reply.code, bool(reply.error)) == (code, True)
    assert await office.votes() == []


async def test_a_token_that_may_not_approve_may_not_through_a_session_either(office: Office) -> None:
    await office.instance()
    await office.request()
    reading = await office.people.create_token("nina", ["read"])
    arguments = {"approval_id": "a1", "decision": "approve"}
    assert (await office.call("vote", token=reading, arguments=arguments)).code == "denied"
    session = (await office.call("sign_in", token=reading)).content["session"]
    assert (await office.call("whoami", session=session)).name == "nina"
    assert (await office.call("vote", session=session, arguments=arguments)).code == "denied"
    assert await office.votes() == []


async def test_people_sign_in_vote_and_sign_out(office: Office) -> None:
    await office.instance()
    await office.request()
    signed = await office.call("sign_in", arguments={"token": office.tokens["nina"]})
    assert (signed.name, signed.roles) == ("nina", ["approver"])
    session = signed.content["session"]
    voted = await office.call("vote", session=session, arguments={"approval_id": "a1", "decision": "approve"})
    assert voted.content["votes"] == 1
    assert [vote.via for vote in await office.votes()] == ["session"]
    await office.call("sign_out", session=session)
    assert (await office.call("whoami", session=session)).code == "unauthenticated"
    assert (await office.call("sign_in", token="nocm_none")).code == "unauthenticated"
    assert (await office.call("resign")).code == "invalid"


async def test_a_token_revoked_while_signing_in_opens_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    await office.instance()

    async def nobody(**way: str) -> None:
        return None

    monkeypatch.setattr(office.people, "who", nobody)
    assert "revoked just now" in (await office.call("sign_in", token=office.tokens["nina"])).error


async def test_a_machine_without_sign_in_acts_as_the_user_that_it_names(office: Office) -> None:
    await office.instance(no_auth_for_loopback=True)
    await office.request()
    arguments = {"approval_id": "a1", "decision": "approve"}
    assert (await office.call("vote", loopback_user="nina", arguments=arguments)).content["votes"] == 1
    assert (await office.call("vote", loopback_user="nobody", arguments=arguments)).code == "unauthenticated"
    assert [vote.via for vote in await office.votes()] == ["loopback"]


async def test_a_person_who_says_yes_and_no_at_once_to_two_instances_said_one_of_them(office: Office) -> None:
    await office.instance("approvals-1")
    await office.instance("approvals-2")
    await office.request(quorum=3)
    replies = await asyncio.gather(*(office.vote("nina", word) for word in ("approve", "reject") * 4))
    assert len(await office.votes()) == 1
    [vote] = await office.votes()
    won = [("approve", "reject")[n % 2] for n, reply in enumerate(replies) if not reply.error]
    assert won
    assert set(won) == {vote.decision}, "nobody is told that their word counts when the other one does"
    assert {reply.code for reply in replies if reply.error} == {"conflict"}


async def test_many_people_at_two_instances_are_all_counted(office: Office) -> None:
    await office.instance("approvals-1")
    await office.instance("approvals-2")
    for n in range(8):
        await office.request(f"many-{n}", requested_by="remediation", quorum=3)
    votes = [office.vote(person, "approve", f"many-{n}") for n in range(8) for person in ("nina", "omar", "rita")]
    replies = await asyncio.gather(*votes)
    assert [reply.error for reply in replies if reply.error] == []
    await eventually(lambda: _eight(office.decisions()))
    assert {len(decision.votes) for decision in await office.decisions()} == {3}


async def _eight(found: Any) -> bool:
    return len(await found) == 8


async def test_no_answer_in_time_means_no(office: Office) -> None:
    await office.instance()
    await office.request(minutes=0.5 / 60)
    await office.vote("nina")
    decision = await office.decided()
    assert (decision.verdict, decision.reason) == ("expired", "expired with 1 of 2 votes missing")
    assert (await office.vote("omar")).code == "conflict"


async def test_what_expired_while_nobody_was_there_is_said_at_the_next_start(office: Office) -> None:
    await office.request(minutes=-1)
    await office.instance()
    assert (await office.decided()).verdict == "expired"


async def test_whoever_lives_decides_what_another_instance_had_taken(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first dies after the last vote and before the decision; the second never heard of the votes."""
    first = await office.instance("approvals-1")
    await office.request()
    await office.vote("nina")

    async def dies(*args: Any) -> None:
        raise BusError("gone")

    monkeypatch.setattr(first, "_settle", dies)
    with pytest.raises(BusError):
        await office.vote("omar")
    assert len(await office.votes()) == 2
    assert await office.decisions() == []
    await office.instance("approvals-2")
    assert (await office.decided()).verdict == "approved"


async def test_an_approval_that_cannot_be_settled_now_is_settled_later(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    approvals = await office.instance()
    settle, away = approvals._settle, ["once", "and again"]

    async def failing(request: ApprovalRequest) -> Decision | None:
        if away:
            away.pop()
            raise BusError("away")
        return await settle(request)

    monkeypatch.setattr(approvals, "_settle", failing)
    await office.request(minutes=-1)
    assert (await office.decided()).verdict == "expired"


async def test_what_was_decided_before_the_start_stays_decided(office: Office) -> None:
    await office.instance("approvals-1")
    await office.request()
    await office.vote("nina", "reject")
    office.clock = FixedClock(SystemClock().now() + timedelta(hours=1))
    second = await office.instance("approvals-2")
    await office.request("a2", minutes=-1)
    await eventually(lambda: _two(office.decisions()))
    assert [decision.verdict for decision in await office.decisions()] == ["rejected", "expired"]
    await eventually(lambda: not second._open)


async def _two(found: Any) -> bool:
    return len(await found) == 2


async def test_the_first_decision_stands(office: Office) -> None:
    approvals = await office.instance()
    request = await office.request(quorum=1)
    await office.vote("nina")
    later = await approvals._settle(request)
    assert later is not None
    assert later.verdict == (await office.decided()).verdict
    office.clock = FixedClock(SystemClock().now() + timedelta(hours=1))
    other = await office.instance("approvals-2")
    late = await other._settle(request)
    assert late == await office.decided(), "approved in time, however late somebody counts"


async def test_a_crowd_that_always_comes_first_is_told_of(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    approvals = await office.instance()
    await office.request()

    async def first(*args: Any) -> None:
        raise LostRaceError("somebody was first")

    monkeypatch.setattr(approvals, "_record", first)
    assert "too many people" in (await office.vote("nina")).error


async def test_the_role_knows_the_inventorys_people(mesh_on: MeshFor, tmp_path: Path) -> None:
    inventory = tmp_path / "lab.yaml"
    inventory.write_text("version: 1\ndevices: []\nusers:\n  - {name: nina, roles: [approver]}\n")
    mesh = await mesh_on("approvals", name="approvals-1")
    settings = Settings(data=tmp_path, inventory=inventory, no_auth_for_loopback=True)
    context = Context(
        mesh=mesh, settings=settings, clock=SystemClock(), log=logger(role="approvals"), name="approvals-1"
    )
    task: asyncio.Task[None] = asyncio.create_task(role.run(context))  # type: ignore[arg-type]
    dashboard = await mesh_on("dashboard", name="dash")
    where = subject("ai.approvals.call.<operation>", operation="whoami")

    async def known() -> bool:
        try:
            request = PersonRequest(loopback_user="nina")
            return (await dashboard.core.request(where, request, PersonReply, timeout=1)).name == "nina"
        except (BusError, LookupError):
            return False

    await eventually(known)
    await _stopped(context, task)


async def test_a_freeze_is_ordered_listed_and_lifted_by_those_who_may(office: Office) -> None:
    await office.instance()
    freeze = {"kind": "freeze", "name": "all", "value": "on", "reason": "storm"}
    assert (await office.call("order", token=office.tokens["vera"], arguments=freeze)).code == "denied"
    given = await office.call("order", token=office.tokens["nina"], arguments=freeze)
    assert (given.error, given.content["order"]["person"]) == ("", "nina")
    listed = await office.call("orders", token=office.tokens["vera"])
    assert [(row["kind"], row["holds"], row["reason"]) for row in listed.content["orders"]] == [
        ("freeze", True, "storm")
    ]
    await office.call("order", token=office.tokens["omar"], arguments={"kind": "freeze", "name": "all"})
    listed = await office.call("orders", token=office.tokens["vera"])
    assert [row["holds"] for row in listed.content["orders"]] == [False]
    raised = {"kind": "autonomy", "name": "remediation", "value": "act"}
    assert (await office.call("order", token=office.tokens["nina"], arguments=raised)).code == "denied"
    assert (await office.call("order", arguments=freeze)).code == "unauthenticated"


async def test_conditions_travel_with_the_vote_into_the_signed_decision(office: Office) -> None:
    await office.instance()
    await office.request(quorum=1)
    wrong = await office.vote("nina", conditions={"device": "r1"})
    assert (wrong.code, await office.votes()) == ("invalid", [])
    await office.vote("nina", conditions={"first": 2, "devices": ["r1"]})
    decision = await office.decided()
    assert decision.votes[0].conditions == Conditions(first=2, devices=["r1"])


async def test_what_needs_nobody_is_decided_when_nobody_stops_it(office: Office) -> None:
    await office.instance()
    await office.request(quorum=0, delay_seconds=0.2)
    decision = await office.decided()
    assert (decision.verdict, decision.votes, decision.reason) == ("approved", [], "nobody stopped it in time")
