"""IOS-XE's `show interfaces` on a switch, and the counters that routers and switches print alike."""

from nocmesh.proving.simulated.cabling import Phy, bundled, member, phy
from nocmesh.proving.simulated.live import InterfaceRecord
from nocmesh.proving.simulated.model import Interface
from nocmesh.proving.simulated.notices import short
from nocmesh.proving.simulated.switching import dotted
from nocmesh.proving.simulated.view import View

HARDWARE = {"Vlan": "Ethernet SVI", "Port-channel": "EtherChannel", "GigabitEthernet": "Gigabit Ethernet"}
LOADED = 250
"""Of 255, under a storm."""


def kind_of(interface: Interface) -> str:
    """The name without its number: `GigabitEthernet`, `Vlan`, `Port-channel`."""
    return interface.name.rstrip("0123456789/.")


def connection(view: View, interface: Interface, record: InterfaceRecord) -> str:
    """The word in brackets behind the line protocol, that switches add; empty for what is not switched."""
    if kind_of(interface) not in {"GigabitEthernet", "Port-channel"}:
        return ""
    if not interface.enabled:
        return " (disabled)"
    if interface.channel is not None and member(view.live.model, view.node, interface).flag == "s":
        return " (suspended)"
    return " (connected)" if record.up else " (notconnect)"


def switch_interface(view: View, interface: Interface, record: InterfaceRecord) -> str:
    """One interface of a switch."""
    running = _running(view, interface)
    up = "up" if record.up else "down"
    admin = "up" if running.up or record.up else "down"
    admin = admin if interface.enabled else "administratively down"
    mac, kind = dotted(view.hardware(interface)), kind_of(interface)
    load = LOADED if stormed(view, interface) else 1
    out = f"{interface.name} is {admin}, line protocol is {up}{connection(view, interface, record)}\n"
    out += f"  Hardware is {HARDWARE.get(kind, kind)}, address is {mac} (bia {mac})\n"
    out += f"  Description: {interface.description}\n" if interface.description else ""
    out += f"  Internet address is {interface.addresses[0]}\n" if interface.addresses else ""
    out += f"  MTU {interface.mtu} bytes, BW {1000 * running.speed} Kbit/sec, DLY 10 usec,\n"
    out += f"     reliability 255/255, txload {load}/255, rxload {load}/255\n"
    out += "  Encapsulation ARPA, loopback not set\n"
    out += "  Keepalive not supported\n" if interface.svi else "  Keepalive set (10 sec)\n"
    out += "" if interface.svi else _medium(view, interface, running)
    return out + _queues() + counters(view, interface, record)


def _running(view: View, interface: Interface) -> Phy:
    if not interface.bundle:
        return phy(view.live.model, view.node, interface)
    inside = bundled(view.live.model, view.node, interface.name)
    return Phy(up=bool(inside), speed=1000 * max(1, len(inside)))


def _medium(view: View, interface: Interface, running: Phy) -> str:
    words = {"full": "Full-duplex", "half": "Half-duplex"}
    duplex, speed = words[running.duplex], f"{running.speed}Mb/s"
    if not running.up:
        fixed = interface.duplex.capitalize(), interface.speed
        duplex, speed = f"{fixed[0]}-duplex", "Auto-speed" if fixed[1] == "auto" else f"{fixed[1]}Mb/s"
    if not interface.bundle:
        flow = "  input flow-control is on, output flow-control is unsupported\n"
        return f"  {duplex}, {speed}, media type is 10/100/1000BaseTX\n{flow}"
    inside = " ".join(short(i.name) for i in bundled(view.live.model, view.node, interface.name))
    members = f"  Members in this channel: {inside} \n" if inside else ""
    return f"  {duplex}, 1000Mb/s, link type is auto, media type is N/A\n{members}"


def _queues() -> str:
    out = "  ARP type: ARPA, ARP Timeout 04:00:00\n  Last input 00:00:00, output 00:00:00, output hang never\n"
    out += '  Last clearing of "show interface" counters never\n'
    out += "  Input queue: 0/2000/0/0 (size/max/drops/flushes); Total output drops: 0\n"
    return out + "  Queueing strategy: fifo\n  Output queue: 0/40 (size/max)\n"


def stormed(view: View, interface: Interface) -> bool:
    """Whether a storm passes now."""
    return bool(view.rates(interface).get("packets"))


def counters(view: View, interface: Interface, record: InterfaceRecord) -> str:
    """The last lines, from the rates on."""
    seen = {name: view.count(interface, name) for name in ("crc", "runts", "collisions", "late", "packets")}
    packets = view.packets(record) + seen["packets"]
    rate = (1000, 2) if record.up else (0, 0)
    per_second = view.rates(interface).get("packets", 0) // 60
    bits, per_second = (670 * per_second, per_second) if per_second else rate
    out = f"  5 minute input rate {bits} bits/sec, {per_second} packets/sec\n"
    out += f"  5 minute output rate {bits} bits/sec, {per_second} packets/sec\n"
    out += f"     {packets} packets input, {90 * packets} bytes, 0 no buffer\n"
    out += f"     Received {seen['packets']} broadcasts (0 multicasts)\n"
    out += f"     {seen['runts']} runts, 0 giants, 0 throttles\n"
    out += f"     {seen['crc'] + seen['runts']} input errors, {seen['crc']} CRC, 0 frame, 0 overrun, 0 ignored\n"
    out += "     0 watchdog, 0 multicast, 0 pause input\n     0 input packets with dribble condition detected\n"
    out += f"     {packets} packets output, {90 * packets} bytes, 0 underruns\n"
    out += f"     {seen['late']} output errors, {seen['collisions']} collisions, {record.downs} interface resets\n"
    out += f"     0 unknown protocol drops\n     0 babbles, {seen['late']} late collision, 0 deferred\n"
    out += "     0 lost carrier, 0 no carrier, 0 pause output\n"
    return out + "     0 output buffer failures, 0 output buffers swapped out\n"


def status(view: View) -> str:
    """`show interfaces status`."""
    out = "\nPort         Name               Status       Vlan       Duplex  Speed Type\n"
    for interface, record, _ in view.interfaces():
        if kind_of(interface) in {"GigabitEthernet", "Port-channel"}:
            out += _status(view, interface, record)
    return out


def _status(view: View, interface: Interface, record: InterfaceRecord) -> str:
    running, port = _running(view, interface), interface.switchport
    word = connection(view, interface, record).strip(" ()")
    vlan = "routed" if port is None else "trunk" if port.trunk else str(port.access_vlan)
    fixed_duplex, fixed_speed = interface.duplex != "auto", interface.speed != "auto"
    duplex = ("" if fixed_duplex else "a-") + running.duplex if running.up else interface.duplex
    speed = ("" if fixed_speed else "a-") + str(min(running.speed, 1000)) if running.up else interface.speed
    media = "" if interface.bundle else "10/100/1000BaseTX"
    name = interface.description[:18]
    return f"{short(interface.name):<12} {name:<18} {word:<12} {vlan:<10} {duplex:>6} {speed:>6} {media}\n"
