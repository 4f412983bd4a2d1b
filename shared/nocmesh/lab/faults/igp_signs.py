"""What is seen of a fault of the IGP: by the routers, and by monitoring."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from nocmesh.lab.faults.igp import Adjacency
from nocmesh.lab.faults.kinds import Alarm, Check, Ground
from nocmesh.lab.faults.routing import next_hops
from nocmesh.lab.plan import Igp

LOST: Mapping[Igp, str] = {"ospf": "OspfNeighborDown", "isis": "IsisAdjacencyDown"}
"""What monitoring calls an adjacency that is gone."""


class Sign(NamedTuple):
    """What is seen of a fault on one interface."""

    symptom: Callable[[Adjacency], Check]
    alarm: Callable[[Adjacency], Alarm]


def moved(igp: Igp, lost: Callable[[Adjacency], Check]) -> Sign:
    """Traffic takes another way; `lost` says that an adjacency is gone, which is another fault."""
    return Sign(lambda one: _avoided(one, igp, lost(one)), _moved_alarm)


def _avoided(one: Adjacency, igp: Igp, lost: Check) -> Check:
    """The node is adjacent, has a route to the far end, and it does not take the link."""

    async def check(lab: Ground) -> bool:
        taken = await next_hops(lab, one.node.name, f"{one.far.router_id}/32", igp)
        return bool(taken) and one.port.name not in taken and not await lost(lab)

    return check


def _moved_alarm(one: Adjacency) -> Alarm:
    return Alarm(
        name="TrafficShifted",
        instance=one.far.name,
        summary=f"{one.far.name}: {one.far_port.name} receives hardly any traffic, latency from {one.node.name} rose",
        labels={"interface": one.far_port.name},
        severity="warning",
    )
