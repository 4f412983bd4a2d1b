"""What still hangs together when something of the network is gone: devices and links as a graph. Pure.

A link is a vertex as a device is, so that the loss of either is one question. Which part of a network that fell apart
is *the rest* is one rule: the one with the most core devices, then with the most that are no hosts, then the largest.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from nocmesh.diagnosis.resources import node
from nocmesh.explaining.weights import weight_of
from nocmesh.network import End, Link, Network

Vertex = str
"""A resource id: of a device or of a link."""
NOTHING: frozenset[Vertex] = frozenset()


@dataclass(frozen=True)
class Graph:
    """The devices of an inventory and the links that are meant to be on, without what is lost."""

    beside: Mapping[Vertex, tuple[Vertex, ...]]
    weight: Mapping[Vertex, int]
    """Of devices; a link weighs nothing."""

    @classmethod
    def of(cls, network: Network, lost: Collection[Vertex] = NOTHING) -> "Graph":
        """The graph of ``network`` without the devices and links in ``lost``."""
        present = [device for device in network.devices if node(device.name) not in lost]
        beside: dict[Vertex, list[Vertex]] = {node(device.name): [] for device in present}
        off = {End(device=d.name, interface=i.name) for d in present for i in d.interfaces if not i.enabled}
        for link in network.links:
            if link.resource not in lost and not {link.a, link.b} & off:
                _join(beside, link)
        weight = {node(device.name): weight_of(device) for device in present}
        return cls({vertex: tuple(near) for vertex, near in beside.items()}, weight)

    def parts(self, within: Collection[Vertex] | None = None) -> list[frozenset[Vertex]]:
        """What hangs together, each part with its links; only among ``within`` where that is given."""
        left = dict.fromkeys(self.beside if within is None else within)
        found = []
        while left:
            part: set[Vertex] = set()
            edge = {next(iter(left))}
            while edge:
                part |= edge
                edge = {far for here in edge for far in self.beside[here] if far in left} - part
            found.append(frozenset(part))
            for vertex in part:
                del left[vertex]
        return found

    def weigh(self, part: Iterable[Vertex]) -> int:
        """How much of a network ``part`` is."""
        return sum(self.weight.get(vertex, 0) for vertex in part)


def _join(beside: dict[Vertex, list[Vertex]], link: Link) -> None:
    """Put ``link`` between its ends, where both are there."""
    a, b = node(link.a.device), node(link.b.device)
    if a in beside and b in beside and a != b:
        beside[link.resource] = [a, b]
        beside[a].append(link.resource)
        beside[b].append(link.resource)


def names(vertices: Iterable[Vertex]) -> list[str]:
    """The devices among ``vertices``, in order."""
    return sorted(vertex.removeprefix("node/") for vertex in vertices if vertex.startswith("node/"))


def split(before: Graph, after: Graph) -> tuple[frozenset[Vertex], frozenset[Vertex]]:
    """What is cut off in ``after`` from what it hung together with ``before``, and the rest of that.

    A part of the network to which nothing happened is in neither.
    """
    cut: set[Vertex] = set()
    rest: set[Vertex] = set()
    for whole in before.parts():
        left = whole & after.beside.keys()
        if len(left) < len(whole):
            parts = sorted(after.parts(sorted(left)), key=after.weigh)
            rest |= parts.pop() if parts else NOTHING
            cut.update(*parts)
    return frozenset(cut), frozenset(rest)
