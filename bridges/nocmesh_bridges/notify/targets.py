"""Where to, and what: the setting `notify` read. Pure; a target's address is a secret and in no error.

    json://hooks.example.net/x  critical=slack://TOKENS  escalation=mailto://noc@example.net

A target without a word hears everything.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from nocmesh.errors import InvalidInputError
from nocmesh_bridges.notify.note import SEVERITIES, Note

ESCALATION = "escalation"
WORDS = (*SEVERITIES, ESCALATION)
MOST = 50
_ADDRESS = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://\S+", re.IGNORECASE)
_WORD = re.compile(r"(?P<word>[A-Za-z_-]+)=(?P<rest>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One place, as an address of Apprise's."""

    name: str
    """Its number and its scheme: `2-slack`."""
    address: str = field(repr=False)
    word: str = "info"
    """The least severity that it hears, or `escalation`."""

    def hears(self, note: Note) -> bool:
        """Whether ``note`` goes here."""
        if self.word == ESCALATION:
            return note.wakes
        return SEVERITIES.index(note.severity) >= WORDS.index(self.word)


def targets_of(text: str, read: Callable[[Path], str]) -> list[Target]:
    """The targets in ``text``: addresses separated by blanks, or names of files with one address a line (# comments).

    Raises InvalidInputError that tells the place of what is wrong, and what ``read`` raises.
    """
    words = [word for each in text.split() for word in _expanded(each, read)]
    if len(words) > MOST:
        raise InvalidInputError(f"notify: {len(words)} targets; expected at most {MOST}", field="notify")
    return [_target(number, word) for number, word in enumerate(words, 1)]


def _expanded(word: str, read: Callable[[Path], str]) -> Iterator[str]:
    if "=" in word.partition("://")[0] or "://" in word:
        yield word
        return
    for line in read(Path(word)).splitlines():
        bare = line.strip()
        if bare and not bare.startswith("#"):
            yield bare


def _target(number: int, text: str) -> Target:
    prefixed = _WORD.fullmatch(text) if "=" in text.partition("://")[0] else None
    word, address = (prefixed["word"].lower(), prefixed["rest"]) if prefixed else ("info", text)
    if word not in WORDS:
        raise InvalidInputError(
            f"notify: target {number} begins with {word[:20]!r}=; expected one of {', '.join(WORDS)}, or none",
            field="notify",
        )
    found = _ADDRESS.fullmatch(address)
    if not found:
        raise InvalidInputError(
            f"notify: target {number} is no address of Apprise's; expected SCHEME://…, as mailto://… or slack://…",
            field="notify",
        )
    return Target(name=f"{number}-{found['scheme'].lower()}"[:40], address=address, word=word)
