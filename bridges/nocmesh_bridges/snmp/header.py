"""What a datagram of version 3 says of itself before anything is believed (RFC 3412 §6, RFC 3414 §2.4). Pure."""

from typing import NamedTuple

from nocmesh_bridges.snmp.ber import SEQUENCE, BerError, inside, integer, octets
from nocmesh_bridges.snmp.trap import V3

AUTHENTICATED = 0x01
USM = 3
MAX_USER, MAX_ENGINE = 32, 32
"""RFC 3414 §5 (usmUserName), RFC 3411 §5 (SnmpEngineID)."""


class Header(NamedTuple):
    """Who it says it is from, and how it is protected."""

    engine_id: bytes
    """Of the authoritative engine: a trap's sender; empty where the sender looks for ours."""
    user: bytes
    authenticated: bool
    """By its own word; `usm` proves it."""
    digest_at: int
    """Where msgAuthenticationParameters begin in the datagram,"""
    digest: bytes
    """and what they are."""

    @property
    def asks_who_we_are(self) -> bool:
        """The first message of an inform's sender (RFC 3414 §4)."""
        return not self.engine_id and not self.authenticated


def header_of(datagram: bytes) -> Header:
    """The header of a message of version 3 with the user-based security model. Raises BerError."""
    at, end = inside(datagram, 0, len(datagram), SEQUENCE, "message")
    first, at = inside(datagram, at, end, 0x02, "version")
    if integer(datagram, first, at) != V3:
        raise BerError("expected version 3", field="datagram")
    inner, at = inside(datagram, at, end, SEQUENCE, "msgGlobalData")
    flags, model = _global(datagram, inner, at)
    if model != USM:
        raise BerError(f"the security model {model}; expected {USM}", field="datagram")
    inner, stop = inside(datagram, at, end, 0x04, "msgSecurityParameters")
    return _security(datagram, inner, stop, authenticated=bool(flags & AUTHENTICATED))


def _global(data: bytes, at: int, end: int) -> tuple[int, int]:
    _, at = inside(data, at, end, 0x02, "msgID")
    _, at = inside(data, at, end, 0x02, "msgMaxSize")
    first, at = inside(data, at, end, 0x04, "msgFlags")
    if at - first != 1:
        raise BerError("msgFlags: expected one octet", field="datagram")
    flags = data[first]
    first, at = inside(data, at, end, 0x02, "msgSecurityModel")
    return flags, integer(data, first, at)


def _security(data: bytes, at: int, end: int, *, authenticated: bool) -> Header:
    at, end = inside(data, at, end, SEQUENCE, "UsmSecurityParameters")
    first, at = inside(data, at, end, 0x04, "msgAuthoritativeEngineID")
    engine_id = octets(data, first, at)
    _, at = inside(data, at, end, 0x02, "msgAuthoritativeEngineBoots")
    _, at = inside(data, at, end, 0x02, "msgAuthoritativeEngineTime")
    first, at = inside(data, at, end, 0x04, "msgUserName")
    user = octets(data, first, at)
    if len(user) > MAX_USER or (engine_id and not 5 <= len(engine_id) <= MAX_ENGINE):
        raise BerError("a user's name or an engine's id of a wrong length", field="datagram")
    first, at = inside(data, at, end, 0x04, "msgAuthenticationParameters")
    return Header(engine_id, user, authenticated, first, octets(data, first, at))
