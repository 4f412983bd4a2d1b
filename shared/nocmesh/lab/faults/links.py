"""Faults of links: pulled, flapping, lossy, damaging, slow. What happens to a cable happens in the patch room."""

import asyncio

from nocmesh.lab.faults import asking
from nocmesh.lab.faults.kinds import Alarm, Check, Ground, Injection, Kind, Params, Step, shell
from nocmesh.lab.faults.segments import Ends, Station, cable_of, cables, witness
from nocmesh.lab.faults.values import rate, whole
from nocmesh.lab.patch import PATCH, plug, pull, wire
from nocmesh.lab.plan import LabPlan


def all_links(plan: LabPlan) -> list[str]:
    """Every cable."""
    return [one.cable.resource for one in cables(plan)]


def watched_links(plan: LabPlan) -> list[str]:
    """Cables over which two stations can be asked to reach each other."""
    return [one.cable.resource for one in cables(plan) if witness(plan, one)]


def direct_links(plan: LabPlan) -> list[str]:
    """Cables whose two ends share a network."""
    return [one.cable.resource for one in cables(plan) if _direct(one)]


def _direct(one: Ends) -> bool:
    a, b = one.a.interface, one.b.interface
    return a is not None and b is not None and a.network == b.network


def patch(*commands: str) -> Step:
    """Shell commands in the patch room."""
    return shell(PATCH, *commands)


def interface_alarm(end: Station, name: str, summary: str) -> Alarm:
    """What monitoring says of one interface."""
    return Alarm(name=name, instance=end.node.name, labels={"interface": end.port.name}, summary=summary)


def _interface_down(plan: LabPlan, resource: str, params: Params) -> Alarm:
    """An interface is down, at the cable's first end."""
    end = cable_of(plan, resource).a
    return interface_alarm(end, "InterfaceDown", f"{end.port.name} of {end.node.name} is down")


# link_down


def _down_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    one = cable_of(plan, resource)
    here = wire(plan, one.cable)
    return Injection(
        steps=[patch(*pull(here))], undo=[patch(*plug(here))], summary=f"the cable {one.cable.resource} is pulled"
    )


def _down_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    one = cable_of(plan, resource)

    async def check(lab: Ground) -> bool:
        found = [await asking.link(lab, end.node.name, end.port.name) for end in one.stations]
        return all({"UP", "NO-CARRIER"} <= set(row.get("flags", [])) for row in found)

    return check


# link_flap


def _flap_steps(plan: LabPlan, resource: str, params: Params) -> Injection:
    """A process in the patch room that pulls and plugs; its id is the wire's alias, which ends it when it changes.

    It ends by itself when the wire is gone, and after an hour.
    """
    here = wire(plan, cable_of(plan, resource).cable)
    mine = f'test "$(cat /sys/class/net/{here.bridge}/ifalias)" = flap-$$'
    rest = f"sleep {whole(params, 'seconds', 1, 60)}"
    turn = f"{mine} && {' && '.join(pull(here))} && {rest} && {mine} && {' && '.join(plug(here))} && {rest}"
    loop = f"ip link set {here.bridge} alias flap-$$; n=0; while [ $n -lt 1000 ] && {turn}; do n=$((n+1)); done"
    start = f"setsid sh -c '{loop}' </dev/null >/dev/null 2>&1 &"
    pid = f"$(sed -n s/^flap-//p /sys/class/net/{here.bridge}/ifalias)"
    stop = (
        f"pid={pid}; ip link set {here.bridge} alias ''; if [ -n \"$pid\" ]; then kill -- -$pid 2>/dev/null || true; fi"
    )
    return Injection(
        steps=[patch(start)], undo=[patch(stop, *plug(here))], summary=f"{resource} goes down and up every few seconds"
    )


async def _changes(lab: Ground, end: Station) -> int:
    return await asking.number(lab, end.node.name, f"/sys/class/net/{end.port.name}/carrier_changes")


async def _counted(lab: Ground, end: Station, wanted: int, *, within: float) -> bool:
    """The carrier of an interface has changed so often, now or soon."""
    for _ in range(6):
        if await _changes(lab, end) >= wanted:
            return True
        await asyncio.sleep(within / 6)
    return False


def _flap_symptom(plan: LabPlan, resource: str, params: Params) -> Check:
    end = cable_of(plan, resource).a
    period = float(params["seconds"])

    async def check(lab: Ground) -> bool:
        """The carrier changes, and changes back a little later; a link at rest is known by its first quiet time."""
        before = await _changes(lab, end)
        for wanted in (1, 2):
            if not await _counted(lab, end, before + wanted, within=period * 1.5):
                return False
        return True

    return check


# link_packet_loss, link_packet_corruption


def _damaged(plan: LabPlan, resource: str, rule: str, summary: str) -> Injection:
    """A rule for what leaves the wire, on both sides."""
    here = wire(plan, cable_of(plan, resource).cable)
    hook = f"type filter hook egress devices = {{ {here.a}, {here.b} }} priority 0;"
    clear = f"nft 'add table netdev {here.bridge}; delete table netdev {here.bridge}'"
    make = f"nft 'table netdev {here.bridge} {{ chain wire {{ {hook} {rule}; }}; }}'"
    return Injection(steps=[patch(clear, make)], undo=[patch(clear)], summary=summary)


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
    alarm = interface_alarm(
        end, "HighLatency", f"round trips over {end.port.name} of {end.node.name} take long under load"
    )
    return Alarm(
        name=alarm.name, instance=alarm.instance, labels=alarm.labels, summary=alarm.summary, severity="warning"
    )


KINDS: tuple[Kind, ...] = (
    Kind(
        fault_type="link_down",
        places=all_links,
        steps=_down_steps,
        symptom=_down_symptom,
        alarm=_interface_down,
    ),
    Kind(
        fault_type="link_flap",
        places=all_links,
        steps=_flap_steps,
        symptom=_flap_symptom,
        alarm=_interface_down,
        params={"seconds": "2"},
    ),
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
