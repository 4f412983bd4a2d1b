"""Alerts to incidents: every step is written before the next, and each can be done again after a crash.

An alert's event is appended first, with the incident it belongs to; then the incident's event; then the
investigation is asked for. All ids are functions of what came in, so that a repeated delivery changes nothing.
"""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from msgspec.structs import replace

from nocmesh.agent.network import load_network
from nocmesh.alerting.correlate import OpenIncident, incident_for
from nocmesh.alerting.episodes import AlertState, Over, fold
from nocmesh.alerting.sources import parse
from nocmesh.bus import Mesh, Received
from nocmesh.clock import Clock
from nocmesh.errors import BusError, LostRaceError
from nocmesh.ids import short_digest
from nocmesh.messages.alert import Alert, AlertEvent
from nocmesh.messages.incident import IncidentEvent
from nocmesh.messages.workflow import WorkflowRequest
from nocmesh.subjects import BY_PATTERN, places, subject
from nocmesh_agents.incidents.book import Book
from nocmesh_agents.incidents.life import RUN_PREFIX, Incident

MAX_RACES = 50
INCOMING = "ai.alerts.incoming.<source>"


class Intake:
    """Takes normalised alerts."""

    def __init__(self, mesh: Mesh, clock: Clock, book: Book, me: str) -> None:
        self._mesh = mesh
        self._clock = clock
        self._book = book
        self._me = me

    async def take(self, received: Received[bytes]) -> None:
        """Take in one body as a monitoring system sent it. Raises InvalidInputError: it goes to the dead letters."""
        source = places(BY_PATTERN[INCOMING], received.subject)["source"]
        for index, alert in enumerate(parse(source, received.body, received.at)):
            source_id = f"{received.id}#{index}"
            event = await self._taken_before(alert, source_id) if received.attempt > 1 else None
            event = event or await self._alert_event(alert, source_id)
            if event is not None and event.incident_id:
                await self._happened(event)

    async def _taken_before(self, alert: Alert, source_id: str) -> AlertEvent | None:
        """The event that an earlier delivery of this very message made, wherever it stands."""
        where = subject("ai.alerts.events.<alert_id>", alert_id=alert.alert_id)
        async for received in self._mesh.edge.history("ALERT_EVENTS", where, AlertEvent):
            if received.body.source_id == source_id:
                return received.body
        return None

    async def _happened(self, event: AlertEvent) -> None:
        if event.kind == "opened":
            await self._opened(event)
        elif event.kind == "resolved":
            await self._note(event, f"{event.alert.source} says that {event.alert.name} is resolved")

    async def _alert_event(self, alert: Alert, source_id: str) -> AlertEvent | None:
        """The alert's own event, appended once; None when the alert says nothing new."""
        where = subject("ai.alerts.events.<alert_id>", alert_id=alert.alert_id)
        for _ in range(MAX_RACES):
            last = await self._mesh.edge.last(where, AlertEvent)
            if last and last.body.source_id == source_id:
                return last.body
            state, event = fold(
                state_after(last.body) if last else None, alert, self._over(last.body) if last else None
            )
            if event is None:
                return None
            incident_id = await self._incident_id(event, last.body if last else None)
            event = replace(event, incident_id=incident_id, source_id=source_id, starts_at=state.starts_at)
            try:
                sequence = last.sequence if last else 0
                await self._mesh.edge.publish(where, event, id=f"{event.event_id}:{source_id}", expect_last=sequence)
            except LostRaceError:
                continue
            return event
        raise BusError(f"alert {alert.alert_id} moved {MAX_RACES} times while it was taken in")

    def _over(self, event: AlertEvent) -> Over | None:
        """How the incident of an alert's last event ended; None while it has not."""
        incident = self._book.get(event.incident_id)
        if incident is None or incident.ended_at is None:
            return None
        return Over(at=incident.ended_at, handed_over=incident.state == "escalated")

    async def _incident_id(self, event: AlertEvent, last: AlertEvent | None) -> str:
        if event.kind != "opened":
            return last.incident_id if last else ""
        network = await load_network(self._mesh.agents)
        joined = incident_for(event.alert, _open(self._book.all()), network)
        return joined or _new_incident_id(event)

    async def _opened(self, event: AlertEvent) -> None:
        """The alert joins its incident; where that is over by now, or was never another's, it opens its own."""
        own = _new_incident_id(event)
        if event.incident_id != own and await self._book.append(self._entry(event, "grew", f"also {event.alert.name}")):
            return
        event = replace(event, incident_id=own)
        await self._book.append(self._entry(event, "open", f"{event.alert.name}: {event.alert.summary}".rstrip(": ")))
        await self._investigate(event)

    def _entry(self, event: AlertEvent, kind: Literal["open", "grew"], text: str) -> IncidentEvent:
        return IncidentEvent(
            event_id=short_digest("incident", event.incident_id, event.event_id),
            incident_id=event.incident_id,
            kind=kind,
            state="open",
            at=self._clock.now(),
            text=text,
            actor=event.alert.source,
            data={"alert": event.alert.to_dict()},
        )

    async def _investigate(self, event: AlertEvent) -> None:
        """Ask for the run; asking twice starts one."""
        run_id = f"{RUN_PREFIX}{event.incident_id}"
        request = WorkflowRequest(
            workflow_id=run_id,
            workflow_type="incident_response",
            parameters={"alert": event.alert.to_dict(), "incident_id": event.incident_id},
            requester=self._me,
            correlation_id=event.incident_id,
            timestamp=self._clock.now(),
        )
        await self._mesh.edge.publish(
            subject("ai.workflows.request"), request, id=run_id, correlation_id=event.incident_id
        )

    async def _note(self, event: AlertEvent, text: str) -> None:
        await self._book.append(
            IncidentEvent(
                event_id=short_digest("note", event.incident_id, event.event_id),
                incident_id=event.incident_id,
                kind="note",
                state="open",
                at=self._clock.now(),
                text=text,
                actor=event.alert.source,
            )
        )


def state_after(event: AlertEvent) -> AlertState:
    """Where the alert stands after its last event."""
    return AlertState(
        alert_id=event.alert_id,
        episode=event.episode,
        open=event.kind in ("opened", "repeated"),
        count=event.count,
        starts_at=event.starts_at or event.alert.starts_at,
        first_at=event.at,
        last_at=event.at,
        alert=event.alert,
    )


def _open(incidents: Sequence[Incident]) -> list[OpenIncident]:
    return [
        OpenIncident(
            incident_id=incident.incident_id,
            alert_ids=incident.alert_ids,
            devices=incident.devices,
            last_at=incident.last_alert_at or incident.opened_at or datetime.min.replace(tzinfo=UTC),
        )
        for incident in incidents
        if incident.open
    ]


def _new_incident_id(event: AlertEvent) -> str:
    """A UUIDv7 made of the alert's receipt and its episode: the same however often it is computed."""
    millis = int(event.alert.received_at.timestamp() * 1000)
    rest = int(short_digest("incident", event.alert_id, str(event.episode)), 16) & ((1 << 80) - 1)
    value = (millis << 80) | rest
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return str(uuid.UUID(int=value))
