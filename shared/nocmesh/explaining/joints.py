"""Single points of failure: where a graph falls apart when one device or link is taken away. Pure.

One depth-first search finds them all (Tarjan, SIAM J. Comput. 1, 1972): a branch that reaches nothing above its parent
hangs on that parent alone.
"""

from collections.abc import Collection, Iterator
from itertools import accumulate

from nocmesh.explaining.graph import Graph, Vertex


class Joints:
    """The vertices of a graph that hold pieces together, and these pieces."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._order: list[Vertex] = []
        self._index: dict[Vertex, int] = {}
        self._parent: dict[Vertex, Vertex] = {}
        self._root: dict[Vertex, Vertex] = {}
        for vertex in graph.beside:
            if vertex not in self._index:
                self._walk(vertex)
        self._end: dict[Vertex, int] = {}
        self._branches: dict[Vertex, list[Vertex]] = {}
        self._measure()
        self._sums = [0, *accumulate(graph.weight.get(vertex, 0) for vertex in self._order)]

    def _walk(self, root: Vertex) -> None:
        """Number the vertices of one part in the order in which the search finds them."""
        ahead, path = [iter((root,))], [""]
        while ahead:
            vertex = next((far for far in ahead[-1] if far not in self._index), None)
            if vertex is None:
                ahead.pop()
                path.pop()
                continue
            self._index[vertex] = len(self._order)
            self._order.append(vertex)
            self._root[vertex], self._parent[vertex] = root, path[-1]
            path.append(vertex)
            ahead.append(iter(self._graph.beside[vertex]))

    def _measure(self) -> None:
        """Where each branch ends in the order, and which hang on their parent alone."""
        low = dict(self._index)
        self._end = {vertex: index + 1 for vertex, index in self._index.items()}
        for vertex in reversed(self._order):
            up = self._parent[vertex]
            low[vertex] = min([low[vertex], *(self._index[far] for far in self._graph.beside[vertex] if far != up)])
            if up:
                self._end[up] = max(self._end[up], self._end[vertex])
                low[up] = min(low[up], low[vertex])
            if up and low[vertex] >= self._index[up]:
                self._branches.setdefault(up, []).append(vertex)

    def among(self, vertices: Collection[Vertex]) -> Iterator[Vertex]:
        """Those of ``vertices`` whose loss leaves more than one piece, in order."""
        for vertex in sorted(vertices):
            if len(self._branches.get(vertex, ())) > (not self._parent[vertex]):
                yield vertex

    def fall(self, joint: Vertex) -> tuple[Vertex, list[Vertex]]:
        """What happens without ``joint``: a vertex of the piece that weighs most, and the devices of the others."""
        branches = self._branches[joint]
        slices = {v: (self._index[v], self._end[v]) for v in branches}
        weights = {v: self._sums[end] - self._sums[begin] for v, (begin, end) in slices.items()}
        root = self._root[joint]
        if joint != root:
            part = self._sums[self._end[root]] - self._sums[self._index[root]]
            weights[root] = part - sum(weights.values()) - self._graph.weight.get(joint, 0)
        main = max(weights, key=lambda piece: weights[piece])
        if main != root:
            begin, end = slices[main]
            others = [*self._order[self._index[root] : begin], *self._order[end : self._end[root]]]
        else:
            others = [v for begin, end in slices.values() for v in self._order[begin:end]]
        return main, [v for v in others if v in self._graph.weight and v != joint]

    def piece(self, joint: Vertex, vertex: Vertex) -> Vertex:
        """A name of the piece that ``vertex`` is in without ``joint``."""
        here = self._index[vertex]
        for branch in self._branches.get(joint, ()):
            if self._index[branch] <= here < self._end[branch]:
                return branch
        return self._root[vertex]


def newly_single(before: Graph, after: Graph, rest: Collection[Vertex]) -> dict[Vertex, frozenset[Vertex]]:
    """By vertex of ``rest``: the devices that its loss would cut off ``after``, and would not have ``before``."""
    was, now = Joints(before), Joints(after)
    found = {}
    for joint in now.among(rest):
        main, others = now.fall(joint)
        kept = was.piece(joint, main)
        lost = frozenset(vertex for vertex in others if was.piece(joint, vertex) == kept)
        if lost:
            found[joint] = lost
    return found
