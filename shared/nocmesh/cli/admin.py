"""The commands that need the mesh's own folder: keys, streams, tokens."""

from datetime import timedelta
from pathlib import Path

from nocmesh.bus import Authority, provision, server_conf
from nocmesh.cli.output import put, say
from nocmesh.clock import SystemClock
from nocmesh.errors import PreconditionError
from nocmesh.launch.home import Home, private
from nocmesh.launch.mesh import open_authority
from nocmesh.settings import Settings


async def provision_bus(settings: Settings) -> None:
    """Make the streams on the broker that the settings name."""
    if not settings.nats_url:
        raise PreconditionError("no broker is named: use --nats or NOCMESH_NATS_URL")
    await provision(settings.nats_url, open_authority(Home(settings.data)))
    say("streams, buckets and consumers are as they should be")


def issue_keys(settings: Settings, role: str, name: str, agent_type: str, out: Path) -> None:
    """Write credentials for a new instance."""
    authority = Authority.open(Home(settings.data).keys)
    running = Home(settings.data).endpoint()
    url = settings.nats_url or (running.nats_url if running else "")
    authority.issue(role, name, type=agent_type, url=url).save(out)
    say(f"credentials of {name} ({role}) are in {out}; set NOCMESH_CREDENTIALS to it")
    put(str(out))


def revoke_keys(settings: Settings, name: str) -> None:
    """Void an instance's keys."""
    for key in Authority.open(Home(settings.data).keys).revoke(name):
        put(key)
    say(f"revoked; restart or reload the broker so that it learns it: then {name} is cut off")


def write_server_config(settings: Settings, out: Path, store: Path, port: int) -> None:
    """Write a broker's configuration."""
    text = server_conf(open_authority(Home(settings.data)), store_dir=store, port=port, monitor_port=None)
    private(out, text)
    put(str(out))


async def create_token(settings: Settings, user: str, scopes: list[str], days: int) -> None:
    """Make a personal token in the mesh's database and print it once."""
    from nocmesh.store.database import Database
    from nocmesh.store.people import People

    clock = SystemClock()
    async with await Database.open(settings.database_url) as database:
        people = People(database, clock)
        plain = await people.create_token(user, scopes, clock.now() + timedelta(days=days))
    say(f"this token acts as {user} for {days} days; it is shown only now")
    put(plain)
