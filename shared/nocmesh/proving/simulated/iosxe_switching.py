"""The switching lines of IOS-XE's configuration, written from the model (Catalyst, IOS-XE 17)."""

from collections import defaultdict
from collections.abc import Iterator

from nocmesh.proving.simulated.model import Interface
from nocmesh.proving.simulated.switching import EVERY, Spanning, Switchport, text_of


def global_lines(spanning: Spanning) -> list[str]:
    """What a switch's configuration says of spanning tree, at the top."""
    lines = ["spanning-tree mode rapid-pvst", "spanning-tree extend system-id"]
    if spanning.disabled:
        lines.append(f"no spanning-tree vlan {text_of(spanning.disabled)}")
    grouped: dict[int, list[int]] = defaultdict(list)
    for vlan, priority in sorted(spanning.priorities.items()):
        grouped[priority].append(vlan)
    lines += [f"spanning-tree vlan {text_of(v)} priority {p}" for p, v in sorted(grouped.items(), key=lambda i: i[1])]
    return [*lines, "!"]


def vlan_lines(spanning: Spanning) -> Iterator[str]:
    """The VLANs, as a switch in VTP mode transparent shows them."""
    for vlan, name in sorted(spanning.vlans.items()):
        if vlan != 1:
            yield from (f"vlan {vlan}", f" name {name}", "!")


def port_lines(interface: Interface, switch: bool) -> list[str]:
    """The lines of one interface between its description and its addresses, without indent."""
    port = interface.switchport
    lines = ["no switchport"] if switch and port is None and interface.physical else []
    lines += [] if port is None or interface.svi else _switchport_lines(port)
    lines += [f"speed {interface.speed}"] if interface.speed != "auto" else []
    lines += [f"duplex {interface.duplex}"] if interface.duplex != "auto" else []
    if interface.channel is not None:
        lines.append(f"channel-group {interface.channel.group} mode {interface.channel.mode}")
    return lines + ([] if port is None else _tree_lines(port))


def _switchport_lines(port: Switchport) -> list[str]:
    optional = {
        f"access vlan {port.access_vlan}": port.access_vlan != 1,
        f"trunk native vlan {port.native_vlan}": port.native_vlan != 1,
        f"trunk allowed vlan {text_of(port.allowed or ()) or 'none'}": port.allowed is not None,
        f"mode {port.mode}": port.mode != "dynamic auto",
    }
    return [f"switchport {text}" for text, given in optional.items() if given]


def _tree_lines(port: Switchport) -> list[str]:
    optional = {"portfast": port.portfast, "bpdufilter enable": port.bpdufilter, "guard root": port.guard_root}
    lines = [text for text, given in optional.items() if given]
    for word, values in (("cost", port.costs), ("port-priority", port.priorities)):
        lines += [f"{'' if v == EVERY else f'vlan {v} '}{word} {value}" for v, value in sorted(values.items())]
    return [f"spanning-tree {text}" for text in lines]
