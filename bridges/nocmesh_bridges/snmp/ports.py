"""Interfaces and their addresses, from the rows of IF-MIB and IP-MIB. Pure."""

from ipaddress import IPv4Address, IPv6Address

from nocmesh.messages.state import Interface, Quote
from nocmesh_bridges.snmp.answered import Answered
from nocmesh_bridges.snmp.value import VarBind

_KINDS = {
    "6": "ethernet",
    "24": "loopback",
    "53": "virtual",
    "131": "tunnel",
    "135": "vlan",
    "161": "lag",
    "209": "bridge",
}
"""IANAifType-MIB, those that we have a word for."""
_GIGABIT_GAUGE = (1 << 32) - 1
"""ifSpeed at its end: ifHighSpeed tells the rest (RFC 2863 §3.1.8)."""


def interfaces(told: Answered) -> list[Interface]:
    """By their number (RFC 2863)."""
    return [_interface(told, row) for row in sorted(told.columns["ifDescr"], key=int)]


def _interface(told: Answered, row: str) -> Interface:
    return Interface(
        name=_name(told, row),
        enabled=_is(told.number("ifAdminStatus", row), 1),
        oper_up=_is(told.number("ifOperStatus", row), 1),
        mtu=told.number("ifMtu", row),
        description=told.words("ifAlias", row),
        in_errors=told.number("ifInErrors", row),
        out_errors=told.number("ifOutErrors", row),
        in_discards=told.number("ifInDiscards", row),
        out_discards=told.number("ifOutDiscards", row),
        mac=_mac(told.cell("ifPhysAddress", row)),
        kind=_KINDS.get(told.words("ifType", row), ""),
        speed_mbps=_speed(told.number("ifHighSpeed", row), told.number("ifSpeed", row)),
        quote=told.quote("ifOperStatus", row) or told.quote("ifDescr", row),
    )


def _name(told: Answered, row: str) -> str:
    return told.words("ifName", row) or told.words("ifDescr", row) or row


def _is(number: int | None, wanted: int) -> bool | None:
    return None if number is None else number == wanted


def _mac(bind: VarBind | None) -> str:
    raw = bind.value.raw if bind else b""
    return raw.hex(":") if isinstance(raw, bytes) and len(raw) == 6 else ""


def _speed(high: int | None, low: int | None) -> int | None:
    """Mbit/s; None where it is not told, and 0 tells nothing."""
    if high:
        return high
    return low // 1_000_000 or None if low and low < _GIGABIT_GAUGE else None


def addresses(told: Answered) -> list[Interface]:
    """Interfaces with nothing but their addresses.

    The older table knows IPv4 alone, and where it is there its masks are right: net-snmp's newer one gives a loopback's
    /32 the type broadcast and the prefix of another route.
    """
    older = _older(told)
    by_name: dict[str, list[str]] = {}
    quotes: dict[str, Quote | None] = {}
    for index, address, quote in [*older, *(one for one in _newer(told) if not older or ":" in one[1])]:
        name = _name(told, index)
        by_name.setdefault(name, []).append(address)
        quotes.setdefault(name, quote)
    return [Interface(name=name, addresses=each, quote=quotes[name]) for name, each in by_name.items()]


_BROADCAST = 3
"""RFC 4293, ipAddressType."""


def _newer(told: Answered) -> list[tuple[str, str, Quote | None]]:
    """RFC 4293, ipAddressTable: the index is type, length, octets; the prefix is the end of a row pointer."""
    found = []
    for row in told.columns.get("ipAddressIfIndex", {}):
        address = _indexed_address([int(arc) for arc in row.split(".")])
        if address is not None and told.number("ipAddressType", row) != _BROADCAST:
            length = told.words("ipAddressPrefix", row).rpartition(".")[2]
            shown = f"{address}/{length}" if length.isdigit() and length != "0" else str(address)
            found.append((told.words("ipAddressIfIndex", row), shown, told.quote("ipAddressIfIndex", row)))
    return found


def _indexed_address(arcs: list[int]) -> IPv4Address | IPv6Address | None:
    kind, size, octets = arcs[0], arcs[1] if len(arcs) > 1 else 0, arcs[2:]
    if size != len(octets) or any(octet > 255 for octet in octets):
        return None
    if (kind, size) == (1, 4):
        return IPv4Address(bytes(octets))
    return IPv6Address(bytes(octets)) if (kind, size) == (2, 16) else None


def _older(told: Answered) -> list[tuple[str, str, Quote | None]]:
    """RFC 1213, ipAddrTable: the index is the address."""
    found = []
    for row in told.columns.get("ipAdEntIfIndex", {}):
        mask = told.cell("ipAdEntNetMask", row)
        length = _length(mask.value.raw if mask else None)
        shown = row if length is None else f"{row}/{length}"
        found.append((told.words("ipAdEntIfIndex", row), shown, told.quote("ipAdEntIfIndex", row)))
    return found


def _length(mask: object) -> int | None:
    return int.from_bytes(mask, "big").bit_count() if isinstance(mask, bytes) and len(mask) == 4 else None
