"""The follower: every message of a stream, in order, without gap, going on where it was after a reconnect.

It reads through a short-lived consumer in the broker's memory; when that is lost, or a number is missing, it makes a
new one that starts behind the last message that was handled.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from nocmesh.bus import events, stored
from nocmesh.bus.link import Link
from nocmesh.bus.puller import Puller
from nocmesh.bus.received import Place, Raw, parse_ack_subject
from nocmesh.errors import InvalidInputError, NocmeshError, SignatureError
from nocmesh.log import logger

Take = Callable[[Raw, Place], Awaitable[None]]
_AHEAD = 256
_IDLE = 60 * 1_000_000_000
"""An abandoned consumer is removed by the broker after so many nanoseconds."""


class Follower:
    """A running follower; ``stop`` ends it."""

    def __init__(
        self, link: Link, stream: str, subject_filter: str, after: int, take: Take, *, latest_only: bool = False
    ) -> None:
        self.stream = stream
        self.position = after
        """The sequence of the last message that was handled."""
        self.caught_up = asyncio.Event()
        """Set when all that was stored at the start has been handled."""
        self.skipped = 0
        """Messages that could not be believed or read."""
        self._link, self._filter, self._take = link, subject_filter, take
        self._latest_only = latest_only
        self._consumer, self._next, self._taken = "", 1, after
        self._queue: asyncio.Queue[tuple[Raw, Place]] = asyncio.Queue()
        self._stale = asyncio.Event()
        self._log = logger(stream=stream)
        self._puller = Puller(link, stream, slots=_AHEAD, deliver=self._deliver, on_gone=lambda _: self._stale.set())
        self._tasks: list[asyncio.Task[None]] = []
        self._undo: Callable[[], object] = lambda: None

    async def start(self) -> None:
        """Begin. Raises DeniedError, NotFoundError."""
        await self._make_consumer()
        await self._puller.start(self._consumer)
        self._undo = self._link.on_reconnect(self._stale.set)
        self._tasks = [asyncio.ensure_future(self._handle()), asyncio.ensure_future(self._renew())]

    async def stop(self) -> None:
        """End it; the message in hand is finished or cut off."""
        self._undo()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._puller.stop(drain=0.0)

    def _deliver(self, raw: Raw) -> None:
        place = parse_ack_subject(raw.reply)
        if place.consumer != self._consumer or self._stale.is_set():
            self._puller.release()
        elif place.consumer_sequence != self._next:
            self._log.info("gap_seen", expected=self._next, found=place.consumer_sequence)
            self._puller.release()
            self._stale.set()
        else:
            self._next += 1
            self._taken = place.sequence
            self._queue.put_nowait((raw, place))

    async def _handle(self) -> None:
        while True:
            raw, place = await self._queue.get()
            with events.handling(raw.headers):
                await self._handled(raw, place)
            self.position = place.sequence
            self._puller.release()
            if not place.pending:
                self.caught_up.set()

    async def _handled(self, raw: Raw, place: Place) -> None:
        """Until it succeeds: a gap would be worse than a delay."""
        delay = 0.1
        while True:
            try:
                await self._take(raw, place)
                return
            except (SignatureError, InvalidInputError) as error:
                self.skipped += 1
                self._log.warning("message_skipped", subject=raw.subject, sequence=place.sequence, reason=str(error))
                return
            except Exception as error:  # noqa: BLE001 - whatever a handler raises delays, and never skips
                self._log.warning("message_failed", subject=raw.subject, sequence=place.sequence, reason=repr(error))
            await asyncio.sleep(delay)
            delay = min(delay * 2, 10.0)

    async def _renew(self) -> None:
        while True:
            await self._stale.wait()
            try:
                await self._make_consumer()
            except NocmeshError as error:
                self._log.info("follow_interrupted", reason=str(error))
                await asyncio.sleep(0.5)
                continue
            self._stale.clear()
            self._puller.renew(self._consumer)

    async def _make_consumer(self) -> None:
        name = f"follow-{self._link.unique().rsplit('.', 1)[1]}"
        config: dict[str, Any] = {
            "name": name,
            "ack_policy": "none",
            "replay_policy": "instant",
            "mem_storage": True,
            "num_replicas": 1,
            "inactive_threshold": _IDLE,
            **self._start(),
        }
        operation = f"CONSUMER.CREATE.{self.stream}.{name}"
        if self._filter:
            config["filter_subject"] = self._filter
            operation += f".{self._filter}"
        request = {"stream_name": self.stream, "config": config, "action": "create"}
        info = await stored.call(self._link, operation, request)
        self._consumer, self._next = name, 1
        if not info.get("num_pending") and self._queue.empty():
            self.caught_up.set()

    def _start(self) -> dict[str, Any]:
        if self._taken:
            return {"deliver_policy": "by_start_sequence", "opt_start_seq": self._taken + 1}
        return {"deliver_policy": "last_per_subject" if self._latest_only else "all"}
