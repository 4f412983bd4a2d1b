"""What Cisco IOS-XR says of itself: version, load, processes and the log. Pure.

Reads `show version`, `show processes cpu`, `show logging last`, `show clock`.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from nocmesh.diagnosis.configtext import sections
from nocmesh.messages.state import LogEntry, Output, Process, Quote, System, ViewStatus
from nocmesh_bridges.platforms import logs
from nocmesh_bridges.platforms.ios_log import clock_of, time_of
from nocmesh_bridges.platforms.protocol import Judge, Parsed, told
from nocmesh_bridges.platforms.tables import STAMP, Line, Table, seconds_of

VERSION = "show version"
CPU = "show processes cpu"
LOGGING = f"show logging last {logs.TAIL}"
CLOCK = "show clock"
_VERSION = re.compile(r"^Cisco IOS XR Software, Version (?P<version>[^\s,\[]+)[^\n]*$", re.MULTILINE)
_UPTIME = re.compile(r"^(?P<name>\S+) uptime is (?P<uptime>\d.+?)\s*$", re.MULTILINE)
_BUSY = re.compile(r"CPU utilization for one minute: (?P<busy>\d+)%; five minutes: \d+%; fifteen minutes: \d+%\s*$")
_PROCESSES = Table(
    head=re.compile(r"PID +1Min +5Min +15Min Process\s*$"),
    row=re.compile(r" *(?P<pid>\d+) +(?P<cpu>\d+)% +\d+% +\d+% (?P<name>\S.*?)\s*$"),
    noise=re.compile(rf"{_BUSY.pattern}|---- node\w+ ----\s*$"),
)
_LINE = re.compile(
    r"(?:RP/|LC/)?\d+/\w+/\w+ *:"
    r"(?P<time>(?:\d{4} )?[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d(?:\.\d+)?)"
    r"(?: [A-Z]{2,5})? ?: (?P<process>[\w.-]+)\[\d+\]: "
    r"(?:%(?P<source>[A-Z][\w-]*?)-(?P<severity>[0-7])-(?P<mnemonic>[A-Z][A-Z0-9_]*) ?: ?)?(?P<text>.*)"
)
_HEAD = re.compile(r"^Log Buffer \(\d+ bytes\):", re.MULTILINE)


def version_status(text: str) -> ViewStatus:
    """Parsed when version and uptime stand there."""
    return "parsed" if _VERSION.search(text) and _UPTIME.search(text) else "unparsed"


def cpu_status(text: str) -> ViewStatus:
    """Parsed when the load stands above the table, and every line of it is a process."""
    busy = any(_BUSY.match(line) for line in text.splitlines()[:6])
    return _PROCESSES.judge(text) if busy else "unparsed"


def entry(line: str, now: datetime | None = None) -> LogEntry | None:
    """One line of the log; ``now``: the device's clock, without which a line that names no year has no time."""
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    return LogEntry(
        time=time_of(_ordered(match["time"]), now),
        severity=logs.severity(match["severity"] or ""),
        source=match["source"] or match["process"],
        mnemonic=match["mnemonic"] or "",
        text=match["text"].strip(),
        quote=Quote(command=LOGGING, text=line.strip()),
    )


def _ordered(text: str) -> str:
    """`2020 Sep 25 23:24:28` as `Sep 25 2020 23:24:28`; without a year as it is."""
    words = text.split()
    return " ".join([*words[1:3], words[0], *words[3:]]) if words[0].isdecimal() else text


def _clock(text: str) -> datetime | None:
    lines = [line for line in text.splitlines() if not STAMP.match(line)]
    return clock_of(lines[0]) if len(lines) == 1 else None


def _clock_status(text: str) -> ViewStatus:
    return "parsed" if _clock(text) else "unparsed"


def _logging_status(text: str) -> ViewStatus:
    if logs.entries(text, entry):
        return "parsed"
    head = _HEAD.search(text)
    return "empty" if head and not text[head.end() :].strip() else "unparsed"


JUDGES: dict[str, Judge] = {
    VERSION: version_status,
    CPU: cpu_status,
    LOGGING: _logging_status,
    CLOCK: _clock_status,
}


def processes(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `processes` from CPU; the load is that of the last minute."""
    return Parsed(status=status, value=[_process(line) for line in _PROCESSES.rows(answers[0].text)])


def _process(line: Line) -> Process:
    return Process(name=line["name"], pid=int(line["pid"]), cpu_percent=float(line["cpu"]), quote=line.quote(CPU))


def log(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `log` from LOGGING and CLOCK. Times are by the device's clock, read as UTC."""
    logging, clock = answers
    now = _clock(clock.text) if told(clock.status) else None
    return logs.log_of(logs.entries(logging.text, lambda line: entry(line, now)), now)


def system(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `system` from VERSION and, where they can be read, CPU and the running configuration."""
    version, cpu, running = answers
    release, uptime = _VERSION.search(version.text), _UPTIME.search(version.text)
    busy = re.search(f"^{_BUSY.pattern}", cpu.text, re.MULTILINE) if told(cpu.status) else None
    lines = sections(running.text) if told(running.status) else []
    found = [(version, release), (version, uptime), (cpu, busy)]
    value = System(
        hostname=next((line.text.split()[1] for line in lines if line.text.startswith("hostname ")), ""),
        version=release["version"] if release else "",
        uptime_seconds=seconds_of(uptime["uptime"]) if uptime else None,
        cpu_percent=float(busy["busy"]) if busy else None,
        quotes=[Quote(command=output.command, text=match[0].strip()) for output, match in found if match],
    )
    return Parsed(status=status, value=value)
