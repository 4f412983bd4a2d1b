"""The puller: a standing pull on a consumer. It asks for as many messages as there are free slots, and no more.

A pull that was lost (a restart, a dead leader) shows as silence: then it is asked again.
"""

import asyncio
import contextlib
from collections.abc import Callable

import msgspec
from nats.aio.subscription import Subscription

from nocmesh.bus.link import Link
from nocmesh.bus.received import Raw
from nocmesh.log import logger

_HEARTBEAT = 5.0
"""The broker says that it still knows of our pull, so often."""
_EXPIRES = 60.0
_NANO = 1_000_000_000


class Puller:
    """Hands each message to ``deliver``; who took one calls ``release`` when its slot is free again."""

    def __init__(
        self, link: Link, stream: str, *, slots: int, deliver: Callable[[Raw], None], on_gone: Callable[[str], None]
    ) -> None:
        self._link = link
        self._stream = stream
        self._consumer = ""
        self._slots = slots
        self._deliver = deliver
        self._on_gone = on_gone
        self._held = 0
        self._asked = 0
        self._round = 0
        self._heard = 0.0
        self._not_before = 0.0
        self._wake = asyncio.Event()
        self._inbox = link.unique()
        self._subscription: Subscription | None = None
        self._task: asyncio.Task[None] | None = None
        self._undo: Callable[[], object] = lambda: None
        self._log = logger(stream=stream)

    async def start(self, consumer: str) -> None:
        """Begin to pull from ``consumer``."""
        self._consumer = consumer
        self._subscription = await self._link.subscribe(f"{self._inbox}.*", self._on_message)
        self._undo = self._link.on_reconnect(self.renew)
        self._task = asyncio.ensure_future(self._keep_asking())

    def renew(self, consumer: str = "") -> None:
        """Forget what was asked, and ask again (from another ``consumer``): after a reconnect."""
        self._consumer = consumer or self._consumer
        self._round += 1
        self._asked = 0
        self._wake.set()

    def release(self) -> None:
        """One slot is free again."""
        self._held -= 1
        self._wake.set()

    async def stop(self, *, drain: float = 5.0) -> None:
        """Ask no more; what is under way still comes, for so many seconds at most."""
        self._undo()
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._subscription:
            await self._link.unsubscribe(self._subscription, drain=drain)

    async def _keep_asking(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._wake.clear()
            if self._asked and loop.time() - self._heard > 3 * _HEARTBEAT:
                self._log.info("pull_lost", consumer=self._consumer)
                self.renew()
            free = self._slots - self._held - self._asked
            wait = max(0.0, self._not_before - loop.time())
            if not wait and free >= max(1, self._slots // 8) and self._link.connected:
                await self._ask(free)
            # Not wait_for: before Python 3.12 it may swallow the cancellation by which we are stopped.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait or _HEARTBEAT):
                    await self._wake.wait()

    async def _ask(self, count: int) -> None:
        request = {"batch": count, "expires": int(_EXPIRES * _NANO), "idle_heartbeat": int(_HEARTBEAT * _NANO)}
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._consumer}"
        if not self._asked:
            self._heard = asyncio.get_running_loop().time()
        self._asked += count
        await self._link.send(subject, msgspec.json.encode(request), reply=f"{self._inbox}.{self._round}")

    async def _on_message(self, raw: Raw) -> None:
        self._heard = asyncio.get_running_loop().time()
        if raw.status:
            self._on_status(raw)
            return
        self._asked = max(0, self._asked - 1)
        self._held += 1
        self._deliver(raw)

    def _on_status(self, raw: Raw) -> None:
        if raw.status == "100" or raw.subject != f"{self._inbox}.{self._round}":
            return
        left = raw.headers.get("Nats-Pending-Messages", "")
        if raw.status in ("404", "408") and left.isdigit():
            self._asked = max(0, self._asked - int(left))
            self._wake.set()
            return
        self._log.info("pull_ended", consumer=self._consumer, status=raw.status, reason=raw.description)
        self._not_before = asyncio.get_running_loop().time() + 0.25
        self.renew()
        if raw.status == "503" or "deleted" in raw.description.lower():
            self._on_gone(raw.description)
