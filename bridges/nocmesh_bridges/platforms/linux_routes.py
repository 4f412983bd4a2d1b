"""The kernel's main routing table and its neighbours, as `ip` shows them (ip/iproute.c, ip/ipneigh.c). Pure."""

from collections.abc import Sequence
from ipaddress import ip_interface

from nocmesh.messages.state import LldpNeighbor, NeighborEntry, Neighbors, Output, Quote, Route, ViewStatus
from nocmesh_bridges.platforms.protocol import Parsed, told
from nocmesh_bridges.platforms.spans import Span, read_spans
from nocmesh_bridges.platforms.telling import is_address, items, quoted, texts

ROUTES = "ip -j route show"
NEIGHBORS = "ip -j neigh show"
LLDP = "lldpcli -f json show neighbors"
DISCARDS = frozenset({"blackhole", "unreachable", "prohibit"})
_STATIC = frozenset({"boot", "static", ""})
"""What somebody typed: `ip route add` says `boot` unless told otherwise (RTPROT_BOOT)."""


def is_route(entry: Span) -> bool:
    """Say whether ``entry`` is what `ip` prints of a route."""
    return bool(_prefix(entry.text("dst")))


def _prefix(dst: str) -> str:
    """``dst`` as a prefix; `default` is that of IPv4, which is what is asked for."""
    if dst == "default":
        return "0.0.0.0/0"
    try:
        return str(ip_interface(dst).network)
    except ValueError:
        return ""


def routes(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `routes` from ROUTES."""
    return Parsed(status=status, value=[_route(answers[0], entry) for entry in items(read_spans(answers[0].text))])


def _route(output: Output, entry: Span) -> Route:
    hops = [*items(entry, "nexthops"), entry]
    interfaces = [hop.text("dev") for hop in hops if hop.text("dev")]
    lost = {"dead", "linkdown"} & set(texts(entry, "flags"))
    return Route(
        prefix=_prefix(entry.text("dst")),
        protocol=protocol_of(entry),
        next_hops=[hop.text("gateway") for hop in hops if hop.text("gateway")],
        interfaces=list(dict.fromkeys(interfaces)),
        metric=entry.number("metric"),
        selected=not lost,
        discards=entry.text("type") in DISCARDS,
        quote=quoted(output, entry.members.get("type"), entry.members["dst"], entry.members.get("dev")),
    )


def protocol_of(entry: Span) -> str:
    """`connected` for what an address brings along, `static` for what somebody typed, else the daemon's name."""
    protocol = entry.text("protocol")
    if protocol == "kernel":
        return "connected"
    return "static" if protocol in _STATIC else protocol


def is_neighbor(entry: Span) -> bool:
    """Say whether ``entry`` is what `ip` prints of a neighbour."""
    return is_address(entry.text("dst")) and bool(texts(entry, "state"))


def neighbors(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `neighbors` from NEIGHBORS and, where it is understood, LLDP."""
    table, lldp = answers
    entries = [_neighbor(table, entry) for entry in items(read_spans(table.text))]
    heard = _lldp(lldp) if told(lldp.status) else []
    return Parsed(status="parsed" if heard else status, value=Neighbors(entries=entries, lldp=heard))


def _neighbor(output: Output, entry: Span) -> NeighborEntry:
    return NeighborEntry(
        address=entry.text("dst"),
        mac=entry.text("lladdr").lower(),
        interface=entry.text("dev"),
        state=texts(entry, "state")[0].lower(),
        quote=quoted(output, entry.members["dst"], entry.members.get("dev"), entry.members.get("lladdr")),
    )


def is_lldp(entry: Span) -> bool:
    """Say whether ``entry`` is the one member of what `lldpcli` prints."""
    return isinstance(entry.value, dict)


def _lldp(output: Output) -> list[LldpNeighbor]:
    """Of lldpcli's `json`: one interface is an object, several are an array of objects, each under its name."""
    top = read_spans(output.text).members.get("lldp", Span({}, 0, 0))
    heard = top.members.get("interface", Span({}, 0, 0))
    named = [pair for group in ([heard] if heard.members else items(heard)) for pair in group.members.items()]
    return [found for name, entry in named if (found := _heard(output, name, entry)) is not None]


def _heard(output: Output, name: str, entry: Span) -> LldpNeighbor | None:
    chassis, port = entry.members.get("chassis"), entry.members.get("port")
    if chassis is None or port is None:
        return None
    system, inner = next(iter(chassis.members.items()), ("", Span({}, 0, 0)))
    unnamed = system == "id"  # without a name the chassis has no level of its own
    id_of_port = port.members.get("id", Span({}, 0, 0))
    return LldpNeighbor(
        interface=name,
        system_name="" if unnamed else system,
        port=port.text("descr") if id_of_port.text("type") == "mac" else id_of_port.text("value"),
        quote=quoted(output, port.members.get("descr"), id_of_port) if unnamed else _named(output, inner),
    )


def _named(output: Output, entry: Span) -> Quote:
    """The system's name, up to the first thing that is said of it."""
    first = next(iter(entry.members.values()), entry)
    return Quote(command=output.command, text=output.text[entry.start : first.end])
