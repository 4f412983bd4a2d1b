"""References and conditions in a definition: ``${steps.triage.output.verdict}``, ``a == b and c > 0``.

Pure, and no more of a language than these two forms: a definition is data that strangers may write.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from nocmesh.engine.state import RunState
from nocmesh.errors import InvalidInputError

_REFERENCE = re.compile(r"\$\{([A-Za-z0-9_.\-/~]+)\}")
_INDEX = re.compile(r"[0-9]{1,6}")
_CLAUSE = re.compile(r"\s*(?P<left>\S+)(?:\s+(?P<op>==|!=|>=|<=|>|<|in)\s+(?P<right>.+?))?\s*")


def scope(state: RunState) -> dict[str, Any]:
    """What references may reach: ``parameters``, ``steps.<id>.output|status|error``, ``run.id|incident_id|error``."""
    steps = {
        name: {"output": step.output, "status": step.status, "error": step.error} for name, step in state.steps.items()
    }
    run = {"id": state.run_id, "incident_id": state.incident_id, "error": state.error, "requester": state.requester}
    return {"parameters": state.parameters, "steps": steps, "run": run}


def resolve(value: Any, known: Mapping[str, Any]) -> Any:
    """``value`` with each reference replaced; a text that is one reference becomes the value itself.

    What a reference does not find is None (in a longer text: nothing).
    """
    if isinstance(value, str):
        whole = _REFERENCE.fullmatch(value)
        if whole:
            return look_up(whole[1], known)
        return _REFERENCE.sub(lambda m: _text(look_up(m[1], known)), value)
    if isinstance(value, Mapping):
        return {key: resolve(item, known) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [resolve(item, known) for item in value]
    return value


def look_up(path: str, known: Mapping[str, Any]) -> Any:
    """The value at ``path``, or None."""
    here: Any = known
    for part in path.split("."):
        if isinstance(here, Mapping):
            here = here.get(part)
        elif isinstance(here, Sequence) and not isinstance(here, str) and _INDEX.fullmatch(part):
            here = here[int(part)] if int(part) < len(here) else None
        else:
            return None
    return here


def holds(condition: str, known: Mapping[str, Any]) -> bool:
    """Whether ``condition`` holds; an empty one does.

    Raises InvalidInputError for a text that is no condition.
    """
    return all(_clause_holds(clause, known) for clause in _clauses(condition))


def check_condition(condition: str) -> None:
    """Raise InvalidInputError unless ``condition`` is one."""
    for clause in _clauses(condition):
        _parse(clause)


def _clauses(condition: str) -> list[str]:
    return [clause for clause in re.split(r"\s+and\s+", condition.strip()) if clause]


def _parse(clause: str) -> tuple[str, str, str]:
    found = _CLAUSE.fullmatch(clause)
    if not found:
        raise InvalidInputError(
            f"{clause!r} is no condition: expected `a`, `a == b`, `a != b`, `a > 1` or `a in b,c`", field="when"
        )
    return found["left"], found["op"] or "", found["right"] or ""


def _clause_holds(clause: str, known: Mapping[str, Any]) -> bool:
    left_text, op, right_text = _parse(clause)
    left, right = resolve(left_text, known), resolve(right_text, known)
    if not op:
        return bool(left) and left != "false"
    if op == "in":
        options = right if isinstance(right, list) else [part.strip() for part in _text(right).split(",")]
        return _text(left) in [_text(option) for option in options]
    if op in ("==", "!="):
        return (_text(left) == _text(right)) is (op == "==")
    return _compare(left, op, right)


def _compare(left: Any, op: str, right: Any) -> bool:
    try:
        a, b = float(left), float(right)
    except (TypeError, ValueError):
        return False
    return {">": a > b, "<": a < b, ">=": a >= b, "<=": a <= b}[op]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
