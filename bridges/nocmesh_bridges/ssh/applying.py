"""Carrying out an approved change: begun is written before the first line is sent, the outcome after the proof.

A bridge that finds *begun* without an outcome reads the device first: it never sends blindly again.
"""

import asyncio
from datetime import datetime
from typing import Any

from nocmesh.bus import Mesh, Received
from nocmesh.clock import Clock
from nocmesh.diagnosis.checks import evaluate, views_for
from nocmesh.diagnosis.configtext import affected_diff, unified_diff
from nocmesh.errors import BusError, DeviceError, GuardError
from nocmesh.failpoint import reached
from nocmesh.log import Log
from nocmesh.messages.approval import Decision
from nocmesh.messages.change import ChangeOutcome, DeviceCommand, DeviceJournalEntry, DeviceResult
from nocmesh.network import Device
from nocmesh.subjects import subject
from nocmesh_bridges.ssh import gate
from nocmesh_bridges.ssh.devicejournal import DeviceJournal
from nocmesh_bridges.ssh.guard import check_line
from nocmesh_bridges.ssh.pool import DevicePool
from nocmesh_bridges.ssh.reading import Reader

LOOK_AGAIN_SECONDS = 1.0
SAVE = {"frr": "write", "cisco_iosxe": "write memory"}


class Executor:
    """Carries out changes, one at a time on each device."""

    def __init__(self, mesh: Mesh, pool: DevicePool, reader: Reader, clock: Clock, log: Log) -> None:
        self.mesh = mesh
        self.pool = pool
        self.reader = reader
        self.clock = clock
        self._log = log
        self._locks: dict[str, asyncio.Lock] = {}

    async def take(self, received: Received[DeviceCommand]) -> None:
        """Carry out one command, and answer; a command that was carried out before is only answered again."""
        command = received.body
        async with self._locks.setdefault(command.change.device, asyncio.Lock()):
            result = await self._result(received)
        self._log.info(
            "change_ended", device=result.device, change=result.change_id, outcome=result.outcome, why=result.reason
        )
        await self.mesh.core.publish(
            subject("ai.devices.results.<target>", target=command.change.device),
            result,
            id=f"{command.command_id}:result",
            correlation_id=command.correlation_id,
        )

    async def _result(self, received: Received[DeviceCommand]) -> DeviceResult:
        command = received.body
        work = Work(self, command)
        await work.journal.load()
        done = work.journal.answer_to(command)
        if done is not None:
            return done
        busy = work.journal.busy_with(command.change.change_id)
        if busy:
            raise BusError(f"{command.change.device} is busy with change {busy}; tried again later")
        try:
            result = await work.carry_out()
        except DeviceError as wrong:
            result = work.ended("failed" if not work.sent else "unknown", wrong.message)
        await work.write("outcome", result=result)
        reached("bridge.outcome")
        return result


class Work:
    """One change on one device."""

    def __init__(self, executor: Executor, command: DeviceCommand) -> None:
        self._mesh = executor.mesh
        self._pool = executor.pool
        self._reader = executor.reader
        self._clock = executor.clock
        self._command = command
        self._change = command.change
        self.sent = False
        self._transcript: list[dict[str, str]] = []
        self._checks: list[dict[str, Any]] = []
        self._before = ""
        self._applied_at: Any = None
        self._device: Device | None = None
        self.journal = DeviceJournal(
            self._mesh.core, self._clock, device=command.change.device, bridge=self._mesh.me.name
        )

    async def carry_out(self) -> DeviceResult:
        """Gate, begin, send, prove; or go on with what a dead bridge had begun.

        What was begun in time is brought to its end, however late: only a new line needs an approval that still holds.
        """
        begun = self.journal.begun(self._change.change_id)
        refused = await self._refused(begun.at if begun else self._clock.now())
        if refused:
            return self.ended("refused", refused)
        device = self._reader.device({"device": self._change.device})
        self._device = device
        self._before, running = await self._reader.running(device, single_use=True)
        if begun is not None:
            return await self._reconcile(begun, running)
        stale = gate.moved(self._change, running)
        if stale:
            return self.ended("refused", stale)
        await self.write("begun", backup=self._before, pre_state=running)
        reached("bridge.begun")
        late = await self._skewed()
        if late:
            return self.ended("refused", late)
        return await self._send(running)

    async def _refused(self, at: datetime) -> str:
        where = subject("ai.approvals.decisions.<id>", id=self._command.approval_id)
        found = await self._mesh.core.last(where, Decision)
        decision, speaker = (found.body, found.speaker) if found else (None, None)
        why = gate.refusal(self._command, decision, speaker, at)
        if why:
            return why
        try:
            for line in [*self._change.commands, *self._change.rollback]:
                check_line(self._change.platform, line)
        except GuardError as refused:
            return f"the guard refused a line: {refused.message}"
        return ""

    async def _skewed(self) -> str:
        where = subject(
            "ai.devices.journal.<device>.<change_id>", device=self._change.device, change_id=self._change.change_id
        )
        found = await self._mesh.core.last(where, DeviceJournalEntry)
        return gate.skewed(found.at, self._clock.now()) if found else "the device journal cannot be read back"

    async def _reconcile(self, begun: DeviceJournalEntry, running: str) -> DeviceResult:
        """Somebody began and did not end: what the device says decides."""
        await self.write("taken_over")
        if running == begun.pre_state:
            late = await self._refused(self._clock.now())
            return self.ended("refused", late) if late else await self._send(running)
        self.sent = True
        self._applied_at = begun.at
        now, self._before = self._before, begun.backup
        return await self._settle(now, begun.pre_state, "the bridge died in the middle of the change")

    async def _settle(self, now: str, pre_state: str, why: str) -> DeviceResult:
        """The device stands at ``now``, not at its old state: whole, it is proved; half, it goes back."""
        left = affected_diff(now, self._change.commands)
        if not left.strip():
            return await self._prove(pre_state)
        return await self._roll_back(pre_state, why)

    async def _look(self, pre_state: str, why: str) -> DeviceResult:
        """The session was lost while lines were sent: what the device says decides."""
        assert self._device is not None
        now, running = await self._reader.running(self._device, single_use=True)
        if running == pre_state:
            return self.ended("failed", f"nothing was changed: {why}")
        return await self._settle(now, pre_state, why)

    async def _send(self, running: str) -> DeviceResult:
        self._applied_at = self._clock.now()
        self.sent = True
        try:
            rejected = await self._configure(self._change.commands)
        except DeviceError as lost:
            return await self._look(running, lost.message)
        reached("bridge.applied")
        await self.write("sent")
        reached("bridge.sent")
        if rejected:
            return await self._roll_back(running, f"the device rejected a line: {rejected}")
        return await self._prove(running)

    async def _configure(self, lines: list[str]) -> str:
        """Send ``lines``; the one that the device rejected, with its answer, or an empty text."""
        async with self._pool.session(self._change.device, single_use=True) as session:
            results = await session.configure(lines)
        self._transcript += [{"line": result.line, "answer": result.answer} for result in results]
        return next((f"{result.line!r}: {result.answer}" for result in results if result.rejected), "")

    async def _prove(self, pre_state: str) -> DeviceResult:
        """The configuration must have moved, and every check must come true in its time."""
        assert self._device is not None
        after, running = await self._reader.running(self._device, single_use=True)
        if running == pre_state:
            return self.ended("failed", "the device took the lines and its configuration did not change")
        failed = await self._check(self._device)
        if failed:
            return await self._roll_back(pre_state, f"verification failed: {failed}")
        note = await self._save(self._device)
        diff = unified_diff(self._before, after, self._change.device)
        return self.ended("confirmed", note, diff=diff)

    async def _check(self, device: Device) -> str:
        """Look until every check has passed or its time is over; what did not pass."""
        checks = self._change.verify
        if not checks:
            return ""
        deadline = asyncio.get_running_loop().time() + max(check.within for check in checks)
        while True:
            state, _ = await self._reader.state(device, views_for(checks))
            verdicts = [(check, evaluate(check, state)) for check in checks]
            self._checks = [
                {"text": check.text or check.kind, "passed": verdict.passed, "seen": verdict.seen}
                for check, verdict in verdicts
            ]
            failed = [
                f"{check.text or check.kind} ({verdict.seen})" for check, verdict in verdicts if not verdict.passed
            ]
            if not failed or asyncio.get_running_loop().time() >= deadline:
                return "; ".join(failed)
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _save(self, device: Device) -> str:
        """Keep the change over a reload; when that fails the change stands, and the result says so."""
        save = SAVE.get(device.platform)
        if save is None:
            return ""
        try:
            async with self._pool.session(device.name, single_use=True) as session:
                await session.show(save)
        except DeviceError as wrong:
            return f"in effect, but not saved: {wrong.message}"
        return ""

    async def _roll_back(self, pre_state: str, why: str) -> DeviceResult:
        assert self._device is not None
        rejected = await self._configure(self._change.rollback)
        after, running = await self._reader.running(self._device, single_use=True)
        if running == pre_state:
            return self.ended("rolled_back", why)
        diff = unified_diff(self._before, after, self._change.device)
        return self.ended("unknown", f"{why}; the rollback did not bring the old state back {rejected}", diff=diff)

    async def write(self, kind: str, **more: Any) -> None:
        """One entry in the device's journal."""
        await self.journal.append(self.journal.entry(self._command, kind, **more), self._command.correlation_id)

    def ended(self, outcome: ChangeOutcome, reason: str, diff: str = "") -> DeviceResult:
        """The result as it stands now."""
        return DeviceResult(
            command_id=self._command.command_id,
            change_id=self._change.change_id,
            device=self._change.device,
            outcome=outcome,
            run_id=self._command.run_id,
            step=self._command.step,
            reason=reason,
            checks=self._checks,
            diff=diff,
            transcript=self._transcript,
            applied_at=self._applied_at if outcome in ("confirmed", "rolled_back", "unknown") else None,
            at=self._clock.now(),
            bridge=self._mesh.me.name,
        )
