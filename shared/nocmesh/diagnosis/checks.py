"""Checks: statements about a device's typed state that code decides.

Pure. A change is verified by the very checks that proved the fault. What was not read, or not understood, is never
taken for a yes: not even for "there is none".
"""

from collections.abc import Mapping, Sequence
from typing import get_args

from nocmesh.diagnosis.checkkinds import CheckResult, Kind
from nocmesh.diagnosis.checks_bgp import BGP
from nocmesh.diagnosis.checks_device import DEVICE
from nocmesh.diagnosis.checks_igp import IGP
from nocmesh.diagnosis.checks_switching import SWITCHING
from nocmesh.errors import InvalidInputError
from nocmesh.messages.change import Check
from nocmesh.messages.state import DeviceState, SessionState, View

__all__ = ["KINDS", "CheckResult", "evaluate", "views_for"]

STATES = tuple(state for state in get_args(SessionState) if state != "unknown")

KINDS: Mapping[str, Kind] = {**BGP, **DEVICE, **IGP, **SWITCHING}
"""Every kind; the documents' table of checks is this one."""


def evaluate(check: Check, state: DeviceState) -> CheckResult:
    """Decide ``check`` on ``state``.

    Raises InvalidInputError for a kind that does not exist or arguments that do not fit it.
    """
    kind = _kind(check)
    status = state.status.get(kind.view, "")
    value = getattr(state, kind.view)
    if status not in {"parsed", "empty"} or value is None:
        return CheckResult(passed=False, seen=f"{kind.view} of {state.device} not known: {status or 'not read'}")
    return kind.decide(value, check.arguments)


def views_for(checks: Sequence[Check]) -> list[View]:
    """The views that ``checks`` read, each once. Raises InvalidInputError as ``evaluate`` does."""
    return list(dict.fromkeys(_kind(check).view for check in checks))


def _kind(check: Check) -> Kind:
    kind = KINDS.get(check.kind)
    if kind is None:
        raise InvalidInputError(
            f"no check of kind {check.kind!r}; expected one of: {', '.join(sorted(KINDS))}", field="kind"
        )
    known = {**kind.needs, **kind.may}
    for name in [*check.arguments, *kind.needs]:
        if name not in known or name not in check.arguments:
            raise _wrong(check, name, f"takes {', '.join(known)} and needs {', '.join(kind.needs)}")
        if type(check.arguments[name]) is not known[name]:
            raise _wrong(check, name, f"expected {known[name].__name__}, found {check.arguments[name]!r}")
    if check.kind == "bgp_session" and str(check.arguments.get("state", STATES[0])).lower() not in STATES:
        raise _wrong(check, "state", f"expected one of: {', '.join(STATES)}")
    return kind


def _wrong(check: Check, name: str, reason: str) -> InvalidInputError:
    return InvalidInputError(f"check {check.kind}, argument {name!r}: {reason}", field=name)
