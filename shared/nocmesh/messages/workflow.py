"""Workflow requests and responses: the public face of the engine (the journal's own types live in nocmesh.engine)."""

from datetime import datetime
from typing import Any, Literal

from nocmesh.messages.base import Message


class WorkflowRequest(Message, frozen=True, kw_only=True):
    """Start a run. ``workflow_id`` becomes the run's id: asking twice starts one."""

    workflow_id: str
    workflow_type: str
    parameters: dict[str, Any] = {}
    requester: str = ""
    correlation_id: str = ""
    timestamp: datetime | None = None


class WorkflowResponse(Message, frozen=True, kw_only=True):
    """accepted, rejected (``error`` lists the known types), finished, failed, cancelled."""

    workflow_id: str
    status: Literal["accepted", "rejected", "finished", "failed", "cancelled"]
    agent_id: str = ""
    error: str = ""
    result: dict[str, Any] = {}
    timestamp: datetime | None = None


class RunControl(Message, frozen=True, kw_only=True):
    """A person's word to a run: cancel it, pause it, resume it, retry from a step."""

    run_id: str
    action: Literal["cancel", "pause", "resume", "retry"]
    step: str = ""
    reason: str = ""
    person: str = ""
    request_id: str = ""


class TimerDue(Message, frozen=True, kw_only=True):
    """The body of a broker-scheduled message."""

    run_id: str
    timer: str
    due: datetime
