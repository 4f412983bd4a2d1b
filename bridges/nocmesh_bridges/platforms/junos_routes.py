"""Junos's routing table, held against the counts in its heading. Pure.

Reads `show route`: `inet.0: 12 destinations, 13 routes (12 active, 0 holddown, 0 hidden)`;
hidden routes are counted and not shown.
Untried on a device.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from nocmesh.messages.state import Output, Quote, Route, ViewStatus
from nocmesh_bridges.platforms.protocol import Judge, Parsed
from nocmesh_bridges.platforms.tables import STAMP, judge_of, number

ROUTES = "show route table inet.0"
_HEAD = re.compile(
    r"inet\.0: \d+ destinations, (?P<routes>\d+) routes "
    r"\(\d+ active, (?P<holddown>\d+) holddown, (?P<hidden>\d+) hidden\)\s*$"
)
_PREFIX = re.compile(r"(?P<prefix>\d+\.\d+\.\d+\.\d+/\d+)(?P<rest>\s.*)?$")
_PATH = re.compile(
    r"\s+(?P<mark>[*+-]?)\[(?P<protocol>[\w-]+)/(?P<distance>\d+)(?:/-?\d+)?\] (?P<age>[\dwdy:+ ]+?)"
    r"(?:, (?:metric2? (?P<metric>\d+)|[^,]+))*\s*$"
)
_HOP = re.compile(
    r"\s+>? *(?:to (?P<hop>\d+\.\d+\.\d+\.\d+) via (?P<out>[\w/.:-]+)"
    r"|via (?P<port>[\w/.:-]+)|Local via (?P<local>[\w/.:-]+)"
    r"|to table (?P<table>\S+))(?:, .*)?\s*$"
)
_ENDS = re.compile(r"\s+(?P<end>Discard|Reject|Receive|MultiRecv|Local|Self|Indirect|Unusable)\s*$")
_REMARK = re.compile(r"\s+AS path: |\+ = Active Route, - = Last Active, \* = Both")
_PROTOCOLS = {
    "Direct": "connected",
    "Access-internal": "connected",
    "IS-IS": "isis",
    "Aggregate": "static",
    "OSPF3": "ospf",
}


@dataclass(slots=True)
class _Path:
    """One way to a prefix, and the lines that say so."""

    prefix: str
    match: re.Match[str]
    lines: list[str] = field(default_factory=list)

    def hops(self) -> list[re.Match[str]]:
        return [match for line in self.lines if (match := _HOP.match(line))]

    def discards(self) -> bool:
        return any((match := _ENDS.match(line)) and match["end"] in ("Discard", "Reject") for line in self.lines)

    def leads(self) -> bool:
        """Say whether it is told where it leads."""
        return bool(self.hops()) or any(_ENDS.match(line) for line in self.lines)


def _table(text: str) -> list[_Path] | None:
    """Every path; None when a line is not understood or the heading counts others."""
    head = next((match for line in text.splitlines() if (match := _HEAD.match(line))), None)
    if head is None:
        return [] if not text.strip() else None
    found: list[_Path] = []
    prefix = ""
    for line in text.splitlines():
        opened = _PREFIX.match(line)
        prefix = opened["prefix"] if opened else prefix
        rest = (opened["rest"] or "") if opened else line
        if path := _PATH.match(rest):
            found.append(_Path(prefix, path, [line.strip()]))
        elif not _belongs(rest, found):
            return None
    most = int(head["routes"]) - int(head["hidden"])
    counted = most - int(head["holddown"]) <= len(found) <= most
    return found if counted and all(path.prefix and path.leads() for path in found) else None


def _belongs(line: str, found: list[_Path]) -> bool:
    """Take a line that goes with the path above; say whether it is understood."""
    if _HEAD.match(line) or STAMP.match(line) or _REMARK.match(line):
        return True
    if found and (_HOP.match(line) or _ENDS.match(line)):
        found[-1].lines.append(line)
        return True
    return False


def routes(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `routes` from ROUTES."""
    return Parsed(status=status, value=[_route(path) for path in _table(answers[0].text) or []])


def _route(path: _Path) -> Route:
    hops, told = path.hops(), path.match["protocol"]
    out = [hop["out"] or hop["port"] or hop["local"] for hop in hops]
    return Route(
        prefix=path.prefix,
        protocol=_PROTOCOLS.get(told, told.lower()),
        next_hops=[hop["hop"] for hop in hops if hop["hop"]],
        interfaces=list(dict.fromkeys(name for name in out if name)),
        distance=int(path.match["distance"]),
        metric=number(path.match["metric"] or ""),
        selected=path.match["mark"] in ("*", "+"),
        discards=path.discards(),
        quote=Quote(command=ROUTES, text=path.lines[0]),
    )


JUDGES: dict[str, Judge] = {ROUTES: judge_of(_table)}
