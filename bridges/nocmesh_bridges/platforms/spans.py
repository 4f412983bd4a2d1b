"""JSON that remembers where each member stands, so that a fact can be quoted letter for letter."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from nocmesh.errors import InvalidInputError

MAX_DEPTH = 32
REMEMBERED = 1 << 18
"""Longer texts are read anew each time: what is remembered stays small."""
_BLANK = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder(parse_constant=lambda word: _no_constant(word))


@dataclass(frozen=True, slots=True)
class Span:
    """A member of an object: its value, and where key and value stand in the text.

    An object's value is a dict of spans; an array's, a list of plain values or of dicts of spans.
    """

    value: Any
    start: int
    end: int

    @property
    def members(self) -> Mapping[str, "Span"]:
        """The members when the value is an object; none otherwise."""
        return self.value if isinstance(self.value, dict) else {}

    def text(self, key: str) -> str:
        """The text at ``key``; empty when there is none."""
        found = self.members.get(key)
        return found.value if found is not None and isinstance(found.value, str) else ""

    def number(self, key: str) -> int | None:
        """The whole number at ``key``, if there is one."""
        found = self.members.get(key)
        return found.value if found is not None and type(found.value) is int else None

    def flag(self, key: str) -> bool:
        """Say whether ``key`` is there and true."""
        found = self.members.get(key)
        return found is not None and found.value is True


def read_spans(text: str) -> Span:
    """The one JSON value that ``text`` holds.

    Raises InvalidInputError when it is cut short or when something else stands before, in or behind it. The last few
    are remembered: an answer is judged, and then read once for each view that it feeds.
    """
    return _remembered(text) if len(text) <= REMEMBERED else _read(text)


def _read(text: str) -> Span:
    try:
        start = _skip(text, 0)
        value, end = _value(text, start, 0)
        _expect_end(text, end)
    except (ValueError, IndexError) as error:
        raise InvalidInputError(
            f"not one whole JSON value: {error}; expected the answer to a `… json` command"
        ) from error
    return Span(value, start, end)


_remembered = lru_cache(maxsize=64)(_read)


def _expect_end(text: str, at: int) -> None:
    if _skip(text, at) != len(text):
        raise ValueError(f"more text behind the value, at {at}")


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _skip(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return at if match is None else match.end()


def _value(text: str, at: int, depth: int) -> tuple[Any, int]:
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    if text[at] == "{":
        return _object(text, at + 1, depth)
    if text[at] == "[":
        return _array(text, at + 1, depth)
    return _DECODER.raw_decode(text, at)


def _object(text: str, at: int, depth: int) -> tuple[dict[str, Span], int]:
    members: dict[str, Span] = {}
    at = _skip(text, at)
    while text[at] != "}":
        start = at
        if text[at] != '"':
            raise ValueError(f"expected a key at {start}")
        key, at = _DECODER.raw_decode(text, at)
        at = _skip(text, at)
        if text[at] != ":":
            raise ValueError(f"expected a key and a colon at {start}")
        value, at = _value(text, _skip(text, at + 1), depth + 1)
        members[key] = Span(value, start, at)
        at = _next(text, at, "}")
    return members, at + 1


def _array(text: str, at: int, depth: int) -> tuple[list[Any], int]:
    items: list[Any] = []
    at = _skip(text, at)
    while text[at] != "]":
        start = at
        value, at = _value(text, at, depth + 1)
        items.append(Span(value, start, at) if isinstance(value, dict) else value)
        at = _next(text, at, "]")
    return items, at + 1


def _next(text: str, at: int, closing: str) -> int:
    """Behind a comma, or at ``closing``."""
    at = _skip(text, at)
    if text[at] == closing:
        return at
    if text[at] != ",":
        raise ValueError(f"expected ',' or {closing!r} at {at}")
    at = _skip(text, at + 1)
    if text[at] == closing:
        raise ValueError(f"a comma before {closing!r} at {at}")
    return at
