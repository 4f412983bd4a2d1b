"""Ears and mouth of the audit role: journals in, one hash chain out."""

from typing import Any

from nocmesh.bus import Bus, Received
from nocmesh.errors import BusError, LostRaceError
from nocmesh.messages.people import AuditEntry
from nocmesh.runtime import Context, Role
from nocmesh.subjects import subject
from nocmesh_agents.audit.chain import chained
from nocmesh_agents.audit.facts import fact_of

STREAMS = ("JOURNAL", "INCIDENTS", "APPROVALS", "DEVICE_RESULTS", "DEVICE_JOURNAL")
ALL = "ai.audit.>"
MAX_RACES = 50


async def stands(core: Bus, source: str) -> bool:
    """Whether the chain holds the fact of ``source`` already: its delivery was not acknowledged, and came again."""
    return any([entry.body.source == source async for entry in core.history("AUDIT", ALL, AuditEntry)])


async def run(context: Context) -> None:
    """The role: one entry at a time, appended only after the one that it is chained to."""
    core = context.mesh.core

    async def chain(received: Received[dict[str, Any]]) -> None:
        entry = fact_of(received)
        if entry is None or (received.attempt > 1 and await stands(core, entry.source)):
            return
        for _ in range(MAX_RACES):
            last = await core.last(ALL, AuditEntry)
            linked = chained(last.body if last else None, entry)
            try:
                await core.publish(
                    subject("ai.audit.<actor_kind>", actor_kind=linked.actor_kind),
                    linked,
                    id=f"audit:{entry.source}",
                    expect_last=last.sequence if last else 0,
                    expect_filter=ALL,
                )
            except LostRaceError:
                continue
            return
        raise BusError(f"the audit chain moved {MAX_RACES} times while {entry.source} waited")

    workers = [await core.work(stream, "audit", dict[str, Any], chain, slots=1) for stream in STREAMS]
    await context.stopping.wait()
    for worker in workers:
        await worker.stop()


role = Role(name="audit", bus_role="audit", type="audit", run=run)
