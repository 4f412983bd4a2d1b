"""Telling the audit what was tried: refused calls and votes, sign-ins. Nothing else would keep these.

Whoever tries without end must not fill the audit: so many of one actor's and in all are told within an hour, the
others are counted, and the count is told. What is told is cut to size.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any

from msgspec.structs import replace

from nocmesh.bus import Bus
from nocmesh.clock import Clock
from nocmesh.errors import NocmeshError
from nocmesh.ids import new_id
from nocmesh.log import Log
from nocmesh.messages.people import Attempt
from nocmesh.subjects import subject

PERIOD = timedelta(hours=1)
EACH = 20
"""Of one actor's attempts of one kind, within a period."""
TOTAL = 200
"""Of all attempts that one process tells, within a period."""
KEPT = 1000
"""Actors whose uncounted attempts are told apart; those of further ones are told as of `others`."""
LOOK_SECONDS = 10.0
MAX_TEXT = 500
MAX_FACTS = 12

Key = tuple[str, str]
"""Actor and action."""


class Allowance:
    """How many may be told, and how many were not. Pure: the time is handed in."""

    def __init__(self, *, each: int = EACH, total: int = TOTAL, period: timedelta = PERIOD) -> None:
        self._each, self._total, self._period = each, total, period
        self._since: datetime | None = None
        self._told: dict[Key, int] = {}
        self._unsaid: dict[Key, Attempt] = {}

    def admits(self, attempt: Attempt, now: datetime) -> bool:
        """Whether it may be told; if not, it is counted."""
        if self._since is None or now - self._since >= self._period or now < self._since:
            self._since, self._told = now, {}
        key = (attempt.actor, attempt.action)
        if sum(self._told.values()) < self._total and self._told.get(key, 0) < self._each:
            self._told[key] = self._told.get(key, 0) + 1
            return True
        self._count(key, attempt)
        return False

    def _count(self, key: Key, attempt: Attempt) -> None:
        if key not in self._unsaid and len(self._unsaid) >= KEPT:
            key, attempt = ("others", attempt.action), replace(attempt, actor="others", target="")
        before = self._unsaid.get(key)
        self._unsaid[key] = replace(attempt, unsaid=before.unsaid + 1 if before else 0)

    def unsaid(self, now: datetime, *, all: bool = False) -> list[Attempt]:
        """The last of each that was not told, with the number of those before it; taken once a period is over."""
        if not all and (self._since is None or now - self._since < self._period):
            return []
        rest, self._unsaid = list(self._unsaid.values()), {}
        return rest


class Attempts:
    """Tells attempts; an async context, so that what was only counted is told too."""

    def __init__(self, core: Bus, clock: Clock, log: Log, *, name: str, allowance: Allowance | None = None) -> None:
        """``name`` is this process's own on the bus."""
        self._core, self._clock, self._log = core, clock, log
        self._where = subject("ai.attempts.<agent_id>", agent_id=name)
        self._allowance = allowance or Allowance()
        self._looking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Attempts":
        self._looking = asyncio.create_task(self._look(), name="attempts")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._looking is not None:
            self._looking.cancel()
            with suppress(asyncio.CancelledError):
                await self._looking
        for attempt in self._allowance.unsaid(self._clock.now(), all=True):
            await self._publish(attempt)

    async def tell(self, attempt: Attempt) -> None:
        """Tell it, or count it. Never raises: what is told here is answered anyway, and the log has it too."""
        short = cut(attempt)
        if self._allowance.admits(short, self._clock.now()):
            await self._publish(short)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for attempt in self._allowance.unsaid(self._clock.now()):
                await self._publish(attempt)

    async def _publish(self, attempt: Attempt) -> None:
        try:
            await self._core.publish(self._where, attempt, id=new_id(self._clock.now()), timeout=5.0)
        except NocmeshError as wrong:
            self._log.error("attempt_not_audited", actor=attempt.actor, action=attempt.action, reason=wrong.message)


def cut(attempt: Attempt) -> Attempt:
    """``attempt`` with no text longer than the audit keeps: parts of it are whoever tried's own words."""
    facts = dict(list(attempt.facts.items())[:MAX_FACTS])
    return replace(
        attempt,
        actor=attempt.actor[:100],
        target=attempt.target[:200],
        why=attempt.why[:MAX_TEXT],
        facts=_short(facts),
    )


def _short(facts: Mapping[str, Any]) -> dict[str, Any]:
    plain = (bool, int, float, type(None))
    return {key: value if isinstance(value, plain) else str(value)[:MAX_TEXT] for key, value in facts.items()}
