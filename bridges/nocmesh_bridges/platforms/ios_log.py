"""Cisco IOS's log buffer: `show logging`, with `show clock` for the year and the zone. Pure.

A line begins as `service timestamps log` and `service sequence-numbers` say: `*Mar  1 00:01:02.003: %LINK-3-UPDOWN: …`,
`000022: Jun 19 2024 03:02:31 CET: %…`; one with the time since the start alone (`1d02h: %…`) has no time here.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from nocmesh.messages.state import LogEntry, Output, Quote, ViewStatus
from nocmesh_bridges.platforms import logs
from nocmesh_bridges.platforms.protocol import Judge, Parsed, told

LOGGING, CLOCK = "show logging", "show clock"
_HEAD = re.compile(r"^Log Buffer \(\d+ bytes\):", re.MULTILINE)
_OFF = re.compile(r"^Syslog logging: (?:enabled|disabled)", re.MULTILINE)
_LINE = re.compile(
    r"(?:\d+: )?(?:\w+: )??[*.]?(?:(?P<time>[A-Z][a-z]{2} +\d{1,2} (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d+)?)(?: [A-Z]{2,5})?"
    r"|[\dwdhy:]+): "
    r"%(?P<source>[A-Z][A-Z0-9_]*(?:-[A-Z0-9_]+)*?)-(?P<severity>[0-7])-(?P<mnemonic>[A-Z][A-Z0-9_]*): (?P<text>.*)"
)
_CLOCK = re.compile(
    r"[*.]?(?P<time>\d\d:\d\d:\d\d(?:\.\d+)?) (?P<zone>\S+) \w{3} (?P<date>[A-Z][a-z]{2} +\d{1,2} \d{4})\s*"
)


def log(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `log` from LOGGING and CLOCK. Times are by the device's clock, read as UTC."""
    logging, clock = answers
    now = clock_of(clock.text) if told(clock.status) else None
    _, _, buffer = logging.text.partition("Log Buffer")
    return logs.log_of(logs.entries(buffer, lambda line: entry(line, now)), now)


def entry(line: str, now: datetime | None) -> LogEntry | None:
    """One line of the buffer; ``now``: the device's clock, without which a line that names no year has no time."""
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    return LogEntry(
        time=time_of(match["time"] or "", now),
        severity=logs.severity(match["severity"]),
        source=match["source"],
        mnemonic=match["mnemonic"],
        text=match["text"].strip(),
        quote=Quote(command=LOGGING, text=line.strip()),
    )


def time_of(text: str, now: datetime | None) -> datetime | None:
    """`Mar  1 00:01:02.003`, also with the year, read as UTC; ``now`` gives the year where there is none."""
    words = text.split()
    if len(words) == 3 and now is not None:
        words.insert(2, str(now.year))
    found = _parsed(" ".join(words), "%b %d %Y %H:%M:%S") if len(words) == 4 else None
    if found is not None and now is not None and found > now + timedelta(days=1):
        return found.replace(year=found.year - 1) if (found.month, found.day) != (2, 29) else None
    return found


def _parsed(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, f"{form}.%f" if "." in text else form).replace(tzinfo=UTC)
    except ValueError:
        return None


def clock_of(text: str) -> datetime | None:
    """What `show clock` says, read as UTC; None for anything else."""
    match = _CLOCK.fullmatch(text)
    return _parsed(f"{' '.join(match['date'].split())} {match['time']}", "%b %d %Y %H:%M:%S") if match else None


def _logging_status(text: str) -> ViewStatus:
    if _HEAD.search(text):
        _, _, buffer = text.partition("Log Buffer")
        lines = [line for line in buffer.splitlines()[1:] if line.strip()]
        return (
            "empty" if not lines else "parsed" if logs.entries(buffer, lambda line: entry(line, None)) else "unparsed"
        )
    return "empty" if _OFF.search(text) else "unparsed"


def _clock_status(text: str) -> ViewStatus:
    return "parsed" if clock_of(text) else "unparsed"


JUDGES: dict[str, Judge] = {LOGGING: _logging_status, CLOCK: _clock_status}
