"""The incidents as one instance knows them, and the one way to write to their timelines."""

from msgspec.structs import replace

from nocmesh.bus import Bus, Received
from nocmesh.errors import BusError, LostRaceError
from nocmesh.log import Log
from nocmesh.messages.incident import IncidentEvent
from nocmesh.subjects import subject
from nocmesh_agents.incidents.life import Incident, fold

SUBJECT = "ai.incidents.events.<incident_id>"
MAX_RACES = 50


class Book:
    """Follows every incident; appends guarded, so that several instances may write."""

    def __init__(self, core: Bus, log: Log) -> None:
        self._core = core
        self._log = log
        self._incidents: dict[str, Incident] = {}

    def all(self) -> list[Incident]:
        """Every incident that was seen so far."""
        return list(self._incidents.values())

    def get(self, incident_id: str) -> Incident | None:
        """The incident as far as it was seen."""
        return self._incidents.get(incident_id)

    async def saw(self, received: Received[IncidentEvent]) -> None:
        """Take in an event that somebody appended."""
        event = received.body
        known = self._incidents.get(event.incident_id)
        if known is None or event.event_id not in known.seen:
            self._incidents[event.incident_id] = fold(known, event)

    async def load(self, incident_id: str) -> tuple[Incident | None, int]:
        """The incident as it is stored, and the sequence of its last event."""
        incident, last = None, 0
        async for received in self._core.history("INCIDENTS", subject(SUBJECT, incident_id=incident_id), IncidentEvent):
            incident, last = fold(incident, received.body), received.sequence
        return incident, last

    async def append(self, event: IncidentEvent) -> bool:
        """Append ``event`` unless it stands there already; a fact that is no transition keeps the incident's state.

        False: it is an alert, and the incident is over and takes none any more. Raises BusError when the race is lost
        again and again.
        """
        for _ in range(MAX_RACES):
            incident, last = await self.load(event.incident_id)
            if incident and event.event_id in incident.seen:
                return True
            if incident and event.kind == "grew" and not incident.open:
                return False
            kept = _keeping_state(incident, event)
            if await self.append_after(kept, last):
                self._incidents[event.incident_id] = fold(incident, kept)
                return True
        raise BusError(f"incident {event.incident_id} moved {MAX_RACES} times while an event waited")

    async def append_after(self, event: IncidentEvent, last: int) -> int:
        """Append ``event`` if ``last`` is still the last of its incident: its sequence, or 0 when it is not."""
        try:
            sequence = await self._core.publish(
                subject(SUBJECT, incident_id=event.incident_id),
                event,
                id=event.event_id,
                correlation_id=event.incident_id,
                expect_last=last,
            )
        except LostRaceError:
            return 0
        self._log.info("incident", incident=event.incident_id, kind=event.kind, state=event.state, text=event.text)
        return sequence


def _keeping_state(incident: Incident | None, event: IncidentEvent) -> IncidentEvent:
    return replace(event, state=incident.state) if incident and event.kind in ("grew", "note") else event
