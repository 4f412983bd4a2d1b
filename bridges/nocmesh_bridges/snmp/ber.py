"""BER as SNMP restricts it (X.690 §8, RFC 3417 §8): definite lengths, tags of one octet. Pure.

A trap of version 2c costs about ten microseconds here; a general decoder costs fifty times as much, which a burst of
traps does not leave (docs/adr/0016). Every length is checked against its container before anything is read.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache

from nocmesh.errors import InvalidInputError
from nocmesh_bridges.snmp import value as v
from nocmesh_bridges.snmp.value import Value

SEQUENCE = 0x30
MAX_ARCS = 128
"""RFC 2578 §3.5: sub-identifiers of one OID, each below 2^32."""
MAX_ARC = (1 << 32) - 1


class BerError(InvalidInputError):
    """These bytes are no such message."""


def header(data: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Tag, first and last of the contents of what begins at ``at`` and may not pass ``end``. Raises BerError."""
    if at + 2 > end:
        raise BerError("cut off before a tag and a length", field="datagram")
    tag, length = data[at], data[at + 1]
    at += 2
    if length & 0x80:
        octets = length & 0x7F
        if not 1 <= octets <= 4 or at + octets > end:
            raise BerError("expected a definite length of at most four octets", field="datagram")
        length = int.from_bytes(data[at : at + octets], "big")
        at += octets
    if at + length > end:
        raise BerError(f"a length of {length} passes the end of what it is in", field="datagram")
    return tag, at, at + length


def inside(data: bytes, at: int, end: int, tag: int, what: str) -> tuple[int, int]:
    """First and last of the contents, which must have ``tag``. Raises BerError."""
    if at + 2 <= end and data[at] == tag and data[at + 1] < 0x80 and at + 2 + data[at + 1] <= end:
        return at + 2, at + 2 + data[at + 1]  # nearly everything in a trap is short
    found, start, stop = header(data, at, end)
    if found != tag:
        raise BerError(f"{what}: expected the tag {tag:#04x}, found {found:#04x}", field="datagram")
    return start, stop


def integer(data: bytes, start: int, stop: int) -> int:
    """A signed number (X.690 §8.3); INTEGER is of 32 bits, and nothing in SNMP is longer than nine octets."""
    if not 1 <= stop - start <= 9:
        raise BerError(f"a number of {stop - start} octets", field="datagram")
    return int.from_bytes(data[start:stop], "big", signed=True)


def unsigned(data: bytes, start: int, stop: int) -> int:
    """A counter, a gauge, a time: never negative, and some agents forget the leading zero."""
    if not 1 <= stop - start <= 9:
        raise BerError(f"a number of {stop - start} octets", field="datagram")
    return int.from_bytes(data[start:stop], "big")


def oid(data: bytes, start: int, stop: int) -> str:
    """A dotted OID (X.690 §8.19)."""
    if stop - start > 5 * MAX_ARCS:
        raise BerError(f"an OID of {stop - start} octets", field="datagram")
    return _dotted(data[start:stop])


@lru_cache(maxsize=8192)
def _dotted(content: bytes) -> str:
    """Kept, because a device's traps are about the same objects again and again."""
    if not content:
        return "0.0"  # what net-snmp makes of a null OID
    if content[-1] & 0x80:
        raise BerError("an OID that ends in the midst of an arc", field="datagram")
    arcs: list[int] = []
    arc = 0
    for octet in content:
        arc = (arc << 7) | (octet & 0x7F)
        if arc > MAX_ARC:
            raise BerError("an arc of an OID over 2^32", field="datagram")
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    if len(arcs) > MAX_ARCS:
        raise BerError(f"an OID of more than {MAX_ARCS} arcs", field="datagram")
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def octets(data: bytes, start: int, stop: int) -> bytes:
    """The bytes themselves."""
    return data[start:stop]


def nothing(_data: bytes, _start: int, _stop: int) -> None:
    """Where there is no value."""
    return


Decode = Callable[[bytes, int, int], int | bytes | str | None]
_KINDS: Mapping[int, tuple[str, Decode]] = {
    0x02: (v.INTEGER, integer),
    0x04: (v.STRING, octets),
    0x05: (v.NULL, nothing),
    0x06: (v.OID, oid),
    0x40: (v.IP_ADDRESS, octets),
    0x41: (v.COUNTER32, unsigned),
    0x42: (v.GAUGE32, unsigned),
    0x43: (v.TIMETICKS, unsigned),
    0x44: (v.OPAQUE, octets),
    0x46: (v.COUNTER64, unsigned),
    0x80: (v.NO_SUCH_OBJECT, nothing),
    0x81: (v.NO_SUCH_INSTANCE, nothing),
    0x82: (v.END_OF_MIB, nothing),
}
"""RFC 3416 §3, RFC 2578 §7.1: the application tags, and the three exceptions."""


def value(data: bytes, at: int, end: int) -> tuple[Value, int]:
    """The value that begins at ``at``, and where the next thing begins. Raises BerError."""
    tag, start, stop = header(data, at, end)
    known = _KINDS.get(tag)
    if known is None:
        raise BerError(f"a value with the unknown tag {tag:#04x}", field="datagram")
    kind, decode = known
    return Value(kind, decode(data, start, stop)), stop
