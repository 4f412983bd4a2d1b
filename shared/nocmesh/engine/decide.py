"""What follows from a run's state: events that must be true now, and the commands that they cause.

Pure: no clock, no bus. ``decide`` gives the next batch or none; ``advance`` takes an event in and runs to rest.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from nocmesh.engine.begin import Beginning, begin, set_timer
from nocmesh.engine.check import handlers
from nocmesh.engine.definition import Step
from nocmesh.engine.evolve import all_steps, evolve
from nocmesh.engine.refs import holds, resolve, scope
from nocmesh.engine.settle import Extended, Settled, settle
from nocmesh.engine.state import RunCommand, RunEvent, RunState, StepState
from nocmesh.errors import InvalidInputError
from nocmesh.ids import short_digest

Batch = tuple[list[RunEvent], list[RunCommand]]
DONE = ("completed", "skipped")
MAX_BATCHES = 1000


def advance(state: RunState | None, event: RunEvent) -> tuple[RunState, list[RunEvent], list[RunCommand]]:
    """Take ``event`` in and run to rest: the new state, all events (``event`` first), all commands.

    An outside event that was taken in before changes nothing: the same state, no events.
    """
    after = evolve(state, event)
    if after is state:
        return after, [], []
    events: list[RunEvent] = [event]
    commands: list[RunCommand] = []
    for _ in range(MAX_BATCHES):
        more_events, more_commands = decide(after, event.at)
        if not more_events:
            return after, events, commands
        for more in more_events:
            after = evolve(after, more)
        events += more_events
        commands += more_commands
    raise InvalidInputError(f"run {after.run_id} does not come to rest", field="definition")


def decide(state: RunState, at: datetime) -> Batch:
    """The next batch of events and commands, or two empty lists when the run is at rest."""
    if state.over or state.status == "paused":
        return [], []
    for batch in _batches(state, at):
        if batch[0]:
            return batch
    return [], []


def _batches(state: RunState, at: datetime) -> Iterator[Batch]:
    if state.status == "ending":
        yield _settle_running(state, at)
        yield _stop_running(state, at)
        yield _compensate(state, at)
        yield _end_badly(state, at)
        return
    yield _settle_running(state, at)
    yield _wake_backed_off(state, at)
    yield _give_up(state, at)
    yield _jump(state, at)
    yield _skip_orphans(state, at)
    yield _start_ready(state, at)
    yield _finish(state, at)


def _event(state: RunState, at: datetime, kind: str, name: str = "", **data: Any) -> RunEvent:
    attempt = state.steps[name].attempt if name in state.steps else 0
    event_id = short_digest(
        state.run_id, kind, name, str(attempt), str(len(state.seen)), str(data.get("waiting_for", ""))
    )
    return RunEvent(id=event_id, kind=kind, at=at, step=name, data=data)  # type: ignore[arg-type]


def _settle_running(state: RunState, at: datetime) -> Batch:
    for name, step in all_steps(state.definition).items():
        if state.steps[name].status != "running":
            continue
        outcome = settle(state, name, step, at)
        if isinstance(outcome, Extended) and state.status == "ending":
            results = [state.steps[name].answers[ref] for ref in state.steps[name].waiting_for]
            outcome = Settled(output={"results": results}, error=f"stopped before it was complete: {state.error}")
        if isinstance(outcome, Extended):
            event = _event(state, at, "step_extended", name, waiting_for=outcome.waiting_for, handoffs=outcome.handoffs)
            return [event], outcome.commands
        if outcome is not None:
            return _settled(state, name, step, outcome, at)
    return [], []


def _settled(state: RunState, name: str, step: Step, outcome: Settled, at: datetime) -> Batch:
    now = state.steps[name]
    if not outcome.error:
        event = _event(state, at, "step_completed", name, output=outcome.output, claimed_by=outcome.claimed_by)
        return [event], []
    tries = now.attempt - _first_attempt(state, name)
    if outcome.retryable and tries + 1 < step.retry.attempts and state.status == "running":
        timer = f"{name}.retry.{now.attempt}"
        due = at + timedelta(seconds=step.retry.backoff * step.retry.factor**tries)
        event = _event(
            state, at, "step_retried", name, error=outcome.error, waiting_for=[timer], timers={timer: due.isoformat()}
        )
        return [event], [set_timer(state, name, timer, due)]
    return [
        _event(
            state, at, "step_failed", name, error=outcome.error, output=outcome.output, claimed_by=outcome.claimed_by
        )
    ], []


def _first_attempt(state: RunState, name: str) -> int:
    """Attempts before a `retry_requested` do not count against the step's own limit."""
    return 1 + state.steps[name].attempts_before


def _wake_backed_off(state: RunState, at: datetime) -> Batch:
    for name, now in state.steps.items():
        if now.status == "backing_off" and all(ref in now.answers for ref in now.waiting_for):
            return _start(state, name, all_steps(state.definition)[name], at)
    return [], []


def _start(state: RunState, name: str, step: Step, at: datetime) -> Batch:
    started: Beginning = begin(state, name, step, state.steps[name].attempt + 1, at)
    timers = {timer: due.isoformat() for timer, due in started.timers.items()}
    event = _event(state, at, "step_started", name, waiting_for=started.waiting_for, timers=timers)
    if started.error:
        return [event, _event(state, at, "step_failed", name, error=started.error)], []
    if started.output is not None:
        return [event, _event(state, at, "step_completed", name, output=started.output)], started.commands
    return [event], started.commands


def _unhandled(state: RunState) -> tuple[str, StepState] | None:
    """The first failed top-level step that nothing handles, with its state."""
    for step in state.definition.steps:
        now = state.steps[step.id]
        if now.status == "failed" and not step.on_failure:
            return step.id, now
    return None


def _give_up(state: RunState, at: datetime) -> Batch:
    found = _unhandled(state)
    if found:
        return [_event(state, at, "ending_started", found[0], error=f"step {found[0]}: {found[1].error}")], []
    for step in state.definition.steps:
        handler = state.steps.get(step.on_failure)
        if state.steps[step.id].status == "failed" and handler and handler.status == "completed":
            target = _step_named(state, step.on_failure)
            if not target.on_success:
                error = f"step {step.id}: {state.steps[step.id].error} (handled by {step.on_failure})"
                return [_event(state, at, "ending_started", step.id, error=error)], []
    return [], []


def _step_named(state: RunState, name: str) -> Step:
    return next(step for step in state.definition.steps if step.id == name)


def _jump(state: RunState, at: datetime) -> Batch:
    """Skip what an ``on_success`` or ``on_failure`` jumps over."""
    names = [step.id for step in state.definition.steps]
    for index, step in enumerate(state.definition.steps):
        status = state.steps[step.id].status
        over: list[str] = []
        if status == "completed" and step.on_success:
            end = len(names) if step.on_success == "end" else names.index(step.on_success)
            over = names[index + 1 : end]
        elif status == "failed" and step.on_failure not in ("", "continue"):
            after = _step_named(state, step.on_failure).on_success
            end = names.index(after) if after and after != "end" else len(names)
            over = [name for name in names[index + 1 : end] if name != step.on_failure]
        skipped = [
            _event(state, at, "step_skipped", name, error=f"{step.id} went past it")
            for name in over
            if state.steps[name].status == "pending"
        ]
        if skipped:
            return skipped, []
    return [], []


def _skip_orphans(state: RunState, at: datetime) -> Batch:
    """Skip children of `parallel` that depend on one that failed."""
    for name, step in all_steps(state.definition).items():
        for child in step.steps if state.steps[name].status == "running" else []:
            broken = [o for o in child.depends_on or [] if state.steps[f"{name}/{o}"].status in ("failed", "cancelled")]
            full = f"{name}/{child.id}"
            if broken and state.steps[full].status == "pending":
                return [_event(state, at, "step_skipped", full, error=f"{broken[0]} failed")], []
    return [], []


def _start_ready(state: RunState, at: datetime) -> Batch:
    known = scope(state)
    for name, step in _ready(state):
        if not holds(step.when, known):
            return [_event(state, at, "step_skipped", name, error=f"not: {step.when}")], []
        return _start(state, name, step, at)
    return [], []


def _ready(state: RunState) -> Iterator[tuple[str, Step]]:
    kept = handlers(state.definition.steps)
    failed_into = {
        step.on_failure
        for step in state.definition.steps
        if state.steps[step.id].status == "failed" and step.on_failure
    }
    before: str | None = None
    for step in state.definition.steps:
        if step.id in kept:
            if state.steps[step.id].status == "pending" and step.id in failed_into:
                yield step.id, step
            continue
        needed = step.depends_on if step.depends_on is not None else [before] if before else []
        if state.steps[step.id].status == "pending" and all(_passed(state, name) for name in needed):
            yield step.id, step
        before = step.id
    yield from _ready_children(state)


def _ready_children(state: RunState) -> Iterator[tuple[str, Step]]:
    for name, step in all_steps(state.definition).items():
        if step.type != "parallel" or state.steps[name].status != "running":
            continue
        for child in step.steps:
            full = f"{name}/{child.id}"
            needed = [state.steps[f"{name}/{other}"].status for other in child.depends_on or []]
            if state.steps[full].status == "pending" and all(status in DONE for status in needed):
                yield full, child


def _passed(state: RunState, name: str) -> bool:
    """Whether what depends on the step may begin."""
    status = state.steps[name].status
    if status in DONE:
        return True
    step = _step_named(state, name)
    if status != "failed" or not step.on_failure:
        return False
    if step.on_failure == "continue":
        return True
    return state.steps[step.on_failure].status in DONE


def _finish(state: RunState, at: datetime) -> Batch:
    if any(now.status in ("running", "backing_off") for now in state.steps.values()):
        return [], []
    kept = handlers(state.definition.steps)
    pending = [
        step.id for step in state.definition.steps if state.steps[step.id].status == "pending" and step.id not in kept
    ]
    if pending:
        error = f"nothing can run any more; waiting: {', '.join(pending)}"
        return [_event(state, at, "ending_started", pending[0], error=error)], []
    result = resolve(state.definition.output, scope(state))
    return [_event(state, at, "run_finished", result=result)], [_respond(state, "finished", result, "")]


def _respond(state: RunState, status: str, result: dict[str, Any], error: str) -> RunCommand:
    data = {"workflow_id": state.run_id, "status": status, "result": result, "error": error}
    return RunCommand(id=short_digest(state.run_id, "respond", status, str(len(state.seen))), kind="respond", data=data)


def _stop_running(state: RunState, at: datetime) -> Batch:
    """Stop what runs; a change that is on its way to a device is awaited instead, and so is a compensation."""
    events, commands = [], []
    for name, step in all_steps(state.definition).items():
        now = state.steps[name]
        if name.startswith("~") or now.status not in ("running", "backing_off"):
            continue
        if step.type == "apply_config" and now.status == "running":
            continue
        events.append(_event(state, at, "step_cancelled", name, error="the run is ending"))
        if step.type == "invoke_agent":
            commands += [
                RunCommand(id=f"cancel:{task}", kind="cancel_task", step=name, data={"task_id": task})
                for task in now.waiting_for
                if task not in now.answers
            ]
    return events, commands


def _compensate(state: RunState, at: datetime) -> Batch:
    """Undo what was done, the last first; one at a time."""
    known = all_steps(state.definition)
    if any(now.status in ("running", "backing_off") for now in state.steps.values()):
        return [], []
    done = [
        (now.finished_at, name)
        for name, now in state.steps.items()
        if now.status == "completed" and f"~{name}" in known and state.steps[f"~{name}"].status == "pending"
    ]
    for _, name in sorted(done, key=lambda pair: (pair[0] or at, list(known).index(pair[1])), reverse=True):
        return _start(state, f"~{name}", known[f"~{name}"], at)
    return [], []


def _end_badly(state: RunState, at: datetime) -> Batch:
    if any(now.status in ("running", "backing_off") for now in state.steps.values()):
        return [], []
    status = "cancelled" if state.ending == "cancelled" else "failed"
    undone = [
        f"{name[1:]}: {now.error}" for name, now in state.steps.items() if name[0] == "~" and now.status == "failed"
    ]
    error = state.error + ("; could not be undone: " + "; ".join(undone) if undone else "")
    result = resolve(state.definition.output, scope(state))
    return [_event(state, at, f"run_{status}", error=error, result=result)], [_respond(state, status, result, error)]
