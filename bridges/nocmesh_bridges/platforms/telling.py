"""JSON answers held against their shape, and facts quoted from them. Pure."""

from collections.abc import Callable, Sequence
from ipaddress import ip_address

from nocmesh.errors import InvalidInputError
from nocmesh.messages.state import Output, Quote, ViewStatus
from nocmesh_bridges.platforms.protocol import Judge
from nocmesh_bridges.platforms.spans import Span, read_spans

CLOSE = 400
"""A quote from one member to another, in characters, at most; longer ones are not read."""

Shape = Callable[[Span], bool]


def entries_are(shape: Shape) -> Judge:
    """A judge of one JSON object, each of whose members has ``shape``; without a member it says that there is none."""
    return lambda text: _status(text, dict, shape)


def items_are(shape: Shape) -> Judge:
    """A judge of one JSON array, each of whose items has ``shape``; without an item it says that there is none."""
    return lambda text: _status(text, list, shape)


def _status(text: str, kind: type[dict[str, Span]] | type[list[Span]], shape: Shape) -> ViewStatus:
    try:
        value = read_spans(text).value
    except InvalidInputError:
        return "unparsed"
    if not isinstance(value, kind):
        return "unparsed"
    parts: list[object] = list(value.values()) if isinstance(value, dict) else [*value]
    if not all(isinstance(part, Span) and shape(part) for part in parts):
        return "unparsed"
    return "parsed" if parts else "empty"


def items(entry: Span, key: str = "") -> list[Span]:
    """The objects in the array at ``key``, or in ``entry`` itself."""
    found = entry.members.get(key) if key else entry
    return [item for item in found.value if isinstance(item, Span)] if found and isinstance(found.value, list) else []


def texts(entry: Span, key: str) -> list[str]:
    """The texts in the array at ``key``."""
    found = entry.members.get(key)
    return [item for item in found.value if isinstance(item, str)] if found and isinstance(found.value, list) else []


def is_address(text: str) -> bool:
    """Say whether ``text`` is an IP address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def quoted(output: Output, *entries: Span | None) -> Quote | None:
    """From the first of ``entries`` to the last, when they are close; else the last alone. None without any."""
    there = [entry for entry in entries if entry is not None]
    if not there:
        return None
    start, end = min(entry.start for entry in there), max(entry.end for entry in there)
    if end - start > CLOSE:
        start, end = there[-1].start, min(there[-1].end, there[-1].start + CLOSE)
    return Quote(command=output.command, text=output.text[start:end])


def object_with(*keys: str, silent: bool = False) -> Judge:
    """A judge of one JSON object that has ``keys``; `{}` says that there is none.

    ``silent``: so does no text at all. The session proves where an answer ends, so that one was not cut off.
    """
    return lambda text: "empty" if silent and not text.strip() else _object_status(text, keys)


def _object_status(text: str, keys: Sequence[str]) -> ViewStatus:
    try:
        found = read_spans(text)
    except InvalidInputError:
        return "unparsed"
    if not isinstance(found.value, dict):
        return "unparsed"
    if not found.value:
        return "empty"
    return "parsed" if all(key in found.members for key in keys) else "unparsed"


def members_are(key: str, shape: Shape, *, silent: bool = False) -> Judge:
    """A judge of one JSON object with an object at ``key``, each of whose members has ``shape``.

    Neither ``key`` nor members says that there is none; ``silent`` as in ``object_with``.
    """

    def judge(text: str) -> ViewStatus:
        status = object_with(key, silent=silent)(text)
        if status != "parsed":
            return status
        found = under(text, key)
        if not all(shape(entry) for entry in found.values()):
            return "unparsed"
        return "parsed" if found else "empty"

    return judge


def under(text: str, key: str) -> dict[str, Span]:
    """The members of the object at ``key``; none when there is no such object."""
    found = read_spans(text).members.get(key) if text.strip() else None
    return dict(found.members) if found is not None else {}
