"""The mesh, as one process sees it: a connection for each zone of its role."""

import asyncio
from collections.abc import Callable

from nocmesh.bus.connection import Bus
from nocmesh.bus.credentials import Credentials
from nocmesh.bus.link import Link
from nocmesh.bus.speech import Speech
from nocmesh.bus.trust import Speaker, Trust
from nocmesh.clock import Clock
from nocmesh.errors import NocmeshError, PreconditionError
from nocmesh.subjects import Zone


class Mesh:
    """Connected; ``drain`` ends it."""

    def __init__(self, me: Speaker, trust: Trust, zones: dict[Zone, Bus]) -> None:
        self.me = me
        """As whom this process speaks."""
        self.trust = trust
        self.zones = zones

    @classmethod
    async def connect(
        cls,
        url: str,
        credentials: Credentials,
        *,
        clock: Clock,
        on_closed: Callable[[str], None] | None = None,
        timeout: float = 10.0,
    ) -> "Mesh":
        """One connection per zone of the role; each reconnects for ever.

        ``on_closed`` is called, with the reason, when one is lost for good (the key was revoked): the process should
        end then. Raises DeniedError when the keys are refused, BusError when no broker answers, PreconditionError
        when it is too old.
        """
        trust = Trust(credentials.trust)
        zones: dict[Zone, Bus] = {}
        try:
            for zone in credentials.jwts:
                link = await Link.open(url, zone, credentials, on_closed or (lambda _: None), timeout=timeout)
                zones[zone] = Bus(link, Speech(credentials, zone, clock, trust))
        except NocmeshError:
            await asyncio.gather(*(bus.stop() for bus in zones.values()))
            raise
        return cls(credentials.speaker, trust, zones)

    @property
    def core(self) -> Bus:
        """Where the truth is."""
        return self._zone(Zone.CORE)

    @property
    def agents(self) -> Bus:
        """Where agents work."""
        return self._zone(Zone.AGENTS)

    @property
    def edge(self) -> Bus:
        """Where alerts and requests come in."""
        return self._zone(Zone.EDGE)

    @property
    def ext(self) -> Bus:
        """What other systems may read."""
        return self._zone(Zone.EXT)

    async def drain(self, timeout: float = 30.0) -> None:
        """Take nothing new, finish what is in hand (``timeout`` at most), close. Never raises."""
        await asyncio.gather(*(bus.stop(timeout) for bus in self.zones.values()))

    def _zone(self, zone: Zone) -> Bus:
        if zone not in self.zones:
            has = ", ".join(each.value for each in self.zones) or "none"
            raise PreconditionError(f"the role {self.me.role} has nothing to do in {zone}; its zones: {has}")
        return self.zones[zone]
