"""From messages of the mesh to notes: what waits for people, and what they must look at."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec

from nocmesh.bus import Bus, Received
from nocmesh.clock import Clock
from nocmesh.errors import InvalidInputError, NocmeshError
from nocmesh.ids import short_digest
from nocmesh.log import Log
from nocmesh.messages.approval import ApprovalRequest, Decision, Vote
from nocmesh.messages.base import Message
from nocmesh.messages.change import DeviceResult
from nocmesh.messages.incident import IncidentEvent
from nocmesh.messages.order import Order
from nocmesh.runtime import until
from nocmesh.subjects import row_of, wildcard
from nocmesh_bridges.notify import note
from nocmesh_bridges.notify.due import Word, due
from nocmesh_bridges.notify.outbox import Outbox

PENDING, VOTES, DECISIONS, ORDERS = (
    "ai.approvals.pending.<id>",
    "ai.approvals.votes.<id>",
    "ai.approvals.decisions.<id>",
    "ai.approvals.orders.<kind>.<name>",
)
INCIDENTS, RESULTS = "ai.incidents.events.<incident_id>", "ai.devices.results.<target>"
STREAMS = ("APPROVALS", "INCIDENTS", "DEVICE_RESULTS")
TICK_SECONDS = 1.0
OLD = timedelta(hours=6)
"""What is older is no news: it is not told by a mesh whose notifications were just turned on."""
WORDS: tuple[Word, ...] = ("asked", "half", "late")
M = TypeVar("M", bound=Message)


@dataclass(slots=True)
class _Open:
    """An approval that waits."""

    request: ApprovalRequest
    people: set[str] = field(default_factory=set)
    last: datetime | None = None
    """When it was told of."""


class Watch:
    """Follows what people should know of."""

    def __init__(self, core: Bus, outbox: Outbox, *, url: str, clock: Clock, log: Log) -> None:
        self._core, self._outbox = core, outbox
        self._url, self._clock, self._log = url, clock, log
        self._open: dict[str, _Open] = {}
        self._over: set[str] = set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Watch until ``stopping``. Raises BusError when it cannot begin."""
        await self._learn()
        workers = [await self._core.work(name, "notify", dict[str, Any], self.take, slots=1) for name in STREAMS]
        while not await until(stopping, TICK_SECONDS):
            await self.look()
        for worker in workers:
            await worker.stop()

    async def _learn(self) -> None:
        """The approvals that wait now: what was delivered before a restart is not delivered again."""
        async for decision in self._core.history("APPROVALS", wildcard(DECISIONS), Decision):
            self._over.add(decision.body.approval_id)
        async for request in self._core.history("APPROVALS", wildcard(PENDING), ApprovalRequest):
            self._wait(request.body)
        async for vote in self._core.history("APPROVALS", wildcard(VOTES), Vote):
            self._voted(vote.body)

    async def take(self, received: Received[dict[str, Any]]) -> None:
        """One message. Raises InvalidInputError for a body that is not its subject's, BusError."""
        row = row_of(received.subject)
        pattern = row.pattern if row else ""
        if pattern == PENDING:
            self._wait(_as(received, ApprovalRequest))
            await self.look()
        elif pattern == VOTES:
            self._voted(_as(received, Vote))
        elif (told := self._news(pattern, received)) and self._clock.now() - told.at < OLD:
            await self._outbox.put(told)

    def _news(self, pattern: str, received: Received[dict[str, Any]]) -> note.Note | None:
        """What is told at once of a message; None: nothing."""
        if pattern == DECISIONS:
            decision = _as(received, Decision)
            self._over.add(decision.approval_id)
            self._open.pop(decision.approval_id, None)
            return note.decided(decision, self._url)
        if pattern == ORDERS:
            order = _as(received, Order)
            return note.frozen(order, self._url) if order.kind == "freeze" else None
        if pattern == INCIDENTS:
            event = _as(received, IncidentEvent)
            return note.escalated(event, self._url) if event.kind == "escalated" else None
        if pattern == RESULTS:
            result = _as(received, DeviceResult)
            return note.unknown(result, received.at, self._url) if result.outcome == "unknown" else None
        return None

    async def look(self) -> None:
        """Tell of what is due. What fails is tried again at the next look."""
        now = self._clock.now()
        for id, waiting in list(self._open.items()):
            if now >= waiting.request.expires_at:
                del self._open[id]
                continue
            word = due(waiting.request, waiting.last, now)
            if word is None:
                continue
            told = note.waiting(waiting.request, word, self._url, now, votes=len(waiting.people))
            try:
                await self._outbox.put(told)
                waiting.last = now
            except NocmeshError as wrong:
                self._log.warning("note_not_kept", note=told.key, reason=wrong.message)

    def _wait(self, request: ApprovalRequest) -> None:
        id = request.approval_id
        if id in self._over or id in self._open or self._clock.now() >= request.expires_at:
            return
        keys = [f"approval.{short_digest(id)}.{word}" for word in WORDS]
        told = [self._outbox.known[key] for key in keys if key in self._outbox.known]
        self._open[id] = _Open(request, last=max(told, default=None))

    def _voted(self, vote: Vote) -> None:
        if vote.approval_id in self._open:
            self._open[vote.approval_id].people.add(vote.person)


def _as(received: Received[dict[str, Any]], type: type[M]) -> M:
    try:
        return msgspec.convert(received.body, type)
    except msgspec.ValidationError as wrong:
        raise InvalidInputError(f"{received.subject}: no {type.__name__}: {wrong}", field="body") from wrong
