"""`device_history`: what the monitor saw of a device, and what the mesh itself changed there. The device is not asked.

Served here beside `device_baseline`, for the same reason: whoever looks at a device wants its past from the same place.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from nocmesh.agent.histories import load_history
from nocmesh.bus import Mesh
from nocmesh.clock import Clock
from nocmesh.diagnosis.history import History, stamp, told
from nocmesh.errors import InvalidInputError, NotFoundError
from nocmesh.messages.state import Output
from nocmesh_bridges.ssh.reading import Reader

MINUTES, MOST_MINUTES = 24 * 60, 90 * 24 * 60
"""How far back an answer goes by itself, and at most."""
MOST_TURNS = 100
"""Turns in one answer, the newest."""


class Rememberer:
    """Tells of a device's past."""

    def __init__(self, mesh: Mesh, reader: Reader, clock: Clock) -> None:
        self._mesh = mesh
        self._reader = reader
        self._clock = clock
        self.tools: dict[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]] = {"device_history": self._history}

    async def _history(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """{device, minutes}: the turns of the last so many minutes, and the mesh's own changes."""
        device = self._reader.device(arguments)
        minutes = _minutes(arguments.get("minutes", MINUTES))
        found = await load_history(self._mesh.agents, device.name)
        if found is None:
            raise NotFoundError(
                f"{device.name} has no history: the monitor has not looked at it yet, or history_seconds is 0",
                device=device.name,
            )
        after = self._clock.now() - timedelta(minutes=minutes)
        recent = [turn for turn in found.turns if turn.at >= after][-MOST_TURNS:]
        return answer(replace(found, turns=recent, applied=[each for each in found.applied if each.at >= after]))


def answer(history: History) -> dict[str, Any]:
    """``history`` as a tool's answer; its lines are an output too, so that evidence can quote them."""
    lines = [f"{history.device} was looked at from {stamp(history.began)} to {stamp(history.at)}"]
    lines += [told(turn) for turn in history.turns]
    lines += [f"{stamp(each.at)} change {each.change_id}: {'; '.join(each.lines) or '-'}" for each in history.applied]
    output = Output(command=f"device_history {history.device}", text="\n".join(lines) + "\n")
    return {"outputs": [output.to_dict()], "history": history.to_dict()}


def _minutes(given: object) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or not 1 <= given <= MOST_MINUTES:
        expected = f"expected a whole number of 1 to {MOST_MINUTES}"
        raise InvalidInputError(f"'minutes' is {str(given)[:80]!r}; {expected}", field="minutes")
    return given
