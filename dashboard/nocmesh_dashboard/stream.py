"""Change notices to browsers: what is new, not the news itself. Server-sent events (WHATWG HTML §9.2).

A client holds only the set of topics that changed since it was last told, so a slow one costs no memory and misses
nothing. The first change goes out at once, what follows within 100 ms goes together.
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field

import msgspec

from nocmesh.errors import PreconditionError
from nocmesh_dashboard.backend import Change

WINDOW = 0.1
"""Seconds that changes are gathered: under what people notice, and batching is what keeps many clients cheap."""
PING = 15.0
"""Seconds of silence after which a comment is sent, so that proxies keep the connection."""
KEPT = 2000
"""Changes that a returning client may have missed and still be told one by one."""
MOST_IDS = 50
"""Ids of one topic in one notice; past it the client looks at everything again."""

_PLAIN = re.compile(r"[A-Za-z0-9_=.-]{1,200}")


@dataclass(slots=True, eq=False)
class _Client:
    """One open stream: what changed since its last notice."""

    dirty: dict[str, set[str]] = field(default_factory=dict)
    refresh: bool = False
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def mark(self, change: Change) -> None:
        ids = self.dirty.setdefault(change.topic, set())
        if change.id and len(ids) <= MOST_IDS:
            ids.add(change.id)
        self.woken.set()


class Hub:
    """Spreads changes to every open stream. ``epoch`` tells this process's numbering from an earlier one's."""

    def __init__(self, *, epoch: str, window: float = WINDOW, ping: float = PING, most_clients: int = 500) -> None:
        self._epoch = epoch
        self._window = window
        self._ping = ping
        self._most_clients = most_clients
        self._sequence = 0
        self._kept: deque[tuple[int, Change]] = deque(maxlen=KEPT)
        self._clients: set[_Client] = set()
        self._closed = asyncio.Event()

    @property
    def position(self) -> str:
        """Where the stream stands now: a page carries it, so that nothing falls between page and stream."""
        return f"{self._epoch}.{self._sequence}"

    @property
    def clients(self) -> int:
        """How many streams are open."""
        return len(self._clients)

    @property
    def changes(self) -> int:
        """How many changes there were."""
        return self._sequence

    def notify(self, change: Change) -> None:
        """Something is new."""
        self._sequence += 1
        self._kept.append((self._sequence, change))
        for client in self._clients:
            client.mark(change)

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        self._closed.set()
        for client in self._clients:
            client.woken.set()

    def admit(self) -> None:
        """Raise PreconditionError when no further stream may open."""
        if self._closed.is_set() or len(self._clients) >= self._most_clients:
            raise PreconditionError(
                f"there are {len(self._clients)} live streams, and no more are taken", status=503, next="reload later"
            )

    async def listen(self, since: str, still_welcome: Callable[[], Awaitable[bool]]) -> AsyncGenerator[bytes, None]:
        """The stream of one client from ``since`` on; it ends when ``still_welcome``, asked at pings, says no."""
        client = _Client()
        self._clients.add(client)
        self._catch_up(client, since)
        try:
            yield self._encode("hello", {"position": self.position}, head=b"retry: 1000\n")
            while not self._closed.is_set():
                if not await self._wake(client):
                    if not await still_welcome():
                        return
                    yield b": ping\n\n"
                    continue
                yield self._take(client)
                await self._pause()
        finally:
            self._clients.discard(client)

    async def _wake(self, client: _Client) -> bool:
        try:
            async with asyncio.timeout(self._ping):
                await client.woken.wait()
        except TimeoutError:
            return False
        return True

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._window):
                await self._closed.wait()
        except TimeoutError:
            return

    def _catch_up(self, client: _Client, since: str) -> None:
        seen = self._number(since)
        oldest = self._kept[0][0] if self._kept else self._sequence + 1
        if seen is None or seen < oldest - 1:
            client.refresh = True
            client.woken.set()
            return
        for sequence, change in self._kept:
            if sequence > seen:
                client.mark(change)

    def _number(self, position: str) -> int | None:
        """The number in a position of this process; None for any other text."""
        epoch, _, number = position.rpartition(".")
        plain = number.isascii() and number.isdecimal()
        return int(number) if plain and epoch == self._epoch else None

    def _take(self, client: _Client) -> bytes:
        dirty, refresh = client.dirty, client.refresh
        client.dirty, client.refresh = {}, False
        client.woken.clear()
        if refresh or any(len(ids) > MOST_IDS for ids in dirty.values()):
            return self._encode("refresh", {})
        out = []
        for topic, ids in dirty.items():
            plain = sorted(name for name in ids if _PLAIN.fullmatch(name))
            out.append(self._encode(topic, {"topic": topic, "ids": plain}))
            # A page that shows one thing listens for its name alone.
            out.extend(self._encode(f"{topic}-{name}", {"topic": topic, "ids": [name]}) for name in plain)
        return b"".join(out)

    def _encode(self, event: str, data: object, *, head: bytes = b"") -> bytes:
        body = msgspec.json.encode(data)
        return b"%sid: %s\nevent: %s\ndata: %s\n\n" % (head, self.position.encode(), event.encode(), body)
