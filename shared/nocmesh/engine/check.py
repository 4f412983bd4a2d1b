"""Whether a definition is sound: checked whole before it is accepted. Pure."""

import re
from collections.abc import Iterator, Sequence

from nocmesh.engine.definition import Definition, Step
from nocmesh.engine.refs import check_condition
from nocmesh.errors import InvalidInputError

MAX_STEPS = 200
MAX_NESTING = 3
MAX_FAN_OUT = 50
MAX_SECONDS = 7 * 24 * 3600.0
MAX_ATTEMPTS = 20
MAX_FACTOR = 4.0
"""Times a hundred attempts would still be a number; more than this is no backoff."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NEEDS = {"invoke_agent": "agent_type", "call_tool": "tool", "approval": "changes", "apply_config": "changes"}
_RESERVED = {"end", "continue"}


def check_definition(definition: Definition) -> None:
    """Raise InvalidInputError, naming the field (``steps[3].on_failure``), unless ``definition`` is sound."""
    if not definition.steps:
        raise InvalidInputError(f"workflow {definition.type!r} has no steps: it needs at least one", field="steps")
    if sum(1 for _ in _all(definition.steps)) > MAX_STEPS:
        raise InvalidInputError(f"more than {MAX_STEPS} steps: split the workflow", field="steps")
    _check_list(definition.steps, "steps", depth=1)


def handlers(steps: Sequence[Step]) -> set[str]:
    """Steps that are entered only when another fails."""
    return {step.on_failure for step in steps if step.on_failure and step.on_failure not in _RESERVED}


def _all(steps: Sequence[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        yield from _all(step.steps)


def _check_list(steps: Sequence[Step], where: str, depth: int) -> None:
    if depth > MAX_NESTING:
        raise InvalidInputError(f"{where}: nested deeper than {MAX_NESTING}", field=where)
    order: dict[str, int] = {}
    for index, step in enumerate(steps):
        if step.id in order:
            raise InvalidInputError(f"{where}[{index}].id: {step.id!r} is used twice", field=f"{where}[{index}].id")
        order[step.id] = index
    for index, step in enumerate(steps):
        _check_step(step, f"{where}[{index}]", depth)
        _check_targets(step, index, order, f"{where}[{index}]", depth)


def _check_step(step: Step, where: str, depth: int) -> None:
    if not _ID.fullmatch(step.id) or step.id in _RESERVED:
        raise InvalidInputError(
            f"{where}.id: {step.id!r} is no step id: use letters, digits, _ and -", field=f"{where}.id"
        )
    needed = _NEEDS.get(step.type)
    if needed and not getattr(step, needed):
        raise InvalidInputError(f"{where}: a step of type {step.type} needs {needed!r}", field=f"{where}.{needed}")
    if not 0 <= step.timeout <= MAX_SECONDS or not 0 <= step.seconds <= MAX_SECONDS:
        raise InvalidInputError(f"{where}: seconds must lie between 0 and {MAX_SECONDS:.0f}", field=f"{where}.timeout")
    _check_retry(step, where)
    if step.type == "apply_config" and not (step.allow_config_changes and step.context_from_step):
        raise InvalidInputError(
            f"{where}: `apply_config` needs allow_config_changes: true, and context_from_step, the step that approved",
            field=f"{where}.allow_config_changes",
        )
    check_condition(step.when)
    _check_parts(step, where, depth)


def _check_retry(step: Step, where: str) -> None:
    again = step.retry
    if not 1 <= again.attempts <= MAX_ATTEMPTS:
        raise InvalidInputError(f"{where}.retry.attempts: 1 to {MAX_ATTEMPTS}", field=f"{where}.retry.attempts")
    if not 0 <= again.backoff <= MAX_SECONDS or not 1 <= again.factor <= MAX_FACTOR:
        raise InvalidInputError(
            f"{where}.retry: a backoff of 0 to {MAX_SECONDS:.0f} s, times 1 to {MAX_FACTOR:.0f}", field=f"{where}.retry"
        )


def _check_parts(step: Step, where: str, depth: int) -> None:
    if step.type == "parallel":
        if not 1 <= len(step.steps) <= MAX_FAN_OUT:
            raise InvalidInputError(f"{where}.steps: 1 to {MAX_FAN_OUT} steps side by side", field=f"{where}.steps")
        _check_list(step.steps, f"{where}.steps", depth + 1)
    elif step.steps:
        raise InvalidInputError(f"{where}.steps: only `parallel` has steps of its own", field=f"{where}.steps")
    if step.compensate:
        if step.compensate.type == "parallel" or step.compensate.compensate:
            raise InvalidInputError(f"{where}.compensate: one plain step", field=f"{where}.compensate")
        _check_step(step.compensate, f"{where}.compensate", depth)


def _check_targets(step: Step, index: int, order: dict[str, int], where: str, depth: int) -> None:
    for name in ("on_success", "on_failure"):
        target = getattr(step, name)
        if not target:
            continue
        if depth > 1:
            raise InvalidInputError(f"{where}.{name}: a step inside `parallel` cannot jump", field=f"{where}.{name}")
        if (name, target) in (("on_success", "end"), ("on_failure", "continue")):
            continue
        if order.get(target, -1) <= index:
            raise InvalidInputError(
                f"{where}.{name}: {target!r} is no later step; known: {', '.join(order)}", field=f"{where}.{name}"
            )
    for needed in step.depends_on or []:
        if order.get(needed, index) >= index:
            raise InvalidInputError(
                f"{where}.depends_on: {needed!r} is no earlier step; known: {', '.join(order)}",
                field=f"{where}.depends_on",
            )
