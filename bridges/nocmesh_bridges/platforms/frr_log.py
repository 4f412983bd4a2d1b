"""FRR's log: where it goes (`show logging`, lib/log_vty.c), and its last lines from there. Pure.

FRR keeps no log of its own in memory: its daemons write to a file, or to syslog. Either lies on the Linux beneath.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from nocmesh.messages.state import LogEntry, Output, Quote, ViewStatus
from nocmesh_bridges.platforms import linux_log, logs
from nocmesh_bridges.platforms.protocol import Ask, Judge, Parsed, told
from nocmesh_bridges.platforms.tables import STAMP

LOGGING = "show logging"
READ_FILE = f"tail -n {logs.TAIL}"
_FILE = re.compile(r"^File logging: level \w+, filename (?P<path>\S+)\s*$", re.MULTILINE)
_SYSLOG = re.compile(r"^Syslog logging: level \w+", re.MULTILINE)
_KNOWN = re.compile(
    r"Logging configuration for \w+:$|(?:Syslog|Stdout|Monitor|File|Terminal|Live|Filtered-file) logging: "
    r"|Protocol name: |Record (?:priority|severity): |Record error category: |Record unique id: |Timestamp precision: "
    r"|Immediate mode: |Crash log file: |Log filters? "
)
READABLE = re.compile(r"(?:/var/log/frr|(?:/var)?/run/frr(?:/[\w\-]+)?)/[\w\-]+\.log")
"""Where FRR's packages put it; elsewhere something else may lie, and nothing is read."""
_LINE = re.compile(
    r"(?P<time>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?) (?:(?P<severity>[a-z]+): )?(?P<daemon>[A-Z][A-Z0-9_-]*): "
    r"(?:\[(?P<id>[A-Z0-9]{5}-[A-Z0-9]{5})\])?(?:\[EC \d+\])? ?(?P<text>.*)"
)
_WORDS = {"emergencies": "emergency", "alerts": "alert", "errors": "error", "warnings": "warning"} | {
    "notifications": "notice",
    "debugging": "debug",
}
"""FRR's names of severities, where they are not syslog's (lib/log.c, priority names)."""


def logging_status(text: str) -> ViewStatus:
    """Parsed when every line is one of the settings."""
    lines = [line for line in text.splitlines() if STAMP.match(line) is None]
    return "parsed" if lines and all(_KNOWN.match(line) for line in lines) else "unparsed"


def where(answers: Sequence[Output]) -> Sequence[Ask]:
    """The file that the daemons write to, each once; without one the journal, where they write to syslog."""
    logging = answers[0]
    if not told(logging.status):
        return ()
    files = dict.fromkeys(path for path in _FILE.findall(logging.text) if READABLE.fullmatch(path))
    if files:
        return [Ask(f"{READ_FILE} {path}", "shell", needed=False) for path in files]
    return [Ask(linux_log.JOURNAL, "shell", needed=False)] if _SYSLOG.search(logging.text) else ()


def log(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `log` from LOGGING, the clock, and what ``where`` has led to; unasked where that is nothing."""
    _, clock, *read = answers
    there = [output for output in read if told(output.status)]
    if not there:
        return Parsed(status="unparsed" if any(output.status == "unparsed" for output in read) else "unasked")
    at = logs.iso_clock(clock)
    found = [entry for output in there for entry in _entries(output, at)]
    found.sort(key=lambda entry: entry.time or datetime.min.replace(tzinfo=UTC))
    return logs.log_of(found[-logs.TAIL :], at)


def _entries(output: Output, clock: datetime | None) -> list[LogEntry]:
    if output.command == linux_log.JOURNAL:
        return linux_log.entries_of(output)
    found = logs.entries(output.text, lambda line: entry(line, output.command))
    return [_there(entry, clock) for entry in found]


def entry(line: str, command: str = READ_FILE) -> LogEntry | None:
    """One line of FRR's file; its time as the file has it, read as UTC. None for a line of another form."""
    match = _LINE.fullmatch(line)
    at = _time(match["time"]) if match else None
    if match is None or at is None:
        return None
    word = match["severity"] or ""
    return LogEntry(
        time=at,
        severity=next((each for each in logs.SEVERITIES if each == _WORDS.get(word, word)), ""),
        source=match["daemon"],
        mnemonic=match["id"] or "",
        text=match["text"].strip(),
        quote=Quote(command=command, text=line.strip()),
    )


def _time(text: str) -> datetime | None:
    form = "%Y/%m/%d %H:%M:%S.%f" if "." in text else "%Y/%m/%d %H:%M:%S"
    try:
        return datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError:
        return None


def _there(found: LogEntry, clock: datetime | None) -> LogEntry:
    """The entry with the zone of the device's clock: FRR writes local time without one (lib/log.c)."""
    if found.time is None or clock is None:
        return found
    return replace(found, time=found.time.replace(tzinfo=clock.tzinfo).astimezone(UTC))


JUDGES: dict[str, Judge] = {
    LOGGING: logging_status,
    READ_FILE: logs.judge(entry, silent=True),
}
