"""The connectors as a process: they read the target file, serve the tools that look, carry out approved changes."""

from collections.abc import Callable, Sequence
from typing import Any

from nocmesh import __version__
from nocmesh.agent.presence import Presence, card_of
from nocmesh.audit.attempts import Attempts
from nocmesh.bus import Service
from nocmesh.messages.agent import ToolRequest
from nocmesh.messages.change import DeviceCommand
from nocmesh.policy.policy import policy_of
from nocmesh.runtime import Context, Role
from nocmesh.subjects import subject
from nocmesh_bridges.connect.executing import Executor
from nocmesh_bridges.connect.hand import Hand
from nocmesh_bridges.connect.serving import Desk
from nocmesh_bridges.connect.targets import Targets, load_targets
from nocmesh_bridges.database.hand import DatabaseHand
from nocmesh_bridges.http.hand import ServiceHand
from nocmesh_bridges.local.hand import CommandHand
from nocmesh_bridges.local.running import may_unshare
from nocmesh_bridges.masking import masking_key

SLOTS = 16
CHANGES = 8


async def run(context: Context) -> None:
    """Serve until the context says stop. Without a target file there is nothing to reach, and it says so."""
    settings, log = context.settings, context.log
    if settings.targets is None:
        log.warning("no_targets", next="set NOCMESH_TARGETS")
    targets = load_targets(settings.targets) if settings.targets else Targets()
    if targets.commands and not may_unshare():
        log.warning("commands_share_the_network", next="run as root, with unshare(1)")
    key, policy, network = masking_key(settings), policy_of(settings.policy), targets.network()
    hands: list[Hand[Any]] = [DatabaseHand(targets, key), ServiceHand(targets, key), CommandHand(targets, key)]
    attempts = Attempts(context.mesh.core, context.clock, log, name=context.name)
    desk = Desk(hands, network, policy, attempts=attempts, clock=context.clock, log=log, key=key)
    by_platform = {hand.platform: hand for hand in hands}
    executor = Executor(context.mesh, by_platform, network, policy, clock=context.clock, log=log)
    async with attempts:
        await _serve(context, desk, executor)


async def _serve(context: Context, desk: Desk, executor: Executor) -> None:
    mesh = context.mesh
    services = [
        await mesh.agents.serve(subject("ai.tools.call.<tool>", tool=tool), ToolRequest, desk.call, slots=SLOTS)
        for tool in desk.tools
    ]
    async with _presence(context, tuple(desk.tools), _in_hand(services)) as presence:
        worker = None
        if not context.settings.read_only:
            worker = await mesh.core.work("COMMANDS", "connect", DeviceCommand, executor.take, slots=CHANGES)
        await context.stopping.wait()
        presence.drain()
        if worker is not None:
            await worker.stop()
        for service in services:
            await service.stop()


def _in_hand(services: Sequence[Service[Any]]) -> Callable[[], int]:
    return lambda: sum(service.in_hand for service in services)


def _presence(context: Context, tools: tuple[str, ...], in_hand: Callable[[], int]) -> Presence:
    card = card_of(
        context,
        agent_type="connect",
        version=__version__,
        kind="bridge",
        capabilities=("databases", "services", "commands"),
        tools=tools,
        description="Asks databases and REST services, and runs listed commands.",
        load_limit=SLOTS,
    )
    return Presence(
        context.mesh.agents,
        card,
        clock=context.clock,
        log=context.log,
        interval=context.settings.heartbeat_seconds,
        load=lambda: (in_hand(), 0, 0),
    )


role = Role(name="connect", bus_role="connect", type="connect", run=run)
