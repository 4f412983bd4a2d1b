"""What a task brings along: the alert, the devices, a diagnosis, changes; in its parameters or from earlier steps."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from nocmesh.agent.reasoner import Case
from nocmesh.errors import InvalidInputError
from nocmesh.ids import short_digest
from nocmesh.messages.change import Change
from nocmesh.messages.report import Diagnosis
from nocmesh.messages.session import ToolCall

T = TypeVar("T")


def alert_of(case: Case) -> dict[str, Any]:
    """The alert as a dict; empty when the task brings none."""
    found = _first(case, "alert")
    return dict(found) if isinstance(found, Mapping) else {}


def devices_of(case: Case) -> list[str]:
    """Devices of the inventory that the task or an earlier step names."""
    named: list[str] = []
    for papers in _papers(case):
        listed = papers.get("devices")
        named += [str(name) for name in listed] if isinstance(listed, list) else []
    known = [case.network.device(name) for name in named]
    return list(dict.fromkeys(device.name for device in known if device is not None))


def diagnosis_of(case: Case) -> Diagnosis:
    """The diagnosis that the task is about. Raises InvalidInputError when there is none, or it is not one."""
    found = _first(case, "diagnosis")
    if found is None:
        found = next((papers for papers in _papers(case) if "root_causes" in papers), None)
    if found is None:
        raise InvalidInputError(
            f"the task {case.task.task_id} brings no diagnosis; expected one in parameters.diagnosis", field="diagnosis"
        )
    return _as(found, Diagnosis, "diagnosis")


def changes_of(case: Case) -> list[Change]:
    """The changes that the task is about. Raises InvalidInputError when they are none."""
    return _as(_first(case, "changes") or [], list[Change], "changes")


def calls(case: Case, seen: int, tool: str, arguments: Iterable[Mapping[str, Any]]) -> list[ToolCall]:
    """Calls of ``tool``; their ids follow from the task and from how much was seen, so a replay makes the same."""
    stem = short_digest(case.task.task_id, str(case.task.attempt))[:16]
    return [
        ToolCall(call_id=f"{stem}-{seen + place}", tool=tool, arguments=dict(entry))
        for place, entry in enumerate(arguments)
    ]


def _papers(case: Case) -> Iterable[Mapping[str, Any]]:
    """Where things may stand: parameters, context, and each earlier step's result in the context."""
    yield case.task.parameters
    yield case.task.context
    yield from (value for value in case.task.context.values() if isinstance(value, Mapping))


def _first(case: Case, key: str) -> Any:
    return next((papers[key] for papers in _papers(case) if papers.get(key) is not None), None)


def _as(value: Any, wanted: type[T], field: str) -> T:
    try:
        return msgspec.convert(value, wanted)
    except msgspec.ValidationError as wrong:
        raise InvalidInputError(
            f"the task's {field} cannot be read: {wrong}; expected the form that an earlier step gave", field=field
        ) from wrong
