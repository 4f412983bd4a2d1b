"""How an event changes a run. Pure: the state is the fold of its events, and nothing else."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from nocmesh.engine.definition import Definition, Step
from nocmesh.engine.state import RunEvent, RunState, StepState
from nocmesh.errors import InvalidInputError

OUTSIDE = {
    "answer_received",
    "timer_fired",
    "cancel_requested",
    "pause_requested",
    "resume_requested",
    "retry_requested",
}


def evolve(state: RunState | None, event: RunEvent) -> RunState:
    """The state after ``event``. An outside event that was taken in before changes nothing.

    Raises InvalidInputError when the first event is not `run_started`.
    """
    if state is None:
        if event.kind != "run_started":
            raise InvalidInputError(f"a run begins with run_started, not {event.kind}", field="kind")
        return _begin(event)
    if event.kind in OUTSIDE:
        if event.id in state.seen:
            return state
        state = replace(state, seen=[*state.seen, event.id])
    return _CHANGES[event.kind](state, event)


def all_steps(definition: Definition) -> dict[str, Step]:
    """Every step by its full name: children of `parallel` are ``parent/child``, compensations ``~step``."""
    found: dict[str, Step] = {}
    _collect(definition.steps, "", found)
    return found


def _collect(steps: list[Step], prefix: str, found: dict[str, Step]) -> None:
    for step in steps:
        found[prefix + step.id] = step
        if step.compensate:
            found["~" + prefix + step.id] = step.compensate
        _collect(step.steps, f"{prefix}{step.id}/", found)


def _begin(event: RunEvent) -> RunState:
    data = event.data
    definition = msgspec.convert(data["definition"], Definition)
    return RunState(
        run_id=event.ref,
        definition=definition,
        parameters=data.get("parameters", {}),
        requester=data.get("requester", ""),
        correlation_id=data.get("correlation_id", ""),
        incident_id=data.get("incident_id", ""),
        started_at=event.at,
        steps={name: StepState() for name in all_steps(definition)},
    )


def _step(state: RunState, event: RunEvent, **changes: Any) -> RunState:
    if event.step not in state.steps:
        return state
    return replace(state, steps={**state.steps, event.step: replace(state.steps[event.step], **changes)})


def _started(state: RunState, event: RunEvent) -> RunState:
    before = state.steps.get(event.step, StepState())
    return _step(
        state,
        event,
        status="running",
        attempt=before.attempt + 1,
        waiting_for=list(event.data.get("waiting_for", [])),
        timers=_times(event),
        answers={},
        error="",
        started_at=before.started_at or event.at,
    )


def _times(event: RunEvent) -> dict[str, datetime]:
    return msgspec.convert(event.data.get("timers", {}), dict[str, datetime])


def _extended(state: RunState, event: RunEvent) -> RunState:
    step = state.steps[event.step]
    waiting = [*step.waiting_for, *event.data.get("waiting_for", [])]
    return _step(state, event, waiting_for=waiting, handoffs=step.handoffs + int(event.data.get("handoffs", 0)))


def _retried(state: RunState, event: RunEvent) -> RunState:
    waiting = list(event.data.get("waiting_for", []))
    return _step(
        state,
        event,
        status="backing_off",
        error=event.data.get("error", ""),
        waiting_for=waiting,
        timers=_times(event),
        answers={},
    )


def _done(status: str) -> Callable[[RunState, RunEvent], RunState]:
    def change(state: RunState, event: RunEvent) -> RunState:
        return _step(
            state,
            event,
            status=status,
            output=event.data.get("output", {}),
            error=event.data.get("error", ""),
            claimed_by=event.data.get("claimed_by", ""),
            finished_at=event.at,
            waiting_for=[],
            answers={},
            timers={},
        )

    return change


def _answered(state: RunState, event: RunEvent) -> RunState:
    for name, step in state.steps.items():
        if event.ref in step.waiting_for and event.ref not in step.answers:
            answers = {**step.answers, event.ref: event.data}
            return replace(state, steps={**state.steps, name: replace(step, answers=answers)})
    return state


def _fired(state: RunState, event: RunEvent) -> RunState:
    for name, step in state.steps.items():
        if event.ref in step.timers:
            answers = {**step.answers, event.ref: {"status": "fired"}}
            return replace(state, steps={**state.steps, name: replace(step, answers=answers)})
    return state


def _cancel(state: RunState, event: RunEvent) -> RunState:
    if state.over or state.status == "ending":
        return state
    reason = event.data.get("reason", "")
    error = f"cancelled by {event.actor or 'nobody named'}" + (f": {reason}" if reason else "")
    return replace(state, status="ending", ending="cancelled", error=error)


def _pause(state: RunState, event: RunEvent) -> RunState:
    return replace(state, status="paused") if state.status == "running" else state


def _resume(state: RunState, event: RunEvent) -> RunState:
    return replace(state, status="running") if state.status == "paused" else state


def _retry_from(state: RunState, event: RunEvent) -> RunState:
    names = [step.id for step in state.definition.steps]
    if state.status not in ("failed", "cancelled") or event.step not in names:
        return state
    again = set(names[names.index(event.step) :])
    steps = {name: _reset(name, step, again) for name, step in state.steps.items()}
    return replace(
        state, status="running", ending="", error="", failed_step="", finished_at=None, result={}, steps=steps
    )


def _reset(name: str, step: StepState, again: set[str]) -> StepState:
    """A step that shall run again keeps its count of attempts, so that its tasks get new ids."""
    top = name.lstrip("~").split("/", 1)[0]
    return (
        StepState(attempt=step.attempt, attempts_before=step.attempt) if top in again or name.startswith("~") else step
    )


def _ending(state: RunState, event: RunEvent) -> RunState:
    return replace(state, status="ending", ending="failed", error=event.data["error"], failed_step=event.step)


def _over(status: str) -> Callable[[RunState, RunEvent], RunState]:
    def change(state: RunState, event: RunEvent) -> RunState:
        error = event.data.get("error", state.error)
        return replace(state, status=status, result=event.data.get("result", {}), error=error, finished_at=event.at)

    return change


_CHANGES: dict[str, Callable[[RunState, RunEvent], RunState]] = {
    "run_started": lambda state, event: state,
    "step_started": _started,
    "step_extended": _extended,
    "step_retried": _retried,
    "step_skipped": _done("skipped"),
    "step_completed": _done("completed"),
    "step_failed": _done("failed"),
    "step_cancelled": _done("cancelled"),
    "answer_received": _answered,
    "timer_fired": _fired,
    "cancel_requested": _cancel,
    "pause_requested": _pause,
    "resume_requested": _resume,
    "retry_requested": _retry_from,
    "ending_started": _ending,
    "run_finished": _over("finished"),
    "run_failed": _over("failed"),
    "run_cancelled": _over("cancelled"),
}
