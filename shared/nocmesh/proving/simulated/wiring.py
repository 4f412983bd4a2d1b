"""Who reaches whom: interfaces up or down, the way to an address. Pure; connected and static routes only.

BGP's own routes never carry BGP sessions here, so that reachability does not depend on what it decides.
"""

from dataclasses import dataclass
from ipaddress import IPv4Network

from nocmesh.proving.simulated.cabling import bundled, member, phy
from nocmesh.proving.simulated.model import Interface, Neighbor, Network, Node, Port, address_of, ip, subnet_of

MAX_HOPS = 16
"""A loop of static routes ends here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """The way out towards an address."""

    interface: str
    gateway: str | None
    """None: on the wire itself."""


def far_end(network: Network, port: Port) -> Port | None:
    """The port at the other end of the cable, plugged in or not."""
    cable = network.cable_of(port)
    return None if cable is None else cable.other(port)


def oper_up(network: Network, node: Node, interface: Interface) -> bool:
    """Line and protocol: enabled here, the cable whole, enabled there; without a cable, hosts are behind it."""
    if not interface.enabled:
        return False
    if interface.bundle:
        return bool(bundled(network, node, interface.name))
    if interface.svi:
        return _footing(network, node, interface)
    if interface.channel is not None:
        return member(network, node, interface).flag == "P"
    if interface.speed != "auto" or interface.switchport is not None:
        return phy(network, node, interface).up
    port = Port(device=node.name, interface=interface.name)
    cable = network.cable_of(port)
    if interface.loopback or cable is None:
        return True
    other = cable.other(port)
    far = network.node(other.device).running.interfaces.get(other.interface)
    if far is not None and far.speed != "auto":
        return phy(network, node, interface).up
    return cable.up and far is not None and far.enabled


def _footing(network: Network, node: Node, interface: Interface) -> bool:
    """A switch's own interface in a VLAN is up while a port of that VLAN is."""
    vlan = int(interface.name.removeprefix("Vlan"))
    return any(
        other.switchport.carries(vlan) and phy(network, node, other).up
        for other in node.running.interfaces.values()
        if other.switchport is not None
    )


def connected(network: Network, node: Node) -> list[tuple[IPv4Network, str]]:
    """The prefixes on interfaces that are up."""
    return [
        (subnet_of(address), interface.name)
        for interface in node.running.interfaces.values()
        if oper_up(network, node, interface)
        for address in interface.addresses
    ]


def hop_towards(network: Network, node: Node, address: str) -> Hop | None:
    """The longest match among connected and static routes, or None."""
    wanted = ip(address)
    direct = connected(network, node)
    best: tuple[int, Hop] | None = None
    for prefix, interface in direct:
        if wanted in prefix and (best is None or prefix.prefixlen > best[0]):
            best = (prefix.prefixlen, Hop(interface=interface, gateway=None))
    for static in node.running.statics:
        prefix = subnet_of(static.prefix)
        out = next((name for net, name in direct if ip(static.next_hop) in net), None)
        if wanted in prefix and out is not None and (best is None or prefix.prefixlen > best[0]):
            best = (prefix.prefixlen, Hop(interface=out, gateway=static.next_hop))
    return None if best is None else best[1]


def owns(network: Network, node: Node, address: str) -> bool:
    """Whether an interface of ``node`` that is up has ``address``."""
    return any(
        oper_up(network, node, interface)
        for interface in node.running.interfaces.values()
        if any(address_of(own) == address for own in interface.addresses)
    )


def reach(network: Network, node: Node, address: str) -> tuple[Node, int] | None:
    """Who answers to ``address`` as seen from ``node``, and over how many links; None: nobody."""
    here = node
    for hops in range(MAX_HOPS):
        if owns(network, here, address):
            return here, hops
        hop = hop_towards(network, here, address)
        following = None if hop is None else _next_node(network, here, hop, address)
        if following is None:
            return None
        here = following
    return None


def _next_node(network: Network, here: Node, hop: Hop, address: str) -> Node | None:
    other = far_end(network, Port(device=here.name, interface=hop.interface))
    if other is None:
        return None
    far = network.node(other.device)
    asked = hop.gateway or address
    interface = far.running.interfaces.get(other.interface)
    answers = interface is not None and any(address_of(own) == asked for own in interface.addresses)
    return far if answers else None


def source_towards(network: Network, node: Node, neighbor: Neighbor) -> str:
    """The address that ``node`` speaks from to ``neighbor``, or an empty string."""
    source = neighbor.update_source
    if source and source[0].isdigit():
        return source if owns(network, node, source) else ""
    if not source:
        hop = hop_towards(network, node, neighbor.address)
        source = "" if hop is None else hop.interface
    interface = node.running.interfaces.get(source)
    if interface is None or not interface.addresses or not oper_up(network, node, interface):
        return ""
    return address_of(interface.addresses[0])


def on_broken_wire(node: Node, address: str) -> bool:
    """Whether ``address`` lies on a subnet that ``node`` is configured into."""
    return any(
        ip(address) in subnet_of(own) for interface in node.running.interfaces.values() for own in interface.addresses
    )
