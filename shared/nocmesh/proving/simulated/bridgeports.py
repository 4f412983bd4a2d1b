"""What a switch has to bridge between: its logical ports, and the stations behind them. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nocmesh.proving.simulated.cabling import bundled, ends, phy
from nocmesh.proving.simulated.model import Interface, Network, Node, Port
from nocmesh.proving.simulated.spanning import Key
from nocmesh.proving.simulated.switching import Switchport

COSTS = {10: 100, 100: 19, 1000: 4, 2000: 3}
"""Short path costs by megabits a second (IEEE 802.1D-1998 table 8-5; between its rows as IOS does)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """Something with an address that speaks: a host, or a routed interface."""

    mac: str
    address: str
    at: Port
    """The switch's port that it is plugged into."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridgeport:
    """One logical port of a switch that is up: a port, or a bundle."""

    device: str
    name: str
    switchport: Switchport
    members: tuple[Port, ...]
    speed: int
    half: bool = False

    @property
    def key(self) -> Key:
        """Switch and name."""
        return self.device, self.name

    @property
    def number(self) -> int:
        """The port number within the bridge; bundles count from 2089 as on Catalyst 9000."""
        return int(self.name.split("/")[-1]) if "/" in self.name else 2088 + int(self.name.removeprefix("Port-channel"))

    def cost(self, vlan: int) -> int:
        """The path cost in ``vlan``."""
        configured = self.switchport.cost(vlan)
        if configured is not None:
            return configured
        return next(cost for speed, cost in sorted(COSTS.items(), reverse=True) if self.speed >= speed or speed == 10)


def switches(network: Network) -> Iterator[Node]:
    """Those that bridge."""
    return (node for node in network.nodes.values() if node.running.spanning is not None)


def vlans_of(node: Node) -> Iterable[int]:
    """The VLANs that the switch knows."""
    return () if node.running.spanning is None else node.running.spanning.vlans


def bridgeports(network: Network) -> Iterator[Bridgeport]:
    """Every logical port of every switch that is up."""
    for node in switches(network):
        for interface in node.running.interfaces.values():
            found = _port(network, node, interface)
            if found is not None:
                yield found


def _port(network: Network, node: Node, interface: Interface) -> Bridgeport | None:
    """A port that is up and bridged; None for members of bundles, routed and dead ports."""
    if interface.switchport is None or interface.channel is not None or interface.svi:
        return None
    inside = bundled(network, node, interface.name) if interface.bundle else [interface]
    running = [p for p in (phy(network, node, i) for i in inside) if p.up]
    if not running:
        return None
    return Bridgeport(
        device=node.name,
        name=interface.name,
        switchport=interface.switchport,
        members=tuple(Port(device=node.name, interface=i.name) for i in inside),
        speed=sum(p.speed for p in running),
        half=any(p.duplex == "half" for p in running),
    )


def stations(network: Network) -> Iterator[Station]:
    """Hosts, and routed interfaces that are cabled to a switch."""
    for host in network.hosts:
        at = Port(device=host.device, interface=host.interface)
        yield Station(mac=host.mac, address=host.address, at=at)
    for node in network.nodes.values():
        for interface in node.running.interfaces.values():
            far = ends(network, node, interface) if interface.switchport is None and interface.physical else None
            if far is not None and far[1].switchport is not None:
                address = interface.addresses[0].split("/")[0] if interface.addresses else ""
                at = Port(device=far[0].name, interface=far[1].name)
                yield Station(mac=interface.mac, address=address, at=at)
