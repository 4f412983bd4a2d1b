"""A session's journal: each thought, action and observation is written before the next begins.

Appends are guarded by the sequence of the one before: when another instance took the session over, the first loses the
race and stops.
"""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from nocmesh.bus import Bus
from nocmesh.clock import Clock
from nocmesh.ids import new_id
from nocmesh.messages.session import Observation, SessionEvent, ToolCall
from nocmesh.messages.state import DeviceState, Output
from nocmesh.messages.task import TaskAssignment
from nocmesh.subjects import subject

STREAM = "SESSIONS"
OBJECTS = "observations"
LARGE = 64 * 1024
"""Bytes: a longer output goes to the object store, and the event carries its sha256."""
ROOM = 256 * 1024
"""Bytes: so much of shorter outputs has room in one event; the broker carries a megabyte."""
STATE_ROOM = 256 * 1024
"""Bytes: so much of typed state; what does not fit any more goes to the object store too."""

Kind = Literal["claimed", "thought", "action", "observation", "report", "handoff", "failed"]


class SessionJournal:
    """The journal of one session; the session's id is its task's."""

    def __init__(self, agents: Bus, clock: Clock, *, agent_type: str, agent_id: str, task: TaskAssignment) -> None:
        self._bus = agents
        self._clock = clock
        self._type = agent_type
        self._me = agent_id
        self._task = task
        self._where = subject("ai.agents.sessions.<type>.<session_id>", type=agent_type, session_id=task.task_id)
        self._sequence = 0
        self._writer = new_id(clock.now())
        """Ours alone: a message id is proof of our own writing, and one instance may be handed its task twice."""
        self.events: list[SessionEvent] = []
        self.carried: Sequence[Observation] = ()
        """What an earlier session of the same run saw a moment ago, and this one need not ask again."""

    async def load(self) -> Sequence[SessionEvent]:
        """Everything that was written so far, by whichever instance, large outputs included."""
        self.events = []
        async for received in self._bus.history(STREAM, self._where, SessionEvent):
            self.events.append(await inflated(self._bus, received.body))
            self._sequence = received.sequence
        return self.events

    @property
    def seen(self) -> list[Observation]:
        """Every observation so far, in order; first those that were carried over."""
        return [*self.carried, *self.own]

    @property
    def own(self) -> list[Observation]:
        """What this session itself observed."""
        return [observation for event in self.events for observation in event.observations]

    async def write(
        self,
        kind: Kind,
        text: str,
        *,
        calls: Sequence[ToolCall] = (),
        observations: Sequence[Observation] = (),
        result: dict[str, Any] | None = None,
    ) -> SessionEvent:
        """Append one entry. Raises LostRaceError when another instance goes on with the session."""
        event = SessionEvent(
            session_id=self._task.task_id,
            agent_type=self._type,
            agent_id=self._me,
            index=len(self.events),
            kind=kind,
            at=self._clock.now(),
            text=text,
            calls=list(calls),
            observations=list(observations),
            result=result or {},
            incident_id=self._task.incident_id,
            task_id=self._task.task_id,
            correlation_id=self._task.correlation_id,
        )
        self._sequence = await self._bus.publish(
            self._where,
            await self._deflate(event),
            id=f"{self._task.task_id}:{event.index}:{self._writer}",
            correlation_id=self._task.correlation_id,
            expect_last=self._sequence,
        )
        self.events.append(event)
        return event

    async def _deflate(self, event: SessionEvent) -> SessionEvent:
        """``event`` as it is stored: what would not fit goes to the object store."""
        room, observations = ROOM, []
        for seen in event.observations:
            outputs: list[Output] = []
            for output in seen.outputs:
                raw = output.text.encode()
                if len(raw) > min(LARGE, room):
                    output = replace(output, text="", object=await self._put(raw))
                else:
                    room -= len(raw)
                outputs.append(output)
            observations.append(replace(seen, outputs=outputs))
        return replace(event, observations=await self._deflate_states(observations))

    async def _deflate_states(self, observations: Sequence[Observation]) -> list[Observation]:
        """The same, of typed states: those of a dozen routers would fill an event."""
        room, kept = STATE_ROOM, []
        for seen in observations:
            raw = seen.state.to_json() if seen.state else b""
            if len(raw) > room:
                seen = replace(seen, state=None, state_object=await self._put(raw))
            else:
                room -= len(raw)
            kept.append(seen)
        return kept

    async def _put(self, raw: bytes) -> str:
        return await self._bus.objects(OBJECTS).put(raw)


async def inflated(bus: Bus, event: SessionEvent) -> SessionEvent:
    """``event`` with everything in its place that was too large for it. Raises what the object store raises."""
    return replace(event, observations=[await _fetch(bus, seen) for seen in event.observations])


async def _fetch(bus: Bus, seen: Observation) -> Observation:
    outputs: list[Output] = []
    for output in seen.outputs:
        if output.object:
            text = (await bus.objects(OBJECTS).get(output.object)).decode()
            output = replace(output, text=text)
        outputs.append(output)
    state = seen.state
    if seen.state_object:
        state = msgspec.json.decode(await bus.objects(OBJECTS).get(seen.state_object), type=DeviceState)
    return replace(seen, outputs=outputs, state=state)
