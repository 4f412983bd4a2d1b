"""The bus of one zone: what a process says and hears there."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from datetime import datetime
from typing import Protocol, TypeVar

from nocmesh.bus import race, services, stored
from nocmesh.bus.bucket import Bucket
from nocmesh.bus.events import rfc3339
from nocmesh.bus.follower import Follower
from nocmesh.bus.known import check_named, check_subject, stream_of
from nocmesh.bus.link import Link
from nocmesh.bus.listener import Listener
from nocmesh.bus.objects import Objects
from nocmesh.bus.plan import load_plan
from nocmesh.bus.provisioning import make_consumer
from nocmesh.bus.received import Place, Raw, Received
from nocmesh.bus.services import Service
from nocmesh.bus.speech import SCHEDULE_TARGET, Speech
from nocmesh.bus.worker import Worker
from nocmesh.errors import LostRaceError, NocmeshError
from nocmesh.ids import new_id
from nocmesh.log import logger
from nocmesh.messages.base import Message

T = TypeVar("T")
R = TypeVar("R")


class _Stoppable(Protocol):
    async def stop(self) -> None: ...


class _Startable(_Stoppable, Protocol):
    async def start(self) -> None: ...


S = TypeVar("S", bound=_Startable)


class Bus:
    """One zone, for one process. Made by ``Mesh.connect``."""

    def __init__(self, link: Link, speech: Speech) -> None:
        self.zone = link.zone
        self._link, self._speech = link, speech
        self._started: list[_Stoppable] = []
        self._registry = services.Registry(link)
        self._log = logger(zone=self.zone.value)

    @property
    def connected(self) -> bool:
        """Whether there is a connection now."""
        return self._link.connected

    @property
    def dropped(self) -> int:
        """How many messages slow listeners have lost."""
        return self._link.dropped

    @property
    def late(self) -> int:
        """How many answers came to requests that were answered already, or given up."""
        return self._link.late

    # --- saying

    async def publish(
        self,
        subject: str,
        message: Message | bytes,
        *,
        id: str,
        correlation_id: str = "",
        expect_last: int | None = None,
        expect_filter: str = "",
        headers: Mapping[str, str] | None = None,
        timeout: float = 10.0,
    ) -> int:
        """Store ``message``; gives its sequence in the stream. The same ``id`` again stores nothing new.

        With ``expect_last``, only when that is the sequence of the last message on ``subject`` (or on
        ``expect_filter``); 0: when there is none yet.

        Raises LostRaceError when another message was first, DeniedError at once when permissions forbid it,
        OutcomeUnknownError when no acknowledgement came within ``timeout`` (retry with the same id), BusError when
        the stream is full or missing, InvalidInputError for what is no subject of ours or too large.
        """
        check_subject(subject)
        extra = {**(headers or {}), "Nats-Msg-Id": id, **race.guard(expect_last, expect_filter)}
        data, out = self._speech.say(subject, message, id=id, correlation_id=correlation_id, headers=extra)
        raw = await self._link.confirm(subject, data, out, timeout=timeout)
        try:
            return stored.parse_ack(subject, raw)
        except LostRaceError as error:
            behind = race.Behind(expect_filter or subject, expect_last or 0)
            return await race.own(self._link, self._speech, subject, id, behind, error)

    async def schedule(
        self, subject: str, target: str, message: Message, *, id: str, at: datetime, correlation_id: str = ""
    ) -> int:
        """Have the broker publish ``message`` on ``target`` at ``at`` (at once when that is past).

        The message on ``subject`` holds the timer; both subjects lie in one stream. A help, never a proof.
        """
        check_subject(subject)
        check_subject(target)
        extra = {"Nats-Msg-Id": id, "Nats-Schedule": f"@at {rfc3339(at)}", SCHEDULE_TARGET: target}
        data, out = self._speech.say(
            subject, message, id=id, correlation_id=correlation_id, headers=extra, signed_as=target
        )
        return stored.parse_ack(subject, await self._link.confirm(subject, data, out, timeout=10.0))

    async def emit(self, subject: str, message: Message) -> None:
        """Say it to whoever listens now; nothing is kept, nothing is confirmed. For beats and numbers."""
        check_subject(subject)
        data, out = self._speech.say(subject, message, id=self._id())
        await self._link.send(subject, data, out)

    async def request(self, subject: str, message: Message, reply: type[R], *, timeout: float = 30.0) -> R:
        """Call a service.

        Raises OutcomeUnknownError when no answer comes, NotFoundError when nobody serves it, SignatureError when
        somebody else answers, and what the service answered as error (Denied, NotFound, InvalidInput, Bus).
        """
        return (await self.request_full(subject, message, reply, timeout=timeout)).body

    async def request_full(
        self, subject: str, message: Message, reply: type[R], *, timeout: float = 30.0
    ) -> Received[R]:
        """``request``, with who answered."""
        check_subject(subject)
        return await services.call(self._link, self._speech, subject, message, reply, id=self._id(), timeout=timeout)

    # --- reading what is stored

    async def last(self, subject: str, body: type[T]) -> Received[T] | None:
        """The last message on ``subject``, which may be a wildcard; None when there is none."""
        found = await stored.last(self._link, stream_of(subject), subject)
        return None if found is None else self._speech.hear(found[0], body, found[1])

    async def history(
        self, stream: str, subject_filter: str, body: type[T], *, after: int = 0
    ) -> AsyncGenerator[Received[T], None]:
        """All stored messages on ``subject_filter`` behind the sequence ``after``, oldest first.

        What cannot be believed or read is left out, and logged.
        """
        async with aclosing(stored.history(self._link, stream, subject_filter or ">", after)) as found:
            async for raw, place in found:
                try:
                    received = self._speech.hear(raw, body, place)
                except NocmeshError as error:
                    self._log.warning(
                        "message_skipped", subject=raw.subject, sequence=place.sequence, reason=str(error)
                    )
                    continue
                yield received

    async def last_sequence(self, stream: str) -> int:
        """The sequence of the stream's last message; 0 when there never was one. For trusted roles."""
        info = await stored.call(self._link, f"STREAM.INFO.{stream}")
        return int(info["state"]["last_seq"])

    # --- hearing

    async def work(
        self,
        stream: str,
        durable: str,
        body: type[T],
        handler: Callable[[Received[T]], Awaitable[None]],
        *,
        slots: int = 10,
    ) -> Worker[T]:
        """Take from a provisioned consumer, ``slots`` at a time; see nocmesh.bus.worker for what becomes of each.

        Raises PreconditionError when the consumer does not exist, DeniedError.
        """
        return await self._begin(Worker(self._link, self._speech, stream, durable, body, handler, slots))

    async def follow(
        self,
        stream: str,
        body: type[T],
        handler: Callable[[Received[T]], Awaitable[None]],
        *,
        subject_filter: str = "",
        after: int = 0,
    ) -> Follower:
        """Each message behind ``after``, in order, without gap, for ever. For trusted roles; raises DeniedError."""

        async def take(raw: Raw, place: Place) -> None:
            await handler(self._speech.hear(raw, body, place))

        return await self._begin(Follower(self._link, stream, subject_filter, after, take))

    async def serve(
        self,
        subject: str,
        request: type[R],
        handler: Callable[[Received[R]], Awaitable[Message]],
        *,
        slots: int = 32,
        queue: str = "q",
    ) -> Service[R]:
        """Answer requests on ``subject`` (which may be a wildcard), ``slots`` at a time, one of ``queue`` each.

        An error of ours that the handler raises reaches the caller as that error. Raises DeniedError.
        """
        service = await self._begin(Service(self._link, self._speech, subject, request, handler, slots, queue))
        await self._registry.add(service)
        return service

    async def listen(
        self,
        subject: str,
        body: type[T],
        handler: Callable[[Received[T]], Awaitable[None]],
        *,
        limit: int = 10_000,
    ) -> Listener[T]:
        """Hear what is emitted, one after the other; who is more than ``limit`` behind loses the newest."""
        return await self._begin(Listener(self._link, self._speech, subject, body, handler, limit))

    def bucket(self, name: str) -> Bucket:
        """A key-value bucket. Raises NotFoundError."""
        check_named(name, load_plan().buckets, "bucket")
        return Bucket(self._link, self._speech, name, self._started.append)

    def objects(self, name: str) -> Objects:
        """An object store. Raises NotFoundError."""
        check_named(name, load_plan().objects, "object store")
        return Objects(self._link, self._speech, name)

    async def ensure_task_consumer(self, agent_type: str) -> None:
        """Make the consumer that agents of ``agent_type`` share, unless it is there. For the orchestrator."""
        await make_consumer(self._link, load_plan().task_consumer(agent_type))

    async def stop(self, timeout: float = 30.0) -> None:
        """Stop all that was started here, newest last, then flush and close. Never raises."""
        started, self._started = self._started, []
        try:
            async with asyncio.timeout(timeout):
                await asyncio.gather(*(each.stop() for each in started))
                if self._link.connected:
                    await self._link.flush()
        except (NocmeshError, TimeoutError) as error:
            self._log.warning("drain_incomplete", reason=repr(error))
        await self._link.close()

    # --- the inner workings

    async def _begin(self, it: S) -> S:
        await it.start()
        self._started.append(it)
        return it

    def _id(self) -> str:
        return new_id(self._speech.clock.now())
