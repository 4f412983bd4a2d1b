"""What two ends of a cable make of each other: speed and duplex, and which ports a bundle takes. Pure.

Speed and duplex follow IEEE 802.3 clause 28: an end whose speed and duplex are both fixed does not negotiate, and the
other end, which still does, senses the speed and falls back to half duplex. Bundles follow IEEE 802.1AX as IOS does it:
a member whose settings differ, or whose partner does not speak LACP, is suspended.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from nocmesh.proving.simulated.model import Interface, Network, Node, Port

FASTEST = 1000
Duplex = Literal["full", "half"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phy:
    """What one end runs at."""

    up: bool
    speed: int = FASTEST
    duplex: Duplex = "full"
    clash: bool = False
    """The far end has the other duplex."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One port of a bundle."""

    flag: Literal["P", "s", "D"]
    """Bundled, suspended, down: as IOS prints it."""
    why: str = ""
    """Why it is suspended, in IOS's words."""


def ends(network: Network, node: Node, interface: Interface) -> tuple[Node, Interface] | None:
    """Device and interface at the other end of the cable, if both are there."""
    port = Port(device=node.name, interface=interface.name)
    cable = network.cable_of(port)
    if cable is None:
        return None
    other = cable.other(port)
    far = network.node(other.device)
    there = far.running.interfaces.get(other.interface)
    return None if there is None else (far, there)


def phy(network: Network, node: Node, interface: Interface) -> Phy:
    """The physical layer of a port."""
    port = Port(device=node.name, interface=interface.name)
    cable = network.cable_of(port)
    if not interface.enabled or not interface.physical:
        return Phy(up=False)
    if cable is None:
        return _agreed(interface, Interface(name="station"))
    other = ends(network, node, interface)
    if other is None or not cable.up or not other[1].enabled:
        return Phy(up=False)
    return _agreed(interface, other[1])


def _fixed(interface: Interface) -> bool:
    return interface.speed not in {"auto", "1000"} and interface.duplex != "auto"


def _agreed(here: Interface, there: Interface) -> Phy:
    speeds = {int(end.speed) for end in (here, there) if end.speed != "auto"}
    if len(speeds) > 1:
        return Phy(up=False)
    speed = min(speeds, default=FASTEST)
    own, far = _duplex(here, there, speed), _duplex(there, here, speed)
    return Phy(up=True, speed=speed, duplex=own, clash=own != far)


def _duplex(end: Interface, other: Interface, speed: int) -> Duplex:
    if speed == FASTEST:
        return "full"
    if _fixed(end):
        return "half" if end.duplex == "half" else "full"
    return "half" if _fixed(other) or "half" in (end.duplex, other.duplex) else "full"


def members(node: Node, bundle: str) -> Iterator[Interface]:
    """The ports that are configured into ``bundle``, in order."""
    found = [i for i in node.running.interfaces.values() if i.channel is not None and i.channel.bundle == bundle]
    yield from sorted(found, key=lambda i: i.name)


def bundled(network: Network, node: Node, bundle: str) -> list[Interface]:
    """The members that carry traffic."""
    return [i for i in members(node, bundle) if member(network, node, i).flag == "P"]


def member(network: Network, node: Node, interface: Interface) -> Member:
    """What becomes of a port that has a `channel-group` line."""
    assert interface.channel is not None
    if not phy(network, node, interface).up:
        return Member(flag="D")
    unlike = _unlike(network, node, interface)
    if unlike:
        return Member(flag="s", why=unlike)
    if interface.channel.lacp and not _partner(network, node, interface):
        return Member(flag="s", why="LACP currently not enabled on the remote port.")
    return Member(flag="P")


def _unlike(network: Network, node: Node, interface: Interface) -> str:
    """What of its settings keeps the port out; empty: nothing."""
    assert interface.channel is not None
    whole = node.running.interfaces.get(interface.channel.bundle)
    if whole is None or not whole.enabled:
        return "port-channel interface is down"
    if (whole.switchport is None) != (interface.switchport is None):
        return "layer 2 and layer 3 differ"
    if whole.switchport is not None and interface.switchport is not None:
        wanted, own = whole.switchport.vlan_settings, interface.switchport.vlan_settings
        words = ("trunk mode is different", "access vlan is different", "native vlan is different")
        for mine, theirs, why in zip(own, wanted, (*words, "vlan mask is different"), strict=True):
            if mine != theirs:
                return why
    speeds = [phy(network, node, other) for other in members(node, whole.name)]
    fastest = max(p.speed for p in speeds if p.up)
    own_phy = phy(network, node, interface)
    if own_phy.speed != fastest:
        return f"speed of {interface.name} is {own_phy.speed}M, of the other members {fastest}M"
    return "" if own_phy.duplex == "full" else "duplex is half"


def _partner(network: Network, node: Node, interface: Interface) -> bool:
    """Whether the far end speaks LACP and takes its own port."""
    other = ends(network, node, interface)
    if other is None or interface.channel is None:
        return False
    far, there = other
    if there.channel is None or not there.channel.lacp or _unlike(network, far, there):
        return False
    return "active" in {interface.channel.mode, there.channel.mode}
