"""The journal of one device: one writer at a time, and the sequence is the fencing token."""

from msgspec.structs import replace

from nocmesh.bus import Bus
from nocmesh.clock import Clock
from nocmesh.errors import BusError, LostRaceError
from nocmesh.ids import new_id
from nocmesh.messages.change import DeviceCommand, DeviceJournalEntry, DeviceResult
from nocmesh.subjects import subject, token

STREAM = "DEVICE_JOURNAL"


class DeviceJournal:
    """What was begun, sent and done on one device, by whichever bridge."""

    def __init__(self, core: Bus, clock: Clock, *, device: str, bridge: str) -> None:
        self._core = core
        self._clock = clock
        self._device = device
        self._bridge = bridge
        self._filter = f"ai.devices.journal.{token(device)}.*"
        self._last = 0
        self._writer = new_id(clock.now())
        """Ours alone: a message id is proof of our own writing, and two processes may bear one bridge's name."""
        self.entries: list[DeviceJournalEntry] = []

    async def load(self) -> None:
        """Read what stands there."""
        self.entries = []
        async for received in self._core.history(STREAM, self._filter, DeviceJournalEntry):
            self.entries.append(received.body)
            self._last = received.sequence

    def of(self, change_id: str) -> list[DeviceJournalEntry]:
        """The entries of one change."""
        return [entry for entry in self.entries if entry.change_id == change_id]

    def answer_to(self, command: DeviceCommand) -> DeviceResult | None:
        """How ``command`` ended, or the change that it carries: once is enough.

        What changed nothing binds its own command alone: else a forged command, refused, would stand for the true one.
        """
        for entry in self.of(command.change.change_id):
            result = entry.result if entry.change_hash in ("", command.change.hash()) else None
            if result and (entry.command_id == command.command_id or result.outcome not in ("refused", "failed")):
                return replace(result, command_id=command.command_id, run_id=command.run_id, step=command.step)
        return None

    def begun(self, change_id: str) -> DeviceJournalEntry | None:
        """Where the change was begun, if nobody has ended it since."""
        begun: DeviceJournalEntry | None = None
        for entry in self.of(change_id):
            if entry.kind == "begun":
                begun = entry
            elif begun and entry.result and _ends(entry, begun):
                begun = None
        return begun

    def busy_with(self, change_id: str) -> str:
        """Another change that was begun and has not ended; an empty text when there is none."""
        others = {entry.change_id: None for entry in self.entries if entry.change_id != change_id}
        return next((other for other in others if self.begun(other)), "")

    async def must_be_ours(self) -> None:
        """Raise LostRaceError when another bridge wrote since our last entry, other BusErrors when nobody can say."""
        last = await self._core.last(self._filter, DeviceJournalEntry)
        if last is not None and last.sequence != self._last:
            raise LostRaceError(f"the bridge {last.body.bridge} has taken over {self._device}; this one stands back")

    async def append(self, entry: DeviceJournalEntry, correlation_id: str = "") -> None:
        """Append, only if nobody wrote since. Raises BusError when another bridge has the device."""
        where = subject("ai.devices.journal.<device>.<change_id>", device=entry.device, change_id=entry.change_id)
        try:
            self._last = await self._core.publish(
                where,
                entry,
                id=f"{entry.command_id}:{entry.kind}:{self._last}:{self._writer}",
                correlation_id=correlation_id,
                expect_last=self._last,
                expect_filter=self._filter,
            )
        except LostRaceError as lost:
            raise BusError(f"another bridge writes to {self._device} now; this one stands back") from lost
        self.entries.append(entry)

    def entry(self, command: DeviceCommand, kind: str, **more: object) -> DeviceJournalEntry:
        """A new entry for the change of ``command``."""
        return DeviceJournalEntry(
            change_id=command.change.change_id,
            device=self._device,
            kind=kind,  # type: ignore[arg-type]
            at=self._clock.now(),
            bridge=self._bridge,
            command_id=command.command_id,
            change_hash=command.change.hash(),
            **more,  # type: ignore[arg-type]
        )


def _ends(outcome: DeviceJournalEntry, begun: DeviceJournalEntry) -> bool:
    """Whether the outcome is that of what was begun; a refusal of somebody else's command is not."""
    assert outcome.result is not None
    return outcome.result.outcome != "refused" or outcome.command_id == begun.command_id
