"""Every subject, spelled once: zone, stream, who writes, who reads, which message.

Streams, permissions and the AsyncAPI document are generated from ``SUBJECTS``. A pattern's ``<agent_id>`` and
``<type>`` stand for the speaker's own name and agent type; any other ``<name>`` stands for one free token.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from nocmesh.errors import InvalidInputError


class Zone(StrEnum):
    """One NATS account per trust zone: subject permissions alone do not bind the reply subject."""

    CORE = "CORE"
    AGENTS = "AGENTS"
    EDGE = "EDGE"
    EXT = "EXT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One row of the table."""

    pattern: str
    zone: Zone
    stream: str | None
    """The stream that keeps it; None: core NATS or a service."""
    writers: tuple[str, ...]
    """Roles whose signature and permission let them publish here (for a service: call it)."""
    readers: tuple[str, ...]
    body: str
    """The message type, by name; empty: the body is a foreign system's own."""
    service: bool = False
    """Request and reply: ``readers`` serve it, ``writers`` call it."""
    addressed: bool = False
    """``<agent_id>`` is the one spoken to, not the speaker."""


ALL_AGENTS = ("agent", "monitor")
TRUSTED = ("orchestrator", "incidents", "approvals", "audit", "bridge", "connect", "monitor", "dashboard")


def _row(
    pattern: str,
    zone: Zone,
    stream: str | None,
    body: str,
    writers: str,
    readers: str,
    *,
    service: bool = False,
    addressed: bool = False,
) -> Subject:
    return Subject(
        pattern=pattern,
        zone=zone,
        stream=stream,
        body=body,
        writers=tuple(writers.split()),
        readers=tuple(readers.split()),
        service=service,
        addressed=addressed,
    )


C, A, E, X = Zone.CORE, Zone.AGENTS, Zone.EDGE, Zone.EXT

SUBJECTS: tuple[Subject, ...] = (
    # alerts and requests come in at the edge
    _row("ai.alerts.incoming.<source>", E, "ALERTS", "", "alerts publisher monitor snmp", "incidents"),
    _row("ai.alerts.events.<alert_id>", E, "ALERT_EVENTS", "AlertEvent", "incidents", "dashboard"),
    _row(
        "ai.workflows.request",
        E,
        "REQUESTS",
        "WorkflowRequest",
        "incidents publisher dashboard",
        "orchestrator",
    ),
    _row("ai.workflows.response", E, "RESPONSES", "WorkflowResponse", "orchestrator", "dashboard publisher"),
    _row("ai.inventory.changed", E, None, "InventoryChanged", "alerts", "netbox"),
    # the truth
    _row(
        "ai.workflows.journal.<run_id>",
        C,
        "JOURNAL",
        "Transition",
        "orchestrator",
        "orchestrator incidents audit dashboard",
    ),
    _row("ai.workflows.timers.<run_id>.<timer>", C, "TIMERS", "TimerDue", "orchestrator", "orchestrator"),
    _row("ai.workflows.due.<run_id>.<timer>", C, "TIMERS", "TimerDue", "orchestrator", "orchestrator"),
    _row("ai.workflows.control.<run_id>", C, "CONTROL", "RunControl", "dashboard", "orchestrator"),
    _row(
        "ai.incidents.events.<incident_id>",
        C,
        "INCIDENTS",
        "IncidentEvent",
        "incidents",
        "dashboard audit incidents monitor notify",
    ),
    _row(
        "ai.approvals.pending.<id>",
        C,
        "APPROVALS",
        "ApprovalRequest",
        "orchestrator",
        "approvals dashboard bridge connect audit notify",
    ),
    _row("ai.approvals.votes.<id>", C, "APPROVALS", "Vote", "approvals", "approvals dashboard audit notify"),
    _row(
        "ai.approvals.decisions.<id>",
        C,
        "APPROVALS",
        "Decision",
        "approvals",
        "orchestrator bridge connect dashboard audit notify",
    ),
    _row(
        "ai.approvals.orders.<kind>.<name>",
        C,
        "APPROVALS",
        "Order",
        "approvals",
        "approvals bridge connect dashboard audit notify",
    ),
    _row("ai.approvals.call.<operation>", C, None, "PersonRequest", "dashboard", "approvals", service=True),
    _row("ai.devices.commands.<target>", C, "COMMANDS", "DeviceCommand", "orchestrator", "bridge connect"),
    _row(
        "ai.devices.results.<target>",
        C,
        "DEVICE_RESULTS",
        "DeviceResult",
        "bridge connect",
        "orchestrator audit monitor notify",
    ),
    _row(
        "ai.devices.journal.<device>.<change_id>",
        C,
        "DEVICE_JOURNAL",
        "DeviceJournalEntry",
        "bridge connect",
        "bridge connect audit",
    ),
    _row("ai.attempts.<agent_id>", C, "ATTEMPTS", "Attempt", "approvals bridge connect", "audit"),
    _row("ai.audit.<actor_kind>", C, "AUDIT", "AuditEntry", "audit", "dashboard audit auditor"),
    # agents
    _row("ai.tasks.assign.<assignee>", A, "TASKS", "TaskAssignment", "orchestrator", "agent monitor"),
    _row("ai.tasks.cancel.<task_id>", A, None, "TaskCancel", "orchestrator", "agent monitor"),
    _row("ai.tasks.complete.<agent_id>", A, "RESULTS", "TaskResult", "agent monitor", "orchestrator"),
    _row(
        "ai.agents.register",
        A,
        "REGISTRY",
        "AgentCard",
        "agent monitor bridge snmp connect orchestrator netbox",
        "orchestrator dashboard",
    ),
    _row(
        "ai.agents.deregister",
        A,
        "REGISTRY",
        "Farewell",
        "agent monitor bridge snmp connect orchestrator netbox",
        "orchestrator dashboard",
    ),
    _row("ai.agents.handoff.<agent_id>", A, "HANDOFFS", "Handoff", "agent monitor", "orchestrator dashboard"),
    _row(
        "ai.agents.sessions.<type>.<session_id>",
        A,
        "SESSIONS",
        "SessionEvent",
        "agent monitor",
        "agent monitor orchestrator incidents dashboard",
    ),
    _row(
        "ai.agents.discovery.request",
        A,
        None,
        "DiscoveryRequest",
        "agent monitor dashboard orchestrator",
        "orchestrator",
        service=True,
    ),
    _row(
        "ai.agents.probe.<agent_id>",
        A,
        None,
        "Probe",
        "orchestrator",
        "agent monitor bridge snmp connect orchestrator netbox",
        service=True,
        addressed=True,
    ),
    _row(
        "ai.agents.control.<agent_id>",
        A,
        None,
        "Control",
        "orchestrator",
        "agent monitor bridge snmp connect orchestrator netbox",
        addressed=True,
    ),
    _row(
        "ai.heartbeat.<agent_id>",
        A,
        None,
        "Heartbeat",
        "agent monitor bridge snmp connect orchestrator netbox",
        "orchestrator dashboard monitor",
    ),
    _row(
        "ai.metrics.<agent_id>",
        A,
        None,
        "Metrics",
        "agent monitor bridge snmp connect orchestrator netbox",
        "dashboard monitor",
    ),
    _row(
        "ai.tools.call.<tool>",
        A,
        None,
        "ToolRequest",
        "agent monitor orchestrator dashboard",
        "bridge snmp connect orchestrator netbox",
        service=True,
    ),
    _row("ai.tools.at.<agent_id>.<tool>", A, None, "ToolRequest", "bridge", "bridge", service=True, addressed=True),
    _row("ai.bridges.here.<agent_id>", A, None, "Heartbeat", "bridge", "bridge"),
    # what other systems may read
    _row("ai.feed.alerts.<alert_id>", X, "FEED", "AlertEvent", "incidents", "subscriber"),
    _row("ai.feed.incidents.<incident_id>", X, "FEED", "IncidentEvent", "incidents", "subscriber"),
    _row("ai.feed.audit", X, "FEED", "AuditHead", "audit", "subscriber"),
    # what kept failing, one subject per zone: ai.dead.<zone>.<consumer>
    _row(
        "ai.dead.core.<consumer>",
        C,
        "DEAD_CORE",
        "DeadLetter",
        "orchestrator incidents approvals audit bridge connect monitor dashboard notify",
        "dashboard",
    ),
    _row(
        "ai.dead.agents.<consumer>",
        A,
        "DEAD_AGENTS",
        "DeadLetter",
        "orchestrator agent monitor bridge",
        "dashboard",
    ),
    _row("ai.dead.edge.<consumer>", E, "DEAD_EDGE", "DeadLetter", "orchestrator incidents", "dashboard"),
)

_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,200}")
_PLACE = re.compile(r"<(\w+)>")


def token(name: str) -> str:
    """``name`` as one subject token: what is outside ``[A-Za-z0-9_-]`` becomes ``=XX`` (UTF-8, hex).

    Raises InvalidInputError when ``name`` is empty or longer than a subject bears.
    """
    if not name:
        raise InvalidInputError("a subject token may not be empty", field="token")
    out = "".join(
        chr(b) if chr(b).isascii() and (chr(b).isalnum() or chr(b) in "_-") else f"={b:02X}" for b in name.encode()
    )
    if len(out) > 200:
        raise InvalidInputError(f"{name[:40]!r}… is longer than a subject token may be (200)", field="token")
    return out


def untoken(value: str) -> str:
    """The name that ``token`` made ``value`` from."""
    raw = re.sub(rb"=([0-9A-F]{2})", lambda m: bytes([int(m[1], 16)]), value.encode())
    return raw.decode()


def subject(pattern: str, **names: str) -> str:
    """``pattern`` with each ``<place>`` filled by the escaped name.

    ``pattern`` must be a row of the table, so that no subject is spelled anywhere else.
    """
    if pattern not in BY_PATTERN:
        raise InvalidInputError(f"{pattern!r} is no subject of ours; see nocmesh.subjects.SUBJECTS", field="pattern")
    return _PLACE.sub(lambda m: token(names[m[1]]), pattern)


def wildcard(pattern: str, **names: str) -> str:
    """``pattern`` with each ``<place>`` as ``*`` unless it is named."""
    return _PLACE.sub(lambda m: token(names[m[1]]) if m[1] in names else "*", pattern)


def row_of(concrete: str) -> Subject | None:
    """The row that a concrete subject belongs to, or None."""
    for regex, row in _COMPILED:
        if regex.fullmatch(concrete):
            return row
    return None


def places(row: Subject, concrete: str) -> Mapping[str, str]:
    """The names that stand in ``concrete`` at the places of ``row``, unescaped."""
    found = _regex(row.pattern).fullmatch(concrete)
    return {k: untoken(v) for k, v in found.groupdict().items()} if found else {}


def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(_PLACE.sub(r"(?P<\1>[A-Za-z0-9_=-]+)", pattern.replace(".", r"\.")))


BY_PATTERN = {row.pattern: row for row in SUBJECTS}
_COMPILED = tuple((_regex(row.pattern), row) for row in SUBJECTS)
