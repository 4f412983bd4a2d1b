"""Telling a sender's retry from the same trouble again, by the id under which a body is published.

A sender that got no 202 sends the same bytes again within seconds; the stream then sees the same id and keeps one.
The same bytes after the window, or after another body has spoken of the same alerts in between (fired, resolved,
fired), are news. Another instance of this bridge remembers nothing of it: the worst case is a repeat that is counted
twice, never an alert that is lost.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from nocmesh import ids

RETRIES = timedelta(seconds=90)
"""Shorter than the stream's own window (120 s), and than any sender's usual repeat (5 minutes)."""
REMEMBERED = 100_000
"""Alerts; past that the oldest are forgotten, whatever their age."""


@dataclass(frozen=True, slots=True)
class _Delivery:
    digest: str
    id: str
    first_at: datetime


class Deliveries:
    """What was delivered within the window, by alert."""

    def __init__(self) -> None:
        self._last: dict[str, _Delivery] = {}

    def id_for(self, source: str, body: bytes, alert_ids: Sequence[str], at: datetime) -> str:
        """The id to publish ``body`` under, received ``at``; the same as before when it is a retry."""
        self._forget(at)
        digest = hashlib.sha256(source.encode() + b"\x1f" + body).hexdigest()
        before = {self._last.get(alert_id) for alert_id in alert_ids}
        known = next(iter(before)) if len(before) == 1 else None
        if known and known.digest == digest:
            return known.id
        delivery = _Delivery(digest, _new_id(digest, before, at), at)
        for alert_id in alert_ids:
            self._last.pop(alert_id, None)  # so that the order of the dict is the order of arrival
            self._last[alert_id] = delivery
        return delivery.id

    def _forget(self, at: datetime) -> None:
        while self._last:
            oldest = next(iter(self._last))
            if at - self._last[oldest].first_at <= RETRIES and len(self._last) <= REMEMBERED:
                return
            del self._last[oldest]


def _new_id(digest: str, before: set[_Delivery | None], at: datetime) -> str:
    """A function of the body, the minute, and what was said of the same alerts just before."""
    minute = str(int(at.timestamp()) // 60)
    return ids.short_digest(digest, minute, *sorted(one.id for one in before if one))
