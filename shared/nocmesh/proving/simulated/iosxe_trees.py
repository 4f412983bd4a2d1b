"""IOS-XE's answers about spanning tree, as a Catalyst 9000 prints them (rapid PVST+)."""

from collections.abc import Iterator

from nocmesh.proving.simulated.bridgeports import Bridgeport
from nocmesh.proving.simulated.editing import Refused
from nocmesh.proving.simulated.notices import short
from nocmesh.proving.simulated.spanning import BridgeId, BridgeStanding, Standing, Tree
from nocmesh.proving.simulated.switching import dotted, numbers
from nocmesh.proving.simulated.view import View

ROLES = {"root": "Root", "designated": "Desg", "alternate": "Altn", "backup": "Back"}
TIMES = "Hello Time   2 sec  Max Age 20 sec  Forward Delay 15 sec"
NONE = "\nNo spanning tree instance exists.\n"


def spanning_tree(view: View, vlans: str = "") -> str:
    """`show spanning-tree [vlan LIST]`."""
    wanted = vlan_list(vlans) if vlans else tuple(view.live.bridging.trees)
    trees = [(vlan, tree) for vlan, tree in view.live.bridging.trees.items() if vlan in wanted]
    found = [_tree(view, vlan, tree) for vlan, tree in trees if _active(view, tree)]
    if not found and vlans:
        return f"\nSpanning tree instance(s) for vlan {vlans} does not exist.\n"
    return "\n".join(["", *found]) if found else NONE


def vlan_list(vlans: str) -> tuple[int, ...]:
    """What follows `vlan`. Raises Refused."""
    try:
        return numbers(vlans)
    except ValueError as error:
        raise Refused("% Bad VLAN list") from error


def _active(view: View, tree: Tree) -> bool:
    """Whether this switch takes part, with a port at least."""
    return any(switch == view.name for switch, _ in tree.ports)


def _tree(view: View, vlan: int, tree: Tree) -> str:
    own = tree.bridges[view.name]
    out = f"VLAN{vlan:04d}\n  Spanning tree enabled protocol rstp\n{_root(view, tree, own)}\n"
    out += f"  Bridge ID  Priority    {own.id.priority}  (priority {own.id.priority - vlan} sys-id-ext {vlan})\n"
    out += f"             Address     {dotted(own.id.mac)}\n             {TIMES}\n             Aging Time  300 sec\n\n"
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
    """`show spanning-tree detail`."""
    trees = [(vlan, tree) for vlan, tree in view.live.bridging.trees.items() if _active(view, tree)]
    return "".join(f"\n{_detail(view, vlan, tree)}" for vlan, tree in trees) or NONE


def _detail(view: View, vlan: int, tree: Tree) -> str:
    own, (count, when) = tree.bridges[view.name], view.live.tree_changes[(view.name, vlan)]
    since = view.since(when)
    ago = f"{since // 3600:02d}:{since % 3600 // 60:02d}:{since % 60:02d}"
    out = f" VLAN{vlan:04d} is executing the rstp compatible Spanning Tree protocol\n"
    out += f"  Bridge Identifier has priority {own.id.priority - vlan}, sysid {vlan}, address {dotted(own.id.mac)}\n"
    out += "  Configured hello time 2, max age 20, forward delay 15, transmit hold-count 6\n"
    if own.root_port:
        number = view.live.bridging.ports[(view.name, own.root_port)].number
        out += f"  Current root has {_id(own.root)}\n"
        out += f"  Root port is {number} ({own.root_port}), cost of root path is {own.cost}\n"
    else:
        out += "  We are the root of the spanning tree\n"
    out += "  Topology change flag not set, detected flag not set\n"
    out += f"  Number of topology changes {count} last change occurred {ago} ago\n"
    out += "  Times:  hold 1, topology change 35, notification 2\n          hello 2, max age 20, forward delay 15 \n"
    out += "  Timers: hello 0, topology change 0, notification 0, aging 300\n\n"
    ports = sorted(_ports_of(view, tree), key=lambda p: p[0].number)
    return out + "".join(_detailed_port(port, vlan, standing) for port, standing in ports)


def _id(bridge: BridgeId) -> str:
    return f"priority {bridge.priority}, address {dotted(bridge.mac)}"


def _detailed_port(port: Bridgeport, vlan: int, standing: Standing) -> str:
    said, priority = standing.designated, port.switchport.priority(vlan)
    state = "forwarding" if standing.forwarding else f"broken  ({standing.why_blocked})"
    state = state if standing.forwarding or standing.why_blocked else "blocking"
    out = f" Port {port.number} ({port.name}) of VLAN{vlan:04d} is {standing.role} {state} \n"
    out += f"   Port path cost {port.cost(vlan)}, Port priority {priority}, Port Identifier {priority}.{port.number}.\n"
    out += f"   Designated root has {_id(said.root)}\n   Designated bridge has {_id(said.sender)}\n"
    port_id = f"{said.port.priority}.{said.port.number}"
    out += f"   Designated port id is {port_id}, designated path cost {said.cost}\n"
    out += "   Timers: message age 0, forward delay 0, hold 0\n"
    out += f"   Number of transitions to forwarding state: {int(standing.forwarding)}\n"
    out += "   The port is in the portfast edge mode\n" if port.switchport.portfast else ""
    out += f"   Link type is {'shared' if port.half else 'point-to-point'} by default\n"
    out += "   Bpdu filter is enabled\n" if port.switchport.bpdufilter else ""
    out += "   Root guard is enabled on the port\n" if port.switchport.guard_root else ""
    return f"{out}   BPDU: sent 0, received 0\n\n"
