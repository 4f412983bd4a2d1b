"""The pulse of a device: what comes and goes, from the commands that tell it alone. Pure.

A platform's pulse is a list of parts. Each stands by itself: a protocol that is not there, or that answers what is not
understood, is not told, and spoils nothing of the others.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nocmesh.messages.state import Door, Output, Pulse, ViewStatus
from nocmesh_bridges.platforms.protocol import Ask, Parsed, Source, told


@dataclass(frozen=True, slots=True)
class Part:
    """One field of the pulse: what is asked, and how it is read from the answers in their order."""

    field: str
    asks: tuple[Ask, ...]
    read: Callable[[Sequence[Output]], Any]


def pulse(*parts: Part) -> Source:
    """The view `pulse` of a platform that tells ``parts``."""
    asks = {(ask.command, ask.door): Ask(ask.command, ask.door, needed=False) for part in parts for ask in part.asks}

    def read(answers: Sequence[Output], status: ViewStatus) -> Parsed:
        by_ask = dict(zip(asks, answers, strict=True))
        found = {part.field: _read(part, by_ask) for part in parts}
        value = Pulse(**{field: told_of for field, told_of in found.items() if told_of is not None})
        return Parsed(status="parsed" if value != Pulse() else _why_not(answers), value=value)

    return Source(tuple(asks.values()), read)


def _read(part: Part, by_ask: Mapping[tuple[str, Door], Output]) -> Any:
    """What the part's first answer tells; None where it is not understood. The others only add to it."""
    answers = [by_ask[ask.command, ask.door] for ask in part.asks]
    return part.read(answers) if told(answers[0].status) else None


def _why_not(answers: Sequence[Output]) -> ViewStatus:
    return "rejected" if any(output.status == "rejected" for output in answers) else "unparsed"
