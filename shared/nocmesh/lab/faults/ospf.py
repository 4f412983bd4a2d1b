"""Faults of OSPF: an adjacency that is not formed, and links that carry what they should not, or nothing.

What an adjacency demands of its two ends: RFC 2328 §10.5 (area, mask, timers, stub flag), §D.3 (authentication).
"""

from collections.abc import Callable
from typing import NamedTuple

from nocmesh.lab.faults.igp import Adjacency, adjacencies, adjacency, adjacent, area, detour, detoured
from nocmesh.lab.faults.kinds import (
    Alarm,
    Check,
    Ground,
    Injection,
    Kind,
    Params,
    configure,
    node_of,
    routers,
    vtysh,
)
from nocmesh.lab.faults.routing import next_hops, ospf_full
from nocmesh.lab.plan import LabPlan, Node

BACKBONE = "0.0.0.0"  # noqa: S104 - an OSPF area, no address to bind to
LOST_SECONDS = 30.0
"""A dead interval, and the time to write it down."""

Lines = Callable[[LabPlan, Adjacency, Params], tuple[list[str], list[str], str]]
"""Lines of the interface that make a fault and that undo it, and what it is."""


def _places(plan: LabPlan) -> list[str]:
    return adjacent(plan, "ospf")


class _Sign(NamedTuple):
    """What is seen of a fault on an interface: by the routers, and by monitoring."""

    symptom: Callable[[Adjacency], Check]
    alarm: Callable[[Adjacency], Alarm]


def _on_interface(fault_type: str, lines: Lines, sign: _Sign, /, *, moved: bool = False, **params: str) -> Kind:
    """A kind that is some lines on one interface, chosen by parameter `interface`."""
    choose = detour if moved else adjacency

    def steps(plan: LabPlan, resource: str, given: Params) -> Injection:
        one = choose(plan, resource, given)
        wrong, right, what = lines(plan, one, given)
        enter = f"interface {one.port.name}"
        return Injection(
            steps=[configure(one.node.name, enter, *wrong)],
            undo=[configure(one.node.name, enter, line) for line in right],
            summary=f"{one.node.name}: {what} on {one.port.name}, towards {one.far.name}",
        )

    return Kind(
        fault_type=fault_type,
        places=(lambda plan: detoured(plan, "ospf")) if moved else _places,
        steps=steps,
        symptom=lambda plan, resource, given: sign.symptom(choose(plan, resource, given)),
        alarm=lambda plan, resource, given: sign.alarm(choose(plan, resource, given)),
        params={"interface": "", **params},
        seconds=LOST_SECONDS,
    )


def _lost(one: Adjacency) -> Check:
    """The far end has no full neighbour on its end of the link."""

    async def check(lab: Ground) -> bool:
        return all(name != one.far_port.name for name, _ in await ospf_full(lab, one.far.name))

    return check


def _unused(one: Adjacency) -> Check:
    """The far end is fully adjacent, and yet sends nothing for the node over the link."""

    async def check(lab: Ground) -> bool:
        if await _lost(one)(lab):
            return False
        return one.far_port.name not in await next_hops(lab, one.far.name, f"{one.node.router_id}/32", "ospf")

    return check


def _avoided(one: Adjacency) -> Check:
    """The node is fully adjacent, has a route to the far end, and it does not take the link."""

    async def check(lab: Ground) -> bool:
        taken = await next_hops(lab, one.node.name, f"{one.far.router_id}/32", "ospf")
        return bool(taken) and one.port.name not in taken and not await _lost(one)(lab)

    return check


def _lost_alarm(one: Adjacency) -> Alarm:
    return Alarm(
        name="OspfNeighborDown",
        instance=one.far.name,
        summary=f"{one.far.name}: OSPF neighbour {one.node.router_id} on {one.far_port.name} is lost",
        labels={"interface": one.far_port.name, "neighbor": one.node.router_id},
    )


def _unused_alarm(one: Adjacency) -> Alarm:
    return Alarm(
        name="RouteMissing",
        instance=one.far.name,
        summary=f"{one.far.name}: no route over {one.far_port.name} any more, though {one.node.name} is still adjacent",
        labels={"interface": one.far_port.name},
    )


def _moved_alarm(one: Adjacency) -> Alarm:
    return Alarm(
        name="TrafficShifted",
        instance=one.far.name,
        summary=f"{one.far.name}: {one.far_port.name} receives hardly any traffic, latency from {one.node.name} rose",
        labels={"interface": one.far_port.name},
        severity="warning",
    )


def _area(plan: LabPlan, one: Adjacency, params: Params) -> tuple[list[str], list[str], str]:
    right = f"ip ospf area {area(one.port, one.node)}"
    return ["no ip ospf area", f"ip ospf area {params['area']}"], ["no ip ospf area", right], f"area {params['area']}"


def _missing(plan: LabPlan, one: Adjacency, params: Params) -> tuple[list[str], list[str], str]:
    return ["no ip ospf area"], [f"ip ospf area {area(one.port, one.node)}"], "not in OSPF"


def _timers(plan: LabPlan, one: Adjacency, params: Params) -> tuple[list[str], list[str], str]:
    hello, dead = params["hello"], params["dead"]
    options = plan.options
    wrong = [f"ip ospf hello-interval {hello}", f"ip ospf dead-interval {dead}"]
    right = [f"ip ospf hello-interval {options.hello_interval}", f"ip ospf dead-interval {options.dead_interval}"]
    return wrong, right, f"hello {hello}, dead {dead}"


def _auth(plan: LabPlan, one: Adjacency, params: Params) -> tuple[list[str], list[str], str]:
    number, key = 9, params["key"]
    method = "ip ospf authentication message-digest"
    wrong = [method, f"ip ospf message-digest-key {number} md5 {key}"]
    right = [f"no ip ospf message-digest-key {number}"]
    if not one.port.key:
        right.append("no ip ospf authentication")
    return wrong, right, "another key"


def _network_type(plan: LabPlan, one: Adjacency, params: Params) -> tuple[list[str], list[str], str]:
    return [f"ip ospf network {params['type']}"], ["ip ospf network point-to-point"], f"network type {params['type']}"


def _passive(plan: LabPlan, one: Adjacency, params: Params) -> tuple[list[str], list[str], str]:
    return ["ip ospf passive"], ["no ip ospf passive"], "passive"


def _cost(plan: LabPlan, one: Adjacency, params: Params) -> tuple[list[str], list[str], str]:
    right = "no ip ospf cost" if one.port.cost is None else f"ip ospf cost {one.port.cost}"
    return [f"ip ospf cost {params['cost']}"], [right], f"cost {params['cost']}"


def _double(plan: LabPlan, resource: str, params: Params) -> Node:
    """Whose router id the node takes: parameter `of`, else a router that is not its neighbour, else any other."""
    node = node_of(plan, resource)
    if params.get("of"):
        return node_of(plan, f"node/{params['of']}")
    near = {one.far.name for one in adjacencies(plan, node)}
    others = [other for other in routers(plan) if other.name != node.name]
    return next((other for other in others if other.name not in near), others[0])


def _duplicate_id(plan: LabPlan, resource: str, params: Params) -> Injection:
    """Undone on both: the node's clearing flushes the other's LSA too, and FRR 8.4 does not originate it again."""
    node, of = node_of(plan, resource), _double(plan, resource, params)
    again = vtysh(node.name, "clear ip ospf process")
    return Injection(
        steps=[configure(node.name, "router ospf", f"ospf router-id {of.router_id}"), again],
        undo=[
            configure(node.name, "router ospf", f"ospf router-id {node.router_id}"),
            again,
            vtysh(of.name, "clear ip ospf process"),
        ],
        summary=f"{node.name} has the router id of {of.name}, {of.router_id}",
    )


def _unknown_id(plan: LabPlan, resource: str, params: Params) -> Check:
    """A neighbour of the node has nobody under its router id any more."""
    one = adjacency(plan, resource, {})

    async def check(lab: Ground) -> bool:
        return (one.far_port.name, one.node.router_id) not in await ospf_full(lab, one.far.name)

    return check


def _stub(plan: LabPlan, resource: str, params: Params) -> Injection:
    one = _beyond(plan, resource, params)
    own = area(one.port, one.node)
    line, right = f"area {own} stub", own in one.node.stub_areas
    wrong, back = (f"no {line}", line) if right else (line, f"no {line}")
    return Injection(
        steps=[configure(one.node.name, "router ospf", wrong)],
        undo=[configure(one.node.name, "router ospf", back)],
        summary=f"{one.node.name} says that area {own} is {'no' if right else 'a'} stub",
    )


def _beyond(plan: LabPlan, resource: str, params: Params) -> Adjacency:
    """The first adjacency outside the backbone, which cannot be a stub (RFC 2328 §3.6)."""
    return next(one for one in adjacencies(plan, node_of(plan, resource)) if area(one.port, one.node) != BACKBONE)


def _outside_backbone(plan: LabPlan) -> list[str]:
    return [
        at
        for at in _places(plan)
        if any(area(one.port, one.node) != BACKBONE for one in adjacencies(plan, node_of(plan, at)))
    ]


_LOSS = _Sign(_lost, _lost_alarm)
_IDLE = _Sign(_unused, _unused_alarm)
_SHIFT = _Sign(_avoided, _moved_alarm)

KINDS: tuple[Kind, ...] = (
    _on_interface("ospf_area_misconfiguration", _area, _LOSS, area="0.0.0.9"),
    _on_interface("ospf_neighbor_missing", _missing, _LOSS),
    _on_interface("ospf_timer_mismatch", _timers, _LOSS, hello="7", dead="28"),
    _on_interface("ospf_auth_mismatch", _auth, _LOSS, key="another"),
    _on_interface("ospf_network_type_mismatch", _network_type, _IDLE, type="broadcast"),
    _on_interface("ospf_passive_interface", _passive, _LOSS),
    Kind(
        fault_type="ospf_duplicate_router_id",
        places=_places,
        steps=_duplicate_id,
        symptom=_unknown_id,
        alarm=lambda plan, resource, params: _lost_alarm(adjacency(plan, resource, {})),
        params={"of": ""},
    ),
    Kind(
        fault_type="ospf_area_type_mismatch",
        places=_outside_backbone,
        steps=_stub,
        symptom=lambda plan, resource, params: _lost(_beyond(plan, resource, params)),
        alarm=lambda plan, resource, params: _lost_alarm(_beyond(plan, resource, params)),
    ),
    _on_interface("ospf_cost_misconfig", _cost, _SHIFT, moved=True, cost="1000"),
)
