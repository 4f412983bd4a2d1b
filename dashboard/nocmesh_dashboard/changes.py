"""Which part of a page a message makes old. Pure."""

from nocmesh.engine.state import Transition
from nocmesh.messages.alert import AlertEvent
from nocmesh.messages.approval import ApprovalRequest, Decision, Vote
from nocmesh.messages.incident import IncidentEvent
from nocmesh.messages.session import SessionEvent
from nocmesh_dashboard.backend import Change


def change_of(body: object) -> Change:
    """The topic that ``body`` belongs to, and the thing that changed. A session changes the incident it is about.

    Raises TypeError for any other message; who is there is judged by the roster, not by messages.
    """
    match body:
        case IncidentEvent():
            return Change(topic="incidents", id=body.incident_id)
        case SessionEvent():
            return Change(topic="sessions", id=body.incident_id)
        case ApprovalRequest() | Vote() | Decision():
            return Change(topic="approvals", id=body.approval_id)
        case AlertEvent():
            return Change(topic="alerts", id=body.alert_id)
        case Transition():
            return Change(topic="runs", id=body.run_id)
    raise TypeError(f"{type(body).__name__} changes nothing that a page shows")
