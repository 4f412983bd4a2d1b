"""What a typed line means: words matched against patterns, abbreviations allowed. Pure.

A pattern is words and places: `neighbor {ip} remote-as {asn}`. `{rest}` takes what is left, at least one word; a last
`[rest]` takes any number. A word may be shortened as long as it stays unique, as vtysh and IOS both allow.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv4Network, NetmaskValueError
from typing import Generic, Literal, TypeVar

A = TypeVar("A")

Problem = Literal["unknown", "ambiguous", "incomplete"]


@lru_cache(maxsize=4096)
def _words(pattern: str) -> list[str]:
    """Split once: every line is held against every rule."""
    return pattern.split()


@dataclass(frozen=True, slots=True)
class Rule(Generic[A]):
    """One pattern and what it stands for."""

    pattern: str
    act: A

    @property
    def words(self) -> list[str]:
        """Its words and places."""
        return _words(self.pattern)


@dataclass(eq=False)
class Mismatch(Exception):  # noqa: N818 - an answer of the device, not an error of ours
    """No rule fits: what kind of misfit, and at which character the device points."""

    problem: Problem
    position: int


def _is_ip(word: str) -> bool:
    try:
        IPv4Address(word)
    except AddressValueError:
        return False
    return True


def _is_prefix(word: str) -> bool:
    try:
        IPv4Network(word, strict=False)
    except (AddressValueError, NetmaskValueError, ValueError):
        return False
    return "/" in word


def _is_mask(word: str) -> bool:
    try:
        IPv4Network(f"0.0.0.0/{word}")
    except (AddressValueError, NetmaskValueError, ValueError):
        return False
    return _is_ip(word)


def _number(low: int, high: int) -> Callable[[str], bool]:
    return lambda word: re.fullmatch(r"[0-9]{1,10}", word) is not None and low <= int(word) <= high


PLACES: dict[str, Callable[[str], bool]] = {
    "{ip}": _is_ip,
    "{prefix}": _is_prefix,
    "{mask}": _is_mask,
    "{int}": _number(0, 4294967295),
    "{asn}": _number(1, 4294967295),
    "{hops}": _number(1, 255),
    "{length}": _number(0, 32),
    "{mtu}": _number(64, 9216),
    "{group}": _number(1, 128),
    "{vlans}": lambda word: re.fullmatch(r"[0-9]{1,4}([,-][0-9]{1,4})*", word) is not None,
    "{word}": lambda word: True,
}
"""What each place takes."""


def match(rules: Iterable[Rule[A]], line: str) -> tuple[A, list[str]]:
    """The rule that ``line`` fits, and the words at its places. Raises Mismatch."""
    found = [(word.group(), word.start()) for word in re.finditer(r"\S+", line)]
    alive = [(rule, rule.words) for rule in rules]
    for index, (word, start) in enumerate(found):
        finished = [rule for rule, words in alive if index < len(words) + 1 and _takes_rest(words, index)]
        following = _step(alive, index, word, start)
        if not following and finished:
            return finished[0].act, _arguments(finished[0].words, line, found)
        if not following:
            raise Mismatch("unknown", start)
        alive = following
    complete = [rule for rule, words in alive if _complete(words, len(found))]
    if not complete:
        raise Mismatch("incomplete", len(line))
    return complete[0].act, _arguments(complete[0].words, line, found)


def _takes_rest(words: Sequence[str], index: int) -> bool:
    return bool(words) and words[-1] in {"{rest}", "[rest]"} and index >= len(words) - 1


def _complete(words: Sequence[str], count: int) -> bool:
    if words and words[-1] == "[rest]":
        return count >= len(words) - 1
    if words and words[-1] == "{rest}":
        return count >= len(words)
    return count == len(words)


def _step(
    alive: Sequence[tuple[Rule[A], list[str]]], index: int, word: str, start: int
) -> list[tuple[Rule[A], list[str]]]:
    """The rules that still fit after one more word: an exact word before a shortened one before a place."""
    literals = [item for item in alive if index < len(item[1]) and item[1][index][0] not in "{["]
    exact = [item for item in literals if item[1][index].lower() == word.lower()]
    if exact:
        return exact + [item for item in alive if _takes_rest(item[1], index)]
    short = [item for item in literals if item[1][index].lower().startswith(word.lower())]
    if len({item[1][index] for item in short}) > 1:
        raise Mismatch("ambiguous", start)
    rest = [item for item in alive if _takes_rest(item[1], index)]
    if short:
        return short + rest
    places = [item for item in alive if index < len(item[1]) and PLACES.get(item[1][index], _no)(word)]
    return places + rest


def _no(_: str) -> bool:
    return False


def _arguments(words: Sequence[str], line: str, found: Sequence[tuple[str, int]]) -> list[str]:
    arguments = []
    for index, place in enumerate(words):
        if place in {"{rest}", "[rest]"}:
            arguments.append(line[found[index][1] :].rstrip() if index < len(found) else "")
        elif place.startswith("{"):
            arguments.append(found[index][0])
    return arguments
