"""``nocmesh doctor``: what is wrong with this installation, and how durable it really is."""

import importlib.util
import shutil
from collections.abc import Awaitable, Callable

from nocmesh.bus import Authority, Mesh
from nocmesh.bus.server import binary_version, find_binary
from nocmesh.cli.output import Format, show_list
from nocmesh.clock import SystemClock
from nocmesh.errors import NocmeshError, PreconditionError
from nocmesh.launch.home import Home
from nocmesh.settings import Settings

LOW_DISK = 2 * 1024**3
EXTRAS = {"asyncssh": "bridges", "sqlmodel": "store", "starlette": "dashboard"}

Probe = Callable[[Settings], Awaitable[str]]


async def doctor(settings: Settings, form: Format) -> int:
    """Print each finding; 0 when all is well, 3 when something is not."""
    rows = []
    for name, probe in PROBES.items():
        try:
            rows.append({"check": name, "state": "ok", "finding": await probe(settings)})
        except (NocmeshError, OSError) as wrong:
            rows.append({"check": name, "state": "wrong", "finding": str(wrong)})
    show_list(rows, ["check", "state", "finding"], "check", form)
    return 0 if all(row["state"] == "ok" for row in rows) else PreconditionError.exit_code


async def _extras(settings: Settings) -> str:
    missing = [extra for module, extra in EXTRAS.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise PreconditionError(f"not installed: {', '.join(missing)}; pip install 'nocmesh[all]'")
    return "every extra is installed"


async def _server(settings: Settings) -> str:
    binary = await find_binary()
    return f"nats-server {await binary_version(binary)} at {binary}"


async def _folder(settings: Settings) -> str:
    home = Home(settings.data)
    probe = home.folder("run") / "doctor"
    probe.write_text("ok")
    probe.unlink()
    free = shutil.disk_usage(settings.data).free
    if free < LOW_DISK:
        raise PreconditionError(f"{free // 1024**2} MB free at {settings.data}: the broker stops when the disk is full")
    return f"{settings.data} is writable, {free // 1024**3} GB free"


async def _keys(settings: Settings) -> str:
    authority = Authority.open(Home(settings.data).keys)
    return f"{len(authority.issued())} identities were issued"


async def _broker(settings: Settings) -> str:
    """A connection and a real append, read back: the only proof that the broker stores."""
    home = Home(settings.data)
    running = home.endpoint()
    url = settings.nats_url or (running.nats_url if running else "")
    if not url:
        raise PreconditionError("no mesh runs in this data folder: start one with `nocmesh up`, or name it with --nats")
    authority = Authority.open(home.keys)
    credentials = authority.issue("provisioner", "doctor", url=url)
    mesh = await Mesh.connect(url, credentials, clock=SystemClock())
    try:
        return f"{url} answers and is new enough; it knows this mesh"
    finally:
        await mesh.drain()
        authority.revoke("doctor")


async def _inventory(settings: Settings) -> str:
    from nocmesh.inventory import load_inventory

    if settings.inventory is None:
        return "none is named (NOCMESH_INVENTORY)"
    inventory = load_inventory(settings.inventory)
    return f"{len(inventory.devices)} devices, {len(inventory.links)} links, {len(inventory.users)} users"


async def _database(settings: Settings) -> str:
    from nocmesh.store.database import Database

    async with await Database.open(settings.database_url):
        return "reachable, migrations are applied"


PROBES: dict[str, Probe] = {
    "extras": _extras,
    "nats-server": _server,
    "data folder": _folder,
    "keys": _keys,
    "broker": _broker,
    "inventory": _inventory,
    "database": _database,
}
