"""What the readers of logs share: how much is read, syslog's severities, and what such a text is worth. Pure.

A log is no table: whoever writes into it may write anything. Lines that have the platform's form become entries, all
others are left out; a text without a single one is not understood.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import get_args

from nocmesh.messages.state import Log, LogEntry, LogSeverity, Output, ViewStatus
from nocmesh_bridges.platforms.protocol import Judge, Parsed

TAIL = 200
"""Lines that are asked for, or kept where a device prints all that it has: hours of a calm device, a few kilobytes."""
MAX_LINE = 2_000
"""Characters; a longer line is cut."""
SEVERITIES: tuple[LogSeverity, ...] = tuple(word for word in get_args(LogSeverity) if word)
"""RFC 5424 §6.2.1: by their number."""

Read = Callable[[str], LogEntry | None]
"""One line to an entry; None: it has not the platform's form."""


def severity(number: str) -> LogSeverity:
    """The name of severity 0 to 7; empty for anything else."""
    return SEVERITIES[int(number)] if number in {"0", "1", "2", "3", "4", "5", "6", "7"} else ""


def entries(text: str, read: Read) -> list[LogEntry]:
    """The last TAIL entries of ``text``."""
    found = (read(line[:MAX_LINE].rstrip()) for line in text.splitlines())
    return [entry for entry in found if entry is not None][-TAIL:]


def judge(read: Read, *, silent: bool) -> Judge:
    """The judge of a log's lines; ``silent``: no text at all says that there is none."""

    def judged(text: str) -> ViewStatus:
        if not text.strip():
            return "empty" if silent else "unparsed"
        return "parsed" if entries(text, read) else "unparsed"

    return judged


def log_of(found: Sequence[LogEntry], clock: datetime | None = None) -> Parsed:
    """The view `log`: what was read, and what the device's clock showed then."""
    return Parsed(status="parsed" if found else "empty", value=Log(entries=list(found), clock=clock))


def iso_clock(output: Output) -> datetime | None:
    """The time that `date --iso-8601=seconds` printed; None where it printed something else."""
    text = output.text.strip()
    if output.status != "parsed" or not re.search(r"T.*[+-]\d\d:\d\d$", text):  # without its end it is another time
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
