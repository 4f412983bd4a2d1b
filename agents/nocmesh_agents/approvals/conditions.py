"""How far a yes reaches, as somebody wrote it down. Pure."""

from typing import Any

import msgspec

from nocmesh.errors import InvalidInputError
from nocmesh.messages.approval import Conditions

KNOWN = Conditions.__struct_fields__
MOST = 100
"""Devices of one condition."""


def conditions_of(given: Any, decision: str) -> Conditions | None:
    """The conditions in ``given``; None where it has none.

    Raises InvalidInputError for what is no condition: one that is not understood must not be taken for none.
    """
    if not given:
        return None
    if decision != "approve":
        raise InvalidInputError("only a yes has conditions; a no is a no", field="conditions")
    strange = sorted(set(given) - set(KNOWN)) if isinstance(given, dict) else ["?"]
    if strange:
        said = f"conditions: expected {', '.join(KNOWN)}; not {', '.join(strange)}"
        raise InvalidInputError(said, field="conditions")
    try:
        found = msgspec.convert(given, Conditions)
    except msgspec.ValidationError as wrong:
        raise InvalidInputError(f"conditions: {wrong}", field="conditions") from wrong
    _check(found)
    return found


def _check(found: Conditions) -> None:
    times = [at for at in (found.not_before, found.not_after) if at is not None]
    if any(at.tzinfo is None for at in times):
        raise InvalidInputError("conditions: a time needs its zone, such as 2026-01-31T22:00:00Z", field="conditions")
    if found.first < 0 or len(found.devices) > MOST:
        raise InvalidInputError(f"conditions: first is 0 or more, devices are {MOST} at most", field="conditions")
