"""One attempt at one change on one device: its way there, what was typed and seen, and what the device says now."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from nocmesh.bus import Mesh
from nocmesh.clock import Clock
from nocmesh.diagnosis.configtext import unified_diff
from nocmesh.errors import DeviceError
from nocmesh.ids import short_digest
from nocmesh.messages.change import ChangeOutcome, DeviceCommand, DeviceJournalEntry, DeviceResult
from nocmesh_bridges.ssh.devicejournal import DeviceJournal
from nocmesh_bridges.ssh.hands import TYPING_SECONDS, hand_of
from nocmesh_bridges.ssh.pool import DevicePool
from nocmesh_bridges.ssh.proof import longest
from nocmesh_bridges.ssh.reading import Reader
from nocmesh_bridges.ssh.session import LineResult
from nocmesh_bridges.ssh.switch import Switch
from nocmesh_bridges.ssh.target import SHELL_PLATFORM

LOOK_AGAIN_SECONDS = 1.0
TRIES = 3
"""A device that does not answer in the middle of a change is asked again."""
CONFIRM_SECONDS = 60.0
MARGIN = 0.25
"""The last part of the confirm time, in which nothing is begun any more that the device could cross."""


class Attempt:
    """What carrying out, proving and undoing a change have in common."""

    def __init__(
        self,
        mesh: Mesh,
        pool: DevicePool,
        reader: Reader,
        clock: Clock,
        command: DeviceCommand,
        confirm_seconds: float = CONFIRM_SECONDS,
    ) -> None:
        self.mesh = mesh
        self.reader = reader
        self.clock = clock
        self.command = command
        self.change = command.change
        self.hand = hand_of(mesh, pool, reader, command.change)
        self.journal = DeviceJournal(mesh.core, clock, device=self.change.device, bridge=mesh.me.name)
        self.sent = False
        """Lines may have reached the device."""
        self.taken_over = False
        self.before = ""
        """The configuration before the change."""
        self.checks: list[dict[str, Any]] = []
        self.transcript: list[dict[str, str]] = []
        self.applied_at: datetime | None = None
        self.switch: Switch | None = None
        """What takes the change back when we do not."""
        self._pool = pool
        self._confirm_seconds = confirm_seconds
        self._switch_id = ""

    # --- the switch

    @property
    def alone(self) -> bool:
        """Whether nothing on the device can take the change back when this bridge dies."""
        return not self.reader.undoes_by_itself(self.change.device)

    @property
    def unarmed(self) -> str:
        """Why no switch is armed; an empty text where one can be."""
        return f"nothing on {self.change.device} can undo it by itself" if self.alone else ""

    @property
    def seconds(self) -> float:
        """From arming until the device goes back: all that the checks may take, and the confirm time for the rest."""
        return longest(self.change.verify) + self._confirm_seconds

    def next_switch(self) -> dict[str, Any]:
        """What the journal says of the switch that is armed next."""
        if self.alone:
            return {"unarmed": self.unarmed}
        now = self.clock.now()
        self._switch_id = short_digest(self.command.command_id, self.mesh.me.name, now.isoformat())
        return {"switch": self._switch_id, "fires_at": now + timedelta(seconds=self.seconds)}

    async def arm(self) -> str:
        """Arm the switch that the journal tells of; why that could not be, else an empty text."""
        if self.alone:
            return ""
        self.switch = Switch(self._pool, self.hand.device, self._switch_id, self.seconds)
        why = await self.switch.arm(self.hand.to_arm(), router=self.hand.spoken != SHELL_PLATFORM)
        return f"no switch could be armed that takes the change back, and nothing was sent: {why}" if why else ""

    async def went_back(self, begun: DeviceJournalEntry) -> bool:
        """Look at the switch of a change that another bridge has begun: whether it has fired. Raises DeviceError.

        One that was confirmed, or is gone with a restart of the device, is none any more.
        """
        if not begun.switch or begun.fires_at is None:
            return False
        left = (begun.fires_at - self.clock.now()).total_seconds()
        self.switch = Switch(self._pool, self.hand.device, begun.switch, min(max(left, 0.0), self.seconds))
        state = await self.switch.look()
        if state.word in ("kept", "failed", "gone"):
            await self.switch.remove()
        return state.went_back

    @property
    def armed(self) -> Switch | None:
        """The switch, while it may still take the change back."""
        return self.switch if self.switch is not None and not self.switch.over else None

    @property
    def time_left(self) -> float:
        """Seconds in which something may be begun that must have ended before the device goes back."""
        return self.armed.left - MARGIN * self._confirm_seconds if self.armed else float("inf")

    # --- the device

    async def type(self, lines: list[str]) -> list[LineResult]:
        """Type ``lines`` up to the first rejected one; what was answered is kept, also when the session is lost."""
        results: list[LineResult] = []
        try:
            results = await self.hand.type(lines, self._typing_seconds())
        except DeviceError as lost:
            results = list(lost.facts.get("results", ()))
            raise
        finally:
            self.transcript += [{"line": result.line, "answer": result.answer} for result in results]
        return results

    def _typing_seconds(self) -> float:
        """No line is typed any more when the device begins to take back what was."""
        if self.armed is None:
            return TYPING_SECONDS
        return min(TYPING_SECONDS, self._confirm_seconds / 2, max(self.time_left, 0.1))

    async def read(self) -> tuple[str, str]:
        """The running configuration and its hash. Raises DeviceError when the device does not give them.

        While a switch is armed a device that is cut off comes back by itself, so it is asked until then.
        """
        tried = 0
        while True:
            try:
                return await self.hand.read()
            except DeviceError:
                tried += 1
                if tried >= TRIES and (self.armed is None or self.armed.hope <= 0):
                    raise
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    # --- what is told

    async def write(self, kind: str, **more: Any) -> None:
        """One entry in the device's journal."""
        await self.journal.append(self.journal.entry(self.command, kind, **more), self.command.correlation_id)

    def diff(self, after: str) -> str:
        """What moved from the configuration before the change to ``after``."""
        return unified_diff(self.before, after, self.change.device)

    def ended(self, outcome: ChangeOutcome, reason: str, diff: str = "") -> DeviceResult:
        """The result as it stands now."""
        touched = outcome in ("confirmed", "rolled_back", "unknown")
        return DeviceResult(
            command_id=self.command.command_id,
            change_id=self.change.change_id,
            device=self.change.device,
            outcome=outcome,
            run_id=self.command.run_id,
            step=self.command.step,
            reason=reason,
            checks=self.checks,
            diff=diff,
            transcript=self.transcript,
            applied_at=self.applied_at if touched else None,
            at=self.clock.now(),
            bridge=self.mesh.me.name,
            switch=self.switch.id if self.switch else "",
            unarmed=self.unarmed if self.sent and self.switch is None else "",
        )
