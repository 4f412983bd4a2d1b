"""Parameters of faults as values: a number in its bounds, a rate; anything else is refused before anything is done."""

import re

from nocmesh.errors import InvalidInputError
from nocmesh.lab.faults.kinds import Params

_RATE = re.compile(r"[1-9]\d{0,5}[km]bit")


def whole(params: Params, name: str, low: int, high: int) -> int:
    """A whole number from `low` to `high`. Raises: InvalidInputError."""
    text = params[name]
    if text.isascii() and text.isdigit() and low <= int(text[:9]) <= high:
        return int(text)
    raise InvalidInputError(f"{name}: expected a whole number from {low} to {high}, got {text[:80]!r}", field=name)


def rate(params: Params, name: str) -> str:
    """A rate as `tc` takes it, in kbit or mbit. Raises: InvalidInputError."""
    text = params[name]
    if _RATE.fullmatch(text):
        return text
    raise InvalidInputError(f"{name}: expected a rate as 512kbit or 1mbit, got {text[:80]!r}", field=name)
