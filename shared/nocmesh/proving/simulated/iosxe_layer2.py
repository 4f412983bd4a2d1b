"""IOS-XE's answers about VLANs, bundles, spanning tree and addresses, in the columns of a Catalyst 9000."""

from nocmesh.proving.simulated.cabling import member, members
from nocmesh.proving.simulated.grammar import Mismatch
from nocmesh.proving.simulated.iosxe_trees import vlan_list
from nocmesh.proving.simulated.model import Interface, Port
from nocmesh.proving.simulated.notices import short
from nocmesh.proving.simulated.switching import Spanning, Switchport, dotted, text_of
from nocmesh.proving.simulated.view import View

UNSUPPORTED = ("fddi-default", "token-ring-default", "fddinet-default", "trnet-default")
FLAP_SECONDS = 5
"""How long an address that flaps stays at one port."""
FLAGS = """Flags:  D - down        P - bundled in port-channel
        I - stand-alone s - suspended
        H - Hot-standby (LACP only)
        R - Layer3      S - Layer2
        U - in use      f - failed to allocate aggregator

        M - not in use, minimum links not met
        u - unsuitable for bundling
        w - waiting to be aggregated
        d - default port

        A - formed by Auto LAG


"""
CPU_ADDRESSES = ("0100.0ccc.cccc", "0100.0ccc.cccd", "0180.c200.0000", "0180.c200.0001", "ffff.ffff.ffff")


def _switch(view: View) -> Spanning:
    """The switch's own part of the model; a router does not know the command."""
    spanning = view.node.running.spanning
    if spanning is None:
        raise Mismatch("unknown", len("show "))
    return spanning


def vlan_brief(view: View) -> str:
    """`show vlan brief`."""
    spanning = _switch(view)
    out = "\nVLAN Name                             Status    Ports\n"
    out += "---- -------------------------------- --------- -------------------------------\n"
    for vlan, name in sorted(spanning.vlans.items()):
        ports = [short(i.name) for i in _switchports(view) if _lists(i, vlan)]
        rows = [", ".join(ports[i : i + 4]) for i in range(0, len(ports), 4)] or [""]
        out += f"{vlan:<4} {name:<32} {'active':<9} {_rows(rows, 48)}\n"
    return out + "".join(f"{1002 + i} {name:<32} act/unsup \n" for i, name in enumerate(UNSUPPORTED))


def _rows(rows: list[str], indent: int) -> str:
    return f",\n{' ' * indent}".join(rows)


def _lists(interface: Interface, vlan: int) -> bool:
    """Whether `show vlan` names the port: access ports only, bundles instead of their members."""
    port = interface.switchport
    return port is not None and interface.channel is None and not port.trunk and port.access_vlan == vlan


def _switchports(view: View) -> list[Interface]:
    return [i for i, _, _ in view.interfaces() if i.switchport is not None and not i.svi]


def switchports(view: View) -> str:
    """`show interfaces switchport`."""
    spanning = view.node.running.spanning
    return "" if spanning is None else "".join(_switchport(view, spanning, i) for i in _switchports(view))


def _switchport(view: View, spanning: Spanning, interface: Interface) -> str:
    port = interface.switchport
    assert port is not None
    admin = "static access" if port.mode == "access" else port.mode
    tagged = "dot1q" if port.trunk else "native"
    carried = "ALL" if port.allowed is None else text_of(port.allowed) or "NONE"
    lines = {
        "Name": short(interface.name),
        "Switchport": "Enabled",
        "Administrative Mode": admin,
        "Operational Mode": _operational(view, interface, port),
        "Administrative Trunking Encapsulation": "dot1q",
        "Operational Trunking Encapsulation": tagged,
        "Negotiation of Trunking": "Off" if port.mode == "access" else "On",
        "Access Mode VLAN": f"{port.access_vlan} ({spanning.vlans.get(port.access_vlan, 'Inactive')})",
        "Trunking Native Mode VLAN": f"{port.native_vlan} ({spanning.vlans.get(port.native_vlan, 'Inactive')})",
        "Administrative Native VLAN tagging": "disabled",
        "Voice VLAN": "none",
        "Administrative private-vlan host-association": "none ",
        "Administrative private-vlan mapping": "none ",
        "Operational private-vlan": "none",
        "Trunking VLANs Enabled": carried,
        "Pruning VLANs Enabled": "2-1001",
    }
    if not view.live.interfaces[Port(device=view.name, interface=interface.name)].up:
        del lines["Operational Trunking Encapsulation"]
    text = "".join(f"{key}: {value}\n" for key, value in lines.items())
    tail = "Protected: false\nUnknown unicast blocked: disabled\nUnknown multicast blocked: disabled\n"
    tail += "Vepa Enabled: false\nAppliance trust: none\n\n"
    return f"{text}Capture Mode Disabled\nCapture VLANs Allowed: ALL\n\n{tail}"


def _operational(view: View, interface: Interface, port: Switchport) -> str:
    if interface.channel is not None:
        found, bundle = member(view.live.model, view.node, interface), short(interface.channel.bundle)
        if found.flag == "s":
            return f"down (suspended member of bundle {bundle})"
        if found.flag == "P":
            return f"{'trunk' if port.trunk else 'static access'} (member of bundle {bundle})"
        return "down"
    if not view.live.interfaces[Port(device=view.name, interface=interface.name)].up:
        return "down"
    return "trunk" if port.trunk else "static access"


def etherchannel(view: View) -> str:
    """`show etherchannel summary`."""
    bundles = [i for i, _, _ in view.interfaces() if i.bundle]
    out = f"{FLAGS}Number of channel-groups in use: {len(bundles)}\nNumber of aggregators:           {len(bundles)}\n\n"
    out += "Group  Port-channel  Protocol    Ports\n"
    out += "------+-------------+-----------+-----------------------------------------------\n"
    return out + "".join(_bundle(view, interface) for interface in bundles)


def _bundle(view: View, interface: Interface) -> str:
    inside = list(members(view.node, interface.name))
    ports = [f"{short(i.name)}({member(view.live.model, view.node, i).flag})" for i in inside]
    lacp = any(i.channel is not None and i.channel.lacp for i in inside)
    up = view.live.interfaces[Port(device=view.name, interface=interface.name)].up
    name = f"{short(interface.name)}({'S' if interface.switchport is not None else 'R'}{'U' if up else 'D'})"
    rows = ["".join(f"{p:<15}" for p in ports[i : i + 3]).rstrip() for i in range(0, len(ports), 3)] or [""]
    protocol = "  LACP    " if lacp else "   -      "
    number = interface.name.removeprefix("Port-channel")
    return f"{number:<7}{name:<14}{protocol:<12}" + f"\n{' ' * 33}".join(rows) + "\n"


def mac_table(view: View, vlans: str = "") -> str:
    """`show mac address-table [vlan N]`."""
    spanning = _switch(view)
    rows = [] if vlans else [(" All", address, "STATIC", "CPU") for address in CPU_ADDRESSES]
    for vlan in vlan_list(vlans) if vlans else sorted(spanning.vlans):
        rows += [(f"{vlan:>4}", dotted(mac), "DYNAMIC", port) for mac, port in learned(view, vlan)]
        if f"Vlan{vlan}" in view.node.running.interfaces:
            rows.append((f"{vlan:>4}", dotted(spanning.mac), "STATIC", f"Vl{vlan}"))
    head = "          Mac Address Table\n-------------------------------------------\n\n"
    head += "Vlan    Mac Address       Type        Ports\n----    -----------       --------    -----\n"
    body = "".join(f"{vlan}    {mac}    {kind:<8}    {port}\n" for vlan, mac, kind, port in rows)
    return f"{head}{body}Total Mac Addresses for this criterion: {len(rows)}\n"


def learned(view: View, vlan: int) -> list[tuple[str, str]]:
    """Address and port as of now: one that flaps is now here, now there."""
    table = view.live.bridging.learned.get((view.name, vlan), {})
    turn = view.uptime // FLAP_SECONDS
    return [(mac, short(ports[turn % len(ports)])) for mac, ports in sorted(table.items())]
