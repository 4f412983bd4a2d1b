"""Ears and mouth of the audit role: journals in, one hash chain out."""

import asyncio
from typing import Any

from nocmesh.audit.chain import chained
from nocmesh.bus import Bus, Received
from nocmesh.errors import BusError, InvalidInputError, LostRaceError, SignatureError
from nocmesh.messages.people import AuditEntry
from nocmesh.runtime import Context, Role
from nocmesh.subjects import subject
from nocmesh_agents.audit.facts import fact_of
from nocmesh_agents.audit.heads import ALL, Heads

STREAMS = ("JOURNAL", "INCIDENTS", "APPROVALS", "DEVICE_RESULTS", "DEVICE_JOURNAL", "ATTEMPTS")
MAX_RACES = 50


class Chainer:
    """Appends facts, each once, and only after the one that it is chained to."""

    def __init__(self, core: Bus) -> None:
        self._core = core

    async def take(self, received: Received[dict[str, Any]]) -> None:
        """Append what the message states. Raises BusError when others append again and again meanwhile."""
        entry = fact_of(received)
        if entry is None or (received.attempt > 1 and await self._stands(entry.source)):
            return
        for _ in range(MAX_RACES):
            if await self._append(entry):
                return
        raise BusError(f"the audit chain moved {MAX_RACES} times while {entry.source} waited")

    async def _append(self, entry: AuditEntry) -> bool:
        last, behind = await self._end()
        linked = chained(last, entry)
        try:
            await self._core.publish(
                subject("ai.audit.<actor_kind>", actor_kind=linked.actor_kind),
                linked,
                id=f"audit:{entry.source}",
                expect_last=behind,
                expect_filter=ALL,
            )
        except LostRaceError:
            return False
        return True

    async def _end(self) -> tuple[AuditEntry | None, int]:
        """The last entry, and the sequence of the last message: one that is none of ours must not stop the chain."""
        try:
            last = await self._core.last(ALL, AuditEntry)
        except (SignatureError, InvalidInputError):
            behind, entry = await self._core.last_sequence("AUDIT"), None
            async for received in self._core.history("AUDIT", ALL, AuditEntry):
                entry = received.body
            return entry, behind
        return (last.body, last.sequence) if last else (None, 0)

    async def _stands(self, source: str) -> bool:
        """Whether the fact of ``source`` is in the chain: its delivery was not acknowledged, and came again."""
        return any([entry.body.source == source async for entry in self._core.history("AUDIT", ALL, AuditEntry)])


async def run(context: Context) -> None:
    """The role: one entry at a time from each journal."""
    core = context.mesh.core
    chainer = Chainer(core)
    workers = [await core.work(stream, "audit", dict[str, Any], chainer.take, slots=1) for stream in STREAMS]
    heads = asyncio.create_task(Heads(context).run())
    await context.stopping.wait()
    for worker in workers:
        await worker.stop()
    await heads


role = Role(name="audit", bus_role="audit", type="audit", run=run)
