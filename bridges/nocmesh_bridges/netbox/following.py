"""What changes in NetBox, as its webhooks tell: cached answers go, and the mesh's own network is looked at again.

The bridges read the inventory when they start. When NetBox has moved on, that is said here, in the log, in every answer
of the tool and as a number; the bridges are not made to follow, because a device's address must not change under a
change that is under way.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

from nocmesh.agent.network import load_network
from nocmesh.bus import Bus, Received
from nocmesh.errors import NocmeshError
from nocmesh.inventory import load_inventory
from nocmesh.log import Log
from nocmesh.messages.inventory import InventoryChanged
from nocmesh.network import Network
from nocmesh.runtime import until
from nocmesh_bridges.netbox.cache import Cache
from nocmesh_bridges.netbox.stale import differences

GATHER_SECONDS = 5.0
"""People change many objects at once: NetBox tells of each, and all of them are read again once."""


class Following:
    """Hears of changes."""

    def __init__(self, agents: Bus, cache: Cache, inventory: Path, log: Log) -> None:
        self.stale: list[str] = []
        """Where the mesh's network differs from NetBox's, as far as was heard."""
        self.heard = 0
        self._agents, self._cache, self._inventory, self._log = agents, cache, inventory, log
        self._changed = asyncio.Event()

    async def take(self, received: Received[InventoryChanged]) -> None:
        """One change."""
        change = received.body
        dropped = self._cache.drop(change.model)
        self.heard += 1
        self._log.info("netbox_changed", model=change.model, happened=change.event, answers_dropped=dropped)
        self._changed.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Look again after changes, until ``stopping``."""
        while not stopping.is_set():
            waits = [asyncio.ensure_future(stopping.wait()), asyncio.ensure_future(self._changed.wait())]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in waits:
                    each.cancel()
            if not await until(stopping, GATHER_SECONDS):
                self._changed.clear()
                await self._look(self._read)

    async def _look(self, read: Callable[[], Network]) -> None:
        try:
            now = await asyncio.to_thread(read)
            self.stale = differences(await load_network(self._agents), now)
        except NocmeshError as wrong:
            self._log.warning("netbox_not_read_again", reason=wrong.message)
            return
        if self.stale:
            self._log.warning("inventory_stale", differences=self.stale, next="start the bridges again to take it over")
        else:
            self._log.info("inventory_current")

    def _read(self) -> Network:
        return load_inventory(self._inventory).network()
