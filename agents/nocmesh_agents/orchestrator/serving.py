"""What the orchestrator answers: who can do what, and the tools that nobody may use without an approval."""

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any

import msgspec

from nocmesh.bus import Received, Service, Speaker
from nocmesh.diagnosis.checks import views_for
from nocmesh.errors import DeniedError, InvalidInputError, NocmeshError
from nocmesh.ids import short_digest
from nocmesh.messages.agent import DiscoveryReply, DiscoveryRequest, ToolReply, ToolRequest
from nocmesh.messages.change import CONNECTED, Change
from nocmesh.messages.workflow import WorkflowRequest
from nocmesh.policy.autonomy import entry_of, may
from nocmesh.policy.judge import Asked, highest, judge
from nocmesh.policy.policy import Policy
from nocmesh.runtime import Context
from nocmesh.subjects import ALL_AGENTS, BY_PATTERN, places, subject
from nocmesh_agents.orchestrator.claims import asks_as
from nocmesh_agents.orchestrator.members import Members
from nocmesh_agents.orchestrator.registry import discover

NEEDED = ("device", "platform", "commands", "rollback", "pre_state")
"""The pre-state is the sha256 that `device_backup` gives: no approval holds without one."""
CHANGING = ("db_write", "http_send", "local_change")
"""Tools that change a target that is no device; the connectors draft what they would do."""
PREPARE = "connect_prepare"
PREPARE_SECONDS = 30.0
Start = Callable[[WorkflowRequest], Awaitable[None]]


class Serving:
    """Serves discovery, `device_config`, and the tools that change other targets."""

    def __init__(self, context: Context, members: Members, policy: Policy, start: Start) -> None:
        self._context = context
        self._bus = context.mesh.agents
        self._members = members
        self._policy = policy
        self._start = start
        self._services: list[Service[Any]] = []

    async def __aenter__(self) -> "Serving":
        self._services = [
            await self._bus.serve(subject("ai.agents.discovery.request"), DiscoveryRequest, self._discover),
            *[
                await self._bus.serve(subject("ai.tools.call.<tool>", tool=tool), ToolRequest, self._configure)
                for tool in ("device_config", *CHANGING)
            ],
        ]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for service in self._services:
            await service.stop()

    async def _discover(self, asked: Received[DiscoveryRequest]) -> DiscoveryReply:
        return discover(self._members.all(), asked.body)

    async def _configure(self, asked: Received[ToolRequest]) -> ToolReply:
        """A change is never made on the spot: it starts a run that waits for its approvals."""
        call = asked.body
        tool = places(BY_PATTERN["ai.tools.call.<tool>"], asked.subject).get("tool", "")
        requester = requester_of(asked)
        try:
            must_propose(asked.speaker, self._policy)
            asks = asks_as(asked.speaker, call.person)
            if tool in CHANGING:
                change = await self._drafted(tool, call, requester, asks)
            else:
                change = change_from(call, requester, asks)
            run_id = f"change-{short_digest(requester, call.call_id)}"  # calling again starts no second run
            parameters = {"changes": [change.to_dict()], "incident_id": call.incident_id}
            await self._start(
                WorkflowRequest(
                    workflow_id=run_id, workflow_type="config_change", parameters=parameters, requester=requester
                )
            )
        except NocmeshError as refused:
            return ToolReply(call_id=call.call_id, status="refused", error=refused.message)
        return ToolReply(call_id=call.call_id, status="run_started", run_id=run_id, content={"risk": change.risk})

    async def _drafted(self, tool: str, call: ToolRequest, requester: str, asks: str) -> Change:
        """The change that a connector would make of the call. Raises NocmeshError that says why it makes none."""
        asked = ToolRequest(
            tool=PREPARE,
            arguments={"tool": tool, "arguments": call.arguments},
            call_id=call.call_id,
            session_id=call.session_id,
            incident_id=call.incident_id,
            person=asks,
        )
        where = subject("ai.tools.call.<tool>", tool=PREPARE)
        reply = await self._bus.request(where, asked, ToolReply, timeout=PREPARE_SECONDS)
        if reply.status != "ok":
            raise DeniedError(f"{tool}: {reply.error}")
        draft = proposed(reply, tool, call, requester, self._policy)
        return msgspec.structs.replace(draft, requested_by=asks)


def proposed(reply: ToolReply, tool: str, call: ToolRequest, requester: str, policy: Policy) -> Change:
    """What a connector drafted, as the change of whoever asked; no lower than ``tool`` is rated.

    Raises InvalidInputError for a draft that is none.
    """
    try:
        draft = msgspec.convert(reply.content.get("change"), Change)
    except msgspec.ValidationError as wrong:
        raise InvalidInputError(f"{tool}: the connector drafted no change: {wrong}", field="change") from wrong
    if draft.platform not in CONNECTED or not draft.pre_state or not draft.commands:
        raise InvalidInputError(f"{tool}: the connector drafted a change of {draft.platform!r}", field="change")
    rated = judge(policy, Asked(tool=tool)).risk
    return msgspec.structs.replace(
        draft,
        change_id=short_digest(requester, call.call_id),
        requested_by=requester,
        incident_id=call.incident_id,
        risk=highest([draft.risk, rated]),
    )


def requester_of(asked: Received[ToolRequest]) -> str:
    """Who asks, and so never approves: of what a person calls on the dashboard, that person."""
    speaker = asked.speaker
    if speaker is None:
        return "unknown"
    return asked.body.person if speaker.role == "dashboard" and asked.body.person else speaker.name


def must_propose(speaker: Speaker | None, policy: Policy) -> None:
    """Raises DeniedError for an agent whose type may not propose changes. What an admin ordered the bridge knows."""
    if speaker is None or speaker.role not in ALL_AGENTS:
        return
    entry = entry_of(policy, speaker.type)
    if not may(entry.ceiling, "propose"):
        raise DeniedError(
            f"agents of the type {speaker.type} may {entry.ceiling} at most, not propose a change; hand the case over"
        )


def change_from(call: ToolRequest, requester: str, asks: str) -> Change:
    """The change that a `device_config` call describes, asked for by ``asks``; whatever it claims, it is critical.

    Raises InvalidInputError naming what is missing, or which check nobody can decide.
    """
    given = {"platform": "", "rollback": [], **call.arguments, "change_id": short_digest(requester, call.call_id)}
    try:
        change = msgspec.convert(given, Change)
    except msgspec.ValidationError as wrong:
        raise InvalidInputError(f"device_config: {wrong}; it needs {', '.join(NEEDED)}", field="arguments") from wrong
    for field in NEEDED:
        if not getattr(change, field):
            raise InvalidInputError(f"device_config needs {field!r}", field=field)
    views_for(change.verify)
    return msgspec.structs.replace(change, risk="critical", requested_by=asks)
