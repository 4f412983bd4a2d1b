"""The SNMP bridge as a process: it serves ``snmp_query``, and hears traps where the settings say so."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from nocmesh import __version__
from nocmesh.agent.presence import Presence, card_of
from nocmesh.bus import Received
from nocmesh.errors import NocmeshError
from nocmesh.inventory import Inventory, load_inventory
from nocmesh.messages.agent import Metrics, ToolReply, ToolRequest
from nocmesh.runtime import Context, Role, until
from nocmesh.safe.opener import Opener
from nocmesh.subjects import subject
from nocmesh_bridges.snmp.asking import Asker
from nocmesh_bridges.snmp.engine import Engine
from nocmesh_bridges.snmp.hearing import Ears
from nocmesh_bridges.snmp.identity import identity
from nocmesh_bridges.snmp.inbox import Inbox
from nocmesh_bridges.snmp.naming import Namer
from nocmesh_bridges.snmp.query import TOOL, Querier
from nocmesh_bridges.snmp.receiver import Receiver
from nocmesh_bridges.snmp.senders import Senders
from nocmesh_bridges.snmp.target import Target, targets_of

SLOTS = 64
INCOMING = "ai.alerts.incoming.<source>"
STORED_SECONDS = 5.0
NUMBERS_SECONDS = 10.0


async def run(context: Context) -> None:
    """Serve until the context says stop. Raises PreconditionError when the traps' address is taken."""
    inventory = _inventory(context)
    targets, wrong = targets_of(inventory.devices, Opener(context.settings).secret)
    for error in wrong:
        context.log.error("snmp_unusable", reason=error.message)
    engine = Engine(*identity(Path(context.settings.data)))
    try:
        await _serve(context, inventory, targets, engine)
    finally:
        engine.close()


async def _serve(context: Context, inventory: Inventory, targets: Mapping[str, Target], engine: Engine) -> None:
    settings, network = context.settings, inventory.network()
    asker = Asker(engine, timeout=settings.snmp_timeout, retries=settings.snmp_retries)
    querier = Querier(asker, network, targets, context.log)
    receiver = _receiver(context, inventory, targets, engine, asker)

    async def call(received: Received[ToolRequest]) -> ToolReply:
        return await querier.call(received.body)

    where = subject("ai.tools.call.<tool>", tool=TOOL)
    service = await context.mesh.agents.serve(where, ToolRequest, call, slots=SLOTS)
    async with AsyncExitStack() as stack:
        presence = await stack.enter_async_context(_presence(context, lambda: service.in_hand, receiver))
        if receiver is None:
            await context.stopping.wait()
        else:
            numbers = asyncio.create_task(_tell_numbers(context, receiver))
            stack.callback(numbers.cancel)
            await receiver.run(context.stopping, settings.shutdown_seconds / 2)
        presence.drain()
        await service.stop()


def _receiver(
    context: Context, inventory: Inventory, targets: Mapping[str, Target], engine: Engine, asker: Asker
) -> Receiver | None:
    """What hears traps; None where no address is set."""
    settings = context.settings
    if settings.snmp_traps is None:
        context.log.info("no_traps", next="set NOCMESH_SNMP_TRAPS, such as 0.0.0.0:1162, to hear them")
        return None
    own = settings.snmp_trap_community
    known = {target.community for target in targets.values() if target.community}
    communities = {own.get_secret_value()} if own else known
    users = {target.user.name: target.user for target in targets.values() if target.user}
    inbox = Inbox.open(settings.snmp_traps)
    senders = Senders(device.device for device in inventory.devices)
    context.log.info("traps_heard", port=inbox.port, buffer=inbox.buffer, engine_id=engine.engine_id.hex())

    async def publish(body: bytes, id: str) -> int:
        where = subject(INCOMING, source="snmp")
        return await context.mesh.edge.publish(where, body, id=id, correlation_id=id, timeout=STORED_SECONDS)

    namer = Namer(asker, targets, context.log)
    ears = Ears(communities, users.values(), engine)
    return Receiver(inbox, ears, senders, namer, publish, context.clock, context.log)


async def _tell_numbers(context: Context, receiver: Receiver) -> None:
    """The receiver's counts, for whoever watches this process."""
    me = subject("ai.metrics.<agent_id>", agent_id=context.name)
    while not await until(context.stopping, NUMBERS_SECONDS):
        numbers = Metrics(agent_id=context.name, values=receiver.values, timestamp=context.clock.now())
        try:
            await context.mesh.agents.emit(me, numbers)
        except NocmeshError as wrong:
            context.log.warning("metrics_failed", error=str(wrong))


def _presence(context: Context, in_hand: Callable[[], int], receiver: Receiver | None) -> Presence:
    """Its health: what is in hand, the alerts that were told, and the datagrams that were dropped."""
    card = card_of(
        context,
        agent_type="snmp",
        version=__version__,
        kind="bridge",
        capabilities=("snmp",),
        tools=(TOOL,),
        description="Asks devices over SNMP and hears their traps.",
        load_limit=SLOTS,
    )

    def load() -> tuple[int, int, int]:
        return (in_hand(), receiver.told if receiver else 0, receiver.dropped.total() if receiver else 0)

    return Presence(
        context.mesh.agents,
        card,
        clock=context.clock,
        log=context.log,
        interval=context.settings.heartbeat_seconds,
        load=load,
    )


def _inventory(context: Context) -> Inventory:
    if context.settings.inventory:
        return load_inventory(context.settings.inventory)
    context.log.warning("no_inventory", next="set NOCMESH_INVENTORY or use --inventory")
    return Inventory(devices=[], links=[], users=[])


role = Role(name="snmp", bus_role="snmp", type="snmp", run=run)
