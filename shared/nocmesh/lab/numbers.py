"""The cables of a graph, and what is given out on them: interfaces, addresses, loopbacks, AS numbers. Pure.

Addresses: cables between routers 10.0.0.0/16 as /30, LANs 10.100.0.0/16 as /24, loopbacks 10.255.0.0/16.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from nocmesh.errors import InvalidInputError
from nocmesh.lab.graph import Graph, reachable

FIRST_ASN = 65001
LAST_SHORT_ASN = 65534
FIRST_LONG_ASN = 4_200_000_000
"""Private AS numbers: RFC 6996."""
LARGEST_LAN = 200
FIRST_HOST = 11


@dataclass(frozen=True, slots=True)
class Wire:
    """One cable: its ends' nodes and interfaces."""

    a: str
    a_port: str
    b: str
    b_port: str

    @property
    def ends(self) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
        """Each end with the node at the other: node, interface, far node."""
        return (self.a, self.a_port, self.b), (self.b, self.b_port, self.a)


class Numbers:
    """What one graph has been given, worked out once; the same seed, the same numbers."""

    def __init__(self, graph: Graph, seed: int) -> None:
        self._graph = graph
        self._seed = seed
        self._random = Random(seed)  # noqa: S311 - a lab's numbers, reproducible by the seed
        self.kinds = {node.name: node.kind for node in graph.nodes}
        self.routers = [node.name for node in graph.nodes if node.kind == "router"]
        self.wires = list(self._cabled())
        self._loopbacks = dict(zip(self.routers, self._shuffled(len(self.routers)), strict=True))
        self._asns = dict(zip(self.routers, self._shuffled(len(self.routers)), strict=True))
        self.addresses: dict[tuple[str, str], str] = {}
        """By node and interface, with the prefix length."""
        self.lan_of: dict[tuple[str, str], tuple[str, bool]] = {}
        """The prefix of its LAN, and whether hosts are in it."""
        self._address_cables()
        self._address_lans()

    def _shuffled(self, count: int) -> list[int]:
        numbers = list(range(count))
        if self._seed:
            self._random.shuffle(numbers)
        return numbers

    def _cabled(self) -> Iterator[Wire]:
        used: dict[str, int] = {}
        for index in self._shuffled(len(self._graph.links)):
            a, b = self._graph.links[index]
            ports = []
            for end in (a, b):
                ports.append(f"{end}-e{used.setdefault(end, 0)}")
                used[end] += 1
            yield Wire(a, ports[0], b, ports[1])

    def routed(self, wire: Wire) -> bool:
        """Say whether it joins two routers."""
        return self.kinds[wire.a] == self.kinds[wire.b] == "router"

    def _address_cables(self) -> None:
        cables = [wire for wire in self.wires if self.routed(wire)]
        for wire, number in zip(cables, self._shuffled(len(cables)), strict=True):
            high, low = divmod(number * 4, 256)
            self.addresses[wire.a, wire.a_port] = f"10.0.{high}.{low + 1}/30"
            self.addresses[wire.b, wire.b_port] = f"10.0.{high}.{low + 2}/30"

    def _address_lans(self) -> None:
        segments = list(self._segments())
        for ends, number in zip(segments, self._shuffled(len(segments)), strict=True):
            routers = [end for end in ends if self.kinds[end[0]] == "router"]
            hosts = [end for end in ends if self.kinds[end[0]] == "host"]
            if max(len(routers) + FIRST_HOST, len(hosts)) > LARGEST_LAN:
                raise InvalidInputError(f"a LAN has {len(ends)} stations; expected at most {LARGEST_LAN}: add a router")
            prefix = f"10.100.{number}"
            first = max(FIRST_HOST, len(routers) + 1)
            for start, group in ((1, routers), (first, hosts)):
                for place, end in enumerate(group):
                    self.addresses[end] = f"{prefix}.{start + place}/24"
                    self.lan_of[end] = (f"{prefix}.0/24", bool(hosts))

    def _segments(self) -> Iterator[list[tuple[str, str]]]:
        """The stations of every LAN: what hangs on one set of joined switches, or on a cable to a host."""
        done: set[str] = set()
        for node in self._graph.nodes:
            if node.kind == "switch" and node.name not in done:
                joined = {n for n in reachable(self._graph, node.name, ["switch"]) if self.kinds[n] == "switch"}
                done |= joined
                yield [
                    (near, port)
                    for wire in self.wires
                    for near, port, far in wire.ends
                    if far in joined and self.kinds[near] != "switch"
                ]
        for wire in self.wires:
            if {self.kinds[wire.a], self.kinds[wire.b]} == {"router", "host"}:
                yield [(wire.a, wire.a_port), (wire.b, wire.b_port)]

    def loopback(self, name: str) -> str:
        """The loopback address of a router."""
        high, low = divmod(self._loopbacks[name], 250)
        return f"10.255.{high}.{low + 1}"

    def asn(self, name: str) -> int:
        """The AS number of a router that is an AS of its own."""
        number = FIRST_ASN + self._asns[name]
        return number if number <= LAST_SHORT_ASN else FIRST_LONG_ASN + self._asns[name]

    def gateway(self, host: str, port: str) -> str:
        """Of a host: the router of its LAN that is nearest by cables, so that a campus uses all of its routers."""
        lan = self.lan_of[host, port][0]
        routers = [end for end, (prefix, _) in self.lan_of.items() if prefix == lan and self.kinds[end[0]] == "router"]
        if not routers:
            return ""
        switches = {far for wire in self.wires for near, _, far in wire.ends if near == host}
        beside = [end for end in routers if set(self._graph.neighbours(end[0])) & switches]
        return self.addresses[(beside or routers)[0]].partition("/")[0]
