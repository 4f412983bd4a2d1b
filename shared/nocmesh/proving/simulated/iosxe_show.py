"""IOS-XE's answers, in the columns that its parsers know (ntc-templates' `cisco_ios`)."""

import re
from collections import defaultdict
from datetime import datetime
from ipaddress import IPv4Interface, IPv4Network

from nocmesh.proving.simulated.cabling import phy
from nocmesh.proving.simulated.iosxe_bgp import short_time
from nocmesh.proving.simulated.iosxe_config import render
from nocmesh.proving.simulated.iosxe_ports import counters, switch_interface
from nocmesh.proving.simulated.live import InterfaceRecord
from nocmesh.proving.simulated.model import SIMULATED, Interface
from nocmesh.proving.simulated.notices import short
from nocmesh.proving.simulated.switching import dotted
from nocmesh.proving.simulated.view import RouteEntry, View

CODES = """Codes: L - local, C - connected, S - static, R - RIP, M - mobile, B - BGP
       D - EIGRP, EX - EIGRP external, O - OSPF, IA - OSPF inter area
       N1 - OSPF NSSA external type 1, N2 - OSPF NSSA external type 2
       E1 - OSPF external type 1, E2 - OSPF external type 2
       i - IS-IS, su - IS-IS summary, L1 - IS-IS level-1, L2 - IS-IS level-2
       ia - IS-IS inter area, * - candidate default, U - per-user static route
       + - replicated route, % - next hop override, p - overrides from PfR

Gateway of last resort is not set

"""
LETTERS = {"connected": "C", "local": "L", "static": "S", "bgp": "B"}


def version(view: View) -> str:
    """`show version`."""
    minutes = view.uptime // 60
    up = f"{minutes // 1440} days, {minutes % 1440 // 60} hours, {minutes % 60} minutes"
    if view.node.running.spanning is not None:
        return _switch_version(view, view.node.running.spanning.mac, up)
    return (
        f"Cisco IOS XE Software, Version {view.node.version}\n"
        f"Cisco IOS Software [Cupertino], Virtual XE Software (X86_64_LINUX_IOSD-UNIVERSALK9-M), "
        f"Version {view.node.version}, RELEASE SOFTWARE (fc3)\n"
        f"*** {SIMULATED} ***\n\n"
        f"ROM: IOS-XE ROMMON\n\n{view.node.running.hostname} uptime is {up}\n"
        f"System returned to ROM by reload\n"
        f'System image file is "bootflash:simulated.bin"\nLast reload reason: simulation started\n\n'
        f"cisco SIM8000V (VXE) processor (revision VXE) with 2027875K/3075K bytes of memory.\n"
        f"Processor board ID SIMULATED\nRouter operating mode: Autonomous\n\nConfiguration register is 0x2102\n\n"
    )


def _switch_version(view: View, mac: str, up: str) -> str:
    number, padded = view.node.version, padded_version(view.node.version)
    ports = sum(1 for interface in view.node.running.interfaces.values() if interface.physical)
    return (
        f"Cisco IOS XE Software, Version {padded}\n"
        f"Cisco IOS Software [Cupertino], Catalyst L3 Switch Software (CAT9K_IOSXE), Version {number}, "
        f"RELEASE SOFTWARE (fc3)\n*** {SIMULATED} ***\n\nROM: IOS-XE ROMMON\n\n"
        f"{view.node.running.hostname} uptime is {up}\nSystem returned to ROM by reload\n"
        f'System image file is "flash:packages.conf"\nLast reload reason: simulation started\n\n'
        f"cisco C9300-24T (X86) processor with 1338934K/6147K bytes of memory.\nProcessor board ID SIMULATED\n\n"
        f"Base Ethernet MAC Address          : {mac}\nModel Number                       : C9300-24T\n\n"
        "Switch Ports Model              SW Version        SW Image              Mode   \n"
        "------ ----- -----              ----------        ----------            ----   \n"
        f"*    1 {ports:<5} C9300-24T          {padded:<17} CAT9K_IOSXE           INSTALL\n\n"
        "Configuration register is 0x102\n\n"
    )


def padded_version(version: str) -> str:
    """`17.9.4a` -> `17.09.04a`, as packages are named."""
    return re.sub(r"(?<![0-9])([0-9])(?![0-9])", r"0\1", version)


def running_config(view: View) -> str:
    """`show running-config`."""
    text = render(view.node.running, view.node.version)
    return f"Building configuration...\n\nCurrent configuration : {len(text)} bytes\n!\n{text}\n"


def startup_config(view: View) -> str:
    """`show startup-config`."""
    saved = view.node.startup
    if saved is None:
        return "startup-config is not present\n"
    text = render(saved, view.node.version)
    return f"Using {len(text)} out of 33554432 bytes\n!\n{text}\n"


def ip_route(view: View) -> str:
    """`show ip route`: grouped under the classful network, as IOS does."""
    groups: dict[IPv4Network, list[RouteEntry]] = defaultdict(list)
    for entry in view.routes():
        groups[_classful(entry.prefix)].append(entry)
    return CODES + "".join(_group(classful, entries) for classful, entries in sorted(groups.items()))


def _classful(prefix: str) -> IPv4Network:
    first = int(prefix.split(".")[0])
    length = 8 if first < 128 else 16 if first < 192 else 24
    network = IPv4Network(prefix)
    return network.supernet(new_prefix=length) if network.prefixlen > length else network


def _group(classful: IPv4Network, entries: list[RouteEntry]) -> str:
    lengths = {entry.prefix.split("/")[1] for entry in entries}
    if len(entries) == 1 and str(classful) == entries[0].prefix:
        return _route(entries[0], indent=5)
    how = f"is variably subnetted, {len(entries)} subnets, {len(lengths)} masks"
    if len(lengths) == 1:
        how = f"is subnetted, {len(entries)} subnets"
        classful = IPv4Network(f"{classful.network_address}/{lengths.pop()}")
    return f"      {classful} {how}\n" + "".join(_route(entry, indent=8) for entry in entries)


def _route(entry: RouteEntry, *, indent: int) -> str:
    head = f"{LETTERS[entry.protocol]:<{indent}} {entry.prefix}"
    if entry.protocol in {"connected", "local"}:
        return f"{head} is directly connected, {entry.interface}\n"
    age = f", {short_time(entry.seconds)}" if entry.protocol == "bgp" else ""
    return f"{head} [{entry.distance}/0] via {entry.next_hop}{age}\n"


def interface_brief(view: View) -> str:
    """`show ip interface brief`."""
    out = "Interface              IP-Address      OK? Method Status                Protocol\n"
    for interface, record, _ in view.interfaces():
        address = str(IPv4Interface(interface.addresses[0]).ip) if interface.addresses else "unassigned"
        status = ("up" if record.up else "down") if interface.enabled else "administratively down"
        out += f"{interface.name:<22} {address:<15} YES NVRAM  {status:<21} {'up' if record.up else 'down'}\n"
    return out


def interfaces(view: View, name: str = "") -> str:
    """`show interfaces [X]`."""
    return "".join(
        _interface(view, interface, record)
        for interface, record, _ in view.interfaces()
        if name in ("", interface.name)
    )


def interface_descriptions(view: View) -> str:
    """`show interfaces description`."""
    out = "Interface                      Status         Protocol Description\n"
    for interface, record, _ in view.interfaces():
        status = ("up" if record.up else "down") if interface.enabled else "admin down"
        out += f"{short(interface.name):<30} {status:<14} {'up' if record.up else 'down':<8} {interface.description}\n"
    return out


def _interface(view: View, interface: Interface, record: InterfaceRecord) -> str:
    if view.node.running.spanning is not None:
        return switch_interface(view, interface, record)
    up = "up" if record.up else "down"
    admin = up if interface.enabled else "administratively down"
    mac = dotted(view.hardware(interface))
    out = f"{interface.name} is {admin}, line protocol is {up}\n"
    out += (
        "  Hardware is Loopback\n" if interface.loopback else f"  Hardware is CSR vNIC, address is {mac} (bia {mac})\n"
    )
    out += f"  Description: {interface.description}\n" if interface.description else ""
    out += f"  Internet address is {interface.addresses[0]}\n" if interface.addresses else ""
    out += f"  MTU {1514 if interface.loopback else interface.mtu} bytes, BW 1000000 Kbit/sec, DLY 10 usec,\n"
    out += "     reliability 255/255, txload 1/255, rxload 1/255\n"
    out += f"  Encapsulation {'LOOPBACK' if interface.loopback else 'ARPA'}, loopback not set\n"
    out += "  Keepalive set (10 sec)\n"
    out += "" if interface.loopback else _medium(view, interface)
    out += "  Last input 00:00:00, output 00:00:00, output hang never\n"
    out += '  Last clearing of "show interface" counters never\n'
    out += "  Input queue: 0/375/0/0 (size/max/drops/flushes); Total output drops: 0\n  Queueing strategy: fifo\n"
    out += "  Output queue: 0/40 (size/max)\n"
    return out + counters(view, interface, record)


def _medium(view: View, interface: Interface) -> str:
    running = phy(view.live.model, view.node, interface)
    how = "force-up" if interface.speed != "auto" else "auto"
    return f"  {running.duplex.capitalize()} Duplex, {running.speed}Mbps, link type is {how}, media type is Virtual\n"


def logging(view: View) -> str:
    """`show logging`."""
    events = view.live.logged(view.name)
    head = "Syslog logging: enabled (0 messages dropped, 0 messages rate-limited, 0 flushes, 0 overruns)\n\n"
    head += "Log Buffer (4096 bytes):\n\n"
    return head + "".join(f"{_stamp(e.at)}: %{e.mnemonic}: {e.text}\n" for e in events)


def _stamp(at: datetime) -> str:
    return f"*{at:%b %d %H:%M:%S.%f}"[:-3]


def clock(view: View) -> str:
    """`show clock`."""
    return f"*{view.now:%H:%M:%S}.000 UTC {view.now:%a %b} {view.now.day} {view.now.year}\n"
