"""Episodes: an alert opens, repeats and resolves, and the next opening is the next episode. Pure.

Messages come late, twice and in the wrong order. Two rules keep the episodes right: a resolution ends an episode only
if it belongs to the latest start that we know; and a firing message of the start that has just been resolved is the
old one that came late, for ``LATE``. After that the sender means it: better a spurious episode than a lost alert.

An alert that still fires when its incident is over opens the next episode: at once where it names a start after that
end, else after ``LATE``; not the latter where a person has the incident, who knows that it fires.
"""

from datetime import datetime, timedelta
from typing import Literal

from nocmesh import ids
from nocmesh.messages.alert import Alert, AlertEvent
from nocmesh.messages.base import Message

LATE = timedelta(minutes=2)
"""Longer than a sender's own retries take, shorter than the shortest usual repeat interval (5 minutes)."""


class AlertState(Message, frozen=True, kw_only=True):
    """Where one alert stands. Folding the same messages again gives the same state."""

    alert_id: str
    episode: int = 0
    """How often it has opened; 0: only a resolution has been seen."""
    open: bool = False
    count: int = 0
    """Firing messages of the present episode, or of the last one."""
    starts_at: datetime | None = None
    """The latest start that the source named in this episode."""
    first_at: datetime
    """When the first message of this episode was received."""
    last_at: datetime
    """When the last one was."""
    alert: Alert
    """The latest firing message of the episode; the resolution, where there is none."""


class Over(Message, frozen=True, kw_only=True):
    """The incident of an alert has ended."""

    at: datetime
    handed_over: bool
    """To a person, who goes on with it."""


def fold(state: AlertState | None, alert: Alert, over: Over | None = None) -> tuple[AlertState, AlertEvent | None]:
    """The state after ``alert``, and what happened: opened, repeated, resolved; None when nothing did.

    ``state`` is the one of the same alert id, None before its first message; ``over`` tells that the incident which its
    present episode opened or joined has ended.
    """
    if alert.status == "resolved":
        return _resolved(state, alert)
    if state is None or not state.open or (over and _fires_again(alert, over)):
        return _opened(state, alert)
    after = _with(state, alert, count=state.count + 1)
    return after, _event(after, "repeated", alert)


def _opened(state: AlertState | None, alert: Alert) -> tuple[AlertState, AlertEvent | None]:
    if state and not state.open and _came_late(state, alert):
        return state, None
    after = AlertState(
        alert_id=alert.alert_id,
        episode=(state.episode if state else 0) + 1,
        open=True,
        count=1,
        starts_at=alert.starts_at,
        first_at=alert.received_at,
        last_at=alert.received_at,
        alert=alert,
    )
    return after, _event(after, "opened", alert)


def _resolved(state: AlertState | None, alert: Alert) -> tuple[AlertState, AlertEvent | None]:
    if state is None:
        never = _never_opened(alert)
        return never, _event(never, "resolved", alert)
    if not state.open or _of_an_older_start(state, alert):
        return state, None
    after = AlertState(
        alert_id=state.alert_id,
        episode=state.episode,
        count=state.count,
        starts_at=state.starts_at,
        first_at=state.first_at,
        last_at=max(state.last_at, alert.received_at),
        alert=state.alert,
    )
    return after, _event(after, "resolved", alert)


def _never_opened(alert: Alert) -> AlertState:
    """Told and kept all the same, so that the firing message that this one overtook opens nothing."""
    return AlertState(
        alert_id=alert.alert_id,
        starts_at=alert.starts_at,
        first_at=alert.received_at,
        last_at=alert.received_at,
        alert=alert,
    )


def _came_late(state: AlertState, alert: Alert) -> bool:
    """A firing message of an episode that is over."""
    if alert.starts_at is None or state.starts_at is None or alert.starts_at > state.starts_at:
        return False
    return alert.received_at - state.last_at <= LATE


def _fires_again(alert: Alert, over: Over) -> bool:
    """Whether a firing message is news for an incident that has ended."""
    if alert.starts_at is not None and alert.starts_at > over.at:
        return True
    return not over.handed_over and alert.received_at - over.at > LATE


def _of_an_older_start(state: AlertState, alert: Alert) -> bool:
    """A resolution of an episode before this one."""
    if state.starts_at is None:
        return False
    told = alert.starts_at or alert.ends_at
    return told is not None and told < state.starts_at


def _with(state: AlertState, alert: Alert, *, count: int) -> AlertState:
    """Each field by a rule that does not depend on the order in which the messages came."""
    starts = [at for at in (state.starts_at, alert.starts_at) if at]
    return AlertState(
        alert_id=state.alert_id,
        episode=state.episode,
        open=True,
        count=count,
        starts_at=max(starts, default=None),
        first_at=min(state.first_at, alert.received_at),
        last_at=max(state.last_at, alert.received_at),
        alert=max(state.alert, alert, key=_newness),
    )


def _newness(alert: Alert) -> tuple[datetime, bytes]:
    return alert.received_at, alert.to_json()


def _event(state: AlertState, kind: Literal["opened", "repeated", "resolved"], alert: Alert) -> AlertEvent:
    """Its id is a function of alert, episode, kind and count: publishing it again after a crash changes nothing."""
    return AlertEvent(
        event_id=ids.short_digest(state.alert_id, str(state.episode), kind, str(state.count)),
        alert_id=state.alert_id,
        episode=state.episode,
        kind=kind,
        at=alert.received_at,
        alert=alert,
        count=state.count,
    )
