"""A trap or inform of version 1 or 2c, decoded, and the answer to an inform. Pure.

The messages: RFC 3416 §3 and §4.2.6 to §4.2.7 in the wrapper of RFC 1901 §3; version 1 by RFC 1157 §4.1.6, told as a
version 2 trap by RFC 3584 §3.1.
"""

from typing import NamedTuple

from nocmesh_bridges.snmp import value as v
from nocmesh_bridges.snmp.ber import SEQUENCE, BerError, header, inside, integer, octets, oid, unsigned, value
from nocmesh_bridges.snmp.value import Value, VarBind

V1, V2C, V3 = 0, 1, 3
TRAP_V1, INFORM, TRAP, RESPONSE = 0xA4, 0xA6, 0xA7, 0xA2
SYS_UP_TIME, TRAP_OID = "1.3.6.1.2.1.1.3.0", "1.3.6.1.6.3.1.1.4.1.0"
TRAP_ADDRESS, TRAP_ENTERPRISE = "1.3.6.1.6.3.18.1.3.0", "1.3.6.1.6.3.1.1.4.3.0"
GENERIC = "1.3.6.1.6.3.1.1.5"
"""RFC 3418: coldStart is 1 under it, which is 0 in a trap of version 1."""
ENTERPRISE_SPECIFIC = 6
MAX_VARBINDS = 512
"""More do not fit in any trap that a device sends; whoever sends them means to hurt."""


class Trap(NamedTuple):
    """What a datagram says."""

    version: int
    community: bytes
    confirmed: bool
    """An inform: its sender waits for an answer."""
    request_id: int
    uptime: int | None
    """sysUpTime, in hundredths of a second."""
    trap: str
    """The OID that names it."""
    varbinds: tuple[VarBind, ...]
    """Beside sysUpTime and the name."""
    pdu_at: int = 0
    """Where the PDU begins in the datagram."""

    @property
    def agent(self) -> str:
        """The address of the device that a forwarder speaks for: snmpTrapAddress (RFC 3584 §3.1); empty: none."""
        return next((bind.value.words for bind in self.varbinds if bind.oid == TRAP_ADDRESS), "")


def version_of(datagram: bytes) -> int:
    """The number of the message's version. Raises BerError."""
    start, end = inside(datagram, 0, len(datagram), SEQUENCE, "message")
    return integer(datagram, *inside(datagram, start, end, 0x02, "version"))


def decode(datagram: bytes) -> Trap:
    """The trap in ``datagram``. Raises BerError, for whatever else it is too."""
    start, end = inside(datagram, 0, len(datagram), SEQUENCE, "message")
    first, at = inside(datagram, start, end, 0x02, "version")
    version = integer(datagram, first, at)
    if version not in (V1, V2C):
        raise BerError(f"version {version}; expected 0 (1) or 1 (2c)", field="datagram")
    first, at_pdu = inside(datagram, at, end, 0x04, "community")
    community = octets(datagram, first, at_pdu)
    tag, start, stop = header(datagram, at_pdu, end)
    if version == V1 and tag == TRAP_V1:
        return _first_version(datagram, start, stop, community)
    if version == V2C and tag in (TRAP, INFORM):
        return _second_version(datagram, start, stop, community, tag == INFORM, at_pdu)
    raise BerError(f"the PDU {tag:#04x} of version {version} is no trap", field="datagram")


def response(datagram: bytes, trap: Trap) -> bytes:
    """The answer to an inform: the same variables in a Response-PDU without error (RFC 3416 §4.2.7).

    The PDUs differ in their tag only: error-status and error-index are 0 in a request already.
    """
    return datagram[: trap.pdu_at] + bytes([RESPONSE]) + datagram[trap.pdu_at + 1 :]


def named(varbinds: tuple[VarBind, ...]) -> tuple[int | None, str, tuple[VarBind, ...]]:
    """sysUpTime, the trap's name, and the rest (RFC 3416 §4.2.6). Raises BerError when there is no name."""
    if len(varbinds) < 2 or varbinds[1].oid != TRAP_OID or varbinds[1].value.kind != v.OID:
        raise BerError("expected sysUpTime.0 and snmpTrapOID.0 first", field="datagram")
    return varbinds[0].value.number, str(varbinds[1].value.raw), varbinds[2:]


def _second_version(data: bytes, at: int, end: int, community: bytes, confirmed: bool, pdu_at: int) -> Trap:
    first, at = inside(data, at, end, 0x02, "request-id")
    request_id = integer(data, first, at)
    _, at = inside(data, at, end, 0x02, "error-status")
    _, at = inside(data, at, end, 0x02, "error-index")
    uptime, trap, varbinds = named(_varbinds(data, at, end))
    return Trap(V2C, community, confirmed, request_id, uptime, trap, varbinds, pdu_at)


def _first_version(data: bytes, at: int, end: int, community: bytes) -> Trap:
    first, at = inside(data, at, end, 0x06, "enterprise")
    enterprise = oid(data, first, at)
    first, at = inside(data, at, end, 0x40, "agent-addr")
    agent = octets(data, first, at)
    first, at = inside(data, at, end, 0x02, "generic-trap")
    generic = integer(data, first, at)
    first, at = inside(data, at, end, 0x02, "specific-trap")
    specific = integer(data, first, at)
    first, at = inside(data, at, end, 0x43, "time-stamp")
    uptime = unsigned(data, first, at)
    trap = f"{enterprise}.0.{specific}" if generic == ENTERPRISE_SPECIFIC else f"{GENERIC}.{generic + 1}"
    said = (
        *_varbinds(data, at, end),
        VarBind(TRAP_ADDRESS, Value(v.IP_ADDRESS, agent)),
        VarBind(TRAP_ENTERPRISE, Value(v.OID, enterprise)),
    )
    if not 0 <= generic <= ENTERPRISE_SPECIFIC:
        raise BerError(f"the generic trap {generic}; expected 0 to 6", field="datagram")
    return Trap(V1, community, False, 0, uptime, trap, said)


def _varbinds(data: bytes, at: int, end: int) -> tuple[VarBind, ...]:
    at, end = inside(data, at, end, SEQUENCE, "variable-bindings")
    found: list[VarBind] = []
    while at < end:
        if len(found) >= MAX_VARBINDS:
            raise BerError(f"more than {MAX_VARBINDS} variables", field="datagram")
        inner, stop = inside(data, at, end, SEQUENCE, "variable")
        first, last = inside(data, inner, stop, 0x06, "name")
        bound, _ = value(data, last, stop)
        found.append(VarBind(oid(data, first, last), bound))
        at = stop
    return tuple(found)
