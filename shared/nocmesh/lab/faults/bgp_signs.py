"""What neighbours show of a router's routes: paths that it tells them no more, or tells them wrongly."""

from collections.abc import Callable
from typing import Any

from nocmesh.lab.faults.kinds import Alarm, Check, Ground, Params
from nocmesh.lab.faults.peering import Session, own_prefix, sessions
from nocmesh.lab.faults.routing import bgp_established, bgp_paths
from nocmesh.lab.plan import LabPlan

Paths = Callable[[Session, list[dict[str, Any]]], bool]
"""Of one neighbour's paths for the prefix: it is hurt."""


def told_by(one: Session, paths: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that the node itself told its neighbour."""
    return [path for path in paths if path.get("peer", {}).get("peerId") == one.back.address]


def everywhere(hurt: Paths) -> Callable[[LabPlan, str, Params], Check]:
    """The symptom of a kind: all of the node's neighbours, with their sessions up, are hurt for one of its prefixes."""

    def symptom(plan: LabPlan, resource: str, params: Params) -> Check:
        prefix = own_prefix(plan, resource, params)

        async def check(lab: Ground) -> bool:
            for one in sessions(plan, resource):
                up = await bgp_established(lab, one.far.name, one.back.address)
                if not up or not hurt(one, await bgp_paths(lab, one.far.name, prefix)):
                    return False
            return True

        return check

    return symptom


def untold(one: Session, paths: list[dict[str, Any]]) -> bool:
    """The neighbour has no path from the node itself."""
    return not told_by(one, paths)


def missing_alarm(plan: LabPlan, resource: str, params: Params) -> Alarm:
    """Monitoring misses a route where the session is well."""
    one, prefix = sessions(plan, resource)[0], own_prefix(plan, resource, params)
    return Alarm(
        name="BgpRouteLost",
        instance=one.far.name,
        summary=f"{one.far.name}: no usable route to {prefix} from {one.back.address}, though the BGP session is up",
        labels={"prefix": prefix},
    )
