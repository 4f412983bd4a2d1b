"""What is asked of a target as the lines that people approve, and back again. Pure.

The first line is the statement, the request or the command as it will be; each further one is a value: `$1 = "ams"`.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from nocmesh.errors import GuardError

MAX_LINE = 20_000


def lines_of(head: str, values: Mapping[str, Any]) -> list[str]:
    """``head``, and a line for each of ``values`` (JSON)."""
    return [
        head,
        *(f"{name} = {json.dumps(value, allow_nan=False)}" for name, value in values.items()),
    ]


def values_in(lines: Sequence[str]) -> dict[str, Any]:
    """The values of the lines after the first. Raises GuardError for a line that states none."""
    found: dict[str, Any] = {}
    for line in lines[1:]:
        name, equals, text = line.partition(" = ")
        if not equals or name in found:
            raise GuardError(f"the line {line[:80]!r} states no value: nothing of ours was approved", reason="no value")
        try:
            found[name] = json.loads(text)
        except ValueError as wrong:
            raise GuardError(f"the line {line[:80]!r} states no value: {wrong}", reason="no value") from wrong
    return found


def plain(text: str, what: str) -> str:
    """``text``, if everything in it can be seen. Raises GuardError: nobody can approve what does not show."""
    hidden = next((c for c in text if not c.isprintable() and c not in "\n\t"), "")
    if hidden:
        raise GuardError(f"{what} holds the invisible character U+{ord(hidden):04X}; remove it", reason="invisible")
    if len(text) > MAX_LINE:
        raise GuardError(f"{what} has {len(text)} characters, more than {MAX_LINE}; make it shorter", reason="too long")
    return text
