"""Faults of BGP that cost no session: routes that are not told on, or not the teller's to tell."""

from nocmesh.lab.faults.bgp_sessions import UNICAST, as_planned, in_bgp
from nocmesh.lab.faults.bgp_signs import everywhere, missing_alarm, told_by, untold
from nocmesh.lab.faults.kinds import Alarm, Check, Ground, Injection, Kind, Params
from nocmesh.lab.faults.peering import (
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


def _not_advertised(plan: LabPlan, resource: str, params: Params) -> Injection:
    one, prefix = sessions(plan, resource)[0], own_prefix(plan, resource, params)
    return Injection(
        steps=[in_bgp(one, UNICAST, f"no network {prefix}")],
        undo=[in_bgp(one, UNICAST, f"network {prefix}")],
        summary=f"{one.node.name} does not originate {prefix}",
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
        return untold(receiver, await bgp_paths(lab, receiver.far.name, prefix))

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
            told = told_by(one, await bgp_paths(lab, one.far.name, prefix))
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
        symptom=everywhere(lambda one, paths: not paths),
        alarm=missing_alarm,
        params={"prefix": ""},
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
)
