"""Rows of SNMP to typed state, each fact with the line that it stands in. Pure.

What a device does not tell stays open; an enumeration's number that the MIB does not have is told as not known.
"""

from collections.abc import Callable, Mapping
from typing import Literal

from nocmesh.messages.state import (
    Bgp,
    BgpNeighbor,
    DeviceState,
    Interface,
    Ospf,
    OspfNeighbor,
    SessionState,
    System,
    View,
    ViewStatus,
)
from nocmesh_bridges.snmp.answered import Answered
from nocmesh_bridges.snmp.ports import addresses, interfaces
from nocmesh_bridges.snmp.value import VarBind

VIEWS: Mapping[str, View] = {
    "system": "system",
    "interfaces": "interfaces",
    "ip_addresses": "interfaces",
    "bgp_peers": "bgp",
    "ospf_neighbors": "ospf",
}
"""The view of a device's state that each table fills."""
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
    up = told.scalar("hrSystemUptime") or up  # sysUpTime is the agent's, which may have started since
    forwarding = told.scalar("ipForwarding")
    return System(
        hostname=name.value.words if name else "",
        version=says.value.words if says else "",
        uptime_seconds=up.value.number // 100 if up and up.value.number is not None else None,
        ip_forwarding=forwarding.value.number == 1 if forwarding else None,
        quotes=told.quotes("sysName", "sysDescr", "sysUpTime", "hrSystemUptime", "ipForwarding"),
    )


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
    "interfaces": interfaces,
    "ip_addresses": addresses,
    "bgp_peers": _bgp,
    "ospf_neighbors": _ospf,
}
