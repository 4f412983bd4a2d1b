"""Since when it is broken: the earliest moment that somebody vouches for, who that is, and how sure it is. Pure.

A monitoring system notices late, so its time is an upper bound; the monitor's last look at a device that was still as
its baseline is a lower one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from nocmesh.diagnosis.baseline import Book, Taken
from nocmesh.explaining.words import duration, moment
from nocmesh.messages.report import Beginning, Recovered


@dataclass(frozen=True, kw_only=True)
class Said:
    """What the alert says of its beginning."""

    source: str = ""
    starts_at: datetime | None = None
    received_at: datetime | None = None


def beginning_of(
    said: Said, devices: Iterable[str], books: Mapping[str, Book], recovered: Recovered | None = None
) -> Beginning | None:
    """When what is on ``devices`` broke; None where nobody says anything."""
    if recovered is not None and recovered.since is not None:
        when = f"at {moment(recovered.since)}" if recovered.exact else f"after {moment(recovered.since)}"
        how = f"It broke {when}. {recovered.how_we_know}"
        return Beginning(at=recovered.since, source="device", exact=recovered.exact, how=how.strip())
    told = _told(said)
    seen = [last for name in devices if (last := _well(books.get(name), told.at))]
    if not seen:
        return told if told.at else None
    name, taken, changed = max(seen, key=lambda last: last[1].until)
    text = f"{name} was last seen as its baseline at {moment(taken.until, told.at)}"
    text += f"; at {moment(changed.at, told.at)} it was not any more." if changed else "."
    return replace(told, well_at=taken.until, how=f"{told.how} {text}".strip())


def _told(said: Said) -> Beginning:
    """What follows from the alert alone."""
    starts, received, who = said.starts_at, said.received_at, said.source or "The source"
    if starts is not None and (received is None or starts <= received):
        late = f", {duration((received - starts).total_seconds())} before it reached the mesh" if received else ""
        how = f"{who} says that its alert began at {moment(starts)}{late}."
        return Beginning(at=starts, source="alert", how=f"{how} A monitoring system notices late: it broke by then.")
    if received is None:
        return Beginning()
    why = f"{who} says {moment(starts, received)}, so its clock is ahead" if starts else f"{who} says no beginning"
    how = f"The alert reached the mesh at {moment(received)}; {why}. It broke by then."
    return Beginning(at=received, source="receipt", how=how)


def _well(book: Book | None, before: datetime | None) -> tuple[str, Taken, Taken | None] | None:
    """The device's baseline as it was last seen, before ``before``, and the version that it was seen in next.

    None where there is no such look, and where the device moved more than once since: then it proves nothing.
    """
    versions = book.versions if book is not None else []
    good = next((taken for taken in versions if book is not None and taken.number == book.good), None)
    if book is None or good is None or (before is not None and good.until >= before):
        return None
    later = [taken for taken in versions if taken.number > good.number and (before is None or taken.at <= before)]
    return (book.device, good, later[0] if later else None) if len(later) < 2 else None
