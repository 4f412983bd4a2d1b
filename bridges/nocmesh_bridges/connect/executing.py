"""Approved changes of targets that are no devices: the same gate, begun before anything is sent, and sent at most once.

What a dead process had begun is never sent again: the target says what became of it, or a person must look.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from nocmesh.bus import Mesh, Received
from nocmesh.clock import Clock
from nocmesh.errors import BusError, GuardError, NocmeshError
from nocmesh.failpoint import reached
from nocmesh.log import Log
from nocmesh.messages.approval import Decision
from nocmesh.messages.change import CONNECTED, Change, DeviceCommand, DeviceJournalEntry, DeviceResult
from nocmesh.network import Network
from nocmesh.policy.form import RISKS
from nocmesh.policy.policy import Policy
from nocmesh.subjects import subject
from nocmesh_bridges.connect.hand import Done, Hand
from nocmesh_bridges.gate import gate
from nocmesh_bridges.gate.budget import Budget
from nocmesh_bridges.gate.devicejournal import DeviceJournal
from nocmesh_bridges.gate.grounds import Grounds


class Executor:
    """Carries out changes, one at a time on each target."""

    def __init__(
        self,
        mesh: Mesh,
        hands: Mapping[str, Hand[Any]],
        network: Network,
        policy: Policy,
        *,
        clock: Clock,
        log: Log,
    ) -> None:
        """``hands`` are by platform; ``network`` lists their targets."""
        self.mesh, self.hands, self.network, self.policy = mesh, hands, network, policy
        self.clock, self._log = clock, log
        self._budget = Budget(mesh.core, network, policy.budget, clock)
        self._locks: dict[str, asyncio.Lock] = {}

    async def take(self, received: Received[DeviceCommand]) -> None:
        """Carry out one command, and answer; what is for another executor is left to it.

        Raises BusError when another change, or another process, has the target.
        """
        command = received.body
        if command.change.platform not in CONNECTED:
            return
        async with self._locks.setdefault(command.change.device, asyncio.Lock()):
            result = await self._result(command)
        self._log.info(
            "change_ended", target=result.device, change=result.change_id, outcome=result.outcome, why=result.reason
        )
        await self.mesh.core.publish(
            subject("ai.devices.results.<target>", target=command.change.device),
            result,
            id=f"{command.command_id}:result",
            correlation_id=command.correlation_id,
        )

    async def _result(self, command: DeviceCommand) -> DeviceResult:
        work = Work(self, command)
        await work.journal.load()
        done = work.journal.answer_to(command)
        if done is not None:
            return done
        busy = work.journal.busy_with(command.change.change_id)
        if busy:
            raise BusError(f"{command.change.device} is busy with change {busy}; tried again later")
        result = await self._budgeted(work, command)
        await work.write("outcome", result=result)
        reached("connect.outcome")
        await self._budget.give_back(command)
        return result

    async def _budgeted(self, work: "Work", command: DeviceCommand) -> DeviceResult:
        """Carried out where there is room for one more change. Raises BusError where it must wait."""
        full = "" if work.journal.begun(command.change.change_id) else await self._budget.claim(command)
        if full and (command.deadline is None or self.clock.now() < command.deadline):
            raise BusError(f"{full}; tried again later")
        if full:
            return work.ended(Done(outcome="refused", reason=f"{full}; nobody waits for it any more"))
        try:
            return work.ended(await work.carry_out())
        except BusError:
            raise
        except Exception as wrong:  # noqa: BLE001 - a target that is left without an outcome takes no other change
            self._log.exception("change_broken_off")
            said = wrong.message if isinstance(wrong, NocmeshError) else f"{type(wrong).__name__}: {wrong}"
            return work.ended(Done(outcome="unknown" if work.sent else "failed", reason=said))


class Work:
    """One change of one target."""

    def __init__(self, executor: Executor, command: DeviceCommand) -> None:
        self._mesh, self._clock = executor.mesh, executor.clock
        self._network, self._policy = executor.network, executor.policy
        self._grounds = Grounds(executor.mesh.core, executor.network, executor.policy)
        self._command, self._change = command, command.change
        self._hand = executor.hands[command.change.platform]
        self._decision: Decision | None = None
        self._applied_at: datetime | None = None
        self.sent = False
        """Something may have reached the target."""
        self.journal = DeviceJournal(
            executor.mesh.core, executor.clock, device=command.change.device, bridge=executor.mesh.me.name
        )

    async def carry_out(self) -> Done:
        """Gate, begin, act; or find out what became of what a dead process had begun."""
        begun = self.journal.begun(self._change.change_id)
        if begun is not None:
            return await self._past(begun)
        refused = await self._refused() or self._unfit()
        if refused:
            return Done(outcome="refused", reason=refused)
        ask = self._hand.approved(self._change)
        state = await self._hand.state(ask)
        stale = gate.moved(self._change, state)
        if stale:
            return Done(outcome="refused", reason=stale)
        await self.write("begun", pre_state=state)
        reached("connect.begun")
        late = await self._late()
        if late:
            return Done(outcome="refused", reason=late)
        self.sent, self._applied_at = True, self._clock.now()
        done = await self._hand.act(ask, state, self._mark)
        reached("connect.acted")
        return done

    async def _refused(self) -> str:
        where = subject("ai.approvals.decisions.<id>", id=self._command.approval_id)
        found = await self._mesh.core.last(where, Decision)
        decision, speaker = (found.body, found.speaker) if found else (None, None)
        self._decision, now = decision, self._clock.now()
        return gate.refusal(self._command, decision, speaker, now, await self._grounds.of(self._command, now))

    def _unfit(self) -> str:
        """Why what was approved is not what the target file allows, or not as harmless as it says."""
        try:
            return unfit(self._hand, self._change, self._network)
        except NocmeshError as wrong:
            return f"the change cannot be carried out: {wrong.message}"

    async def _late(self) -> str:
        """By the broker's clock, at the last moment: whether ours can be trusted, and the approval still holds."""
        where = subject(
            "ai.devices.journal.<device>.<change_id>", device=self._change.device, change_id=self._change.change_id
        )
        found = await self._mesh.core.last(where, DeviceJournalEntry)
        if found is None or self._decision is None:
            return "the journal of the target cannot be read back"
        return (
            gate.skewed(found.at, self._clock.now())
            or gate.late(self._command, self._decision, found.at)
            or await self._grounds.frozen(self._change, found.at)
        )

    async def _past(self, begun: DeviceJournalEntry) -> Done:
        """Somebody began and did not end: nothing is sent again."""
        if begun.change_hash != self._change.hash():
            return Done(outcome="refused", reason="another change of the same id was begun; propose this one anew")
        await self.write("taken_over")
        entries = self.journal.of(self._change.change_id)
        marks = [entry.backup for entry in entries[entries.index(begun) :] if entry.kind == "sent"]
        if not marks:
            return Done(outcome="failed", reason="the process died before anything was sent; propose it anew")
        self.sent, self._applied_at = True, begun.at
        known = await self._hand.past(self._hand.approved(self._change), marks[-1])
        return known or Done(outcome="unknown", reason="the process died in the middle of it: a person must look")

    async def _mark(self, mark: str) -> None:
        await self.write("sent", backup=mark)
        reached("connect.sent")

    async def write(self, kind: str, **more: Any) -> None:
        """One entry in the target's journal."""
        await self.journal.append(self.journal.entry(self._command, kind, **more), self._command.correlation_id)

    def ended(self, done: Done) -> DeviceResult:
        """The result of the change."""
        line = self._change.commands[0] if self._change.commands else ""
        return DeviceResult(
            command_id=self._command.command_id,
            change_id=self._change.change_id,
            device=self._change.device,
            outcome=done.outcome,
            run_id=self._command.run_id,
            step=self._command.step,
            reason=done.reason,
            transcript=[{"line": line, "answer": answer} for answer in done.answers],
            applied_at=self._applied_at if done.outcome in ("confirmed", "unknown") else None,
            at=self._clock.now(),
            bridge=self._mesh.me.name,
        )


def unfit(hand: Hand[Any], change: Change, network: Network) -> str:
    """Why ``change`` is not what its target takes; an empty text: it is. Raises UsageError, GuardError."""
    device = network.device(change.device)
    if device is None or device.name != change.device or device.platform != change.platform:
        return f"the target file has no {change.platform} target {change.device!r}"
    if not change.commands or change.verify:
        return "a change of a target has lines, and no checks of a device's state"
    ask = hand.approved(change)
    if ask.lines != change.commands:
        raise GuardError("its lines are not as they would be written here: propose it anew", reason="other lines")
    rated = hand.rated(ask)
    if RISKS.index(change.risk) < RISKS.index(rated.risk):
        return f"it says that it is {change.risk}, and it is {rated.risk}: {'; '.join(rated.reasons)}"
    return ""
