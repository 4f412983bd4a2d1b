"""The journal of one device: one writer at a time, and the sequence is the fencing token."""

from nocmesh.bus import Bus
from nocmesh.clock import Clock
from nocmesh.errors import BusError, LostRaceError
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

    def outcome(self, change_id: str) -> DeviceResult | None:
        """How the change ended, if it did."""
        return next((entry.result for entry in self.of(change_id) if entry.kind == "outcome"), None)

    def begun(self, change_id: str) -> DeviceJournalEntry | None:
        """The change's first entry, if it was begun."""
        return next((entry for entry in self.of(change_id) if entry.kind == "begun"), None)

    def busy_with(self, change_id: str) -> str:
        """Another change that was begun and has not ended; an empty text when there is none."""
        for entry in self.entries:
            if entry.kind == "begun" and entry.change_id != change_id and self.outcome(entry.change_id) is None:
                return entry.change_id
        return ""

    async def append(self, entry: DeviceJournalEntry, correlation_id: str = "") -> None:
        """Append, only if nobody wrote since. Raises BusError when another bridge has the device."""
        where = subject("ai.devices.journal.<device>.<change_id>", device=entry.device, change_id=entry.change_id)
        try:
            self._last = await self._core.publish(
                where,
                entry,
                id=f"{entry.command_id}:{entry.kind}:{self._bridge}:{self._last}",
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
            **more,  # type: ignore[arg-type]
        )
