"""The registry as one orchestrator keeps it: cards from the bucket, beats from the wire, probes for the silent.

Everybody speaks for themselves: a card, a beat or a farewell in another's name, or of another type, counts for nothing.
"""

import asyncio
from types import TracebackType
from typing import Any

import msgspec
from msgspec.structs import replace

from nocmesh.agent.presence import BUCKET
from nocmesh.bus import Entry, Follower, Listener, Received, Worker
from nocmesh.errors import NocmeshError
from nocmesh.messages.agent import AgentCard, Control, Farewell, Heartbeat, Probe
from nocmesh.runtime import Context, until
from nocmesh.subjects import subject, token, wildcard
from nocmesh_agents.orchestrator.registry import Member, beaten, judge


class Members:
    """Who is there. ``async with`` watches; ``all()`` answers."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._bus = context.mesh.agents
        self._log = context.log.bind(agent=context.name)
        self._members: dict[str, Member] = {}
        self._strangers: dict[str, int] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._probes: set[asyncio.Task[None]] = set()
        self._cards: Follower | None = None
        self._worker: Worker[dict[str, Any]] | None = None
        self._beats: Listener[Heartbeat] | None = None

    def all(self) -> list[Member]:
        """Every agent that is registered and not known to be gone."""
        return list(self._members.values())

    async def __aenter__(self) -> "Members":
        self._beats = await self._bus.listen(wildcard("ai.heartbeat.<agent_id>"), Heartbeat, self._beaten)
        self._worker = await self._bus.work("REGISTRY", "orchestrator", dict[str, Any], self._registered, slots=4)
        self._cards = await self._bus.bucket(BUCKET).follow(self._carded)
        self._tasks = [asyncio.create_task(self._judge())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tasks = [*self._tasks, *self._probes]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._cards:
            await self._cards.stop()
        if self._worker:
            await self._worker.stop()
        if self._beats:
            await self._beats.stop()

    async def _carded(self, entry: Entry) -> None:
        """A card was put into the bucket, by whichever orchestrator, or taken out."""
        card = None if entry.deleted else self._card_in(entry)
        if card is None:
            self._forget(entry.key)
            return
        known = self._members.get(card.agent_id)
        if known is None or known.card.instance != card.instance:
            self._members[card.agent_id] = Member(
                card=card, last_sign=self._context.clock.now(), interval=card.interval
            )
        self._strangers.pop(card.agent_id, None)

    def _card_in(self, entry: Entry) -> AgentCard | None:
        try:
            return msgspec.json.decode(entry.value, type=AgentCard)
        except msgspec.DecodeError as wrong:
            self._log.warning("card_unreadable", key=entry.key, error=str(wrong))
            return None

    def _forget(self, key: str) -> None:
        self._members = {name: m for name, m in self._members.items() if token(name) != key}

    async def _registered(self, received: Received[dict[str, Any]]) -> None:
        """A card goes into the bucket, and its type gets a task queue. A farewell takes the card away."""
        entering = received.subject == subject("ai.agents.register")
        said = msgspec.convert(received.body, AgentCard) if entering else msgspec.convert(received.body, Farewell)
        who = (received.speaker.name, received.speaker.type) if received.speaker else ("", "")
        if (said.agent_id, said.type) != who:
            self._log.warning("card_refused", speaker=who[0], type=who[1], named=said.agent_id, as_type=said.type)
        elif isinstance(said, AgentCard):
            await self._enter(said)
        else:
            await self._take_away(said.agent_id, said.instance, said.reason)

    async def _enter(self, card: AgentCard) -> None:
        """Raises LostRaceError when somebody else wrote in between: tried again."""
        if card.kind == "agent":
            await self._bus.ensure_task_consumer(card.type)
        bucket, key = self._bus.bucket(BUCKET), token(card.agent_id)
        entry = await bucket.get(key)
        if entry is None:
            await bucket.create(key, card.to_json())
            return
        known = self._card_in(entry)
        if known is None or known.started_at <= card.started_at:
            await bucket.update(key, card.to_json(), entry.revision)

    async def _take_away(self, agent_id: str, instance: str, reason: str) -> None:
        """Raises LostRaceError when a new card was put in between: it stays."""
        bucket = self._bus.bucket(BUCKET)
        entry = await bucket.get(token(agent_id))
        known = self._card_in(entry) if entry else None
        if entry is None or known is None or known.instance != instance:
            return
        self._log.info("agent_gone", gone=agent_id, reason=reason)
        await bucket.delete(token(agent_id), revision=entry.revision)

    async def _beaten(self, received: Received[Heartbeat]) -> None:
        beat = received.body
        if received.speaker is None or received.speaker.name != beat.agent_id:
            return  # nobody beats for another
        member = beaten(self._members, beat, self._context.clock.now())
        if member is not None:
            self._members[beat.agent_id] = member
            return
        seen = self._strangers[beat.agent_id] = self._strangers.get(beat.agent_id, 0) + 1
        if seen >= 2 and beat.status != "draining":
            await self._bus.emit(
                subject("ai.agents.control.<agent_id>", agent_id=beat.agent_id),
                Control(action="register", reason="a beat from an agent that is not registered"),
            )

    async def _judge(self) -> None:
        tick = self._context.settings.heartbeat_seconds / 4
        while not await until(self._context.stopping, tick):
            now = self._context.clock.now()
            for member in self.all():
                verdict = judge(member, now)
                try:
                    await self._act_on(member, verdict)
                except NocmeshError as wrong:
                    self._log.warning("registry_failed", error=str(wrong))

    async def _act_on(self, member: Member, verdict: str) -> None:
        name = member.card.agent_id
        if verdict == "gone":
            await self._take_away(name, member.card.instance, "no beat and no answer to a probe")
            self._members.pop(name, None)
        elif verdict == "probe" and member.probed_at is None:
            self._members[name] = replace(member, probed_at=self._context.clock.now())
            probe = asyncio.create_task(self._probe(member))
            self._probes.add(probe)
            probe.add_done_callback(self._probes.discard)

    async def _probe(self, member: Member) -> None:
        name = member.card.agent_id
        try:
            beat = await self._bus.request(
                subject("ai.agents.probe.<agent_id>", agent_id=name),
                Probe(asked_by=self._context.name),
                Heartbeat,
                timeout=member.interval,
            )
            found = beaten(self._members, beat, self._context.clock.now())
            if found is not None and beat.agent_id == name:
                self._members[name] = found
        except NocmeshError as silent:
            self._log.info("probe_unanswered", agent=name, error=str(silent))
