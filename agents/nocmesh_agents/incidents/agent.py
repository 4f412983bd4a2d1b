"""Ears and mouth of the incidents role: alerts and the runs' journals in, timelines and the public feed out."""

import asyncio
from typing import Any

from nocmesh.agent.baselines import load_book
from nocmesh.agent.network import load_network
from nocmesh.bus import Received, Worker
from nocmesh.engine.state import Transition
from nocmesh.errors import BusError, InvalidInputError
from nocmesh.messages.alert import AlertEvent
from nocmesh.messages.incident import IncidentEvent
from nocmesh.runtime import Context, Role, until
from nocmesh.subjects import subject
from nocmesh_agents.incidents.book import Book
from nocmesh_agents.incidents.intake import Intake
from nocmesh_agents.incidents.life import RUN_PREFIX, Incident, fold, from_transition, reports
from nocmesh_agents.incidents.report import NOWHERE, Around, concerned

JOURNAL = "ai.workflows.journal.<run_id>"
MAX_RACES = 50
CATCH_UP_SECONDS = 0.05


class Incidents:
    """Alone writes incident events."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.mesh = context.mesh
        self.log = context.log.bind(agent=context.name)
        self.book = Book(context.mesh.core, self.log)
        self.intake = Intake(context.mesh, context.clock, self.book, context.name)

    async def run(self) -> None:
        """Work until the context says stop."""
        core, edge = self.mesh.core, self.mesh.edge
        follower = await core.follow("INCIDENTS", IncidentEvent, self.book.saw)
        while not follower.caught_up.is_set():  # else the first alert would not see the incident that it belongs to
            if await until(self.context.stopping, CATCH_UP_SECONDS):
                break
        workers: list[Worker[Any]] = [
            await edge.work("ALERTS", "incidents", bytes, self.intake.take, slots=1),
            await core.work("JOURNAL", "incidents", Transition, self._moved, slots=8),
            await core.work("INCIDENTS", "feed", IncidentEvent, self._feed_incident, slots=1),  # in their order
            await edge.work("ALERT_EVENTS", "feed", AlertEvent, self._feed_alert, slots=1),
        ]
        await self.context.stopping.wait()
        for worker in workers:
            await worker.stop()
        await follower.stop()

    async def _moved(self, received: Received[Transition]) -> None:
        """A run moved on: bring its incident up to it, from whatever transition it was at.

        Which incident is in the run's name, that nobody else may choose; its parameters are whatever somebody wrote.
        """
        if received.body.run_id != f"{RUN_PREFIX}{received.body.state.incident_id}":
            return
        for _ in range(MAX_RACES):
            if await self._catch_up(received.body):
                return
        raise BusError(f"run {received.body.run_id}: its incident moved {MAX_RACES} times")

    async def _catch_up(self, reached: Transition) -> bool:
        """Append what the transitions up to ``reached`` mean; False when somebody else appended in between."""
        incident, last = await self.book.load(reached.state.incident_id)
        if incident is None:
            raise BusError(f"run {reached.run_id} has no incident yet: its first event comes first; tried again later")
        where = subject(JOURNAL, run_id=reached.run_id)
        async for received in self.mesh.core.history("JOURNAL", where, Transition):
            for event in await self._news(incident, received.body):
                if event.event_id in incident.seen:
                    continue
                last = await self.book.append_after(event, last)
                if not last:
                    return False
                incident = fold(incident, event)
        return True

    async def _news(self, incident: Incident, transition: Transition) -> list[IncidentEvent]:
        """What ``transition`` means; nothing where all of it was told."""
        told = from_transition(incident, transition)
        if all(event.event_id in incident.seen for event in told):
            return []
        around = await self._around(transition)
        return await asyncio.to_thread(from_transition, incident, transition, around)  # seconds, in a large network

    async def _around(self, transition: Transition) -> Around:
        """The network and its devices' past, where a report will say how bad it is; what is unreadable is unknown."""
        devices = concerned(transition.state) if reports(transition) else []
        if not devices:
            return NOWHERE
        try:
            network = await load_network(self.mesh.agents)
            books = [book for name in devices if (book := await load_book(self.mesh.agents, name))]
        except InvalidInputError as wrong:
            self.log.warning("surroundings_unknown", run=transition.run_id, error=wrong.message)
            return NOWHERE
        return Around(network=network, books={book.device: book for book in books})

    async def _feed_incident(self, received: Received[IncidentEvent]) -> None:
        event = received.body
        where = subject("ai.feed.incidents.<incident_id>", incident_id=event.incident_id)
        await self.mesh.ext.publish(where, event, id=event.event_id, correlation_id=event.incident_id)

    async def _feed_alert(self, received: Received[AlertEvent]) -> None:
        event = received.body
        where = subject("ai.feed.alerts.<alert_id>", alert_id=event.alert_id)
        await self.mesh.ext.publish(where, event, id=event.event_id, correlation_id=event.incident_id)


async def run(context: Context) -> None:
    """The role."""
    await Incidents(context).run()


role = Role(name="incidents", bus_role="incidents", type="incidents", run=run)
