"""The routing table as Cisco IOS prints it. Pure."""

import re
from collections.abc import Mapping, Sequence

from nocmesh.messages.state import Quote, Route, ViewStatus
from nocmesh_bridges.platforms.parsing import TEMPLATES, Row, rows
from nocmesh_bridges.platforms.tables import number

ROUTES = "show ip route"
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
    "H": "nhrp",
    "l": "lisp",
    "a": "application",
    "K": "kernel",
}
_ROUTE = re.compile(r"^[A-Za-z][\s*%+p].*?(?P<prefix>(?P<network>\d+\.\d+\.\d+\.\d+)(?:/\d+)?)(?:\s|$)")
_GATEWAY = re.compile(r"^Gateway of last resort is ", re.MULTILINE)
_ROUTE_NOISE = re.compile(
    r"^(?:\s*$|Routing Table:|Codes:|\s+[A-Za-z*+%&][\w*]*\s?[A-Za-z0-9]* - |Gateway of last resort"
    r"|\s+\d+\.\d+\.\d+\.\d+/\d+ is (?:variably )?subnetted,"
    r"|\s+\[\d+/\d+\] via \d+\.\d+\.\d+\.\d+(?:,|\s*$)|Load for |Time source is )"
)


def routes_status(text: str) -> ViewStatus:
    """Parsed when every line is a route with its row, or known to be none; empty when the table has no line."""
    gateway = _GATEWAY.search(text)
    if gateway is None:
        return "unparsed"
    lines = [line for line in text[gateway.start() :].splitlines() if not _ROUTE_NOISE.match(line)]
    wanted = [match["network"] for line in lines if (match := _ROUTE.match(line))]
    if len(wanted) != len(lines):
        return "unparsed"
    found = {row["network"] for row in rows(TEMPLATES, ROUTES, text)}
    if not set(wanted) <= found:
        return "unparsed"
    return "parsed" if wanted else "empty"


def routes_of(text: str) -> list[Route]:
    """The routes of an answer that ``routes_status`` calls parsed or empty; several next hops make one route."""
    by_prefix: dict[str, list[Row]] = {}
    for row in rows(TEMPLATES, ROUTES, text):
        by_prefix.setdefault(f"{row['network']}/{row['prefix_length']}", []).append(row)
    lines = {match["prefix"]: line.strip() for line in text.splitlines() if (match := _ROUTE.match(line))}
    return [_route(prefix, paths, lines) for prefix, paths in by_prefix.items()]


def _route(prefix: str, paths: Sequence[Row], lines: Mapping[str, str]) -> Route:
    interfaces = [path["nexthop_if"] for path in paths if path["nexthop_if"]]
    return Route(
        prefix=prefix,
        protocol=_PROTOCOLS.get(paths[0]["protocol"], paths[0]["protocol"]),
        next_hops=[path["nexthop_ip"] for path in paths if path["nexthop_ip"]],
        interfaces=list(dict.fromkeys(interfaces)),
        distance=number(paths[0]["distance"]),
        metric=number(paths[0]["metric"]),
        discards="Null0" in interfaces,
        quote=Quote(command=ROUTES, text=lines.get(prefix) or lines[paths[0]["network"]]),
    )
