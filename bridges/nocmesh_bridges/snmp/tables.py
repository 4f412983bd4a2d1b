"""Rows of SNMP to typed state, each fact with the line that it stands in. Pure.

What a device does not tell stays open; an enumeration's number that the MIB does not have is told as not known.
"""

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Literal

from nocmesh.messages.state import (
    Bgp,
    BgpNeighbor,
    DeviceState,
    Interface,
    Ospf,
    OspfNeighbor,
    Quote,
    SessionState,
    System,
    View,
    ViewStatus,
)
from nocmesh_bridges.snmp import value as v
from nocmesh_bridges.snmp.value import VarBind

VIEWS: Mapping[str, View] = {
    "system": "system",
    "interfaces": "interfaces",
    "ip_addresses": "interfaces",
    "bgp_peers": "bgp",
    "ospf_neighbors": "ospf",
}
"""The view of a device's state that each table fills."""
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
_SESSION: Mapping[int, SessionState] = {
    1: "idle",
    2: "connect",
    3: "active",
    4: "opensent",
    5: "openconfirm",
    6: "established",
}
"""RFC 4273, bgpPeerState."""
_NEIGHBOR = {1: "down", 2: "attempt", 3: "init", 4: "two_way", 5: "exstart", 6: "exchange", 7: "loading", 8: "full"}
"""RFC 4750, ospfNbrState."""
_GIGABIT_GAUGE = (1 << 32) - 1
"""ifSpeed at its end: ifHighSpeed tells the rest (RFC 2863 §3.1.8)."""


class Answered:
    """What a device answered for one table: single objects, and columns by instance."""

    def __init__(self, commands: Mapping[str, str], scalars: Mapping[str, VarBind], columns: Mapping[str, "Column"]):
        self._commands = commands
        self._scalars = scalars
        self.columns = columns

    def scalar(self, name: str) -> VarBind | None:
        """A single object's value; None where the device has none."""
        bind = self._scalars.get(name)
        return None if bind is None or bind.value.kind in v.ABSENT else bind

    def cell(self, name: str, row: str) -> VarBind | None:
        """A column's value in a row."""
        return self.columns.get(name, {}).get(row)

    def number(self, name: str, row: str) -> int | None:
        """Likewise, as a number."""
        bind = self.cell(name, row)
        return bind.value.number if bind else None

    def words(self, name: str, row: str) -> str:
        """Likewise, as text."""
        bind = self.cell(name, row)
        return bind.value.words if bind else ""

    def quote(self, name: str, row: str) -> Quote | None:
        """Where the fact stands."""
        bind = self.cell(name, row)
        return Quote(command=self._commands[name], text=bind.line) if bind else None

    def quotes(self, *names: str) -> list[Quote]:
        """Where single objects stand."""
        found = [(name, self.scalar(name)) for name in names]
        return [Quote(command=self._commands[name], text=bind.line) for name, bind in found if bind]

    @property
    def known(self) -> bool:
        """Whether the device knows any of it at all."""
        return any(self.columns.values()) or any(self.scalar(name) for name in self._scalars)


Column = Mapping[str, VarBind]
"""By instance: the arcs after the column's."""


def state(device: str, platform: str, table: str, answered: Answered) -> DeviceState:
    """What ``table`` tells of ``device``, as the view that it fills."""
    view = VIEWS[table]
    found = DeviceState(device=device, platform=platform)
    status: ViewStatus = "rejected"
    if answered.known:
        parsed = _READERS[table](answered)
        status = "empty" if parsed == [] else "parsed"
        found = DeviceState(device=device, platform=platform, **{view: parsed})  # type: ignore[arg-type]
    found.status[view] = status
    return found


def _system(told: Answered) -> System:
    name, says, up = (told.scalar(each) for each in ("sysName", "sysDescr", "sysUpTime"))
    forwarding = told.scalar("ipForwarding")
    return System(
        hostname=name.value.words if name else "",
        version=says.value.words if says else "",
        uptime_seconds=up.value.number // 100 if up and up.value.number is not None else None,
        ip_forwarding=forwarding.value.number == 1 if forwarding else None,
        quotes=told.quotes("sysName", "sysDescr", "sysUpTime", "ipForwarding"),
    )


def _interfaces(told: Answered) -> list[Interface]:
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


def _addresses(told: Answered) -> list[Interface]:
    """Interfaces with nothing but their addresses; the newer table where there is one."""
    newer = told.columns.get("ipAddressIfIndex", {})
    found = _newer(told) if newer else _older(told)
    by_name: dict[str, list[str]] = {}
    quotes: dict[str, Quote | None] = {}
    for index, address, quote in found:
        name = _name(told, index)
        by_name.setdefault(name, []).append(address)
        quotes.setdefault(name, quote)
    return [Interface(name=name, addresses=each, quote=quotes[name]) for name, each in by_name.items()]


def _newer(told: Answered) -> list[tuple[str, str, Quote | None]]:
    """RFC 4293, ipAddressTable: the index is type, length, octets; the prefix is the end of a row pointer."""
    found = []
    for row in told.columns["ipAddressIfIndex"]:
        address = _indexed_address([int(arc) for arc in row.split(".")])
        if address is not None:
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


def _bgp(told: Answered) -> Bgp:
    asn, ours = told.scalar("bgpLocalAs"), told.scalar("bgpIdentifier")
    return Bgp(
        asn=asn.value.number if asn else None,
        router_id=ours.value.words if ours else "",
        neighbors=[_peer(told, row) for row in told.columns["bgpPeerState"]],
        quote=next(iter(told.quotes("bgpLocalAs")), None),
    )


def _peer(told: Answered, row: str) -> BgpNeighbor:
    state, since = told.number("bgpPeerState", row), told.number("bgpPeerFsmEstablishedTime", row)
    quotes = [told.quote(name, row) for name in ("bgpPeerState", "bgpPeerRemoteAs", "bgpPeerLastError")]
    return BgpNeighbor(
        address=row,
        remote_as=told.number("bgpPeerRemoteAs", row),
        session_state=_SESSION.get(state or 0, "unknown"),
        enabled=told.number("bgpPeerAdminStatus", row) != 1,
        last_error=_error(told.cell("bgpPeerLastError", row)),
        established_for=since if state == 6 else None,
        quotes=[quote for quote in quotes if quote],
    )


_ERRORS: Mapping[tuple[int, int], str] = {
    (2, 2): "Bad Peer AS",
    (2, 3): "Bad BGP Identifier",
    (2, 4): "Unsupported Optional Parameter",
    (2, 6): "Unacceptable Hold Time",
    (4, 0): "Hold Timer Expired",
    (6, 1): "Maximum Number of Prefixes Reached",
    (6, 2): "Administrative Shutdown",
    (6, 3): "Peer De-configured",
    (6, 4): "Administrative Reset",
}
"""RFC 4271 §4.5, RFC 4486."""


def _error(bind: VarBind | None) -> str:
    """The last notification: code and subcode in two octets; nothing where there was none."""
    raw = bind.value.raw if bind else b""
    if not isinstance(raw, bytes) or len(raw) != 2 or raw == b"\x00\x00":
        return ""
    return _ERRORS.get((raw[0], raw[1]), f"code {raw[0]}, subcode {raw[1]}")


def _ospf(told: Answered) -> Ospf:
    ours = told.scalar("ospfRouterId")
    return Ospf(
        router_id=ours.value.words if ours else "",
        neighbors=[_neighbor(told, row) for row in told.columns["ospfNbrState"]],
        quote=next(iter(told.quotes("ospfRouterId")), None),
    )


def _neighbor(told: Answered, row: str) -> OspfNeighbor:
    address, _, _unnumbered = row.rpartition(".")
    return OspfNeighbor(
        router_id=told.words("ospfNbrRtrId", row),
        address=address,
        state=_NEIGHBOR.get(told.number("ospfNbrState", row) or 0, ""),
        quote=told.quote("ospfNbrState", row),
    )


Parsed = System | list[Interface] | Bgp | Ospf
Table = Literal["system", "interfaces", "ip_addresses", "bgp_peers", "ospf_neighbors"]
_READERS: Mapping[str, Callable[[Answered], Parsed]] = {
    "system": _system,
    "interfaces": _interfaces,
    "ip_addresses": _addresses,
    "bgp_peers": _bgp,
    "ospf_neighbors": _ospf,
}
