"""The change budget: so many changes at once in all, so many at a site; held on the bus, for all bridges together."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from nocmesh.bus import Bus
from nocmesh.bus.bucket import Entry
from nocmesh.clock import Clock
from nocmesh.errors import BusError, LostRaceError
from nocmesh.messages.base import Message
from nocmesh.messages.change import DeviceCommand
from nocmesh.network import Network
from nocmesh.policy.form import BudgetEntry

BUCKET, KEY = "changes", "under-way"
MAX_RACES = 20
LONGEST = timedelta(hours=1)
"""A claim that nobody gave back counts no longer: its bridge died, and the device journal holds the device."""


class Claim(Message, frozen=True, kw_only=True):
    """A change that is under way."""

    change_id: str
    device: str
    site: str = ""
    until: datetime


class _Claims(Message, frozen=True, kw_only=True):
    claims: list[Claim] = []


def no_room(claims: Sequence[Claim], wanted: Claim, limits: BudgetEntry, now: datetime) -> str:
    """Why ``wanted`` must wait; an empty text when it may go, also when it went before. Pure."""
    others = [claim for claim in claims if claim.change_id != wanted.change_id and now < claim.until]
    if limits.in_all and len(others) >= limits.in_all:
        return f"{len(others)} changes are under way, of {limits.in_all} that the policy allows at once"
    near = [claim for claim in others if claim.site == wanted.site]
    if limits.per_site and wanted.site and len(near) >= limits.per_site:
        said = f"{len(near)} changes are under way at the site {wanted.site}"
        return f"{said}, of {limits.per_site} that the policy allows at once"
    return ""


class Budget:
    """Claims room for a change, and gives it back. Without limits it costs nothing."""

    def __init__(self, core: Bus, network: Network, limits: BudgetEntry, clock: Clock) -> None:
        self._bucket = core.bucket(BUCKET)
        self._network = network
        self._limits = limits
        self._clock = clock

    async def claim(self, command: DeviceCommand) -> str:
        """Why the change of ``command`` must wait; empty: its room is claimed. Raises BusError."""
        if not self._limited:
            return ""
        wanted = self._claim_of(command)
        for _ in range(MAX_RACES):
            entry = await self._bucket.get(KEY)
            claims = _read(entry)
            full = no_room(claims, wanted, self._limits, self._clock.now())
            if full or await self._write(entry, [*_without(claims, wanted.change_id), wanted]):
                return full
        raise BusError("too many changes begin at once; tried again later")

    async def give_back(self, command: DeviceCommand) -> None:
        """The change has ended. Raises BusError."""
        for _ in range(MAX_RACES if self._limited else 0):
            entry = await self._bucket.get(KEY)
            if await self._write(entry, _without(_read(entry), command.change.change_id)):
                return

    @property
    def _limited(self) -> bool:
        return bool(self._limits.in_all or self._limits.per_site)

    def _claim_of(self, command: DeviceCommand) -> Claim:
        device = self._network.device(command.change.device)
        return Claim(
            change_id=command.change.change_id,
            device=command.change.device,
            site=device.site if device else "",
            until=self._clock.now() + LONGEST,
        )

    async def _write(self, entry: Entry | None, claims: Sequence[Claim]) -> bool:
        now = self._clock.now()
        body = _Claims(claims=[claim for claim in claims if now < claim.until]).to_json()
        try:
            if entry is None:
                await self._bucket.create(KEY, body)
            else:
                await self._bucket.update(KEY, body, entry.revision)
        except LostRaceError:
            return False
        return True


def _read(entry: Entry | None) -> list[Claim]:
    return msgspec.json.decode(entry.value, type=_Claims).claims if entry else []


def _without(claims: Sequence[Claim], change_id: str) -> list[Claim]:
    return [claim for claim in claims if claim.change_id != change_id]
