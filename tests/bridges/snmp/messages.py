"""Traps, encoded: the opposite of what is tested, written for the tests alone."""

V2C_TRAP, V2C_INFORM, V1_TRAP = 0xA7, 0xA6, 0xA4
Said = tuple[str, "int | bytes | str"]


def tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def sequence(*parts: bytes) -> bytes:
    return tlv(0x30, b"".join(parts))


def integer(number: int, tag: int = 0x02) -> bytes:
    return tlv(tag, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


def oid(dotted: str) -> bytes:
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return tlv(0x06, b"".join(_arc(arc) for arc in (40 * first + second, *rest)))


def _arc(arc: int) -> bytes:
    out = [arc & 0x7F]
    while arc := arc >> 7:
        out.append(0x80 | (arc & 0x7F))
    return bytes(reversed(out))


def varbind(name: str, value: "int | bytes | str") -> bytes:
    if isinstance(value, int):
        return sequence(oid(name), integer(value))
    return sequence(oid(name), tlv(0x04, value) if isinstance(value, bytes) else oid(value))


def trap(
    name: str, *said: Said, uptime: int = 1, community: bytes = b"public", request_id: int = 1, tag: int = V2C_TRAP
) -> bytes:
    """RFC 3416 §4.2.6."""
    binds = [
        sequence(oid("1.3.6.1.2.1.1.3.0"), integer(uptime, 0x43)),
        sequence(oid("1.3.6.1.6.3.1.1.4.1.0"), oid(name)),
        *(varbind(*each) for each in said),
    ]
    pdu = tlv(tag, integer(request_id) + integer(0) + integer(0) + sequence(*binds))
    return sequence(integer(1), tlv(0x04, community), pdu)


def inform(name: str, *said: Said, request_id: int = 1, community: bytes = b"public") -> bytes:
    return trap(name, *said, request_id=request_id, community=community, tag=V2C_INFORM)


def trap_v1(enterprise: str, agent: str, generic: int, specific: int, *said: Said) -> bytes:
    """RFC 1157 §4.1.6."""
    address = tlv(0x40, bytes(int(octet) for octet in agent.split(".")))
    numbers = integer(generic) + integer(specific) + integer(4711, 0x43)
    pdu = tlv(V1_TRAP, oid(enterprise) + address + numbers + sequence(*(varbind(*each) for each in said)))
    return sequence(integer(0), tlv(0x04, b"public"), pdu)


def discovery(engine_id: bytes = b"", boots: int = 0, user: bytes = b"") -> bytes:
    """What an inform's sender says first (RFC 3414 §4): nothing in it is protected."""
    whole = sequence(integer(1), integer(65_507), tlv(0x04, b"\x04"), integer(3))
    usm = sequence(tlv(0x04, engine_id), integer(boots), integer(0), tlv(0x04, user), tlv(0x04, b""), tlv(0x04, b""))
    pdu = tlv(0xA0, integer(1) + integer(0) + integer(0) + sequence())
    return sequence(integer(3), whole, tlv(0x04, usm), sequence(tlv(0x04, b""), tlv(0x04, b""), pdu))
