"""Who does not get to whom, as an alert says it: two places of the network, or one that nobody gets to.

Which of the two is the source is a help only: both ways are walked, for an answer must come back.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nocmesh.diagnosis.find import Address, Index, address_of, as_interface, words_of
from nocmesh.diagnosis.hints import about_quality, about_reach
from nocmesh.network import Device, Network

SOURCES = (
    *("source", "src", "from", "client", "prober", "probe_source", "source_host", "src_host", "source_ip", "src_ip"),
    *("source_address", "agent"),
)
TARGETS = (
    *("target", "destination", "dst", "dest", "to", "server", "remote", "destination_host", "dst_host", "dst_ip"),
    *("destination_ip", "destination_address", "probe_target", "url", "peer", "neighbor"),
)
"""Labels by which probers name the two: blackbox and smokeping exporters, ThousandEyes, Zabbix, our lab."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One end of a journey: a device of the inventory, an address of it, or an address that belongs to none."""

    device: str = ""
    address: str = ""

    def __str__(self) -> str:
        return f"{self.device} ({self.address})" if self.device and self.address else self.device or self.address


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """What should get from one place to the other."""

    source: Place
    target: Place
    told: bool = True
    """The alert names both; else one of them is ours, to try the other from."""

    @property
    def back(self) -> "Journey":
        """The way of the answers."""
        return replace(self, source=self.target, target=self.source)


def journeys(alert: Mapping[str, Any], network: Network, words: Collection[str]) -> tuple[Journey, ...]:
    """The journeys that ``alert`` says fail, or go badly; none where its ``words`` are about something else.

    One place alone, that is not reached, is tried from a station of its own subnet, and from one elsewhere.
    """
    if not (about_reach(words) or about_quality(words)):
        return ()
    named = [replace(place, address=place.address or home(network, place.device)) for place in places(alert, network)]
    found = [place for place in named if place.address]  # nobody sends anything to a switch that has none
    if len(found) >= 2:
        return (Journey(source=found[0], target=found[1]),)
    tried = _witnesses(network, found[0]) if found and about_reach(words) else ()
    return tuple(Journey(source=near, target=found[0], told=False) for near in tried)


def places(alert: Mapping[str, Any], network: Network) -> list[Place]:
    """The places that ``alert`` names, the source first where it says which that is; each device once.

    An address outside of every known subnet is a place only where there are not two others.
    """
    index = Index(network)
    labels = alert.get("labels")
    said = {str(key).lower(): value for key, value in labels.items()} if isinstance(labels, Mapping) else {}
    sources, targets, own = (_strings(said, keys) for keys in (SOURCES, TARGETS, ("instance", "host")))
    own = [*_strings(alert, ("device",)), *own]
    told = words_of({key: alert.get(key) for key in ("summary", "description", "annotations")})
    ordered = [*sources, *own, *targets, *told] if targets else [*sources, *told, *own]
    found = [place for text in ordered if (place := _place(index, network, text)) is not None]
    inside = _once(place for place in found if place.device or index.devices(place.address))
    return inside if len(inside) >= 2 else _once([*inside, *found])


def home(network: Network, name: str) -> str:
    """The address that stands for a device: a router's loopback, a host's first; empty: it has none."""
    device = network.device(name)
    own = [found for i in (device.interfaces if device else []) for a in i.addresses if (found := as_interface(a))]
    own = [each for each in own if each.version == 4 and not each.ip.is_loopback]
    own.sort(key=lambda each: each.network.prefixlen != each.max_prefixlen)
    return str(own[0].ip) if own else ""


def _strings(said: Mapping[str, Any], keys: Sequence[str]) -> list[str]:
    return [value[:300] for key in keys if isinstance(value := said.get(key), str)]


def _place(index: Index, network: Network, text: str) -> Place | None:
    device, address = index.owner(text), index.address(text)
    if address is not None and _is_management(network.device(device), address):
        address = None
    return Place(device=device, address=str(address or "")) if device or address is not None else None


def _is_management(device: Device | None, address: Address) -> bool:
    """The address is where we sign in: nobody's traffic goes there."""
    if device is None or address_of(device.address) != address:
        return False
    return all(address_of(a) != address for i in device.interfaces for a in i.addresses)


def _once(found: Iterable[Place]) -> list[Place]:
    """Each device once, with the first of its addresses that is told."""
    kept: dict[str, Place] = {}
    for place in found:
        key = place.device or place.address
        kept[key] = place if key not in kept or not kept[key].address else kept[key]
    return list(kept.values())


def _witnesses(network: Network, place: Place) -> Iterator[Place]:
    """Who can be asked to reach ``place``: one station of its subnet, routers first, and one elsewhere, hosts first."""
    target = address_of(place.address)
    others = [device for device in network.devices if device.name != place.device and home(network, device.name)]
    near = [device for device in others if target is not None and _is_beside(device, target)]
    for chosen in (
        sorted(near, key=lambda device: device.platform == "linux")[:1],
        sorted((d for d in others if d not in near), key=lambda device: device.platform != "linux")[:1],
    ):
        for device in chosen:
            yield Place(device=device.name, address=_nearest(device, target) or home(network, device.name))


def _is_beside(device: Device, target: Address) -> bool:
    return bool(_nearest(device, target))


def _nearest(device: Device, target: Address | None) -> str:
    """The device's own address in the subnet of ``target``; empty: it has none there."""
    own = [found for i in device.interfaces for a in i.addresses if (found := as_interface(a))]
    return next((str(each.ip) for each in own if target is not None and target in each.network), "")
