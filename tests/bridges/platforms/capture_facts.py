"""Facts of a captured answer: as its expected rows have them, and as typed state has them, in the same words."""

import re
from collections.abc import Callable, Iterable

from bridges.platforms.captures import Row

from nocmesh.messages.state import DeviceState
from nocmesh_bridges.platforms.ios_names import EOS, full_name
from nocmesh_bridges.platforms.tables import clock_seconds, mac, number, seconds_of, vlans

Fact = tuple[object, ...]
Wanted = Callable[[Row], Iterable[Fact]]
Got = Callable[[DeviceState], Iterable[Fact]]


def listed(value: object) -> list[str]:
    """A field that may be one text or several."""
    return [str(each) for each in value] if isinstance(value, list) else [str(value)] if value else []


def ios(name: str) -> str:
    return full_name(name)


def eos(name: str) -> str:
    return full_name(name, EOS)


def some(value: Iterable[object] | None) -> list:  # type: ignore[type-arg]
    assert value is not None
    return list(value)


def ios_interface(row: Row) -> Iterable[Fact]:
    address = f"{row['ip_address']}/{row['prefix_length']}" if row["ip_address"] else ""
    up = row["link_status"] == "up" and row["protocol_status"].split(" ")[0] == "up"
    drops = number(row["queue_drops"]), number(row["queue_output_drops"])
    speed = re.fullmatch(r"(\d+)([MG])b(?:/s|ps)", row["speed"])
    mbps = int(speed[1]) * (1000 if speed[2] == "G" else 1) if speed and row["duplex"][:4] in ("Full", "Half") else None
    duplex = {"F": "full", "H": "half"}.get(row["duplex"][:1], "")
    about: Fact = (address, row["description"], mac(row["mac_address"]), number(row["mtu"]))
    about += (number(row["input_errors"]),)
    yield (row["interface"], up, row["link_status"] != "administratively down", *about, *drops, mbps, duplex)
    if row["output_errors"]:
        yield (row["interface"], "output errors", int(row["output_errors"]))


def got_ios_interfaces(state: DeviceState) -> Iterable[Fact]:
    for i in some(state.interfaces):
        about = ("".join(i.addresses), i.description, i.mac, i.mtu)
        counts = i.in_errors, i.in_discards, i.out_discards
        yield (i.name, i.oper_up, i.enabled, *about, *counts, i.speed_mbps, i.duplex)
        if i.out_errors is not None:
            yield (i.name, "output errors", i.out_errors)


def eos_interface(row: Row) -> Iterable[Fact]:
    up = row["link_status"] == "up" and row["protocol_status"].split(" ")[0] == "up"
    address = [row["ip_address"]] if row["ip_address"] else []
    changes = number(row["link_status_change"])
    yield (row["interface"], up, str(address), row["description"], mac(row["mac_address"]), number(row["mtu"]), changes)


def got_eos_interfaces(state: DeviceState) -> Iterable[Fact]:
    for i in some(state.interfaces):
        four = str([each for each in i.addresses if ":" not in each])
        yield (i.name, i.oper_up, four, i.description, i.mac, i.mtu, i.carrier_changes)


def junos_interface(row: Row) -> Iterable[Fact]:
    length = row["destination"].partition("/")[2]
    address = f"{row['local']}/{length}" if row["local"] else ""
    yield (row["interface"], row["link_status"] == "Up", row["description"], number(row["mtu"]), address)


def got_junos_interfaces(state: DeviceState) -> Iterable[Fact]:
    for i in some(state.interfaces):
        yield (i.name, i.oper_up, i.description, i.mtu, "".join(i.addresses[:1]))


def arp(row: Row) -> Iterable[Fact]:
    address = mac(row["hardware_address"])
    state = "permanent" if row["age_min"] == "-" else "" if address else "incomplete"
    yield (row["address"], address, row["interface"], state)


def ios_lldp(row: Row) -> Iterable[Fact]:
    yield (ios(row["local_interface"]), row["neighbor_name"], ios(row["neighbor_interface"]))


def junos_lldp(row: Row) -> Iterable[Fact]:
    yield (row["local_interface"], row["neighbor_name"], row["neighbor_interface"])


def got_lldp(state: DeviceState) -> Iterable[Fact]:
    assert state.neighbors is not None
    return [(n.interface, n.system_name, n.port) for n in state.neighbors.lldp]


def got_arp(state: DeviceState) -> Iterable[Fact]:
    assert state.neighbors is not None
    return [(n.address, n.mac, n.interface, n.state) for n in state.neighbors.entries]


def ios_route(row: Row) -> Iterable[Fact]:
    where = (row["nexthop_ip"], row["nexthop_if"])
    for each in where:
        if each:
            yield (f"{row['network']}/{row['prefix_length']}", each, number(row["distance"]), number(row["metric"]))


def eos_route(row: Row) -> Iterable[Fact]:
    if row["vrf"] in ("", "default"):
        hops = [hop for hop in listed(row["next_hop"]) if hop != "connected"]
        for each in [*hops, *(name.split(",")[0] for name in listed(row["interface"]))]:
            yield (f"{row['network']}/{row['prefix_length']}", each, number(row["distance"]), number(row["metric"]))


def got_routes(state: DeviceState) -> Iterable[Fact]:
    for route in some(state.routes):
        for each in [*route.next_hops, *route.interfaces]:
            yield (route.prefix, each, route.distance, route.metric)


def rule(row: Row) -> Iterable[Fact]:
    if row["action"] and row["action"] != "remark":
        name = row["acl_name"]
        yield (name, row["action"], "" if row["protocol"] == "ip" else row["protocol"], number(row["matches"]))


def got_rules(state: DeviceState) -> Iterable[Fact]:
    return [(r.name, r.action, r.protocol, r.packets) for r in some(state.filters)]


def ios_peer(row: Row) -> Iterable[Fact]:
    if not row["vrf"]:
        yield (row["neighbor"], int(row["remote_as"]), row["bgp_state"].lower())


def got_peers(state: DeviceState) -> Iterable[Fact]:
    assert state.bgp is not None
    return [(n.address, n.remote_as, n.session_state) for n in state.bgp.neighbors]


def asn(text: str) -> int:
    high, _, low = text.rpartition(".")
    return int(high or 0) * 65536 + int(low)


def eos_peer(row: Row) -> Iterable[Fact]:
    up = row["state"] == "Estab"
    state = "established" if up else row["state"].lower()
    since = clock_seconds(row["up_down"]) if up else None
    received = number(row["state_pfxrcd"]) if up else None
    yield (row["bgp_neigh"], asn(row["neigh_as"]), state, row["description"], received, since)


def got_eos_peers(state: DeviceState) -> Iterable[Fact]:
    assert state.bgp is not None
    for n in state.bgp.neighbors:
        yield (n.address, n.remote_as, n.session_state, n.description, n.prefixes_received, n.established_for)


def junos_peer(row: Row) -> Iterable[Fact]:
    since = clock_seconds(f"{row['last_flap']} {row['up_down']}")
    yield (row["peer_ip"], int(row["peer_as"]), "established", int(row["received"]), since)


def got_junos_peers(state: DeviceState) -> Iterable[Fact]:
    assert state.bgp is not None
    return [
        (n.address, n.remote_as, n.session_state, n.prefixes_received, n.established_for) for n in state.bgp.neighbors
    ]


def ospf_neighbor(row: Row) -> Iterable[Fact]:
    state = row["state"].split("/")[0].strip().lower()
    yield (row["neighbor_id"], row["ip_address"], row["interface"], state)


def got_ospf_neighbors(state: DeviceState) -> Iterable[Fact]:
    assert state.ospf is not None
    return [(n.router_id, n.address, n.interface, n.state) for n in state.ospf.neighbors]


def eos_ospf_interface(row: Row) -> Iterable[Fact]:
    address = f"{row['ip_address']}/{row['prefix_length']}"
    state = {"P2P": "point_to_point"}.get(row["state"], row["state"].lower())
    yield (eos(row["interface"]), row["area"], address, int(row["cost"]), state, int(row["neighbors"]))


def got_ospf_interfaces(state: DeviceState) -> Iterable[Fact]:
    assert state.ospf is not None
    return [(i.name, i.area, i.address, i.cost, i.state, i.neighbor_count) for i in state.ospf.interfaces]


LEVELS = {"L1": "level-1", "L2": "level-2", "1": "level-1", "2": "level-2", "3": "level-1-2"}


def adjacency(row: Row) -> Iterable[Fact]:
    yield (row["system_id"], ios(row["interface"]), LEVELS[row["type"]], row["state"].lower())


def junos_adjacency(row: Row) -> Iterable[Fact]:
    yield (row["system_id"], row["interface"], LEVELS[row["type"]], row["state"].lower())


def got_adjacencies(state: DeviceState) -> Iterable[Fact]:
    assert state.isis is not None
    return [(a.system_id, a.interface, a.level, a.state) for a in state.isis.adjacencies]


def ios_mac(row: Row) -> Iterable[Fact]:
    for port in [each for text in listed(row["destination_port"]) for each in re.split(r"[ ,]+", text) if each]:
        static = row["type"].lower() != "dynamic"
        yield (mac(row["destination_address"]), ios(port), number(row["vlan_id"]), static)


def eos_mac(row: Row) -> Iterable[Fact]:
    for port in [each for text in listed(row["destination_port"]) for each in text.split()]:
        address = mac(row["mac_address"]) or row["mac_address"]
        yield (address, eos(port), int(row["vlan_id"]), row["type"] != "DYNAMIC")


def got_macs(state: DeviceState) -> Iterable[Fact]:
    return [(m.mac, m.interface, m.vlan, m.static) for m in some(state.mac_table) if m.interface]


def switchport(row: Row) -> Iterable[Fact]:
    running = row["admin_mode"] if row["mode"].startswith("down") or not row["mode"] else row["mode"]
    mode = "trunk" if running.startswith("trunk") else "access" if "access" in running else ""
    mode = "routed" if row["switchport"] == "Disabled" else mode
    allowed = ",".join(listed(row["trunking_vlans"]))
    trunk = [1, 77] if allowed == "ALL" else vlans(allowed)
    access = number(row["access_vlan"]) if mode == "access" else None
    yield (ios(row["interface"]), mode, access, str(trunk if mode == "trunk" else []))


def got_switchports(state: DeviceState) -> Iterable[Fact]:
    assert state.switching is not None
    return [(p.name, p.mode, p.access_vlan, str(p.trunk_vlans)) for p in state.switching.ports]


def eos_port(row: Row) -> Iterable[Fact]:
    vlan = row["vlan_id"]
    mode = vlan if vlan in ("trunk", "routed") else "access" if vlan.isdigit() else ""
    yield (eos(row["port"]), mode, number(vlan))


def got_eos_ports(state: DeviceState) -> Iterable[Fact]:
    assert state.switching is not None
    return [(p.name, p.mode, p.access_vlan) for p in state.switching.ports]


def eos_vlan(row: Row) -> Iterable[Fact]:
    yield (int(row["vlan_id"]),)


def got_vlans(state: DeviceState) -> Iterable[Fact]:
    assert state.switching is not None
    return [(vlan,) for vlan in state.switching.vlans]


def bundle(name: Callable[[str], str]) -> Wanted:
    def wanted(row: Row) -> Iterable[Fact]:
        members = zip(listed(row["member_interface"]), listed(row["member_interface_status"]), strict=True)
        inside = str([(name(port), "P" in flags, flags) for port, flags in members])
        yield (name(row["bundle_name"]), "U" in row["bundle_status"], row["bundle_protocol"].lower(), inside)

    return wanted


def got_bundles(state: DeviceState) -> Iterable[Fact]:
    assert state.switching is not None
    for lag in state.switching.lags:
        inside = str([(m.interface, m.bundled, m.flags) for m in lag.members])
        yield (lag.name, lag.oper_up, lag.protocol, inside)


def ios_process(row: Row) -> Iterable[Fact]:
    yield (int(row["process_pid"]), row["process_name"], float(row["process_cpu_usage_5_sec"]))


def eos_process(row: Row) -> Iterable[Fact]:
    yield (int(row["pid"]), row["command"], float(row["percent_cpu"]))


def got_processes(state: DeviceState) -> Iterable[Fact]:
    return [(p.pid, p.name, p.cpu_percent) for p in some(state.processes)]


def ios_memory(row: Row) -> Iterable[Fact]:
    yield (int(row["memory_total"]) // 1024, int(row["memory_free"]) // 1024)


def got_memory(state: DeviceState) -> Iterable[Fact]:
    assert state.system is not None
    yield (state.system.memory_total_kb, state.system.memory_available_kb)


def ios_version(row: Row) -> Iterable[Fact]:
    yield (row["hostname"], row["version"], seconds_of(row["uptime"]))


def got_version(state: DeviceState) -> Iterable[Fact]:
    assert state.system is not None
    yield (state.system.hostname, state.system.version, state.system.uptime_seconds)


def eos_version(row: Row) -> Iterable[Fact]:
    yield (row["image"], seconds_of(row["uptime"]), int(row["total_memory"]), int(row["free_memory"]))


def got_eos_version(state: DeviceState) -> Iterable[Fact]:
    s = state.system
    assert s is not None
    yield (s.version, s.uptime_seconds, s.memory_total_kb, s.memory_available_kb)


def junos_version(row: Row) -> Iterable[Fact]:
    yield (row["hostname"], row["junos_version"])


def got_junos_version(state: DeviceState) -> Iterable[Fact]:
    assert state.system is not None
    yield (state.system.hostname, state.system.version)


def junos_load(row: Row) -> Iterable[Fact]:
    yield (round(100 - float(row["cpu_idle"]), 1), int(row["memory_free"]) * 1024**2)


def got_junos_load(state: DeviceState) -> Iterable[Fact]:
    assert state.system is not None
    yield (state.system.cpu_percent, state.system.memory_available_kb)


def more(command: str, fact: Fact) -> bool:
    """Whether typed state may have ``fact`` beyond the expected rows: what the templates leave out.

    They skip the multicast entries of a MAC table, and the output errors of a VLAN's interface.
    """
    if command == "show mac address-table":
        return bool(int(str(fact[0])[:2], 16) & 1)
    return command == "show interfaces" and str(fact[0]).startswith("Vlan") and fact[1] == "output errors"


FACTS: dict[tuple[str, str], tuple[Wanted, Got]] = {
    ("cisco_iosxe", "show interfaces"): (ios_interface, got_ios_interfaces),
    ("cisco_iosxe", "show ip arp"): (arp, got_arp),
    ("cisco_iosxe", "show lldp neighbors"): (ios_lldp, got_lldp),
    ("cisco_iosxe", "show ip route"): (ios_route, got_routes),
    ("cisco_iosxe", "show ip access-lists"): (rule, got_rules),
    ("cisco_iosxe", "show ip bgp neighbors"): (ios_peer, got_peers),
    ("cisco_iosxe", "show ip ospf neighbor"): (ospf_neighbor, got_ospf_neighbors),
    ("cisco_iosxe", "show isis neighbors"): (adjacency, got_adjacencies),
    ("cisco_iosxe", "show mac address-table"): (ios_mac, got_macs),
    ("cisco_iosxe", "show interfaces switchport"): (switchport, got_switchports),
    ("cisco_iosxe", "show etherchannel summary"): (bundle(ios), got_bundles),
    ("cisco_iosxe", "show processes cpu"): (ios_process, got_processes),
    ("cisco_iosxe", "show processes memory sorted"): (ios_memory, got_memory),
    ("cisco_iosxe", "show version"): (ios_version, got_version),
    ("arista_eos", "show interfaces"): (eos_interface, got_eos_interfaces),
    ("arista_eos", "show ip route"): (eos_route, got_routes),
    ("arista_eos", "show ip bgp summary"): (eos_peer, got_eos_peers),
    ("arista_eos", "show ip ospf interface brief"): (eos_ospf_interface, got_ospf_interfaces),
    ("arista_eos", "show ip ospf neighbor"): (ospf_neighbor, got_ospf_neighbors),
    ("arista_eos", "show mac address-table"): (eos_mac, got_macs),
    ("arista_eos", "show interfaces status"): (eos_port, got_eos_ports),
    ("arista_eos", "show vlan"): (eos_vlan, got_vlans),
    ("arista_eos", "show port-channel summary"): (bundle(eos), got_bundles),
    ("arista_eos", "show processes top once"): (eos_process, got_processes),
    ("arista_eos", "show version"): (eos_version, got_eos_version),
    ("juniper_junos", "show interfaces"): (junos_interface, got_junos_interfaces),
    ("juniper_junos", "show lldp neighbors"): (junos_lldp, got_lldp),
    ("juniper_junos", "show bgp summary"): (junos_peer, got_junos_peers),
    ("juniper_junos", "show ospf neighbor"): (ospf_neighbor, got_ospf_neighbors),
    ("juniper_junos", "show isis adjacency"): (junos_adjacency, got_adjacencies),
    ("juniper_junos", "show system processes brief"): (junos_load, got_junos_load),
    ("juniper_junos", "show version"): (junos_version, got_junos_version),
}
