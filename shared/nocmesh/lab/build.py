"""From a graph to a plan: every interface, address, AS number and session. Pure; the same input, the same plan.

Addresses: cables between routers 10.0.0.0/16 as /30, LANs 10.100.0.0/16 as /24, loopbacks 10.255.0.0/16,
management 172.31.N.0/24.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import msgspec

from nocmesh.errors import InvalidInputError
from nocmesh.lab.graph import BACKBONE, Graph, GraphNode, reachable, with_hosts
from nocmesh.lab.plan import BgpPlan, Cable, LabPlan, Node, Options, Peer, Port

IBGP_ASN = 65000
FIRST_ASN = 65001
LAST_SHORT_ASN = 65534
FIRST_LONG_ASN = 4_200_000_000
"""Private AS numbers: RFC 6996."""
REFLECTORS = 2
ROOT_PRIORITY = 4096
LARGEST_LAN = 200
FIRST_HOST = 11


def build(graph: Graph, options: Options | None = None) -> LabPlan:
    """The plan of `graph`. Raises: InvalidInputError when it cannot have what the options ask for."""
    chosen = options or Options()
    whole = with_hosts(graph, chosen.hosts)
    return _Builder(whole, chosen).plan()


def moved(plan: LabPlan, subnet: int) -> LabPlan:
    """The same plan with its management network at 172.31.`subnet`.0/24."""
    nodes = [
        msgspec.structs.replace(node, management=management(subnet, index)) for index, node in enumerate(plan.nodes)
    ]
    return msgspec.structs.replace(plan, nodes=nodes)


def management(subnet: int, index: int) -> str:
    """The management address of the node of that place in the plan."""
    return f"172.31.{subnet}.{index + 11}"


@dataclass(frozen=True, slots=True)
class _Wire:
    a: str
    a_port: str
    b: str
    b_port: str

    @property
    def ends(self) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
        return (self.a, self.a_port, self.b), (self.b, self.b_port, self.a)


class _Builder:
    """What one plan is worked out from, once."""

    def __init__(self, graph: Graph, options: Options) -> None:
        self._graph = graph
        self._options = options
        self._random = Random(options.seed)  # noqa: S311 - a lab's numbers, reproducible by the seed
        self._kinds = {node.name: node.kind for node in graph.nodes}
        self._areas = {node.name: node.area for node in graph.nodes}
        self._routers = [node.name for node in graph.nodes if node.kind == "router"]
        self._wires = list(self._cabled())
        self._loopbacks = dict(zip(self._routers, self._shuffled(len(self._routers)), strict=True))
        self._asns = dict(zip(self._routers, self._shuffled(len(self._routers)), strict=True))
        self._addresses: dict[tuple[str, str], str] = {}
        self._lan_of: dict[tuple[str, str], tuple[str, bool]] = {}
        self._address_cables()
        self._address_lans()

    def plan(self) -> LabPlan:
        nodes = [self._node(node, index) for index, node in enumerate(self._graph.nodes)]
        cables = [Cable(a=f"{wire.a}:{wire.a_port}", b=f"{wire.b}:{wire.b_port}") for wire in self._wires]
        return LabPlan(topology=self._graph.name, options=self._options, nodes=nodes, cables=cables)

    def _shuffled(self, count: int) -> list[int]:
        numbers = list(range(count))
        if self._options.seed:
            self._random.shuffle(numbers)
        return numbers

    def _cabled(self) -> Iterator[_Wire]:
        used: dict[str, int] = {}
        for index in self._shuffled(len(self._graph.links)):
            a, b = self._graph.links[index]
            ports = []
            for end in (a, b):
                ports.append(f"{end}-e{used.setdefault(end, 0)}")
                used[end] += 1
            yield _Wire(a, ports[0], b, ports[1])

    def _routed(self, wire: _Wire) -> bool:
        return self._kinds[wire.a] == self._kinds[wire.b] == "router"

    def _address_cables(self) -> None:
        cables = [wire for wire in self._wires if self._routed(wire)]
        for wire, number in zip(cables, self._shuffled(len(cables)), strict=True):
            high, low = divmod(number * 4, 256)
            self._addresses[wire.a, wire.a_port] = f"10.0.{high}.{low + 1}/30"
            self._addresses[wire.b, wire.b_port] = f"10.0.{high}.{low + 2}/30"

    def _address_lans(self) -> None:
        segments = list(self._segments())
        for ends, number in zip(segments, self._shuffled(len(segments)), strict=True):
            routers = [end for end in ends if self._kinds[end[0]] == "router"]
            hosts = [end for end in ends if self._kinds[end[0]] == "host"]
            if max(len(routers) + FIRST_HOST, len(hosts)) > LARGEST_LAN:
                raise InvalidInputError(f"a LAN has {len(ends)} stations; expected at most {LARGEST_LAN}: add a router")
            prefix = f"10.100.{number}"
            first = max(FIRST_HOST, len(routers) + 1)
            for start, group in ((1, routers), (first, hosts)):
                for place, end in enumerate(group):
                    self._addresses[end] = f"{prefix}.{start + place}/24"
                    self._lan_of[end] = (f"{prefix}.0/24", bool(hosts))

    def _segments(self) -> Iterator[list[tuple[str, str]]]:
        """The stations of every LAN: what hangs on one set of joined switches, or on a cable to a host."""
        done: set[str] = set()
        for node in self._graph.nodes:
            if node.kind == "switch" and node.name not in done:
                joined = {n for n in reachable(self._graph, node.name, ["switch"]) if self._kinds[n] == "switch"}
                done |= joined
                yield [
                    (near, port)
                    for wire in self._wires
                    for near, port, far in wire.ends
                    if far in joined and self._kinds[near] != "switch"
                ]
        for wire in self._wires:
            if {self._kinds[wire.a], self._kinds[wire.b]} == {"router", "host"}:
                yield [(wire.a, wire.a_port), (wire.b, wire.b_port)]

    def _node(self, node: GraphNode, index: int) -> Node:
        ports = [self._port(*end, index) for wire in self._wires for end in wire.ends if end[0] == node.name]
        ports.sort(key=lambda port: int(port.name.rpartition("-e")[2]))
        common = Node(
            name=node.name,
            kind=node.kind,
            management=management(0, index),
            ports=ports,
            role=node.role or node.kind,
            site=node.site,
            core=node.core,
        )
        if node.kind == "router":
            return self._router(common, node)
        if node.kind == "host":
            gateway = self._gateway(node.name, ports[0].name)
            return msgspec.structs.replace(common, gateway=gateway, services=["http"])
        return self._switch(common)

    def _port(self, name: str, port: str, far: str, index: int) -> Port:
        address = self._addresses.get((name, port), "")
        lan = self._lan_of.get((name, port))
        between = self._kinds[name] == self._kinds[far] == "router"
        speaks = between or (lan is not None and not lan[1])
        announced = lan is not None and self._options.bgp == "none"
        routed = self._kinds[name] == "router"
        igp = routed and (speaks or announced)
        number = int(port.rpartition("-e")[2])
        return Port(
            name=port,
            addresses=[address] if address else [],
            mac=f"02:4e:{self._options.seed % 256:02x}:{index:02x}:00:{number:02x}",
            description=f"to {far}",
            bridge="br0" if self._kinds[name] == "switch" else "",
            igp=igp,
            passive=igp and not speaks,
            area=self._area(name, far) if igp else "",
            network=("point-to-point" if between else "broadcast") if igp else "",
            key=self._password(far, name) if self._options.authentication and igp and speaks else "",
        )

    def _area(self, name: str, far: str) -> str:
        """A cable lies in the area of whichever end is not of the backbone."""
        near, other = self._areas[name], self._areas[far] if self._kinds[far] == "router" else BACKBONE
        return other if near == BACKBONE else near

    def _password(self, one: str, other: str) -> str:
        """Both ends', at most sixteen letters (RFC 2328 D.3); on a segment with a switch, everybody's."""
        ends = sorted(name for name in (one, other) if self._kinds[name] == "router")
        word = "-".join(ends) if len(ends) == 2 else "segment"
        return f"k{Random(f'{self._options.seed} {word}').getrandbits(48):012x}"  # noqa: S311 - as above

    def _router(self, node: Node, graph: GraphNode) -> Node:
        high, low = divmod(self._loopbacks[node.name], 250)
        loopback = f"10.255.{high}.{low + 1}"
        lo = Port(
            name="lo", kind="loopback", addresses=[f"{loopback}/32"], mtu=65536, igp=True, passive=True, area=graph.area
        )
        digits = "".join(f"{int(octet):03d}" for octet in loopback.split("."))
        areas = {port.area for port in [*node.ports, lo] if port.area}
        return msgspec.structs.replace(
            node,
            ports=[*node.ports, lo],
            router_id=loopback,
            net=f"49.0001.{digits[:4]}.{digits[4:8]}.{digits[8:]}.00",
            area=graph.area,
            level=self._options.isis_level,
            stub_areas=sorted(area for area in areas if self._graph.areas.get(area) == "stub"),
            bgp=self._bgp(node, loopback),
        )

    def _loopback(self, name: str) -> str:
        high, low = divmod(self._loopbacks[name], 250)
        return f"10.255.{high}.{low + 1}"

    def _bgp(self, node: Node, loopback: str) -> BgpPlan | None:
        if self._options.bgp == "none":
            return None
        lans = {lan for port in node.ports if (lan := self._lan_of.get((node.name, port.name)))}
        # An IGP's loopbacks stay out of iBGP: as its routes' next hops they would loop through themselves.
        own = [] if self._options.bgp == "ibgp_rr" else [f"{loopback}/32"]
        networks = [*own, *sorted(prefix for prefix, hosts in lans if hosts)]
        peers = self._reflected(node.name) if self._options.bgp == "ibgp_rr" else self._external(node)
        return BgpPlan(asn=self._asn(node.name), router_id=loopback, peers=list(peers), networks=networks)

    def _asn(self, name: str) -> int:
        if self._options.bgp == "ibgp_rr":
            return IBGP_ASN
        number = FIRST_ASN + self._asns[name]
        return number if number <= LAST_SHORT_ASN else FIRST_LONG_ASN + self._asns[name]

    def _reflectors(self) -> list[str]:
        degree = {name: len(self._graph.neighbours(name)) for name in self._routers}
        return sorted(self._routers, key=lambda name: -degree[name])[:REFLECTORS]

    def _reflected(self, name: str) -> Iterator[Peer]:
        tops = self._reflectors()
        others = [far for far in self._routers if far != name] if name in tops else tops
        for far in others:
            yield Peer(
                node=far,
                address=self._loopback(far),
                remote_asn=IBGP_ASN,
                update_source="lo",
                client=name in tops and far not in tops,
                passive=name in tops and far not in tops,
                password=self._password(name, far) if self._options.authentication else "",
            )

    def _external(self, node: Node) -> Iterator[Peer]:
        for wire in self._wires:
            for near, _, far in wire.ends:
                if near == node.name and self._routed(wire):
                    far_port = wire.b_port if far == wire.b else wire.a_port
                    yield Peer(
                        node=far,
                        address=self._addresses[far, far_port].partition("/")[0],
                        remote_asn=self._asn(far),
                        password=self._password(node.name, far) if self._options.authentication else "",
                    )

    def _gateway(self, host: str, port: str) -> str:
        """A router of its LAN: the one nearest by cables, so that a campus uses all of its routers."""
        lan = self._lan_of[host, port][0]
        routers = [
            end for end, (prefix, _) in self._lan_of.items() if prefix == lan and self._kinds[end[0]] == "router"
        ]
        if not routers:
            return ""
        switches = {far for wire in self._wires for near, _, far in wire.ends if near == host}
        beside = [end for end in routers if set(self._graph.neighbours(end[0])) & switches]
        return self._addresses[(beside or routers)[0]].partition("/")[0]

    def _switch(self, node: Node) -> Node:
        first = next(other.name for other in self._graph.nodes if other.kind == "switch")
        priority = ROOT_PRIORITY if node.name == first else 32768
        bridge = Port(name="br0", kind="bridge")
        return msgspec.structs.replace(node, ports=[*node.ports, bridge], stp_priority=priority)
