"""Faults of IS-IS: an adjacency that is not formed, and links that carry what they should not.

What an adjacency demands of its two ends: ISO 10589 §8.2 (level, area, system id), RFC 5304 (authentication).
"""

import asyncio
from functools import partial

from nocmesh.lab.faults.igp import Adjacency, adjacency, adjacent, double
from nocmesh.lab.faults.igp_lines import Lines, on_interface
from nocmesh.lab.faults.igp_signs import LOST, Sign, moved
from nocmesh.lab.faults.kinds import Alarm, Check, Ground, Injection, Kind, Params, configure, node_of
from nocmesh.lab.faults.routing import isis_levels, isis_sequence
from nocmesh.lab.plan import LabPlan, Node
from nocmesh.lab.render import ISIS_TAG, isis_port

PROCESS = f"router isis {ISIS_TAG}"
WAR, WAR_SECONDS = 3, 0.5
"""An LSP issued so often in so few seconds: left alone FRR waits a second between two (`lsp-gen-interval 1`)."""
LEVELS = {"level-1": {1}, "level-2-only": {2}, "level-1-2": {1, 2}}


def _places(plan: LabPlan) -> list[str]:
    return adjacent(plan, "isis")


def _lost(one: Adjacency, *, level: int = 0) -> Check:
    """The far end has no adjacency on its end of the link (of that level, when one is given)."""

    async def check(lab: Ground) -> bool:
        up = await isis_levels(lab, one.far.name, one.far_port.name)
        return level not in up if level else not up

    return check


def _lost_alarm(one: Adjacency) -> Alarm:
    return Alarm(
        name=LOST["isis"],
        instance=one.far.name,
        summary=f"{one.far.name}: IS-IS adjacency on {one.far_port.name} to {one.node.name} is lost",
        labels={"interface": one.far_port.name},
    )


def _who_misses(one: Adjacency) -> Adjacency:
    """A far end without a password believes hellos that bear one (FRR 8.4): then only the node itself notices."""
    return one if one.port.key else Adjacency(one.far, one.far_port, one.node, one.port)


def _missing(plan: LabPlan, one: Adjacency, params: Params) -> Lines:
    right = [line.strip() for line in isis_port(plan.options, one.port)]
    return Lines([f"no ip router isis {ISIS_TAG}"], right, "not in IS-IS", at_once=True)


def _auth(plan: LabPlan, one: Adjacency, params: Params) -> Lines:
    right = f"isis password md5 {one.port.key}" if one.port.key else "no isis password"
    return Lines([f"isis password md5 {params['key']}"], [right], "another password")


def _network_type(plan: LabPlan, one: Adjacency, params: Params) -> Lines:
    return Lines(["no isis network point-to-point"], ["isis network point-to-point"], "broadcast")


def _passive(plan: LabPlan, one: Adjacency, params: Params) -> Lines:
    return Lines(["isis passive"], ["no isis passive"], "passive")


def _metric(plan: LabPlan, one: Adjacency, params: Params) -> Lines:
    right = "no isis metric" if one.port.cost is None else f"isis metric {one.port.cost}"
    return Lines([f"isis metric {params['metric']}"], [right], f"metric {params['metric']}")


def _area(plan: LabPlan, resource: str, params: Params) -> Injection:
    node = node_of(plan, resource)
    net = f"{params['area']}.{node.net.split('.', 2)[2]}"
    return Injection(
        steps=[configure(node.name, PROCESS, f"net {net}", f"no net {node.net}")],
        undo=[configure(node.name, PROCESS, f"net {node.net}"), configure(node.name, PROCESS, f"no net {net}")],
        summary=f"{node.name} is in area {params['area']}",
    )


def _on_level_1(plan: LabPlan) -> list[str]:
    """Level 2 does not look at areas (ISO 10589 §8.2.4.2)."""
    return [at for at in _places(plan) if 1 in LEVELS[_level(plan, adjacency(plan, at, {}).far)]]


def _level(plan: LabPlan, node: Node) -> str:
    return node.level or plan.options.isis_level


def _other_level(plan: LabPlan, resource: str, params: Params) -> Injection:
    node = node_of(plan, resource)
    right = _level(plan, node)
    wrong = "level-2-only" if right == "level-1" else "level-1"
    return Injection(
        steps=[configure(node.name, PROCESS, f"is-type {wrong}")],
        undo=[configure(node.name, PROCESS, f"is-type {right}")],
        summary=f"{node.name} is {wrong}",
    )


def _on_one_level(plan: LabPlan) -> list[str]:
    """Who speaks both levels shares one with everybody."""
    return [at for at in _places(plan) if len(LEVELS[_level(plan, adjacency(plan, at, {}).far)]) == 1]


def _duplicate_id(plan: LabPlan, resource: str, params: Params) -> Injection:
    """The old NET goes first: FRR takes a new system id only while it has none."""
    node, of = node_of(plan, resource), double(plan, resource, params)
    return Injection(
        steps=[configure(node.name, PROCESS, f"no net {node.net}", f"net {of.net}")],
        undo=[configure(node.name, PROCESS, f"no net {of.net}"), configure(node.name, PROCESS, f"net {node.net}")],
        summary=f"{node.name} has the system id of {of.name}, {_system_id(of)}",
    )


def _system_id(node: Node) -> str:
    return ".".join(node.net.split(".")[2:5])


def _fought_over(plan: LabPlan, resource: str, params: Params) -> Check:
    """Two routers claim one LSP: each outbids the other's sequence number (ISO 10589 §7.3.16.1), without an end."""
    one, of = adjacency(plan, resource, {}), double(plan, resource, params)
    lsp = f"{_system_id(of)}.00-00"

    async def check(lab: Ground) -> bool:
        before = await isis_sequence(lab, one.far.name, lsp)
        await asyncio.sleep(WAR_SECONDS)
        return before > 0 and await isis_sequence(lab, one.far.name, lsp) - before >= WAR

    return check


def _unstable_alarm(plan: LabPlan, resource: str, params: Params) -> Alarm:
    one = adjacency(plan, resource, {})
    return Alarm(
        name="IsisLspChurn",
        instance=one.far.name,
        summary=f"{one.far.name}: IS-IS runs SPF again and again, routes come and go",
        severity="warning",
    )


_kind = partial(on_interface, "isis")
_LOSS = Sign(_lost, _lost_alarm)
_MISSED = Sign(lambda one: _lost(_who_misses(one)), lambda one: _lost_alarm(_who_misses(one)))
_SHIFT = moved("isis", _lost)

KINDS: tuple[Kind, ...] = (
    Kind(
        fault_type="isis_area_mismatch",
        places=_on_level_1,
        steps=_area,
        symptom=lambda plan, resource, params: _lost(adjacency(plan, resource, {}), level=1),
        alarm=lambda plan, resource, params: _lost_alarm(adjacency(plan, resource, {})),
        params={"area": "49.0002"},
    ),
    Kind(
        fault_type="isis_level_mismatch",
        places=_on_one_level,
        steps=_other_level,
        symptom=lambda plan, resource, params: _lost(adjacency(plan, resource, {})),
        alarm=lambda plan, resource, params: _lost_alarm(adjacency(plan, resource, {})),
    ),
    _kind("isis_neighbor_missing", _missing, _LOSS),
    _kind("isis_auth_mismatch", _auth, _MISSED, key="another"),
    _kind("isis_network_type_mismatch", _network_type, _LOSS),
    _kind("isis_passive_interface", _passive, _LOSS),
    Kind(
        fault_type="isis_duplicate_system_id",
        places=_places,
        steps=_duplicate_id,
        symptom=_fought_over,
        alarm=_unstable_alarm,
        params={"of": ""},
    ),
    _kind("isis_metric_misconfig", _metric, _SHIFT, moved=True, metric="1000"),
)
