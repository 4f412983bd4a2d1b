"""From the queue of datagrams to the stream: heard, gathered, named, published; then informs are answered.

An inform is answered when its alert is durable, not before. What is dropped is counted by its reason, and told.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from nocmesh import ids
from nocmesh.clock import Clock
from nocmesh.errors import InvalidInputError, NocmeshError
from nocmesh.log import Log
from nocmesh.messages.trap import TrapSeen
from nocmesh.runtime import until
from nocmesh_bridges.snmp.body import bodies, bound
from nocmesh_bridges.snmp.hearing import Answer, Dropped, Ears, Heard
from nocmesh_bridges.snmp.inbox import Datagram, Inbox
from nocmesh_bridges.snmp.pending import Pending, Waiting
from nocmesh_bridges.snmp.senders import Senders, plain

Publish = Callable[[bytes, str], Awaitable[int]]
"""Body and id; returns once it is stored, raises a NocmeshError when it is not."""

SLICE_SECONDS = 0.02
"""So long datagrams are decoded before other work gets its turn."""
SLICE = 100
BATCH = 200
"""Traps in one message."""
REMEMBERED = 20_000
"""Informs that are known when they are sent again."""
AGAIN_SECONDS = (0.5, 1.0, 2.0, 5.0)
REPORT_SECONDS = 10.0


class Naming(Protocol):
    """Completes traps."""

    async def named(self, seen: Sequence[TrapSeen]) -> list[TrapSeen]:
        """The same, with names where they can be had."""
        ...


class Receiver:
    """Runs until it is told to stop, and then finishes what it has read."""

    def __init__(
        self,
        inbox: Inbox,
        ears: Ears,
        senders: Senders,
        namer: Naming,
        publish: Publish,
        clock: Clock,
        log: Log,
        pending: Pending | None = None,
    ) -> None:
        self._inbox, self._ears, self._senders, self._namer = inbox, ears, senders, namer
        self._publish, self._clock, self._log = publish, clock, log
        self._pending = Pending() if pending is None else pending
        self._news = asyncio.Event()
        self._ending = False
        self._informs: dict[object, bool] = {}
        """By request: whether it has been answered."""
        self._dropped: Counter[str] = Counter()
        self._reported: Counter[str] = Counter()
        self.heard = 0
        self.told = 0
        """Alerts in the stream."""
        ears.listen(lambda data, address: inbox.answer(data, Datagram(b"", ("", 0), address)))

    @property
    def dropped(self) -> Counter[str]:
        """Datagrams that came to nothing, by reason; what the kernel lost as far as it has told."""
        found = self._dropped + Counter(queue_full=self._inbox.overflowed, socket_full=self._inbox.lost)
        return +found

    @property
    def values(self) -> dict[str, float]:
        """Its numbers, for the metrics."""
        counts = {f"snmp_traps_dropped_{reason}": float(count) for reason, count in self.dropped.items()}
        now = {"queue": len(self._inbox), "pending": len(self._pending), "merged": self._pending.merged}
        done = {"received": self._inbox.received, "heard": self.heard, "told": self.told}
        return {**{f"snmp_traps_{name}": float(count) for name, count in {**now, **done}.items()}, **counts}

    async def run(self, stopping: asyncio.Event, finish_seconds: float = 5.0) -> None:
        """Serve; at the end what has been read is published, within ``finish_seconds``. Raises what went wrong."""
        decode, tell, report = (asyncio.ensure_future(each) for each in (self._decode(), self._tell(), self._report()))
        stop = asyncio.ensure_future(stopping.wait())
        await asyncio.wait({decode, tell, report, stop}, return_when=asyncio.FIRST_COMPLETED)
        self._inbox.deafen()
        self._ending = True
        self._news.set()
        for task in (decode, report, stop):
            task.cancel()
        results = await asyncio.gather(decode, report, stop, self._finish(tell, finish_seconds), return_exceptions=True)
        self._inbox.close()
        self.report()
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _finish(self, tell: "asyncio.Future[None]", seconds: float) -> None:
        """Let what is on its way arrive, then publish the rest."""
        try:
            async with asyncio.timeout(seconds):
                await tell
                while len(self._inbox):
                    self._slice()
                while batch := self._pending.due(float("inf"), BATCH):
                    await self._out(batch)
        except TimeoutError:
            self._log.error("traps_lost_at_the_end", count=len(self._pending) + len(self._inbox))

    async def _decode(self) -> None:
        while True:
            await self._inbox.arrived.wait()
            self._slice()
            await asyncio.sleep(0)

    def _slice(self) -> None:
        until_ = time.monotonic() + SLICE_SECONDS
        while time.monotonic() < until_ and (datagrams := self._inbox.take(SLICE)):
            for datagram in datagrams:
                self._hear(datagram)

    def _hear(self, datagram: Datagram) -> None:
        try:
            heard = self._ears.hear(datagram, self._inbox.answer, time.monotonic())
            if heard is not None and not self._asked_before(heard.answer):
                self._keep(heard, datagram)
        except Dropped as why:
            self._dropped[why.reason] += 1
        except Exception as wrong:  # noqa: BLE001 - one datagram, whatever a library makes of it, ends no receiver
            self._dropped["malformed"] += 1
            self._log.warning("datagram_failed", source=datagram.source[0], reason=repr(wrong)[:300])

    def _asked_before(self, answer: Answer | None) -> bool:
        """Whether the inform is one that was sent again: it is answered again, or will be."""
        if answer is None or answer.key not in self._informs:
            return False
        if self._informs[answer.key]:
            answer.send()
        return True

    def _keep(self, heard: Heard, datagram: Datagram) -> None:
        self.heard += 1
        seen = self._seen(heard, datagram)
        if not self._pending.add(seen, heard.answer):
            self._dropped["too_many_troubles"] += 1
            return
        if heard.answer:
            self._remember(heard.answer)
        self._news.set()

    def _remember(self, answer: Answer) -> None:
        if len(self._informs) >= REMEMBERED:
            del self._informs[next(iter(self._informs))]
        self._informs[answer.key] = False

    def _seen(self, heard: Heard, datagram: Datagram) -> TrapSeen:
        trap, source = heard.trap, datagram.source[0]
        return TrapSeen(
            device=self._senders.device(source, trap.agent),
            source=plain(source),
            version=heard.version,
            trap=trap.trap,
            uptime=trap.uptime,
            varbinds=[bound(bind) for bind in trap.varbinds],
            at=self._clock.now(),
        )

    async def _tell(self) -> None:
        while not self._ending:
            wait = self._pending.next_due(time.monotonic())
            if wait is None or wait > 0:
                await self._pause(wait)
            else:
                await self._out(self._pending.due(time.monotonic(), BATCH))

    async def _pause(self, seconds: float | None) -> None:
        """Until there is something new, or what waits may be told."""
        self._news.clear()
        if seconds is None:
            await self._news.wait()
        else:
            await until(self._news, seconds)

    async def _out(self, batch: Sequence[Waiting]) -> None:
        named = await self._namer.named([each.seen for each in batch])
        at = 0
        for body, count in bodies(named):
            if await self._stored(body):
                self.told += count
                self._answer(batch[at : at + count])
            else:
                self._dropped["unpublishable"] += count
            at += count

    def _answer(self, batch: Sequence[Waiting]) -> None:
        for owed in (one for each in batch for one in each.owed):
            assert isinstance(owed, Answer)
            owed.send()
            if owed.key in self._informs:
                self._informs[owed.key] = True

    async def _stored(self, body: bytes) -> bool:
        """Publish under one id until the stream has it; False: the stream can never take it."""
        id = ids.new_id(self._clock.now())
        for attempt in range(1_000_000):
            try:
                await self._publish(body, id)
                return True
            except InvalidInputError as wrong:
                self._log.error("traps_unpublishable", reason=wrong.message)
                return False
            except NocmeshError as wrong:
                self._log.warning("traps_wait_for_the_stream", reason=wrong.message, pending=len(self._pending))
                await asyncio.sleep(AGAIN_SECONDS[min(attempt, len(AGAIN_SECONDS) - 1)])
        return False

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            self.report()

    def report(self) -> None:
        """Tell in the log what was dropped since it was told last."""
        dropped = self.dropped
        new = dropped - self._reported
        if new:
            self._log.warning("traps_dropped", **new, heard=self.heard, told=self.told, queue=len(self._inbox))
        self._reported = dropped
