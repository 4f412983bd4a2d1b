"""The way of a packet as the forwarding tables have it, hop by hop, until it arrives or cannot go on.

Several next hops are all tried: a flow that is hashed onto the broken one fails. Pure.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from nocmesh.diagnosis.facts import Facts, Sight
from nocmesh.diagnosis.find import Address, address_of, as_interface
from nocmesh.diagnosis.reach import Journey
from nocmesh.diagnosis.segments import frames_path, stations, wired
from nocmesh.messages.state import NeighborEntry, Quote, Route
from nocmesh.network import End, Link

MOST_HOPS = 64
RECURSION = 4
"""Next hops that are themselves reached by a route (RFC 4271 §5.1.3), so deep."""
_SILENT = frozenset({"failed", "incomplete"})
"""Of the neighbour states (RFC 4861 §7.3.2, and the kernel's): nobody answered for the address."""

StopKind = Literal["unreachable", "no_route", "discards", "nobody", "silent", "cut", "loop"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Where a packet cannot go on."""

    device: str
    kind: StopKind
    what: str
    """In words: `r3 has no route to 10.0.3.7`."""
    quote: Quote | str | None = None

    @property
    def sure(self) -> bool:
        """It does not depend on what the inventory leaves out, nor on a table of neighbours that may be old."""
        return self.kind not in ("nobody", "silent")


@dataclass(slots=True)
class Walk:
    """What one journey comes to."""

    journey: Journey
    devices: dict[str, None] = field(default_factory=dict)
    """Everybody on the way, in order: routers, and the switches between them."""
    links: dict[Link, None] = field(default_factory=dict)
    stops: list[Stop] = field(default_factory=list)
    unseen: dict[str, None] = field(default_factory=dict)
    """Devices on the way that nobody looked at yet, or not for their routes."""
    legs: list[tuple[End, End, str]] = field(default_factory=list)
    """From which interface to which, and the address that it is there; for what can be probed."""

    @property
    def stop(self) -> Stop | None:
        """The first place where it cannot go on, the sure ones first; None: none is known."""
        return min(self.stops, key=lambda stop: not stop.sure, default=None)

    @property
    def whole(self) -> bool:
        """Everybody on the way was looked at."""
        return not self.unseen


def walk(facts: Facts, journey: Journey) -> Walk:
    """The way of ``journey`` by what was seen so far."""
    found = Walk(journey)
    target = address_of(journey.target.address)
    for start in _starts(facts, journey) if target is not None else []:
        _step(facts, found, start, target, ())  # type: ignore[arg-type]
    return found


def _starts(facts: Facts, journey: Journey) -> list[str]:
    """The device itself; for an address that the inventory does not list, a router of its subnet."""
    if journey.source.device:
        return [journey.source.device]
    near = [end.device for end, _ in stations(facts, journey.source.address)]
    routers = [name for name in near if (device := facts.network.device(name)) and device.platform != "linux"]
    return routers[:1]


def _step(facts: Facts, found: Walk, device: str, target: Address, before: Sequence[str]) -> None:
    """Go on from ``device``, which came by ``before``."""
    if device in before or len(before) >= MOST_HOPS:
        where = " - ".join([*before[before.index(device) if device in before else 0 :], device])
        found.stops.append(Stop(device=device, kind="loop", what=f"what goes to {target} goes round: {where}"))
        return
    again = device in found.devices
    found.devices[device] = None
    if again or _owns(facts, device, target):
        return
    sight = facts.sight(device)
    if sight is None or (sight.routes is None and not sight.unreachable and "routes" not in sight.asked):
        found.unseen[device] = None
    elif sight.unreachable:
        found.stops.append(Stop(device=device, kind="unreachable", what=f"{device} cannot be reached"))
    elif sight.routes is not None:
        _forward(facts, found, sight, target, (*before, device))


def _owns(facts: Facts, device: str, target: Address) -> bool:
    return any(own == target for _, own, _ in facts.addresses(device))


def _forward(facts: Facts, found: Walk, sight: Sight, target: Address, path: Sequence[str]) -> None:
    route = lookup(sight.routes or [], target)
    if route is None:
        what = f"{sight.name} has no route to {target}"
        found.stops.append(Stop(device=sight.name, kind="no_route", what=what))
    elif route.discards:
        what = f"{sight.name} drops what goes to {target}: its route to {route.prefix} discards"
        found.stops.append(Stop(device=sight.name, kind="discards", what=what, quote=route.quote))
    else:
        for hop, interface in _hops(facts, sight, route, target):
            _across(facts, found, sight, hop, interface, target, path, route)


def lookup(routes: Iterable[Route], target: Address) -> Route | None:
    """The route that a packet to ``target`` takes: the longest prefix of those in use (RFC 1812 §5.2.4.3)."""
    best: tuple[int, Route] | None = None
    for route in routes:
        net = as_interface(route.prefix)
        if not route.selected or net is None or net.version != target.version or target not in net.network:
            continue
        if best is None or net.network.prefixlen > best[0]:
            best = net.network.prefixlen, route
    return best[1] if best else None


def _hops(facts: Facts, sight: Sight, route: Route, target: Address, depth: int = 0) -> Iterator[tuple[Address, str]]:
    """Each (address to hand the packet to, interface that leads there)."""
    if not route.next_hops:
        yield from ((target, interface) for interface in route.interfaces[:1])
    for text in route.next_hops:
        hop = address_of(text)
        interface = _interface_to(facts, sight.name, hop) if hop is not None else ""
        if hop is not None and interface:
            yield hop, interface
        elif hop is not None and depth < RECURSION:
            further = lookup(sight.routes or [], hop)
            if further is not None and further is not route:
                yield from _hops(facts, sight, further, hop, depth + 1)
            elif route.interfaces:
                yield hop, route.interfaces[0]


def _interface_to(facts: Facts, device: str, hop: Address) -> str:
    rows = facts.addresses(device)
    return next((name for name, _, net in rows if net.version == hop.version and hop in net), "")


def _across(
    facts: Facts,
    found: Walk,
    sight: Sight,
    hop: Address,
    interface: str,
    target: Address,
    path: Sequence[str],
    route: Route,
) -> None:
    """Over one segment: is somebody there, does layer 2 lead to it, does it answer."""
    here, there = End(device=sight.name, interface=interface), facts.place(str(hop))
    entry = _neighbor(sight, hop)
    if entry is not None and entry.state.lower() in _SILENT:
        what = f"{sight.name} asks for {hop} on {interface} and nobody answers"
        found.stops.append(Stop(device=sight.name, kind="silent", what=what, quote=entry.quote))
    if there is None:
        if hop != target:
            what = f"{sight.name} sends what goes to {target} to {hop}, which is nobody's that is known"
            found.stops.append(Stop(device=sight.name, kind="nobody", what=what, quote=route.quote))
        return
    found.legs.append((here, there, str(hop)))
    _frames(facts, found, here, there)
    if _gone(facts, there, hop):
        what = f"{sight.name} sends what goes to {target} to {hop}, which {there} has no longer"
        found.stops.append(Stop(device=there.device, kind="nobody", what=what, quote=route.quote))
        found.devices[there.device] = None
        return
    _step(facts, found, there.device, target, path)


def _frames(facts: Facts, found: Walk, here: End, there: End) -> None:
    links = frames_path(facts, here, there)
    if links is None:
        seen = all(facts.sight(end.device) is not None for end in (here, there))
        if seen and all(wired(facts, end) for end in (here, there)):
            what = f"nothing leads from {here} to {there}: every link between them is down or blocked"
            found.stops.append(Stop(device=here.device, kind="cut", what=what))
        return
    for link in links:
        found.links[link] = None
        for end in (link.a, link.b):
            if end.device not in found.devices and end.device != there.device:
                found.devices[end.device] = None


def _neighbor(sight: Sight, hop: Address) -> NeighborEntry | None:
    entries = sight.neighbors.entries if sight.neighbors else []
    return next((entry for entry in entries if address_of(entry.address) == hop), None)


def _gone(facts: Facts, place: End, hop: Address) -> bool:
    """The interface was seen, and has other addresses than this one."""
    seen = facts.interface(place)
    if seen is None:
        return False
    return all(own != hop for _, own, _ in facts.addresses(place.device))


def past(facts: Facts) -> Facts:
    """The network as it was when all was well, as far as baselines tell."""
    sights = facts.sights.values()
    return Facts(facts.network, {s.name: Sight(s.device, (s.baseline,)) for s in sights if s.baseline is not None})
