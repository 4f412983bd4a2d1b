"""Why a session fell, in each vendor's words (FRRouting 8.4's peer-down reasons; codes of RFC 4271 §4.5, RFC 4486)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from nocmesh.proving.simulated.bgp import Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """Why a session last fell."""

    cause: Cause
    here: bool
    """Whether this end's own configuration did it."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Notification:
    """A NOTIFICATION message."""

    code: int
    subcode: int
    frr: str
    ios: str


BAD_PEER_AS = Notification(2, 2, "OPEN Message Error/Bad Peer AS", "peer in wrong AS")
MAX_PREFIX = Notification(6, 1, "Cease/Maximum Number of Prefixes Reached", "Maximum Number of Prefixes Reached")
SHUT = Notification(6, 2, "Cease/Administrative Shutdown", "Administrative Shutdown")
REMOVED = Notification(6, 3, "Cease/Peer De-configured", "Peer De-configured")
CHANGED = Notification(6, 6, "Cease/Other Configuration Change", "Other Configuration Change")

SENT: Mapping[Cause, Notification] = {
    Cause.BAD_AS: BAD_PEER_AS,
    Cause.PREFIXES: MAX_PREFIX,
}
RECEIVED: Mapping[Cause, Notification] = {
    Cause.PEER_BAD_AS: BAD_PEER_AS,
    Cause.PEER_PREFIXES: MAX_PREFIX,
    Cause.PEER_ADMIN: SHUT,
    Cause.PEER_FAMILY: CHANGED,
    Cause.REFUSED: REMOVED,
}
PLAIN: Mapping[Cause, tuple[str, int]] = {
    Cause.ADMIN: ("Admin. shutdown", 11),
    Cause.INTERFACE: ("Interface down", 25),
    Cause.NO_ROUTE: ("Waiting for NHT", 27),
    Cause.NOT_CONNECTED: ("Waiting for NHT", 27),
    Cause.FAMILY: ("No AFI/SAFI activated for peer", 30),
    Cause.WAITING: ("Peer closed the session", 15),
}
"""FRRouting's reasons without a message, with their number."""


def notification_of(reset: Reset) -> tuple[bool, Notification] | None:
    """The message that ended it, and whether this end sent it; None: it ended without one."""
    if reset.cause in SENT:
        return True, SENT[reset.cause]
    if reset.cause in PLAIN:
        return None
    if reset.here:
        return True, CHANGED
    return False, RECEIVED.get(reset.cause, CHANGED)


def frr_reason(reset: Reset) -> tuple[str, int]:
    """FRRouting's `lastResetDueTo` and `lastResetCode`."""
    told = notification_of(reset)
    if told is None:
        return PLAIN[reset.cause]
    return ("BGP Notification send", 14) if told[0] else ("BGP Notification received", 13)


def ios_reason(reset: Reset) -> str:
    """What IOS prints after `due to`."""
    told = notification_of(reset)
    if told is not None:
        return f"BGP Notification {'sent' if told[0] else 'received'}, {told[1].ios}"
    words = {
        Cause.ADMIN: "Admin. shutdown",
        Cause.INTERFACE: "Interface flap",
        Cause.WAITING: "Peer closed the session",
    }
    return words.get(reset.cause, "Active open failed")
