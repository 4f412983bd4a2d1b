"""FRRouting behind vtysh: its JSON answers and its running configuration.

Keys as FRR 8.4 prints them (bgpd/bgp_vty.c bgp_show_peer, zebra/interface.c if_dump_vty_json,
zebra/zebra_vty.c vty_show_ip_route). Pure.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from nocmesh.diagnosis.configtext import sections, sha256_of, whole
from nocmesh.errors import InvalidInputError
from nocmesh.messages.state import BgpNeighbor, Interface, Output, Quote, Route, ViewStatus
from nocmesh_bridges.platforms.bgpconfig import canonical, configured_bgp
from nocmesh_bridges.platforms.bgpmerge import merged, notification, session_state
from nocmesh_bridges.platforms.protocol import Ask, Parsed, Source, Tables
from nocmesh_bridges.platforms.spans import Span, read_spans

RUNNING = "show running-config"
NEIGHBORS = "show bgp neighbors json"
INTERFACES = "show interface json"
ROUTES = "show ip route json"

_FAMILIES = {"Unicast": "-unicast", "Multicast": "-multicast", "Vpn": "-vpn", "Evpn": "-evpn"}
_QUOTED = (
    "bgpState",
    "remoteAs",
    "adminShutDown",
    "lastNotificationReason",
    "lastResetDueTo",
    "prefixesConfigExceedMax",
)
_CLOSE = 400
"""A quote from a name to its state, in characters, at most; longer ones are not read."""


def _json_status(text: str, shape: Callable[[Span], bool]) -> ViewStatus:
    """``shape``: what each entry must look like; another one is an answer that we do not understand."""
    try:
        answered = read_spans(text)
    except InvalidInputError:
        return "unparsed"
    if not isinstance(answered.value, dict) or not all(shape(entry) for entry in answered.value.values()):
        return "unparsed"
    return "parsed" if answered.value else "empty"


def _config_status(text: str) -> ViewStatus:
    return "parsed" if whole(text) else "unparsed"


def _is_neighbor(entry: Span) -> bool:
    return bool(entry.text("bgpState"))


def _is_interface(entry: Span) -> bool:
    return entry.text("administrativeStatus") in {"up", "down"}


def _is_prefix(entry: Span) -> bool:
    paths = entry.value
    return isinstance(paths, list) and all(isinstance(path, Span) and bool(path.text("protocol")) for path in paths)


def _quote(output: Output, entry: Span | None) -> list[Quote]:
    return [] if entry is None else [Quote(command=output.command, text=output.text[entry.start : entry.end])]


def _config(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    text = answers[0].text
    return Parsed(status=status, value=sections(text), config_sha256=sha256_of("frr", text))


def _interfaces(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    entries = read_spans(answers[0].text).members
    return Parsed(status=status, value=[_interface(answers[0], name, entry) for name, entry in entries.items()])


def _interface(output: Output, name: str, entry: Span) -> Interface:
    enabled = entry.text("administrativeStatus") == "up"
    state = entry.members.get("operationalStatus", entry.members["administrativeStatus"])
    near = state.end - entry.start <= _CLOSE
    quote = Quote(command=output.command, text=output.text[entry.start if near else state.start : state.end])
    return Interface(
        name=name,
        enabled=enabled,
        oper_up=enabled and _running(entry),
        mtu=entry.number("mtu"),
        addresses=[item.text("address") for item in _items(entry, "ipAddresses") if item.text("address")],
        description=entry.text("description") or entry.text("OsDescription"),
        in_errors=entry.number("inputErrors"),
        out_errors=entry.number("outputErrors"),
        quote=quote,
    )


def _running(entry: Span) -> bool | None:
    """Up in operation; without link detection FRR gives the kernel's flags only."""
    if entry.text("operationalStatus"):
        return entry.text("operationalStatus") == "up"
    flags = entry.text("flags")
    return "RUNNING" in flags if flags else None


def _items(entry: Span, key: str) -> list[Span]:
    found = entry.members.get(key)
    return [item for item in found.value if isinstance(item, Span)] if found and isinstance(found.value, list) else []


def _routes(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    routes: list[Route] = []
    for prefix, entry in read_spans(answers[0].text).members.items():
        chosen = [path for path in entry.value if path.flag("selected") or path.flag("installed")]
        routes.extend(_route(answers[0], prefix, path) for path in chosen[:1])
    return Parsed(status=status, value=routes)


def _route(output: Output, prefix: str, path: Span) -> Route:
    hops = _items(path, "nexthops")
    used = [hop for hop in hops if hop.flag("fib")] or [hop for hop in hops if hop.flag("active")]
    interfaces = ["Null0" if hop.flag("unreachable") else hop.text("interfaceName") for hop in used]
    quotes = _quote(output, path.members.get("prefix", path.members["protocol"]))
    return Route(
        prefix=prefix,
        protocol=path.text("protocol"),
        next_hops=[hop.text("ip") for hop in used if hop.text("ip")],
        interfaces=list(dict.fromkeys(name for name in interfaces if name)),
        quote=quotes[0],
    )


def _bgp(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    neighbors, running = answers
    entries = read_spans(neighbors.text).members
    sessions = [_session(neighbors, address, entry) for address, entry in entries.items()]
    configured = configured_bgp(sections(running.text), RUNNING)
    router_id = next((entry.text("localRouterId") for entry in entries.values()), "")
    nothing = not configured.line and not sessions
    return Parsed(status="empty" if nothing else status, value=merged(configured, sessions, RUNNING, router_id))


def _session(output: Output, address: str, entry: Span) -> BgpNeighbor:
    families = entry.members.get("addressFamilyInfo")
    counts = families.members if families is not None else {}
    uptime = entry.number("bgpTimerUpMsec")
    reasons = entry.text("lastNotificationReason")
    return BgpNeighbor(
        address=canonical(address),
        remote_as=entry.number("remoteAs") or None,
        local_as=entry.number("localAs"),
        session_state=session_state(entry.text("bgpState")),
        enabled=not entry.flag("adminShutDown"),
        description=entry.text("nbrDesc"),
        update_source=entry.text("updateSource"),
        has_password=bool(entry.number("authenticationEnabled")),
        address_families=sorted(_family(name) for name in counts),
        prefixes_received=_total(counts, "acceptedPrefixCounter"),
        prefixes_sent=_total(counts, "sentPrefixCounter"),
        last_reset_reason=entry.text("lastResetDueTo"),
        last_error=notification(reasons) if reasons else "",
        established_for=None if uptime is None else uptime // 1000,
        quotes=[quote for key in _QUOTED for quote in _quote(output, entry.members.get(key))],
    )


def _total(families: Mapping[str, Span], key: str) -> int | None:
    counts = [count for family in families.values() if (count := family.number(key)) is not None]
    return sum(counts) if counts else None


def _family(name: str) -> str:
    for ending, spelled in _FAMILIES.items():
        if name.endswith(ending):
            return name.removesuffix(ending).lower() + spelled
    return name


FRR = Tables(
    name="frr",
    views={
        "interfaces": Source((Ask(INTERFACES),), _interfaces),
        "bgp": Source((Ask(NEIGHBORS), Ask(RUNNING)), _bgp),
        "routes": Source((Ask(ROUTES),), _routes),
        "config": Source((Ask(RUNNING),), _config),
    },
    judges={
        RUNNING: _config_status,
        NEIGHBORS: partial(_json_status, shape=_is_neighbor),
        INTERFACES: partial(_json_status, shape=_is_interface),
        ROUTES: partial(_json_status, shape=_is_prefix),
    },
)
"""FRR."""
