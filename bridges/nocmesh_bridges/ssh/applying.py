"""Taking approved changes: begun is written before the first line is sent, the outcome after the proof.

Every command ends in an outcome, whatever happens; only a bridge that must stand back tries again later.
"""

import asyncio
from collections.abc import Awaitable, Callable

from nocmesh.bus import Mesh, Received
from nocmesh.clock import Clock
from nocmesh.errors import BusError, NocmeshError
from nocmesh.failpoint import reached
from nocmesh.log import Log
from nocmesh.messages.change import DeviceCommand, DeviceResult
from nocmesh.policy.policy import Policy, built_in
from nocmesh.subjects import subject
from nocmesh_bridges.ssh.attempt import CONFIRM_SECONDS, Attempt
from nocmesh_bridges.ssh.budget import Budget
from nocmesh_bridges.ssh.grounds import Grounds
from nocmesh_bridges.ssh.pool import DevicePool
from nocmesh_bridges.ssh.reading import Reader
from nocmesh_bridges.ssh.work import Work

Changed = Callable[[str], Awaitable[None]]


class Executor:
    """Carries out changes, one at a time on each device."""

    def __init__(
        self,
        mesh: Mesh,
        pool: DevicePool,
        reader: Reader,
        clock: Clock,
        log: Log,
        policy: Policy | None = None,
        changed: Changed | None = None,
        confirm_seconds: float = CONFIRM_SECONDS,
    ) -> None:
        """``changed`` hears of each device to which lines were sent, before anybody hears the outcome."""
        self.mesh = mesh
        self.pool = pool
        self.reader = reader
        self.clock = clock
        self._log = log
        self._changed = changed
        self.confirm_seconds = confirm_seconds
        self._policy = policy or built_in()
        self._budget = Budget(mesh.core, reader.network, self._policy.budget, clock)
        self._locks: dict[str, asyncio.Lock] = {}

    async def take(self, received: Received[DeviceCommand]) -> None:
        """Carry out one command, and answer; a command that was carried out before is only answered again.

        Raises BusError when another change, or another bridge, has the device.
        """
        command = received.body
        async with self._locks.setdefault(command.change.device, asyncio.Lock()):
            result = await self._result(command)
        self._log.info(
            "change_ended", device=result.device, change=result.change_id, outcome=result.outcome, why=result.reason
        )
        await self.mesh.core.publish(
            subject("ai.devices.results.<target>", target=command.change.device),
            result,
            id=f"{command.command_id}:result",
            correlation_id=command.correlation_id,
        )

    async def _result(self, command: DeviceCommand) -> DeviceResult:
        grounds = Grounds(self.mesh.core, self.reader.network, self._policy)
        how = (self.mesh, self.pool, self.reader, self.clock, command)
        work = Work(Attempt(*how, self.confirm_seconds), grounds)
        await work.journal.load()
        done = work.journal.answer_to(command)
        if done is not None:
            return done
        busy = work.journal.busy_with(command.change.change_id)
        if busy:
            raise BusError(f"{command.change.device} is busy with change {busy}; tried again later")
        result = await self._budgeted(work, command)
        if work.sent and self._changed:
            await self._changed(result.device)
        await work.write("outcome", result=result)
        reached("bridge.outcome")
        await self._budget.give_back(command)
        return result

    async def _budgeted(self, work: Work, command: DeviceCommand) -> DeviceResult:
        """Carried out where there is room for one more change; what was begun goes to its end in any case.

        Raises BusError where it must wait.
        """
        full = "" if work.journal.begun(command.change.change_id) else await self._budget.claim(command)
        if full and (command.deadline is None or self.clock.now() < command.deadline):
            raise BusError(f"{full}; tried again later")
        return work.ended("refused", f"{full}; nobody waits for it any more") if full else await self._carried_out(work)

    async def _carried_out(self, work: Work) -> DeviceResult:
        try:
            return await work.carry_out()
        except BusError:
            raise  # what was written stands: whoever takes the command next goes on from there
        except Exception as wrong:  # noqa: BLE001 - a device that is left without an outcome takes no other change
            self._log.exception("change_broken_off")
            said = wrong.message if isinstance(wrong, NocmeshError) else f"{type(wrong).__name__}: {wrong}"
            return work.ended("unknown" if work.sent else "failed", said)
