"""Filters that leave a node without an answer: to pings, to who resolves its address, to who asks for a page."""

from nocmesh.lab.faults import asking
from nocmesh.lab.faults.filters import filtered
from nocmesh.lab.faults.kinds import Alarm, Check, Ground, Injection, Kind, Params, node_id, node_of
from nocmesh.lab.faults.segments import Station, hosts, segment
from nocmesh.lab.plan import LabPlan, Node

OTHERS = '{ "lo", "eth0" }'
"""Interfaces that no filter here is about: the node itself, and the management network."""
WEB = "http"
"""The name of a host's web server among its services."""


def _cabled(node: Node) -> list[Station]:
    return [Station(node, port) for port in node.ports if port.kind == "cable" and port.addresses]


def _asker(plan: LabPlan, node: Node) -> tuple[Station, Station] | None:
    """The node's first interface that has a neighbour with an address in its network, and that neighbour."""
    for here in _cabled(node):
        for other in segment(plan, here)[1:]:
            if here.interface and other.interface and other.interface.network == here.interface.network:
                return here, other
    return None


def _beside(plan: LabPlan, resource: str) -> tuple[Station, Station]:
    """The same; the kind's places have seen that there is one."""
    node = node_of(plan, resource)
    return _asker(plan, node) or (Station(node, node.ports[0]), Station(node, node.ports[0]))


def neighboured(plan: LabPlan) -> list[str]:
    """Routers and hosts that a neighbour can ask, routers first."""
    found = [node for node in plan.nodes if node.kind != "switch" and _asker(plan, node)]
    return [node_id(node) for node in sorted(found, key=lambda node: node.kind != "router")]


# icmp_acl_block, arp_acl_block


def _icmp_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    rule = f"iifname != {OTHERS} meta l4proto icmp drop"
    return filtered(node_of(plan, resource), "inet", {"input": rule, "forward": rule})


def _icmp_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    here, other = _beside(plan, resource)

    async def check(lab: Ground) -> bool:
        """A neighbour resolves the node's address, and gets no answer from it."""
        if await asking.reaches(lab, other.node.name, here.address):
            return False
        return bool(await asking.resolved(lab, other.node.name, here.address))

    return check


def _arp_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    """What the node knew of its neighbours is forgotten, as it would be within minutes."""
    node = node_of(plan, resource)
    chains = {"input": f"iifname != {OTHERS} drop", "output": f"oifname != {OTHERS} drop"}
    forget = [f"ip neigh flush dev {one.port.name}" for one in _cabled(node)]
    return filtered(node, "arp", chains, *forget)


def _arp_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    here, other = _beside(plan, resource)

    async def check(lab: Ground) -> bool:
        """The node cannot resolve a neighbour that is up."""
        if await asking.reaches(lab, here.node.name, other.address):
            return False
        up = "LOWER_UP" in (await asking.link(lab, here.node.name, here.port.name)).get("flags", [])
        return up and not await asking.resolved(lab, here.node.name, other.address)

    return check


def _probe_failed(plan: LabPlan, resource: str, params: Params) -> Alarm:
    here, other = _beside(plan, resource)
    labels = {"target": here.address, "source": other.node.name}
    summary = f"{other.node.name} gets no answer from {here.node.name} at {here.address}"
    return Alarm(name="HostUnreachable", instance=here.node.name, labels=labels, summary=summary)


# http_acl_block


def _client(plan: LabPlan, node: Node) -> tuple[Station, str] | None:
    """The web server of a node, and another node that should reach it."""
    here = next((one for one in hosts(plan) if one.node.name == node.name and WEB in node.services), None)
    other = next((one for one in hosts(plan) if one.node.name != node.name), None)
    return (here, other.node.name) if here and other else None


def web_hosts(plan: LabPlan) -> list[str]:
    """Hosts that serve a page to others."""
    return [node_id(node) for node in plan.nodes if _client(plan, node)]


def _http_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    return filtered(node_of(plan, resource), "inet", {"input": f"iifname != {OTHERS} tcp dport 80 drop"})


def _web(plan: LabPlan, resource: str) -> tuple[Station, str]:
    node = node_of(plan, resource)
    return _client(plan, node) or (Station(node, node.ports[0]), node.name)


def _http_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    here, client = _web(plan, resource)

    async def check(lab: Ground) -> bool:
        """The host answers pings and, to itself, requests; to others none."""
        if not await asking.reaches(lab, client, here.address):
            return False
        served = [await asking.served(lab, name, here.address) for name in (client, here.node.name)]
        return served == [False, True]

    return check


def _page_down(plan: LabPlan, resource: str, params: Params) -> Alarm:
    here, client = _web(plan, resource)
    return Alarm(
        name="HttpProbeFailed",
        instance=here.node.name,
        labels={"target": f"http://{here.address}/", "source": client},
        summary=f"{client} gets no page from {here.node.name}",
    )


KINDS: tuple[Kind, ...] = (
    Kind(
        fault_type="icmp_acl_block", places=neighboured, steps=_icmp_steps, symptom=_icmp_symptom, alarm=_probe_failed
    ),
    Kind(fault_type="arp_acl_block", places=neighboured, steps=_arp_steps, symptom=_arp_symptom, alarm=_probe_failed),
    Kind(fault_type="http_acl_block", places=web_hosts, steps=_http_steps, symptom=_http_symptom, alarm=_page_down),
)
