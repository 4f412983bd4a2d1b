"""Keeps what devices were like: takes snapshots, writes them to the bus, one device at a time each."""

import asyncio
from collections.abc import Iterable

from msgspec.structs import replace

from nocmesh.agent.baselines import SNAPSHOTS, book_key, load_snapshot, snapshot_key
from nocmesh.agent.network import BUCKET
from nocmesh.bus import Mesh
from nocmesh.clock import Clock
from nocmesh.diagnosis.baseline import (
    LATEST,
    Book,
    Snapshot,
    Why,
    becomes_good,
    failed,
    noted,
    pack,
    unpack_book,
)
from nocmesh.diagnosis.configdiff import compare, has_moved
from nocmesh.errors import DeviceUnreachableError, InvalidInputError, LostRaceError, NocmeshError, NotFoundError
from nocmesh.log import Log
from nocmesh.network import Device
from nocmesh_agents.monitor.historian import Historian
from nocmesh_agents.monitor.sight import Sight, readable

AT_ONCE = 16
"""Devices looked at side by side."""
RACES = 5
SOON_SECONDS = 10.0
AGAIN_SECONDS = 0.5


class Keeper:
    """The books and snapshots of all devices."""

    def __init__(self, mesh: Mesh, historian: Historian, clock: Clock, log: Log, name: str) -> None:
        self._mesh = mesh
        self._historian = historian
        self._clock = clock
        self._log = log
        self._sight = Sight(mesh, clock, f"baseline-{name}")
        self._room = asyncio.Semaphore(AT_ONCE)
        self._locks: dict[str, asyncio.Lock] = {}

    async def take_all(self, devices: Iterable[Device], why: Why, *, trusted: bool, run_id: str = "") -> None:
        """A snapshot of each; one that fails keeps nobody from the others."""
        await asyncio.gather(*(self.take(device, why, trusted=trusted, run_id=run_id) for device in devices))

    async def take(self, device: Device, why: Why, *, trusted: bool, run_id: str = "") -> Book | None:
        """Look at ``device`` and keep what was seen, or why nothing was; None: it could not be kept."""
        async with self._locks.setdefault(device.name, asyncio.Lock()), self._room:
            snapshot, trouble = await self._look(device, why, run_id)
            try:
                book = await self._keep(device.name, snapshot, trouble, trusted)
            except NocmeshError as wrong:
                self._log.warning("baseline_lost", device=device.name, why=why, error=wrong.message)
                return None
        await self._remember(device.name, snapshot, trouble)
        self._log.info("baseline_taken", device=device.name, why=why, status=book.status, error=book.error)
        return book

    async def _remember(self, device: str, snapshot: Snapshot | None, trouble: NocmeshError | None) -> None:
        """A look for a baseline is one for the history too."""
        if snapshot is not None and snapshot.state is not None:
            await self._historian.saw(device, snapshot.state, snapshot.taken.at)
        elif isinstance(trouble, DeviceUnreachableError):
            await self._historian.missed(device, self._clock.now())

    async def adopt(self, snapshot: Snapshot) -> None:
        """Take a snapshot of before for known good, unless the device has a good one."""
        try:
            if (await self._book(snapshot.device))[0] is None:
                asked = replace(snapshot, taken=replace(snapshot.taken, why="asked"))
                await self._keep(snapshot.device, asked, None, True)
        except NocmeshError as wrong:
            self._log.warning("baseline_lost", device=snapshot.device, why="asked", error=wrong.message)

    async def _look(self, device: Device, why: Why, run_id: str) -> tuple[Snapshot | None, NocmeshError | None]:
        """What was seen, or why nothing was.

        What failed soon is tried once more: many are asked at once, and a busy device is no dead one.
        """
        began = asyncio.get_running_loop().time()
        try:
            return await self._sight.look(device, why, run_id), None
        except NocmeshError as wrong:
            if asyncio.get_running_loop().time() - began > SOON_SECONDS:
                return None, wrong
            self._log.info("looking_again", device=device.name, error=wrong.message)
        await asyncio.sleep(AGAIN_SECONDS)
        try:
            return await self._sight.look(device, why, run_id), None
        except NocmeshError as wrong:
            return None, wrong

    async def _keep(self, device: str, snapshot: Snapshot | None, trouble: NocmeshError | None, trusted: bool) -> Book:
        """Write it over exactly what was read; a monitor that was first is heard, and it is decided again."""
        for _ in range(RACES):
            book, revision = await self._book(device)
            if snapshot is None:
                lost = isinstance(trouble, DeviceUnreachableError)
                why = trouble.message if trouble else ""
                new = failed(book, device, self._clock.now(), "unreachable" if lost else "error", why)
            else:
                new = await self._entered(book, snapshot, trusted)
            try:
                await self._mesh.agents.bucket(BUCKET).update(book_key(device), new.to_json(), revision)
            except LostRaceError as race:
                self._log.info("baseline_race", device=device, error=race.message)
                continue
            return new
        raise LostRaceError(f"{device}: other monitors were first {RACES} times", device=device)

    async def _entered(self, book: Book | None, snapshot: Snapshot, trusted: bool) -> Book:
        last = await self._last(snapshot.device)
        moved = last is None or differs(last, snapshot)
        better = last is None or readable(snapshot.taken) > readable(last.taken)
        good = becomes_good(book, snapshot.taken.why, trusted=trusted)
        new, version = noted(book, snapshot, moved=moved, better=better, good=good)
        if moved or better:
            kept = replace(snapshot, taken=version)
            await self._mesh.agents.bucket(SNAPSHOTS).put(snapshot_key(snapshot.device, version.slot), pack(kept))
        if moved and last is not None:
            self._log.info("device_moved", device=snapshot.device, why=snapshot.taken.why, version=version.number)
        return new

    async def _last(self, device: str) -> Snapshot | None:
        try:
            return await load_snapshot(self._mesh.agents, device, LATEST)
        except NotFoundError:
            return None
        except InvalidInputError as wrong:
            self._log.warning("baseline_unreadable", device=device, error=wrong.message)
            return None

    async def _book(self, device: str) -> tuple[Book | None, int]:
        entry = await self._mesh.agents.bucket(BUCKET).get(book_key(device))
        if entry is None:
            return None, 0
        try:
            return unpack_book(entry.value, entry.key), entry.revision
        except InvalidInputError as wrong:
            self._log.warning("baseline_unreadable", device=device, error=wrong.message)
            return None, entry.revision


def differs(last: Snapshot, now: Snapshot) -> bool:
    """Whether ``now`` is worth a version of its own."""
    return has_moved(compare(last, now, LATEST, "running"))
