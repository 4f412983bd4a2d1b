"""The backend over the mesh: read models kept up from the streams, people asked about over the bus."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, NoReturn

from nocmesh.agent.baselines import load_books
from nocmesh.agent.network import load_network
from nocmesh.agent.session import OBJECTS
from nocmesh.bus import Mesh, Received
from nocmesh.clock import Clock
from nocmesh.errors import DeniedError, InvalidInputError, NocmeshError, NotFoundError, PreconditionError
from nocmesh.ids import new_id
from nocmesh.log import Log
from nocmesh.messages.agent import AgentCard, Farewell, ToolReply, ToolRequest
from nocmesh.messages.order import Order
from nocmesh.messages.people import PersonReply, PersonRequest
from nocmesh.messages.workflow import RunControl, WorkflowRequest, WorkflowResponse
from nocmesh.store.database import Database
from nocmesh.store.projector import Projector
from nocmesh.store.records import Records
from nocmesh.subjects import subject, wildcard
from nocmesh_dashboard.backend import VIEWER, Ballot, Change, Person, Proof, Row, SignedIn
from nocmesh_dashboard.changes import change_of
from nocmesh_dashboard.devices import device_row
from nocmesh_dashboard.problems import unauthenticated
from nocmesh_dashboard.readiness import Readiness
from nocmesh_dashboard.reading import Reading
from nocmesh_dashboard.roster import Roster

CALL_SECONDS = 10.0
TOOL_SECONDS = 120.0
ANSWER_SECONDS = 5.0
"""How long a started run may take to be accepted before the caller is told to look for it."""
REMEMBERED_SECONDS = 5.0
"""How long it is believed who a proof belongs to, for reading; a vote is always asked about."""
MOST_REMEMBERED = 1000
LOOK_SECONDS = 0.5


class BusBackend:
    """``nocmesh_dashboard.backend.Backend`` over the bus."""

    def __init__(self, mesh: Mesh, database: Database, clock: Clock, log: Log, needed: Sequence[str] = ()) -> None:
        """``needed``: types of agents without which the mesh is not ready."""
        self.records = Records(database)
        self._mesh = mesh
        self._clock = clock
        self._log = log
        self._roster = Roster(clock)
        self._reading = Reading(Projector(database), self._told, log)
        self._readiness = Readiness(mesh, self._roster, needed)
        self._listeners: list[Callable[[Change], None]] = []
        self._answers: dict[str, asyncio.Future[WorkflowResponse]] = {}
        self._known: dict[str, tuple[float, Person]] = {}
        self._orders: dict[tuple[str, str], Order] = {}

    async def start(self) -> None:
        """Begin to follow and to listen."""
        for row in await self.records.agents():
            self._roster.seed(row)
        await self._roster.listen(self._mesh.agents)
        await self._reading.start(self._mesh)
        orders = wildcard("ai.approvals.orders.<kind>.<name>")
        await self._mesh.core.follow("APPROVALS", Order, self._ordered, subject_filter=orders)
        last = await self._mesh.edge.last_sequence("RESPONSES")
        await self._mesh.edge.follow("RESPONSES", WorkflowResponse, self._answered, after=last)

    async def run(self) -> None:
        """Keep the read models and the list of agents up, until it is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._reading.run())
            tasks.create_task(self._watch())

    async def _watch(self) -> None:
        while True:
            if self._roster.moved():
                self._notify(Change(topic="agents"))
            await asyncio.sleep(LOOK_SECONDS)

    def _told(self, received: Received[Any]) -> None:
        body = received.body
        if isinstance(body, AgentCard):
            self._roster.carded(body, received.at)
        elif isinstance(body, Farewell):
            self._roster.departed(body)
        else:
            self._notify(change_of(body))

    def _notify(self, change: Change) -> None:
        for listener in self._listeners:
            listener(change)

    def subscribe(self, notify: Callable[[Change], None]) -> Callable[[], None]:
        """Hear of every change from now on; the returned call ends it."""
        self._listeners.append(notify)
        return lambda: self._listeners.remove(notify)

    def agents(self) -> Sequence[Row]:
        """Who is there now."""
        return self._roster.rows()

    async def ready(self) -> tuple[bool, Row]:
        """Whether the mesh can take work, and what there is or what is missing."""
        return await self._readiness.now()

    # --- people

    async def person(self, proof: Proof) -> Person:
        """Whose proof this is; raises DeniedError."""
        if proof.empty and proof.loopback:
            return VIEWER
        key = hashlib.sha256(f"{proof.session}\x1f{proof.token}\x1f{proof.loopback_user}".encode()).hexdigest()
        now = asyncio.get_running_loop().time()
        until, person = self._known.get(key, (0.0, VIEWER))
        if now < until:
            return person
        reply = await self._ask("whoami", proof)
        person = Person(name=reply.name, roles=tuple(reply.roles))
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[key] = (now + REMEMBERED_SECONDS, person)
        return person

    async def sign_in(self, token: str) -> SignedIn:
        """A session for a personal token; raises DeniedError."""
        try:
            reply = await self._ask("sign_in", Proof(token=token))
        except DeniedError as error:
            raise unauthenticated(error.message) from error
        person = Person(name=reply.name, roles=tuple(reply.roles))
        return SignedIn(session=str(reply.content["session"]), person=person)

    async def sign_out(self, proof: Proof) -> None:
        """End the session."""
        self._known.clear()
        await self._ask("sign_out", proof)

    async def vote(self, proof: Proof, approval_id: str, ballot: Ballot) -> Row:
        """Record a vote; the approvals process judges it."""
        reply = await self._ask("vote", proof, {"approval_id": approval_id, **asdict(ballot)})
        return {"person": reply.name, **reply.content}

    async def orders(self, proof: Proof) -> Sequence[Row]:
        """What was ordered about the mesh itself."""
        rows: list[Row] = (await self._ask("orders", proof)).content["orders"]
        return rows

    async def _ordered(self, received: Received[Order]) -> None:
        order = received.body
        self._orders[order.kind, order.name] = order
        self._notify(Change(topic="approvals"))

    def freezes(self) -> Sequence[Order]:
        """Those that hold now."""
        now = self._clock.now()
        return [order for order in self._orders.values() if order.kind == "freeze" and order.holds(now)]

    async def order(self, proof: Proof, wish: Mapping[str, Any]) -> Row:
        """Give an order; the approvals process judges it."""
        given: Row = (await self._ask("order", proof, wish)).content["order"]
        return given

    async def _ask(self, operation: str, proof: Proof, arguments: Mapping[str, Any] | None = None) -> PersonReply:
        asked = PersonRequest(
            session=proof.session,
            token=proof.token,
            loopback_user=proof.loopback_user if proof.loopback else "",
            arguments=dict(arguments or {}),
        )
        where = subject("ai.approvals.call.<operation>", operation=operation)
        try:
            reply = await self._mesh.core.request(where, asked, PersonReply, timeout=CALL_SECONDS)
        except NotFoundError as error:
            raise PreconditionError(
                "the approvals process is not there, and it alone knows people",
                status=503,
                next="start it: nocmesh agent run approvals",
            ) from error
        if reply.error:
            _refused(reply)
        return reply

    # --- work

    async def request_workflow(
        self, person: Person, workflow_type: str, parameters: Mapping[str, Any], workflow_id: str
    ) -> Row:
        """Start a run, and say whether it was accepted."""
        now = self._clock.now()
        wanted = WorkflowRequest(
            workflow_id=workflow_id or new_id(now),
            workflow_type=workflow_type,
            parameters=dict(parameters),
            requester=person.name,
            timestamp=now,
        )
        answered = asyncio.get_running_loop().create_future()
        self._answers[wanted.workflow_id] = answered
        try:
            await self._mesh.edge.publish(subject("ai.workflows.request"), wanted, id=f"request:{wanted.workflow_id}")
            async with asyncio.timeout(ANSWER_SECONDS):
                response = await answered
        except TimeoutError:
            return {"workflow_id": wanted.workflow_id, "status": "requested"}
        finally:
            self._answers.pop(wanted.workflow_id, None)
        if response.status == "rejected":
            raise InvalidInputError(response.error or "the orchestrator refused it", field="workflow_type")
        return {"workflow_id": wanted.workflow_id, "status": response.status}

    async def _answered(self, received: Received[WorkflowResponse]) -> None:
        waiting = self._answers.get(received.body.workflow_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(received.body)

    async def control_run(self, person: Person, run_id: str, action: str, reason: str) -> Row:
        """Tell a run what to do; the orchestrator takes it from the stream."""
        request_id = new_id(self._clock.now())
        word: Any = action
        control = RunControl(run_id=run_id, action=word, reason=reason, person=person.name, request_id=request_id)
        where = subject("ai.workflows.control.<run_id>", run_id=run_id)
        await self._mesh.core.publish(where, control, id=request_id)
        return {"workflow_id": run_id, "status": "requested", "action": action}

    async def devices(self) -> Sequence[Row]:
        """The devices of the inventory, each with what is known of its past."""
        network, books = await load_network(self._mesh.agents), await load_books(self._mesh.agents)
        return [device_row(device, books.get(device.name)) for device in network.devices]

    async def output(self, sha256: str) -> str:
        """What a device answered, redacted, where it was too long for an event. Raises NotFoundError."""
        return (await self._mesh.agents.objects(OBJECTS).get(sha256)).decode(errors="replace")

    async def tools(self) -> Sequence[Row]:
        """The tools on the cards of those that live."""
        served: dict[str, list[str]] = {}
        for card in self._roster.cards():
            for tool in card.tools if card.kind != "agent" else ():
                served.setdefault(tool, []).append(card.agent_id)
        return [{"name": name, "served_by": sorted(by)} for name, by in sorted(served.items())]

    async def call_tool(self, person: Person, name: str, arguments: Mapping[str, Any]) -> Row:
        """Call a tool; raises NotFoundError when nobody serves it."""
        where = subject("ai.tools.call.<tool>", tool=name)
        id = new_id(self._clock.now())
        request = ToolRequest(tool=name, arguments=dict(arguments), call_id=id, person=person.name)
        self._log.info("tool_called", tool=name, person=person.name, call_id=request.call_id)
        try:
            reply = await self._mesh.agents.request(where, request, ToolReply, timeout=TOOL_SECONDS)
        except NotFoundError as error:
            known = [str(tool["name"]) for tool in await self.tools()]
            raise NotFoundError(
                f"nobody serves the tool {name[:60]!r} now", known=known, next="GET /api/tools lists them"
            ) from error
        return reply.to_dict()


def _refused(reply: PersonReply) -> NoReturn:
    kinds: Mapping[str, type[NocmeshError]] = {"not_found": NotFoundError, "conflict": PreconditionError}
    if reply.code == "invalid":
        raise InvalidInputError(reply.error, code=reply.code)
    raise kinds.get(reply.code, DeniedError)(reply.error, code=reply.code or "denied")
