"""Faults on a running lab: injected, seen to show, healed.

Deciding is pure (`worked_out`); doing is written down first, so that `heal` knows of it after a crash too.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import Any, Protocol

from nocmesh.errors import InvalidInputError, NocmeshError
from nocmesh.lab.faults import journal
from nocmesh.lab.faults.catalogue import kind
from nocmesh.lab.faults.journal import Injected
from nocmesh.lab.faults.kinds import Ground, Kind, Step
from nocmesh.lab.plan import LabPlan
from nocmesh.log import logger

_VALUE = re.compile(r"[A-Za-z0-9_./:-]{1,100}")
"""Of a parameter: it ends up in configuration and in shell lines, so it is one plain word."""
LOOK_AGAIN = 0.5
"""Seconds between two looks at the routers: their fastest timer is a second."""


class Healable(Ground, Protocol):
    """A lab that can say how it deviates from its plan, and go back to it."""

    async def deviations(self) -> Mapping[str, list[str]]:
        """What differs from the plan, by node."""

    async def reset(self, node: str) -> None:
        """Puts the node back to its plan, whatever happened to it."""


def worked_out(plan: LabPlan, fault_type: str, at: str = "", params: Mapping[str, Any] | None = None) -> Injected:
    """The fault as it would be injected. Raises: NotFoundError (type), InvalidInputError (place, parameter)."""
    chosen = kind(fault_type)
    resource = _place(chosen, plan, at)
    values = _params(chosen, params or {})
    injection = chosen.steps(plan, resource, values)
    return Injected(fault_type=fault_type, resource=resource, params=values, injection=injection)


def _place(chosen: Kind, plan: LabPlan, at: str) -> str:
    places = chosen.places(plan)
    if not places:
        raise InvalidInputError(
            f"{chosen.fault_type} has no place on this {plan.topology} (igp {plan.options.igp}, "
            f"bgp {plan.options.bgp}): expected a topology and options where it matters",
            field="at",
        )
    if at and at not in places:
        raise InvalidInputError(
            f"{chosen.fault_type} does not fit or would not matter at {at[:80]!r}; expected one of {', '.join(places)}",
            field="at",
        )
    return at or places[0]


def _params(chosen: Kind, params: Mapping[str, Any]) -> dict[str, str]:
    for name, value in params.items():
        if name not in chosen.params:
            known = ", ".join(chosen.params) or "none"
            raise InvalidInputError(f"{chosen.fault_type} has no parameter {name[:40]!r}; it takes {known}", field=name)
        if not _VALUE.fullmatch(str(value)):
            raise InvalidInputError(f"{name}: expected one plain word, got {str(value)[:80]!r}", field=name)
    return {**chosen.params, **{name: str(value) for name, value in params.items()}}


async def inject(lab: Ground, fault_type: str, at: str = "", params: Mapping[str, Any] | None = None) -> Injected:
    """Makes a fault; it shows a little later (`showing`).

    Takes a place that fits (empty: the first of them) and parameters beside the kind's defaults. Raises: NotFoundError,
    InvalidInputError (also when the place has a fault already), DeviceError when a step fails; `heal` still undoes it.
    """
    fault = worked_out(lab.plan, fault_type, at, params)
    there = journal.read(lab.folder)
    if any(other.resource == fault.resource for other in there):
        taken = ", ".join(f"{other.fault_type} at {other.resource}" for other in there)
        raise InvalidInputError(
            f"{fault.resource} has a fault already ({taken}): expected another place, or `nocmesh lab heal` first",
            field="at",
        )
    journal.write(lab.folder, [*there, fault])
    for step in fault.injection.steps:
        await _do(lab, step)
    logger().info(
        "fault_injected", fault_type=fault.fault_type, resource=fault.resource, summary=fault.injection.summary
    )
    return fault


async def _do(lab: Ground, step: Step) -> None:
    match step.door:
        case "configure":
            await lab.configure(step.node, step.lines)
        case "vtysh":
            await lab.vtysh(step.node, *step.lines)
        case "sh":
            for line in step.lines:
                await lab.exec(step.node, "sh", "-c", line)
        case "stop":
            for daemon in step.lines:
                await lab.stop_daemon(step.node, daemon)
        case "start":
            for daemon in step.lines:
                await lab.start_daemon(step.node, daemon)


def injected(lab: Ground) -> list[Injected]:
    """What the lab has now, the oldest first."""
    return journal.read(lab.folder)


async def shows(lab: Ground, fault: Injected) -> bool:
    """True: the routers show the symptom now."""
    chosen = kind(fault.fault_type)
    return await chosen.symptom(lab.plan, fault.resource, fault.params)(lab)


async def showing(lab: Ground, fault: Injected, timeout: float | None = None) -> bool:
    """Waits until the fault shows, at most `timeout` seconds (none: as long as its kind may take)."""
    return await becomes(lab, fault, shown=True, timeout=timeout)


async def becomes(lab: Ground, fault: Injected, *, shown: bool, timeout: float | None = None) -> bool:
    """Waits until the fault shows, or no longer does. False: it did not happen in time."""
    clock = asyncio.get_running_loop()
    limit = clock.time() + (kind(fault.fault_type).seconds if timeout is None else timeout)
    while True:
        if await shows(lab, fault) == shown:
            return True
        if clock.time() >= limit:
            return False
        await asyncio.sleep(LOOK_AGAIN)


async def heal(lab: Healable) -> list[Injected]:
    """Undoes all that was injected, the latest first; what still deviates from the plan is reset.

    Returns what was healed. Harmless when there is nothing to heal, or when the mesh has repaired it in its own way.
    """
    there = journal.read(lab.folder)
    for fault in reversed(there):
        for step in fault.injection.undo:
            await _undo(lab, fault, step)
    for node in await lab.deviations():
        logger().info("lab_reset", node=node, reason="it still deviates from the plan")
        await lab.reset(node)
    journal.write(lab.folder, [])
    return there


async def _undo(lab: Ground, fault: Injected, step: Step) -> None:
    """One step of it; a step that fails is left to the reset (somebody repaired it in another way)."""
    try:
        await _do(lab, step)
    except NocmeshError as error:
        logger().info("undo_left_to_reset", fault_type=fault.fault_type, node=step.node, reason=error.message)
