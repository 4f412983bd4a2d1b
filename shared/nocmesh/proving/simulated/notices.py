"""What switches and routers log while something of their neighbourhood is wrong, in IOS's words. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from nocmesh.proving.simulated.bridging import Bridging
from nocmesh.proving.simulated.cabling import ends, member, phy
from nocmesh.proving.simulated.model import Interface, Network, Node
from nocmesh.proving.simulated.switching import dotted

SHORT = {"GigabitEthernet": "Gi", "Port-channel": "Po", "Loopback": "Lo", "Vlan": "Vl", "TenGigabitEthernet": "Te"}
FLAP_SECONDS, CDP_SECONDS, CPU_SECONDS = 15, 60, 120
MOST_FLAPS = 4
"""Addresses that a switch complains of at a time; it rate-limits the rest."""


class Notice(NamedTuple):
    """One line that is logged when it begins to be true and every so often while it is."""

    device: str
    mnemonic: str
    text: str
    every: int = 0
    """Seconds; 0: once."""


def short(name: str) -> str:
    """`GigabitEthernet1/0/1` -> `Gi1/0/1`."""
    kind = name.rstrip("0123456789/.")
    return SHORT.get(kind, kind) + name[len(kind) :]


def notices(network: Network, bridged: Bridging) -> Iterator[Notice]:
    """All that is true now; only IOS devices keep such a log."""
    for node in network.nodes.values():
        if node.dialect != "cisco_iosxe":
            continue
        for interface in node.running.interfaces.values():
            yield from _of_port(network, node, interface)
        if node.hog:
            text = "Threshold: Total CPU Utilization(Total/Intr): 99%/1%, Top 3 processes(Pid/Util):  "
            yield Notice(node.name, "SYS-1-CPURISINGTHRESHOLD", f"{text}221/93%, 64/2%, 7/1%", CPU_SECONDS)
    yield from _of_trees(bridged)
    yield from _flaps(bridged)


def _of_port(network: Network, node: Node, interface: Interface) -> Iterator[Notice]:
    far = ends(network, node, interface)
    running = phy(network, node, interface)
    if far is not None and running.clash and far[0].dialect == "cisco_iosxe":
        mine, theirs = ("", "not ") if running.duplex == "half" else ("not ", "")
        text = f"duplex mismatch discovered on {interface.name} ({mine}half duplex), with "
        text += f"{far[0].running.hostname} {far[1].name} ({theirs}half duplex)."
        yield Notice(node.name, "CDP-4-DUPLEX_MISMATCH", text, CDP_SECONDS)
    if interface.channel is not None:
        found = member(network, node, interface)
        if found.flag == "s":
            yield _suspended(node, interface, found.why)
    yield from _native(network, node, interface)


def _suspended(node: Node, interface: Interface, why: str) -> Notice:
    assert interface.channel is not None
    if why.startswith("LACP"):
        return Notice(node.name, "EC-5-L3DONTBNDL2", f"{short(interface.name)} suspended: {why}")
    text = f"{short(interface.name)} is not compatible with {short(interface.channel.bundle)} and will be suspended"
    return Notice(node.name, "EC-5-CANNOT_BUNDLE2", f"{text} ({why})")


def _native(network: Network, node: Node, interface: Interface) -> Iterator[Notice]:
    far, own = ends(network, node, interface), interface.switchport
    there = None if far is None else far[1].switchport
    if far is None or own is None or there is None or not phy(network, node, interface).up:
        return
    ours = own.native_vlan if own.trunk else own.access_vlan
    theirs = there.native_vlan if there.trunk else there.access_vlan
    if ours != theirs:
        text = f"Native VLAN mismatch discovered on {interface.name} ({ours}), with "
        text += f"{far[0].running.hostname} {far[1].name} ({theirs})."
        yield Notice(node.name, "CDP-4-NATIVE_VLAN_MISMATCH", text, CDP_SECONDS)


def _of_trees(bridged: Bridging) -> Iterator[Notice]:
    for vlan, tree in sorted(bridged.trees.items()):
        for (switch, port), standing in sorted(tree.ports.items()):
            if standing.why_blocked == "ROOT_Inc":
                text = f"Root guard blocking port {port} on VLAN{vlan:04d}."
                yield Notice(switch, "SPANTREE-2-ROOTGUARD_BLOCK", text)
            if standing.why_blocked == "PVID_Inc":
                text = f"Blocking {port} on VLAN{vlan:04d}. Inconsistent local vlan."
                yield Notice(switch, "SPANTREE-2-BLOCK_PVID_LOCAL", text)


def _flaps(bridged: Bridging) -> Iterator[Notice]:
    told: dict[str, int] = {}
    for switch, vlan, mac, ports in bridged.flapping():
        told[switch] = told.get(switch, 0) + 1
        if told[switch] <= MOST_FLAPS:
            one, other = short(ports[0]), short(ports[1])
            text = f"Host {dotted(mac)} in vlan {vlan} is flapping between port {one} and port {other}"
            yield Notice(switch, "SW_MATM-4-MACFLAP_NOTIF", text, FLAP_SECONDS)
