"""Faults of a device as a whole: a routing daemon that does not run, no way to it, no forwarding."""

from nocmesh.errors import InvalidInputError
from nocmesh.lab.faults import asking
from nocmesh.lab.faults.igp import adjacencies, adjacency
from nocmesh.lab.faults.kinds import (
    Alarm,
    Check,
    Ground,
    Injection,
    Kind,
    Params,
    by_shell,
    node_id,
    node_of,
    routers,
    shell,
    stopped,
)
from nocmesh.lab.faults.links import patch
from nocmesh.lab.faults.segments import Station, cables, distant, gateway, hosts
from nocmesh.lab.patch import plug, pull, wire
from nocmesh.lab.plan import LabPlan, Node
from nocmesh.lab.render import daemons

MANAGEMENT = "eth0"


# frr_service_down


def adjacent_routers(plan: LabPlan) -> list[str]:
    """Routers that have somebody to miss them."""
    return [node_id(node) for node in routers(plan) if adjacencies(plan, node)]


def _daemon(plan: LabPlan, resource: str, params: Params) -> str:
    """The one that parameter `daemon` names, else the IGP's. Raises: InvalidInputError."""
    igp, wanted = ("ospfd" if plan.options.igp == "ospf" else "isisd"), params["daemon"]
    known = [name for name in daemons(plan, node_of(plan, resource)) if name in (igp, "bgpd")]
    if wanted not in ("igp", *known):
        raise InvalidInputError(f"daemon: expected igp or one of {', '.join(known)}, got {wanted!r}", field="daemon")
    return igp if wanted == "igp" else wanted


def _daemon_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    return stopped(node_of(plan, resource).name, _daemon(plan, resource, params))


def _daemon_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    node, daemon = node_of(plan, resource), _daemon(plan, resource, params)

    async def check(lab: Ground) -> bool:
        """The CLI finds no such daemon, and the neighbours miss it."""
        if daemon in (await lab.vtysh(node.name, "show daemons")).split():
            return False
        return await _missed(lab, plan, node, daemon)

    return check


async def _missed(lab: Ground, plan: LabPlan, node: Node, daemon: str) -> bool:
    if daemon == "bgpd":
        peer = node.bgp.peers[0].node if node.bgp else node.name
        return "Established" not in await _sessions_with(lab, plan, peer, node)
    one = adjacency(plan, node_id(node), {})
    return one.far_port.name not in await asking.adjacencies(lab, one.far.name)


async def _sessions_with(lab: Ground, plan: LabPlan, there: str, node: Node) -> set[str]:
    """States of the sessions that a neighbour has with a node."""
    far = plan.node(there)
    named = {peer.address for peer in far.bgp.peers if peer.node == node.name} if far and far.bgp else set()
    return {state for address, state in (await asking.sessions(lab, there)).items() if address in named}


def _daemon_alarm(plan: LabPlan, resource: str, params: Params) -> Alarm:
    """Seen at a neighbour."""
    node, daemon = node_of(plan, resource), _daemon(plan, resource, params)
    names = {"bgpd": "BgpSessionDown", "ospfd": "OspfNeighborDown", "isisd": "IsisAdjacencyDown"}
    far = node.bgp.peers[0].node if daemon == "bgpd" and node.bgp else adjacency(plan, resource, {}).far.name
    return Alarm(
        name=names[daemon], instance=far, labels={"neighbor": node.name}, summary=f"{far} has lost {node.name}"
    )


# device_unreachable


def cabled_nodes(plan: LabPlan) -> list[str]:
    """All nodes with a cable: routers first, then switches, then hosts."""
    order = ["router", "switch", "host"]
    ends = {end.node.name for one in cables(plan) for end in one.stations}
    found = [node for node in plan.nodes if node.name in ends]
    return [node_id(node) for node in sorted(found, key=lambda node: order.index(node.kind))]


def _dead_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    """As without power: nothing on any cable, and no management."""
    node = node_of(plan, resource)
    wires = [wire(plan, one.cable) for one in cables(plan) if node in [end.node for end in one.stations]]
    return Injection(
        steps=[
            patch(*(line for one in wires for line in pull(one))),
            shell(node.name, f"ip link set {MANAGEMENT} down"),
        ],
        undo=[
            shell(node.name, f"ip link set {MANAGEMENT} up"),
            patch(*(line for one in wires for line in plug(one))),
        ],
        summary=f"{node.name} is cut off from everything",
    )


def _dead_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    node = node_of(plan, resource)
    far = [end for one in cables(plan) for end in one.stations if node in [e.node for e in one.stations]]
    others = [end for end in far if end.node != node]

    async def check(lab: Ground) -> bool:
        """Nobody reaches its management address, and every neighbour has lost the carrier."""
        rows = [await asking.link(lab, end.node.name, end.port.name) for end in others]
        if not all("NO-CARRIER" in row.get("flags", []) for row in rows):
            return False
        return not await asking.reaches(lab, others[0].node.name, node.management)

    return check


def _target_down(plan: LabPlan, resource: str, params: Params) -> Alarm:
    node = node_of(plan, resource)
    return Alarm(
        name="TargetDown",
        instance=node.name,
        labels={"target": node.management},
        summary=f"{node.name} does not answer at its management address",
    )


# ip_forwarding_disabled


def _served(plan: LabPlan, node: Node) -> tuple[Station, str] | None:
    """A host whose gateway the node is, and an address beyond the node."""
    for host in hosts(plan):
        gate, beyond = gateway(plan, host), distant(plan, host)
        if gate and beyond and gate.node.name == node.name and beyond[0] != node.name:
            return host, beyond[1]
    return None


def forwarders(plan: LabPlan) -> list[str]:
    """Routers that are somebody's gateway."""
    return [node_id(node) for node in routers(plan) if _served(plan, node)]


def _forwarding_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    name = node_of(plan, resource).name
    switch = "sysctl -qw net.ipv4.ip_forward="
    return by_shell(name, f"{switch}0", f"{switch}1", f"{name} does not forward")


def _forwarding_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    node = node_of(plan, resource)
    found = _served(plan, node)

    async def check(lab: Ground) -> bool:
        """A host reaches its gateway, and nothing beyond it; the gateway itself does."""
        if found is None:
            return False
        host, beyond = found
        if await asking.reaches(lab, host.node.name, beyond):
            return False
        near = await asking.reaches(lab, host.node.name, host.node.gateway)
        return near and await asking.reaches(lab, node.name, beyond)

    return check


def _cut_off(plan: LabPlan, resource: str, params: Params) -> Alarm:
    host, beyond = _served(plan, node_of(plan, resource)) or (hosts(plan)[0], "")
    return Alarm(
        name="ReachabilityLost",
        instance=host.node.name,
        labels={"target": beyond},
        summary=f"{host.node.name} does not reach {beyond}",
    )


KINDS: tuple[Kind, ...] = (
    Kind(
        fault_type="frr_service_down",
        places=adjacent_routers,
        steps=_daemon_steps,
        symptom=_daemon_symptom,
        alarm=_daemon_alarm,
        params={"daemon": "igp"},
    ),
    Kind(
        fault_type="device_unreachable",
        places=cabled_nodes,
        steps=_dead_steps,
        symptom=_dead_symptom,
        alarm=_target_down,
    ),
    Kind(
        fault_type="ip_forwarding_disabled",
        places=forwarders,
        steps=_forwarding_steps,
        symptom=_forwarding_symptom,
        alarm=_cut_off,
    ),
)
