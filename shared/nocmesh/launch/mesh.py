"""The whole mesh on one machine: broker, streams, identities, processes.

Small roles share processes, each still with its own identity and connections (docs/adr/0004): eleven interpreters
would not fit the memory that a small machine has to spare.
"""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from msgspec.structs import replace

from nocmesh.bus import Authority, Credentials, NatsServer, provision
from nocmesh.errors import NotFoundError, PreconditionError
from nocmesh.launch.home import Endpoint, Home
from nocmesh.launch.supervisor import Program, Supervisor
from nocmesh.log import Log
from nocmesh.runtime import Role, load_role
from nocmesh.settings import Settings

GROUPS: dict[str, tuple[str, ...]] = {
    "core": ("orchestrator", "incidents", "approvals", "audit"),
    "agents": ("triage", "bgp", "remediation", "monitor"),
    "bridge": ("ssh",),
    "edge": ("alerts", "dashboard"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningMesh:
    """A mesh that runs."""

    endpoint: Endpoint
    authority: Authority
    supervisor: Supervisor
    settings: Settings
    environment: dict[str, str] = field(default_factory=dict)


def open_authority(home: Home) -> Authority:
    """The keys of the mesh in ``home``, made at first start."""
    try:
        return Authority.open(home.keys)
    except NotFoundError:
        return Authority.create(home.keys)


@asynccontextmanager
async def running_mesh(settings: Settings, log: Log) -> AsyncIterator[RunningMesh]:
    """Start everything in ``settings.data``, and stop it at the end.

    Raises PreconditionError when the folder is in use, a port is taken, or the broker is too old.
    """
    home = Home(settings.data)
    async with AsyncExitStack() as stack:
        stack.enter_context(home.held())
        for where in (settings.http, settings.webhooks):
            check_free(where.host, where.port)
        authority = open_authority(home)
        url = settings.nats_url
        if url is None:
            url = await stack.enter_async_context(_broker(settings, authority, home, log))
        await provision(url, authority)
        roles = {name: load_role(name) for names in GROUPS.values() for name in names}
        issue(authority, home, roles.values(), url)
        supervisor = Supervisor(log, settings.shutdown_seconds)
        stack.push_async_callback(supervisor.stop)
        environment = environment_of(settings, url)
        for group, names in GROUPS.items():
            supervisor.keep(program(group, names, environment, home))
        endpoint = Endpoint(
            nats_url=url, http=f"http://{settings.http}", webhooks=f"http://{settings.webhooks}", pid=os.getpid()
        )
        home.write_endpoint(endpoint)
        yield RunningMesh(
            endpoint=endpoint, authority=authority, supervisor=supervisor, settings=settings, environment=environment
        )


@asynccontextmanager
async def _broker(settings: Settings, authority: Authority, home: Home, log: Log) -> AsyncIterator[str]:
    """Our own nats-server, started again on the same port when it dies."""
    port = settings.nats_port if is_free(settings.nats_host, settings.nats_port) else 0
    async with NatsServer.running(authority, store_dir=home.store, port=port) as server:
        keeper = asyncio.create_task(_keep_broker(server, log))
        try:
            yield server.url
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)


async def _keep_broker(server: NatsServer, log: Log) -> None:
    while True:
        code = await server.died()
        log.warning("broker_ended", code=code, again="now")
        await server.start()


def issue(authority: Authority, home: Home, roles: Iterable[Role], url: str) -> None:
    """Give every role its credentials file; one that it has keeps its key."""
    trust = authority.trust()
    for role in roles:
        path = home.credentials(role.name)
        known = Credentials.load(path) if path.exists() else None
        if known is None or known.trust.accounts != trust.accounts or known.role != role.bus_role:
            known = authority.issue(role.bus_role, role.name, type=role.type, url=url)
        replace(known, trust=authority.trust(), url=url).save(path)


def program(group: str, names: Sequence[str], environment: dict[str, str], home: Home) -> Program:
    """The process that hosts ``names``."""
    return Program(
        name=group,
        arguments=[sys.executable, "-m", "nocmesh.cli", "run-roles", *names],
        environment=environment,
        log=home.logs / f"{group}.log",
    )


def environment_of(settings: Settings, url: str) -> dict[str, str]:
    """What the processes of the mesh are told."""
    told = {
        "NOCMESH_DATA": str(settings.data),
        "NOCMESH_CREDENTIALS": str(Home(settings.data).folder("credentials")),
        "NOCMESH_NATS_URL": url,
        "NOCMESH_HTTP": str(settings.http),
        "NOCMESH_WEBHOOKS": str(settings.webhooks),
        "NOCMESH_DATABASE_URL": settings.database_url,
        "NOCMESH_LOG_LEVEL": settings.log_level,
        "NOCMESH_LOG_FORMAT": settings.log_format,
        "NOCMESH_HEARTBEAT_SECONDS": str(settings.heartbeat_seconds),
        "NOCMESH_NO_AUTH_FOR_LOOPBACK": str(settings.no_auth_for_loopback).lower(),
        "NOCMESH_SHUTDOWN_SECONDS": str(settings.shutdown_seconds),
        "APPROVAL_TIMEOUT_MINUTES": str(settings.approval_timeout_minutes),
    }
    if settings.inventory:
        told["NOCMESH_INVENTORY"] = str(settings.inventory)
    return told


def is_free(host: str, port: int) -> bool:
    """Whether nobody listens on ``host``:``port`` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def check_free(host: str, port: int) -> None:
    """Raise PreconditionError when somebody listens on ``host``:``port`` already."""
    if not is_free(host, port):
        raise PreconditionError(f"{host}:{port} is taken: stop what listens there, or choose another port")


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port
