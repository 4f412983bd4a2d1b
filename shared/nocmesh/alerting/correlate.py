"""Which open incident an alert belongs to: by its own id, then by device, then by link, within a window. Pure.

A first cut: it looks at topology and time, not at likeness of text.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from nocmesh.messages.alert import Alert
from nocmesh.messages.base import Message
from nocmesh.network import Network

WINDOW = timedelta(minutes=5)
"""One fault's alerts arrive within a scrape interval, a rule's `for` and a group interval of each other."""


class OpenIncident(Message, frozen=True, kw_only=True):
    """What correlation needs to know of an incident that is not closed."""

    incident_id: str
    last_at: datetime
    """When its latest alert was received."""
    alert_ids: list[str] = []
    devices: list[str] = []
    """Devices that its alerts name, as the sources name them."""


def incident_for(alert: Alert, open_incidents: Iterable[OpenIncident], network: Network) -> str | None:
    """The incident that ``alert`` joins, or None: it is the start of a new one.

    The same alert belongs to its incident however long it lasts. Another alert joins the incident of the same device,
    or else of a device at the other end of a link, when both were received within ``WINDOW``; the latest wins.
    """
    latest_first = sorted(open_incidents, key=lambda one: (one.last_at, one.incident_id), reverse=True)
    for incident in latest_first:
        if alert.alert_id in incident.alert_ids:
            return incident.incident_id
    here = _known_as(alert.device, network)
    if not here:
        return None
    recent = [one for one in latest_first if abs(alert.received_at - one.last_at) <= WINDOW]
    for places in ({here}, _next_to(here, network)):
        for incident in recent:
            if places & {_known_as(name, network) for name in incident.devices}:
                return incident.incident_id
    return None


def _known_as(name: str, network: Network) -> str:
    """The inventory's name for the device; what it does not know keeps the source's, in small letters."""
    device = network.device(name) if name else None
    return device.name if device else name.strip().lower()


def _next_to(device: str, network: Network) -> set[str]:
    return {far.device for _, _, far in network.neighbours(device)}
