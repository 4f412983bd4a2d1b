"""One change on one device: gate, begin, arm, send, prove, confirm; and back again when it is not proved.

What the device says decides: a bridge that finds *begun* without an outcome reads first, and never sends blindly again.
"""

from datetime import datetime
from typing import Any

from nocmesh.errors import DeviceError, GuardError
from nocmesh.failpoint import reached
from nocmesh.messages.approval import Decision
from nocmesh.messages.change import ChangeOutcome, DeviceJournalEntry, DeviceResult
from nocmesh.subjects import subject
from nocmesh_bridges.ssh import gate
from nocmesh_bridges.ssh.attempt import Attempt
from nocmesh_bridges.ssh.grounds import Grounds
from nocmesh_bridges.ssh.guard import only_operates
from nocmesh_bridges.ssh.proof import Proof
from nocmesh_bridges.ssh.undoing import by_itself, roll_back


class Work:
    """One change on one device, carried out by one bridge."""

    def __init__(self, attempt: Attempt, grounds: Grounds) -> None:
        self._attempt = attempt
        self._grounds = grounds
        self._change = attempt.change
        self._command = attempt.command
        self._decision: Decision | None = None
        self.journal = attempt.journal

    @property
    def sent(self) -> bool:
        """Lines may have reached the device."""
        return self._attempt.sent

    async def write(self, kind: str, **more: Any) -> None:
        """One entry in the device's journal."""
        await self._attempt.write(kind, **more)

    def ended(self, outcome: ChangeOutcome, reason: str) -> DeviceResult:
        """The result as it stands now."""
        return self._attempt.ended(outcome, reason)

    async def carry_out(self) -> DeviceResult:
        """Gate, begin, send, prove; or go on with what a dead bridge had begun.

        What was begun in time is brought to its end, however late: only a new line needs an approval that still holds.
        """
        begun = self.journal.begun(self._change.change_id)
        self._attempt.sent = begun is not None
        refused = await self._refused(begun.at if begun else self._attempt.clock.now(), begun=begun is not None)
        if refused:
            return self.ended("refused", refused)
        result = await (self._begin() if begun is None else self._reconcile(begun))
        return await self._put_away(result, begun)

    async def _begin(self) -> DeviceResult:
        self._attempt.before, running = await self._attempt.read()
        stale = gate.moved(self._change, running)
        if stale:
            return await self._already_so(stale)
        unsafe = await self._attempt.hand.unsafe(self._attempt.before)
        if unsafe:
            return self.ended("refused", unsafe)
        return await self._armed_and_sent(running)

    async def _put_away(self, result: DeviceResult, begun: DeviceJournalEntry | None) -> DeviceResult:
        """However it ended, no switch is left that would act behind the outcome's back."""
        switch = self._attempt.armed
        if switch is None or await switch.call_off():
            return result
        pre_state = begun.pre_state if begun else self._change.pre_state
        return await by_itself(self._attempt, switch, pre_state, result.reason)

    async def _refused(self, at: datetime, *, begun: bool = False) -> str:
        where = subject("ai.approvals.decisions.<id>", id=self._command.approval_id)
        found = await self._attempt.mesh.core.last(where, Decision)
        decision, speaker = (found.body, found.speaker) if found else (None, None)
        self._decision = decision
        refused = gate.refusal(self._command, decision, speaker, at, await self._grounds.of(self._command, at))
        return refused or await self._attempt.hand.unfit(begun=begun)

    async def _already_so(self, stale: str) -> DeviceResult:
        """The device moved. When it moved to just where the change leads, there is nothing to send, and that is well.

        So two incidents that see one fault both come to their end.
        """
        undone = only_operates(self._change.commands) or await self._attempt.hand.left(self._attempt.before)
        if undone or await self._lacking():
            return self.ended("refused", stale)
        return self.ended("confirmed", "nothing was sent: somebody else has done the same already")

    async def _late(self) -> str:
        """By the broker's clock, at the last moment: whether ours can be trusted, and the approval still holds."""
        where = subject(
            "ai.devices.journal.<device>.<change_id>", device=self._change.device, change_id=self._change.change_id
        )
        found = await self._attempt.mesh.core.last(where, DeviceJournalEntry)
        if found is None or self._decision is None:
            return "the device journal cannot be read back"
        now = self._attempt.clock.now()
        late = gate.skewed(found.at, now) or gate.late(self._command, self._decision, found.at)
        return late or await self._grounds.frozen(self._change, found.at)

    async def _reconcile(self, begun: DeviceJournalEntry) -> DeviceResult:
        """Somebody began and did not end: what the device says decides, and of it the switch first."""
        if begun.change_hash not in ("", self._change.hash()):
            self._attempt.sent = False
            return self.ended("refused", "another change of the same id was begun; propose this one anew")
        went_back = await self._attempt.went_back(begun)
        now, running = await self._attempt.read()
        await self.write("taken_over")
        self._attempt.taken_over = True
        self._attempt.applied_at = begun.at
        self._attempt.before = begun.backup
        died = "the bridge died in the middle of the change"
        if self._attempt.armed and went_back:
            return await by_itself(self._attempt, self._attempt.armed, begun.pre_state, died)
        if running == begun.pre_state:
            return await self._begin_again(begun, running)
        return await self._settle(now, begun.pre_state, died)

    async def _begin_again(self, begun: DeviceJournalEntry, running: str) -> DeviceResult:
        """The device stands at its old state: nothing had reached it, or it had gone back already."""
        entries = self.journal.of(self._change.change_id)
        if any(entry.kind == "sent" for entry in entries[entries.index(begun) :]):
            if only_operates(self._change.commands):
                return await self._prove(running)
            return self.ended("rolled_back", "the bridge died after the change had gone back to the old state")
        late = await self._refused(self._attempt.clock.now())
        late = late or await self._attempt.hand.unsafe(self._attempt.before) or await self._late()
        self._attempt.sent = not late
        if late:
            return self.ended("refused", late)
        if self._attempt.armed:
            await self._attempt.armed.call_off()
        return await (self._send(running) if self._attempt.alone else self._armed_and_sent(running))

    async def _settle(self, now: str, pre_state: str, why: str) -> DeviceResult:
        """The device stands at ``now``, not at its old state: whole, it is proved; half, it goes back."""
        if not await self._attempt.hand.left(now):
            return await self._prove(pre_state)
        return await roll_back(self._attempt, pre_state, why)

    async def _look(self, pre_state: str, why: str) -> DeviceResult:
        """The session was lost while lines were sent: what the device says decides."""
        now, running = await self._attempt.read()
        if running == pre_state:
            return await self._unmoved(pre_state, f"nothing was changed: {why}", why)
        return await self._settle(now, pre_state, why)

    async def _unmoved(self, pre_state: str, still: str, why: str) -> DeviceResult:
        """The device stands at its old state: ``still`` if it never left it, or it went back because of ``why``."""
        switch = self._attempt.armed
        if switch and (await switch.look()).went_back:
            return await by_itself(self._attempt, switch, pre_state, why)
        return self.ended("failed", still)

    async def _armed_and_sent(self, running: str) -> DeviceResult:
        """Begun is written, then the switch is armed and seen to be, and only then is a line typed."""
        told = self._attempt.next_switch()
        await self.write("begun", backup=self._attempt.before, pre_state=running, **told)
        reached("bridge.begun")
        late = await self._late() or await self._attempt.arm()
        if late:
            self._attempt.sent = False
            return self.ended("refused", late)
        reached("bridge.armed")
        return await self._send(running)

    async def _send(self, running: str) -> DeviceResult:
        await self.journal.must_be_ours()
        self._attempt.applied_at = self._attempt.clock.now()
        self._attempt.sent = True
        try:
            results = await self._attempt.type(self._change.commands)
        except GuardError as refused:  # what a line stands for was forgotten since; nothing was sent
            self._attempt.sent = False
            return self.ended("refused", refused.message)
        except DeviceError as lost:
            return await self._look(running, lost.message)
        reached("bridge.applied")
        await self.write("sent")
        reached("bridge.sent")
        rejected = [f"{result.line!r}: {result.answer}" for result in results if result.rejected]
        if rejected:
            return await roll_back(self._attempt, running, f"the device rejected a line: {rejected[0]}")
        return await self._prove(running)

    async def _prove(self, pre_state: str) -> DeviceResult:
        """The configuration must have moved, and every check must come true in its time; then it is confirmed."""
        after, running = await self._attempt.read()
        if running == pre_state and not only_operates(self._change.commands):
            still = "the device took the lines and its configuration did not change"
            return await self._unmoved(pre_state, still, "the device was cut off")
        failed = await self._lacking()
        if failed:
            return await roll_back(self._attempt, pre_state, f"verification failed: {failed}")
        frozen = await self._grounds.frozen(self._change, self._attempt.clock.now())
        if frozen:
            return await roll_back(self._attempt, pre_state, f"nothing is confirmed in a freeze: {frozen}")
        switch = self._attempt.armed
        if switch and not await switch.keep():
            return await by_itself(self._attempt, switch, pre_state, "the proof came too late")
        reached("bridge.kept")
        note = await self._attempt.hand.save()
        if switch:
            await switch.remove()
        return self._attempt.ended("confirmed", note, diff=self._attempt.diff(after))

    async def _lacking(self) -> str:
        """What the checks do not find, in the time that they have."""
        proof = Proof(self._attempt.reader, self._attempt.hand.device, self._change.verify)
        try:
            return await proof.lacking(max(self._attempt.time_left, 0.0))
        finally:
            self._attempt.checks = proof.seen
