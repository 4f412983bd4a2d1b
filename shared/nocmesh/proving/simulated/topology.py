"""The networks that are simulated, as data, and what builds devices from it.

The addresses are of the documentation and private ranges (RFC 5737, RFC 1918), the AS numbers private (RFC 6996).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from nocmesh.errors import NotFoundError
from nocmesh.proving.simulated import frr_config, iosxe_config
from nocmesh.proving.simulated.campus import FOUR, Campus, add_campus
from nocmesh.proving.simulated.model import (
    Bgp,
    Cable,
    Configuration,
    DialectName,
    Interface,
    Neighbor,
    Network,
    Node,
    Port,
    Software,
    StaticRoute,
)

VERSIONS = {"frr": frr_config.VERSION, "cisco_iosxe": iosxe_config.VERSION}
DAEMONS = ("zebra", "bgpd", "bfdd", "watchfrr", "staticd")
"""FRRouting's, in the order of `show daemons`."""
FIRST_LAN = 8
"""Interfaces with hosts behind them are numbered from here, cables from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Router:
    """One device of a topology."""

    name: str
    dialect: DialectName
    asn: int
    loopback: str
    networks: tuple[str, ...] = ()
    """Each on an interface of its own, announced by BGP."""
    role: str = "core"
    core: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """A cable with a /30 on it; the first end has the first address."""

    a: str
    b: str
    subnet: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Peering:
    """A BGP session between two cabled routers."""

    a: str
    b: str
    loopbacks: bool = False
    """Between the loopbacks, over static routes; across ASes with `ebgp-multihop 2`."""
    passive: str = ""
    """The end that only listens."""
    password: str = ""
    maximum_prefix: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """A network to simulate."""

    name: str
    routers: tuple[Router, ...]
    wires: tuple[Wire, ...]
    peerings: tuple[Peering, ...]
    campus: Campus | None = None
    """What of it is switched."""
    seed: int = 0
    """Chooses the addresses of hardware."""


DEMO = Topology(
    name="demo",
    routers=(
        Router(
            name="isp1",
            dialect="frr",
            asn=64601,
            loopback="10.255.1.1",
            role="isp",
            networks=("198.51.100.0/24", "203.0.113.0/24"),
        ),
        Router(
            name="isp2", dialect="cisco_iosxe", asn=64602, loopback="10.255.1.2", role="isp", networks=("192.0.2.0/24",)
        ),
        Router(
            name="edge1",
            dialect="cisco_iosxe",
            asn=65001,
            loopback="10.255.0.1",
            role="edge",
            networks=("10.1.0.0/16",),
        ),
        Router(name="edge2", dialect="frr", asn=65002, loopback="10.255.0.2", role="edge", networks=("10.2.0.0/16",)),
        Router(name="core1", dialect="frr", asn=65000, loopback="10.255.0.11", core=True, networks=("10.11.0.0/16",)),
        Router(
            name="core2",
            dialect="cisco_iosxe",
            asn=65000,
            loopback="10.255.0.12",
            core=True,
            networks=("10.12.0.0/16",),
        ),
    ),
    wires=(
        Wire(a="isp1", b="edge1", subnet="10.0.1.0/30"),
        Wire(a="isp2", b="edge2", subnet="10.0.2.0/30"),
        Wire(a="edge1", b="core1", subnet="10.0.11.0/30"),
        Wire(a="edge1", b="core2", subnet="10.0.12.0/30"),
        Wire(a="edge2", b="core2", subnet="10.0.22.0/30"),
        Wire(a="core1", b="core2", subnet="10.0.99.0/30"),
    ),
    peerings=(
        Peering(a="isp1", b="edge1", password="transit-1", maximum_prefix=100),  # noqa: S106 - simulated
        Peering(a="isp2", b="edge2", loopbacks=True),
        Peering(a="edge1", b="core1"),
        Peering(a="edge1", b="core2"),
        Peering(a="edge2", b="core2"),
        Peering(a="core1", b="core2", loopbacks=True, passive="core2"),
    ),
)
"""Two providers, two edges, two cores: external and internal sessions, one over loopbacks, one with a password."""

PAIR = Topology(
    name="pair",
    routers=(
        Router(name="r1", dialect="frr", asn=65001, loopback="10.255.0.1", networks=("10.1.0.0/16",)),
        Router(name="r2", dialect="cisco_iosxe", asn=65002, loopback="10.255.0.2", networks=("10.2.0.0/16",)),
    ),
    wires=(Wire(a="r1", b="r2", subnet="10.0.12.0/30"),),
    peerings=(Peering(a="r1", b="r2"),),
)
"""Two routers, one of each kind, one external session: for tests."""

CAMPUS = Topology(
    name="campus",
    routers=(
        Router(name="gw1", dialect="frr", asn=65101, loopback="10.255.0.1", role="gateway", core=True),
        Router(name="gw2", dialect="cisco_iosxe", asn=65102, loopback="10.255.0.2", role="gateway", core=True),
    ),
    wires=(Wire(a="gw1", b="gw2", subnet="10.0.12.0/30"),),
    peerings=(Peering(a="gw1", b="gw2"),),
    campus=FOUR,
)
"""Four switches, two gateways, hosts: what routers cannot show of VLANs, bundles and spanning tree."""

TOPOLOGIES = {topology.name: topology for topology in (DEMO, PAIR, CAMPUS)}


def topology_named(name: str) -> Topology:
    """The topology of that name. Raises NotFoundError."""
    if name not in TOPOLOGIES:
        raise NotFoundError(f"no topology {name!r}; there are {', '.join(sorted(TOPOLOGIES))}", topology=name)
    return TOPOLOGIES[name]


def build(topology: Topology) -> Network:
    """The network as it is meant to be, everything saved as start-up configuration."""
    network = Network(nodes={router.name: _node(router) for router in topology.routers})
    for wire in topology.wires:
        network.cables.append(_cable(network, wire))
    for peering in topology.peerings:
        for own, other in ((peering.a, peering.b), (peering.b, peering.a)):
            _peer(network, topology, peering, own, other)
    if topology.campus is not None:
        add_campus(network, topology.campus, VERSIONS["cisco_iosxe"], topology.seed)
    for node in network.nodes.values():
        if node.dialect == "frr":
            node.daemons = dict.fromkeys(DAEMONS, True)
        node.meant = Software.of(node)
        node.save()
    return network


def _node(router: Router) -> Node:
    loopback = Interface(name=_loopback(router.dialect), addresses=[f"{router.loopback}/32"])
    interfaces = [loopback, *(_lan(router, index, prefix) for index, prefix in enumerate(router.networks))]
    bgp = Bgp(
        asn=router.asn,
        router_id=router.loopback,
        networks=sorted([f"{router.loopback}/32", *router.networks], key=IPv4Network),
        default_ipv4=router.dialect == "frr",
    )
    running = Configuration(hostname=router.name, interfaces={i.name: i for i in interfaces}, bgp=bgp)
    return Node(
        name=router.name,
        dialect=router.dialect,
        running=running,
        version=VERSIONS[router.dialect],
        role=router.role,
        site="sim",
        core=router.core,
    )


def _loopback(dialect: DialectName) -> str:
    return "lo" if dialect == "frr" else "Loopback0"


def _port_name(dialect: DialectName, number: int) -> str:
    return f"eth{number}" if dialect == "frr" else f"GigabitEthernet{number}"


def _lan(router: Router, index: int, prefix: str) -> Interface:
    network = IPv4Network(prefix)
    return Interface(
        name=_port_name(router.dialect, FIRST_LAN + index),
        addresses=[f"{network[1]}/{network.prefixlen}"],
        description=f"hosts {prefix}",
    )


def _cable(network: Network, wire: Wire) -> Cable:
    subnet = IPv4Network(wire.subnet)
    ends = []
    for own, other, address in ((wire.a, wire.b, subnet[1]), (wire.b, wire.a, subnet[2])):
        node = network.node(own)
        number = 1 + sum(1 for cable in network.cables for port in (cable.a, cable.b) if port.device == own)
        name = _port_name(node.dialect, number)
        node.running.interfaces[name] = Interface(
            name=name, addresses=[f"{address}/{subnet.prefixlen}"], description=f"to {other}"
        )
        ends.append(Port(device=own, interface=name))
    return Cable(a=ends[0], b=ends[1])


def _peer(network: Network, topology: Topology, peering: Peering, own: str, other: str) -> None:
    node, far = network.node(own), network.node(other)
    assert node.running.bgp is not None
    assert far.running.bgp is not None
    internal = node.running.bgp.asn == far.running.bgp.asn
    gateway = _wire_address(topology.wires, own, other)
    address = far.running.bgp.router_id if peering.loopbacks else gateway
    neighbors = {
        **node.running.bgp.neighbors,
        address: Neighbor(
            address=address,
            remote_as=far.running.bgp.asn,
            description=other,
            password=peering.password,
            update_source=_loopback(node.dialect) if peering.loopbacks else "",
            ebgp_multihop=2 if peering.loopbacks and not internal else None,
            passive=peering.passive == own,
            next_hop_self=internal,
            maximum_prefix=None if internal else peering.maximum_prefix,
        ),
    }
    node.running.bgp.neighbors = dict(sorted(neighbors.items(), key=lambda item: IPv4Address(item[0])))
    if peering.loopbacks:
        node.running.statics.append(StaticRoute(prefix=f"{address}/32", next_hop=gateway))


def _wire_address(wires: Sequence[Wire], own: str, other: str) -> str:
    """The address of ``other`` on the wire between the two."""
    for wire in wires:
        if {wire.a, wire.b} == {own, other}:
            return str(IPv4Network(wire.subnet)[1 if wire.a == other else 2])
    raise NotFoundError(f"{own} and {other} are to peer, and no wire joins them; add one to the topology")
