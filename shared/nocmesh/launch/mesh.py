"""The whole mesh on one machine: broker, streams, identities, processes.

Small roles share processes, each still with its own identity and connections (docs/adr/0004): eleven interpreters
would not fit the memory that a small machine has to spare.
"""

import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from msgspec.structs import replace

from nocmesh.bus import Authority, Credentials, provision
from nocmesh.bus.rights import zones_of
from nocmesh.errors import NotFoundError, PreconditionError
from nocmesh.launch.broker import KeptBroker
from nocmesh.launch.home import Endpoint, Home
from nocmesh.launch.supervisor import Program, Supervisor, Told, nobody
from nocmesh.log import Log
from nocmesh.ports import free_port, is_free
from nocmesh.settings import Settings


class Named(Protocol):
    """Who gets an identity; a ``nocmesh.runtime.Role`` is one."""

    @property
    def name(self) -> str:
        """Its own name."""
        ...

    @property
    def bus_role(self) -> str:
        """Its role on the bus."""
        ...

    @property
    def type(self) -> str:
        """The agent type, where it is one."""
        ...


class Identity(NamedTuple):
    """A role as the bus knows it. Here and not read off the roles, because loading them all costs their memory."""

    name: str
    bus_role: str
    type: str = ""


GROUPS: dict[str, tuple[str, ...]] = {
    "core": ("orchestrator", "incidents", "approvals", "audit"),
    "agents": ("triage", "bgp", "ospf", "isis", "stp", "layer2", "remediation", "monitor"),
    "bridge": ("ssh",),
    "snmp": ("snmp",),
    "connect": ("connect",),
    "netbox": ("netbox",),
    "edge": ("alerts", "dashboard"),
    "notify": ("notify",),
}
IDENTITIES = (
    Identity("alerts", "alerts"),
    Identity("approvals", "approvals", "approvals"),
    Identity("audit", "audit", "audit"),
    Identity("bgp", "agent", "bgp"),
    Identity("connect", "connect", "connect"),
    Identity("dashboard", "dashboard"),
    Identity("incidents", "incidents", "incidents"),
    Identity("isis", "agent", "isis"),
    Identity("layer2", "agent", "layer2"),
    Identity("monitor", "monitor", "monitor"),
    Identity("netbox", "netbox", "netbox"),
    Identity("notify", "notify"),
    Identity("orchestrator", "orchestrator", "orchestrator"),
    Identity("ospf", "agent", "ospf"),
    Identity("remediation", "agent", "remediation"),
    Identity("snmp", "snmp", "snmp"),
    Identity("ssh", "bridge", "ssh"),
    Identity("stp", "agent", "stp"),
    Identity("triage", "agent", "triage"),
)

_SNMP = re.compile(r"""\bsnmp["']?\s*:""")
"""How a device's entry of an inventory says that it has SNMP."""
_NETBOX = re.compile(r"""\bnetbox["']?\s*:""")
"""How an inventory says that its devices come from NetBox."""
REGISTERED = ("agent", "monitor", "orchestrator")
"""Roles on the bus that register as agents of their type."""


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
async def running_mesh(
    settings: Settings, log: Log, *, tell: Told = nobody, after: Callable[[], Awaitable[None]] | None = None
) -> AsyncIterator[RunningMesh]:
    """Start everything in ``settings.data``, and stop it at the end: first the roles, then the broker.

    Processes load while the broker starts; they begin once the streams are there and ``after`` is done. ``tell``
    hears the last words of a process that ends. Raises PreconditionError when the folder is in use, a port is taken, or
    the broker is too old.
    """
    home = Home(settings.data.absolute())
    async with AsyncExitStack() as stack:
        stack.enter_context(home.held())
        for where in (settings.http, settings.webhooks):
            check_free(where.host, where.port)
        authority = open_authority(home)
        broker = None if settings.nats_url else KeptBroker(authority, home, broker_port(settings), log)
        url = broker.url if broker else str(settings.nats_url)
        environment = environment_of(settings, url)
        supervisor = Supervisor(log, settings.shutdown_seconds, tell)
        if broker:
            stack.push_async_callback(broker.stop)
        stack.push_async_callback(supervisor.stop)
        for group, names in groups_of(settings).items():
            supervisor.keep(program(group, names, {**environment, **secrets_of(group, settings)}, home))
        if broker:
            await broker.start()
        await provision(url, authority)
        issue(authority, home, IDENTITIES, url)
        if after is not None:
            await after()
        supervisor.go()
        endpoint = Endpoint(
            nats_url=url, http=f"http://{settings.http}", webhooks=f"http://{settings.webhooks}", pid=os.getpid()
        )
        home.write_endpoint(endpoint)
        yield RunningMesh(
            endpoint=endpoint, authority=authority, supervisor=supervisor, settings=settings, environment=environment
        )


def groups_of(settings: Settings) -> dict[str, tuple[str, ...]]:
    """The processes of this mesh: each that is not always needed where there is something for it to do.

    SNMP where a device speaks it, or traps are heard; NetBox where the inventory comes from one; the connectors where
    targets are named; notifications where somebody is to be told. The inventory is searched, not read: what reads it
    costs the memory that this saves.
    """
    path = settings.inventory
    text = path.read_text("utf-8", errors="replace") if path is not None and path.is_file() else ""
    wanted = {
        "snmp": bool(_SNMP.search(text) or settings.snmp_traps),
        "connect": settings.targets is not None,
        "netbox": bool(_NETBOX.search(text)),
        "notify": settings.notify is not None,
    }
    return {group: names for group, names in GROUPS.items() if wanted.get(group, True)}


def secrets_of(group: str, settings: Settings) -> dict[str, str]:
    """What only the processes of ``group`` are told; the others get it taken away."""
    secrets = {"NOCMESH_NOTIFY": ("notify", settings.notify)}
    secrets["NOCMESH_NETBOX_WEBHOOK_SECRET"] = ("edge", settings.netbox_webhook_secret)
    return {
        name: value.get_secret_value() if value and owner == group else "" for name, (owner, value) in secrets.items()
    }


def broker_port(settings: Settings) -> int:
    """The port for our own broker: the one that was asked for, or a free one where nobody asked.

    Raises PreconditionError when the one that was asked for is taken.
    """
    if settings.nats_port == 0:
        return free_port(settings.nats_host)
    if is_free(settings.nats_host, settings.nats_port):
        return settings.nats_port
    if "nats_port" in settings.model_fields_set:
        check_free(settings.nats_host, settings.nats_port)
    return free_port(settings.nats_host)


def issue(authority: Authority, home: Home, roles: Iterable[Named], url: str) -> None:
    """Give every role its credentials file; one that it has keeps its key."""
    trust = authority.trust()
    for role in roles:
        path = home.credentials(role.name)
        known = Credentials.load(path) if path.exists() else None
        fits = known is not None and known.role == role.bus_role and set(known.jwts) == set(zones_of(role.bus_role))
        if known is None or not fits or known.trust.accounts != trust.accounts:
            known = authority.issue(role.bus_role, role.name, type=role.type, url=url)
        replace(known, trust=authority.trust(), url=url).save(path)


def program(group: str, names: Sequence[str], environment: dict[str, str], home: Home) -> Program:
    """The process that hosts ``names``."""
    return Program(
        name=group,
        arguments=[sys.executable, "-m", "nocmesh.cli", "run-roles", "--kept", *names],
        environment=environment,
        log=home.logs / f"{group}.log",
    )


def environment_of(settings: Settings, url: str) -> dict[str, str]:
    """What the processes of the mesh are told."""
    told = {
        "NOCMESH_DATA": str(settings.data.absolute()),
        "NOCMESH_CREDENTIALS": str(Home(settings.data.absolute()).folder("credentials")),
        "NOCMESH_NATS_URL": url,
        "NOCMESH_HTTP": str(settings.http),
        "NOCMESH_WEBHOOKS": str(settings.webhooks),
        "NOCMESH_DATABASE_URL": settings.database_url,
        "NOCMESH_LOG_LEVEL": settings.log_level,
        "NOCMESH_LOG_FORMAT": settings.log_format,
        "NOCMESH_URL": settings.url if "url" in settings.model_fields_set else f"http://{settings.http}",
        "NOCMESH_NETBOX_CACHE_SECONDS": str(settings.netbox_cache_seconds),
        "NOCMESH_NOTIFY_PER_MINUTE": str(settings.notify_per_minute),
        "NOCMESH_HEARTBEAT_SECONDS": str(settings.heartbeat_seconds),
        "NOCMESH_NO_AUTH_FOR_LOOPBACK": str(settings.no_auth_for_loopback).lower(),
        "NOCMESH_SHUTDOWN_SECONDS": str(settings.shutdown_seconds),
        "APPROVAL_TIMEOUT_MINUTES": str(settings.approval_timeout_minutes),
        "NOCMESH_NEEDED_AGENTS": ",".join(sorted(each.type for each in IDENTITIES if each.bus_role in REGISTERED)),
        "NOCMESH_READ_ONLY": str(settings.read_only).lower(),
        "NOCMESH_BASELINE_MINUTES": str(settings.baseline_minutes),
        "NOCMESH_TRUST_FIRST_STATE": str(settings.trust_first_state).lower(),
        "NOCMESH_CONFIRM_SECONDS": str(settings.confirm_seconds),
    }
    if settings.snmp_traps:
        told["NOCMESH_SNMP_TRAPS"] = str(settings.snmp_traps)
    if settings.baselines:
        told["NOCMESH_BASELINES"] = str(settings.baselines.absolute())
    if settings.credential_store:
        told["NOCMESH_CREDENTIAL_STORE"] = str(settings.credential_store.absolute())
    if settings.policy:
        told["NOCMESH_POLICY"] = str(settings.policy.absolute())
    if settings.targets:
        told["NOCMESH_TARGETS"] = str(settings.targets.absolute())
    if settings.inventory:
        told["NOCMESH_INVENTORY"] = str(settings.inventory.absolute())
    return told


def check_free(host: str, port: int) -> None:
    """Raise PreconditionError when somebody listens on ``host``:``port`` already."""
    if not is_free(host, port):
        raise PreconditionError(f"{host}:{port} is taken: stop what listens there, or choose another port")
