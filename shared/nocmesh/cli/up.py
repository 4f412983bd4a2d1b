"""``nocmesh up``: the whole mesh until Ctrl-C."""

import asyncio
import signal

from nocmesh.cli.client import Client
from nocmesh.cli.output import say
from nocmesh.clock import SystemClock
from nocmesh.errors import NocmeshError
from nocmesh.inventory import Inventory, load_inventory
from nocmesh.launch.mesh import RunningMesh, running_mesh
from nocmesh.log import configure, logger
from nocmesh.settings import Settings

READY_SECONDS = 60.0


async def up(settings: Settings) -> None:
    """Start everything, say where it is, and wait for Ctrl-C."""
    configure(settings.log_level, settings.log_format)
    inventory = load_inventory(settings.inventory) if settings.inventory else None
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    async with running_mesh(settings, logger(role="up")) as mesh:
        tokens = await first_tokens(settings, inventory) if inventory else {}
        say(f"starting; data in {settings.data}, logs in {settings.data / 'logs'}")
        if await ready(mesh.endpoint.http, stopping):
            _welcome(mesh, tokens)
        await stopping.wait()
        say("stopping: draining every process")


def _welcome(mesh: RunningMesh, tokens: dict[str, str]) -> None:
    say(f"dashboard and API   {mesh.endpoint.http}")
    say(f"webhooks            {mesh.endpoint.http}/api/webhooks/alertmanager")
    say(f"broker              {mesh.endpoint.nats_url}")
    for name, token in tokens.items():
        say(f"sign in as {name:<8} with {token}")
    say("Ctrl-C stops it all")


async def first_tokens(settings: Settings, inventory: Inventory) -> dict[str, str]:
    """A token for each user of the inventory that has none yet; shown once."""
    from nocmesh.store.database import Database
    from nocmesh.store.people import People

    async with await Database.open(settings.database_url) as database:
        people = People(database, SystemClock())
        await people.ensure_users(inventory.users)
        return {
            user.name: await people.create_token(user.name, ["read", "approve"], None)
            for user in inventory.users
            if not await people.tokens(user.name)
        }


async def ready(url: str, stopping: asyncio.Event, seconds: float = READY_SECONDS) -> bool:
    """Wait until the mesh says that it is ready; says what is missing when it is not in time."""
    deadline = asyncio.get_running_loop().time() + seconds
    missing = "the dashboard does not answer"
    async with Client(url) as client:
        while not stopping.is_set() and asyncio.get_running_loop().time() < deadline:
            try:
                await client.get("/api/ready")
            except NocmeshError as wrong:
                missing = wrong.message
                await asyncio.sleep(0.1)
                continue
            return True
    if not stopping.is_set():
        say(f"not ready after {seconds:.0f} s: {missing}; see the logs")
    return False
