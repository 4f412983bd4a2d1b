"""The journal of a Linux system: `journalctl -o json`, an entry a line (systemd.journal-fields(7)). Pure.

The kernel's messages stand in the journal too. `dmesg` is not asked: in a container or a network namespace it shows
the messages of the whole machine, which are not this system's.
"""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from nocmesh.messages.state import LogEntry, Output, Quote, ViewStatus
from nocmesh_bridges.platforms import logs
from nocmesh_bridges.platforms.protocol import Judge, Parsed, told

CLOCK = "date --iso-8601=seconds"
JOURNAL = f"journalctl --no-pager -n {logs.TAIL} -o json --output-fields=PRIORITY,SYSLOG_IDENTIFIER,MESSAGE"
_NONE = re.compile(
    r"\s*(?:-- No entries --|No journal files were (?:found|opened due to insufficient permissions)\.)\s*"
)
_MESSAGE = re.compile(r'"MESSAGE"\s*:\s*"(?:[^"\\]|\\.)*"')


def log(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `log` from JOURNAL and CLOCK."""
    journal, clock = answers
    return logs.log_of(entries_of(journal), logs.iso_clock(clock))


def entries_of(output: Output) -> list[LogEntry]:
    """The entries of a journal; none where it was not understood."""
    return logs.entries(output.text, lambda line: entry(line, output.command)) if told(output.status) else []


def entry(line: str, command: str = JOURNAL) -> LogEntry | None:
    """One line of JOURNAL; None for anything else, also for a message that is no text."""
    found = _fields(line)
    text = found.get("MESSAGE")
    if not isinstance(text, str):
        return None  # bytes that are no UTF-8 come as a list of numbers
    quote = _MESSAGE.search(line)
    return LogEntry(
        time=_time(found.get("__REALTIME_TIMESTAMP")),
        severity=logs.severity(str(found.get("PRIORITY", ""))),
        source=str(found.get("SYSLOG_IDENTIFIER", ""))[:100],
        text=text,
        quote=Quote(command=command, text=quote[0]) if quote else None,
    )


def _fields(line: str) -> dict[str, Any]:
    """The fields of one line; none for what is no entry: each has the time when it was received."""
    try:
        found: Any = json.loads(line) if line.startswith("{") else None
    except ValueError:
        return {}
    return found if isinstance(found, dict) and _time(found.get("__REALTIME_TIMESTAMP")) else {}


def _time(micros: object) -> datetime | None:
    text = str(micros)
    if not (text.isascii() and text.isdecimal() and len(text) <= 17):
        return None
    return datetime.fromtimestamp(int(text) / 1_000_000, UTC)


def _journal_status(text: str) -> ViewStatus:
    """Parsed when every line is an entry: JSON has no other lines between."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines or _NONE.fullmatch(text):
        return "empty"
    return "parsed" if all(_fields(line.strip()) for line in lines) else "unparsed"


def _clock_status(text: str) -> ViewStatus:
    return "parsed" if logs.iso_clock(Output(command=CLOCK, text=text)) else "unparsed"


JUDGES: dict[str, Judge] = {JOURNAL: _journal_status, CLOCK: _clock_status}
