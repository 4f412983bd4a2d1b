"""Faults of IS-IS: an adjacency that is not formed, and links that carry what they should not.

What an adjacency demands of its two ends: ISO 10589 §8.2 (level, area, system id), RFC 5304 (authentication).
"""

from collections.abc import Callable

from nocmesh.lab.faults.igp import Adjacency, adjacency, adjacent, detour, detoured
from nocmesh.lab.faults.kinds import Alarm, Check, Ground, Injection, Kind, Params, Step, configure
from nocmesh.lab.faults.routing import isis_levels, next_hops
from nocmesh.lab.plan import LabPlan, Node
from nocmesh.lab.render import ISIS_TAG

PROCESS = f"router isis {ISIS_TAG}"
LEVELS = {"level-1": {1}, "level-2-only": {2}, "level-1-2": {1, 2}}

Lines = Callable[[Adjacency, Params], tuple[list[str], list[str], str]]
"""Lines of the interface that make a fault and that undo it, and what it is."""


def _places(plan: LabPlan) -> list[str]:
    return adjacent(plan, "isis")


def _on_interface(fault_type: str, lines: Lines, /, *, moved: bool = False, **params: str) -> Kind:
    """A kind that is some lines on one interface, chosen by parameter `interface`."""
    choose = detour if moved else adjacency

    def steps(plan: LabPlan, resource: str, given: Params) -> Injection:
        one = choose(plan, resource, given)
        wrong, right, what = lines(one, given)
        enter = f"interface {one.port.name}"
        return Injection(
            steps=[configure(one.node.name, enter, *wrong)],
            undo=[configure(one.node.name, enter, line) for line in right],
            summary=f"{one.node.name}: {what} on {one.port.name}, towards {one.far.name}",
        )

    return Kind(
        fault_type=fault_type,
        places=(lambda plan: detoured(plan, "isis")) if moved else _places,
        steps=steps,
        symptom=lambda plan, resource, given: (_avoided if moved else _lost)(choose(plan, resource, given)),
        alarm=lambda plan, resource, given: (_moved_alarm if moved else _lost_alarm)(choose(plan, resource, given)),
        params={"interface": "", **params},
    )


def _level(node: Node, plan: LabPlan) -> str:
    return node.level or plan.options.isis_level


def _lost(one: Adjacency, *, level: int = 0) -> Check:
    """The far end has no adjacency on its end of the link (of that level, when one is given)."""

    async def check(lab: Ground) -> bool:
        up = await isis_levels(lab, one.far.name, one.far_port.name)
        return level not in up if level else not up

    return check


def _avoided(one: Adjacency) -> Check:
    """The node is adjacent, has a route to the far end, and it does not take the link."""

    async def check(lab: Ground) -> bool:
        taken = await next_hops(lab, one.node.name, f"{one.far.router_id}/32", "isis")
        return bool(taken) and one.port.name not in taken and not await _lost(one)(lab)

    return check


def _lost_alarm(one: Adjacency) -> Alarm:
    return Alarm(
        name="IsisAdjacencyDown",
        instance=one.far.name,
        summary=f"{one.far.name}: IS-IS adjacency on {one.far_port.name} to {one.node.name} is lost",
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


def _missing(one: Adjacency, params: Params) -> tuple[list[str], list[str], str]:
    return [f"no ip router isis {ISIS_TAG}"], [f"ip router isis {ISIS_TAG}"], "not in IS-IS"


def _auth(one: Adjacency, params: Params) -> tuple[list[str], list[str], str]:
    right = f"isis password md5 {one.port.key}" if one.port.key else "no isis password"
    return [f"isis password md5 {params['key']}"], [right], "another password"


def _network_type(one: Adjacency, params: Params) -> tuple[list[str], list[str], str]:
    return ["no isis network point-to-point"], ["isis network point-to-point"], "broadcast"


def _passive(one: Adjacency, params: Params) -> tuple[list[str], list[str], str]:
    return ["isis passive"], ["no isis passive"], "passive"


def _metric(one: Adjacency, params: Params) -> tuple[list[str], list[str], str]:
    right = "no isis metric" if one.port.cost is None else f"isis metric {one.port.cost}"
    return [f"isis metric {params['metric']}"], [right], f"metric {params['metric']}"


def _net(node: Node, net: str) -> list[Step]:
    """The node's NET replaced: it takes a new system id only while it has none."""
    return [configure(node.name, f"no {PROCESS}"), *_process(node, net)]


def _process(node: Node, net: str) -> list[Step]:
    return [configure(node.name, PROCESS, f"net {net}")]


KINDS: tuple[Kind, ...] = (
    _on_interface("isis_neighbor_missing", _missing),
    _on_interface("isis_auth_mismatch", _auth, key="another"),
    _on_interface("isis_network_type_mismatch", _network_type),
    _on_interface("isis_passive_interface", _passive),
    _on_interface("isis_metric_misconfig", _metric, moved=True, metric="1000"),
)
