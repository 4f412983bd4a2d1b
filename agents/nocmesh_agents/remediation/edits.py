"""Edits: lines for one section of a configuration, with the lines that undo them exactly."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import TypeVar

from nocmesh.diagnosis.configlines import JOINT
from nocmesh.diagnosis.configwords import MASK, negation
from nocmesh.diagnosis.facts import Sight
from nocmesh.messages.change import Check
from nocmesh.messages.state import ConfigLine, Door

T = TypeVar("T")

_LEAVE = "exit-address-family"
SECRET_WORDS = ("password", "key-string", "authentication-key", "message-digest-key")
"""Settings whose values leave the device redacted: what we read of them must never be written back."""


@dataclass(frozen=True)
class Edit:
    """``do`` in ``section`` (its headers joined, as `router bgp 65001`), and ``undo`` that takes it back."""

    section: str
    do: tuple[str, ...]
    undo: tuple[str, ...]

    def undone(self) -> "Edit":
        """The same backwards."""
        return Edit(self.section, self.undo, self.do)


@dataclass(frozen=True)
class Fix:
    """What heals one cause on one device."""

    device: str
    edits: tuple[Edit, ...]
    summary: str
    routing: bool = True
    checks: tuple[Check, ...] = ()
    """How its effect is proved where nothing else is in the way."""
    configured: tuple[Check, ...] = field(default=())
    """How it is proved where something else keeps the effect from showing."""
    far: str = ""
    """The other end of the session that it is about."""
    door: Door = "cli"
    """At the shell the lines of its edits are commands, and a section only says what they are about."""


@dataclass(frozen=True)
class Refusal:
    """No safe change exists: this is for a person."""

    reason: str


def setting(section: str, old: str, new: str) -> Edit:
    """``new`` in the place of ``old``, a setting of which the section holds one; an empty ``old``: there was none."""
    return Edit(section, (new,), (old or f"no {new}",))


def removal(section: str, line: str) -> Edit:
    """``line`` goes; a line that is a `no` is taken back by its positive."""
    return Edit(section, (negation(line),), (line,))


def afterwards(command: str) -> list[Edit]:
    """``command``, once all edits around it are done or undone: an operational one that makes them effective."""
    return [Edit("", (), (command,)), Edit("", (command,), ())]


def written(lines: Sequence[ConfigLine], old: str, new: str) -> list[str]:
    """The whole section ``old``, of which ``lines`` are all, as commands under ``new``."""
    found, family = [new], ""
    for line in lines:
        inner = line.section.removeprefix(old).removeprefix(JOINT)
        if family and inner != family:
            found.append(_LEAVE)
        is_family = line.text.startswith("address-family ")
        family = line.text if is_family else inner
        found.append(line.text)
    return [*found, _LEAVE] if family else found


def commands_of(edits: Sequence[Edit]) -> list[str]:
    """The lines to send, each section entered by its headers."""
    return _entered([(edit.section, edit.do) for edit in edits])


def rollback_of(edits: Sequence[Edit]) -> list[str]:
    """The lines that undo ``commands_of(edits)``: the last edit first."""
    return _entered([(edit.section, edit.undo) for edit in reversed(edits)])


def unique(items: Iterable[T]) -> list[T]:
    """Each of ``items`` once, in order; they need not be hashable."""
    found: list[T] = []
    for item in items:
        if item not in found:
            found.append(item)
    return found


def unread_secret(sight: Sight, edits: Sequence[Edit]) -> str:
    """A line that holds a masked secret and that was never read on the device as a whole; empty when there is none.

    The bridge knows what stood behind the mask of a line that it has read from that very device, and of no other.
    """
    known = {line.text for line in [*(sight.config or []), *sight.config_before]}
    lines = [line for edit in edits for line in (*edit.do, *edit.undo)]
    return next((line for line in lines if MASK in line and line not in known), "")


def secret_in(lines: Sequence[str]) -> str:
    """The line that holds a redacted secret, without it; empty when none does."""
    for line in lines:
        words = line.split()
        place = next((i for i, word in enumerate(words) if word in SECRET_WORDS), None)
        if place is not None and not line.startswith("no "):
            return " ".join(words[: place + 1])
    return ""


def _entered(blocks: Sequence[tuple[str, tuple[str, ...]]]) -> list[str]:
    lines: list[str] = []
    for section, same in groupby((block for block in blocks if block[1]), key=itemgetter(0)):
        headers = section.split(JOINT) if section else []
        leaving = [_LEAVE] if headers and headers[-1].startswith("address-family ") else []
        lines += [*headers, *(line for _, found in same for line in found), *leaving]
    return lines
