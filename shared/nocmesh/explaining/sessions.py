"""BGP sessions that cannot stand without what is lost: by the intent of the inventory, and by the symptoms. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_interface
from typing import TypeAlias

from nocmesh.diagnosis.resources import interface, node
from nocmesh.explaining.graph import Graph
from nocmesh.explaining.losses import Losses
from nocmesh.messages.report import LostSession, RootCause, Symptom
from nocmesh.network import Device, End, Network

Address: TypeAlias = IPv4Address | IPv6Address


class Intended:
    """The sessions that the devices' intent lists, with the link that each runs over."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._owners: dict[Address | None, End] = {
            found: End(device=device.name, interface=port.name)
            for device in network.devices
            for port in device.interfaces
            for address in port.addresses
            if (found := address_of(address)) is not None
        }
        self._links = {end: link for link in network.links for end in (link.a, link.b)}

    def all(self) -> Iterator[tuple[LostSession, str]]:
        """Each session from each end that lists it, and the resource that it runs over: empty where it is routed."""
        for device in self._network.devices:
            for neighbor in device.intent.bgp.neighbors if device.intent.bgp else ():
                owner = self._owners.get(address_of(neighbor.address))
                far = owner.device if owner else ""
                if far == device.name:
                    continue
                session = LostSession(device=device.name, neighbor=far, address=neighbor.address)
                yield session, self._over(device, owner, neighbor.address)

    def _over(self, device: Device, owner: End | None, address: str) -> str:
        link = self._links.get(owner) if owner else None
        if link is not None and owner is not None and link.other(owner).device == device.name:
            return link.resource
        port = next((p.name for p in device.interfaces if _within(address, p.addresses)), "")
        return interface(device.name, port) if port and owner is None else ""


def _within(address: str, addresses: Iterable[str]) -> bool:
    wanted = address_of(address)
    return wanted is not None and any(wanted in network for own in addresses if (network := network_of(own)))


def address_of(text: str) -> Address | None:
    """The address in ``text``, with or without the length of its prefix; None where it is none."""
    try:
        return ip_interface(text).ip
    except ValueError:
        return None


def network_of(text: str) -> IPv4Network | IPv6Network | None:
    """The network that the address in ``text`` is of; None where it is none."""
    try:
        return ip_interface(text).network
    except ValueError:
        return None


def lost_sessions(
    losses: Losses, causes: Sequence[RootCause], symptoms: Sequence[Symptom], network: Network
) -> list[LostSession]:
    """Each session once: what the symptoms say of the causes' devices, and what cannot stand without what is lost."""
    parts = _parts(Graph.of(network, losses.vertices))
    told = list(Intended(network).all())
    found = [s for s, over in told if _falls(s, over, losses, parts)]
    seen = {frozenset(s.devices) for s in symptoms if s.kind == "session" and _touch(s, causes)}
    found += [s for s, _ in told if frozenset((s.device, s.neighbor)) in seen]
    known = {frozenset((s.device, s.neighbor)) for s in found}
    bare = [sorted(pair) for pair in seen - known if len(pair) == 2]
    found += [LostSession(device=a, neighbor=b) for a, b in sorted(bare)]
    return _once(found)


def _touch(symptom: Symptom, causes: Sequence[RootCause]) -> bool:
    """The symptom concerns a device that a cause is on or was proved by."""
    concerned = {e.device for cause in causes for e in cause.evidence}
    nodes = {cause.resource for cause in causes}
    return any(device in concerned or node(device) in nodes for device in symptom.devices)


def _parts(graph: Graph) -> Mapping[str, int]:
    return {vertex: n for n, part in enumerate(graph.parts()) for vertex in part}


def _falls(session: LostSession, over: str, losses: Losses, parts: Mapping[str, int]) -> bool:
    ends = [node(name) for name in (session.device, session.neighbor) if name]
    if losses.gone & {over, *ends} or losses.doubtful & set(ends):
        return True
    if over or len(ends) < 2 or losses.passed_by & set(ends):
        return False
    return len({parts.get(end, -1) for end in ends}) > 1


def _once(sessions: Collection[LostSession]) -> list[LostSession]:
    """One entry for the two ends of a session."""
    kept: dict[frozenset[str], LostSession] = {}
    for session in sessions:
        key = frozenset((session.device, session.neighbor or session.address))
        kept.setdefault(key, session)
    return list(kept.values())
