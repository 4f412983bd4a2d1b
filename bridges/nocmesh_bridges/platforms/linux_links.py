"""Interfaces as `ip` shows them, and what shapes their traffic (iproute2's ip/ipaddress.c, tc/tc_qdisc.c). Pure."""

from collections.abc import Sequence

from msgspec.structs import replace

from nocmesh.messages.state import Interface, Output, Queue, ViewStatus
from nocmesh_bridges.platforms.protocol import Parsed, told
from nocmesh_bridges.platforms.spans import Span, read_spans
from nocmesh_bridges.platforms.telling import items, quoted, texts

LINKS = "ip -j -s -s -d address show"
"""Addresses, counters, kinds, bridges and their ports at once."""
SHAPERS = "tc -j qdisc show"
_KINDS = {"veth": "ethernet", "bond": "lag", "team": "lag"}
_TYPES = {"ether": "ethernet", "loopback": "loopback"}


def is_link(entry: Span) -> bool:
    """Say whether ``entry`` is what `ip` prints of a link, or the empty object that it prints of one left out."""
    if not entry.members:
        return True
    there = isinstance(entry.members.get("flags"), Span) and isinstance(entry.members.get("addr_info"), Span)
    return bool(entry.text("ifname")) and entry.number("mtu") is not None and there


def is_shaper(entry: Span) -> bool:
    """Say whether ``entry`` is what `tc` prints of a queueing discipline."""
    return bool(entry.text("kind")) and bool(entry.text("dev"))


def links_of(output: Output) -> dict[str, Span]:
    """What `ip` says of each link, by its name; nothing when the answer is not understood."""
    return {entry.text("ifname"): entry for entry in _said(output) if entry.members}


def _said(output: Output) -> list[Span]:
    return items(read_spans(output.text)) if told(output.status) else []


def rates_of(output: Output) -> dict[str, int]:
    """What the shaper of each interface lets through, bits per second. `tc` says bytes per second."""
    found: dict[str, int] = {}
    for entry in _said(output):
        options = entry.members.get("options")
        rate = _rate(options) if options is not None else None
        if rate is not None:
            name = entry.text("dev")
            found[name] = min(rate * 8, found.get(name, rate * 8))
    return found


def _rate(options: Span) -> int | None:
    """What a shaper lets through: tbf says `rate`, netem `rate.rate`, cake `bandwidth` (tc/q_*.c)."""
    inner = options.members.get("rate")
    nested = inner.number("rate") if inner is not None else None
    return options.number("rate") or nested or options.number("bandwidth")


def queues(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `queues` from SHAPERS: those that let only so much through."""
    output = answers[0]
    kinds = {entry.text("dev"): entry.members["kind"] for entry in _said(output) if _limits(entry)}
    found = [
        Queue(interface=name, rate_bps=rate, quote=quoted(output, kinds.get(name)))
        for name, rate in rates_of(output).items()
    ]
    return Parsed(status=status, value=found)


def _limits(entry: Span) -> bool:
    options = entry.members.get("options")
    return options is not None and _rate(options) is not None


def interfaces(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `interfaces` from LINKS and SHAPERS."""
    links, shapers = answers
    rates = rates_of(shapers)
    found = [_interface(links, name, entry, rates.get(name)) for name, entry in links_of(links).items()]
    return Parsed(status=status, value=found)


def _interface(output: Output, name: str, entry: Span, rate: int | None) -> Interface:
    flags = texts(entry, "flags")
    plain = Interface(
        name=name,
        enabled="UP" in flags,
        oper_up="UP" in flags and "LOWER_UP" in flags and entry.text("operstate") in ("UP", "UNKNOWN"),
        mtu=entry.number("mtu"),
        addresses=[address for item in items(entry, "addr_info") if (address := _address(item))],
        description=entry.text("ifalias"),
        rate_limit_bps=rate,
        quote=quoted(output, entry.members["ifname"], entry.members["mtu"], entry.members.get("operstate")),
    )
    return with_link(plain, entry)


def _address(item: Span) -> str:
    local, length = item.text("local"), item.number("prefixlen")
    return f"{local}/{length}" if local and length is not None else ""


def with_link(interface: Interface, entry: Span) -> Interface:
    """``interface`` with what the kernel alone knows of its link."""
    received, sent = (_counters(entry, direction) for direction in ("rx", "tx"))
    return replace(
        interface,
        in_errors=received.number("errors"),
        out_errors=sent.number("errors"),
        in_discards=received.number("dropped"),
        out_discards=sent.number("dropped"),
        carrier_changes=sent.number("carrier_changes"),
        mac=entry.text("address").lower() if entry.text("link_type") == "ether" else "",
        kind=kind_of(entry),
        bridge=entry.text("master"),
    )


def _counters(entry: Span, direction: str) -> Span:
    stats = entry.members.get("stats64") or entry.members.get("stats")
    found = stats.members.get(direction) if stats is not None else None
    return found if found is not None else Span({}, 0, 0)


def kind_of(entry: Span) -> str:
    """`ethernet`, `bridge`, `vlan`, `lag`, `loopback`, or what the kernel calls it."""
    info = entry.members.get("linkinfo")
    kind = info.text("info_kind") if info is not None else ""
    return _KINDS.get(kind, kind) or _TYPES.get(entry.text("link_type"), entry.text("link_type"))
