"""Reading JSON that strangers wrote: a value of the wanted kind, or an error that names field and reason."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

import msgspec

from nocmesh.errors import InvalidInputError

MAX_BYTES = 1_000_000
"""A body must fit into one message of the broker, whose limit is 1 MiB with its headers."""
MAX_LABELS = 256
MAX_LABEL = 4_096
"""Prometheus itself cuts nothing, but a label is a name, not a document."""
MAX_TEXT = 16_384
"""Texts for people are cut here, never refused: a long description must not cost the alert."""


def wrong(field: str, reason: str) -> NoReturn:
    """Raise InvalidInputError for ``field``."""
    raise InvalidInputError(f"{field}: {reason}", field=field, reason=reason)


def document(body: bytes) -> Mapping[str, Any]:
    """The JSON object in ``body`` (RFC 8259; repeated names, NaN and Infinity are refused).

    Raises InvalidInputError.
    """
    if len(body) > MAX_BYTES:
        wrong("body", f"expected at most {MAX_BYTES} bytes, it has {len(body)}")
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_unrepeated, parse_constant=_no_constant)
    except InvalidInputError:
        raise
    except RecursionError as error:
        raise InvalidInputError("body: it is nested too deeply", field="body", reason="nested too deeply") from error
    except ValueError as error:  # also UnicodeDecodeError and numbers with thousands of digits
        reason = f"expected a JSON object in UTF-8: {error}"
        raise InvalidInputError(f"body: {reason}", field="body", reason=reason) from error
    return mapping(value, "body")


def mapping(value: object, field: str) -> Mapping[str, Any]:
    """``value`` as an object; None counts as an empty one."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        wrong(field, f"expected an object, got {kind(value)}")
    return value


def items(value: object, field: str) -> Sequence[Any]:
    """``value`` as a list."""
    if not isinstance(value, list | tuple):
        wrong(field, f"expected a list, got {kind(value)}")
    return value


def text(value: object, field: str) -> str:
    """``value`` as a text that every store can keep; None is empty, and NUL becomes U+FFFD."""
    if value is None:
        return ""
    if not isinstance(value, str):
        wrong(field, f"expected a text, got {kind(value)}")
    try:
        value.encode()
    except UnicodeEncodeError:
        wrong(field, "expected Unicode text, got half of a surrogate pair")
    return value.replace("\x00", "\ufffd")


def prose(value: object, field: str) -> str:
    """``value`` as a text for people, cut where it is too long."""
    whole = text(value, field)
    return whole if len(whole) <= MAX_TEXT else whole[: MAX_TEXT - 1] + "…"


def labels(value: object, field: str) -> dict[str, str]:
    """``value`` as names with short texts."""
    found = {name: text(item, f"{field}.{name[:60]}") for name, item in _texts(value, field).items()}
    for name, item in found.items():
        if len(name) > MAX_LABEL or len(item) > MAX_LABEL:
            wrong(f"{field}.{name[:60]}", f"expected at most {MAX_LABEL} characters")
    return found


def annotations(value: object, field: str) -> dict[str, str]:
    """``value`` as names with texts for people."""
    return {name[:MAX_LABEL]: prose(item, f"{field}.{name[:60]}") for name, item in _texts(value, field).items()}


def moment(value: object, field: str) -> datetime | None:
    """``value`` as a time in UTC (RFC 3339, any offset); None for nothing, and for year 1, Go's way to say nothing."""
    if value is None or value == "":
        return None
    try:
        found = msgspec.convert(text(value, field), datetime)
        if found.year == 1:
            return None
        if found.tzinfo is None:
            wrong(field, "expected a time with its offset, as 2026-01-31T12:00:00Z")
        return found.astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        wrong(field, "expected an RFC 3339 time, as 2026-01-31T12:00:00Z")


def kind(value: object) -> str:
    """What ``value`` is, in JSON's words."""
    if value is None:
        return "null"
    for types, name in _KINDS:
        if isinstance(value, types):
            return name
    return type(value).__name__


_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "true or false"),
    ((int, float), "a number"),
    (str, "a text"),
    (Mapping, "an object"),
    ((list, tuple), "a list"),
)


def _texts(value: object, field: str) -> dict[str, Any]:
    found = mapping(value, field)
    if len(found) > MAX_LABELS:
        wrong(field, f"expected at most {MAX_LABELS} names, got {len(found)}")
    return {text(name, field): item for name, item in found.items()}


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        wrong(f"body.{twice[:60]!a}", "the name occurs twice in one object; which of the two is meant?")
    return found


def _no_constant(name: str) -> NoReturn:
    wrong("body", f"{name} is not JSON")
