"""A lab's plan: every node, interface, address and protocol, worked out before anything is made. Pure data.

The plan is also the truth that a healthy lab is measured against: healing goes back to it, faults deviate from it.
"""

from typing import Literal

from nocmesh.messages.base import Message

NodeKind = Literal["router", "switch", "host"]
Igp = Literal["ospf", "isis"]
BgpDesign = Literal["none", "ibgp_rr", "ebgp"]


class Options(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be chosen of a lab."""

    igp: Igp = "ospf"
    bgp: BgpDesign = "none"
    spines: int = 2
    """Of a Clos."""
    leaves: int = 4
    """Of a Clos."""
    hosts: int = 2
    """Hosts behind routers at the edge, each on a LAN of its own."""
    hello_interval: int = 2
    """Seconds, of the IGP."""
    dead_interval: int = 8
    """Seconds, of the IGP: OSPF's dead interval; IS-IS's is the hello interval times a multiplier."""
    authentication: bool = False
    """Sessions and adjacencies carry passwords."""
    isis_level: Literal["level-1", "level-1-2", "level-2-only"] = "level-1"
    """Of every router: with level-1 a wrong area and a wrong level both cost the adjacency."""
    seed: int = 0
    """Moves addresses, AS numbers and names of interfaces, so that nothing can be learned by heart."""


class Port(Message, frozen=True, kw_only=True):
    """One interface of a node."""

    name: str
    """Inside the node's namespace: `r1-e0`, `lo`, `br0`."""
    kind: Literal["cable", "loopback", "bridge"] = "cable"
    addresses: list[str] = []
    """With prefix length."""
    mtu: int = 1500
    mac: str = ""
    description: str = ""
    bridge: str = ""
    """The bridge that it is a port of, on a switch."""
    igp: bool = False
    """The IGP runs on it."""
    passive: bool = False
    """The IGP announces it, and does not speak on it."""
    cost: int | None = None
    """OSPF cost or IS-IS metric; None: the default."""
    area: str = ""
    """OSPF: of this interface; empty: the node's."""
    network: Literal["", "point-to-point", "broadcast"] = ""
    """How the IGP sees it: two routers at the ends of a cable, or a segment."""
    key: str = ""
    """The adjacency's password (MD5)."""


class Peer(Message, frozen=True, kw_only=True):
    """One BGP neighbour of a router."""

    node: str
    """The node behind the address."""
    address: str
    remote_asn: int
    update_source: str = ""
    """`lo`, or empty: the interface towards it."""
    client: bool = False
    """A route reflector's client."""
    passive: bool = False
    """Waits for the neighbour to open the session, so that it counts from where the neighbour opens it."""
    password: str = ""


class BgpPlan(Message, frozen=True, kw_only=True):
    """BGP of a router."""

    asn: int
    router_id: str
    peers: list[Peer] = []
    networks: list[str] = []
    """Prefixes that it originates."""


class Node(Message, frozen=True, kw_only=True):
    """One namespace."""

    name: str
    kind: NodeKind
    management: str
    """Address on the management network, without prefix length; interface `eth0`."""
    ports: list[Port] = []
    role: str = ""
    site: str = ""
    core: bool = False
    router_id: str = ""
    """Of a router; its loopback's address too."""
    net: str = ""
    """IS-IS: area, system id, selector."""
    area: str = ""
    """OSPF: of all its interfaces, dotted."""
    level: str = ""
    """IS-IS: `level-1`, `level-1-2`, `level-2-only`."""
    bgp: BgpPlan | None = None
    gateway: str = ""
    """Of a host: its default route's next hop."""
    services: list[str] = []
    """What it serves besides: `http` (a page on port 80 of all its addresses)."""
    stp_priority: int = 32768
    """Of a switch's bridge."""
    stub_areas: list[str] = []
    """OSPF: those of its areas that are stubs."""

    def port(self, name: str) -> Port | None:
        """Its port of that name."""
        return next((port for port in self.ports if port.name == name), None)


class Cable(Message, frozen=True, kw_only=True):
    """One link: two ends as `node:interface`."""

    a: str
    b: str

    @property
    def resource(self) -> str:
        """The resource id: ends in alphabetical order."""
        first, second = sorted((self.a, self.b))
        return f"link/{first}--{second}"


class LabPlan(Message, frozen=True, kw_only=True):
    """A whole lab."""

    topology: str
    options: Options
    nodes: list[Node]
    cables: list[Cable]

    def node(self, name: str) -> Node | None:
        """The node of that name."""
        return next((node for node in self.nodes if node.name == name), None)

    def far_end(self, node: str, port: str) -> tuple[str, str] | None:
        """Node and interface at the other end of a cable; None: no cable there."""
        here = f"{node}:{port}"
        for cable in self.cables:
            if here in (cable.a, cable.b):
                other, _, interface = (cable.b if here == cable.a else cable.a).partition(":")
                return other, interface
        return None
