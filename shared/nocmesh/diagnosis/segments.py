"""Layer 2 between two stations: through which links and bridges their frames go, as spanning tree leaves it open.

What nobody looked at is taken as the inventory has it: ports without addresses of one device are one bridge.
"""

from collections import deque
from collections.abc import Iterator

from nocmesh.diagnosis.cabling import Cable
from nocmesh.diagnosis.facts import Facts
from nocmesh.diagnosis.find import address_of, as_interface
from nocmesh.messages.state import Interface
from nocmesh.network import End, Link

_SHUT = frozenset({"blocking", "discarding", "listening", "learning", "disabled"})
"""States of a port in which it carries no frames (IEEE 802.1D §8.4)."""


def frames_path(facts: Facts, here: End, there: End) -> tuple[Link, ...] | None:
    """The links that frames from ``here`` to ``there`` cross, in order; None: no way is open."""
    links = {end: link for link in facts.network.links for end in (link.a, link.b)}
    ways: dict[End, tuple[Link, ...]] = dict.fromkeys(_exits(facts, here), ())
    ahead = deque(ways)
    goals = set(_exits(facts, there)) | {there}
    while ahead:
        out = ahead.popleft()
        link = links.get(out)
        if out in goals and out.device == there.device:
            return ways[out]
        if link is None or not _open(facts, link):
            continue
        far = link.other(out)
        way = (*ways[out], link)
        if far in goals:
            return way
        for port in bridged(facts, far):
            if port not in ways:
                ways[port] = way
                ahead.append(port)
    return None


def _exits(facts: Facts, station: End) -> list[End]:
    """The ports by which frames of a station leave: its own, or those of the bridge that it stands on."""
    linked = any(station in (link.a, link.b) for link in facts.network.links)
    return [station] if linked else _ports(facts, station.device, station.interface)


def wired(facts: Facts, station: End) -> bool:
    """The inventory knows a link by which its frames leave."""
    return any(end in (link.a, link.b) for end in _exits(facts, station) for link in facts.network.links)


def bridged(facts: Facts, port: End) -> list[End]:
    """The other ports to which a bridge sends what it receives on ``port``; none: it is no port of a bridge."""
    seen = facts.interface(port)
    sight = facts.sight(port.device)
    if seen is not None and sight is not None and (seen.bridge or not _switches(sight.interfaces or [], seen)):
        return [end for end in _ports(facts, port.device, seen.bridge) if end != port] if seen.bridge else []
    if _addressed(facts, port):
        return []
    return [end for end in _linked(facts, port.device) if end != port and not _addressed(facts, end)]


def _switches(interfaces: list[Interface], port: Interface) -> bool:
    """The device tells no bridges, as a switch of a vendor does not, and the port has no address of its own."""
    return not port.addresses and not any(interface.bridge for interface in interfaces)


def _ports(facts: Facts, device: str, bridge: str) -> list[End]:
    sight = facts.sight(device)
    named = [i.name for i in (sight.interfaces or [] if sight else []) if i.bridge and i.bridge == bridge]
    if named:
        return [End(device=device, interface=name) for name in named]
    return [end for end in _linked(facts, device) if not _addressed(facts, end)]


def _linked(facts: Facts, device: str) -> Iterator[End]:
    return (own for _, own, _ in facts.network.neighbours(device))


def _addressed(facts: Facts, end: End) -> bool:
    device = facts.network.device(end.device)
    listed = [i for i in (device.interfaces if device else []) if i.name == end.interface]
    return any(interface.addresses for interface in listed)


def _open(facts: Facts, link: Link) -> bool:
    cable = Cable(link, facts)
    return not (cable.broken or cable.intended_off) and not any(_is_shut(facts, end) for end in cable.ends)


def _is_shut(facts: Facts, end: End) -> bool:
    sight = facts.sight(end.device)
    ports = sight.stp.ports if sight and sight.stp else []
    return any(port.name == end.interface and port.state in _SHUT for port in ports)


def stations(facts: Facts, address: str) -> list[tuple[End, str]]:
    """Every interface of the inventory with an address in the subnet of ``address``, with that address."""
    wanted = address_of(address)
    found: list[tuple[End, str]] = []
    for device in facts.network.devices if wanted is not None else []:
        for interface in device.interfaces:
            own = [known for text in interface.addresses if (known := as_interface(text)) is not None]
            end = End(device=device.name, interface=interface.name)
            found += [(end, str(each.ip)) for each in own if wanted in each.network]
    return found
