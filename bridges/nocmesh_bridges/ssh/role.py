"""The SSH bridge as a process: it reads the inventory with its secrets, serves the tools, carries out changes."""

import os
import secrets
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from nocmesh import __version__
from nocmesh.agent.network import publish_network
from nocmesh.agent.presence import Presence, card_of
from nocmesh.audit.attempts import Attempts
from nocmesh.baseline_files import MASKING_KEY, copy_key
from nocmesh.errors import PreconditionError
from nocmesh.inventory import Inventory, InventoryDevice, Shell, load_inventory
from nocmesh.inventory_credential import Credential
from nocmesh.messages.agent import ToolRequest
from nocmesh.messages.change import DeviceCommand
from nocmesh.network import Network
from nocmesh.policy.policy import policy_of
from nocmesh.runtime import Context, Role
from nocmesh.safe.opener import Opener
from nocmesh.settings import Settings
from nocmesh.subjects import subject
from nocmesh_bridges.ssh.applying import Executor
from nocmesh_bridges.ssh.comparing import Comparer
from nocmesh_bridges.ssh.fleet import HANDS, Fleet
from nocmesh_bridges.ssh.hostkeys import HostKeys
from nocmesh_bridges.ssh.pool import DevicePool
from nocmesh_bridges.ssh.probing import Prober
from nocmesh_bridges.ssh.reading import Reader
from nocmesh_bridges.ssh.refusing import refusals
from nocmesh_bridges.ssh.remembering import Rememberer
from nocmesh_bridges.ssh.session import DeviceSession
from nocmesh_bridges.ssh.target import SHELL_PLATFORM, Target, place

SLOTS = 64
"""Sessions lent at once."""
SESSIONS = 512
"""Sessions open in all: one that nobody uses costs a descriptor and 30 KB, a new one costs milliseconds."""
CHANGES = 16


async def run(context: Context) -> None:
    """Serve until the context says stop. Without an inventory there is nothing to reach, and it says so."""
    inventory = load_inventory(context.settings.inventory) if context.settings.inventory else _none(context)
    opener = Opener(context.settings)
    for device, name in opener.missing(inventory.devices):
        context.log.error("credential_missing", device=device, credential=name, next="nocmesh credential add")
    pool = DevicePool(
        targets_of(inventory.devices, opener),
        context.clock,
        host_keys=HostKeys(Path(context.settings.data) / "known_hosts"),
        limit=SESSIONS,
        at_once=SLOTS,
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
    if network.devices:
        await publish_network(mesh.agents, network)
    presence = _presence(context, reader, pool)
    fleet = _fleet(context, network, reader, pool, presence)
    policy = policy_of(context.settings.policy)
    confirm = context.settings.confirm_seconds
    executor = Executor(mesh, pool, reader, context.clock, context.log, policy, fleet.changed, confirm)
    await fleet.start()
    services = [
        await mesh.agents.serve(subject("ai.tools.call.<tool>", tool=tool), ToolRequest, fleet.call, slots=HANDS)
        for tool in reader.tools
    ]
    async with attempts, presence:
        worker = None
        if not context.settings.read_only:
            worker = await mesh.core.work("COMMANDS", "bridge", DeviceCommand, executor.take, slots=CHANGES)
        await context.stopping.wait()
        presence.drain()
        await fleet.leave()
        if worker is not None:
            await worker.stop()
        for service in services:
            await service.stop()


def _fleet(context: Context, network: Network, reader: Reader, pool: DevicePool, presence: Presence) -> Fleet:
    return Fleet(
        context.mesh.agents,
        network,
        reader.call,
        pool.renew,
        presence.beat,
        clock=context.clock,
        log=context.log,
        interval=context.settings.heartbeat_seconds,
    )


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


def masking_key(settings: Settings) -> bytes:
    """The key of the masks: CREDENTIAL_ENCRYPTION_KEY where it is set, else the one in the data folder.

    A new one is that of the baselines that the settings name: masks of before must be the masks of now.
    """
    if settings.credential_encryption_key:
        return settings.credential_encryption_key.get_secret_value().encode()
    path = Path(settings.data) / MASKING_KEY
    if not path.exists() and settings.baselines:
        copy_key(settings.baselines, path.parent)
    if not path.exists():
        _make_key(path)
    return path.read_bytes()


def _make_key(path: Path) -> None:
    """Whole or not at all, and for us alone: another bridge may start at the same time, or this one die here."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".masking-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(32))
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        Path(draft).unlink()


def _none(context: Context) -> Inventory:
    context.log.warning("no_inventory", next="set NOCMESH_INVENTORY or use --inventory")
    return Inventory(devices=[], links=[], users=[])


def targets_of(devices: Iterable[InventoryDevice], opener: Opener) -> list[Target]:
    """How to reach the devices of an inventory, through every door that they have. Raises PreconditionError."""
    devices = list(devices)
    shells = [shell_of(device, device.shell, opener) for device in devices if device.shell]
    return [*(target_of(device, opener) for device in devices), *shells]


def target_of(device: InventoryDevice, opener: Opener) -> Target:
    """How to reach a device's command line. Raises PreconditionError when its key file cannot be read."""
    bare = Target(
        name=device.name,
        platform=device.platform,
        host=device.address,
        port=device.port,
        host_key=device.host_key,
        legacy=device.legacy,
        max_sessions=device.max_sessions,
        logins_per_minute=device.logins_per_minute,
    )
    return _with(bare, device.name, device.credential, opener)


def shell_of(device: InventoryDevice, shell: Shell, opener: Opener) -> Target:
    """How to reach a device's Linux shell; its host is the same, so a pinned host key holds for both doors."""
    bare = Target(
        name=place(device.name, "shell"),
        platform=SHELL_PLATFORM,
        host=device.address,
        port=shell.port,
        host_key=device.host_key,
        max_sessions=device.max_sessions,
    )
    return _with(bare, device.name, shell.credential, opener)


def _with(bare: Target, device: str, credential: Credential, opener: Opener) -> Target:
    """``bare`` with the credential's secrets, or where it is only named, with the way to open them for each session."""

    async def unlock() -> Target:
        return _signing_in(bare, device, await opener.credential(credential, device))

    return _signing_in(bare, device, credential) if credential.at is None else replace(bare, unlock=unlock)


def _signing_in(bare: Target, device: str, credential: Credential) -> Target:
    return replace(
        bare,
        username=credential.username,
        password=credential.password,
        private_key=credential.private_key or _private_key(device, credential),
        passphrase=credential.passphrase,
        enable_password=credential.enable_password,
    )


def _private_key(name: str, credential: Credential) -> str:
    if not credential.private_key_file:
        return ""
    try:
        return credential.private_key_file.read_text()
    except OSError as wrong:
        raise PreconditionError(f"{name}: its private key cannot be read: {wrong}") from wrong


async def sign_in(device: InventoryDevice, settings: Settings) -> str:
    """Open a session with ``device`` as the bridge would, and close it: gives its prompt.

    Raises DeviceUnreachableError; its fact ``problem`` says of which kind.
    """
    target = await target_of(device, Opener(settings)).unlocked()
    session = await DeviceSession.open(target, host_keys=HostKeys(Path(settings.data) / "known_hosts"))
    try:
        return session.prompt
    finally:
        await session.close()


role = Role(name="ssh", bus_role="bridge", type="ssh", run=run)
