"""The NetBox bridge as a process: it serves ``netbox_lookup`` where the inventory names a NetBox."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from nocmesh import __version__
from nocmesh.agent.presence import Presence, card_of
from nocmesh.bus import Received
from nocmesh.errors import NocmeshError
from nocmesh.inventory import netbox_in
from nocmesh.inventory_form import NetBoxEntry
from nocmesh.messages.agent import Metrics, ToolReply, ToolRequest
from nocmesh.messages.inventory import InventoryChanged
from nocmesh.netbox import client_of
from nocmesh.netbox_client import NetBoxClient
from nocmesh.runtime import Context, Role, until
from nocmesh.subjects import subject
from nocmesh.yamlfile import read_document
from nocmesh_bridges.netbox.cache import Cache
from nocmesh_bridges.netbox.following import Following
from nocmesh_bridges.netbox.lookup import TOOL, Lookup

SLOTS = 8
"""Questions at once: NetBox is a web application that people use."""
ANSWER_SECONDS = 10.0
NUMBERS_SECONDS = 10.0


async def run(context: Context) -> None:
    """Serve until the context says stop. Raises PreconditionError when NetBox's token is not there."""
    path = context.settings.inventory
    entry = _entry(path)
    if path is None or entry is None:
        context.log.warning("no_netbox", next="name one in the inventory, under `netbox:`")
        await context.stopping.wait()
        return
    with client_of(entry, most_seconds=ANSWER_SECONDS) as client:
        await _serve(context, client, path)


async def _serve(context: Context, client: NetBoxClient, inventory: Path) -> None:
    cache = Cache(context.settings.netbox_cache_seconds)
    following = Following(context.mesh.agents, cache, inventory, context.log)
    lookup = Lookup(client, cache, context.clock, context.log, lambda: following.stale)

    async def call(received: Received[ToolRequest]) -> ToolReply:
        return await lookup.call(received.body)

    where = subject("ai.tools.call.<tool>", tool=TOOL)
    service = await context.mesh.agents.serve(where, ToolRequest, call, slots=SLOTS)
    changed = subject("ai.inventory.changed")
    listener = await context.mesh.edge.listen(changed, InventoryChanged, following.take)
    async with _presence(context, lookup, lambda: service.in_hand) as presence:
        tasks = [
            asyncio.create_task(following.run(context.stopping)),
            asyncio.create_task(_tell_numbers(context, lookup, following)),
        ]
        await context.stopping.wait()
        presence.drain()
        await service.stop()
        await listener.stop()
        await asyncio.gather(*tasks)


async def _tell_numbers(context: Context, lookup: Lookup, following: Following) -> None:
    """The bridge's counts, for whoever watches this process."""
    me = subject("ai.metrics.<agent_id>", agent_id=context.name)
    while not await until(context.stopping, NUMBERS_SECONDS):
        values = {
            "netbox_asked": float(lookup.asked),
            "netbox_answered_from_cache": float(lookup.answered_from_cache),
            "netbox_failed": float(lookup.failed),
            "netbox_changes_heard": float(following.heard),
            "inventory_stale": float(len(following.stale)),
        }
        numbers = Metrics(agent_id=context.name, values=values, timestamp=context.clock.now())
        try:
            await context.mesh.agents.emit(me, numbers)
        except NocmeshError as wrong:
            context.log.warning("metrics_failed", error=str(wrong))


def _presence(context: Context, lookup: Lookup, in_hand: Callable[[], int]) -> Presence:
    card = card_of(
        context,
        agent_type="netbox",
        version=__version__,
        kind="bridge",
        capabilities=("netbox",),
        tools=(TOOL,),
        description="Looks up in NetBox what should be there.",
        load_limit=SLOTS,
    )
    return Presence(
        context.mesh.agents,
        card,
        clock=context.clock,
        log=context.log,
        interval=context.settings.heartbeat_seconds,
        load=lambda: (in_hand(), lookup.asked + lookup.answered_from_cache, lookup.failed),
    )


def _entry(path: Path | None) -> NetBoxEntry | None:
    return netbox_in(read_document(path)) if path else None


role = Role(name="netbox", bus_role="netbox", type="netbox", run=run)
