"""FRR's routing table (zebra/zebra_vty.c, vty_show_ip_route_json). Pure."""

from collections.abc import Sequence

from nocmesh.messages.state import Output, Route, ViewStatus
from nocmesh_bridges.platforms.protocol import Parsed
from nocmesh_bridges.platforms.spans import Span, read_spans
from nocmesh_bridges.platforms.telling import items, quoted

ROUTES = "show ip route json"
_DISCARDS = ("unreachable", "blackhole", "reject", "adminProhibited")


def is_prefix(entry: Span) -> bool:
    """Say whether ``entry`` is what FRR prints of the routes to a prefix."""
    paths = entry.value
    return isinstance(paths, list) and all(isinstance(path, Span) and bool(path.text("protocol")) for path in paths)


def routes(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `routes` from ROUTES: every route to each prefix, the one in use first."""
    found: list[Route] = []
    for prefix, entry in read_spans(answers[0].text).members.items():
        paths = [_route(answers[0], prefix, path) for path in items(entry)]
        found.extend(sorted(paths, key=lambda route: not route.selected))
    return Parsed(status=status, value=found)


def _route(output: Output, prefix: str, path: Span) -> Route:
    hops = items(path, "nexthops")
    used = [hop for hop in hops if hop.flag("fib")] or [hop for hop in hops if hop.flag("active")] or hops
    discards = any(hop.flag(kind) for hop in hops for kind in _DISCARDS)
    interfaces = ["Null0" if hop.flag("unreachable") else hop.text("interfaceName") for hop in used]
    return Route(
        prefix=prefix,
        protocol=path.text("protocol"),
        next_hops=[hop.text("ip") for hop in used if hop.text("ip")],
        interfaces=list(dict.fromkeys(name for name in interfaces if name)),
        distance=path.number("distance"),
        metric=path.number("metric"),
        selected=path.flag("selected") or path.flag("installed"),
        discards=discards,
        quote=quoted(output, path.members.get("prefix"), path.members["protocol"]),
    )
