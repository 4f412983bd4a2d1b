"""A backend without a mesh, for tests and for looking at pages: real read models on a database, fed by hand.

It is no dashboard for a network: people are a dict, and votes count here and not in the approvals process.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from nocmesh.clock import Clock
from nocmesh.errors import DeniedError, InvalidInputError, NotFoundError, PreconditionError
from nocmesh.messages.approval import Conditions, Decision, Vote
from nocmesh.messages.base import Message
from nocmesh.messages.order import Order
from nocmesh.store.database import Database
from nocmesh.store.projector import Projector
from nocmesh.store.records import Records
from nocmesh.subjects import BY_PATTERN, subject
from nocmesh_dashboard.backend import VIEWER, Ballot, Change, Person, Proof, Row, SignedIn
from nocmesh_dashboard.changes import change_of
from nocmesh_dashboard.problems import unauthenticated

_SUBJECTS = {
    "AlertEvent": ("ai.alerts.events.<alert_id>", "alert_id"),
    "IncidentEvent": ("ai.incidents.events.<incident_id>", "incident_id"),
    "ApprovalRequest": ("ai.approvals.pending.<id>", "approval_id"),
    "Vote": ("ai.approvals.votes.<id>", "approval_id"),
    "Decision": ("ai.approvals.decisions.<id>", "approval_id"),
    "Transition": ("ai.workflows.journal.<run_id>", "run_id"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A message with its place, as a stream would keep it."""

    subject: str
    body: Any
    sequence: int
    at: datetime


class HandFed:
    """A ``Backend`` that learns only what ``tell`` tells it."""

    def __init__(
        self, database: Database, clock: Clock, people: Mapping[str, tuple[str, ...]], *, after: int = 0
    ) -> None:
        self.records = Records(database)
        self.people = people
        """Name to roles; a person's token is ``nocm_<name>``, and their session ``s-<name>``."""
        self.present: list[Row] = []
        self.catalogue: list[Row] = []
        self.frozen: list[Order] = []
        self.tool_answers: dict[str, Row] = {}
        """What tools answer; one that is not here answers nothing."""
        self.outputs: dict[str, str] = {}
        """Answers of devices that are too long for an event, by their sha256."""
        self.inventory: list[Row] = []
        self.is_ready: tuple[bool, Row] = (True, {})
        self.asked: list[tuple[str, Any]] = []
        """What people asked for, in order."""
        self._clock = clock
        self._projector = Projector(database)
        self._after = after
        """What ``database`` knows already has sequences up to here."""
        self._sequences: Counter[str] = Counter()
        self._listeners: list[Callable[[Change], None]] = []

    async def tell(self, *bodies: Message) -> None:
        """Take messages in, in order, and say so to whoever listens."""
        told = [self._placed(body) for body in bodies]
        await self._projector.apply_all(told)
        for body in bodies:
            self.notify(change_of(body))

    def notify(self, change: Change) -> None:
        """Say that something is new."""
        for listener in self._listeners:
            listener(change)

    def _placed(self, body: Message) -> Told:
        name = type(body).__name__
        if name == "SessionEvent":
            pattern = "ai.agents.sessions.<type>.<session_id>"
            where = subject(pattern, type=getattr(body, "agent_type", ""), session_id=getattr(body, "session_id", ""))
        else:
            pattern, field = _SUBJECTS[name]
            where = subject(pattern, **{pattern.partition("<")[2].rstrip(">"): getattr(body, field)})
        stream = str(BY_PATTERN[pattern].stream)
        self._sequences[stream] += 1
        return Told(subject=where, body=body, sequence=self._after + self._sequences[stream], at=self._clock.now())

    def agents(self) -> Sequence[Row]:
        """Whatever ``present`` holds."""
        return self.present

    async def person(self, proof: Proof) -> Person:
        """The person of a token, a session, or a name."""
        if proof.empty and proof.loopback:
            return VIEWER
        name = proof.token.removeprefix("nocm_") or proof.session.removeprefix("s-") or proof.loopback_user
        if name not in self.people:
            raise unauthenticated("this session or token is unknown, expired or revoked")
        return Person(name=name, roles=self.people[name])

    async def sign_in(self, token: str) -> SignedIn:
        """A session for a known token."""
        person = await self.person(Proof(token=token or "nobody"))
        return SignedIn(session=f"s-{person.name}", person=person)

    async def sign_out(self, proof: Proof) -> None:
        """Remembered in ``asked``."""
        self.asked.append(("sign_out", proof.session))

    async def vote(self, proof: Proof, approval_id: str, ballot: Ballot) -> Row:
        """Record the vote; enough of them decide."""
        person = await self.person(proof)
        approval = await self.records.approval(approval_id)
        if approval is None:
            raise NotFoundError(f"there is no approval {approval_id!r}")
        if "approver" not in person.roles:
            raise DeniedError(f"{person.name} has no role approver", code="denied")
        decision, change_hash = ballot.decision, ballot.change_hash
        if approval["status"] != "pending" or change_hash not in ("", approval["change_hash"]):
            raise PreconditionError("this approval is decided already, or the change is another one", code="conflict")
        at = self._clock.now()
        hash_seen = approval["change_hash"]
        yes_or_no: Any = decision
        vote = Vote(
            approval_id=approval_id,
            person=person.name,
            decision=yes_or_no,
            change_hash=hash_seen,
            at=at,
            comment=ballot.comment,
            conditions=msgspec.convert(ballot.conditions, Conditions) if ballot.conditions else None,
        )
        await self.tell(vote)
        approval = await self.records.approval(approval_id) or {}
        people = {v["person"] for v in approval["votes"] if v["decision"] == "approve"}
        if decision == "reject" or len(people) >= approval["quorum"]:
            await self.tell(_decision(approval, "rejected" if decision == "reject" else "approved", at))
        return {"approval_id": approval_id, "person": person.name, "decision": decision}

    async def orders(self, proof: Proof) -> Sequence[Row]:
        """Those that were given."""
        await self.person(proof)
        return [dict(wish) for kind, wish in self.asked if kind == "order"]

    def freezes(self) -> Sequence[Order]:
        """Whatever ``frozen`` holds."""
        return self.frozen

    async def order(self, proof: Proof, wish: Mapping[str, Any]) -> Row:
        """Remembered in ``asked``."""
        person = await self.person(proof)
        self.asked.append(("order", {**wish, "person": person.name}))
        return {**wish, "person": person.name}

    async def request_workflow(
        self, person: Person, workflow_type: str, parameters: Mapping[str, Any], workflow_id: str
    ) -> Row:
        """Remembered in ``asked``; the type `unknown` is refused."""
        if workflow_type == "unknown":
            raise InvalidInputError("there is no workflow 'unknown'", field="workflow_type", expected="health_check")
        self.asked.append(("workflow", (person.name, workflow_type, dict(parameters))))
        return {"workflow_id": workflow_id or "run-1", "status": "accepted"}

    async def control_run(self, person: Person, run_id: str, action: str, reason: str) -> Row:
        """Remembered in ``asked``."""
        self.asked.append((action, (person.name, run_id, reason)))
        return {"workflow_id": run_id, "status": "requested"}

    async def ready(self) -> tuple[bool, Row]:
        """Whatever ``is_ready`` holds."""
        return self.is_ready

    async def devices(self) -> Sequence[Row]:
        """Whatever ``inventory`` holds."""
        return self.inventory

    async def output(self, sha256: str) -> str:
        """One of ``outputs``."""
        if sha256 not in self.outputs:
            raise NotFoundError(f"observations holds no object {sha256}; it may have expired", sha256=sha256)
        return self.outputs[sha256]

    async def tools(self) -> Sequence[Row]:
        """Whatever ``catalogue`` holds."""
        return self.catalogue

    async def call_tool(self, person: Person, name: str, arguments: Mapping[str, Any]) -> Row:
        """Remembered in ``asked``, for a tool of the catalogue."""
        if name not in {tool["name"] for tool in self.catalogue}:
            raise NotFoundError(f"nobody serves the tool {name!r}", known=[tool["name"] for tool in self.catalogue])
        self.asked.append(("tool", (person.name, name, dict(arguments))))
        return self.tool_answers.get(name, {"status": "ok", "content": {}})

    def subscribe(self, notify: Callable[[Change], None]) -> Callable[[], None]:
        """Hear of every change."""
        self._listeners.append(notify)
        return lambda: self._listeners.remove(notify)


def _decision(approval: Mapping[str, Any], verdict: Any, at: datetime) -> Decision:
    return Decision(
        approval_id=approval["approval_id"],
        run_id=approval["run_id"],
        step=approval["step"],
        incident_id=approval["incident_id"],
        verdict=verdict,
        change_id=approval["change"]["change_id"],
        change_hash=approval["change_hash"],
        device=approval["device"],
        quorum=approval["quorum"],
        requested_by=approval["requested_by"],
        votes=[],
        decided_at=at,
        expires_at=at,
    )
