"""The commands that need the mesh's own folder: keys, streams, tokens."""

from datetime import timedelta
from pathlib import Path

from nocmesh.bus import Authority, provision, server_conf
from nocmesh.cli.output import Format, say, show_done, show_list
from nocmesh.clock import SystemClock
from nocmesh.errors import InvalidInputError, PreconditionError
from nocmesh.launch.home import Home, private
from nocmesh.launch.mesh import open_authority
from nocmesh.launch.prepare import SCOPES
from nocmesh.settings import Settings


async def provision_bus(settings: Settings, form: Format) -> None:
    """Make the streams on the broker that the settings name."""
    if not settings.nats_url:
        raise PreconditionError("no broker is named: use --nats or NOCMESH_NATS_URL")
    await provision(settings.nats_url, open_authority(Home(settings.data)))
    say("streams, buckets and consumers are as they should be")
    show_done({"nats_url": settings.nats_url}, "nats_url", form)


def issue_keys(settings: Settings, role: str, name: str, agent_type: str, out: Path, form: Format) -> None:
    """Write credentials for a new instance."""
    authority = Authority.open(Home(settings.data).keys)
    running = Home(settings.data).endpoint()
    url = settings.nats_url or (running.nats_url if running else "")
    authority.issue(role, name, type=agent_type, url=url).save(out)
    say(f"credentials of {name} ({role}) are in {out}; set NOCMESH_CREDENTIALS to it")
    show_done({"credentials": str(out), "name": name, "role": role, "type": agent_type}, "credentials", form)


def revoke_keys(settings: Settings, name: str, form: Format) -> None:
    """Void an instance's keys. Raises NotFoundError when it has none."""
    keys = Authority.open(Home(settings.data).keys).revoke(name)
    show_list([{"key": key, "name": name} for key in keys], ["key", "name"], "key", form)
    say(f"revoked; restart or reload the broker so that it learns it: then {name} is cut off")


def write_server_config(settings: Settings, out: Path, store: Path, port: int, form: Format) -> None:
    """Write a broker's configuration."""
    text = server_conf(open_authority(Home(settings.data)), store_dir=store, port=port, monitor_port=None)
    private(out, text)
    show_done({"configuration": str(out)}, "configuration", form)


async def create_token(settings: Settings, user: str, scopes: list[str], days: int, form: Format) -> None:
    """Make a personal token in the mesh's database and print it once."""
    from nocmesh.store.database import Database
    from nocmesh.store.people import People

    wrong = sorted(set(scopes) - set(SCOPES))
    if wrong:
        raise InvalidInputError(f"there is no scope {wrong[0]!r}; expected one of: {', '.join(SCOPES)}", field="scope")
    clock = SystemClock()
    async with await Database.open(settings.database_url) as database:
        people = People(database, clock)
        plain = await people.create_token(user, scopes, clock.now() + timedelta(days=days))
    say(f"this token acts as {user} for {days} days; it is shown only now")
    show_done({"token": plain, "user": user, "scopes": scopes, "days": days}, "token", form)
