"""The listener: messages that are not stored, handed to a handler one after the other; the slow one loses some."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from nats.aio.subscription import Subscription

from nocmesh.bus import events
from nocmesh.bus.link import Link
from nocmesh.bus.received import Raw, Received
from nocmesh.bus.speech import Speech
from nocmesh.log import logger

T = TypeVar("T")


class Listener(Generic[T]):
    """A running listener; ``stop`` ends it."""

    def __init__(
        self,
        link: Link,
        speech: Speech,
        subject: str,
        body: type[T],
        handler: Callable[[Received[T]], Awaitable[None]],
        limit: int,
    ) -> None:
        self.subject = subject
        self.heard = self.refused = self.failed = 0
        self._link, self._speech, self._body, self._handler, self._limit = link, speech, body, handler, limit
        self._subscription: Subscription | None = None
        self._log = logger(subject=subject)

    async def start(self) -> None:
        """Begin. Raises DeniedError."""
        self._subscription = await self._link.subscribe(self.subject, self._on_message, limit=self._limit)

    async def stop(self) -> None:
        """Hear no more; what came in is still handled."""
        if self._subscription:
            await self._link.unsubscribe(self._subscription, drain=5.0)

    async def _on_message(self, raw: Raw) -> None:
        self.heard += 1
        try:
            received = self._speech.hear(raw, self._body)
        except Exception as error:  # noqa: BLE001 - a hostile message is dropped, whatever it breaks
            self.refused += 1
            self._log.warning("message_dropped", subject=raw.subject, reason=str(error)[:500])
            return
        with events.handling(raw.headers):
            try:
                await self._handler(received)
            except Exception as error:  # noqa: BLE001 - the next message is heard all the same
                self.failed += 1
                self._log.warning("handler_failed", subject=raw.subject, reason=repr(error)[:500])
