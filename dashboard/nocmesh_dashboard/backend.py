"""What pages and API need of the mesh. They know this protocol and no bus, so that they are tested without one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from nocmesh.messages.order import Order
from nocmesh.messages.report import Report

Row: TypeAlias = Mapping[str, Any]
"""One plain dict, as a read model gives it."""

ROLE_OPERATOR = "operator"
ROLE_ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """How a request shows whose it is: a session cookie, a personal token, or a name on loopback (labs only)."""

    session: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    loopback_user: str = ""
    loopback: bool = False
    """The request came from this machine and that is enough here."""

    @property
    def empty(self) -> bool:
        """Nothing was shown."""
        return not (self.session or self.token or self.loopback_user)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who asks."""

    name: str
    roles: tuple[str, ...] = ()

    def is_operator(self) -> bool:
        """Whether the person may start and stop work."""
        return ROLE_OPERATOR in self.roles or ROLE_ADMIN in self.roles


VIEWER = Person(name="viewer", roles=("viewer",))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A fresh session of a person."""

    session: str = field(repr=False)
    person: Person
    seconds: int = 12 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something is new: look again."""

    topic: str
    """`incidents`, `sessions` (by incident), `approvals`, `alerts`, `runs` or `agents`."""
    id: str = ""


class Page(Protocol):
    """One page of a list; ``next`` goes into ``after`` for the following one, None at the end."""

    @property
    def items(self) -> Sequence[Row]:
        """The rows."""
        ...

    @property
    def next(self) -> str | None:
        """Where the following page begins."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """What a person says of a change."""

    decision: str
    comment: str = ""
    change_hash: str = ""
    """Of the change that was looked at; empty: whichever it is."""
    conditions: Mapping[str, Any] | None = None


class Records(Protocol):
    """Queries of the read models; ``nocmesh.store.records`` answers them."""

    async def incidents(self, state: str | None = None, limit: int = 50, after: str | None = None) -> Page:
        """Incidents, newest first; ``state`` may name several, separated by commas."""
        ...

    async def incident(self, incident_id: str) -> Row | None:
        """One incident."""
        ...

    async def timeline(self, incident_id: str) -> Sequence[Row]:
        """Its events and the sessions of its agents, oldest first."""
        ...

    async def report(self, incident_id: str) -> Report | None:
        """Its report, as far as it is known."""
        ...

    async def approvals(
        self,
        status: str | None = "pending",
        limit: int = 50,
        after: str | None = None,
        *,
        incident_id: str | None = None,
    ) -> Page:
        """Approvals, newest first; ``status`` None means all."""
        ...

    async def approval(self, approval_id: str) -> Row | None:
        """One approval with its votes."""
        ...

    async def alerts(self, limit: int = 50, after: str | None = None) -> Page:
        """Alerts, newest first."""
        ...

    async def runs(self, status: str | None = None, limit: int = 50, after: str | None = None) -> Page:
        """Workflow runs, newest first."""
        ...

    async def run(self, run_id: str) -> Row | None:
        """One run."""
        ...

    async def counts(self) -> Mapping[str, Mapping[str, int]]:
        """How many incidents by state, approvals and runs by status."""
        ...


class Backend(Protocol):
    """The mesh, as a person uses it. Refusals are errors of ``nocmesh.errors`` with a `code` among their facts."""

    @property
    def records(self) -> Records:
        """The read models."""
        ...

    def agents(self) -> Sequence[Row]:
        """Who is there now: agent_id, type, liveness (`live`, `slow`, `gone`), load, last_sign, …."""
        ...

    async def person(self, proof: Proof) -> Person:
        """Whose proof this is; raises DeniedError (code `unauthenticated`)."""
        ...

    async def sign_in(self, token: str) -> SignedIn:
        """A session for a personal token; raises DeniedError."""
        ...

    async def sign_out(self, proof: Proof) -> None:
        """End the session."""
        ...

    async def vote(self, proof: Proof, approval_id: str, ballot: Ballot) -> Row:
        """Record a vote; raises NotFoundError, DeniedError, PreconditionError (code `conflict`)."""
        ...

    async def orders(self, proof: Proof) -> Sequence[Row]:
        """What was ordered about the mesh itself, and whether each order holds; raises DeniedError."""
        ...

    def freezes(self) -> Sequence[Order]:
        """Those that hold now: no change goes out where they reach."""
        ...

    async def order(self, proof: Proof, wish: Mapping[str, Any]) -> Row:
        """Give an order; raises InvalidInputError, DeniedError."""
        ...

    async def request_workflow(
        self, person: Person, workflow_type: str, parameters: Mapping[str, Any], workflow_id: str
    ) -> Row:
        """Start a run and say what the orchestrator answered."""
        ...

    async def control_run(self, person: Person, run_id: str, action: str, reason: str) -> Row:
        """Tell a run to stop (`cancel`), `pause`, `resume` or `retry`."""
        ...

    async def ready(self) -> tuple[bool, Row]:
        """Whether the mesh can take work, and what there is or what is missing."""
        ...

    async def devices(self) -> Sequence[Row]:
        """The devices of the inventory, each with what is known of its past."""
        ...

    async def output(self, sha256: str) -> str:
        """What a device answered, redacted, where it was too long for an event.

        Raises NotFoundError, InvalidInputError for what is no sha256.
        """

    async def tools(self) -> Sequence[Row]:
        """The tools that can be called, with who serves them."""
        ...

    async def call_tool(self, person: Person, name: str, arguments: Mapping[str, Any]) -> Row:
        """Call one and give its answer; raises NotFoundError when nobody serves it."""
        ...

    def subscribe(self, notify: Callable[[Change], None]) -> Callable[[], None]:
        """Hear of every change from now on; the returned call ends it."""
        ...
