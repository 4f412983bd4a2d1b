"""Faults of what a link carries: some of it lost, damaged or late, while the link is up."""

from nocmesh.lab.faults import asking
from nocmesh.lab.faults.kinds import Alarm, Check, Ground, Injection, Kind, Params, shell
from nocmesh.lab.faults.links import interface_alarm, patch
from nocmesh.lab.faults.segments import Ends, Station, cable_of, cables, witness
from nocmesh.lab.faults.values import rate, whole
from nocmesh.lab.patch import filtered, unfiltered, wire
from nocmesh.lab.plan import LabPlan


def watched_links(plan: LabPlan) -> list[str]:
    """Cables over which two stations can be asked to reach each other."""
    return [one.cable.resource for one in cables(plan) if witness(plan, one)]


def direct_links(plan: LabPlan) -> list[str]:
    """Cables whose two ends share a network."""
    return [one.cable.resource for one in cables(plan) if _direct(one)]


def _direct(one: Ends) -> bool:
    a, b = one.a.interface, one.b.interface
    return a is not None and b is not None and a.network == b.network


# link_packet_loss, link_packet_corruption


def _damaged(plan: LabPlan, resource: str, rule: str, summary: str) -> Injection:
    here = wire(plan, cable_of(plan, resource).cable)
    clear = unfiltered(here)
    return Injection(steps=[patch(clear, filtered(here, rule))], undo=[patch(clear)], summary=summary)


def _loss_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    share = whole(params, "percent", 1, 90)
    return _damaged(
        plan, resource, f"numgen random mod 100 < {share} drop", f"{resource} loses {share} % in either direction"
    )


def _corruption_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    """Bytes 10 and 11 of the IPv4 header: its checksum. Further up, checksums are not made between namespaces."""
    share = whole(params, "percent", 1, 90)
    rule = f"ether type ip numgen random mod 100 < {share} @nh,80,16 set 0xdead"
    return _damaged(plan, resource, rule, f"{resource} damages {share} % in either direction")


def _pair(plan: LabPlan, resource: str) -> tuple[Station, Station]:
    """Who is asked; `watched_links` has seen that there is somebody."""
    one = cable_of(plan, resource)
    return witness(plan, one) or one.stations


def _loss_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    here, there = _pair(plan, resource)

    async def check(lab: Ground) -> bool:
        probe = await asking.pinged(lab, here.node.name, there.address, count=40, interval=0.02)
        return 0.1 < probe.lost < 1 and await _damage(lab, plan, resource) == 0

    return check


async def _damage(lab: Ground, plan: LabPlan, resource: str) -> int:
    """How many damaged packets arrive while the witnesses ping, all together."""
    here, there = _pair(plan, resource)
    names = {end.node.name for end in (here, there, *cable_of(plan, resource).stations)}
    before = sum([await _header_errors(lab, name) for name in names])
    await asking.pinged(lab, here.node.name, there.address, count=40, interval=0.02)
    return sum([await _header_errors(lab, name) for name in names]) - before


async def _header_errors(lab: Ground, node: str) -> int:
    """IPv4 packets that a node threw away for their header (RFC 4293, ipSystemStatsInHdrErrors)."""
    text = (await lab.exec(node, "grep", "^Ip:", "/proc/net/snmp")).stdout
    names, values = (line.split() for line in text.splitlines()[:2])
    return int(values[names.index("InHdrErrors")])


def _corruption_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    async def check(lab: Ground) -> bool:
        return await _damage(lab, plan, resource) > 0

    return check


def _lossy(plan: LabPlan, resource: str, params: Params) -> Alarm:
    here, there = _pair(plan, resource)
    return Alarm(
        name="PacketLoss",
        instance=here.node.name,
        labels={"interface": here.port.name, "target": there.address},
        summary=f"probes from {here.node.name} to {there.address} are lost",
        severity="warning",
    )


# link_capacity_bottleneck


def _slow_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    """As a link that came up at a lower rate: the queues of both ends' interfaces fill and drop."""
    pair = cable_of(plan, resource).stations
    shape = f"tbf rate {rate(params, 'rate')} burst 3kb latency 200ms"
    return Injection(
        steps=[shell(end.node.name, f"tc qdisc replace dev {end.port.name} root {shape}") for end in pair],
        undo=[shell(end.node.name, f"tc qdisc del dev {end.port.name} root 2>/dev/null || true") for end in pair],
        summary=f"{resource} carries {params['rate']} only",
    )


def _slow_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    here, there = cable_of(plan, resource).stations

    async def check(lab: Ground) -> bool:
        """A burst of large packets queues up, while single small ones pass at once."""
        small = await asking.pinged(lab, here.node.name, there.address, count=5, interval=0.1)
        large = await asking.pinged(lab, here.node.name, there.address, count=30, interval=0.01, size=1400)
        return large.received > 0 and large.average > 20 and small.average < large.average / 2

    return check


def _slow(plan: LabPlan, resource: str, params: Params) -> Alarm:
    end = cable_of(plan, resource).a
    summary = f"round trips over {end.port.name} of {end.node.name} take long under load"
    return interface_alarm(end, "HighLatency", summary, "warning")


KINDS: tuple[Kind, ...] = (
    Kind(
        fault_type="link_packet_loss",
        places=watched_links,
        steps=_loss_steps,
        symptom=_loss_symptom,
        alarm=_lossy,
        params={"percent": "30"},
    ),
    Kind(
        fault_type="link_packet_corruption",
        places=watched_links,
        steps=_corruption_steps,
        symptom=_corruption_symptom,
        alarm=_lossy,
        params={"percent": "30"},
    ),
    Kind(
        fault_type="link_capacity_bottleneck",
        places=direct_links,
        steps=_slow_steps,
        symptom=_slow_symptom,
        alarm=_slow,
        params={"rate": "512kbit"},
    ),
)
