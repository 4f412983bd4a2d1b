"""Spanning tree and addresses learned on kernel bridges.

From the kernel's own attributes (net/bridge/br_netlink.c; IEEE 802.1D-1998 §8.4 for states, §8.6 for roles). Pure.
"""

import re
from collections.abc import Mapping, Sequence

from nocmesh.messages.state import MacEntry, Output, Stp, StpBridge, StpPort, ViewStatus
from nocmesh_bridges.platforms.linux_links import links_of
from nocmesh_bridges.platforms.protocol import Parsed
from nocmesh_bridges.platforms.spans import Span, read_spans
from nocmesh_bridges.platforms.telling import items, quoted

ADDRESSES = "bridge -j fdb show"
_ID = re.compile(r"(?P<priority>[0-9a-f]{1,4})\.(?P<mac>[0-9a-f]{1,2}(?::[0-9a-f]{1,2}){5})")
_PROTOCOLS = {0: "", 1: "stp", 2: "stp"}
"""2: a daemon in user space speaks it."""
_MULTICAST = 1


def bridge_id(text: str) -> str:
    """`8000.46:48:6a:2:d7:aa`, as iproute2 prints it, in the usual form: `8000.46486a02d7aa`; empty when it is none."""
    match = _ID.fullmatch(text.lower())
    if match is None:
        return ""
    return f"{match['priority']:0>4}." + "".join(f"{part:0>2}" for part in match["mac"].split(":"))


def spanning_tree(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `stp` from LINKS; empty when there is no bridge."""
    links = links_of(answers[0])
    bridges = {name: entry for name, entry in links.items() if _data(entry, "info_data", "info_kind")}
    ports = {
        name: entry
        for name, entry in links.items()
        if entry.text("master") in bridges and _data(entry, "info_slave_data", "info_slave_kind")
    }
    value = Stp(
        bridges=[_bridge(answers[0], name, entry, ports) for name, entry in bridges.items()],
        ports=[_port(answers[0], name, entry, bridges[entry.text("master")]) for name, entry in ports.items()],
    )
    return Parsed(status=status if bridges else "empty", value=value)


def _data(entry: Span, key: str, kind: str) -> Span | None:
    info = entry.members.get("linkinfo")
    return info.members.get(key) if info is not None and info.text(kind) == "bridge" else None


def _of(entry: Span, key: str) -> Span:
    info = entry.members.get("linkinfo")
    found = info.members.get(key) if info is not None else None
    return found if found is not None else Span({}, 0, 0)


def _bridge(output: Output, name: str, entry: Span, ports: Mapping[str, Span]) -> StpBridge:
    data = _of(entry, "info_data")
    own = bridge_id(data.text("bridge_id"))
    mine = {port: found for port, found in ports.items() if found.text("master") == name}
    root_port = next((port for port, found in mine.items() if _is_root_port(found, data)), "")
    speaks = data.number("stp_state")
    return StpBridge(
        name=name,
        enabled=None if speaks is None else speaks > 0,
        bridge_id=own,
        root_id=bridge_id(_of(mine[root_port], "info_slave_data").text("root_id")) if root_port else own,
        priority=data.number("priority"),
        root_port=root_port,
        root_path_cost=data.number("root_path_cost"),
        protocol=_PROTOCOLS.get(speaks or 0, ""),
        quote=quoted(output, data.members.get("stp_state"), data.members.get("root_path_cost")),
    )


def _is_root_port(port: Span, bridge: Span) -> bool:
    """By the port's number. The root is taken from there: iproute2 6.1 prints the bridge's own id as its `root_id`."""
    number = _of(port, "info_slave_data").text("no")
    wanted = bridge.number("root_port")
    return bool(wanted) and number.startswith("0x") and _hexadecimal(number) == wanted


def _hexadecimal(text: str) -> int | None:
    try:
        return int(text, 16)
    except ValueError:
        return None


def _port(output: Output, name: str, entry: Span, bridge: Span) -> StpPort:
    data = _of(entry, "info_slave_data")
    return StpPort(
        name=name,
        bridge=entry.text("master"),
        state=data.text("state"),
        role=_role(data, _is_root_port(entry, _of(bridge, "info_data")), _of(bridge, "info_data")),
        cost=data.number("cost"),
        priority=data.number("priority"),
        designated_bridge=bridge_id(data.text("bridge_id")),
        quote=quoted(output, data.members.get("state"), data.members.get("cost")),
    )


def _role(port: Span, root: bool, bridge: Span) -> str:
    if port.text("state") == "disabled":
        return "disabled"
    if root:
        return "root"
    mine = bridge_id(port.text("bridge_id")) == bridge_id(bridge.text("bridge_id"))
    if mine and port.number("designated_port") == _hexadecimal(port.text("id")):
        return "designated"
    return "backup" if mine else "alternate"


def is_mac_entry(entry: Span) -> bool:
    """Say whether ``entry`` is what `bridge` prints of an address."""
    return bool(entry.text("mac")) and "state" in entry.members


def mac_table(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `mac_table` from ADDRESSES: addresses of stations, without the groups that the kernel listens to."""
    stations = [entry for entry in items(read_spans(answers[0].text)) if _is_station(entry.text("mac"))]
    value = [_mac(answers[0], entry) for entry in stations]
    return Parsed(status=status if value else "empty", value=value)


def _is_station(mac: str) -> bool:
    first = _hexadecimal(mac.split(":")[0])
    return first is not None and not first & _MULTICAST


def _mac(output: Output, entry: Span) -> MacEntry:
    return MacEntry(
        mac=entry.text("mac").lower(),
        interface=entry.text("ifname"),
        vlan=entry.number("vlan"),
        static=entry.text("state") in ("permanent", "static"),
        bridge=entry.text("master"),
        quote=quoted(output, entry.members["mac"], entry.members.get("ifname")),
    )
