"""Faults of bridging: a port that is in no bridge, and a loop that spanning tree does not see."""

import asyncio

from nocmesh.lab.faults import asking, stp
from nocmesh.lab.faults.kinds import Alarm, Check, Ground, Injection, Kind, Params, shell
from nocmesh.lab.faults.links import patch
from nocmesh.lab.faults.links_interfaces import dressed
from nocmesh.lab.faults.segments import Station, cable_at, cable_of, far, segment, station_of
from nocmesh.lab.faults.trees import switches, tree
from nocmesh.lab.patch import filtered, plug, pull, unfiltered, wire
from nocmesh.lab.plan import LabPlan

BPDU = "01:80:c2:00:00:00"
"""The bridge group address, to which spanning tree speaks."""
LOOP_RATE = "100kbit"
"""What goes round, goes round slowly: some 250 small frames a second, that two processors do not notice."""
ROUND = 40
"""Frames a second that nothing but a loop explains on an idle network: hellos and spanning tree make about five."""


# l2_port_missing


def edge_ports(plan: LabPlan) -> list[str]:
    """Switches' ports to a router or a host, hosts' first: nothing goes round them."""
    found = [Station(node, port) for node in switches(plan) for port in node.ports if port.bridge]
    edges = [one for one in found if (other := far(plan, one)) and not other.port.bridge and other.interface]
    edges = [one for one in edges if _behind(plan, one)]
    return [one.resource for one in sorted(edges, key=lambda one: _faces(plan, one) != "host")]


def _faces(plan: LabPlan, one: Station) -> str:
    other = far(plan, one)
    return other.node.kind if other else ""


def _behind(plan: LabPlan, one: Station) -> tuple[Station, Station] | None:
    """Who is cut off, and somebody of its network who is not."""
    cut = far(plan, one)
    others = [other for other in segment(plan, one)[1:] if cut and other.interface and other.at != cut.at]
    return (cut, others[0]) if cut and others else None


def _port_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    port = station_of(plan, resource)
    return Injection(
        steps=[shell(port.node.name, f"ip link set {port.port.name} nomaster")],
        undo=[shell(port.node.name, *dressed(port))],
        summary=f"{port.port.name} of {port.node.name} is not in {port.port.bridge}",
    )


def _port_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    port = station_of(plan, resource)
    pair = _behind(plan, port)

    async def check(lab: Ground) -> bool:
        """The port is up and in no bridge; who is behind it reaches nobody."""
        row = await asking.link(lab, port.node.name, port.port.name)
        if "LOWER_UP" not in row.get("flags", []) or row.get("master") or pair is None:
            return False
        return not await asking.reaches(lab, pair[0].node.name, pair[1].address)

    return check


def _cut_off(plan: LabPlan, resource: str, params: Params) -> Alarm:
    cut = far(plan, station_of(plan, resource)) or station_of(plan, resource)
    return Alarm(
        name="HostUnreachable",
        instance=cut.node.name,
        labels={"target": cut.address},
        summary=f"{cut.node.name} does not answer at {cut.address}",
    )


# l2_loop


def blocked_links(plan: LabPlan) -> list[str]:
    """Cables on which spanning tree blocks a port."""
    whole = tree(plan)
    return [cable_at(plan, port).cable.resource for port in whole.blocked] if whole else []


def _loop_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    """The cable keeps spanning tree's messages back (a media converter does), so both its ends come to forward.

    It is pulled for a moment, so that this takes two forward delays and not the age of a message besides.
    """
    here = wire(plan, cable_of(plan, resource).cable)
    sides = (here.a, here.b)
    clear, rule = unfiltered(here), filtered(here, f"ether daddr {BPDU} drop")
    slow = [f"tc qdisc replace dev {side} root tbf rate {LOOP_RATE} burst 2kb latency 200ms" for side in sides]
    fast = [f"tc qdisc del dev {side} root 2>/dev/null || true" for side in sides]
    return Injection(
        steps=[patch(*pull(here), clear, rule, *slow, *plug(here))],
        undo=[patch(*pull(here), clear, *fast, *plug(here))],
        summary=f"frames go round through {resource}: no spanning tree passes there",
    )


def _loop_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    pair = cable_of(plan, resource).stations
    end = pair[0]
    path = f"/sys/class/net/{end.port.name}/statistics/rx_packets"
    seeds = [one for one in segment(plan, end) if one.node.kind != "switch" and one.interface]

    async def check(lab: Ground) -> bool:
        """Both ends forward, and one broadcast comes by again and again."""
        if {await stp.state(lab, one) for one in pair} != {"forwarding"}:
            return False
        for seed in seeds[:1]:
            await asking.pinged(lab, seed.node.name, _nobody(seed), count=1)
        before = await asking.number(lab, end.node.name, path)
        await asyncio.sleep(1)
        return await asking.number(lab, end.node.name, path) - before > ROUND

    return check


def _nobody(seed: Station) -> str:
    """An address of its network that it has to ask everyone for."""
    return str(seed.interface.network.broadcast_address - 2) if seed.interface else ""


def _storm(plan: LabPlan, resource: str, params: Params) -> Alarm:
    end = cable_of(plan, resource).a
    return Alarm(
        name="BroadcastRateHigh",
        instance=end.node.name,
        labels={"interface": end.port.name},
        summary=f"{end.node.name}: {end.port.name} receives broadcasts all the time",
    )


KINDS: tuple[Kind, ...] = (
    Kind(fault_type="l2_port_missing", places=edge_ports, steps=_port_steps, symptom=_port_symptom, alarm=_cut_off),
    Kind(fault_type="l2_loop", places=blocked_links, steps=_loop_steps, symptom=_loop_symptom, alarm=_storm),
)
