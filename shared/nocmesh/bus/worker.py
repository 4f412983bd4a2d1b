"""The worker: takes messages from a durable consumer, hands each to a handler, and settles it.

A handler that returns: acknowledged, and the acknowledgement acknowledged. One that raises: again later. A message
that cannot be believed or read, or that failed too often: to the dead letters, with the reason; the others flow on.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from nocmesh.bus import events, stored
from nocmesh.bus.link import Link
from nocmesh.bus.puller import Puller
from nocmesh.bus.received import Place, Raw, Received, parse_ack_subject
from nocmesh.bus.speech import Speech
from nocmesh.errors import BusError, InvalidInputError, NocmeshError, PreconditionError, SignatureError
from nocmesh.ids import short_digest
from nocmesh.log import logger
from nocmesh.messages.people import DeadLetter
from nocmesh.subjects import subject

T = TypeVar("T")
Handler = Callable[[Received[T]], Awaitable[None]]
ATTEMPTS = "nocmesh.attempts"
"""The key under which a consumer's metadata says how often a message is tried."""
_NANO = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Settle:
    """What becomes of a message: ``ack``, ``again`` after ``delay`` seconds, or ``dead`` for ``reason``."""

    how: str
    delay: float = 0.0
    reason: str = ""


def settle(error: Exception | None, delivered: int, attempts: int) -> Settle:
    """The verdict after the ``delivered``-th try ended with ``error``."""
    if error is None:
        return Settle("ack")
    reason = f"{type(error).__name__}: {error}"
    if isinstance(error, SignatureError) or (isinstance(error, InvalidInputError) and error.field == "body"):
        return Settle("dead", reason=reason)
    if delivered >= attempts:
        return Settle("dead", reason=f"failed {delivered} times, last with {reason}")
    return Settle("again", delay=min(0.5 * 2 ** (delivered - 1), 30.0), reason=reason)


class Worker(Generic[T]):
    """A running worker; ``stop`` ends it."""

    def __init__(
        self, link: Link, speech: Speech, stream: str, durable: str, body: type[T], handler: Handler[T], slots: int
    ) -> None:
        self.stream, self.durable = stream, durable
        self.done = self.failed = self.dead = 0
        self._link, self._speech, self._body, self._handler = link, speech, body, handler
        self._running: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._attempts, self._ack_wait = 1, 30.0
        self._log = logger(stream=stream, consumer=durable)
        self._puller = Puller(link, stream, slots=slots, deliver=self._take, on_gone=self._on_gone)

    async def start(self) -> None:
        """Begin. Raises PreconditionError when the consumer was not provisioned."""
        try:
            info = await stored.call(self._link, f"CONSUMER.INFO.{self.stream}.{self.durable}")
        except NocmeshError as error:
            if isinstance(error, LookupError):
                text = f"the consumer {self.durable} on {self.stream} does not exist; provision the mesh first"
                raise PreconditionError(text) from error
            raise
        config = info["config"]
        self._ack_wait = config.get("ack_wait", 30 * _NANO) / _NANO
        self._attempts = int(config.get("metadata", {}).get(ATTEMPTS, "8"))
        await self._puller.start(self.durable)

    @property
    def in_hand(self) -> int:
        """How many messages are being worked on."""
        return len(self._running)

    async def stop(self, timeout: float = 30.0) -> None:
        """Take no more; wait until those in hand are settled, ``timeout`` at most: then they are cut off."""
        self._stopping = True
        await self._puller.stop()
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=timeout)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _take(self, raw: Raw) -> None:
        task = asyncio.ensure_future(self._give_back(raw) if self._stopping else self._work(raw))
        self._running.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        self._puller.release()
        if not task.cancelled() and (error := task.exception()):
            self._log.error("settling_failed", reason=repr(error))

    def _on_gone(self, reason: str) -> None:
        self._log.error("consumer_gone", reason=reason)

    async def _give_back(self, raw: Raw) -> None:
        await self._link.send(raw.reply, b"-NAK")

    async def _work(self, raw: Raw) -> None:
        place = parse_ack_subject(raw.reply)
        keeping = asyncio.ensure_future(self._keep(raw.reply))
        try:
            error = await self._attempt(raw, place)
        finally:
            keeping.cancel()
        await self._settle(raw, place, settle(error, place.delivered, self._attempts))

    async def _keep(self, reply: str) -> None:
        """Tell the broker that the message is being worked on, as long as it is."""
        while True:
            await asyncio.sleep(self._ack_wait / 3)
            await self._link.send(reply, b"+WPI")

    async def _attempt(self, raw: Raw, place: Place) -> Exception | None:
        if place.delivered > self._attempts:
            return BusError("its workers did not come back")
        with events.handling(raw.headers):
            try:
                await self._handler(self._speech.hear(raw, self._body, place))
            except Exception as error:  # noqa: BLE001 - whatever a handler raises decides what becomes of its message
                return error
        return None

    async def _settle(self, raw: Raw, place: Place, verdict: Settle) -> None:
        if verdict.how == "ack":
            self.done += 1
            await self._confirmed(raw, b"+ACK")
            return
        self.failed += 1
        fields = {"subject": raw.subject, "sequence": place.sequence, "attempt": place.delivered}
        self._log.warning("message_failed", then=verdict.how, reason=verdict.reason[:500], **fields)
        if verdict.how == "dead":
            await self._lay_aside(raw, place, verdict)
        else:
            delay = msgspec.json.encode({"delay": int(verdict.delay * _NANO)})
            await self._link.send(raw.reply, b"-NAK " + delay)

    async def _lay_aside(self, raw: Raw, place: Place, verdict: Settle) -> None:
        """To the dead letters, then away; when the letter cannot be written, the message stays."""
        letter = DeadLetter(
            stream=place.stream,
            sequence=place.sequence,
            subject=raw.subject,
            consumer=self.durable,
            error=verdict.reason[:2000],
            attempts=place.delivered,
            at=events.rfc3339(self._speech.clock.now()),
        )
        where = subject(f"ai.dead.{self._speech.zone.value.lower()}.<consumer>", consumer=self.durable)
        id = short_digest("dead", place.stream, str(place.sequence), self.durable)
        try:
            data, headers = self._speech.say(where, letter, id=id, headers={"Nats-Msg-Id": id})
            stored.parse_ack(where, await self._link.confirm(where, data, headers, timeout=10.0))
        except NocmeshError as error:
            self._log.error("dead_letter_failed", sequence=place.sequence, reason=str(error))
            await self._link.send(raw.reply, b'-NAK {"delay": 5000000000}')
            return
        self.dead += 1
        await self._confirmed(raw, b"+TERM")

    async def _confirmed(self, raw: Raw, what: bytes) -> None:
        """Acknowledge, and wait until the broker has taken it; without, the message comes again, which is harmless."""
        try:
            await self._link.confirm(raw.reply, what, {}, timeout=min(self._ack_wait, 3.0))
        except NocmeshError as error:
            self._log.info("ack_unconfirmed", subject=raw.subject, reason=str(error))
