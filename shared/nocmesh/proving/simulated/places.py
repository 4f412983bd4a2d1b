"""Where something can go wrong in a switched network: places, the one that shows best first. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from nocmesh.proving.simulated.cabling import bundled, ends
from nocmesh.proving.simulated.live import LiveNetwork
from nocmesh.proving.simulated.model import Cable, Interface, Node, Port


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A device, and what of it."""

    device: str
    interface: str = ""
    cable: Cable | None = None
    """Where the interface has one."""
    far: str = ""
    """The device at the other end."""
    detail: str = ""
    """What else there is to choose: a daemon, a package."""

    @property
    def port(self) -> Port:
        """The interface as an end."""
        return Port(device=self.device, interface=self.interface)

    def resource(self, on: str) -> str:
        """Its resource id; ``on``: `node`, `interface` or `link`."""
        if on == "link" and self.cable is not None:
            return self.cable.resource
        return f"interface/{self.device}/{self.interface}" if on == "interface" else f"node/{self.device}"


def switches(live: LiveNetwork) -> Iterator[Node]:
    """The switches, those at the edge first."""
    found = [node for node in live.model.nodes.values() if node.running.spanning is not None]
    return iter(sorted(found, key=lambda node: node.core))


def place_of(live: LiveNetwork, node: Node, interface: Interface) -> Place:
    """The interface with what is at its other end; a bundle's is that of its first member."""
    inside = bundled(live.model, node, interface.name) if interface.bundle else [interface]
    far = ends(live.model, node, inside[0]) if inside else None
    cable = live.model.cable_of(Port(device=node.name, interface=inside[0].name)) if inside else None
    return Place(device=node.name, interface=interface.name, cable=cable, far="" if far is None else far[0].name)


def _switch_ports(live: LiveNetwork) -> Iterator[tuple[Node, Interface]]:
    for node in switches(live):
        for interface in node.running.interfaces.values():
            if interface.switchport is not None and interface.enabled:
                yield node, interface


def trunks(live: LiveNetwork) -> Iterator[Place]:
    """Trunks to another switch, bundles as one; those without a second way first."""
    found = [
        (node, interface)
        for node, interface in _switch_ports(live)
        if interface.channel is None and interface.switchport is not None and interface.switchport.trunk
    ]
    alone = {node.name for node, _ in found if sum(n is node for n, _ in found) == 1}
    for node, interface in sorted(found, key=lambda pair: pair[0].name not in alone):
        yield place_of(live, node, interface)


def single_trunks(live: LiveNetwork) -> Iterator[Place]:
    """Trunks on one cable, blocked ends first."""
    blocked = {
        key for tree in live.bridging.trees.values() for key, standing in tree.ports.items() if not standing.forwarding
    }
    found = [place for place in trunks(live) if not place.interface.startswith("Port-channel")]
    yield from sorted(found, key=lambda place: (place.device, place.interface) not in blocked)


def root_ports(live: LiveNetwork) -> Iterator[Place]:
    """Where each switch has its way to the root; those without a second way first."""
    for place in trunks(live):
        bridges = [tree.bridges.get(place.device) for tree in live.bridging.trees.values()]
        if any(bridge is not None and bridge.root_port == place.interface for bridge in bridges):
            yield place


def detourable(live: LiveNetwork) -> Iterator[Place]:
    """Root ports of switches that have another way."""
    every = [place.device for place in trunks(live)]
    yield from (place for place in root_ports(live) if every.count(place.device) > 1)


def members_of(live: LiveNetwork, *, lacp: bool) -> Iterator[Place]:
    """The ports of bundles that speak LACP, or of those that do not."""
    for node, interface in _switch_ports(live):
        if interface.channel is not None and interface.channel.lacp is lacp:
            yield place_of(live, node, interface)


def access_ports(live: LiveNetwork) -> Iterator[Place]:
    """Access ports: to gateways, then to hosts."""
    found = [
        place_of(live, node, interface)
        for node, interface in _switch_ports(live)
        if interface.physical and interface.switchport is not None and not interface.switchport.trunk
    ]
    yield from sorted(found, key=lambda place: not place.far)


def bridge_ports(live: LiveNetwork) -> Iterator[Place]:
    """Every port of a bridge that is in no bundle."""
    yield from access_ports(live)
    yield from single_trunks(live)


def cabled(live: LiveNetwork) -> Iterator[Place]:
    """Every end of a cable on an IOS device, switches first: others do not tell their counters."""
    nodes = [*switches(live), *(n for n in live.model.nodes.values() if n.running.spanning is None)]
    for node in nodes:
        for interface in node.running.interfaces.values():
            place = place_of(live, node, interface)
            if node.dialect == "cisco_iosxe" and interface.physical and place.far:
                yield place


def negotiating(live: LiveNetwork) -> Iterator[Place]:
    """Ends of cables outside bundles, those of fixed speed first."""

    def fixed(place: Place) -> bool:
        return live.model.node(place.device).running.interfaces[place.interface].speed != "auto"

    outside = [p for p in cabled(live) if live.model.node(p.device).running.interfaces[p.interface].channel is None]
    yield from sorted(outside, key=lambda place: not fixed(place))


def bridges(live: LiveNetwork) -> Iterator[Place]:
    """Every switch, the edge first."""
    return (Place(device=node.name) for node in switches(live))


def not_root(live: LiveNetwork) -> Iterator[Place]:
    """Switches that are not the root, the edge first."""
    for node in switches(live):
        bridges = [tree.bridges.get(node.name) for tree in live.bridging.trees.values()]
        if any(bridge is not None and bridge.root_port for bridge in bridges):
            yield Place(device=node.name)


def nodes(live: LiveNetwork, dialect: str = "") -> Iterator[Place]:
    """Devices, switches at the edge first."""
    every = [*switches(live), *(n for n in live.model.nodes.values() if n.running.spanning is None)]
    yield from (Place(device=node.name) for node in every if dialect in ("", node.dialect))


def daemons(live: LiveNetwork, first: str) -> Iterator[Place]:
    """FRRouting's daemons, ``first`` before the others."""
    for node in live.model.nodes.values():
        for name in sorted(node.daemons, key=lambda name: name != first):
            yield Place(device=node.name, detail=name)
