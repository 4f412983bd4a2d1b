"""Filters that drop what routers tell each other: nftables in the node's own namespace."""

from nocmesh.lab.faults import asking
from nocmesh.lab.faults.igp import adjacencies, adjacency, adjacent
from nocmesh.lab.faults.igp_signs import LOST
from nocmesh.lab.faults.kinds import Alarm, Check, Ground, Injection, Kind, Params, node_of, shell
from nocmesh.lab.faults.peering import speakers
from nocmesh.lab.plan import LabPlan, Node

TABLE = "filter"
ISIS_GROUPS = "{ 01:80:c2:00:00:14, 01:80:c2:00:00:15, 09:00:2b:00:00:05 }"
"""AllL1ISs, AllL2ISs (ISO 10589) and AllISs (RFC 5309, point-to-point links)."""


def filtered(node: Node, family: str, chains: dict[str, str], *after: str) -> Injection:
    """A table of its own with a rule per hook; undone, it is gone."""
    clear = f"nft 'add table {family} {TABLE}; delete table {family} {TABLE}'"
    made = " ".join(
        f"chain {name.split()[0]} {{ type filter hook {name} priority 0; {rule}; }};" for name, rule in chains.items()
    )
    make = f"nft 'table {family} {TABLE} {{ {made} }}'"
    said = "; ".join(dict.fromkeys(chains.values()))
    return Injection(
        steps=[shell(node.name, clear, make, *after)],
        undo=[shell(node.name, clear)],
        summary=f"{node.name} filters: {said}",
    )


# bgp_acl_block


def _bgp_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    rule = "tcp dport 179 drop; tcp sport 179 drop"
    return filtered(node_of(plan, resource), "inet", {"input": rule, "output": rule})


def _bgp_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    node = node_of(plan, resource)
    peer = node.bgp.peers[0] if node.bgp else None

    async def check(lab: Ground) -> bool:
        """No session of the node is established; the first of its neighbours can be reached all the same."""
        states = (await asking.sessions(lab, node.name)).values()
        if peer is None or not states or "Established" in states:
            return False
        source = ["-I", node.router_id] if peer.update_source == "lo" else []
        argv = ["ping", "-n", "-q", "-c", "2", "-W", "1", *source, peer.address]
        return (await lab.exec(node.name, *argv, check=False)).code == 0

    return check


def _session_down(plan: LabPlan, resource: str, params: Params) -> Alarm:
    """Seen at the first neighbour."""
    node = node_of(plan, resource)
    far = node.bgp.peers[0].node if node.bgp else node.name
    return Alarm(
        name="BgpSessionDown",
        instance=far,
        labels={"neighbor": node.name},
        summary=f"{far}: the BGP session with {node.name} is down",
    )


# ospf_acl_block, isis_acl_block


def ospf_nodes(plan: LabPlan) -> list[str]:
    """Routers with an OSPF adjacency."""
    return adjacent(plan, "ospf")


def isis_nodes(plan: LabPlan) -> list[str]:
    """Routers with an IS-IS adjacency."""
    return adjacent(plan, "isis")


def _ospf_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    rule = "ip protocol ospf drop"
    return filtered(node_of(plan, resource), "inet", {"input": rule, "output": rule})


def _isis_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    """Outward only: a routing daemon reads IS-IS before any filter of the kernel's sees it."""
    node = node_of(plan, resource)
    names = ", ".join(one.port.name for one in adjacencies(plan, node))
    return filtered(node, "netdev", {f"egress devices = {{ {names} }}": f"ether daddr {ISIS_GROUPS} drop"})


def _igp_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    one = adjacency(plan, resource, {})

    async def check(lab: Ground) -> bool:
        """The far end has lost the adjacency, and reaches the node all the same."""
        lost = one.far_port.name not in await asking.adjacencies(lab, one.far.name)
        return lost and await asking.reaches(lab, one.far.name, one.address)

    return check


def _adjacency_down(plan: LabPlan, resource: str, params: Params) -> Alarm:
    one = adjacency(plan, resource, {})
    return Alarm(
        name=LOST[plan.options.igp],
        instance=one.far.name,
        labels={"interface": one.far_port.name, "neighbor": one.node.name},
        summary=f"{one.far.name}: the adjacency with {one.node.name} on {one.far_port.name} is lost",
    )


KINDS: tuple[Kind, ...] = (
    Kind(fault_type="bgp_acl_block", places=speakers, steps=_bgp_steps, symptom=_bgp_symptom, alarm=_session_down),
    Kind(
        fault_type="ospf_acl_block", places=ospf_nodes, steps=_ospf_steps, symptom=_igp_symptom, alarm=_adjacency_down
    ),
    Kind(
        fault_type="isis_acl_block", places=isis_nodes, steps=_isis_steps, symptom=_igp_symptom, alarm=_adjacency_down
    ),
)
