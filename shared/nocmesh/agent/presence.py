"""Being there: the card, registering, heartbeats with load, and saying goodbye."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Literal, Protocol

from nocmesh.bus import Bus, Received
from nocmesh.clock import Clock
from nocmesh.errors import NocmeshError
from nocmesh.ids import new_id
from nocmesh.log import Log
from nocmesh.messages.agent import AgentCard, Control, Farewell, Heartbeat, Probe
from nocmesh.runtime import Context, until
from nocmesh.subjects import subject

BUCKET = "agents"
Status = Literal["available", "busy", "draining"]


class Stoppable(Protocol):
    """What the bus hands out for listening and serving."""

    async def stop(self) -> None:
        """Take nothing more; wait for what runs."""
        ...


class Presence:
    """Keeps one agent known: ``async with Presence(...)`` registers, beats, and leaves with a word."""

    def __init__(
        self,
        agents: Bus,
        card: AgentCard,
        *,
        clock: Clock,
        log: Log,
        interval: float,
        load: Callable[[], tuple[int, int, int]],
    ) -> None:
        """``load`` says how much is in flight, done and failed."""
        self._bus = agents
        self.card = card
        self._clock = clock
        self._log = log
        self._interval = interval
        self._load = load
        self._stopping = asyncio.Event()
        self._draining = False
        self._tasks: list[asyncio.Task[None]] = []
        self._listeners: list[Stoppable] = []

    async def __aenter__(self) -> "Presence":
        me = self.card.agent_id
        self._listeners.append(
            await self._bus.listen(subject("ai.agents.control.<agent_id>", agent_id=me), Control, self._controlled)
        )
        self._listeners.append(
            await self._bus.serve(subject("ai.agents.probe.<agent_id>", agent_id=me), Probe, self._probed)
        )
        await self.register()
        self._tasks.append(asyncio.create_task(self._beat()))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        await asyncio.gather(*self._tasks)
        await self._leave("stopped" if error is None else f"failed: {error}")
        for listener in self._listeners:
            await listener.stop()

    def drain(self) -> None:
        """Say in every beat from now on that nothing new is taken."""
        self._draining = True

    async def register(self) -> None:
        """Publish the card; an orchestrator puts it where discovery looks."""
        await self._bus.publish(
            subject("ai.agents.register"), self.card, id=new_id(self._clock.now()), correlation_id=self.card.instance
        )
        self._log.info("registered", agent=self.card.agent_id, type=self.card.type)

    async def _leave(self, reason: str) -> None:
        farewell = Farewell(
            agent_id=self.card.agent_id,
            type=self.card.type,
            instance=self.card.instance,
            reason=reason,
            at=self._clock.now(),
        )
        try:
            await self._bus.publish(
                subject("ai.agents.deregister"), farewell, id=f"{self.card.instance}:farewell", timeout=3.0
            )
        except NocmeshError as wrong:
            self._log.warning("farewell_failed", error=str(wrong))

    async def _beat(self) -> None:
        while True:
            try:
                await self._bus.emit(subject("ai.heartbeat.<agent_id>", agent_id=self.card.agent_id), self.beat())
            except NocmeshError as wrong:
                self._log.warning("heartbeat_failed", error=str(wrong))
            if await until(self._stopping, self._interval):
                return

    def beat(self) -> Heartbeat:
        """The heartbeat as it is now."""
        in_flight, done, failed = self._load()
        share = in_flight / self.card.load_limit
        status: Status = "draining" if self._draining else "busy" if share >= 1 else "available"
        return Heartbeat(
            agent_id=self.card.agent_id,
            type=self.card.type,
            instance=self.card.instance,
            status=status,
            load=round(share, 3),
            in_flight=in_flight,
            done=done,
            failed=failed,
            interval=self._interval,
            timestamp=self._clock.now(),
        )

    async def _probed(self, asked: Received[Probe]) -> Heartbeat:
        return self.beat()

    async def _controlled(self, word: Received[Control]) -> None:
        if word.body.action == "register" and not self._draining:
            self._log.info("register_again", reason=word.body.reason)
            await self.register()


def card_of(
    context: Context,
    *,
    agent_type: str,
    version: str,
    kind: Literal["agent", "bridge", "orchestrator", "service"] = "service",
    capabilities: tuple[str, ...] = (),
    tools: tuple[str, ...] = (),
    description: str = "",
    load_limit: int = 10,
) -> AgentCard:
    """A card for this instance of a role."""
    now = context.clock.now()
    return AgentCard(
        agent_id=context.name,
        type=agent_type,
        version=version,
        kind=kind,
        capabilities=list(capabilities),
        tools=list(tools),
        description=description,
        load_limit=load_limit,
        started_at=now,
        instance=new_id(now),
        interval=context.settings.heartbeat_seconds,
    )
