"""The spanning tree that a plan's switches make: root, root ports, blocked ports. Pure (IEEE 802.1D-1998, clause 8)."""

from typing import NamedTuple

from nocmesh.lab.faults.segments import Station, far
from nocmesh.lab.plan import LabPlan, Node

COST = 2
"""The kernel's for a veth, that calls itself a port of 10 Gbit/s."""


class Tree(NamedTuple):
    """Of one set of joined switches, when all is well."""

    root: Node
    root_ports: dict[str, Station]
    """By switch: the port towards the root."""
    blocked: list[Station]
    """Ports between switches that do not forward."""


def switches(plan: LabPlan) -> list[Node]:
    """All switches, in the plan's order."""
    return [node for node in plan.nodes if node.kind == "switch"]


def bridge_id(node: Node) -> tuple[int, str]:
    """What is compared: the lowest is root. A bridge's address is the lowest of its ports'."""
    return node.stp_priority, min((port.mac for port in node.ports if port.bridge and port.mac), default="")


def trunks(plan: LabPlan, node: Node) -> list[Station]:
    """A switch's ports that face other switches, in the order of their numbers."""
    here = [Station(node, port) for port in node.ports if port.bridge]
    return [one for one in here if (other := far(plan, one)) and other.port.bridge]


def tree(plan: LabPlan, without: str = "") -> Tree | None:
    """The tree of the plan's first set of switches, as if the port `without` (`node:port`) were not there."""
    everyone = switches(plan)
    if not everyone:
        return None
    root = min(_joined(plan, everyone[0]), key=bridge_id)
    distance = _distances(plan, root, without)
    ports = {node.name: port for node in everyone if (port := _root_port(plan, node, distance, without))}
    return Tree(root, ports, _blocked(plan, everyone, distance, ports))


def _joined(plan: LabPlan, start: Node) -> list[Node]:
    found, ahead = {start.name: start}, [start]
    while ahead:
        for trunk in trunks(plan, ahead.pop(0)):
            other = far(plan, trunk)
            if other and other.node.name not in found:
                found[other.node.name] = other.node
                ahead.append(other.node)
    return list(found.values())


def _distances(plan: LabPlan, root: Node, without: str) -> dict[str, int]:
    distance, ahead = {root.name: 0}, [root]
    while ahead:
        node = ahead.pop(0)
        for trunk in trunks(plan, node):
            other = far(plan, trunk)
            if other and without not in (trunk.at, other.at) and other.node.name not in distance:
                distance[other.node.name] = distance[node.name] + COST
                ahead.append(other.node)
    return distance


def _root_port(plan: LabPlan, node: Node, distance: dict[str, int], without: str) -> Station | None:
    """The nearest way: least cost, then the better bridge, then that one's lower port, then its own."""
    ways = []
    for number, trunk in enumerate(trunks(plan, node)):
        other = far(plan, trunk)
        if other is None or without in (trunk.at, other.at) or other.node.name not in distance:
            continue
        ways.append(((distance[other.node.name], bridge_id(other.node), _number(other), number), trunk))
    return min(ways, default=(None, None), key=lambda way: way[0])[1] if distance.get(node.name) else None


def _number(one: Station) -> int:
    return [port.name for port in one.node.ports].index(one.port.name)


def _blocked(
    plan: LabPlan, everyone: list[Node], distance: dict[str, int], root_ports: dict[str, Station]
) -> list[Station]:
    """Neither root port nor the better end of its cable."""
    blocked = []
    for node in everyone:
        for trunk in trunks(plan, node):
            other = far(plan, trunk)
            cut = other is None or {node.name, other.node.name} - set(distance)
            if other is None or cut or root_ports.get(node.name) == trunk:
                continue
            mine, its = ((distance[one.node.name], bridge_id(one.node)) for one in (trunk, other))
            if its < mine:
                blocked.append(trunk)
    return blocked
