"""IOS-XE's answers about VLANs, bundles, spanning tree and addresses, in the columns of a Catalyst 9000."""

from collections.abc import Iterator

from nocmesh.proving.simulated.bridgeports import Bridgeport
from nocmesh.proving.simulated.cabling import member, members
from nocmesh.proving.simulated.editing import Refused
from nocmesh.proving.simulated.grammar import Mismatch
from nocmesh.proving.simulated.model import Interface, Port
from nocmesh.proving.simulated.notices import short
from nocmesh.proving.simulated.spanning import BridgeStanding, Standing, Tree
from nocmesh.proving.simulated.switching import Spanning, Switchport, dotted, numbers, text_of
from nocmesh.proving.simulated.view import View

ROLES = {"root": "Root", "designated": "Desg", "alternate": "Altn", "backup": "Back"}
TIMES = "Hello Time   2 sec  Max Age 20 sec  Forward Delay 15 sec"
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


def spanning_tree(view: View, vlans: str = "") -> str:
    """`show spanning-tree [vlan LIST]`."""
    wanted = _wanted(vlans) if vlans else tuple(view.live.bridging.trees)
    trees = [(vlan, tree) for vlan, tree in view.live.bridging.trees.items() if vlan in wanted]
    found = [_tree(view, vlan, tree) for vlan, tree in trees if _active(view, tree)]
    if not found and vlans:
        return f"\nSpanning tree instance(s) for vlan {vlans} does not exist.\n"
    return "\n".join(["", *found]) if found else "\nNo spanning tree instance exists.\n"


def _wanted(vlans: str) -> tuple[int, ...]:
    try:
        return numbers(vlans)
    except ValueError as error:
        raise Refused("% Bad VLAN list") from error


def _active(view: View, tree: Tree) -> bool:
    """Whether this switch takes part, with a port at least."""
    return any(switch == view.name for switch, _ in tree.ports)


def _tree(view: View, vlan: int, tree: Tree) -> str:
    spanning, own = _switch(view), tree.bridges[view.name]
    out = f"VLAN{vlan:04d}\n  Spanning tree enabled protocol rstp\n{_root(view, tree, own)}\n"
    out += f"  Bridge ID  Priority    {own.id.priority}  (priority {own.id.priority - vlan} sys-id-ext {vlan})\n"
    out += (
        f"             Address     {dotted(spanning.mac)}\n             {TIMES}\n             Aging Time  300 sec\n\n"
    )
    out += "Interface           Role Sts Cost      Prio.Nbr Type\n"
    out += "------------------- ---- --- --------- -------- --------------------------------\n"
    ports = sorted(_ports_of(view, tree), key=lambda p: p[0].number)
    return out + "".join(_tree_port(port, vlan, standing) for port, standing in ports) + "\n"


def _root(view: View, tree: Tree, own: BridgeStanding) -> str:
    out = f"  Root ID    Priority    {own.root.priority}\n             Address     {dotted(own.root.mac)}\n"
    if not own.root_port:
        return f"{out}             This bridge is the root\n             {TIMES}\n"
    number = view.live.bridging.ports[(view.name, own.root_port)].number
    out += f"             Cost        {own.cost}\n             Port        {number} ({own.root_port})\n"
    return f"{out}             {TIMES}\n"


def _ports_of(view: View, tree: Tree) -> Iterator[tuple[Bridgeport, Standing]]:
    for (switch, name), standing in tree.ports.items():
        if switch == view.name:
            yield view.live.bridging.ports[(switch, name)], standing


def _tree_port(port: Bridgeport, vlan: int, standing: Standing) -> str:
    state = "FWD" if standing.forwarding else "BKN*" if standing.why_blocked else "BLK"
    kind = f"{'Shr' if port.half else 'P2p'} {'Edge ' if port.switchport.portfast else ''}"
    kind += f"*{standing.why_blocked} " if standing.why_blocked else ""
    number = f"{port.switchport.priority(vlan)}.{port.number}"
    return f"{short(port.name):<19} {ROLES[standing.role]} {state:<4}{port.cost(vlan):<9} {number:<8} {kind}\n"


def spanning_tree_detail(view: View) -> str:
    """`show spanning-tree detail`: the heads, with the count of changes."""
    out = ""
    for vlan, tree in view.live.bridging.trees.items():
        if not _active(view, tree):
            continue
        own, (count, when) = tree.bridges[view.name], view.live.tree_changes[(view.name, vlan)]
        since = view.since(when)
        out += f"\n VLAN{vlan:04d} is executing the rstp compatible Spanning Tree protocol\n"
        out += (
            f"  Bridge Identifier has priority {own.id.priority - vlan}, sysid {vlan}, address {dotted(own.id.mac)}\n"
        )
        out += "  Configured hello time 2, max age 20, forward delay 15, transmit hold-count 6\n"
        root = f"  Current root has priority {own.root.priority}, address {dotted(own.root.mac)}\n"
        out += root if own.root_port else "  We are the root of the spanning tree\n"
        out += "  Topology change flag not set, detected flag not set\n"
        ago = f"{since // 3600:02d}:{since % 3600 // 60:02d}:{since % 60:02d}"
        out += f"  Number of topology changes {count} last change occurred {ago} ago\n"
    return out or "\nNo spanning tree instance exists.\n"


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
    for vlan in _wanted(vlans) if vlans else sorted(spanning.vlans):
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
