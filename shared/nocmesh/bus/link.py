"""The link: one connection to one zone, over nats-py. It reconnects for ever, and says what was denied, at once.

Nothing is buffered while there is no connection: what must arrive is sent again when there is one. All answers come
in over one wildcard inbox.
"""

import asyncio
import base64
import contextlib
import re
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any

import nats
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from nocmesh.bus import nkey
from nocmesh.bus.answers import Answers
from nocmesh.bus.binary import require_version
from nocmesh.bus.credentials import Credentials
from nocmesh.bus.received import Raw
from nocmesh.bus.rights import inbox
from nocmesh.errors import BusError, DeniedError, InvalidInputError, NocmeshError, NotFoundError, OutcomeUnknownError
from nocmesh.log import logger
from nocmesh.subjects import Zone

OnMessage = Callable[[Raw], Awaitable[None]]
_VIOLATION = re.compile(r'permissions violation for (publish|subscription)[^"]*"([^"]+)"')
_REFUSED = ("authorization violation", "authentication revoked", "authentication expired", "account authentication")
_AGAIN = 0.25
"""Seconds to wait when nobody answered for the stream: it is being elected or recovered."""


class Link:
    """One connection; handed out by ``Link.open``, ended by ``close``."""

    def __init__(self, zone: Zone, credentials: Credentials, on_closed: Callable[[str], None]) -> None:
        self.zone = zone
        self.name = credentials.name
        self.dropped = 0
        """Messages that a slow listener lost."""
        self._credentials = credentials
        self._key = nkey.Key(credentials.seed)
        self._on_closed = on_closed
        self._client = Client()
        self._log = logger(zone=zone.value)
        self._denied_subscriptions: set[str] = set()
        self._after_reconnect: list[Callable[[], None]] = []
        self._turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._refused: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._answers: Answers | None = None
        self._ending: asyncio.Future[None] | None = None
        self._closing = False

    @classmethod
    async def open(
        cls, url: str, zone: Zone, credentials: Credentials, on_closed: Callable[[str], None], *, timeout: float = 10.0
    ) -> "Link":
        """A connection to ``zone``.

        Raises DeniedError when the keys are refused, BusError when no server answers within ``timeout``,
        PreconditionError when the server is too old.
        """
        self = cls(zone, credentials, on_closed)
        connecting = asyncio.ensure_future(self._connect(url))
        waited: set[asyncio.Future[Any]] = {connecting, self._refused}
        await asyncio.wait(waited, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if not connecting.done():
            connecting.cancel()
            await asyncio.gather(connecting, return_exceptions=True)
            await self.close()
            if self._refused.done():
                raise DeniedError(f"{url} refuses {self.name} in {zone}: {self._refused.result()}; issue a new key")
            raise BusError(f"no broker answered at {url} within {timeout:g} s; is it running?", url=url)
        connecting.result()
        try:
            found = self._client.connected_server_version
            require_version(f"{found.major}.{found.minor}.{found.patch}", f"the broker at {url}")
        except NocmeshError:
            await self.close()
            raise
        self._answers = Answers(self.unique())
        await self.subscribe(f"{self._answers.prefix}.*", self._answers.take)
        return self

    async def _connect(self, url: str) -> None:
        token = self._credentials.jwts[self.zone]
        await self._client.connect(
            servers=[each.strip() for each in url.split(",")],
            name=f"{self.name}@{self.zone}",
            user_jwt_cb=lambda: bytearray(token.encode()),
            signature_cb=lambda nonce: base64.b64encode(self._key.sign(nonce.encode())),
            inbox_prefix=inbox(self.name),
            error_cb=self._on_error,
            reconnected_cb=self._on_reconnected,
            closed_cb=self._on_client_closed,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.25,  # type: ignore[arg-type]
            connect_timeout=2,
            ping_interval=10,
            max_outstanding_pings=2,
            pending_size=-1,
        )

    @property
    def connected(self) -> bool:
        """Whether there is a connection now."""
        return bool(self._client.is_connected)

    @property
    def late(self) -> int:
        """How many answers came that nobody waited for any more."""
        return self._answers.late if self._answers else 0

    @property
    def max_payload(self) -> int:
        """The largest body that the server takes."""
        return int(self._client.max_payload)

    def on_reconnect(self, then: Callable[[], None]) -> Callable[[], None]:
        """Call ``then`` after each reconnect; gives what undoes it."""
        self._after_reconnect.append(then)
        return lambda: self._after_reconnect.remove(then) if then in self._after_reconnect else None

    def unique(self) -> str:
        """A new inbox subject of our own, besides the one for answers."""
        return f"{inbox(self.name)}.{secrets.token_hex(10)}"

    async def send(self, subject: str, data: bytes, headers: Mapping[str, str] | None = None, reply: str = "") -> bool:
        """Write one message to the connection; False when there is none now.

        Raises InvalidInputError when it is too large or no subject, BusError when the link is closed.
        """
        try:
            await self._client.publish(subject, data, reply=reply, headers=dict(headers) if headers else None)
        except (nats.errors.OutboundBufferLimitError, nats.errors.ConnectionDrainingError):
            return False
        except nats.errors.MaxPayloadError as error:
            raise InvalidInputError(
                f"the message for {subject} has {len(data)} bytes; the broker takes {self.max_payload}: "
                "put what is large into an object store",
                field="message",
            ) from error
        except nats.errors.BadSubjectError as error:
            raise InvalidInputError(f"{subject!r} is no subject", field="subject") from error
        except nats.errors.ConnectionClosedError as error:
            raise BusError(f"the connection to {self.zone} is closed") from error
        return self.connected

    async def request(
        self, subject: str, data: bytes, headers: Mapping[str, str] | None = None, *, timeout: float = 5.0
    ) -> Raw:
        """Ask once, get one answer.

        Raises OutcomeUnknownError when none comes, NotFoundError when nobody listens, DeniedError.
        """
        async with contextlib.aclosing(self.ask(subject, data, headers, timeout=timeout)) as answers:
            async for answer in answers:
                return answer
        raise OutcomeUnknownError(f"no answer on {subject} within {timeout:g} s", subject=subject)

    async def ask(
        self, subject: str, data: bytes, headers: Mapping[str, str] | None = None, *, timeout: float = 5.0
    ) -> AsyncGenerator[Raw, None]:
        """Ask once, get answer after answer; the caller knows which is the last."""
        turn = self._turn
        with self._opened().expecting(subject) as waiting:
            if not await self.send(subject, data, headers, waiting.reply):
                await asyncio.wait({turn}, timeout=timeout)
                turn = self._turn
                if not await self.send(subject, data, headers, waiting.reply):
                    raise BusError(f"there is no connection to the broker ({self.zone}); it is being restored")
            while True:
                answer = await waiting.next_or(turn, timeout)
                if answer is None:
                    when = "before the connection was lost" if turn.done() else f"within {timeout:g} s"
                    raise OutcomeUnknownError(f"no answer on {subject} {when}", subject=subject)
                if answer.status == "503":
                    raise NotFoundError(f"nobody answers on {subject}", subject=subject)
                yield answer

    async def confirm(self, subject: str, data: bytes, headers: Mapping[str, str], *, timeout: float) -> Raw:
        """Send until it is answered: again after a reconnect, after half the time, when no stream answered.

        The headers must carry an id, so that sending again does no harm. Raises OutcomeUnknownError, DeniedError.
        """
        loop = asyncio.get_running_loop()
        deadline, patience, last_503 = loop.time() + timeout, timeout / 2, 0.0
        with self._opened().expecting(subject) as waiting:
            while (left := deadline - loop.time()) > 0:
                turn = self._turn
                await self.send(subject, data, headers, waiting.reply)
                answer = await waiting.next_or(turn, min(patience, left))
                patience = timeout
                if answer is None:
                    continue
                if answer.status != "503":
                    return answer
                last_503 = last_503 or loop.time()
                if loop.time() - last_503 > min(timeout / 2, 3.0):
                    raise BusError(f"no stream takes {subject}; was the mesh provisioned?", subject=subject)
                await asyncio.sleep(_AGAIN)
        raise OutcomeUnknownError(
            f"no acknowledgement for {subject} within {timeout:g} s: it may have happened; retry with the same id",
            subject=subject,
        )

    async def subscribe(self, subject: str, then: OnMessage, *, queue: str = "", limit: int = 0) -> Subscription:
        """Call ``then`` for each message, one after the other. Raises DeniedError."""

        async def on_message(msg: Msg) -> None:
            await then(Raw(subject=msg.subject, reply=msg.reply, data=msg.data, headers=msg.headers or {}))

        self._denied_subscriptions.discard(subject.lower())
        options: dict[str, Any] = {"pending_msgs_limit": limit} if limit else {}
        try:
            subscription = await self._client.subscribe(subject, queue=queue, cb=on_message, **options)
        except (nats.errors.Error, OSError) as error:
            raise BusError(f"cannot listen on {subject}: {error}") from error
        await self.flush()
        if subject.lower() in self._denied_subscriptions:
            await self.unsubscribe(subscription)
            raise DeniedError(f"{self.name} may not listen on {subject} in {self.zone}", subject=subject)
        return subscription

    async def unsubscribe(self, subscription: Subscription, *, drain: float = 0.0) -> None:
        """Stop listening; with ``drain``, first handle what came in, for so many seconds at most."""
        try:
            if drain and self.connected:
                await asyncio.wait_for(subscription.drain(), drain)  # type: ignore[no-untyped-call]
            else:
                await subscription.unsubscribe()
        except (nats.errors.Error, OSError, TimeoutError) as error:
            self._log.debug("unsubscribe_incomplete", subject=subscription.subject, reason=repr(error))

    async def flush(self, timeout: float = 5.0) -> None:
        """Wait until the server has seen all that was sent. Raises BusError."""
        try:
            # Twice: the client's ping overtakes what still waits in its buffer.
            for _ in range(2):
                await self._client.flush(timeout)  # type: ignore[arg-type]
        except (nats.errors.Error, OSError) as error:
            raise BusError(f"the broker ({self.zone}) did not answer: {error!r}") from error

    async def close(self) -> None:
        """End it; whatever still waits for an answer gets an error. Never raises, connected or not."""
        self._closing = True
        try:
            await asyncio.wait_for(self._client.close(), 5)
        except (nats.errors.Error, OSError, TimeoutError, RuntimeError, AttributeError) as error:
            self._log.debug("close_incomplete", reason=repr(error))
        self._fail_all(BusError(f"the connection to {self.zone} was closed"))

    async def _on_error(self, error: Exception) -> None:
        if isinstance(error, nats.errors.SlowConsumerError):
            self.dropped += 1
            self._log.warning("listener_too_slow", subject=error.subject, dropped=self.dropped)
            return
        text = str(error).lower()
        violation = _VIOLATION.search(text)
        if violation:
            self._on_denied(violation[1], violation[2])
        elif any(each in text for each in _REFUSED):
            self._on_refused(str(error))
        else:
            self._log.info("connection_trouble", reason=repr(error))

    def _on_denied(self, kind: str, subject: str) -> None:
        if kind == "subscription":
            self._denied_subscriptions.add(subject)
            return
        denied = DeniedError(f"{self.name} may not publish on {subject} in {self.zone}", subject=subject)
        if not self._answers or not self._answers.fail(denied, subject):
            self._log.warning("publish_denied", subject=subject)

    def _on_refused(self, reason: str) -> None:
        if not self._refused.done():
            self._refused.set_result(reason)
        if self._answers and not self._closing:
            self._ending = asyncio.ensure_future(self._give_up(reason))

    async def _give_up(self, reason: str) -> None:
        await self.close()
        self._on_closed(f"{self.zone}: {reason}")

    async def _on_reconnected(self) -> None:
        self._log.info("reconnected")
        turn, self._turn = self._turn, asyncio.get_running_loop().create_future()
        turn.set_result(None)
        for then in list(self._after_reconnect):
            then()

    async def _on_client_closed(self) -> None:
        if not self._closing and self._answers:
            self._closing = True
            self._fail_all(BusError(f"the connection to {self.zone} was closed"))
            self._on_closed(f"{self.zone}: {self._client.last_error!r}")

    def _fail_all(self, error: BusError) -> None:
        if self._answers:
            self._answers.fail(error)

    def _opened(self) -> Answers:
        if self._answers is None:
            raise BusError(f"the connection to {self.zone} was never opened")
        return self._answers
