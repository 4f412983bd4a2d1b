"""What Arista EOS says of itself: version, memory and processes. Pure.

Reads `show version`, `show processes top once` (procps' top(1)).
"""

import re
from collections.abc import Sequence

from nocmesh.diagnosis.configtext import sections
from nocmesh.messages.state import Output, Process, Quote, System, ViewStatus
from nocmesh_bridges.platforms.protocol import Judge, Parsed, told
from nocmesh_bridges.platforms.tables import Line, Table, number, seconds_of

VERSION = "show version"
TOP = "show processes top once"
_VERSION = re.compile(r"^Software image version: (?P<version>\S+)[^\n]*$", re.MULTILINE)
_UPTIME = re.compile(r"^Uptime: (?P<uptime>\d.+?)\s*$", re.MULTILINE)
_TOTAL = re.compile(r"^Total memory: +(?P<kb>\d+) kB\s*$", re.MULTILINE)
_FREE = re.compile(r"^Free memory: +(?P<kb>\d+) kB\s*$", re.MULTILINE)
_IDLE = re.compile(r"^%?Cpu\(s\):.*?(?P<idle>\d+(?:\.\d+)?) ?%?id\b.*$", re.MULTILINE)
_TOP = Table(
    head=re.compile(r" *PID USER +PR +NI +VIRT +RES +SHR S +%CPU +%MEM +TIME\+ +COMMAND\s*$"),
    row=re.compile(
        r" *(?P<pid>\d+) (?P<user>\S+) +(?P<pr>\S+) +-?\d+ +\S+ +(?P<resident>[\d.]+[kmgt]?) +\S+ (?P<state>[A-Z])"
        r" +(?P<cpu>\d+(?:\.\d+)?) +\d+(?:\.\d+)? +[\d:.]+ +(?P<name>\S.*?)\s*$"
    ),
    noise=re.compile(r"top - |Tasks: |%?Cpu\(s\): |(?:[KMG]iB )?(?:Mem|Swap) *: "),
)
_KB = {"k": 1, "m": 1024, "g": 1024**2, "t": 1024**3}


def version_status(text: str) -> ViewStatus:
    """Parsed when version and uptime stand there, and the last line."""
    return "parsed" if all(part.search(text) for part in (_VERSION, _UPTIME, _FREE)) else "unparsed"


JUDGES: dict[str, Judge] = {VERSION: version_status, TOP: _TOP.judge}


def processes(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `processes` from TOP."""
    return Parsed(status=status, value=[_process(line) for line in _TOP.rows(answers[0].text)])


def _process(line: Line) -> Process:
    return Process(
        name=line["name"],
        pid=int(line["pid"]),
        running=line["state"] != "Z",
        cpu_percent=float(line["cpu"]),
        memory_kb=_kilobytes(line["resident"]),
        quote=line.quote(TOP),
    )


def _kilobytes(text: str) -> int | None:
    """`136m` is 139264, `9668` itself."""
    match = re.fullmatch(r"(?P<number>\d+(?:\.\d*)?)(?P<unit>[kmgt]?)", text)
    return round(float(match["number"]) * _KB[match["unit"] or "k"]) if match else None


def system(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `system` from VERSION and, where they can be read, TOP and the running configuration."""
    version, top, running = answers
    release, uptime, total, free = (part.search(version.text) for part in (_VERSION, _UPTIME, _TOTAL, _FREE))
    idle = _IDLE.search(top.text) if told(top.status) else None
    lines = sections(running.text) if told(running.status) else []
    found = [*((version, match) for match in (release, uptime, total, free)), (top, idle)]
    value = System(
        hostname=next((line.text.split()[1] for line in lines if line.text.startswith("hostname ")), ""),
        version=release["version"] if release else "",
        uptime_seconds=seconds_of(uptime["uptime"]) if uptime else None,
        memory_total_kb=number(total["kb"]) if total else None,
        memory_available_kb=number(free["kb"]) if free else None,
        cpu_percent=round(100 - float(idle["idle"]), 1) if idle else None,
        quotes=[Quote(command=output.command, text=match[0].strip()) for output, match in found if match],
    )
    return Parsed(status=status, value=value)
