"""The names of an interface that a trap gives by number only: the device itself is asked, within a short time.

RFC 2863 has linkDown carry ifIndex and two states; what people call the interface is in ifName, ifDescr and ifAlias.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from nocmesh.alerting import traps
from nocmesh.alerting.snmp import interface_index
from nocmesh.errors import NocmeshError
from nocmesh.log import Log
from nocmesh.messages.trap import Bound, TrapSeen
from nocmesh_bridges.snmp import value as v
from nocmesh_bridges.snmp.asking import Asker
from nocmesh_bridges.snmp.target import Target

PATIENCE = 1.5
"""Seconds for all of one batch: an alert with a number beats a name that comes late."""
KEPT_SECONDS = 300.0
SILENT_SECONDS = 30.0
"""A device that did not answer is not asked again for so long."""
MAX_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Names:
    """What one interface is called."""

    name: str = ""
    description: str = ""
    alias: str = ""


class Namer:
    """Completes traps about interfaces."""

    def __init__(self, asker: Asker, targets: Mapping[str, Target], log: Log) -> None:
        self._asker = asker
        self._targets = targets
        self._log = log
        self._kept: dict[tuple[str, str], tuple[float, Names]] = {}

    async def named(self, seen: Sequence[TrapSeen]) -> list[TrapSeen]:
        """The same, with names where they can be had."""
        own = [_by_its_own_word(one) for one in seen]
        wanted = {(one.device, interface_index(one)) for one in own if _about_interface(one) and not one.interface}
        unknown = [key for key in wanted if key[0] in self._targets and key[1].isdigit() and not self._fresh(key)]
        if unknown:
            await self._learn(unknown)
        return [self._completed(one) for one in own]

    def _fresh(self, key: tuple[str, str]) -> bool:
        return key in self._kept and time.monotonic() < self._kept[key][0]

    async def _learn(self, keys: Sequence[tuple[str, str]]) -> None:
        """Ask for all of them at once; whoever is late is taken for silent."""
        tasks = {asyncio.ensure_future(self._ask(*key)): key for key in keys}
        done, late = await asyncio.wait(tasks, timeout=PATIENCE)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        for task in done:
            task.result()
        for task in late:
            self._keep(tasks[task], Names(), SILENT_SECONDS)

    async def _ask(self, device: str, index: str) -> None:
        columns = (traps.IF_NAME, traps.IF_DESCR, traps.IF_ALIAS)
        try:
            binds = await self._asker.get(self._targets[device], [f"{column}{index}" for column in columns])
        except NocmeshError as wrong:
            self._log.info("interface_not_named", device=device, index=index, why=wrong.message)
            self._keep((device, index), Names(), SILENT_SECONDS)
            return
        words = ["" if bind.value.kind in v.ABSENT else bind.value.words for bind in binds]
        self._keep((device, index), Names(*words), KEPT_SECONDS)

    def _keep(self, key: tuple[str, str], names: Names, seconds: float) -> None:
        if len(self._kept) >= MAX_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = (time.monotonic() + seconds, names)

    def _completed(self, seen: TrapSeen) -> TrapSeen:
        known = self._kept.get((seen.device, interface_index(seen))) if _about_interface(seen) else None
        if known is None:
            return seen
        names = known[1]
        return replace(
            seen,
            interface=seen.interface or names.name,
            description=seen.description or names.description,
            alias=seen.alias or names.alias,
        )


def _about_interface(seen: TrapSeen) -> bool:
    meaning = traps.MEANINGS.get(seen.trap)
    return meaning is not None and meaning.about == "interface"


def _by_its_own_word(seen: TrapSeen) -> TrapSeen:
    """Many devices add the names to linkDown."""
    if not _about_interface(seen):
        return seen
    return replace(
        seen,
        interface=_first(seen.varbinds, traps.IF_NAME),
        description=_first(seen.varbinds, traps.IF_DESCR),
        alias=_first(seen.varbinds, traps.IF_ALIAS),
    )


def _first(binds: Sequence[Bound], column: str) -> str:
    return next((bind.value for bind in binds if bind.oid.startswith(column)), "")
