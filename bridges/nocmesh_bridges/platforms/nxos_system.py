"""What Cisco NX-OS says of itself: version, load, processes and the log. Pure.

Reads `show version`, `show system resources`, `show processes cpu`, `show logging last`, `show clock`.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from nocmesh.messages.state import LogEntry, Output, Process, Quote, System, ViewStatus
from nocmesh_bridges.platforms import logs
from nocmesh_bridges.platforms.ios_log import clock_of
from nocmesh_bridges.platforms.protocol import Judge, Parsed, told
from nocmesh_bridges.platforms.tables import STAMP, Line, Table, seconds_of

VERSION = "show version"
RESOURCES = "show system resources"
CPU = "show processes cpu"
LOGGING = f"show logging last {logs.TAIL}"
CLOCK = "show clock"
_VERSION = re.compile(r"^ *(?:NXOS|system): +version (?P<version>\S+)", re.MULTILINE)
_NAME = re.compile(r"^ *Device name: (?P<name>\S+)\s*$", re.MULTILINE)
_UPTIME = re.compile(r"^Kernel uptime is (?P<uptime>\d.+?)\s*$", re.MULTILINE)
_END = re.compile(r"^plugin\s*$", re.MULTILINE)
_IDLE = re.compile(r"^CPU states +: .* (?P<idle>\d+\.\d+)% idle\s*$", re.MULTILINE)
_MEMORY = re.compile(
    r"^Memory usage: +(?P<total>\d+)K total, +(?P<used>\d+)K used, +(?P<free>\d+)K free\s*$", re.MULTILINE
)
_PROCESSES = Table(
    head=re.compile(r" *PID +Runtime\(ms\) +Invoked +uSecs +(?:5Sec +1Min +5Min +TTY|1Sec) +Process\s*$"),
    row=re.compile(
        r" *(?P<pid>\d+) +\d+ +\d+ +\d+ +(?P<cpu>\d+\.\d+)%(?: +\d+\.\d+% +\d+\.\d+% +\S+)? +(?P<name>\S.*?)\s*$"
    ),
    noise=re.compile(r"CPU utilization for five seconds: |CPU util +: |[- ]{10,}$|Please note that only processes"),
)
_LINE = re.compile(
    r"(?P<time>\d{4} [A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d(?:\.\d+)?) (?P<host>\S+) "
    r"%(?P<source>[A-Z][A-Z0-9_]*(?:-[A-Z0-9_]+)*?)-(?P<severity>[0-7])-(?P<mnemonic>[A-Z][A-Z0-9_]*): +(?P<text>.*)"
)


def version_status(text: str) -> ViewStatus:
    """Parsed when version, name and uptime stand there, and the plugins, which come last."""
    return "parsed" if all(part.search(text) for part in (_VERSION, _NAME, _UPTIME, _END)) else "unparsed"


def resources_status(text: str) -> ViewStatus:
    """Parsed when load and memory stand there."""
    return "parsed" if _IDLE.search(text) and _MEMORY.search(text) else "unparsed"


def entry(line: str) -> LogEntry | None:
    """One line of the log: `2019 May 22 16:20:45 leaf1 %ETHPORT-5-IF_UP: …`; its time is read as UTC."""
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    return LogEntry(
        time=_time(match["time"]),
        severity=logs.severity(match["severity"]),
        source=match["source"],
        mnemonic=match["mnemonic"],
        text=match["text"].strip(),
        quote=Quote(command=LOGGING, text=line.strip()),
    )


def _time(text: str) -> datetime | None:
    whole = " ".join(text.split())
    try:
        return datetime.strptime(whole, "%Y %b %d %H:%M:%S" + (".%f" if "." in whole else "")).replace(tzinfo=UTC)
    except ValueError:
        return None


def _clock(text: str) -> datetime | None:
    """What `show clock` says; newer releases name the source of the time above or below it."""
    lines = [line for line in text.splitlines() if not STAMP.match(line)]
    return clock_of(lines[0]) if len(lines) == 1 else None


def _clock_status(text: str) -> ViewStatus:
    return "parsed" if _clock(text) else "unparsed"


JUDGES: dict[str, Judge] = {
    VERSION: version_status,
    RESOURCES: resources_status,
    CPU: _PROCESSES.judge,
    LOGGING: logs.judge(entry, silent=True),
    CLOCK: _clock_status,
}


def processes(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `processes` from CPU."""
    return Parsed(status=status, value=[_process(line) for line in _PROCESSES.rows(answers[0].text)])


def _process(line: Line) -> Process:
    return Process(name=line["name"], pid=int(line["pid"]), cpu_percent=float(line["cpu"]), quote=line.quote(CPU))


def log(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `log` from LOGGING and CLOCK."""
    logging, clock = answers
    now = _clock(clock.text) if told(clock.status) else None
    return logs.log_of(logs.entries(logging.text, entry), now)


def system(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `system` from VERSION and, where it can be read, RESOURCES."""
    version, resources = answers
    release, name, uptime = (part.search(version.text) for part in (_VERSION, _NAME, _UPTIME))
    load = told(resources.status)
    idle, memory = (part.search(resources.text) if load else None for part in (_IDLE, _MEMORY))
    found = [(version, release), (version, name), (version, uptime), (resources, idle), (resources, memory)]
    value = System(
        hostname=name["name"] if name else "",
        version=release["version"] if release else "",
        uptime_seconds=seconds_of(uptime["uptime"]) if uptime else None,
        memory_total_kb=int(memory["total"]) if memory else None,
        memory_available_kb=int(memory["free"]) if memory else None,
        cpu_percent=round(100 - float(idle["idle"]), 1) if idle else None,
        quotes=[Quote(command=output.command, text=match[0].strip()) for output, match in found if match],
    )
    return Parsed(status=status, value=value)
