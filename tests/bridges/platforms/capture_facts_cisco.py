"""Facts of what Cisco NX-OS and IOS-XR answered: as the expected rows have them, and as typed state has them."""

import re
from collections.abc import Callable, Iterable, Sequence

from bridges.platforms.capture_facts import (
    Fact,
    Got,
    Wanted,
    asn,
    got_adjacencies,
    got_arp,
    got_bundles,
    got_lldp,
    got_macs,
    got_ospf_neighbors,
    got_routes,
    got_switchports,
    got_version,
    got_vlans,
    listed,
    some,
)
from bridges.platforms.captures import Row

from nocmesh.messages.state import DeviceState
from nocmesh_bridges.platforms.ios_names import NXOS, XR, full_name
from nocmesh_bridges.platforms.tables import clock_seconds, mac, number, seconds_of, vlans


def nxos(name: str) -> str:
    return full_name(name, NXOS)


def xr(name: str) -> str:
    return full_name(name, XR)


COUNTED = re.compile(r"(?:Ethernet|port-channel)[\d/]+")


def nxos_interface(row: Row) -> Iterable[Fact]:
    address = f"{row['ip_address']}/{row['prefix_length']}" if row["ip_address"] else ""
    speed = re.fullmatch(r"(\d+) ([MG])b/s", row["speed"])
    mbps = int(speed[1]) * (1000 if speed[2] == "G" else 1) if speed and row["duplex"] == "full-duplex" else None
    up = row["link_status"] in ("up", "trunking")
    yield (row["interface"], up, address, row["description"], mac(row["mac_address"]), number(row["mtu"]), mbps)
    if COUNTED.fullmatch(row["interface"]):
        names = ("input_errors", "output_errors", "input_discards", "output_discards")
        yield (row["interface"], "counts", *(number(row[name]) for name in names))


def got_nxos_interfaces(state: DeviceState) -> Iterable[Fact]:
    for i in some(state.interfaces):
        yield (i.name, i.oper_up, "".join(i.addresses), i.description, i.mac, i.mtu, i.speed_mbps)
        if COUNTED.fullmatch(i.name):
            yield (i.name, "counts", i.in_errors, i.out_errors, i.in_discards, i.out_discards)


def xr_interface(row: Row) -> Iterable[Fact]:
    address = row["ip_address"] if "/" in row["ip_address"] else ""
    up = row["link_status"] == "up"
    about: Fact = (row["interface"], up, row["link_status"] != "administratively down", address, row["description"])
    yield (
        *about,
        mac(row["mac_address"]),
        number(row["mtu"]),
        number(row["input_errors"]),
        number(row["output_errors"]),
    )


def got_xr_interfaces(state: DeviceState) -> Iterable[Fact]:
    for i in some(state.interfaces):
        about: Fact = (i.name, i.oper_up, i.enabled, "".join(i.addresses), i.description)
        yield (*about, i.mac, i.mtu, i.in_errors, i.out_errors)


def nxos_arp(row: Row) -> Iterable[Fact]:
    address = mac(row["mac_address"])
    state = "permanent" if row["age"] == "-" else "" if address else "incomplete"
    yield (row["ip_address"], address, row["interface"], state)


def xr_arp(row: Row) -> Iterable[Fact]:
    state = {"Interface": "permanent", "Incomplete": "incomplete"}.get(row["state"], "")
    yield (row["ip_address"], "" if state == "incomplete" else mac(row["mac_address"]), row["interface"], state)


def near(name: Callable[[str], str]) -> Wanted:
    def wanted(row: Row) -> Iterable[Fact]:
        yield (name(row["local_interface"]), row["neighbor_name"], name(row["neighbor_interface"]))

    return wanted


def first_of(rows: Sequence[Row]) -> list[Row]:
    """The rows of NX-OS's routing table that are as near as the first of their prefix: it prints the best first."""
    best: dict[tuple[str, str, str], str] = {}
    for row in rows:
        best.setdefault((row["vrf"], row["network"], row["prefix_length"]), row["distance"])
    return [row for row in rows if row["distance"] == best[row["vrf"], row["network"], row["prefix_length"]]]


def nxos_route(row: Row) -> Iterable[Fact]:
    if row["vrf"] != "default":
        return
    own = row["protocol"] in ("direct", "local")
    hop = "" if own or row["nexthop_ip"] == "Null0" else row["nexthop_ip"]
    null = "Null0" if "Null0" in (row["nexthop_ip"], row["nexthop_if"]) else ""
    for each in (hop, nxos(row["nexthop_if"]), null):
        if each:
            yield (f"{row['network']}/{row['prefix_length']}", each, number(row["distance"]), number(row["metric"]))


def without_spares(rows: Sequence[Row]) -> list[Row]:
    """The rows of IOS-XR's routing table without the ways kept for a failure, which alone cost nothing."""
    return [row for row in rows if not (row["distance"] == "110" and row["metric"] == "0")]


def xr_route(row: Row) -> Iterable[Fact]:
    for each in (row["next_hop"], row["interface"]):
        if each not in ("", "connected"):
            yield (f"{row['network']}/{row['prefix_length']}", each)


def got_xr_routes(state: DeviceState) -> Iterable[Fact]:
    return [(prefix, each) for prefix, each, _, _ in got_routes(state)]


def nxos_peer(row: Row) -> Iterable[Fact]:
    state = row["bgp_state"].lower().replace("shut (admin)", "idle")
    about: Fact = (row["neighbor"], asn(row["remote_asn"]), state, row["description"])
    yield (*about, int(row["conn_dropped"]))


def got_nxos_peers(state: DeviceState) -> Iterable[Fact]:
    assert state.bgp is not None
    for n in state.bgp.neighbors:
        yield (n.address, n.remote_as, n.session_state, n.description, n.dropped)


def xr_peer(row: Row) -> Iterable[Fact]:
    state, _, why = row["state"].lower().partition(" ")
    about: Fact = (row["neighbor"], int(row["remote_as"]), int(row["local_as"]), state, "shutdown" not in why)
    yield (*about, row["description"].strip(), clock_seconds(row["uptime"]), int(row["connections_dropped"]))


def got_xr_peers(state: DeviceState) -> Iterable[Fact]:
    assert state.bgp is not None
    for n in state.bgp.neighbors:
        about: Fact = (n.address, n.remote_as, n.local_as, n.session_state, n.enabled)
        yield (*about, n.description, n.established_for, n.dropped)


def ospf_neighbor(name: Callable[[str], str]) -> Wanted:
    def wanted(row: Row) -> Iterable[Fact]:
        if row.get("vrf", "default") in ("default", ""):
            state = row["state"].split("/")[0].strip().lower()
            yield (row["neighbor_id"], row["ip_address"], name(row["interface"]), state)

    return wanted


def xr_adjacency(row: Row) -> Iterable[Fact]:
    level = {"L1": "level-1", "L2": "level-2", "L1L2": "level-1-2"}[row["type"]]
    yield (row["system_id"], xr(row["interface"]), level, row["state"].lower())


def nxos_mac(row: Row) -> Iterable[Fact]:
    yield (mac(row["mac_address"]), nxos(row["ports"]), number(row["vlan_id"]), row["type"] != "dynamic")


def nxos_switchport(row: Row) -> Iterable[Fact]:
    mode = "routed" if row["switchport"] == "Disabled" else row["mode"] if row["mode"] in ("access", "trunk") else ""
    trunk = [1, 77] if row["trunking_vlans"] == "1-4094" else vlans(row["trunking_vlans"])
    access = number(row["access_vlan"]) if mode == "access" else None
    yield (nxos(row["interface"]), mode, access, str(trunk if mode == "trunk" else []))


def nxos_vlan(row: Row) -> Iterable[Fact]:
    yield (int(row["vlan_id"]),)


def nxos_bundle(row: Row) -> Iterable[Fact]:
    ports = [port for port in listed(row["member_interface"]) if port != "--"]
    members = zip(ports, listed(row["member_interface_status"]), strict=True)
    inside = str([(nxos(port), "P" in flags, flags) for port, flags in members])
    protocol = row["bundle_protocol"].lower().replace("none", "")
    yield (nxos(row["bundle_name"]), "U" in row["bundle_status"], protocol, inside)


def nxos_version(row: Row) -> Iterable[Fact]:
    yield (row["hostname"], row["os"].split()[0], seconds_of(row["uptime"]))


def xr_version(row: Row) -> Iterable[Fact]:
    yield (row["version"].split()[0], seconds_of(row["uptime"]))


def got_xr_version(state: DeviceState) -> Iterable[Fact]:
    assert state.system is not None
    yield (state.system.version, state.system.uptime_seconds)


def xr_load(row: Row) -> Iterable[Fact]:
    yield (float(row["cpu_1_min"]),)


def got_xr_load(state: DeviceState) -> Iterable[Fact]:
    assert state.system is not None
    yield (state.system.cpu_percent,)


CHOSEN: dict[tuple[str, str], Callable[[Sequence[Row]], list[Row]]] = {
    ("cisco_nxos", "show ip route"): first_of,
    ("cisco_iosxr", "show route ipv4"): without_spares,
}
"""Which of the expected rows typed state has, where that is not all."""
CISCO_FACTS: dict[tuple[str, str], tuple[Wanted, Got]] = {
    ("cisco_nxos", "show interface"): (nxos_interface, got_nxos_interfaces),
    ("cisco_nxos", "show ip arp"): (nxos_arp, got_arp),
    ("cisco_nxos", "show lldp neighbors"): (near(nxos), got_lldp),
    ("cisco_nxos", "show cdp neighbors"): (near(nxos), got_lldp),
    ("cisco_nxos", "show ip route"): (nxos_route, got_routes),
    ("cisco_nxos", "show ip bgp neighbors"): (nxos_peer, got_nxos_peers),
    ("cisco_nxos", "show ip ospf neighbors"): (ospf_neighbor(nxos), got_ospf_neighbors),
    ("cisco_nxos", "show mac address-table"): (nxos_mac, got_macs),
    ("cisco_nxos", "show interface switchport"): (nxos_switchport, got_switchports),
    ("cisco_nxos", "show vlan"): (nxos_vlan, got_vlans),
    ("cisco_nxos", "show port-channel summary"): (nxos_bundle, got_bundles),
    ("cisco_nxos", "show version"): (nxos_version, got_version),
    ("cisco_iosxr", "show interfaces"): (xr_interface, got_xr_interfaces),
    ("cisco_iosxr", "show arp"): (xr_arp, got_arp),
    ("cisco_iosxr", "show lldp neighbors"): (near(xr), got_lldp),
    ("cisco_iosxr", "show route ipv4"): (xr_route, got_xr_routes),
    ("cisco_iosxr", "show bgp neighbors"): (xr_peer, got_xr_peers),
    ("cisco_iosxr", "show ospf neighbor"): (ospf_neighbor(xr), got_ospf_neighbors),
    ("cisco_iosxr", "show isis neighbors"): (xr_adjacency, got_adjacencies),
    ("cisco_iosxr", "show processes cpu"): (xr_load, got_xr_load),
    ("cisco_iosxr", "show version"): (xr_version, got_xr_version),
}
