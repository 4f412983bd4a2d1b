"""What a task brings along: the alert, the devices, a diagnosis, changes; in its parameters or from earlier steps."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from nocmesh.agent.reasoner import Case
from nocmesh.diagnosis.resources import device_of
from nocmesh.errors import InvalidInputError
from nocmesh.ids import short_digest
from nocmesh.messages.change import Change
from nocmesh.messages.report import Diagnosis, RootCause
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


def triage_saw(case: Case) -> str:
    """What triage saw that made the alert real, in its words; empty: triage did not say so."""
    return str(_first(case, "why") or "").rstrip(".") if _first(case, "verdict") == "true_positive" else ""


def changes_of(case: Case) -> list[Change]:
    """The changes that the task is about. Raises InvalidInputError when they are none."""
    return _as(_first(case, "changes") or [], list[Change], "changes")


def reason_of(cause: RootCause, *, partly: bool = False) -> str:
    """How a change says which cause it heals, or of which it heals a part; ``treated`` reads it."""
    return f"{'in part, ' if partly else ''}{cause.fault_type} on {cause.resource}: {cause.summary}"


def treated(causes: Sequence[RootCause], changes: Sequence[Change]) -> list[RootCause]:
    """The causes that ``changes`` must have healed: those that they say they heal; all, when there is no change.

    A change that names none of ``causes`` is taken to heal all of its device.
    """
    if not changes:
        return list(causes)
    found = [cause for change in changes for cause in _healed(causes, change)]
    return [cause for cause in causes if cause in found]


def _healed(causes: Sequence[RootCause], change: Change) -> list[RootCause]:
    said = [c for c in causes if {reason_of(c), reason_of(c, partly=True)} & set(change.reasons)]
    if said:
        return [cause for cause in said if reason_of(cause) in change.reasons]
    return [cause for cause in causes if device_of(cause.resource) == change.device]


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
