"""Faults of OSPF: an adjacency that is not formed, and links that carry what they should not, or nothing.

What an adjacency demands of its two ends: RFC 2328 §10.5 (area, mask, timers, stub flag), §D.3 (authentication).
"""

from functools import partial

from nocmesh.lab.faults.igp import Adjacency, adjacencies, adjacency, adjacent, area, double
from nocmesh.lab.faults.igp_lines import Lines, on_interface
from nocmesh.lab.faults.igp_signs import LOST, Sign, moved
from nocmesh.lab.faults.kinds import Alarm, Check, Ground, Injection, Kind, Params, configure, node_of, vtysh
from nocmesh.lab.faults.routing import next_hops, ospf_full
from nocmesh.lab.plan import LabPlan

BACKBONE = "0.0.0.0"  # noqa: S104 - an OSPF area, no address to bind to


def _places(plan: LabPlan) -> list[str]:
    return adjacent(plan, "ospf")


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


def _lost_alarm(one: Adjacency) -> Alarm:
    return Alarm(
        name=LOST["ospf"],
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


def _area(plan: LabPlan, one: Adjacency, params: Params) -> Lines:
    right = f"ip ospf area {area(one.port, one.node)}"
    return Lines(
        ["no ip ospf area", f"ip ospf area {params['area']}"], ["no ip ospf area", right], f"area {params['area']}"
    )


def _missing(plan: LabPlan, one: Adjacency, params: Params) -> Lines:
    return Lines(["no ip ospf area"], [f"ip ospf area {area(one.port, one.node)}"], "not in OSPF")


def _timers(plan: LabPlan, one: Adjacency, params: Params) -> Lines:
    hello, dead = params["hello"], params["dead"]
    options = plan.options
    wrong = [f"ip ospf hello-interval {hello}", f"ip ospf dead-interval {dead}"]
    right = [f"ip ospf hello-interval {options.hello_interval}", f"ip ospf dead-interval {options.dead_interval}"]
    return Lines(wrong, right, f"hello {hello}, dead {dead}")


def _auth(plan: LabPlan, one: Adjacency, params: Params) -> Lines:
    number, key = 9, params["key"]
    method = "ip ospf authentication message-digest"
    wrong = [method, f"ip ospf message-digest-key {number} md5 {key}"]
    right = [f"no ip ospf message-digest-key {number}"]
    if not one.port.key:
        right.append("no ip ospf authentication")
    return Lines(wrong, right, "another key")


def _network_type(plan: LabPlan, one: Adjacency, params: Params) -> Lines:
    return Lines(
        [f"ip ospf network {params['type']}"], ["ip ospf network point-to-point"], f"network type {params['type']}"
    )


def _passive(plan: LabPlan, one: Adjacency, params: Params) -> Lines:
    return Lines(["ip ospf passive"], ["no ip ospf passive"], "passive")


def _cost(plan: LabPlan, one: Adjacency, params: Params) -> Lines:
    right = "no ip ospf cost" if one.port.cost is None else f"ip ospf cost {one.port.cost}"
    return Lines([f"ip ospf cost {params['cost']}"], [right], f"cost {params['cost']}")


def _duplicate_id(plan: LabPlan, resource: str, params: Params) -> Injection:
    """Undone on both: the node's clearing flushes the other's LSA too, and FRR 8.4 does not originate it again."""
    node, of = node_of(plan, resource), double(plan, resource, params)
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


_kind = partial(on_interface, "ospf")
_LOSS = Sign(_lost, _lost_alarm)
_IDLE = Sign(_unused, _unused_alarm)
_SHIFT = moved("ospf", _lost)

KINDS: tuple[Kind, ...] = (
    _kind("ospf_area_misconfiguration", _area, _LOSS, area="0.0.0.9"),
    _kind("ospf_neighbor_missing", _missing, _LOSS),
    _kind("ospf_timer_mismatch", _timers, _LOSS, hello="7", dead="28"),
    _kind("ospf_auth_mismatch", _auth, _LOSS, key="another"),
    _kind("ospf_network_type_mismatch", _network_type, _IDLE, type="broadcast"),
    _kind("ospf_passive_interface", _passive, _LOSS),
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
    _kind("ospf_cost_misconfig", _cost, _SHIFT, moved=True, cost="1000"),
)
