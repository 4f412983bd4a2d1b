"""The switched part of a topology as data, and what builds it: switches, trunks, gateways' feet, hosts.

Addresses of hardware are locally administered (RFC 7042 §2.1) and follow from names and a seed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

from nocmesh.ids import short_digest
from nocmesh.proving.simulated.model import Cable, Configuration, Interface, Network, Node, Port
from nocmesh.proving.simulated.switching import Channel, ChannelMode, Host, Spanning, Switchport

PATCHES = {f"cat9k_iosxe.17.09.04a.{bug}.SPA.smu.bin": "17.09.04a" for bug in ("CSCwh87343", "CSCwi36980")}
"""Patches that every switch should have installed."""
SPARE = 20
"""A port that nobody uses, shut down."""
SERVICES = ("ip domain name campus.example", "lldp run", "ntp server 10.10.0.1", "snmp-server location campus")


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """One switch; ``priority`` in every VLAN."""

    name: str
    management: str
    """Address in the first VLAN, with prefix length."""
    priority: int | None = None
    role: str = "access"
    core: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """A cable between two switches: `switch`, port number; in a bundle or alone."""

    a: tuple[str, int]
    b: tuple[str, int]
    group: int | None = None
    mode: ChannelMode = "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class Foot:
    """A router's interface in a VLAN, on an access port of a switch."""

    router: str
    switch: str
    port: int
    vlan: int
    address: str
    announced: bool = False
    """Its prefix, by BGP."""
    fixed: bool = False
    """Both ends at 100 Mb/s, full duplex, without negotiation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A host on an access port."""

    name: str
    switch: str
    port: int
    vlan: int
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Campus:
    """The switched part of a topology."""

    vlans: Mapping[int, str]
    switches: tuple[Switch, ...]
    trunks: tuple[Trunk, ...]
    feet: tuple[Foot, ...]
    desks: tuple[Desk, ...]


FOUR = Campus(
    vlans={10: "USERS", 20: "SERVERS"},
    switches=(
        Switch(name="dist1", management="10.10.0.11/24", priority=24576, role="distribution", core=True),
        Switch(name="dist2", management="10.10.0.12/24", priority=28672, role="distribution", core=True),
        Switch(name="access1", management="10.10.0.21/24"),
        Switch(name="access2", management="10.10.0.22/24"),
    ),
    trunks=(
        Trunk(a=("dist1", 23), b=("dist2", 23), group=1),
        Trunk(a=("dist1", 24), b=("dist2", 24), group=1),
        Trunk(a=("access1", 1), b=("dist1", 1)),
        Trunk(a=("access1", 2), b=("dist2", 1)),
        Trunk(a=("access2", 1), b=("dist2", 2), group=2, mode="on"),
        Trunk(a=("access2", 2), b=("dist2", 3), group=2, mode="on"),
    ),
    feet=(
        Foot(router="gw1", switch="dist1", port=11, vlan=10, address="10.10.0.1/24", announced=True),
        Foot(router="gw1", switch="dist1", port=12, vlan=20, address="10.20.0.1/24"),
        Foot(router="gw2", switch="dist2", port=11, vlan=10, address="10.10.0.2/24", fixed=True),
        Foot(router="gw2", switch="dist2", port=12, vlan=20, address="10.20.0.2/24", announced=True),
    ),
    desks=(
        Desk(name="pc1", switch="access1", port=10, vlan=10, address="10.10.0.101"),
        Desk(name="srv1", switch="access1", port=11, vlan=20, address="10.20.0.101"),
        Desk(name="pc2", switch="access2", port=10, vlan=10, address="10.10.0.102"),
        Desk(name="srv2", switch="access2", port=11, vlan=20, address="10.20.0.102"),
    ),
)
"""Two distribution switches joined by an LACP bundle, one access switch in a triangle with them, one on a static
bundle; two gateways, and a host in each VLAN on each access switch."""


def mac_of(seed: int, *names: str) -> str:
    """An address of hardware, always the same for the same seed and names."""
    digits = short_digest(str(seed), *names)
    return ":".join(["02", *(digits[i : i + 2] for i in range(0, 10, 2))])


def add_campus(network: Network, campus: Campus, version: str, seed: int) -> None:
    """Build ``campus`` into ``network``, whose routers are there already."""
    for switch in campus.switches:
        network.nodes[switch.name] = _node(campus, switch, version, seed)
    for trunk in campus.trunks:
        _run(network, campus, trunk, seed)
    for foot in campus.feet:
        _stand(network, campus, foot, seed)
    for desk in campus.desks:
        node = network.node(desk.switch)
        port = _access(node, desk.port, desk.vlan, f"host {desk.name}", seed)
        mac = mac_of(seed, desk.name)
        network.hosts.append(Host(name=desk.name, mac=mac, address=desk.address, device=node.name, interface=port.name))
    for switch in campus.switches:
        spare = _access(network.node(switch.name), SPARE, 1, "unused", seed)
        spare.enabled = False


def _node(campus: Campus, switch: Switch, version: str, seed: int) -> Node:
    priorities = {} if switch.priority is None else dict.fromkeys(campus.vlans, switch.priority)
    spanning = Spanning(mac=mac_of(seed, switch.name), priorities=priorities, vlans={1: "default", **campus.vlans})
    first = f"Vlan{min(campus.vlans)}"
    foot = Interface(name=first, addresses=[switch.management], description="management", mac=spanning.mac)
    running = Configuration(hostname=switch.name, interfaces={first: foot}, spanning=spanning, services=list(SERVICES))
    return Node(
        name=switch.name,
        dialect="cisco_iosxe",
        running=running,
        version=version,
        role=switch.role,
        site="sim",
        core=switch.core,
        packages=dict(PATCHES),
    )


def _physical(node: Node, number: int, switchport: Switchport, description: str, seed: int) -> Interface:
    name = f"GigabitEthernet1/0/{number}"
    port = Interface(name=name, switchport=switchport, description=description, mac=mac_of(seed, node.name, name))
    node.running.interfaces[name] = port
    return port


def _trunk_port(campus: Campus) -> Switchport:
    return Switchport(mode="trunk", allowed=tuple(sorted(campus.vlans)))


def _run(network: Network, campus: Campus, trunk: Trunk, seed: int) -> None:
    made = []
    for (own, number), (other, _) in ((trunk.a, trunk.b), (trunk.b, trunk.a)):
        node = network.node(own)
        port = _physical(node, number, _trunk_port(campus), f"to {other}", seed)
        if trunk.group is not None:
            port.channel = Channel(group=trunk.group, mode=trunk.mode)
            bundle = port.channel.bundle
            whole = Interface(name=bundle, switchport=_trunk_port(campus), description=f"to {other}", mac=port.mac)
            node.running.interfaces.setdefault(bundle, whole)
        made.append(Port(device=own, interface=port.name))
    network.cables.append(Cable(a=made[0], b=made[1]))


def _access(node: Node, number: int, vlan: int, description: str, seed: int) -> Interface:
    port = Switchport(mode="access", access_vlan=vlan, portfast=vlan != 1)
    return _physical(node, number, port, description, seed)


def _stand(network: Network, campus: Campus, foot: Foot, seed: int) -> None:
    router = network.node(foot.router)
    frr = router.dialect == "frr"
    number = 1 + sum(1 for cable in network.cables for end in (cable.a, cable.b) if end.device == router.name)
    name = f"{'eth' if frr else 'GigabitEthernet'}{number}"
    own = Interface(name=name, addresses=[foot.address], description=campus.vlans[foot.vlan].lower())
    own.mac = mac_of(seed, router.name, name)
    router.running.interfaces[name] = own
    port = _access(network.node(foot.switch), foot.port, foot.vlan, f"to {foot.router}", seed)
    if foot.fixed:
        for end in (own, port):
            end.speed, end.duplex = "100", "full"
    bgp = router.running.bgp
    if foot.announced and bgp is not None:
        prefix = str(IPv4Network(foot.address, strict=False))
        bgp.networks = sorted([*bgp.networks, prefix], key=IPv4Network)
    network.cables.append(
        Cable(a=Port(device=router.name, interface=name), b=Port(device=foot.switch, interface=port.name))
    )
