"""Where an IGP's faults fit: the adjacencies of a plan, and the paths that it gives. Pure."""

import heapq
from typing import NamedTuple

from nocmesh.errors import InvalidInputError
from nocmesh.lab.faults.kinds import Params, node_id, node_of, routers
from nocmesh.lab.plan import Igp, LabPlan, Node, Port

DEFAULT_COST = 10
"""FRR's own, for OSPF on a veth (it tells no speed) and for IS-IS."""


class Adjacency(NamedTuple):
    """One link of the IGP, seen from the node that has the fault."""

    node: Node
    port: Port
    far: Node
    far_port: Port

    @property
    def address(self) -> str:
        """The node's own address on it."""
        return self.port.addresses[0].partition("/")[0]


def speaks(port: Port) -> bool:
    """The IGP forms adjacencies on it."""
    return port.kind == "cable" and port.igp and not port.passive


def adjacencies(plan: LabPlan, node: Node) -> list[Adjacency]:
    """All of a router's, in the order of its ports."""
    found = []
    for port in node.ports:
        end = plan.far_end(node.name, port.name) if speaks(port) else None
        far = plan.node(end[0]) if end else None
        far_port = far.port(end[1]) if far and end else None
        if far and far_port and far.kind == "router" and speaks(far_port):
            found.append(Adjacency(node, port, far, far_port))
    return found


def adjacent(plan: LabPlan, igp: Igp) -> list[str]:
    """Resource ids of the routers that have an adjacency, when the lab runs that IGP."""
    if plan.options.igp != igp:
        return []
    return [node_id(node) for node in routers(plan) if adjacencies(plan, node)]


def adjacency(plan: LabPlan, resource: str, params: Params) -> Adjacency:
    """The one that parameter `interface` names, else the first. Raises: InvalidInputError."""
    node = node_of(plan, resource)
    there = adjacencies(plan, node)
    wanted = params.get("interface", "")
    for one in there:
        if wanted in ("", one.port.name):
            return one
    names = ", ".join(one.port.name for one in there) or "none"
    raise InvalidInputError(
        f"{wanted!r} has no adjacency on {node.name}; expected one of its interfaces {names}", field="interface"
    )


def detours(plan: LabPlan, node: Node) -> list[Adjacency]:
    """Adjacencies whose link is a shortest path to the far end, and that traffic can go around."""
    return [one for one in adjacencies(plan, node) if _best(plan, one) and _redundant(plan, one)]


def _best(plan: LabPlan, one: Adjacency) -> bool:
    shortest = distance(plan, one)
    return shortest is not None and cost(one.port) <= shortest


def _redundant(plan: LabPlan, one: Adjacency) -> bool:
    return distance(plan, one, around=True) is not None


def detoured(plan: LabPlan, igp: Igp) -> list[str]:
    """Resource ids of the routers where a cost can move traffic; not where external BGP decides on all that matters."""
    if plan.options.bgp == "ebgp":
        return []
    return [at for at in adjacent(plan, igp) if detours(plan, node_of(plan, at))]


def detour(plan: LabPlan, resource: str, params: Params) -> Adjacency:
    """The one that parameter `interface` names, else the first that traffic can go around."""
    if params.get("interface"):
        return adjacency(plan, resource, params)
    return detours(plan, node_of(plan, resource))[0]


def double(plan: LabPlan, resource: str, params: Params) -> Node:
    """Whose id the node takes: parameter `of`, else a router that is not its neighbour, else any other."""
    node = node_of(plan, resource)
    if params.get("of"):
        return node_of(plan, f"node/{params['of']}")
    near = {one.far.name for one in adjacencies(plan, node)}
    others = [other for other in routers(plan) if other.name != node.name]
    return next((other for other in others if other.name not in near), others[0])


def cost(port: Port) -> int:
    """What the IGP counts for it."""
    return port.cost if port.cost is not None else DEFAULT_COST


def area(port: Port, node: Node) -> str:
    """The OSPF area of an interface."""
    return port.area or node.area


def distance(plan: LabPlan, link: Adjacency, *, around: bool = False) -> int | None:
    """The cost of the shortest path between a link's ends (Dijkstra), or of the one around it; None: there is none.

    With OSPF inside the link's own area: a path through another is not taken as long as this one is there.
    """
    inside = area(link.port, link.node) if plan.options.igp == "ospf" else ""
    settled: set[str] = set()
    queue = [(0, link.node.name)]
    while queue:
        far, name = heapq.heappop(queue)
        if name == link.far.name:
            return far
        if name in settled:
            continue
        settled.add(name)
        for one in adjacencies(plan, node_of(plan, f"node/{name}")):
            skipped = around and (one.node.name, one.port.name) == (link.node.name, link.port.name)
            if not skipped and inside in ("", area(one.port, one.node)):
                heapq.heappush(queue, (far + cost(one.port), one.far.name))
    return None
