"""The SSH bridge as a process: it reads the inventory with its secrets, serves the tools, carries out changes."""

from collections.abc import Iterable
from pathlib import Path

from nocmesh import __version__
from nocmesh.agent.network import publish_network
from nocmesh.agent.presence import Presence, card_of
from nocmesh.audit.attempts import Attempts
from nocmesh.errors import PreconditionError
from nocmesh.inventory import Credential, Inventory, InventoryDevice, Shell, load_inventory
from nocmesh.messages.agent import ToolRequest
from nocmesh.messages.change import DeviceCommand
from nocmesh.network import Network
from nocmesh.policy.policy import policy_of
from nocmesh.runtime import Context, Role
from nocmesh.subjects import subject
from nocmesh_bridges.masking import masking_key
from nocmesh_bridges.ssh.applying import Executor
from nocmesh_bridges.ssh.comparing import Comparer
from nocmesh_bridges.ssh.hostkeys import HostKeys
from nocmesh_bridges.ssh.pool import DevicePool
from nocmesh_bridges.ssh.probing import Prober
from nocmesh_bridges.ssh.reading import Reader
from nocmesh_bridges.ssh.refusing import refusals
from nocmesh_bridges.ssh.remembering import Rememberer
from nocmesh_bridges.ssh.target import SHELL_PLATFORM, Target, place

SLOTS = 64
CHANGES = 16


async def run(context: Context) -> None:
    """Serve until the context says stop. Without an inventory there is nothing to reach, and it says so."""
    inventory = load_inventory(context.settings.inventory) if context.settings.inventory else _none(context)
    pool = DevicePool(
        targets_of(inventory.devices),
        context.clock,
        host_keys=HostKeys(Path(context.settings.data) / "known_hosts"),
    )
    try:
        await _serve(context, inventory.network(), pool)
    finally:
        await pool.close()


async def _serve(context: Context, network: Network, pool: DevicePool) -> None:
    mesh = context.mesh
    attempts = Attempts(mesh.core, context.clock, context.log, name=context.name)
    key = masking_key(context.settings)
    reader = Reader(mesh, pool, network, context.log, key, refused=refusals(attempts, context.clock, key))
    reader.tools.update(Comparer(mesh, reader, context.clock).tools)
    reader.tools.update(Prober(reader, reader.asker).tools)
    reader.tools.update(Rememberer(mesh, reader, context.clock).tools)
    executor = Executor(mesh, pool, reader, context.clock, context.log, policy_of(context.settings.policy))
    if network.devices:
        await publish_network(mesh.agents, network)
    services = [
        await mesh.agents.serve(subject("ai.tools.call.<tool>", tool=tool), ToolRequest, reader.call, slots=SLOTS)
        for tool in reader.tools
    ]
    async with attempts, _presence(context, reader, pool) as presence:
        worker = None
        if not context.settings.read_only:
            worker = await mesh.core.work("COMMANDS", "bridge", DeviceCommand, executor.take, slots=CHANGES)
        await context.stopping.wait()
        presence.drain()
        if worker is not None:
            await worker.stop()
        for service in services:
            await service.stop()


def _presence(context: Context, reader: Reader, pool: DevicePool) -> Presence:
    card = card_of(
        context,
        agent_type="ssh",
        version=__version__,
        kind="bridge",
        capabilities=("devices",),
        tools=tuple(reader.tools),
        description="Reaches devices over SSH.",
        load_limit=SLOTS,
    )
    return Presence(
        context.mesh.agents,
        card,
        clock=context.clock,
        log=context.log,
        interval=context.settings.heartbeat_seconds,
        load=lambda: (sum(device["in_use"] for device in pool.stats().values()), 0, 0),
    )


def _none(context: Context) -> Inventory:
    context.log.warning("no_inventory", next="set NOCMESH_INVENTORY or use --inventory")
    return Inventory(devices=[], links=[], users=[])


def targets_of(devices: Iterable[InventoryDevice]) -> list[Target]:
    """How to reach the devices of an inventory, through every door that they have. Raises PreconditionError."""
    devices = list(devices)
    shells = [shell_of(device, device.shell) for device in devices if device.shell]
    return [*(target_of(device) for device in devices), *shells]


def target_of(device: InventoryDevice) -> Target:
    """How to reach a device's command line. Raises PreconditionError when its key file cannot be read."""
    return Target(
        name=device.name,
        platform=device.platform,
        host=device.address,
        port=device.port,
        username=device.credential.username,
        password=device.credential.password,
        private_key=_private_key(device.name, device.credential),
        passphrase=device.credential.passphrase,
        enable_password=device.credential.enable_password,
        host_key=device.host_key,
        legacy=device.legacy,
    )


def shell_of(device: InventoryDevice, shell: Shell) -> Target:
    """How to reach a device's Linux shell; its host is the same, so a pinned host key holds for both doors."""
    return Target(
        name=place(device.name, "shell"),
        platform=SHELL_PLATFORM,
        host=device.address,
        port=shell.port,
        username=shell.credential.username,
        password=shell.credential.password,
        private_key=_private_key(device.name, shell.credential),
        passphrase=shell.credential.passphrase,
        host_key=device.host_key,
    )


def _private_key(name: str, credential: Credential) -> str:
    if not credential.private_key_file:
        return ""
    try:
        return credential.private_key_file.read_text()
    except OSError as wrong:
        raise PreconditionError(f"{name}: its private key cannot be read: {wrong}") from wrong


role = Role(name="ssh", bus_role="bridge", type="ssh", run=run)
