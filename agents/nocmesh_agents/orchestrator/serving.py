"""What the orchestrator answers: who can do what, and the tools that nobody may use without an approval."""

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any

import msgspec

from nocmesh.bus import Received, Service
from nocmesh.diagnosis.checks import views_for
from nocmesh.errors import InvalidInputError, NocmeshError
from nocmesh.ids import short_digest
from nocmesh.messages.agent import DiscoveryReply, DiscoveryRequest, ToolReply, ToolRequest
from nocmesh.messages.change import Change
from nocmesh.messages.workflow import WorkflowRequest
from nocmesh.runtime import Context
from nocmesh.subjects import subject
from nocmesh_agents.orchestrator.members import Members
from nocmesh_agents.orchestrator.registry import discover

NEEDED = ("device", "platform", "commands", "rollback", "pre_state")
"""The pre-state is the sha256 that `device_backup` gives: no approval holds without one."""
Start = Callable[[WorkflowRequest], Awaitable[None]]


class Serving:
    """Serves discovery and `device_config`."""

    def __init__(self, context: Context, members: Members, start: Start) -> None:
        self._context = context
        self._bus = context.mesh.agents
        self._members = members
        self._start = start
        self._services: list[Service[Any]] = []

    async def __aenter__(self) -> "Serving":
        self._services = [
            await self._bus.serve(subject("ai.agents.discovery.request"), DiscoveryRequest, self._discover),
            await self._bus.serve(subject("ai.tools.call.<tool>", tool="device_config"), ToolRequest, self._configure),
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
        """A change of configuration is never made on the spot: it starts a run that waits for its approvals."""
        call = asked.body
        requester = asked.speaker.name if asked.speaker else "unknown"
        try:
            change = change_from(call, requester)
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


def change_from(call: ToolRequest, requester: str) -> Change:
    """The change that a `device_config` call describes; whatever risk it claims, it is critical.

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
    return msgspec.structs.replace(change, risk="critical", requested_by=requester)
