"""What Cisco IOS says of itself: version, memory and processes. Pure."""

import re
from collections.abc import Sequence

from nocmesh.messages.state import Output, Process, Quote, System, ViewStatus
from nocmesh_bridges.platforms.protocol import Judge, Parsed, told
from nocmesh_bridges.platforms.tables import Line, Table, seconds_of

VERSION = "show version"
MEMORY = "show processes memory sorted"
CPU = "show processes cpu"
PACKAGES = "show install summary"
_VERSION = re.compile(r"^Cisco IOS Software.*?, Version (?P<version>[^\s,]+)", re.MULTILINE)
_UPTIME = re.compile(r"^(?P<hostname>\S+) uptime is (?P<uptime>.+?)\s*$", re.MULTILINE)
_END = re.compile(r"^Configuration register is 0x[0-9A-Fa-f]+", re.MULTILINE)
_POOL = re.compile(r"^Processor Pool Total: *(?P<total>\d+) Used: *\d+ Free: *(?P<free>\d+)\s*$", re.MULTILINE)
_BUSY = re.compile(
    r"CPU utilization for five seconds: *(?P<busy>\d+)%/\d+%; one minute: *\d+%; five minutes: *\d+%\s*$"
)
_PROCESSES = Table(
    head=re.compile(r" *PID +Runtime\(ms\) +Invoked +uSecs +5Sec +1Min +5Min +TTY +Process\s*$"),
    row=re.compile(
        r" *(?P<pid>\d+) +\d+ +\d+ +\d+ +(?P<cpu>\d+\.\d+)% +\d+\.\d+% +\d+\.\d+% +\d+ +(?P<name>\S.*?)\s*$"
    ),
    noise=_BUSY,
)
_INSTALLED = re.compile(r"^(?P<type>IMG|SMU|APSP|PKG) +[IUCD] +(?:bootflash:|flash:)?(?P<name>\S+)\s*$", re.MULTILINE)
_SUMMARY = re.compile(r"^\[.*\] Installed Package\(s\) Information:|^Type +St +Filename/Version", re.MULTILINE)


def packages_status(text: str) -> ViewStatus:
    """Parsed when the table stands there with at least the image: an IOS-XE without one does not run."""
    return "parsed" if _SUMMARY.search(text) and _INSTALLED.search(text) else "unparsed"


def version_status(text: str) -> ViewStatus:
    """Parsed when version and uptime stand there, and the last line."""
    return "parsed" if all(part.search(text) for part in (_VERSION, _UPTIME, _END)) else "unparsed"


def memory_status(text: str) -> ViewStatus:
    """Parsed when the processor's pool stands there."""
    return "parsed" if _POOL.search(text) else "unparsed"


def cpu_status(text: str) -> ViewStatus:
    """Parsed when the load stands above the table, and every line of it is a process."""
    busy = any(_BUSY.match(line) for line in text.splitlines()[:6])
    return _PROCESSES.judge(text) if busy else "unparsed"


JUDGES: dict[str, Judge] = {
    VERSION: version_status,
    MEMORY: memory_status,
    CPU: cpu_status,
    PACKAGES: packages_status,
}


def processes(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `processes` from CPU."""
    return Parsed(status=status, value=[_process(line) for line in _PROCESSES.rows(answers[0].text)])


def _process(line: Line) -> Process:
    return Process(name=line["name"], pid=int(line["pid"]), cpu_percent=float(line["cpu"]), quote=line.quote(CPU))


def system(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `system` from VERSION and, where they can be read, MEMORY, CPU and PACKAGES."""
    version, memory, cpu, packages = answers
    release, uptime = _VERSION.search(version.text), _UPTIME.search(version.text)
    assert release is not None  # its judge has seen both
    assert uptime is not None
    pool = _POOL.search(memory.text) if told(memory.status) else None
    busy = re.search(_BUSY.pattern, cpu.text, re.MULTILINE) if told(cpu.status) else None
    head = _SUMMARY.search(packages.text) if told(packages.status) else None
    found = [(version, release), (version, uptime), (memory, pool), (cpu, busy), (packages, head)]
    value = System(
        hostname=uptime["hostname"],
        version=release["version"],
        uptime_seconds=seconds_of(uptime["uptime"]),
        memory_total_kb=int(pool["total"]) // 1024 if pool else None,
        memory_available_kb=int(pool["free"]) // 1024 if pool else None,
        cpu_percent=float(busy["busy"]) if busy else None,
        packages={m["name"]: "" for m in _INSTALLED.finditer(packages.text)} if head else {},
        quotes=[Quote(command=output.command, text=match[0].strip()) for output, match in found if match],
    )
    return Parsed(status=status, value=value)
