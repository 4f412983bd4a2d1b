"""What beginning a step means: what it waits for, its timers, its commands. Pure, one function a type."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from nocmesh.engine.definition import Step
from nocmesh.engine.refs import look_up, resolve, scope
from nocmesh.engine.state import RunCommand, RunState
from nocmesh.ids import short_digest
from nocmesh.messages.base import Message
from nocmesh.messages.change import Change, Risk
from nocmesh.messages.policy import Terms

DEFAULT_TIMEOUT = {"invoke_agent": 600.0, "call_tool": 120.0, "approval": 0.0, "apply_config": 900.0}
"""Seconds. An approval expires by itself (`expires_in`), judged by the approvals process."""

DEFAULT_APPROVAL_SECONDS = 1800.0
QUORUM = {"low": 0, "medium": 1, "high": 1, "critical": 2}
"""Of a run that was started without the terms of a policy (its parameter ``approval_terms``)."""


class Beginning(Message, frozen=True, kw_only=True):
    """How a step begins; ``output`` set: it is done at once; ``error`` set: it cannot begin."""

    waiting_for: list[str] = []
    timers: dict[str, datetime] = {}
    commands: list[RunCommand] = []
    output: dict[str, Any] | None = None
    error: str = ""


def begin(state: RunState, name: str, step: Step, attempt: int, at: datetime) -> Beginning:
    """How ``step`` (full name ``name``) begins its ``attempt`` at ``at``."""
    started = _BY_TYPE[step.type](state, name, step, attempt, at)
    seconds = _timeout(step)
    if started.waiting_for and seconds:
        timer = f"{name}.timeout.{attempt}"
        due = at + timedelta(seconds=seconds)
        return msgspec.structs.replace(
            started,
            timers={**started.timers, timer: due},
            commands=[*started.commands, set_timer(state, name, timer, due)],
        )
    return started


def _timeout(step: Step) -> float:
    return step.timeout or DEFAULT_TIMEOUT.get(step.type, 0.0)


def set_timer(state: RunState, name: str, timer: str, due: datetime) -> RunCommand:
    """The command that asks the broker to wake us."""
    return RunCommand(id=f"timer:{timer}", kind="set_timer", step=name, data={"timer": timer, "due": due.isoformat()})


def task_command(
    state: RunState,
    name: str,
    step: Step,
    attempt: int,
    *,
    agent_type: str = "",
    context: Mapping[str, Any] | None = None,
) -> RunCommand:
    """The command that assigns a task; its id is a function of run, step, attempt and type."""
    known = scope(state)
    assignee = agent_type or str(resolve(step.agent_type, known) or "")
    task_id = short_digest(state.run_id, name, str(attempt), assignee)
    found: dict[str, Any] = dict(context or {})
    if step.context_from_step:
        found[step.context_from_step] = look_up(f"steps.{step.context_from_step}.output", known)
    parameters = dict(resolve(step.parameters, known))
    if step.prompt:
        parameters["prompt"] = resolve(step.prompt, known)
    task = {
        "task_id": task_id,
        "task_type": step.task_type or "work",
        "assigned_to": assignee,
        "run_id": state.run_id,
        "step": name,
        "parameters": parameters,
        "context": found,
        "attempt": attempt,
        "correlation_id": state.correlation_id,
        "incident_id": state.incident_id,
    }
    return RunCommand(id=task_id, kind="assign_task", step=name, data={"task": task})


def change_command(
    state: RunState,
    name: str,
    step: Step,
    change: Mapping[str, Any],
    attempt: int,
    deadline: datetime | None,
    *,
    position: int = 1,
) -> RunCommand:
    """The command that sends one approved change, the ``position``th of its step, to its device.

    After ``deadline`` nobody waits for it any more.
    """
    change_id = str(change["change_id"])
    approval_id = short_digest(state.run_id, step.context_from_step, change_id)
    command_id = short_digest(state.run_id, name, change_id, str(attempt))
    body = {
        "command_id": command_id,
        "run_id": state.run_id,
        "step": name,
        "change": change,
        "approval_id": approval_id,
        "position": position,
        "incident_id": state.incident_id,
        "correlation_id": state.correlation_id,
        "deadline": deadline.isoformat() if deadline else None,
    }
    return RunCommand(id=command_id, kind="send_change", step=name, data={"command": body})


def changes_of(state: RunState, step: Step) -> list[dict[str, Any]] | str:
    """The changes that ``step`` refers to, or what is wrong with them."""
    found = resolve(step.changes, scope(state))
    if found is None:
        return []
    try:
        parsed = msgspec.convert(found, list[Change])
    except msgspec.ValidationError as wrong:
        return f"{step.changes} is no list of changes: {wrong}"
    return [change.to_dict() for change in parsed]


def _invoke(state: RunState, name: str, step: Step, attempt: int, at: datetime) -> Beginning:
    command = task_command(state, name, step, attempt)
    if not command.data["task"]["assigned_to"]:
        return Beginning(error=f"{step.agent_type} names no agent type")
    return Beginning(waiting_for=[command.id], commands=[command])


def _call(state: RunState, name: str, step: Step, attempt: int, at: datetime) -> Beginning:
    call_id = short_digest(state.run_id, name, str(attempt))
    data = {"call_id": call_id, "tool": step.tool, "arguments": resolve(step.arguments, scope(state))}
    return Beginning(waiting_for=[call_id], commands=[RunCommand(id=call_id, kind="call_tool", step=name, data=data)])


def _wait(state: RunState, name: str, step: Step, attempt: int, at: datetime) -> Beginning:
    timer = f"{name}.wait.{attempt}"
    due = at + timedelta(seconds=step.seconds)
    return Beginning(waiting_for=[timer], timers={timer: due}, commands=[set_timer(state, name, timer, due)])


def _notify(state: RunState, name: str, step: Step, attempt: int, at: datetime) -> Beginning:
    text = str(resolve(step.text, scope(state)))
    command = RunCommand(
        id=short_digest(state.run_id, name, str(attempt)), kind="notify", step=name, data={"text": text}
    )
    return Beginning(commands=[command], output={"text": text})


def _approval(state: RunState, name: str, step: Step, attempt: int, at: datetime) -> Beginning:
    changes = changes_of(state, step)
    if isinstance(changes, str):
        return Beginning(error=changes)
    if not changes:
        return Beginning(output={"approvals": {}})
    seconds = float(state.parameters.get("approval_seconds", 0) or DEFAULT_APPROVAL_SECONDS)
    expires = at + timedelta(seconds=seconds)
    commands = [_request(state, name, change, n, at, expires) for n, change in enumerate(changes, 1)]
    return Beginning(waiting_for=[command.id for command in commands], commands=commands)


def _request(
    state: RunState, name: str, raw: Mapping[str, Any], position: int, at: datetime, expires: datetime
) -> RunCommand:
    change = msgspec.convert(raw, Change)
    terms = _terms(state, change.risk)
    approval_id = short_digest(state.run_id, name, change.change_id)
    body = {
        "approval_id": approval_id,
        "run_id": state.run_id,
        "step": name,
        "incident_id": state.incident_id,
        "change": raw,
        "change_hash": change.hash(),
        "risk": change.risk,
        "quorum": terms.approvals,
        "delay_seconds": terms.delay_seconds,
        "requested_by": change.requested_by or state.requester,
        "requested_at": at.isoformat(),
        "expires_at": expires.isoformat(),
        "summary": change.summary,
        "correlation_id": state.correlation_id,
        "position": position,
    }
    return RunCommand(id=approval_id, kind="request_approval", step=name, data={"approval": body})


def _terms(state: RunState, risk: Risk) -> Terms:
    """What ``risk`` takes: as the policy said when the run was started."""
    pinned = dict(state.parameters.get("approval_terms") or {}).get(risk)
    return msgspec.convert(pinned, Terms) if pinned else Terms(approvals=QUORUM[risk])


def _apply(state: RunState, name: str, step: Step, attempt: int, at: datetime) -> Beginning:
    changes = changes_of(state, step)
    if isinstance(changes, str):
        return Beginning(error=changes)
    if not changes:
        return Beginning(output={"results": []})
    deadline = at + timedelta(seconds=_timeout(step))
    command = change_command(state, name, step, changes[0], attempt, deadline)
    return Beginning(waiting_for=[command.id], commands=[command])


def _parallel(state: RunState, name: str, step: Step, attempt: int, at: datetime) -> Beginning:
    return Beginning()


_BY_TYPE: dict[str, Callable[[RunState, str, Step, int, datetime], Beginning]] = {
    "invoke_agent": _invoke,
    "call_tool": _call,
    "wait": _wait,
    "notify": _notify,
    "approval": _approval,
    "apply_config": _apply,
    "parallel": _parallel,
}
