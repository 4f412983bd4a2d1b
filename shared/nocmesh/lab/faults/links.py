"""Faults of whole links: pulled, flapping. What happens to a cable happens in the patch room."""

import asyncio

from nocmesh.lab.faults import asking
from nocmesh.lab.faults.kinds import Alarm, Check, Ground, Injection, Kind, Params, Severity, Step, shell
from nocmesh.lab.faults.segments import Station, cable_of, cables
from nocmesh.lab.faults.values import whole
from nocmesh.lab.patch import PATCH, plug, pull, wire
from nocmesh.lab.plan import LabPlan


def all_links(plan: LabPlan) -> list[str]:
    """Every cable."""
    return [one.cable.resource for one in cables(plan)]


def patch(*commands: str) -> Step:
    """Shell commands in the patch room."""
    return shell(PATCH, *commands)


def interface_alarm(end: Station, name: str, summary: str, severity: Severity = "critical") -> Alarm:
    """What monitoring says of one interface."""
    labels = {"interface": end.port.name}
    return Alarm(name=name, instance=end.node.name, labels=labels, summary=summary, severity=severity)


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
)
