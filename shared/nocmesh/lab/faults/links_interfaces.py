"""Faults of one end of a link: the interface gone, shut down by configuration, its MTU too small."""

from nocmesh.lab.faults import asking
from nocmesh.lab.faults.igp import speaks
from nocmesh.lab.faults.igp_signs import LOST
from nocmesh.lab.faults.kinds import Alarm, Check, Ground, Injection, Kind, Params, by_shell, configure, shell
from nocmesh.lab.faults.links import interface_alarm, patch
from nocmesh.lab.faults.segments import Station, cable_at, cables, ends, far, station_of
from nocmesh.lab.faults.values import whole
from nocmesh.lab.patch import PATCH, wire
from nocmesh.lab.plan import LabPlan

SHORT_MTU = 1400
"""Smaller than any IGP packet that is padded or full, and large enough for the rest."""
HEADERS = 28
"""IPv4 and ICMP headers: what a ping's size leaves out."""


def all_ends(plan: LabPlan) -> list[str]:
    """Every end of every cable."""
    return [end.resource for end in ends(plan)]


def spoken_ends(plan: LabPlan) -> list[str]:
    """Ends of cables over which two routers speak the IGP."""
    found = [one for one in cables(plan) if all(end.node.kind == "router" and speaks(end.port) for end in one.stations)]
    return [end.resource for one in found for end in one.stations]


# link_detach


def _detach_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    """The interface moves into the patch room: like a card that is pulled out, the far end loses its carrier.

    Namespaces of a lab differ in their ends only, so a node's own name says the patch room's.
    """
    end = station_of(plan, resource)
    other = far(plan, end) or end
    cable = cable_at(plan, end).cable
    here = wire(plan, cable)
    spare = f"{here.bridge}x"
    there = f'"$(ip netns identify $$ | sed s/{end.node.name}$/{PATCH}/)"'
    back = f'"$(ip netns identify $$ | sed s/{PATCH}$/{end.node.name}/)"'
    far_side = here.facing(cable, other.at)
    move = f"ip link set {end.port.name} netns {there} name {spare}"
    restore = f"if [ -e /sys/class/net/{spare} ]; then ip link set {spare} netns {back} name {end.port.name}; fi"
    return Injection(
        steps=[shell(end.node.name, move), patch(f"ip link set {far_side} down")],
        undo=[patch(restore, f"ip link set {far_side} up"), shell(end.node.name, *dressed(end))],
        summary=f"{end.port.name} is gone from {end.node.name}",
    )


def dressed(end: Station) -> list[str]:
    """Commands that give an interface what it has on the plan."""
    name, port = end.port.name, end.port
    lines = [f"ip link set {name} mtu {port.mtu}"]
    lines += [f"ip link set {name} master {port.bridge}"] if port.bridge else []
    lines += [f"ip link set {name} up"]
    lines += [f"ip addr replace {address} dev {name}" for address in port.addresses]
    lines += [f"ip route replace default via {end.node.gateway}"] if end.node.gateway else []
    return lines


def _detach_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    end = station_of(plan, resource)
    other = far(plan, end) or end

    async def check(lab: Ground) -> bool:
        there = await asking.link(lab, other.node.name, other.port.name)
        gone = not await asking.link(lab, end.node.name, end.port.name)
        return gone and "NO-CARRIER" in there.get("flags", [])

    return check


def _far_down(plan: LabPlan, resource: str, params: Params) -> Alarm:
    """Seen at the far end: the interface itself can tell nothing any more."""
    end = station_of(plan, resource)
    other = far(plan, end) or end
    return interface_alarm(other, "InterfaceDown", f"{other.port.name} of {other.node.name} is down")


# interface_admin_down


def _end_down(plan: LabPlan, resource: str, params: Params) -> Alarm:
    """An interface is down."""
    end = station_of(plan, resource)
    return interface_alarm(end, "InterfaceDown", f"{end.port.name} of {end.node.name} is down")


def _shut_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    end = station_of(plan, resource)
    summary = f"{end.port.name} of {end.node.name} is shut down"
    if end.node.kind == "router":
        enter = f"interface {end.port.name}"
        node = end.node.name
        return Injection(
            steps=[configure(node, enter, "shutdown")], undo=[configure(node, enter, "no shutdown")], summary=summary
        )
    return Injection(
        steps=[shell(end.node.name, f"ip link set {end.port.name} down")],
        undo=[shell(end.node.name, *dressed(end))],
        summary=summary,
    )


def _shut_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    end = station_of(plan, resource)

    async def check(lab: Ground) -> bool:
        row = await asking.link(lab, end.node.name, end.port.name)
        return bool(row) and "UP" not in row.get("flags", [])

    return check


# mtu_mismatch


def _mtu_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    end = station_of(plan, resource)
    setting, small = f"ip link set {end.port.name} mtu", whole(params, "mtu", 1280, end.port.mtu - 1)
    summary = f"{end.port.name} of {end.node.name} has MTU {small}"
    return by_shell(end.node.name, f"{setting} {small}", f"{setting} {end.port.mtu}", summary)


def _mtu_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    end = station_of(plan, resource)
    other = far(plan, end) or end
    size = end.port.mtu - HEADERS

    async def check(lab: Ground) -> bool:
        """Small packets pass, full ones do not, and the IGP noticed."""
        if not await asking.reaches(lab, other.node.name, end.address):
            return False
        full = await asking.pinged(lab, other.node.name, end.address, count=2, size=size, whole=True)
        return full.received == 0 and end.port.name not in await asking.adjacencies(lab, end.node.name)

    return check


def _adjacency_down(plan: LabPlan, resource: str, params: Params) -> Alarm:
    end = station_of(plan, resource)
    return interface_alarm(end, LOST[plan.options.igp], f"{end.node.name} has no adjacency over {end.port.name}")


KINDS: tuple[Kind, ...] = (
    Kind(
        fault_type="link_detach",
        places=all_ends,
        steps=_detach_steps,
        symptom=_detach_symptom,
        alarm=_far_down,
    ),
    Kind(
        fault_type="interface_admin_down",
        places=all_ends,
        steps=_shut_steps,
        symptom=_shut_symptom,
        alarm=_end_down,
    ),
    Kind(
        fault_type="mtu_mismatch",
        places=spoken_ends,
        steps=_mtu_steps,
        symptom=_mtu_symptom,
        alarm=_adjacency_down,
        params={"mtu": f"{SHORT_MTU}"},
    ),
)
