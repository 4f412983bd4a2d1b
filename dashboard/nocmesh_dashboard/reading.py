"""Reads the streams into the read models, and says what is new. What was read before is not read again.

Messages go through one queue in batches, because a transaction each would make a replay slow.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from nocmesh.bus import Bus, Mesh, Received
from nocmesh.engine.state import Transition
from nocmesh.errors import InvalidInputError
from nocmesh.log import Log
from nocmesh.messages.agent import AgentCard, Farewell
from nocmesh.messages.alert import AlertEvent
from nocmesh.messages.approval import ApprovalRequest, Decision, Vote
from nocmesh.messages.base import Message
from nocmesh.messages.incident import IncidentEvent
from nocmesh.messages.session import SessionEvent
from nocmesh.store.projector import Projector
from nocmesh.subjects import Zone, row_of, wildcard

READ: tuple[tuple[str, type[Message]], ...] = (
    ("ai.alerts.events.<alert_id>", AlertEvent),
    ("ai.incidents.events.<incident_id>", IncidentEvent),
    ("ai.approvals.pending.<id>", ApprovalRequest),
    ("ai.approvals.votes.<id>", Vote),
    ("ai.approvals.decisions.<id>", Decision),
    ("ai.workflows.journal.<run_id>", Transition),
    ("ai.agents.sessions.<type>.<session_id>", SessionEvent),
    ("ai.agents.register", AgentCard),
    ("ai.agents.deregister", Farewell),
)
BATCH = 200
WAITING = 2_000
"""Messages in hand at most; the followers wait then."""
AGAIN_SECONDS = 1.0


class Reading:
    """Follows every stream that a read model is made of."""

    def __init__(self, projector: Projector, told: Callable[[Received[Any]], None], log: Log) -> None:
        self._projector = projector
        self._told = told
        self._log = log
        self._queue: asyncio.Queue[Received[Any]] = asyncio.Queue(WAITING)

    async def start(self, mesh: Mesh) -> None:
        """Follow each kind of message from where the read models stand."""
        for pattern, body in READ:
            where = wildcard(pattern)
            row = row_of(where.replace("*", "x"))
            assert row is not None
            stream = str(row.stream)
            after = await self._projector.cursor(stream, body)
            await _zone(mesh, row.zone).follow(stream, body, self._queue.put, subject_filter=where, after=after)

    async def run(self) -> None:
        """Apply what comes, until it is cancelled."""
        while True:
            batch = [await self._queue.get()]
            while len(batch) < BATCH and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            await self._apply(batch)
            for received in batch:
                self._told(received)

    async def _apply(self, batch: Sequence[Received[Any]]) -> None:
        """Apply ``batch``; a database that does not answer is asked again, for nothing may be left out."""
        while True:
            try:
                return await _one_by_one(self._projector.apply_all, batch, self._refused)
            except Exception as error:  # noqa: BLE001 - whatever the database says, the messages are still there
                self._log.warning("read_models_behind", error=str(error)[:300], waiting=self._queue.qsize())
            await asyncio.sleep(AGAIN_SECONDS)

    def _refused(self, received: Received[Any], error: InvalidInputError) -> None:
        self._log.error("message_left_out", subject=received.subject, sequence=received.sequence, error=error.message)


async def _one_by_one(
    apply: Callable[[Sequence[Received[Any]]], Awaitable[int]],
    batch: Sequence[Received[Any]],
    refused: Callable[[Received[Any], InvalidInputError], None],
) -> None:
    """Apply all together; when one is refused, each by itself, so that the others are not lost with it."""
    try:
        await apply(batch)
    except InvalidInputError as error:
        if len(batch) == 1:
            refused(batch[0], error)
            return
        for received in batch:
            await _one_by_one(apply, [received], refused)


def _zone(mesh: Mesh, zone: Zone) -> Bus:
    return {Zone.CORE: mesh.core, Zone.AGENTS: mesh.agents, Zone.EDGE: mesh.edge}[zone]
