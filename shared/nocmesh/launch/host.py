"""Running roles in this process: each with its own identity, connections and context."""

import asyncio
import importlib
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from nocmesh.agent.base import Agent, role_of
from nocmesh.bus import Credentials, Mesh
from nocmesh.clock import SystemClock
from nocmesh.errors import BusError, InvalidInputError, NotFoundError, PreconditionError
from nocmesh.launch.home import Home
from nocmesh.launch.leash import let_go, on_loss
from nocmesh.log import configure, logger
from nocmesh.runtime import Context, Role, load_role
from nocmesh.settings import Settings


def instance_name(role: str, settings: Settings) -> str:
    """The name of this instance: AGENT_ID or SERVICE_ID where they are set, else the role's own."""
    return settings.agent_id or settings.service_id or role


def credentials_of(name: str, settings: Settings) -> Path:
    """The instance's credentials file: NOCMESH_CREDENTIALS (a file, or a folder of them), else the data folder's.

    Raises PreconditionError that says how to make one.
    """
    where = settings.credentials or Home(settings.data).folder("credentials")
    path = where / f"{name}.json" if where.is_dir() else where
    if not path.exists():
        raise PreconditionError(
            f"no credentials at {path}: make them with `nocmesh keys issue --name {name} …` and set NOCMESH_CREDENTIALS"
        )
    return path


def role_named(name: str) -> Role:
    """The installed role of that name, or the one of a class of your own, named `MODULE:CLASS`.

    Raises NotFoundError when there is none, InvalidInputError when it is neither an Agent nor a Role.
    """
    if ":" not in name:
        return load_role(name)
    module, _, attribute = name.partition(":")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))  # a console script does not look in the working folder by itself
    try:
        found = getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as missing:
        raise NotFoundError(f"{name}: there is no module {missing.name!r} here or installed") from missing
    except AttributeError as missing:
        raise NotFoundError(f"{name}: the module {module} has no {attribute!r}") from missing
    if isinstance(found, Role):
        return found
    if isinstance(found, type) and issubclass(found, Agent):
        return role_of(found)
    raise InvalidInputError(f"{name} is a {type(found).__name__}; expected a subclass of nocmesh.agent.base.Agent")


async def host(names: Sequence[str], settings: Settings, *, kept: bool = False) -> None:
    """Run the roles ``names`` until SIGTERM or SIGINT; the end of one is the end of all.

    ``kept``: begin when the keeper says so, and end when it is gone. Raises what a role raises, and BusError when
    the broker closed a connection for ever.
    """
    configure(settings.log_level, settings.log_format)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    roles = [role_named(name) for name in names]
    if not kept or await _begun(stopping):
        await _run_all(roles, settings, stopping)


async def _begun(stopping: asyncio.Event) -> bool:
    """Whether the keeper let us begin before somebody said stop."""
    word, stop = asyncio.create_task(let_go()), asyncio.create_task(stopping.wait())
    await asyncio.wait({word, stop}, return_when=asyncio.FIRST_COMPLETED)
    begun = word.done() and word.result()
    word.cancel()
    stop.cancel()
    await asyncio.gather(word, stop, return_exceptions=True)
    if begun:
        on_loss(stopping.set)
    return begun


async def _run_all(roles: Sequence[Role], settings: Settings, stopping: asyncio.Event) -> None:
    single = len(roles) == 1
    tasks = [asyncio.create_task(run_role(role, settings, stopping, single=single), name=role.name) for role in roles]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    stopping.set()
    await asyncio.wait(tasks, timeout=settings.shutdown_seconds)
    for task in tasks:
        if not task.done():
            task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


async def run_role(role: Role, settings: Settings, stopping: asyncio.Event, *, single: bool) -> None:
    """Run one role with its own connections until ``stopping``."""
    name = instance_name(role.name, settings) if single else role.name
    credentials = Credentials.load(credentials_of(name, settings))
    url = settings.nats_url or credentials.url
    if not url:
        raise PreconditionError(f"{name}: no broker is named: set NOCMESH_NATS_URL")
    clock = SystemClock()
    log = logger(role=role.name)
    closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def lost(reason: str) -> None:
        if not closed.done() and not stopping.is_set():
            closed.set_exception(BusError(f"{name}: the broker closed the connection for ever: {reason}"))

    mesh = await Mesh.connect(url, credentials, clock=clock, on_closed=lost)
    context = Context(mesh=mesh, settings=settings, clock=clock, log=log, name=mesh.me.name, stopping=stopping)
    work = asyncio.ensure_future(role.run(context))
    try:
        done, _ = await asyncio.wait({work, closed}, return_when=asyncio.FIRST_COMPLETED)
        for finished in done:
            finished.result()
    finally:
        work.cancel()
        closed.cancel()
        await asyncio.gather(work, closed, return_exceptions=True)
        await mesh.drain()
