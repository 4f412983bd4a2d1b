"""The routing table of the default VRF as Cisco IOS-XR prints it: `show route ipv4`. Pure."""

import re
from collections.abc import Sequence

from nocmesh.messages.state import Output, Route, ViewStatus
from nocmesh_bridges.platforms.protocol import Judge, Parsed
from nocmesh_bridges.platforms.tables import Line, Table, judge_of, number

ROUTES = "show route ipv4"
_ADDRESS = r"\d+\.\d+\.\d+\.\d+"
_AGE = r"[\dywdh:]+"
_VIA = (
    rf"\[(?P<distance>\d+)/(?P<metric>\d+)\] via (?P<hop>{_ADDRESS}|[0-9a-f:]*:[0-9a-f:]+)(?: \(nexthop in vrf \S+\))?"
    rf", {_AGE}(?:, (?P<out>[A-Za-z][\w./-]*\d))?(?P<backup> \((?:!|>)\))?\s*$"
)
_PLAIN = (
    rf"(?:\[(?P<d>\d+)/(?P<m>\d+)\] )?is (?:directly connected|a summary), {_AGE}, (?P<port>[A-Za-z][\w./-]*\d)\s*$"
)
_ROUTES = Table(
    head=re.compile(r"Codes: C - connected,"),
    row=re.compile(
        rf"(?P<code>[A-Za-z](?: (?:EX|IA|N1|N2|E1|E2|L1|L2|ia|su))?)[* ]+(?P<prefix>{_ADDRESS}/\d+)"
        rf" +(?P<where>{re.sub(r'[?]P<[a-z]+>', '?:', f'(?:{_VIA}|{_PLAIN})')})"
    ),
    more=re.compile(rf" {{9,}}(?:{_VIA}|{_PLAIN})"),
    noise=re.compile(r" +[A-Za-z(][^-]* - |Gateway of last resort is "),
)
_WHERE = re.compile(f"{_VIA}|{_PLAIN}")
_GATEWAY = re.compile(r"^Gateway of last resort is ", re.MULTILINE)
_PROTOCOLS = {
    "C": "connected",
    "L": "local",
    "S": "static",
    "B": "bgp",
    "O": "ospf",
    "i": "isis",
    "D": "eigrp",
    "R": "rip",
    "U": "static",
    "o": "odr",
    "l": "lisp",
    "A": "subscriber",
    "a": "application",
    "M": "mobile",
    "r": "rpl",
    "t": "te",
}


def _table(text: str) -> list[Line] | None:
    """The routes, when the line stands above them that IOS-XR always prints."""
    return _ROUTES.read(text) if _GATEWAY.search(text) else None


JUDGES: dict[str, Judge] = {ROUTES: judge_of(_table)}


def routes(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `routes` from ROUTES."""
    return Parsed(status=status, value=[_route(line) for line in _table(answers[0].text) or []])


def _route(line: Line) -> Route:
    """One prefix; the ways that only a failure would open (`(!)`, RFC 5286) are left out."""
    told = [_WHERE.search(text) for text in [line["where"], *line.more]]
    ways = [way for way in told if way and not way["backup"]]
    out = list(dict.fromkeys(way["out"] or way["port"] for way in ways if way["out"] or way["port"]))
    first = ways[0] if ways else None
    return Route(
        prefix=line["prefix"],
        protocol=_PROTOCOLS.get(line["code"][0], line["code"]),
        next_hops=[way["hop"] for way in ways if way["hop"]],
        interfaces=out,
        distance=number(first["distance"] or first["d"] or "") if first else None,
        metric=number(first["metric"] or first["m"] or "") if first else None,
        discards="Null0" in out,
        quote=line.quote(ROUTES),
    )
