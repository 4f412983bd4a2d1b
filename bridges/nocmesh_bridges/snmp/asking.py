"""GET and WALK within bounds: time, retries, rows, and requests at one device; errors in our words.

A walk is whole or it says so: it ends where the next OID leaves the subtree or the device has no more, never in
silence (RFC 3416 §4.2.3). An agent that gives an OID twice or goes back would be walked for ever: that is an error.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from nocmesh.errors import (
    DeviceError,
    DeviceRejectedError,
    DeviceSilentError,
    DeviceTimeoutError,
    DeviceUnreachableError,
)
from nocmesh_bridges.snmp import value as v
from nocmesh_bridges.snmp.engine import Engine, Reply
from nocmesh_bridges.snmp.target import Target
from nocmesh_bridges.snmp.value import Value, VarBind

MAX_ROWS = 5_000
AT_A_TIME = 20
"""Rows of one GETBULK: more have made agents answer less than all without a word."""
PER_GET = 24
"""Variables of one GET: what fits into one datagram of any agent (RFC 3417 §3.2: 484 octets must)."""
AT_ONCE = 2
"""Requests at one device: an agent is one thread on a small processor."""

_REFUSED = {
    "wrongDigest": "the authentication password is wrong",
    "authenticationFailure": "the authentication password is wrong",
    "unknownUserName": "it knows no such user",
    "unknownSecurityName": "it knows no such user",
    "decryptionError": "the privacy password is wrong",
    "unsupportedSecurityLevel": "its user is not one with authentication and privacy",
    "notInTimeWindow": "its clock and ours are too far apart for its boot counter",
    "unknownEngineID": "its engine id is not the one that it said before",
}
"""RFC 3414 §3.2: what a device of version 3 tells about credentials, which one of 2c does not."""


@dataclass(frozen=True, slots=True)
class Walked:
    """A subtree's instances; not ``complete``: there are more than the bound allows."""

    varbinds: list[VarBind]
    complete: bool


class Asker:
    """Asks devices."""

    def __init__(self, engine: Engine, *, timeout: float = 2.0, retries: int = 2, at_once: int = AT_ONCE) -> None:
        self._engine = engine
        self._timeout, self._retries = timeout, retries
        self._slots: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(at_once))

    async def get(self, target: Target, oids: Sequence[str]) -> list[VarBind]:
        """The instances' values in their order; `noSuchObject` and `noSuchInstance` are values too.

        Raises DeviceUnreachableError (its kinds), DeviceRejectedError.
        """
        found: list[VarBind] = []
        for start in range(0, len(oids), PER_GET):
            found += await self._get(target, oids[start : start + PER_GET])
        return found

    async def _get(self, target: Target, oids: Sequence[str]) -> list[VarBind]:
        async with self._slots[target.name]:
            reply = await self._engine.get(target, oids, self._timeout, self._retries)
        if reply.status == "noSuchName":  # version 1: none of them is given when one is missing (RFC 1157 §4.1.2)
            return await self._without(target, oids, reply.variable)
        self._check(target, reply)
        if [bind.oid for bind in reply.varbinds] != list(oids):
            raise DeviceError(f"{target.name} answered other objects than were asked for", device=target.name)
        return reply.varbinds

    async def _without(self, target: Target, oids: Sequence[str], index: int) -> list[VarBind]:
        at = min(max(index - 1, 0), len(oids) - 1)
        rest = [oid for place, oid in enumerate(oids) if place != at]
        found = await self._get(target, rest) if rest else []
        return [*found[:at], VarBind(oids[at], Value(v.NO_SUCH_OBJECT, None)), *found[at:]]

    async def walk(self, target: Target, root: str, *, most: int = MAX_ROWS) -> Walked:
        """All instances under ``root``. Raises DeviceUnreachableError, DeviceTimeoutError, DeviceRejectedError."""
        found: list[VarBind] = []
        at = root
        while True:
            more, ended = await self._step(target, root, at, begun=bool(found))
            found += more
            if len(found) > most:
                return Walked(found[:most], complete=False)
            if ended:
                return Walked(found, complete=True)
            at = found[-1].oid

    async def _step(self, target: Target, root: str, at: str, *, begun: bool) -> tuple[list[VarBind], bool]:
        """The next rows under ``root``, and whether the subtree ends with them."""
        async with self._slots[target.name]:
            reply = await self._engine.after(target, at, AT_A_TIME, self._timeout, self._retries)
        if reply.status == "noSuchName":  # version 1: there is no next (RFC 1157 §4.1.3)
            return [], True
        self._check(target, reply, begun=begun)
        found: list[VarBind] = []
        for bind in reply.varbinds:
            if bind.value.kind == v.END_OF_MIB or not bind.oid.startswith(f"{root}."):
                return found, True
            if arcs(bind.oid) <= arcs(at):
                told = f"{target.name} gave {bind.oid} after {at}: its agent does not go on"
                raise DeviceError(told, device=target.name)
            found.append(bind)
            at = bind.oid
        if not found:
            raise DeviceError(f"{target.name} answered nothing after {at}, not even that it ends", device=target.name)
        return found, False

    def _check(self, target: Target, reply: Reply, *, begun: bool = False) -> None:
        if reply.failure == "requestTimedOut":
            raise self._silent(target, begun)
        if reply.failure in _REFUSED:
            told = f"{target.name} refuses our SNMPv3 credentials: {_REFUSED[reply.failure]} ({reply.failure})"
            raise DeviceUnreachableError(told, device=target.name)
        if reply.failure:
            raise DeviceError(f"{target.name}: the SNMP request failed: {reply.failure}", device=target.name)
        if reply.status != "noError":
            told = f"{target.name} answered {reply.status} to variable {reply.variable}: its view may not allow it"
            raise DeviceRejectedError(told, device=target.name)

    def _silent(self, target: Target, begun: bool) -> DeviceError:
        tries = f"{self._retries + 1} times in {self._timeout * (self._retries + 1):g} s"
        if begun:
            told = f"{target.name} stopped answering in the midst of a walk ({tries}); what it said before is not whole"
            return DeviceTimeoutError(told, device=target.name)
        why = "or the user is not allowed" if target.user else "or the community is wrong: version 2c does not tell"
        where = f"{target.host}, UDP port {target.port}"
        return DeviceSilentError(
            f"{target.name} does not answer SNMP at {where} (asked {tries}): no agent, filtered, {why}",
            device=target.name,
        )


def arcs(oid: str) -> tuple[int, ...]:
    """An OID as numbers, which have the order that its text has not."""
    return tuple(int(arc) for arc in oid.split("."))
