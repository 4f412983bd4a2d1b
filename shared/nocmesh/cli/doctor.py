"""``nocmesh doctor``: what is wrong with this installation, and how durable it really is."""

import importlib.util
import shutil
from collections.abc import Awaitable, Callable

from nocmesh.bus import Authority, Mesh
from nocmesh.bus.binary import binary_version, find_binary
from nocmesh.cli.output import Format, show_list
from nocmesh.clock import SystemClock
from nocmesh.errors import NocmeshError, NotFoundError, PreconditionError
from nocmesh.launch.home import Home
from nocmesh.launch.mesh import check_free
from nocmesh.settings import Settings

LOW_DISK = 2 * 1024**3
NAME = "doctor"
EXTRAS = {"asyncssh": "bridges", "sqlmodel": "store", "starlette": "dashboard"}

Probe = Callable[[Settings], Awaitable[str]]


async def doctor(settings: Settings, form: Format) -> int:
    """Print each finding; 0 when all is well, 3 when something is not."""
    rows = [await looked_at(name, probe, settings) for name, probe in PROBES.items()]
    show_list(rows, ["check", "state", "finding"], "check", form)
    return 0 if all(row["state"] == "ok" for row in rows) else PreconditionError.exit_code


async def looked_at(name: str, probe: Probe, settings: Settings) -> dict[str, str]:
    """What ``probe`` finds; one that fails is a finding too."""
    try:
        return {"check": name, "state": "ok", "finding": await probe(settings)}
    except (NocmeshError, OSError) as wrong:
        return {"check": name, "state": "wrong", "finding": str(wrong)}


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
    try:
        authority = Authority.open(Home(settings.data).keys)
    except NotFoundError:
        return "none yet: `nocmesh up` makes them at its first start"
    return f"{len(authority.issued())} identities were issued"


async def _ports(settings: Settings) -> str:
    if Home(settings.data).endpoint() is not None:
        return "a mesh runs in this data folder and has them"
    for where in (settings.http, settings.webhooks):
        check_free(where.host, where.port)
    return f"{settings.http} and {settings.webhooks} are free"


async def _broker(settings: Settings) -> str:
    """A connection with keys of this mesh: version, keys and clock are right then."""
    home = Home(settings.data)
    running = home.endpoint()
    url = settings.nats_url or (running.nats_url if running else "")
    if not url:
        return "none runs in this data folder: `nocmesh up` starts one, --nats names another"
    authority = Authority.open(home.keys)
    mesh = await Mesh.connect(url, authority.issue("provisioner", NAME, url=url), clock=SystemClock(), timeout=5.0)
    try:
        return f"{url} answers, is new enough, and knows this mesh"
    finally:
        await mesh.drain()
        authority.revoke(NAME)


async def _durability(settings: Settings) -> str:
    conf = Home(settings.data).store / "nats-server.conf"
    if settings.nats_url or not conf.exists():
        return "the broker is not ours: expected `sync_interval: always`, and 3 replicas where a server may be lost"
    if "sync_interval: always" not in conf.read_text():
        raise PreconditionError(f"{conf} has no `sync_interval: always`: a power cut loses what was acknowledged")
    return "an acknowledged message is on this disk; there is one copy: a lost disk loses it, so back it up"


async def _inventory(settings: Settings) -> str:
    from nocmesh.inventory import load_inventory
    from nocmesh.safe.store import names_stored

    if settings.inventory is None:
        return "none is named (NOCMESH_INVENTORY)"
    inventory = load_inventory(settings.inventory, stored=names_stored(settings))
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
    "ports": _ports,
    "broker": _broker,
    "durability": _durability,
    "inventory": _inventory,
    "database": _database,
}
