"""The door to pysnmp: one engine for the process, since a new one costs a hundred milliseconds.

It asks (GET, GETNEXT, GETBULK; there is no SET here), and takes apart the notifications of version 3.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from pysnmp.carrier.asyncio.dgram import udp
from pysnmp.carrier.asyncio.dispatch import AsyncioDispatcher
from pysnmp.carrier.base import AbstractTransport
from pysnmp.entity import config
from pysnmp.error import PySnmpError
from pysnmp.hlapi.v3arch.asyncio import (
    CommunityData,
    ContextData,
    ObjectIdentity,
    ObjectType,
    SnmpEngine,
    Udp6TransportTarget,
    UdpTransportTarget,
    UsmUserData,
    bulk_cmd,
    get_cmd,
    next_cmd,
)
from pysnmp.proto import rfc3411
from pysnmp.proto.api import v2c

from nocmesh.errors import DeviceUnreachableError
from nocmesh_bridges.snmp import value as v
from nocmesh_bridges.snmp.target import Target, User
from nocmesh_bridges.snmp.value import Value, VarBind

_AUTH = {"sha": config.USM_AUTH_HMAC96_SHA, "sha256": config.USM_AUTH_HMAC192_SHA256}
_MODELS = {"1": 0, "2c": 1}
_AUTH_PRIV = 3
"""The only security level at which a notification is heard."""
_KINDS: Mapping[str, str] = {
    "Integer": v.INTEGER,
    "Integer32": v.INTEGER,
    "OctetString": v.STRING,
    "Bits": v.STRING,
    "ObjectIdentifier": v.OID,
    "IpAddress": v.IP_ADDRESS,
    "Counter32": v.COUNTER32,
    "Gauge32": v.GAUGE32,
    "Unsigned32": v.GAUGE32,
    "TimeTicks": v.TIMETICKS,
    "Opaque": v.OPAQUE,
    "Counter64": v.COUNTER64,
    "NoSuchObject": v.NO_SUCH_OBJECT,
    "NoSuchInstance": v.NO_SUCH_INSTANCE,
    "EndOfMibView": v.END_OF_MIB,
}


class Reply(NamedTuple):
    """What came back; pysnmp returns errors, it does not raise them."""

    failure: str
    """What the engine says: `requestTimedOut`, `wrongDigest`, …; empty: the device answered."""
    status: str
    """The error-status of the device's answer, `noError`."""
    variable: int
    """Which variable the status is about, from 1."""
    varbinds: list[VarBind]


class Notice(NamedTuple):
    """A notification of version 3, authenticated and decrypted."""

    user: str
    varbinds: tuple[VarBind, ...]
    confirmed: bool
    respond: Callable[[], None]
    """Answer an inform."""


class Engine:
    """The one engine. ``close`` it."""

    def __init__(self, engine_id: bytes = b"", boots: int = 0) -> None:
        """``engine_id`` and ``boots`` are this engine's own, for the senders of informs (RFC 3414 §2.2)."""
        self._engine = SnmpEngine()
        if engine_id:
            self._be(engine_id, boots)
        self._auth: dict[object, Any] = {}
        self._places: dict[tuple[str, int, float, int], Any] = {}
        self._known: set[tuple[str, bytes]] = set()
        self._told: Callable[[Notice], None] = lambda _notice: None

    @property
    def engine_id(self) -> bytes:
        """Ours."""
        return bytes(self._engine.snmpEngineID)

    def close(self) -> None:
        """Close its sockets."""
        self._engine.close_dispatcher()

    async def get(self, target: Target, oids: Sequence[str], timeout: float, retries: int) -> Reply:
        """GET (RFC 3416 §4.2.1). Raises DeviceUnreachableError when the host's name leads nowhere."""
        how = (self._engine, self._auth_of(target), await self._place(target, timeout, retries), ContextData())
        return _reply(await get_cmd(*how, *map(_object, oids), lookupMib=False))

    async def after(self, target: Target, oid: str, rows: int, timeout: float, retries: int) -> Reply:
        """The next ``rows`` instances after ``oid``: GETBULK (RFC 3416 §4.2.3), one by one for version 1."""
        how = (self._engine, self._auth_of(target), await self._place(target, timeout, retries), ContextData())
        if target.version == "1":
            return _reply(await next_cmd(*how, _object(oid), lookupMib=False))
        return _reply(await bulk_cmd(*how, 0, rows, _object(oid), lookupMib=False))

    def hear(self, send: Callable[[bytes, Any], None], told: Callable[[Notice], None]) -> None:
        """From now on notifications that are fed come out by ``told``, and answers go by ``send``."""
        self._told = told
        config.add_transport(self._engine, _DOMAIN, _Back(send))
        kinds = (v2c.SNMPv2TrapPDU.tagSet, v2c.InformRequestPDU.tagSet)
        self._engine.message_dispatcher.register_context_engine_id(b"", kinds, self._notified)

    def know(self, user: User, engine_id: bytes = b"") -> None:
        """Let ``user`` speak from the engine of that id, from ours without one."""
        if (user.name, engine_id) in self._known:
            return
        self._known.add((user.name, engine_id))
        where = v2c.OctetString(engine_id) if engine_id else None
        keys = (user.auth_password, config.USM_PRIV_CFB128_AES, user.privacy_password)
        config.add_v3_user(self._engine, user.name, _AUTH[user.auth], *keys, securityEngineId=where)

    def feed(self, datagram: bytes, address: Any) -> None:
        """Take a datagram of version 3 apart: `told` hears what was in it, or nothing comes of it."""
        self._engine.message_dispatcher.receive_message(self._engine, _DOMAIN, _Place(address), datagram)

    def _be(self, engine_id: bytes, boots: int) -> None:
        builder = self._engine.get_mib_builder()
        ours, booted = builder.import_symbols("__SNMP-FRAMEWORK-MIB", "snmpEngineID", "snmpEngineBoots")
        ours.syntax = self._engine.snmpEngineID = ours.syntax.clone(engine_id)
        booted.syntax = booted.syntax.clone(boots)

    def _auth_of(self, target: Target) -> Any:
        """One object for each secret: two for the same community on one engine, and the second is never answered."""
        if target.user is not None:
            return self._auth.setdefault(target.user, _user_data(target.user))
        key = (target.community, target.version)
        if key not in self._auth:
            name = f"c{len(self._auth)}"
            self._auth[key] = CommunityData(name, target.community, mpModel=_MODELS[target.version])
        return self._auth[key]

    async def _place(self, target: Target, timeout: float, retries: int) -> Any:
        key = (target.host, target.port, timeout, retries)
        if key not in self._places:
            kind = Udp6TransportTarget if ":" in target.host else UdpTransportTarget
            try:
                self._places[key] = await kind.create((target.host, target.port), timeout=timeout, retries=retries)
            except PySnmpError as wrong:
                told = f"{target.name}: no address is known for {target.host!r}; correct it in the inventory"
                raise DeviceUnreachableError(told, device=target.name) from wrong
        return self._places[key]

    def _notified(self, engine: Any, *told: Any) -> None:
        """Pysnmp's word that a message came through: RFC 3413 §3.4, the answer left to whoever hears it."""
        model, security, user, level, context_id, context, version, pdu, size, state = told
        if int(level) != _AUTH_PRIV:
            return
        confirmed = pdu.tagSet in rfc3411.CONFIRMED_CLASS_PDUS

        def respond() -> None:
            answer = v2c.apiPDU.get_response(pdu)
            v2c.apiPDU.set_varbinds(answer, v2c.apiPDU.get_varbinds(pdu))
            how = (model, security, user, level, context_id, context, version, answer, size, state)
            engine.message_dispatcher.return_response_pdu(engine, *how, {})

        said = tuple(_bind(oid, value) for oid, value in v2c.apiPDU.get_varbinds(pdu))
        self._told(Notice(str(user), said, confirmed, respond))


_DOMAIN = (*udp.DOMAIN_NAME, 99)
"""Ours alone: the socket of the traps, which pysnmp does not read."""


class _Place(tuple[Any, ...]):
    """Where a datagram came from, as pysnmp wants it."""

    def get_local_address(self) -> None:
        """Not kept."""
        return


class _Back(AbstractTransport):  # type: ignore[misc]
    """The way back to a sender: our own socket."""

    PROTO_TRANSPORT_DISPATCHER = AsyncioDispatcher

    def __init__(self, send: Callable[[bytes, Any], None]) -> None:
        self._send = send

    def send_message(self, outgoing: Any, address: Any) -> None:
        """Send it."""
        self._send(bytes(outgoing), tuple(address))


def _user_data(user: User) -> Any:
    return UsmUserData(
        user.name,
        user.auth_password,
        user.privacy_password,
        authProtocol=_AUTH[user.auth],
        privProtocol=config.USM_PRIV_CFB128_AES,
    )


def _object(oid: str) -> Any:
    return ObjectType(ObjectIdentity(oid))


def _reply(told: tuple[Any, Any, Any, Any]) -> Reply:
    failure, status, index, varbinds = told
    if failure:
        name = type(failure).__name__
        return Reply(name[:1].lower() + name[1:], "", 0, [])
    name = status.prettyPrint() if hasattr(status, "prettyPrint") else "noError"
    return Reply("", name if int(status) else "noError", int(index), [_bind(oid, value) for oid, value in varbinds])


def _bind(oid: Any, value: Any) -> VarBind:
    """A variable of pysnmp's as one of ours, whatever MIB it thinks that it knows."""
    kind = next((_KINDS[each.__name__] for each in type(value).__mro__ if each.__name__ in _KINDS), v.NULL)
    if kind in v.ABSENT:
        return VarBind(str(oid), Value(kind, None))
    if kind in v.NUMBERS:
        return VarBind(str(oid), Value(kind, int(value)))
    return VarBind(str(oid), Value(kind, str(value) if kind == v.OID else bytes(value)))
