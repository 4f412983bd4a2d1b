"""Who is there: cards, heartbeats, discovery, handoffs."""

from datetime import datetime
from typing import Any, Literal

from nocmesh.messages.base import Message

Autonomy = Literal["observe", "diagnose", "propose", "act_with_approval", "act"]


class AgentCard(Message, frozen=True, kw_only=True):
    """What an agent can do and may do; written to the KV bucket ``agents`` under its id."""

    agent_id: str
    type: str
    version: str
    capabilities: list[str] = []
    tools: list[str] = []
    autonomy: Autonomy = "diagnose"
    load_limit: int = 10
    description: str = ""
    kind: Literal["agent", "bridge", "orchestrator", "service"] = "agent"
    started_at: datetime
    instance: str
    """A new one at each start, so that a restart is told from a late beat."""
    interval: float = 2.0
    """Seconds between its beats."""


class Heartbeat(Message, frozen=True, kw_only=True):
    """I live; ``load`` is the share of my slots in use, 0 to 1."""

    agent_id: str
    type: str
    instance: str
    status: Literal["available", "busy", "draining"]
    load: float
    in_flight: int = 0
    done: int = 0
    failed: int = 0
    interval: float = 2.0
    """Seconds to the next beat."""
    timestamp: datetime


class Farewell(Message, frozen=True, kw_only=True):
    """I am going away: expected, not a death."""

    agent_id: str
    type: str
    instance: str
    reason: str
    at: datetime


class Probe(Message, frozen=True, kw_only=True):
    """Are you there? Answered at once by whoever lives."""

    asked_by: str


class Control(Message, frozen=True, kw_only=True):
    """A word to one agent: `register` again (the registry had dropped you), or `drain`."""

    action: Literal["register", "drain"]
    reason: str = ""


class Metrics(Message, frozen=True, kw_only=True):
    """Numbers of one agent."""

    agent_id: str
    values: dict[str, float]
    timestamp: datetime


class DiscoveryRequest(Message, frozen=True, kw_only=True):
    """Who can do this? Empty fields do not restrict."""

    requester: str = ""
    capability: str = ""
    type: str = ""


class Candidate(Message, frozen=True, kw_only=True):
    """An agent that can."""

    agent_id: str
    type: str
    load: float
    status: str


class Rejected(Message, frozen=True, kw_only=True):
    """An agent that was considered and not chosen, and why."""

    agent_id: str
    type: str
    reason: str


class DiscoveryReply(Message, frozen=True, kw_only=True):
    """Candidates, least loaded first, and why the others were not chosen."""

    candidates: list[Candidate] = []
    rejected: list[Rejected] = []


class Handoff(Message, frozen=True, kw_only=True):
    """A case passes from one agent to another type, with what is known so far."""

    task_id: str
    from_agent: str
    to_type: str
    reason: str
    context: dict[str, Any] = {}
    at: datetime


class ToolRequest(Message, frozen=True, kw_only=True):
    """Call one tool."""

    tool: str
    arguments: dict[str, Any] = {}
    call_id: str
    session_id: str = ""
    incident_id: str = ""
    deadline: datetime | None = None
    asked_by: str = ""
    """Of a call that one bridge passes on to another: who asked it. From anybody else it is not believed."""
    asked_as: str = ""
    """In which role on the bus."""
    person: str = ""
    """For whom the dashboard or the orchestrator calls; whoever else says so is not believed."""


class ToolReply(Message, frozen=True, kw_only=True):
    """What the tool answered: an observation's content, or why not.

    ``status``: `ok`; `error` (it was tried and failed, or was asked wrongly); `refused` (a rule forbids it);
    `unreachable` (the device); `run_started` (it needs approval: ``run_id`` follows it).
    """

    call_id: str
    status: Literal["ok", "error", "refused", "unreachable", "run_started"]
    content: dict[str, Any] = {}
    error: str = ""
    run_id: str = ""
