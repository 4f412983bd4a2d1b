"""Back to the old state: we type the rollback, or the device has done so, or does. What it then shows decides."""

import asyncio

from nocmesh.errors import BusError, DeviceError, GuardError, LostRaceError
from nocmesh.messages.change import DeviceResult
from nocmesh_bridges.ssh import attempt as pace
from nocmesh_bridges.ssh.attempt import Attempt
from nocmesh_bridges.ssh.switch import Switch


async def roll_back(attempt: Attempt, pre_state: str, why: str) -> DeviceResult:
    """Type the rollback and read whether the old state is back; where we cannot, the device does it by itself."""
    switch = attempt.armed
    if switch and attempt.time_left <= 0:
        return await by_itself(attempt, switch, pre_state, why)
    try:
        trouble = await _undo(attempt)
        after, running = await _back_at(attempt, pre_state)
    except DeviceError as silent:
        return attempt.ended("unknown", f"{why}; whether it was rolled back is not known: {silent.message}")
    if switch and (running != pre_state or not await switch.call_off()):
        return await by_itself(attempt, switch, pre_state, why)
    if running != pre_state:
        reason = f"{why}; the rollback did not bring the old state back {trouble}".rstrip()
        return attempt.ended("unknown", reason, diff=attempt.diff(after))
    if attempt.taken_over:  # the dead bridge may have saved the change
        await attempt.hand.save()
    return attempt.ended("rolled_back", why)


async def by_itself(attempt: Attempt, switch: Switch, pre_state: str, why: str) -> DeviceResult:
    """The device takes, or has taken, the change back. Raises DeviceError when it does not say what became of it."""
    await switch.gone_back()
    attempt.transcript += await switch.typed(attempt.change.rollback)
    after, running = await _back_at(attempt, pre_state)
    await switch.remove()
    if running != pre_state:
        reason = f"{why}; it was not confirmed on the device, and the old state is not back"
        return attempt.ended("unknown", reason, diff=attempt.diff(after))
    return attempt.ended("rolled_back", f"{why}; nobody had confirmed it, so the device went back by itself")


async def _back_at(attempt: Attempt, pre_state: str) -> tuple[str, str]:
    """The configuration after the rollback; a daemon that was told to end may take a moment."""
    after, running = await attempt.read()
    for _ in range(pace.TRIES):
        if running == pre_state:
            break
        await asyncio.sleep(pace.LOOK_AGAIN_SECONDS)
        after, running = await attempt.read()
    return after, running


async def _fenced(attempt: Attempt) -> None:
    """Raise LostRaceError when another bridge goes on with this change; a broker that is away stops no rollback."""
    try:
        await attempt.journal.must_be_ours()
    except LostRaceError:
        raise
    except BusError:
        return


async def _undo(attempt: Attempt) -> str:
    """Type the rollback; what the device said against it.

    A line that undoes what never came about may be rejected: then the others are typed without it. Begun anew when
    the session is lost. Whether it is undone the device says, not what it answered.
    """
    lines: list[str] | None = None
    trouble, lost = [], 0
    while lines is None or lines:
        try:
            lines = await attempt.hand.to_undo() if lines is None else lines
            await _fenced(attempt)
            results = await attempt.type(lines) if lines else []
        except (DeviceError, GuardError) as wrong:
            lost += 1
            trouble.append(wrong.message)
            if lost >= pace.TRIES:
                break
            await asyncio.sleep(pace.LOOK_AGAIN_SECONDS)
            lines = None
            continue
        if not results or not results[-1].rejected:
            break
        trouble.append(f"{results[-1].line!r}: {results[-1].answer}")
        lines = attempt.hand.others(lines, len(results))
    return "; ".join(trouble)
