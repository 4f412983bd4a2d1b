"""From a graph to a plan: every node, its interfaces and its BGP sessions. Pure; the same input, the same plan.

What is given out by number is in `numbers`; management networks are 172.31.N.0/24.
"""

from collections.abc import Iterator
from random import Random

import msgspec

from nocmesh.lab.graph import BACKBONE, Graph, GraphNode, with_hosts
from nocmesh.lab.numbers import Numbers
from nocmesh.lab.plan import BgpPlan, Cable, LabPlan, Node, Options, Peer, Port

IBGP_ASN = 65000
REFLECTORS = 2
ROOT_PRIORITY = 4096


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


class _Builder:
    """What one plan is worked out from, once."""

    def __init__(self, graph: Graph, options: Options) -> None:
        self._graph = graph
        self._options = options
        self._areas = {node.name: node.area for node in graph.nodes}
        self._numbers = Numbers(graph, options.seed)

    def plan(self) -> LabPlan:
        nodes = [self._node(node, index) for index, node in enumerate(self._graph.nodes)]
        cables = [Cable(a=f"{wire.a}:{wire.a_port}", b=f"{wire.b}:{wire.b_port}") for wire in self._numbers.wires]
        return LabPlan(topology=self._graph.name, options=self._options, nodes=nodes, cables=cables)

    def _node(self, node: GraphNode, index: int) -> Node:
        ports = [self._port(*end, index) for wire in self._numbers.wires for end in wire.ends if end[0] == node.name]
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
            gateway = self._numbers.gateway(node.name, ports[0].name)
            return msgspec.structs.replace(common, gateway=gateway, services=["http"])
        return self._switch(common)

    def _port(self, name: str, port: str, far: str, index: int) -> Port:
        address = self._numbers.addresses.get((name, port), "")
        lan = self._numbers.lan_of.get((name, port))
        between = self._numbers.kinds[name] == self._numbers.kinds[far] == "router"
        speaks = between or (lan is not None and not lan[1])
        announced = lan is not None and self._options.bgp == "none"
        routed = self._numbers.kinds[name] == "router"
        igp = routed and (speaks or announced)
        number = int(port.rpartition("-e")[2])
        return Port(
            name=port,
            addresses=[address] if address else [],
            mac=f"02:4e:{self._options.seed % 256:02x}:{index:02x}:00:{number:02x}",
            description=f"to {far}",
            bridge="br0" if self._numbers.kinds[name] == "switch" else "",
            igp=igp,
            passive=igp and not speaks,
            area=self._area(name, far) if igp else "",
            network=("point-to-point" if between else "broadcast") if igp else "",
            key=self._password(far, name) if self._options.authentication and igp and speaks else "",
        )

    def _area(self, name: str, far: str) -> str:
        """A cable lies in the area of whichever end is not of the backbone."""
        near, other = self._areas[name], self._areas[far] if self._numbers.kinds[far] == "router" else BACKBONE
        return other if near == BACKBONE else near

    def _password(self, one: str, other: str) -> str:
        """Both ends', at most sixteen letters (RFC 2328 D.3); on a segment with a switch, everybody's."""
        ends = sorted(name for name in (one, other) if self._numbers.kinds[name] == "router")
        word = "-".join(ends) if len(ends) == 2 else "segment"
        return f"k{Random(f'{self._options.seed} {word}').getrandbits(48):012x}"  # noqa: S311 - as above

    def _router(self, node: Node, graph: GraphNode) -> Node:
        loopback = self._numbers.loopback(node.name)
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

    def _bgp(self, node: Node, loopback: str) -> BgpPlan | None:
        if self._options.bgp == "none":
            return None
        lans = {lan for port in node.ports if (lan := self._numbers.lan_of.get((node.name, port.name)))}
        # An IGP's loopbacks stay out of iBGP: as its routes' next hops they would loop through themselves.
        own = [] if self._options.bgp == "ibgp_rr" else [f"{loopback}/32"]
        networks = [*own, *sorted(prefix for prefix, hosts in lans if hosts)]
        peers = self._reflected(node.name) if self._options.bgp == "ibgp_rr" else self._external(node)
        return BgpPlan(asn=self._asn(node.name), router_id=loopback, peers=list(peers), networks=networks)

    def _asn(self, name: str) -> int:
        return IBGP_ASN if self._options.bgp == "ibgp_rr" else self._numbers.asn(name)

    def _reflectors(self) -> list[str]:
        degree = {name: len(self._graph.neighbours(name)) for name in self._numbers.routers}
        return sorted(self._numbers.routers, key=lambda name: -degree[name])[:REFLECTORS]

    def _reflected(self, name: str) -> Iterator[Peer]:
        tops = self._reflectors()
        others = [far for far in self._numbers.routers if far != name] if name in tops else tops
        for far in others:
            yield Peer(
                node=far,
                address=self._numbers.loopback(far),
                remote_asn=IBGP_ASN,
                update_source="lo",
                client=name in tops and far not in tops,
                passive=name in tops and far not in tops,
                password=self._password(name, far) if self._options.authentication else "",
            )

    def _external(self, node: Node) -> Iterator[Peer]:
        for wire in self._numbers.wires:
            for near, _, far in wire.ends:
                if near == node.name and self._numbers.routed(wire):
                    far_port = wire.b_port if far == wire.b else wire.a_port
                    yield Peer(
                        node=far,
                        address=self._numbers.addresses[far, far_port].partition("/")[0],
                        remote_asn=self._asn(far),
                        password=self._password(node.name, far) if self._options.authentication else "",
                    )

    def _switch(self, node: Node) -> Node:
        first = next(other.name for other in self._graph.nodes if other.kind == "switch")
        priority = ROOT_PRIORITY if node.name == first else 32768
        bridge = Port(name="br0", kind="bridge")
        return msgspec.structs.replace(node, ports=[*node.ports, bridge], stp_priority=priority)
