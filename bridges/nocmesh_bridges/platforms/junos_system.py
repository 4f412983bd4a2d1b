"""What Junos says of itself: version, load and memory. Pure.

Reads `show version`, `show system processes brief` (the heading of FreeBSD's top(1)).
"""

import re
from collections.abc import Sequence

from nocmesh.messages.state import Output, Quote, System, ViewStatus
from nocmesh_bridges.platforms.protocol import Judge, Parsed, told

VERSION = "show version"
LOAD = "show system processes brief"
_HOSTNAME = re.compile(r"^Hostname: (?P<it>\S+)\s*$", re.MULTILINE)
_VERSION = re.compile(
    r"^(?:Junos: (?P<it>\S+)|JUNOS (?:Software Release|Base OS.*) \[(?P<old>[^\]]+)\])\s*$", re.MULTILINE
)
_UPTIME = re.compile(r"^last pid: .*\bup (?P<days>\d+)\+(?P<clock>\d+:\d\d:\d\d) .*$", re.MULTILINE)
_IDLE = re.compile(r"^CPU: .*?(?P<it>\d+(?:\.\d+)?)% idle\s*$", re.MULTILINE)
_MEMORY = re.compile(r"^Mem: .*?(?P<it>\d+)(?P<unit>[KMGT]) Free\s*$", re.MULTILINE)
_KB = {"K": 1, "M": 1024, "G": 1024**2, "T": 1024**3}


def version_status(text: str) -> ViewStatus:
    """Parsed when the name and the version stand there."""
    return "parsed" if _HOSTNAME.search(text) and _VERSION.search(text) else "unparsed"


def load_status(text: str) -> ViewStatus:
    """Parsed when the heading is whole, down to the swap."""
    whole = _UPTIME.search(text) and _IDLE.search(text) and _MEMORY.search(text)
    return "parsed" if whole and re.search(r"^Swap: .*Free\s*$", text, re.MULTILINE) else "unparsed"


JUDGES: dict[str, Judge] = {VERSION: version_status, LOAD: load_status}


def system(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `system` from VERSION and, where it can be read, LOAD."""
    version, load = answers
    name, release = _HOSTNAME.search(version.text), _VERSION.search(version.text)
    up, idle, free = (part.search(load.text) if told(load.status) else None for part in (_UPTIME, _IDLE, _MEMORY))
    found = [(version, name), (version, release), (load, up), (load, idle), (load, free)]
    value = System(
        hostname=name["it"] if name else "",
        version=(release["it"] or release["old"]) if release else "",
        uptime_seconds=_uptime(up) if up else None,
        memory_available_kb=int(free["it"]) * _KB[free["unit"]] if free else None,
        cpu_percent=round(100 - float(idle["it"]), 1) if idle else None,
        quotes=[Quote(command=output.command, text=match[0].strip()) for output, match in found if match],
    )
    return Parsed(status=status, value=value)


def _uptime(match: re.Match[str]) -> int:
    hours, minutes, seconds = (int(part) for part in match["clock"].split(":"))
    return int(match["days"]) * 86400 + hours * 3600 + minutes * 60 + seconds
