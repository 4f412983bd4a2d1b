"""Whether a running step has settled: what its answers amount to. Pure, one function a type."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from nocmesh.engine.begin import change_command, changes_of, task_command
from nocmesh.engine.definition import Step
from nocmesh.engine.state import RunCommand, RunState, StepState
from nocmesh.messages.base import Message

MAX_HANDOFFS = 5


class Settled(Message, frozen=True, kw_only=True):
    """It is over: well (``error`` empty) or not."""

    output: dict[str, Any] = {}
    error: str = ""
    retryable: bool = False
    claimed_by: str = ""


class Extended(Message, frozen=True, kw_only=True):
    """It goes on with more to wait for."""

    waiting_for: list[str]
    commands: list[RunCommand]
    handoffs: int = 0


def settle(state: RunState, name: str, step: Step, at: datetime) -> Settled | Extended | None:
    """What became of the running step ``name``; None while it still waits."""
    now = state.steps[name]
    if step.type == "parallel":
        return _parallel(state, name, step)
    for timer in now.timers:
        if timer in now.answers and ".timeout." in timer:
            return Settled(error=f"no answer within {_seconds(now, timer):.0f} s", retryable=True)
    if any(ref not in now.answers for ref in now.waiting_for):
        return None
    return _BY_TYPE[step.type](state, name, step, now)


def _seconds(step: StepState, timer: str) -> float:
    started = step.started_at
    return (step.timers[timer] - started).total_seconds() if started else 0.0


def _answers(step: StepState) -> Sequence[Mapping[str, Any]]:
    return [step.answers[ref] for ref in step.waiting_for]


def _task(state: RunState, name: str, step: Step, now: StepState) -> Settled | Extended | None:
    answer = _answers(now)[-1]
    status = answer.get("status")
    if status == "handed_off":
        return _handed_off(state, name, step, now, answer)
    agent = str(answer.get("agent_id", ""))
    if status == "completed":
        return Settled(output=dict(answer.get("result", {})), claimed_by=agent)
    error = str(answer.get("error") or "the agent failed without a reason")
    return Settled(error=error, retryable=bool(answer.get("retryable", True)), claimed_by=agent)


def _handed_off(
    state: RunState, name: str, step: Step, now: StepState, answer: Mapping[str, Any]
) -> Settled | Extended | None:
    to_type = str(answer.get("result", {}).get("to_type", ""))
    if now.handoffs >= MAX_HANDOFFS or not to_type:
        return Settled(error=f"handed on {now.handoffs} times without a result; last to {to_type or 'nobody'}")
    context = dict(answer.get("result", {}).get("context", {}))
    command = task_command(state, name, step, now.attempt * 100 + now.handoffs + 1, agent_type=to_type, context=context)
    return Extended(waiting_for=[command.id], commands=[command], handoffs=1)


def _tool(state: RunState, name: str, step: Step, now: StepState) -> Settled | Extended | None:
    answer = _answers(now)[0]
    if answer.get("status") == "ok":
        return Settled(output=dict(answer.get("content", {})))
    retryable = answer.get("status") in ("error", "unreachable")
    return Settled(error=str(answer.get("error") or answer.get("status")), retryable=retryable)


def _wait(state: RunState, name: str, step: Step, now: StepState) -> Settled | Extended | None:
    return Settled(output={"waited": step.seconds})


def _approval(state: RunState, name: str, step: Step, now: StepState) -> Settled | Extended | None:
    decisions = _answers(now)
    output = {"approvals": {d["change_id"]: d["approval_id"] for d in decisions}, "decisions": list(decisions)}
    for decision in decisions:
        if decision.get("verdict") != "approved":
            reason = decision.get("reason") or decision.get("verdict")
            return Settled(error=f"the change on {decision.get('device')} was not approved: {reason}", output=output)
    return Settled(output=output)


def _apply(state: RunState, name: str, step: Step, now: StepState) -> Settled | Extended | None:
    results = [dict(answer) for answer in _answers(now)]
    output = {"results": results}
    last = results[-1]
    if last.get("outcome") != "confirmed":
        error = f"the change on {last.get('device')} ended {last.get('outcome')}: {last.get('reason')}"
        return Settled(error=error, output=output)
    changes = changes_of(state, step)
    if isinstance(changes, str):
        return Settled(error=changes, output=output)
    if len(results) < len(changes):
        deadline = min(now.timers.values(), default=None)
        done = len(results)
        command = change_command(state, name, step, changes[done], now.attempt, deadline, position=done + 1)
        return Extended(waiting_for=[command.id], commands=[command])
    return Settled(output=output)


def _parallel(state: RunState, name: str, step: Step) -> Settled | None:
    children = {child.id: state.steps[f"{name}/{child.id}"] for child in step.steps}
    if any(child.status in ("pending", "running", "backing_off") for child in children.values()):
        return None
    output = {child: now.output for child, now in children.items()}
    failed = [f"{child}: {now.error}" for child, now in children.items() if now.status in ("failed", "cancelled")]
    return Settled(output=output, error="; ".join(failed))


_BY_TYPE: dict[str, Callable[[RunState, str, Step, StepState], Settled | Extended | None]] = {
    "invoke_agent": _task,
    "call_tool": _tool,
    "wait": _wait,
    "approval": _approval,
    "apply_config": _apply,
}
