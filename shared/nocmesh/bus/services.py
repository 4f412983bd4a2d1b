"""Micro services (ADR-32): requests served in parallel up to a limit, answers signed, `$SRV.PING/INFO/STATS` answered.

An answer goes to an inbox and nowhere else: a caller who names another subject for it wants the server, or us, to
publish where the caller may not.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec
from nats.aio.subscription import Subscription

from nocmesh.bus import events
from nocmesh.bus.link import Link
from nocmesh.bus.received import Raw, Received
from nocmesh.bus.signing import answer_subject
from nocmesh.bus.speech import Speech
from nocmesh.errors import BusError, DeniedError, InvalidInputError, NocmeshError, NotFoundError
from nocmesh.log import logger
from nocmesh.messages.base import Message

R = TypeVar("R")
Serve = Callable[[Received[R]], Awaitable[Message]]
ERROR, ERROR_CODE = "Nats-Service-Error", "Nats-Service-Error-Code"
_VERSION = "1.0.0"
_CODES: tuple[tuple[type[NocmeshError], str], ...] = (
    (DeniedError, "403"),
    (NotFoundError, "404"),
    (InvalidInputError, "400"),
    (NocmeshError, "500"),
)


class Failure(Message, frozen=True, kw_only=True):
    """The body of an answer that is an error."""

    code: str
    error: str


def failure_of(error: Exception) -> Failure:
    """What the caller is told: our own errors in their words, of others only the kind."""
    for kind, code in _CODES:
        if isinstance(error, kind):
            return Failure(code=code, error=str(error))
    return Failure(code="500", error=f"the service failed with {type(error).__name__}; its log says more")


def error_of(failure: Failure, subject: str) -> NocmeshError:
    """The error that the caller gets."""
    kinds = {code: kind for kind, code in _CODES[:3]}
    return kinds.get(failure.code, BusError)(failure.error, subject=subject)


@dataclass(slots=True)
class _Stats:
    requests: int = 0
    errors: int = 0
    last_error: str = ""
    nanos: int = 0


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and the work on it."""

    raw: Raw
    began: int = field(default_factory=time.perf_counter_ns)


class Service(Generic[R]):
    """A running service; ``stop`` ends it."""

    def __init__(
        self, link: Link, speech: Speech, subject: str, request: type[R], handler: Serve[R], slots: int, queue: str
    ) -> None:
        self.subject, self.queue = subject, queue
        self.name = subject.replace(".", "-").replace("*", "any")
        self.id = link.unique().rsplit(".", 1)[1]
        self.started = speech.clock.now()
        self.stats = _Stats()
        self._link, self._speech, self._request, self._handler = link, speech, request, handler
        self._free = asyncio.Semaphore(slots)
        self._running: set[asyncio.Task[None]] = set()
        self._subscription: Subscription | None = None
        self._log = logger(service=self.name)

    async def start(self) -> None:
        """Begin. Raises DeniedError."""
        self._subscription = await self._link.subscribe(self.subject, self._on_request, queue=self.queue)

    @property
    def in_hand(self) -> int:
        """How many requests are being worked on."""
        return len(self._running)

    async def stop(self, timeout: float = 30.0) -> None:
        """Take no more; wait until those in hand are answered, ``timeout`` at most."""
        if self._subscription:
            await self._link.unsubscribe(self._subscription, drain=min(timeout, 5.0))
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=timeout)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _on_request(self, raw: Raw) -> None:
        if not raw.reply.startswith("_INBOX."):
            self._log.warning("request_dropped", subject=raw.subject, reason=f"its reply subject is {raw.reply!r}")
            return
        await self._free.acquire()
        task = asyncio.ensure_future(self._serve(Exchange(raw)))
        self._running.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        self._free.release()
        if not task.cancelled() and (error := task.exception()):
            self._log.error("answering_failed", reason=repr(error))

    async def _serve(self, exchange: Exchange) -> None:
        raw = exchange.raw
        with events.handling(raw.headers):
            try:
                answer = await self._handler(self._speech.hear(raw, self._request))
            except Exception as error:  # noqa: BLE001 - whatever a handler raises is answered
                answer = failure_of(error)
                self._log.warning("request_failed", subject=raw.subject, reason=repr(error)[:500])
        self._count(exchange, answer)
        await self._answer(raw, answer)

    def _count(self, exchange: Exchange, answer: Message) -> None:
        self.stats.requests += 1
        self.stats.nanos += time.perf_counter_ns() - exchange.began
        if isinstance(answer, Failure):
            self.stats.errors += 1
            self.stats.last_error = f"{answer.code}:{answer.error}"

    async def _answer(self, raw: Raw, answer: Message) -> None:
        id = events.decoded(raw.headers.get("ce-id", ""))
        extra = {}
        if isinstance(answer, Failure):
            extra = {ERROR: answer.error.encode("ascii", "replace").decode()[:200], ERROR_CODE: answer.code}
            extra[ERROR] = "".join(each if each.isprintable() else " " for each in extra[ERROR])
        signed_as = answer_subject(raw.subject)
        data, headers = self._speech.say(raw.reply, answer, id=id, headers=extra, signed_as=signed_as)
        await self._link.send(raw.reply, data, headers)

    def endpoint(self) -> dict[str, Any]:
        """Its one endpoint, as `$SRV.INFO` shows it."""
        return {"name": self.name, "subject": self.subject, "queue_group": self.queue, "metadata": {}}

    def endpoint_stats(self) -> dict[str, Any]:
        """Its numbers, as `$SRV.STATS` shows them."""
        stats = self.stats
        numbers = {"num_requests": stats.requests, "num_errors": stats.errors, "last_error": stats.last_error}
        times = {"processing_time": stats.nanos, "average_processing_time": stats.nanos // max(1, stats.requests)}
        return {"name": self.name, "subject": self.subject, "queue_group": self.queue, **numbers, **times}


class Registry:
    """Answers `$SRV.PING`, `INFO` and `STATS` for all services of one connection."""

    def __init__(self, link: Link) -> None:
        self.services: list[Service[Any]] = []
        self._link = link
        self._listening = False

    async def add(self, service: Service[Any]) -> None:
        """Answer for ``service`` too."""
        self.services.append(service)
        if not self._listening:
            self._listening = True
            for verb in ("PING", "INFO", "STATS"):
                for tail in ("", ".*", ".*.*"):
                    await self._link.subscribe(f"$SRV.{verb}{tail}", self._on_call, limit=1000)

    async def _on_call(self, raw: Raw) -> None:
        verb, *wanted = raw.subject.split(".")[1:]
        if not raw.reply.startswith("_INBOX."):
            return
        for service in self.services:
            if wanted == [service.name, service.id][: len(wanted)]:
                await self._link.send(raw.reply, msgspec.json.encode(describe(verb, service)))


def describe(verb: str, service: Service[Any]) -> dict[str, Any]:
    """The answer of ``service`` to `$SRV.<verb>`."""
    known = {"name": service.name, "id": service.id, "version": _VERSION, "metadata": {}}
    if verb == "PING":
        return {"type": "io.nats.micro.v1.ping_response", **known}
    if verb == "INFO":
        kind = {"type": "io.nats.micro.v1.info_response", "description": ""}
        return {**kind, **known, "endpoints": [service.endpoint()]}
    started = events.rfc3339(service.started)
    return {
        "type": "io.nats.micro.v1.stats_response",
        **known,
        "started": started,
        "endpoints": [service.endpoint_stats()],
    }


async def call(
    link: Link, speech: Speech, subject: str, message: Message, reply: type[R], *, id: str, timeout: float
) -> Received[R]:
    """Call a service once.

    Raises OutcomeUnknownError when no answer comes, NotFoundError when nobody serves it, SignatureError when the
    answer is not from whom it should be, and what the service answered as error.
    """
    data, headers = speech.say(subject, message, id=id)
    raw = await link.request(subject, data, headers, timeout=timeout)
    if ERROR_CODE in raw.headers:
        raise error_of(speech.hear_answer(raw, subject, id, Failure).body, subject)
    return speech.hear_answer(raw, subject, id, reply)
