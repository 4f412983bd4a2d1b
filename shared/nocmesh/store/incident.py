"""What an incident's row learns from its events: state, members, report, outcome. Pure."""

from collections.abc import Callable, Mapping
from typing import Any, get_args

import msgspec

from nocmesh.messages.alert import Severity
from nocmesh.messages.incident import IncidentEvent

Values = dict[str, Any]


def learned(old: Values, event: IncidentEvent) -> Values:
    """The columns of an incident after ``event``."""
    new = {"state": event.state, "updated_at": event.at, "opened_at": old.get("opened_at") or event.at}
    for name, learn in _LEARNED.items():
        found = event.data.get(name)
        if found:
            new |= learn({**old, **new}, found, event)
    return new


def _grew(old: Values, alert: object, _: IncidentEvent) -> Values:
    if not isinstance(alert, Mapping):
        return {}
    device, found = (str(alert.get(name) or "") for name in ("device", "alert_id"))
    return {
        "title": old.get("title") or str(alert.get("summary") or alert.get("name") or ""),
        "severity": _worst(old.get("severity", ""), str(alert.get("severity", ""))),
        "devices": joined(old.get("devices"), device),
        "alerts": joined(old.get("alerts"), found),
    }


def _reported(_: Values, report: object, __: IncidentEvent) -> Values:
    if not isinstance(report, Mapping):
        return {}
    said = {name: str(report[name]) for name in ("verdict", "title") if report.get(name)}
    outcome = {"outcome": dict(report["outcome"])} if isinstance(report.get("outcome"), Mapping) else {}
    return {"report": dict(report), **said, **outcome}


def _proposed(_: Values, changes: object, __: IncidentEvent) -> Values:
    if not isinstance(changes, list):
        return {}
    return {"proposed": [dict(change) for change in changes if isinstance(change, Mapping)]}


def _applied(old: Values, result: object, event: IncidentEvent) -> Values:
    if not isinstance(result, Mapping):
        return {}
    outcome = dict(old.get("outcome") or {})
    if result.get("outcome") == "confirmed":
        at = result.get("applied_at") or result.get("at") or msgspec.to_builtins(event.at)
        outcome |= {"applied": at, "rolled_back": False}
    if result.get("outcome") == "rolled_back":
        outcome |= {"rolled_back": True, "verification": "failed"}
    return {"outcome": outcome}


def _verified(old: Values, verification: object, _: IncidentEvent) -> Values:
    verdict = verification.get("verification") if isinstance(verification, Mapping) else verification
    return {"outcome": {**(old.get("outcome") or {}), "verification": verdict}}


_LEARNED: Mapping[str, Callable[[Values, object, IncidentEvent], Values]] = {
    "alert": _grew,
    "severity": lambda _, severity, __: {"severity": str(severity)},
    "verdict": lambda _, verdict, __: {"verdict": str(verdict)},
    "devices": lambda old, devices, _: {"devices": joined(old.get("devices"), *map(str, _list(devices)))},
    "report": _reported,
    "changes": _proposed,
    "result": _applied,
    "verification": _verified,
}
"""What an incident learns from a field of an event's data, in this order."""


def joined(known: list[Any] | None, *more: Any) -> list[Any]:
    """``known`` and what of ``more`` is new and not empty, in order."""
    out = list(known or [])
    for item in more:
        if item and item not in out:
            out.append(item)
    return out


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _worst(one: str, other: str) -> str:
    known = [severity for severity in get_args(Severity) if severity in (one, other)]
    return known[0] if known else one or other
