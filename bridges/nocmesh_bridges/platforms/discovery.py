"""Who says by LLDP or CDP that they are next to a Cisco NX-OS or IOS-XR device, and the view `neighbors`. Pure.

Reads `show lldp neighbors` and `show cdp neighbors`, of which a long name takes a line of its own. Both protocols tell
the same of most links, so CDP is read only for the interfaces on which nobody speaks LLDP.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from nocmesh.messages.state import LldpNeighbor, NeighborEntry, Neighbors, Output, Quote, ViewStatus
from nocmesh_bridges.platforms.ios_names import full_name
from nocmesh_bridges.platforms.protocol import Judge, Parsed, Read, told
from nocmesh_bridges.platforms.tables import STAMP, Line, judged

LLDP, CDP = "show lldp neighbors", "show cdp neighbors"
_LEGEND = re.compile(r"(?:Capability codes:|\s+(?:\([A-Z]\)|[A-Za-z] -) )", re.IGNORECASE)
_HEADS: Mapping[str, re.Pattern[str]] = {
    LLDP: re.compile(r"Device ID +Local Intf +Hold-time +Capability +Port ID\s*$"),
    CDP: re.compile(r"Device[- ]ID +Local Intrfce +Ho?ldtme +Capability +Platform +Port ID\s*$"),
}
_NAME = r"(?P<name>\S(?:[^\n]*?\S)?)(?: *\n)? +"
_PORTS = r"(?P<interface>[A-Za-z]+\d[\w/.:]*) +(?P<hold>\d+) +"
_ROWS: Mapping[str, re.Pattern[str]] = {
    LLDP: re.compile(rf"{_NAME}{_PORTS}(?:(?P<capability>[A-Z](?:,?[A-Z])*) +)?(?P<port>\S[^\n]*?) *(?:\n|\Z)"),
    CDP: re.compile(
        rf"{_NAME}{_PORTS}(?P<capability>(?:[A-Za-z] +)*)(?P<kind>\S[^\n]*?) *(?: |\n {(20,)})(?P<port>\S+) *(?:\n|\Z)"
    ),
}
_TOTAL = re.compile(r"Total entries displayed: *(?P<count>\d+)\s*$", re.MULTILINE)
_OFF = re.compile(r"^% ?(?:LLDP|CDP) is not enabled", re.MULTILINE)


def heard(command: str, text: str) -> list[re.Match[str]] | None:
    """The rows of the answer to ``command``; None when a part of it is not understood, or its count does not fit."""
    if _OFF.search(text) and not _TOTAL.search(text):
        return []
    lines = text.splitlines(keepends=True)
    at = next((number for number, line in enumerate(lines) if _HEADS[command].match(line)), None)
    if at is None or not all(STAMP.match(line) or _LEGEND.match(line) for line in lines[:at]):
        return None
    start = sum(len(line) for line in lines[: at + 1])
    total = _TOTAL.search(text, start)
    found = _rows(_ROWS[command], text, start, total.start() if total else len(text))
    if found is None or (total is None and command == LLDP) or (total and text[total.end() :].strip()):
        return None
    return found if total is None or int(total["count"]) == len(found) else None


def _rows(row: re.Pattern[str], text: str, at: int, end: int) -> list[re.Match[str]] | None:
    found = []
    while text[at:end].strip():
        if match := row.match(text, at, end):
            found.append(match)
            at = match.end()
        elif blank := re.compile(r"[ \t]*\n").match(text, at, end):
            at = blank.end()
        else:
            return None
    return found


def _judge(command: str) -> Judge:
    return lambda text: judged(heard(command, text))


JUDGES: dict[str, Judge] = {LLDP: _judge(LLDP), CDP: _judge(CDP)}


def neighbors_of(
    rows: Callable[[str], Sequence[Line]], entry: Callable[[Line], NeighborEntry], names: Mapping[str, str]
) -> Read:
    """The view `neighbors` from an ARP table, its lines read by ``rows`` and ``entry``, and what LLDP and CDP heard."""

    def neighbors(answers: Sequence[Output], status: ViewStatus) -> Parsed:
        addresses, *spoken = answers
        found: list[LldpNeighbor] = []
        for output in spoken:
            known = {near.interface for near in found}
            found.extend(near for near in _near(output, names) if near.interface not in known)
        value = Neighbors(entries=[entry(line) for line in rows(addresses.text)], lldp=found)
        return Parsed(status="parsed" if found else status, value=value)

    return neighbors


def _near(output: Output, names: Mapping[str, str]) -> Iterator[LldpNeighbor]:
    for match in (heard(output.command, output.text) or []) if told(output.status) else []:
        yield LldpNeighbor(
            interface=full_name(match["interface"], names),
            system_name=match["name"].strip(),
            port=full_name(match["port"], names),
            quote=Quote(command=output.command, text=match[0].strip()),
        )
