"""Which commands a change may type at a shell. Pure.

A shell does whatever it is told, so nothing passes but whole lines of known shapes. What only makes sense beside
another line (ending what was started) is judged over the whole change.
"""

import re
from collections.abc import Collection, Sequence

from nocmesh.diagnosis.configlines import sections
from nocmesh_bridges.ssh.rules import SHELL_LINES, ShellLine

CHARACTERS = re.compile(r"[A-Za-z0-9 _.:/,@=+\-]+")
"""Of everything that is not within the one pair of single quotes that `nft` may have."""
_QUOTED = re.compile(r"(?P<bare>nft )'(?P<rule>[A-Za-z0-9_.:,/@=!{}\"\- ]+)'")
_START = re.compile(r"/\S*/(?P<name>\w+)(?: .*)?")
_END = re.compile(r"pkill -x -F \S+ (?P<name>\w+)")
_LOAD = re.compile(r"vtysh(?: -N \S+)? -b -d (?P<name>\w+)")
_DEVICE = re.compile(r"\bdev (?P<name>\S+)")


def no_shell_line(line: str, *, undo: bool = False, known: Collection[str] = ()) -> str:
    """Why ``line`` may not be typed at a shell; empty when it may.

    ``undo``: it stands in a rollback. ``known``: the command lines by which the device's daemons ran when all was well.
    """
    quoted = _QUOTED.fullmatch(line)
    strange = CHARACTERS.sub("", quoted["bare"] if quoted else line)
    if strange:
        return f"it holds {strange[0]!r}, which a shell may interpret"
    if ".." in line:
        return "it holds `..`, which leads out of the folder"
    found = shape_of(line)
    if found is None:
        return "it is none of the known commands that change a Linux system"
    if found.undo and not undo:
        return "it only puts back what a change has taken away: it belongs in a rollback"
    if found.known and line not in known:
        return "the device ran nothing by exactly this command line when all was well"
    return ""


def shape_of(line: str) -> ShellLine | None:
    """The shape that ``line`` has; None: none of those that are let through."""
    return next((shape for shape in SHELL_LINES if shape.shape.fullmatch(line)), None)


def may_fail(line: str) -> bool:
    """Whether the change goes on when ``line`` fails."""
    found = shape_of(line)
    return found is not None and found.may_fail


def starts_in(lines: Sequence[str]) -> list[str]:
    """The lines that start a daemon or a service."""
    return [line for line in lines if _START.fullmatch(line)]


def out_of_place(commands: Sequence[str], rollback: Sequence[str]) -> str:
    """Why a line makes no sense beside the others; empty: each does.

    A rollback ends what the change started and nothing else, and a configuration is loaded only into what it started.
    """
    started = {found["name"] for line in commands if (found := _START.fullmatch(line))}
    for line in [*commands, *rollback]:
        found = _END.fullmatch(line) or _LOAD.fullmatch(line)
        if found and found["name"] not in started:
            return f"{line!r} is about {found['name']}, which this change does not start"
    ended = {found["name"] for line in rollback if (found := _END.fullmatch(line))}
    left = sorted(started - ended)
    return f"its rollback does not end {', '.join(left)}, which it starts" if left else ""


def cuts_us_off(running: str, address: str, lines: Sequence[str]) -> str:
    """Why ``lines`` may cut the way by which the bridge reaches the device at ``address``; empty: they do not."""
    ours = [line.section for line in sections(running) if line.text.startswith(f"address {address}/")]
    ports = {section.removeprefix("interface ") for section in ours}
    for line in lines:
        named = {found["name"] for found in _DEVICE.finditer(line)}
        if line.startswith(("ip link ", "ip addr ", "ip route ")) and named & ports:
            return f"{line!r} touches {', '.join(sorted(named & ports))}, by which we reach the device"
    return ""
