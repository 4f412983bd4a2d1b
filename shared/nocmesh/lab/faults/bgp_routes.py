"""Faults of BGP that cost no session: routes that are not told, told wrongly, or not the teller's to tell."""

from collections.abc import Callable
from typing import Any

from nocmesh.lab.faults.bgp_sessions import UNICAST, as_planned, in_bgp
from nocmesh.lab.faults.kinds import Alarm, Check, Ground, Injection, Kind, Params, configure, vtysh
from nocmesh.lab.faults.peering import (
    Session,
    external,
    half,
    originators,
    own_prefix,
    reflected,
    reflectors,
    served,
    sessions,
    strangers,
    victim,
)
from nocmesh.lab.faults.routing import bgp_established, bgp_paths, protocol_of
from nocmesh.lab.plan import LabPlan

NOWHERE = "203.0.113.99"
"""A next hop that no lab has (RFC 5737)."""
BLACKHOLE = "65535:666"
"""RFC 7999: whoever honours it drops the traffic; it must not leave the AS that it is meant for."""
SOON = "clear ip bgp * soft out"

Paths = Callable[[Session, list[dict[str, Any]]], bool]
"""Of one neighbour's paths for the prefix: it is hurt."""


def _told(paths: list[dict[str, Any]], one: Session) -> list[dict[str, Any]]:
    """Those that the node itself told its neighbour."""
    return [path for path in paths if path.get("peer", {}).get("peerId") == one.back.address]


def _everywhere(plan: LabPlan, resource: str, prefix: str, hurt: Paths) -> Check:
    """All of the node's neighbours, with their sessions up, are hurt."""

    async def check(lab: Ground) -> bool:
        for one in sessions(plan, resource):
            up = await bgp_established(lab, one.far.name, one.back.address)
            if not up or not hurt(one, await bgp_paths(lab, one.far.name, prefix)):
                return False
        return True

    return check


def _untold(one: Session, paths: list[dict[str, Any]]) -> bool:
    return not _told(paths, one)


def _useless(one: Session, paths: list[dict[str, Any]]) -> bool:
    told = _told(paths, one)
    return bool(told) and not any(path.get("valid") for path in told)


def _marked(one: Session, paths: list[dict[str, Any]]) -> bool:
    marks = [path.get("community", {}).get("list", []) for path in _told(paths, one)]
    return any("blackhole" in found or BLACKHOLE in found for found in marks)


def _missing_alarm(plan: LabPlan, resource: str, params: Params) -> Alarm:
    one, prefix = sessions(plan, resource)[0], own_prefix(plan, resource, params)
    return Alarm(
        name="PrefixUnreachable",
        instance=one.far.name,
        summary=f"{one.far.name}: {prefix} is not reachable, though the BGP session to {one.back.address} is up",
        labels={"prefix": prefix},
    )


def _not_advertised(plan: LabPlan, resource: str, params: Params) -> Injection:
    one, prefix = sessions(plan, resource)[0], own_prefix(plan, resource, params)
    return Injection(
        steps=[in_bgp(one, UNICAST, f"no network {prefix}")],
        undo=[in_bgp(one, UNICAST, f"network {prefix}")],
        summary=f"{one.node.name} does not originate {prefix}",
    )


def _nobody_has_it(plan: LabPlan, resource: str, params: Params) -> Check:
    prefix = own_prefix(plan, resource, params)
    return _everywhere(plan, resource, prefix, lambda one, paths: not paths)


def _policy(plan: LabPlan, resource: str, name: str, action: str, what: str) -> Injection:
    """A route map towards all neighbours."""
    there = sessions(plan, resource)
    node = there[0].node.name
    applied = [f"neighbor {one.peer.address} route-map {name} out" for one in there]
    return Injection(
        steps=[
            configure(node, f"route-map {name} permit 10", action),
            in_bgp(there[0], UNICAST, *applied),
            vtysh(node, SOON),
        ],
        undo=[
            in_bgp(there[0], UNICAST, *(f"no {line}" for line in applied)),
            configure(node, f"no route-map {name}"),
            vtysh(node, SOON),
        ],
        summary=f"{node}: {what}",
    )


def _filtered(plan: LabPlan, resource: str, params: Params) -> Injection:
    there, prefix, name = sessions(plan, resource), own_prefix(plan, resource, params), params["name"]
    node = there[0].node.name
    applied = [f"neighbor {one.peer.address} prefix-list {name} out" for one in there]
    rules = [f"ip prefix-list {name} seq 5 deny {prefix}", f"ip prefix-list {name} seq 10 permit any"]
    return Injection(
        steps=[configure(node, *rules), in_bgp(there[0], UNICAST, *applied), vtysh(node, SOON)],
        undo=[
            in_bgp(there[0], UNICAST, *(f"no {line}" for line in applied)),
            configure(node, f"no ip prefix-list {name}"),
            vtysh(node, SOON),
        ],
        summary=f"{node} lets {prefix} out to nobody",
    )


def _not_told(plan: LabPlan, resource: str, params: Params) -> Check:
    return _everywhere(plan, resource, own_prefix(plan, resource, params), _untold)


def _wrong_next_hop(plan: LabPlan, resource: str, params: Params) -> Injection:
    action = f"set ip next-hop {params['next_hop']}"
    return _policy(plan, resource, params["name"], action, f"tells next hop {params['next_hop']}")


def _not_usable(plan: LabPlan, resource: str, params: Params) -> Check:
    return _everywhere(plan, resource, own_prefix(plan, resource, params), _useless)


def _leaked(plan: LabPlan, resource: str, params: Params) -> Injection:
    action = f"set community {BLACKHOLE} additive"
    return _policy(plan, resource, params["name"], action, f"tells other AS community {BLACKHOLE}")


def _seen_outside(plan: LabPlan, resource: str, params: Params) -> Check:
    return _everywhere(plan, resource, own_prefix(plan, resource, params), _marked)


def _leak_alarm(plan: LabPlan, resource: str, params: Params) -> Alarm:
    one, prefix = sessions(plan, resource)[0], own_prefix(plan, resource, params)
    return Alarm(
        name="BlackholeRouteReceived",
        instance=one.far.name,
        summary=f"{one.far.name}: {prefix} came in with community {BLACKHOLE}; customers lose traffic to it",
        labels={"prefix": prefix},
    )


def _no_clients(plan: LabPlan, resource: str, params: Params) -> Injection:
    there = served(plan, resource)
    lines = [f"no neighbor {one.peer.address} route-reflector-client" for one in there]
    return Injection(
        steps=[in_bgp(there[0], UNICAST, *lines)],
        undo=[step for one in there for step in as_planned(one)],
        summary=f"{there[0].node.name} reflects to no client",
    )


def _not_reflected(plan: LabPlan, resource: str, params: Params) -> Check:
    """One client's prefix does not reach another through the reflector, though both have their sessions to it."""
    source, receiver, prefix = reflected(plan, resource)

    async def check(lab: Ground) -> bool:
        for one in (source, receiver):
            if not await bgp_established(lab, one.far.name, one.back.address):
                return False
        return _untold(receiver, await bgp_paths(lab, receiver.far.name, prefix))

    return check


def _reflection_alarm(plan: LabPlan, resource: str, params: Params) -> Alarm:
    source, receiver, prefix = reflected(plan, resource)
    return Alarm(
        name="BgpPathLost",
        instance=receiver.far.name,
        summary=f"{receiver.far.name}: {receiver.back.address} no longer tells {prefix} of {source.far.name}",
        labels={"prefix": prefix, "neighbor": receiver.back.address},
    )


def _claimed(plan: LabPlan, resource: str, params: Params) -> str:
    return params.get("prefix", "") or half(victim(plan, resource))


def _hijack(plan: LabPlan, resource: str, params: Params) -> Injection:
    one, prefix = sessions(plan, resource)[0], _claimed(plan, resource, params)
    return Injection(
        steps=[in_bgp(one, "no bgp network import-check"), in_bgp(one, UNICAST, f"network {prefix}")],
        undo=[in_bgp(one, UNICAST, f"no network {prefix}"), in_bgp(one, "bgp network import-check")],
        summary=f"{one.node.name} originates {prefix}, which is not its own",
    )


def _believed(plan: LabPlan, resource: str, params: Params) -> Check:
    """The node's neighbours forward to it by a BGP route of its own making."""
    prefix = _claimed(plan, resource, params)

    async def check(lab: Ground) -> bool:
        for one in sessions(plan, resource):
            told = _told(await bgp_paths(lab, one.far.name, prefix), one)
            if not told or await protocol_of(lab, one.far.name, prefix) != "bgp":
                return False
        return True

    return check


def _hijack_alarm(plan: LabPlan, resource: str, params: Params) -> Alarm:
    one, prefix = sessions(plan, resource)[0], victim(plan, resource)
    return Alarm(
        name="PrefixUnreachable",
        instance=one.far.name,
        summary=f"{one.far.name}: hosts in {prefix} no longer answer, all BGP sessions are up",
        labels={"prefix": prefix},
    )


ROUTES: tuple[Kind, ...] = (
    Kind(
        fault_type="bgp_missing_route_advertisement",
        places=originators,
        steps=_not_advertised,
        symptom=_nobody_has_it,
        alarm=_missing_alarm,
        params={"prefix": ""},
    ),
    Kind(
        fault_type="bgp_route_filtered",
        places=originators,
        steps=_filtered,
        symptom=_not_told,
        alarm=_missing_alarm,
        params={"prefix": "", "name": "EDGE-OUT"},
    ),
    Kind(
        fault_type="bgp_next_hop_unreachable",
        places=originators,
        steps=_wrong_next_hop,
        symptom=_not_usable,
        alarm=_missing_alarm,
        params={"prefix": "", "next_hop": NOWHERE, "name": "TO-PEERS"},
    ),
    Kind(
        fault_type="bgp_route_reflector_misconfig",
        places=reflectors,
        steps=_no_clients,
        symptom=_not_reflected,
        alarm=_reflection_alarm,
    ),
    Kind(
        fault_type="bgp_hijacking",
        places=strangers,
        steps=_hijack,
        symptom=_believed,
        alarm=_hijack_alarm,
        params={"prefix": ""},
    ),
    Kind(
        fault_type="bgp_blackhole_community_leak",
        places=external,
        steps=_leaked,
        symptom=_seen_outside,
        alarm=_leak_alarm,
        params={"prefix": "", "name": "TO-PEERS"},
    ),
)
