"""Who is there, kept up from cards, farewells and beats; ``liveness`` judges, this remembers."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from nocmesh.bus import Bus, Received
from nocmesh.clock import Clock
from nocmesh.messages.agent import AgentCard, Farewell, Heartbeat
from nocmesh.subjects import wildcard
from nocmesh_dashboard import liveness
from nocmesh_dashboard.backend import Row
from nocmesh_dashboard.liveness import Presence

FRESH = timedelta(seconds=60)
"""A card that is older says what an agent is, but not that it is there: that takes a beat."""


class Roster:
    """The agents that were heard of since the start of this process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._cards: dict[str, AgentCard] = {}
        self._present: dict[str, Presence] = {}
        self._shown: list[tuple[object, ...]] = []

    async def listen(self, agents: Bus) -> None:
        """Hear beats from now on."""
        await agents.listen(wildcard("ai.heartbeat.<agent_id>"), Heartbeat, self._beaten)

    def seed(self, row: Row) -> None:
        """An agent that was known before: what it is, but not that it is there."""
        try:
            card = msgspec.convert(dict(row), AgentCard)
        except msgspec.ValidationError:
            return  # only a farewell is left of it
        self._cards[card.agent_id] = card

    def carded(self, card: AgentCard, at: datetime) -> None:
        """An agent says what it is."""
        self._cards[card.agent_id] = card
        now = self._clock.now()
        if now - at < FRESH or card.agent_id in self._present:
            self._present[card.agent_id] = liveness.carded(self._present.get(card.agent_id), card, now)

    def departed(self, farewell: Farewell) -> None:
        """An agent says goodbye."""
        gone = liveness.departed(self._present.get(farewell.agent_id), farewell.instance, farewell.reason)
        if gone is not None:
            self._present[farewell.agent_id] = gone

    async def _beaten(self, received: Received[Heartbeat]) -> None:
        beat, now = received.body, self._clock.now()
        known = self._present.get(beat.agent_id)
        card = self._cards.get(beat.agent_id)
        if known is None and card is not None and card.instance == beat.instance:
            known = Presence(agent_id=beat.agent_id, last_sign=now, card=card)
        self._present[beat.agent_id] = liveness.beaten(known, beat, now)

    def rows(self) -> Sequence[Row]:
        """Everybody, as the page shows them."""
        now = self._clock.now()
        return [liveness.row(present, now) for _, present in sorted(self._present.items())]

    def cards(self) -> Sequence[AgentCard]:
        """The cards of those that live."""
        now = self._clock.now()
        alive = (p for p in self._present.values() if liveness.judge(p, now) in ("live", "slow"))
        return [present.card for present in alive if present.card is not None]

    def moved(self) -> bool:
        """Whether the page would look different from the last time that this was asked; forgets who is long gone."""
        now = self._clock.now()
        self._present = {name: p for name, p in self._present.items() if not liveness.forgotten(p, now)}
        shown = [(r["agent_id"], r["liveness"], r["status"], round(r["load"], 2)) for r in self.rows()]
        moved, self._shown = shown != self._shown, list(shown)
        return moved
