"""Times, durations, resources and lists in words. Pure."""

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime

from nocmesh.diagnosis.resources import kind_of

_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
FEW_MINUTES = 5
_END = re.compile(r"(?<=[^\s.]{2}\.)\s")
"""Where a sentence ends: not behind the dot of `1.` or `e.g.`"""


def clock(at: datetime) -> str:
    """A time of day, as `14:02:11 UTC`."""
    return f"{at.astimezone(UTC):%H:%M:%S} UTC"


def moment(at: datetime, beside: datetime | None = None) -> str:
    """A time with its date, which is left out where it is that of ``beside``."""
    if beside is not None and at.astimezone(UTC).date() == beside.astimezone(UTC).date():
        return clock(at)
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def duration(seconds: float) -> str:
    """A duration in its largest unit and the next: `3 minutes`, `1 hour 5 minutes`; seconds beside few minutes only."""
    whole = max(0, int(seconds + 0.5))
    for place, (size, unit) in enumerate(_UNITS):
        count, left = divmod(whole, size)
        if count:
            smaller, name = _UNITS[min(place + 1, len(_UNITS) - 1)]
            more = left // smaller if not (unit == "minute" and count >= FEW_MINUTES) else 0
            return counted(count, unit) + (f" {counted(more, name)}" if more else "")
    return "less than a second"


def counted(count: int, noun: str, plural: str = "") -> str:
    """`1 device`, `2 devices`."""
    return f"{count} {noun if count == 1 else plural or f'{noun}s'}"


def listed(items: Iterable[str], most: int = 8) -> str:
    """`a, b and c`; with more than ``most``, as `a, b and 7 more`."""
    found = list(items)
    if len(found) > most:
        found = [*found[: most - 1], f"{len(found) - most + 1} more"]
    return found[0] if len(found) == 1 else ", ".join(found[:-1]) + f" and {found[-1]}" if found else ""


def place(resource: str) -> str:
    """A resource id in words: `r1`, `interface e0 of r1`, `the link between r1 (e0) and r2 (e1)`."""
    kind, _, rest = resource.partition("/")
    if kind_of(resource) == "interface" and "/" in rest:
        device, name = rest.split("/", 1)
        return f"interface {name} of {device}"
    if kind == "link" and "--" in rest:
        (a, port_a), (b, port_b) = (end.split(":", 1) if ":" in end else (end, "") for end in rest.split("--", 1))
        return f"the link between {a} ({port_a}) and {b} ({port_b})"
    return rest if kind == "node" and rest else resource


def in_words(text: str, resources: Iterable[str]) -> str:
    """``text`` with the ids of ``resources`` as places."""
    for resource in resources:
        text = text.replace(resource, place(resource))
    return text


def devices_in(resource: str) -> list[str]:
    """The devices that a resource id names: both for a link."""
    kind, _, rest = resource.partition("/")
    if kind == "link":
        return list(dict.fromkeys(end.split(":", 1)[0] for end in rest.split("--", 1)))
    return [rest.split("/", 1)[0]] if rest else []


def sentence(text: str) -> str:
    """``text`` on one line, with a stop at its end."""
    text = " ".join(text.split())
    return text if not text or text[-1] in ".!?:" else f"{text}."


def first_sentence(text: str) -> str:
    """The first sentence of ``text``, with a stop at its end."""
    return sentence(_END.split(sentence(text), maxsplit=1)[0])


def large(text: str) -> str:
    """``text`` with a capital in front where it begins with a word of ours; a name stays as it is."""
    return text[:1].upper() + text[1:] if text.startswith(("the ", "interface ", "swept ")) else text


def is_are(items: Collection[object] | Sequence[object]) -> str:
    """The verb that fits so many."""
    return "is" if len(items) == 1 else "are"
