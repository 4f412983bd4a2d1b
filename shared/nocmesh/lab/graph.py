"""A graph: nodes and cables as data, before any address. The named ones lie in `topologies/`; a Clos is made.

A graph file is YAML: `name`, `nodes` (name, kind, role, site, core, area), `links` (pairs of names), `areas` (stub or
normal). Every mistake in it is reported with its line.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict

from nocmesh.errors import NotFoundError
from nocmesh.lab.patch import PATCH
from nocmesh.lab.plan import NodeKind, Options
from nocmesh.yamlfile import Document, Mistake, nearest, read_document, validated

LONGEST = 10
"""Of a name: `<name>-e99` must fit a kernel interface's fifteen letters."""
MOST_NODES = 200
"""They share one /24 of management addresses."""
MOST_CABLES = 90
"""Of one node: two digits in an interface's name."""
BACKBONE = "0.0.0.0"  # noqa: S104 - an OSPF area
_NAME = re.compile(r"[a-z][a-z0-9]*")
_FOLDER = files("nocmesh.lab").joinpath("topologies")


def _a_name(text: str) -> str:
    if not _NAME.fullmatch(text) or len(text) > LONGEST:
        raise ValueError(f"{text[:40]!r} cannot be a node's name; expected a-z and 0-9, at most {LONGEST} letters")
    if text == PATCH:
        raise ValueError(f"{PATCH!r} is the patch room's own name; choose another")
    return text


def _an_area(text: str) -> str:
    parts = text.split(".")
    if len(parts) != 4 or not all(part.isascii() and part.isdigit() and int(part) < 256 for part in parts):
        raise ValueError(f"{text[:40]!r} is no OSPF area; expected one such as 0.0.0.1")
    return text


NodeName = Annotated[str, AfterValidator(_a_name)]
Area = Annotated[str, AfterValidator(_an_area)]


class GraphNode(BaseModel):
    """One node."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: NodeName
    kind: NodeKind = "router"
    role: str = ""
    site: str = ""
    core: bool = False
    area: Area = BACKBONE
    """OSPF: of its cables and its loopback."""


class Graph(BaseModel):
    """Nodes and cables."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: NodeName | Literal["dfn-bwin"] = "graph"
    nodes: list[GraphNode]
    links: list[tuple[str, str]] = []
    areas: dict[Area, Literal["stub", "normal"]] = {}

    def neighbours(self, name: str) -> list[str]:
        """The far ends of its cables, one a cable."""
        return [b if a == name else a for a, b in self.links if name in (a, b)]

    def kind(self, name: str) -> NodeKind:
        """What the node is."""
        return next(node.kind for node in self.nodes if node.name == name)


def names() -> list[str]:
    """The named topologies."""
    return sorted(["clos", *(entry.name.removesuffix(".yaml") for entry in _FOLDER.iterdir() if _is_graph(entry.name))])


def _is_graph(name: str) -> bool:
    return name.endswith(".yaml")


def named(topology: str, options: Options | None = None) -> Graph:
    """The topology of that name. Raises: NotFoundError with the nearest known one."""
    if topology == "clos":
        chosen = options or Options()
        return clos(chosen.spines, chosen.leaves)
    if topology not in names():
        raise NotFoundError(f"there is no topology {topology[:60]!r}; {nearest(topology[:60], names())}")
    return _kept(topology)


@cache
def _kept(topology: str) -> Graph:
    with as_file(_FOLDER.joinpath(f"{topology}.yaml")) as path:
        return load_graph(path)


def clos(spines: int, leaves: int) -> Graph:
    """Two tiers: every leaf is cabled to every spine."""
    top = [GraphNode(name=f"spine{n}", role="spine", site="dc", core=True) for n in range(1, spines + 1)]
    low = [GraphNode(name=f"leaf{n}", role="leaf", site="dc") for n in range(1, leaves + 1)]
    graph = Graph(name="clos", nodes=[*top, *low], links=[(s.name, leaf.name) for s in top for leaf in low])
    document = Document(name="clos", data=graph.model_dump(), lines={(): 1})
    document.refuse(_mistakes(document, graph))
    return graph


def load_graph(path: Path | str) -> Graph:
    """The graph file at `path`. Raises: NotFoundError; InvalidInputError that names file, line, what was expected."""
    return graph_of(read_document(Path(path)))


def graph_of(document: Document) -> Graph:
    """`document` as a graph. Raises: InvalidInputError with every mistake and its line."""
    graph, mistakes = validated(document, Graph)
    document.refuse(mistakes)
    assert graph is not None
    document.refuse(_mistakes(document, graph))
    return graph


def _mistakes(document: Document, graph: Graph) -> list[Mistake]:
    found = [*_counts(document, graph), *_repeats(document, graph), *_ends(document, graph)]
    return found or [*_fanouts(document, graph), *_islands(document, graph)]


def _counts(document: Document, graph: Graph) -> Iterator[Mistake]:
    if not any(node.kind == "router" for node in graph.nodes):
        yield document.mistake(("nodes",), "has no router; expected at least one node of kind router")
    if len(graph.nodes) > MOST_NODES:
        yield document.mistake(("nodes",), f"has {len(graph.nodes)} nodes; expected at most {MOST_NODES}")


def _repeats(document: Document, graph: Graph) -> Iterator[Mistake]:
    seen: dict[str, int] = {}
    for index, node in enumerate(graph.nodes):
        if node.name in seen:
            line = document.line(("nodes", seen[node.name]))
            place = ("nodes", index, "name")
            yield document.mistake(place, f"{node.name!r} is already taken, on line {line}; choose another")
        seen.setdefault(node.name, index)


def _ends(document: Document, graph: Graph) -> Iterator[Mistake]:
    known = {node.name: node.kind for node in graph.nodes}
    for index, pair in enumerate(graph.links):
        for side, end in enumerate(pair):
            if end not in known:
                yield document.mistake(("links", index, side), f"no node {end[:40]!r}; {nearest(end[:40], known)}")
        if pair[0] == pair[1]:
            yield document.mistake(("links", index), "both ends are the same node; expected two")
        if {known.get(end) for end in pair} == {"host"}:
            yield document.mistake(("links", index), "joins two hosts; expected a router or a switch at one end")


def _fanouts(document: Document, graph: Graph) -> Iterator[Mistake]:
    for index, node in enumerate(graph.nodes):
        cables = len(graph.neighbours(node.name))
        if node.kind == "host" and cables != 1:
            yield document.mistake(("nodes", index), f"the host {node.name} has {cables} cables; expected one")
        if cables > MOST_CABLES:
            yield document.mistake(("nodes", index), f"has {cables} cables; expected at most {MOST_CABLES}")


def _islands(document: Document, graph: Graph) -> Iterator[Mistake]:
    reached = reachable(graph, graph.nodes[0].name)
    for index, node in enumerate(graph.nodes):
        if node.name not in reached:
            reason = f"no cables lead from {graph.nodes[0].name} to {node.name}; expected a connected graph"
            yield document.mistake(("nodes", index), reason)


def reachable(graph: Graph, start: str, through: Iterable[str] | None = None) -> set[str]:
    """The nodes that cables join with `start`; with `through`, only nodes of those kinds pass on."""
    kinds = set(through) if through is not None else {"router", "switch", "host"}
    far: dict[str, list[str]] = {node.name: [] for node in graph.nodes}
    for a, b in graph.links:
        far[a].append(b)
        far[b].append(a)
    passes = {node.name for node in graph.nodes if node.kind in kinds}
    seen, waiting = {start}, [start]
    while waiting:
        name = waiting.pop()
        fresh = set(far[name]) - seen if name in passes or name == start else set()
        seen |= fresh
        waiting += sorted(fresh)
    return seen


def with_hosts(graph: Graph, wanted: int) -> Graph:
    """`graph`, and hosts behind its edge when it has none of its own: leaves first, then the least cabled routers."""
    if wanted <= 0 or any(node.kind == "host" for node in graph.nodes):
        return graph
    routers = [node for node in graph.nodes if node.kind == "router"]
    degree = {node.name: len(graph.neighbours(node.name)) for node in routers}
    edge = [node for node in routers if node.role not in {"spine", "core"}] or routers
    edge.sort(key=lambda node: degree[node.name])
    taken = {node.name for node in graph.nodes}
    labels = [name for n in range(1, wanted + len(taken) + 1) if (name := f"h{n}") not in taken][:wanted]
    behind = [edge[i % len(edge)] for i in range(wanted)]
    hosts = [
        GraphNode(name=label, kind="host", role="host", site=router.site)
        for label, router in zip(labels, behind, strict=True)
    ]
    links = [(label, router.name) for label, router in zip(labels, behind, strict=True)]
    return graph.model_copy(update={"nodes": [*graph.nodes, *hosts], "links": [*graph.links, *links]})
