"""Ears and mouth of the approvals role: requests and votes in, decisions out.

Votes and decisions are appended guarded, so any number of instances may run; who is who is read from the database.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from nocmesh.audit.attempts import Attempts
from nocmesh.bus import Received
from nocmesh.errors import DeniedError, InvalidInputError, LostRaceError, NocmeshError
from nocmesh.inventory import load_inventory
from nocmesh.messages.approval import ApprovalRequest, Decision, Vote
from nocmesh.messages.people import Attempt, PersonReply, PersonRequest
from nocmesh.policy.policy import policy_of
from nocmesh.runtime import Context, Role, until
from nocmesh.store.database import Database
from nocmesh.store.people import People, Person
from nocmesh.subjects import subject, wildcard
from nocmesh_agents.approvals.conditions import conditions_of
from nocmesh_agents.approvals.count import refusal, tally
from nocmesh_agents.approvals.orders import Orders

PENDING, VOTES, DECISIONS = (
    "ai.approvals.pending.<id>",
    "ai.approvals.votes.<id>",
    "ai.approvals.decisions.<id>",
)
TICK_SECONDS = 1.0
MAX_RACES = 20


class Approvals:
    """Owns people and decisions."""

    def __init__(self, context: Context, people: People) -> None:
        self.context = context
        self.core = context.mesh.core
        self.log = context.log.bind(agent=context.name)
        self.people = people
        self.attempts = Attempts(self.core, context.clock, self.log, name=context.name)
        self._open: dict[str, ApprovalRequest] = {}
        self._operations: dict[str, Callable[[PersonRequest], Awaitable[PersonReply]]] = {
            "sign_in": self._sign_in,
            "sign_out": self._sign_out,
            "whoami": self._whoami,
            "vote": self._vote,
            "order": self._order,
            "orders": self._listed,
        }
        self._orders = Orders(self.core, policy_of(context.settings.policy))

    async def run(self) -> None:
        """Work until the context says stop."""
        pending = await self.core.follow(
            "APPROVALS", ApprovalRequest, self._requested, subject_filter=wildcard(PENDING)
        )
        service = await self.core.serve(wildcard("ai.approvals.call.<operation>"), PersonRequest, self._asked)
        expiry = asyncio.create_task(self._expire())
        async with self.attempts:
            await self.context.stopping.wait()
            await expiry
            await service.stop()
            await pending.stop()

    async def _requested(self, received: Received[ApprovalRequest]) -> None:
        """Every instance knows every request, also those from before its start: whoever lives ends them."""
        request = received.body
        if await self._decided(request.approval_id) is not None:
            return
        self._open[request.approval_id] = request
        self.log.info(
            "approval_requested", approval=request.approval_id, device=request.change.device, quorum=request.quorum
        )
        await self._settle(request)

    async def _expire(self) -> None:
        """Settle what is open again and again: whoever took the last vote may have died before they decided."""
        while not await until(self.context.stopping, TICK_SECONDS):
            for request in list(self._open.values()):
                try:
                    await self._settle(request)
                except NocmeshError as wrong:
                    self.log.warning("expiry_failed", approval=request.approval_id, error=str(wrong))

    async def _settle(self, request: ApprovalRequest) -> Decision | None:
        """Decide if the votes or the time decide; the first decision stands."""
        decision = tally(request, await self._votes(request.approval_id), self.context.clock.now())
        if decision is None:
            return None
        where = subject(DECISIONS, id=request.approval_id)
        try:
            await self.core.publish(
                where,
                decision,
                id=f"{request.approval_id}:{decision.verdict}",
                correlation_id=request.correlation_id,
                expect_last=0,
            )
            self.log.info("decided", approval=request.approval_id, verdict=decision.verdict)
        except LostRaceError:
            decision = await self._decided(request.approval_id)
        self._open.pop(request.approval_id, None)
        return decision

    async def _votes(self, approval_id: str) -> list[Vote]:
        where = subject(VOTES, id=approval_id)
        return [received.body async for received in self.core.history("APPROVALS", where, Vote)]

    async def _decided(self, approval_id: str) -> Decision | None:
        found = await self.core.last(subject(DECISIONS, id=approval_id), Decision)
        return found.body if found else None

    async def _asked(self, received: Received[PersonRequest]) -> PersonReply:
        operation = received.subject.rsplit(".", 1)[-1]
        serve = self._operations.get(operation)
        if serve is None:
            return PersonReply(error=f"no such operation; known: {', '.join(self._operations)}", code="invalid")
        reply = await serve(received.body)
        attempt = attempted(operation, received.body, reply, self.context.clock.now())
        if attempt is not None:
            await self.attempts.tell(attempt)
        return reply

    async def _sign_in(self, asked: PersonRequest) -> PersonReply:
        token = asked.token or str(asked.arguments.get("token", ""))
        try:
            session = await self.people.sign_in(token)
        except DeniedError as unknown:
            return PersonReply(error=unknown.message, code="unauthenticated")
        person = await self.people.who(session=session)
        if person is None:
            return PersonReply(error="this token was revoked just now", code="unauthenticated")
        return PersonReply(name=person.name, roles=list(person.roles), content={"session": session})

    async def _sign_out(self, asked: PersonRequest) -> PersonReply:
        await self.people.sign_out(asked.session)
        return PersonReply()

    async def _whoami(self, asked: PersonRequest) -> PersonReply:
        person, _ = await self._person(asked)
        if person is None:
            return PersonReply(error="nobody is signed in", code="unauthenticated")
        return PersonReply(name=person.name, roles=list(person.roles))

    async def _person(self, asked: PersonRequest) -> tuple[Person | None, str]:
        """Who asks, and by which proof."""
        if asked.session:
            return await self.people.who(session=asked.session), "session"
        if asked.token:
            return await self.people.who(token=asked.token), "token"
        if asked.loopback_user and self.context.settings.no_auth_for_loopback:
            known = [person for person in await self.people.users() if person.name == asked.loopback_user]
            return (known[0] if known else None), "loopback"
        return None, ""

    async def _vote(self, asked: PersonRequest) -> PersonReply:
        person, via = await self._person(asked)
        if person is None:
            return UNKNOWN
        if refused := unscoped(person, via):
            return refused
        approval_id = str(asked.arguments.get("approval_id", ""))
        found = await self.core.last(subject(PENDING, id=approval_id), ApprovalRequest) if approval_id else None
        if found is None:
            return PersonReply(name=person.name, error=f"there is no approval {approval_id!r}", code="not_found")
        request = found.body
        given = str(asked.arguments.get("change_hash") or request.change_hash)
        if given != request.change_hash:
            return PersonReply(
                name=person.name, error="the change is not the one that you saw; look again", code="conflict"
            )
        return await self._count(request, person, via, asked)

    async def _order(self, asked: PersonRequest) -> PersonReply:
        person, via = await self._person(asked)
        if person is None:
            return UNKNOWN
        if refused := unscoped(person, via):
            return refused
        try:
            order = await self._orders.give(asked.arguments, person.name, person.roles, self.context.clock.now())
        except DeniedError as denied:
            return PersonReply(name=person.name, error=denied.message, code="denied")
        except InvalidInputError as wrong:
            return PersonReply(name=person.name, error=wrong.message, code="invalid")
        except LostRaceError:
            return PersonReply(
                name=person.name, error="somebody ordered the same just now; look again", code="conflict"
            )
        self.log.warning("ordered", kind=order.kind, of=order.name, value=order.value, person=order.person)
        return PersonReply(name=person.name, content={"order": order.to_dict()})

    async def _listed(self, asked: PersonRequest) -> PersonReply:
        person, _ = await self._person(asked)
        if person is None:
            return UNKNOWN
        now = self.context.clock.now()
        rows = [{**order.to_dict(), "holds": order.holds(now)} for order in await self._orders.all()]
        return PersonReply(name=person.name, content={"orders": rows})

    async def _count(self, request: ApprovalRequest, person: Person, via: str, asked: PersonRequest) -> PersonReply:
        word = asked.arguments.get("decision")
        if word not in ("approve", "reject"):
            return PersonReply(name=person.name, error=f"decision {word!r}: expected approve or reject", code="invalid")
        try:
            conditions = conditions_of(asked.arguments.get("conditions"), str(word))
        except InvalidInputError as wrong:
            return PersonReply(name=person.name, error=wrong.message, code="invalid")
        for _ in range(MAX_RACES):
            votes, last = await self._votes_with_last(request.approval_id)
            decided = await self._decided(request.approval_id) is not None
            now = self.context.clock.now()
            code, why = refusal(request, votes, decided, person.name, person.roles, now)
            if why:
                return PersonReply(name=person.name, roles=list(person.roles), error=why, code=code)  # type: ignore[arg-type]
            vote = Vote(
                approval_id=request.approval_id,
                person=person.name,
                decision=word,
                change_hash=request.change_hash,
                at=now,
                comment=str(asked.arguments.get("comment", ""))[:2000],
                via=via,  # type: ignore[arg-type]
                conditions=conditions,
            )
            try:
                await self._record(vote, last, request.correlation_id)
            except LostRaceError:
                continue
            return await self._counted(request, person, [*votes, vote])
        return PersonReply(name=person.name, error="too many people vote at once; try again", code="conflict")

    async def _votes_with_last(self, approval_id: str) -> tuple[list[Vote], int]:
        votes, last = [], 0
        async for received in self.core.history("APPROVALS", subject(VOTES, id=approval_id), Vote):
            votes.append(received.body)
            last = received.sequence
        return votes, last

    async def _record(self, vote: Vote, last: int, correlation_id: str) -> None:
        await self.core.publish(
            subject(VOTES, id=vote.approval_id),
            vote,
            id=f"{vote.approval_id}:{vote.person}:{vote.decision}",
            correlation_id=correlation_id,
            expect_last=last,
        )
        self.log.info("vote_counted", approval=vote.approval_id, person=vote.person, decision=vote.decision)

    async def _counted(self, request: ApprovalRequest, person: Person, votes: Sequence[Vote]) -> PersonReply:
        decision = await self._settle(request)
        approving = sum(vote.decision == "approve" for vote in votes)
        content = {
            "approval_id": request.approval_id,
            "votes": approving,
            "quorum": request.quorum,
            "decision": decision.verdict if decision else "",
        }
        return PersonReply(name=person.name, roles=list(person.roles), content=content)


UNKNOWN = PersonReply(error="sign in, or send a personal token", code="unauthenticated")


def unscoped(person: Person, via: str) -> PersonReply | None:
    """The refusal of a token that may not decide anything; None: it may."""
    if via == "loopback" or "approve" in person.scopes:
        return None
    return PersonReply(name=person.name, error="this token has no scope 'approve'", code="denied")


def attempted(operation: str, asked: PersonRequest, reply: PersonReply, now: datetime) -> Attempt | None:
    """What the audit is told of: who signed in, and each sign-in, vote and order that was refused; never a proof."""
    if operation not in ("sign_in", "vote", "order") or (operation != "sign_in" and not reply.error):
        return None
    proofs = {"session": asked.session, "token": asked.token, "loopback": asked.loopback_user}
    told = ("decision", "change_hash", "kind", "name", "value")
    facts = {name: asked.arguments[name] for name in told if asked.arguments.get(name)}
    return Attempt(
        actor=reply.name or "unknown",
        actor_kind="person",
        action=f"{operation}_refused" if reply.error else "signed_in",
        target=str(asked.arguments.get("approval_id", "")) if operation == "vote" else "mesh",
        at=now.isoformat(),
        why=reply.error,
        facts={**facts, "via": next((name for name, proof in proofs.items() if proof), ""), "code": reply.code},
    )


async def run(context: Context) -> None:
    """The role: opens the database, knows the inventory's people, and works."""
    async with await Database.open(context.settings.database_url) as database:
        people = People(database, context.clock)
        if context.settings.inventory:
            inventory = load_inventory(context.settings.inventory)
            await people.ensure_users(inventory.users)
        await Approvals(context, people).run()


role = Role(name="approvals", bus_role="approvals", type="approvals", run=run)
