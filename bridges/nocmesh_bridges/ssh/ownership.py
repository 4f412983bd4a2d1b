"""Which of several bridges has a device: every one of them comes to the same answer, from nothing but the names.

Rendezvous hashing (Thaler and Ravishankar, "Using name-based mappings to increase hit rates", 1998): each bridge has a
weight for each device, and the heaviest has it. Who comes or goes moves the devices that it gets or had, no others.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import blake2b

from nocmesh.errors import InvalidInputError
from nocmesh.messages.agent import Heartbeat

MISSED = 3
"""A bridge of which so many beats in a row were not heard is not there."""
LONGEST_INTERVAL = 60.0
"""Seconds: whoever says that it beats more seldom is believed this much."""


def owner_of(device: str, bridges: Iterable[str]) -> str:
    """The one of ``bridges`` that has ``device``. Raises InvalidInputError when there is none at all."""
    found = max(bridges, key=lambda bridge: (_weight(bridge, device), bridge), default="")
    if not found:
        raise InvalidInputError(f"no bridge is there to have {device}", field="bridges")
    return found


def _weight(bridge: str, device: str) -> bytes:
    return blake2b(f"{bridge}\0{device}".encode(), digest_size=8).digest()


class Roll:
    """The bridges that are there, as one of them has heard. It is always there itself."""

    def __init__(self, me: str) -> None:
        self._me = me
        self._until: dict[str, datetime] = {}
        self._leaving: set[str] = set()

    def hear(self, beat: Heartbeat, now: datetime) -> None:
        """A beat came: that bridge is there, or takes nothing new because it leaves."""
        seconds = min(max(beat.interval, 0.0), LONGEST_INTERVAL) * MISSED
        self._until[beat.agent_id] = now + timedelta(seconds=seconds)
        if beat.status == "draining":
            self._leaving.add(beat.agent_id)
        else:
            self._leaving.discard(beat.agent_id)

    def lose(self, bridge: str) -> None:
        """It does not answer: it is not there until it is heard again."""
        self._until.pop(bridge, None)

    def lives(self, bridge: str, now: datetime) -> bool:
        """Whether an answer of ``bridge`` may still come."""
        return bridge == self._me or self._until.get(bridge, now) > now

    def present(self, now: datetime) -> list[str]:
        """Those that devices belong to now."""
        others = (bridge for bridge in self._until if bridge != self._me and bridge not in self._leaving)
        return [self._me, *(bridge for bridge in others if self.lives(bridge, now))]
