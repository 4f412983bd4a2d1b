"""Answers: one wildcard inbox for all that is asked over a connection, and who waits for which."""

import asyncio
import contextlib
from collections.abc import Iterator

from nocmesh.bus.received import Raw


class Waiting:
    """One question that waits for its answers, or for the error that stands in for them."""

    def __init__(self, subject: str, reply: str) -> None:
        self.subject = subject
        self.reply = reply
        self._came: list[Raw | Exception] = []
        self._bell: asyncio.Future[None] | None = None

    def put(self, answer: Raw | Exception) -> None:
        """An answer came."""
        self._came.append(answer)
        if self._bell and not self._bell.done():
            self._bell.set_result(None)

    async def next_or(self, event: "asyncio.Future[None]", timeout: float) -> Raw | None:
        """The next answer; None when ``event`` happened first, or ``timeout`` passed. Raises an error that came."""
        if not self._came:
            self._bell = asyncio.get_running_loop().create_future()
            await asyncio.wait({self._bell, event}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if not self._came:
            return None
        answer = self._came.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Answers:
    """All that wait, by their reply subject."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._waiting: dict[str, Waiting] = {}
        self._count = 0
        self.late = 0
        """Answers that nobody waited for any more: second ones, or such as came after the end of patience."""

    @contextlib.contextmanager
    def expecting(self, subject: str) -> Iterator[Waiting]:
        """Wait for answers to a question on ``subject``."""
        self._count += 1
        waiting = Waiting(subject, f"{self.prefix}.{self._count}")
        self._waiting[waiting.reply] = waiting
        try:
            yield waiting
        finally:
            del self._waiting[waiting.reply]

    async def take(self, raw: Raw) -> None:
        """An answer came; when nobody waits for it any more, it is dropped."""
        if waiting := self._waiting.get(raw.subject):
            waiting.put(raw)
        else:
            self.late += 1

    def fail(self, error: Exception, subject: str = "") -> bool:
        """Those who asked on ``subject`` (all, when it is empty) get ``error``; whether there was one."""
        asked = [each for each in self._waiting.values() if not subject or each.subject.lower() == subject]
        for waiting in asked:
            waiting.put(error)
        return bool(asked)
