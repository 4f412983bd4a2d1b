"""Tasks: work for one agent type or service, and its outcome. Ids are deterministic, so work happens once."""

from datetime import datetime
from typing import Any, Literal

from nocmesh.messages.base import Message


class TaskAssignment(Message, frozen=True, kw_only=True):
    """Work on ``ai.tasks.assign.<agent type or service id>``."""

    task_id: str
    task_type: str
    """What is wanted: `triage`, `diagnose`, `plan`, `verify`, or a name that the agent's card lists."""
    assigned_to: str
    run_id: str = ""
    step: str = ""
    parameters: dict[str, Any] = {}
    context: dict[str, Any] = {}
    """What was found so far: results of earlier steps, handoffs with their evidence."""
    deadline: datetime | None = None
    dependencies: list[str] = []
    attempt: int = 1
    correlation_id: str = ""
    incident_id: str = ""


class TaskResult(Message, frozen=True, kw_only=True):
    """Its outcome on ``ai.tasks.complete.<agent_id>``."""

    task_id: str
    status: Literal["completed", "failed", "handed_off"]
    agent_id: str = ""
    run_id: str = ""
    step: str = ""
    result: dict[str, Any] = {}
    error: str = ""
    retryable: bool = False
    at: datetime | None = None
    attempt: int = 1


class TaskCancel(Message, frozen=True, kw_only=True):
    """Stop working on this: its run was cancelled."""

    task_id: str
    reason: str = ""
