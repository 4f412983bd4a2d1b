"""One change on one device: gate, begin, send, prove; and back again when it is not proved.

What the device says decides: a bridge that finds *begun* without an outcome reads first, and never sends blindly again.
"""

import asyncio
from datetime import datetime
from typing import Any

from nocmesh.bus import Mesh
from nocmesh.clock import Clock
from nocmesh.diagnosis.checks import evaluate, views_for
from nocmesh.diagnosis.configtext import unified_diff
from nocmesh.errors import DeviceError, GuardError
from nocmesh.failpoint import reached
from nocmesh.messages.approval import Decision
from nocmesh.messages.change import ChangeOutcome, DeviceCommand, DeviceJournalEntry, DeviceResult
from nocmesh.policy.policy import Policy, built_in
from nocmesh.subjects import subject
from nocmesh_bridges.gate import gate
from nocmesh_bridges.gate.devicejournal import DeviceJournal
from nocmesh_bridges.gate.grounds import Grounds
from nocmesh_bridges.ssh.guard import only_operates
from nocmesh_bridges.ssh.hands import hand_of
from nocmesh_bridges.ssh.pool import DevicePool
from nocmesh_bridges.ssh.reading import Reader
from nocmesh_bridges.ssh.session import LineResult

LOOK_AGAIN_SECONDS = 1.0
MAX_PROOF_SECONDS = 300.0
"""However long a check may take to come true: the run does not wait for ever, and neither does the device's next."""
TRIES = 3
"""A device that does not answer in the middle of a change is asked again."""


class Work:
    """One change on one device, carried out by one bridge."""

    def __init__(
        self,
        mesh: Mesh,
        pool: DevicePool,
        reader: Reader,
        clock: Clock,
        command: DeviceCommand,
        policy: Policy | None = None,
    ) -> None:
        self._mesh = mesh
        self._grounds = Grounds(mesh.core, reader.network, policy or built_in())
        self._hand = hand_of(mesh, pool, reader, command.change)
        self._reader = reader
        self._clock = clock
        self._command = command
        self._change = command.change
        self.sent = False
        """Lines may have reached the device."""
        self._taken_over = False
        self._transcript: list[dict[str, str]] = []
        self._checks: list[dict[str, Any]] = []
        self._before = ""
        self._applied_at: datetime | None = None
        self._decision: Decision | None = None
        self.journal = DeviceJournal(mesh.core, clock, device=command.change.device, bridge=mesh.me.name)

    async def carry_out(self) -> DeviceResult:
        """Gate, begin, send, prove; or go on with what a dead bridge had begun.

        What was begun in time is brought to its end, however late: only a new line needs an approval that still holds.
        """
        begun = self.journal.begun(self._change.change_id)
        self.sent = begun is not None
        refused = await self._refused(begun.at if begun else self._clock.now(), begun=begun is not None)
        if refused:
            return self.ended("refused", refused)
        self._before, running = await self._read()
        if begun is not None:
            return await self._reconcile(begun, running)
        stale = gate.moved(self._change, running)
        if stale:
            return await self._already_so(stale)
        unsafe = await self._hand.unsafe(self._before)
        if unsafe:
            return self.ended("refused", unsafe)
        await self.write("begun", backup=self._before, pre_state=running)
        reached("bridge.begun")
        late = await self._late()
        return self.ended("refused", late) if late else await self._send(running)

    async def _refused(self, at: datetime, *, begun: bool = False) -> str:
        where = subject("ai.approvals.decisions.<id>", id=self._command.approval_id)
        found = await self._mesh.core.last(where, Decision)
        decision, speaker = (found.body, found.speaker) if found else (None, None)
        self._decision = decision
        ground = await self._grounds.of(self._command, at)
        return gate.refusal(self._command, decision, speaker, at, ground) or await self._hand.unfit(begun=begun)

    async def _already_so(self, stale: str) -> DeviceResult:
        """The device moved. When it moved to just where the change leads, there is nothing to send, and that is well.

        So two incidents that see one fault both come to their end.
        """
        undone = only_operates(self._change.commands) or await self._hand.left(self._before)
        if undone or await self._check():
            return self.ended("refused", stale)
        return self.ended("confirmed", "nothing was sent: somebody else has done the same already")

    async def _late(self) -> str:
        """By the broker's clock, at the last moment: whether ours can be trusted, and the approval still holds."""
        where = subject(
            "ai.devices.journal.<device>.<change_id>", device=self._change.device, change_id=self._change.change_id
        )
        found = await self._mesh.core.last(where, DeviceJournalEntry)
        if found is None or self._decision is None:
            return "the device journal cannot be read back"
        skewed = gate.skewed(found.at, self._clock.now())
        return (
            skewed
            or gate.late(self._command, self._decision, found.at)
            or await self._grounds.frozen(self._change, found.at)
        )

    async def _reconcile(self, begun: DeviceJournalEntry, running: str) -> DeviceResult:
        """Somebody began and did not end: what the device says decides."""
        if begun.change_hash not in ("", self._change.hash()):
            self.sent = False
            return self.ended("refused", "another change of the same id was begun; propose this one anew")
        await self.write("taken_over")
        self._taken_over = True
        self._applied_at = begun.at
        if running == begun.pre_state:
            return await self._begin_again(begun, running)
        now, self._before = self._before, begun.backup
        return await self._settle(now, begun.pre_state, "the bridge died in the middle of the change")

    async def _begin_again(self, begun: DeviceJournalEntry, running: str) -> DeviceResult:
        """The device stands at its old state: nothing had reached it, or it had gone back already."""
        entries = self.journal.of(self._change.change_id)
        if any(entry.kind == "sent" for entry in entries[entries.index(begun) :]):
            if only_operates(self._change.commands):
                return await self._prove(running)
            return self.ended("rolled_back", "the bridge died after the change had gone back to the old state")
        late = await self._refused(self._clock.now()) or await self._hand.unsafe(self._before) or await self._late()
        self.sent = not late
        return self.ended("refused", late) if late else await self._send(running)

    async def _settle(self, now: str, pre_state: str, why: str) -> DeviceResult:
        """The device stands at ``now``, not at its old state: whole, it is proved; half, it goes back."""
        if not await self._hand.left(now):
            return await self._prove(pre_state)
        return await self._roll_back(pre_state, why)

    async def _look(self, pre_state: str, why: str) -> DeviceResult:
        """The session was lost while lines were sent: what the device says decides."""
        now, running = await self._read()
        if running == pre_state:
            return self.ended("failed", f"nothing was changed: {why}")
        return await self._settle(now, pre_state, why)

    async def _send(self, running: str) -> DeviceResult:
        self._applied_at = self._clock.now()
        self.sent = True
        try:
            results = await self._type(self._change.commands)
        except GuardError as refused:  # what a line stands for was forgotten since; nothing was sent
            self.sent = False
            return self.ended("refused", refused.message)
        except DeviceError as lost:
            return await self._look(running, lost.message)
        reached("bridge.applied")
        await self.write("sent")
        reached("bridge.sent")
        rejected = [f"{result.line!r}: {result.answer}" for result in results if result.rejected]
        if rejected:
            return await self._roll_back(running, f"the device rejected a line: {rejected[0]}")
        return await self._prove(running)

    async def _type(self, lines: list[str]) -> list[LineResult]:
        """Type ``lines`` up to the first rejected one; what was answered is kept, also when the session is lost."""
        results: list[LineResult] = []
        try:
            results = await self._hand.type(lines)
        except DeviceError as lost:
            results = list(lost.facts.get("results", ()))
            raise
        finally:
            self._transcript += [{"line": result.line, "answer": result.answer} for result in results]
        return results

    async def _read(self) -> tuple[str, str]:
        """The running configuration and its hash. Raises DeviceError when the device does not give them."""
        for _ in range(TRIES - 1):
            try:
                return await self._hand.read()
            except DeviceError:
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
        return await self._hand.read()

    async def _prove(self, pre_state: str) -> DeviceResult:
        """The configuration must have moved, and every check must come true in its time."""
        after, running = await self._read()
        if running == pre_state and not only_operates(self._change.commands):
            return self.ended("failed", "the device took the lines and its configuration did not change")
        failed = await self._check()
        if failed:
            return await self._roll_back(pre_state, f"verification failed: {failed}")
        frozen = await self._grounds.frozen(self._change, self._clock.now())
        if frozen:
            return await self._roll_back(pre_state, f"nothing is confirmed in a freeze: {frozen}")
        note = await self._hand.save()
        diff = unified_diff(self._before, after, self._change.device)
        return self.ended("confirmed", note, diff=diff)

    async def _check(self) -> str:
        """Look until every check has passed or its time is over; what did not pass."""
        checks = self._change.verify
        loop = asyncio.get_running_loop()
        deadline = loop.time() + min(max((check.within for check in checks), default=0.0), MAX_PROOF_SECONDS)
        while checks:
            try:
                failed = await self._failing()
            except DeviceError as silent:
                failed = silent.message
            if not failed or loop.time() >= deadline:
                return failed
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        return ""

    async def _failing(self) -> str:
        checks = self._change.verify
        state, _ = await self._reader.state(self._hand.device, views_for(checks))
        verdicts = [(check.text or check.kind, evaluate(check, state)) for check in checks]
        self._checks = [{"text": text, "passed": verdict.passed, "seen": verdict.seen} for text, verdict in verdicts]
        return "; ".join(f"{text} ({verdict.seen})" for text, verdict in verdicts if not verdict.passed)

    async def _roll_back(self, pre_state: str, why: str) -> DeviceResult:
        try:
            trouble = await self._undo()
            after, running = await self._back_at(pre_state)
        except DeviceError as silent:
            return self.ended("unknown", f"{why}; whether it was rolled back is not known: {silent.message}")
        if running != pre_state:
            diff = unified_diff(self._before, after, self._change.device)
            reason = f"{why}; the rollback did not bring the old state back {trouble}".rstrip()
            return self.ended("unknown", reason, diff=diff)
        if self._taken_over:  # the dead bridge may have saved the change
            await self._hand.save()
        return self.ended("rolled_back", why)

    async def _back_at(self, pre_state: str) -> tuple[str, str]:
        """The configuration after the rollback; a daemon that was told to end may take a moment."""
        after, running = await self._read()
        for _ in range(TRIES):
            if running == pre_state:
                break
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            after, running = await self._read()
        return after, running

    async def _undo(self) -> str:
        """Type the rollback; what the device said against it.

        A line that undoes what never came about may be rejected: then the others are typed without it. Begun anew when
        the session is lost. Whether it is undone the device says, not what it answered.
        """
        lines: list[str] | None = None
        trouble, lost = [], 0
        while lines is None or lines:
            try:
                lines = await self._hand.to_undo() if lines is None else lines
                results = await self._type(lines) if lines else []
            except (DeviceError, GuardError) as wrong:
                lost += 1
                trouble.append(wrong.message)
                if lost >= TRIES:
                    break
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
                lines = None
                continue
            if not results or not results[-1].rejected:
                break
            trouble.append(f"{results[-1].line!r}: {results[-1].answer}")
            lines = self._hand.others(lines, len(results))
        return "; ".join(trouble)

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
