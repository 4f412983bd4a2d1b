"""IOS-XE's answers about the device itself and who is next to it: processes, memory, packages, ARP, LLDP."""

from collections.abc import Iterator

from nocmesh.proving.simulated.cabling import ends, phy
from nocmesh.proving.simulated.iosxe_show import padded_version
from nocmesh.proving.simulated.model import Interface, Node, Port
from nocmesh.proving.simulated.notices import short
from nocmesh.proving.simulated.switching import dotted
from nocmesh.proving.simulated.view import View

PROCESSES = (
    (1, "Chunk Manager"), (7, "Check heaps"), (64, "IOSD ipc task"), (98, "ARP Input"), (131, "Spanning Tree"),
    (187, "IP Input"), (203, "SSH Process"), (221, "SNMP ENGINE"), (240, "LLDP Protocol"), (277, "BGP Router"),
)  # fmt: skip
POOL = 2_147_483_648
"""Bytes of memory."""
IDLE, STORMED, BUSY = 4, 88, 99
"""Percent of the processor: at rest, when a storm reaches it, when one process takes it all."""


def cpu_percent(view: View) -> int:
    """How busy the processor is."""
    if view.node.hog:
        return BUSY
    stormed = any(switch == view.name for switch, _ in view.live.bridging.storming)
    return STORMED if stormed else IDLE


def _share(view: View, name: str) -> float:
    """Percent of the processor that one process takes."""
    if view.node.hog == name:
        return 93.0
    storm = cpu_percent(view) == STORMED
    return 79.0 if storm and name == "ARP Input" else 0.15 if name == "IOSD ipc task" else 0.0


def processes_cpu(view: View) -> str:
    """`show processes cpu`."""
    busy = cpu_percent(view)
    out = f"CPU utilization for five seconds: {busy}%/{busy // 50}%; one minute: {busy}%; five minutes: {busy}%\n"
    out += " PID Runtime(ms)     Invoked      uSecs   5Sec   1Min   5Min TTY Process \n"
    for pid, name in PROCESSES:
        share, calls = _share(view, name), 10 + view.uptime
        runtime = int(view.uptime * 10 * share) + pid
        percent = f"{share:5.2f}%"
        out += f"{pid:4d} {runtime:11d} {calls:11d} {1000 * runtime // calls:10d} {percent} {percent} {percent}"
        out += f" {0:3d} {name:<16} \n"
    return out


def processes_memory(view: View) -> str:
    """`show processes memory sorted`."""
    used = int(POOL * (0.98 if view.node.hog else 0.31))
    out = f"Processor Pool Total: {POOL:10d} Used: {used:10d} Free: {POOL - used:10d}\n"
    out += " lsmpi_io Pool Total:    6295128 Used:    6294296 Free:        832\n\n"
    out += " PID TTY  Allocated      Freed    Holding    Getbufs    Retbufs Process\n"
    for pid, name in sorted(PROCESSES, key=lambda row: row[1] != view.node.hog):
        holding = used // 2 if name == view.node.hog else 200_000 + pid
        out += f"{pid:4d}   0 {holding + 100_000:10d} {100_000:10d} {holding:10d} {0:10d} {0:10d} {name:<16}\n"
    return out


def install_summary(view: View) -> str:
    """`show install summary`."""
    train = padded_version(view.node.version)
    rule = "-" * 80
    out = "[ Switch 1 ] Installed Package(s) Information:\nState (St): I - Inactive, U - Activated & Uncommitted,\n"
    out += "            C - Activated & Committed, D - Deactivated & Uncommitted\n"
    out += f"{rule}\nType  St   Filename/Version    \n{rule}\n"
    out += "".join(f"SMU   C    bootflash:{name} \n" for name in sorted(view.node.packages))
    out += f"IMG   C    {train}.0.6 \n"
    return f"{out}\n{rule}\nAuto abort timer: inactive\n{rule}\n"


def ip_arp(view: View) -> str:
    """`show ip arp`: one's own addresses, and everybody who is heard."""
    out = "Protocol  Address          Age (min)  Hardware Addr   Type   Interface\n"
    for interface, record, _ in view.interfaces():
        if record.up and interface.addresses and not interface.loopback:
            own = interface.addresses[0].split("/")[0]
            rows = [(own, "-", view.hardware(interface))]
            rows += [(address, "0", mac) for address, mac in neighbours(view, interface) if address != own]
            for address, age, mac in rows:
                out += f"Internet  {address:<15} {age:>9}   {dotted(mac)}  ARPA   {interface.name}\n"
    return out


def neighbours(view: View, interface: Interface) -> Iterator[tuple[str, str]]:
    """Address and hardware address of who is heard on ``interface``."""
    live = view.live
    if interface.svi:
        table = live.bridging.learned.get((view.name, int(interface.name.removeprefix("Vlan"))), {})
        yield from sorted((s.address, s.mac) for s in live.bridging.stations.values() if s.mac in table)
        return
    far = ends(live.model, view.node, interface)
    if far is None or not phy(live.model, view.node, interface).up:
        return
    if far[1].switchport is None:
        mac = View(live, far[0].name).hardware(far[1])
        yield from ((address.split("/")[0], mac) for address in far[1].addresses)
        return
    heard = live.bridging.heard_by.get(Port(device=far[0].name, interface=far[1].name), {})
    yield from sorted((address, station.mac) for address, station in heard.items())


def lldp_neighbors(view: View) -> str:
    """`show lldp neighbors`."""
    if not speaks_lldp(view.node):
        return "% LLDP is not enabled\n"
    rows = [(far.running.hostname, short(own.name), far, short(there.name)) for own, far, there in _adjacent(view)]
    out = "Capability codes:\n    (R) Router, (B) Bridge, (T) Telephone, (C) DOCSIS Cable Device\n"
    out += "    (W) WLAN Access Point, (P) Repeater, (S) Station, (O) Other\n\n"
    out += "Device ID           Local Intf     Hold-time  Capability      Port ID\n"
    for name, own, far, port in rows:
        what = "R" if far.running.spanning is None else "B,R"
        out += f"{name[:20]:<20}{own:<15}{120:<11}{what:<16}{port}\n"
    return f"{out}\nTotal entries displayed: {len(rows)}\n"


def speaks_lldp(node: Node) -> bool:
    """Whether it announces itself: where IOS is told to, and Linux with its daemon always."""
    return node.dialect == "frr" or "lldp run" in node.running.services


def _adjacent(view: View) -> Iterator[tuple[Interface, Node, Interface]]:
    for interface, _, _ in view.interfaces():
        far = ends(view.live.model, view.node, interface)
        if far is not None and speaks_lldp(far[0]) and phy(view.live.model, view.node, interface).up:
            yield interface, far[0], far[1]
