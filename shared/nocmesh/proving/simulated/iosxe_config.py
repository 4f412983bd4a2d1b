"""IOS-XE's running configuration: written from the model, read into it (IOS-XE 17, address-family style)."""

import re
from ipaddress import IPv4Interface, IPv4Network

from nocmesh.proving.simulated import editing, iosxe_filters, iosxe_switching, iosxe_switching_rules, neighbors
from nocmesh.proving.simulated.editing import Act, Editor, Grammar, Refused, Section
from nocmesh.proving.simulated.frr_config import (
    SHARED_BGP,
    SHARED_FAMILY,
    SHARED_INTERFACE,
    SHARED_TOP,
    family_lines,
    rule_text,
    session_lines,
)
from nocmesh.proving.simulated.grammar import Mismatch, Rule
from nocmesh.proving.simulated.model import SIMULATED, Bgp, Configuration, Interface
from nocmesh.proving.simulated.switching import Switchport

VERSION = "17.9.4a"
KINDS = ("GigabitEthernet", "Loopback", "TenGigabitEthernet", "Vlan", "Port-channel")
ORDER = ("Loopback", "Port-channel", "GigabitEthernet", "TenGigabitEthernet", "Vlan")
"""In which they are listed."""
CLASSES = ((128, 8), (192, 16), (224, 24))
"""First octet below, prefix length: what `network` means without a mask (RFC 791 §2.3)."""


def render(configuration: Configuration, version: str = VERSION) -> str:
    """The text of `show running-config` after its heading, from `version` to `end`."""
    train = ".".join(version.split(".")[:2])
    lines = [f"! {SIMULATED}", f"version {train}", "service timestamps log datetime msec", "!"]
    lines += [f"hostname {configuration.hostname}", "!", "no ip domain lookup", "!"]
    spanning = configuration.spanning
    if spanning is not None:
        lines += [*iosxe_switching.global_lines(spanning), *iosxe_switching.vlan_lines(spanning)]
    for interface in sorted(configuration.interfaces.values(), key=_order):
        lines += [*_interface(interface, switch=spanning is not None), "!"]
    if configuration.bgp is not None:
        lines += [*_bgp(configuration.bgp), "!"]
    lines += ["ip forward-protocol nd", "!"]
    for route in configuration.statics:
        lines.append(f"ip route {_with_mask(route.prefix)} {route.next_hop}")
    if configuration.access_lists:
        lines += ["!", *iosxe_filters.list_lines(configuration)]
    for name, rules in sorted(configuration.prefix_lists.items()):
        lines += ["!", *(f"ip prefix-list {name} {rule_text(rule)}" for rule in rules)]
    lines += ["!", *configuration.services] if configuration.services else []
    return "\n".join([*lines, "!", "end", ""])


def _order(interface: Interface) -> tuple[int, int]:
    kind, number = _split(interface.name)
    return ORDER.index(kind), int(number.split("/")[-1].split(".")[0] or 0)


def _split(name: str) -> tuple[str, str]:
    found = re.fullmatch(r"([A-Za-z-]+)\s*([0-9][0-9/.]*)", name)
    return (found[1], found[2]) if found else (name, "")


def _with_mask(prefix: str) -> str:
    network = IPv4Network(prefix)
    return f"{network.network_address} {network.netmask}"


def _interface(interface: Interface, *, switch: bool) -> list[str]:
    lines = [f"interface {interface.name}"]
    if interface.description:
        lines.append(f" description {interface.description}")
    lines += [f" {line}" for line in iosxe_switching.port_lines(interface, switch)]
    if interface.mtu != 1500:
        lines.append(f" mtu {interface.mtu}")
    for index, text in enumerate(interface.addresses):
        address = IPv4Interface(text)
        lines.append(f" ip address {address.ip} {address.netmask}{' secondary' if index else ''}")
    if not interface.addresses and interface.switchport is None:
        lines.append(" no ip address")
    lines += [f" {line}" for line in iosxe_filters.port_lines(interface)]
    if not interface.enabled:
        lines.append(" shutdown")
    plain = switch or interface.loopback
    return lines if plain else [*lines, f" {'' if interface.speed == 'auto' else 'no '}negotiation auto"]


def _bgp(bgp: Bgp) -> list[str]:
    lines = [f"router bgp {bgp.asn}"]
    if bgp.router_id:
        lines.append(f" bgp router-id {bgp.router_id}")
    lines.append(" bgp log-neighbor-changes")
    if not bgp.default_ipv4:
        lines.append(" no bgp default ipv4-unicast")
    for neighbor in bgp.neighbors.values():
        lines += [f" {line}" for line in session_lines(neighbor, "transport connection-mode passive")]
    lines += [" !", " address-family ipv4"]
    lines += [f"  network {_network(prefix)}" for prefix in bgp.networks]
    for neighbor in bgp.neighbors.values():
        if neighbor.activate or bgp.default_ipv4:
            lines.append(f"  {'' if neighbor.activate else 'no '}neighbor {neighbor.address} activate")
        lines += [f"  {line}" for line in family_lines(neighbor)]
    return [*lines, " exit-address-family"]


def _classful(address: str) -> int:
    first = int(address.split(".")[0])
    return next((length for below, length in CLASSES if first < below), 32)


def _network(prefix: str) -> str:
    network = IPv4Network(prefix)
    if network.prefixlen == _classful(str(network.network_address)):
        return str(network.network_address)
    return f"{network.network_address} mask {network.netmask}"


def full_name(text: str) -> str:
    """`gi1` -> `GigabitEthernet1`. Raises Mismatch for what is no interface name."""
    kind, number = _split(text)
    fits = [known for known in KINDS if known.lower().startswith(kind.lower())]
    if len(fits) != 1 or not number:
        raise Mismatch("unknown", len("interface "))
    return fits[0] + number


def _enter_interface(editor: Editor, text: str) -> None:
    name = full_name(text.replace(" ", ""))
    made = ("Loopback", *(("Port-channel", "Vlan") if editor.configuration.spanning is not None else ()))
    if name not in editor.configuration.interfaces and not name.startswith(made):
        raise Mismatch("unknown", len("interface "))
    bundle = Switchport() if name.startswith("Port-channel") else None
    editor.configuration.interfaces.setdefault(name, Interface(name=name, switchport=bundle))
    editor.section = Section("interface", name)


def _no_interface(editor: Editor, text: str) -> None:
    name = full_name(text.replace(" ", ""))
    if not name.startswith(("Loopback", "Port-channel", "Vlan")) or name not in editor.configuration.interfaces:
        raise Refused("% Removal of physical interfaces is not permitted")
    del editor.configuration.interfaces[name]


def _enter_bgp(editor: Editor, asn: str) -> None:
    editing.enter_bgp(editor, asn)
    if editor.configuration.bgp is None:
        editor.configuration.bgp = Bgp(asn=int(asn))


def _address(editor: Editor, address: str, mask: str) -> None:
    """The primary address is replaced, as IOS does."""
    text = str(IPv4Interface(f"{address}/{mask}"))
    editor.interface.addresses = [text, *(a for a in editor.interface.addresses[1:] if a != text)]


def _secondary(editor: Editor, address: str, mask: str) -> None:
    editing.add_address(editor, str(IPv4Interface(f"{address}/{mask}")))


def _no_address(editor: Editor, address: str = "", mask: str = "") -> None:
    editing.no_address(editor, str(IPv4Interface(f"{address}/{mask}")) if address else "")


def _set_mtu(editor: Editor, size: str = "1500") -> None:
    editor.interface.mtu = int(size)


def _add_network(editor: Editor, address: str, mask: str = "") -> None:
    editing.add_network(editor, f"{address}/{mask or _classful(address)}")


def _no_network(editor: Editor, address: str, mask: str = "") -> None:
    editing.no_network(editor, f"{address}/{mask or _classful(address)}")


def _add_static(editor: Editor, address: str, mask: str, next_hop: str) -> None:
    editing.add_static(editor, f"{address}/{mask}", next_hop)


def _no_static(editor: Editor, address: str, mask: str, next_hop: str) -> None:
    editing.no_static(editor, f"{address}/{mask}", next_hop)


_NETWORKS: tuple[Rule[Act], ...] = (
    Rule("network {ip}", _add_network),
    Rule("network {ip} mask {mask}", _add_network),
    Rule("no network {ip}", _no_network),
    Rule("no network {ip} mask {mask}", _no_network),
)

GRAMMAR: Grammar = {
    "top": (
        *SHARED_TOP,
        Rule("version {rest}", editing.ignored),
        Rule("service timestamps {rest}", editing.ignored),
        Rule("no ip domain lookup", editing.ignored),
        Rule("ip forward-protocol nd", editing.ignored),
        *iosxe_switching_rules.TOP,
        *iosxe_filters.TOP,
        Rule("interface {rest}", _enter_interface),
        Rule("no interface {rest}", _no_interface),
        Rule("router bgp {asn}", _enter_bgp),
        Rule("ip route {ip} {mask} {ip}", _add_static),
        Rule("no ip route {ip} {mask} {ip}", _no_static),
    ),
    "interface": (
        *SHARED_INTERFACE,
        *iosxe_switching_rules.INTERFACE,
        *iosxe_filters.INTERFACE,
        Rule("negotiation auto", editing.ignored),
        Rule("mtu {mtu}", _set_mtu),
        Rule("no mtu [rest]", lambda editor, *_: _set_mtu(editor)),
        Rule("ip address {ip} {mask}", _address),
        Rule("ip address {ip} {mask} secondary", _secondary),
        Rule("no ip address", _no_address),
        Rule("no ip address {ip} {mask}", _no_address),
        Rule("no ip address {ip} {mask} secondary", _no_address),
    ),
    "bgp": (
        *SHARED_BGP,
        *_NETWORKS,
        Rule("neighbor {ip} transport connection-mode passive", neighbors.PASSIVE),
        Rule("no neighbor {ip} transport connection-mode [rest]", neighbors.NOT_PASSIVE),
    ),
    "family": (*SHARED_FAMILY, *_NETWORKS),
    "vlan": iosxe_switching_rules.VLAN,
    "acl": iosxe_filters.LIST,
}
