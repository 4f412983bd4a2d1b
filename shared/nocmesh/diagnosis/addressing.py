"""Addresses of interfaces: whose they are, in which subnet, and how they differ from the inventory. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from nocmesh.diagnosis.find import Address, Prefix, address_of, as_interface
from nocmesh.messages.state import Interface
from nocmesh.network import End, IntendedInterface, Network

Addressed = tuple[str, Address, Prefix]
"""The name of an interface, an address of it, and the subnet of that."""


def addresses(network: Network, live: Mapping[str, Sequence[Interface]]) -> dict[str, list[Addressed]]:
    """By device: its addresses as in ``live``, what was seen; of what was not seen, as the inventory says."""
    found = {}
    for device in network.devices:
        seen = list(_parsed(live.get(device.name, [])))
        told = {(name, ip.version) for name, ip, _ in seen}
        listed = _parsed(device.interfaces)
        # An interface that is gone, or shows no address while it is down, is still meant to have its own.
        found[device.name] = [*seen, *(row for row in listed if (row[0], row[1].version) not in told)]
    return found


def places(network: Network, found: Mapping[str, Sequence[Addressed]]) -> dict[Address, End]:
    """Where each address is: the inventory's word first, then ``found``, what ``addresses`` gave."""
    devices = network.devices
    known = {ip: End(device=d.name, interface=name) for d in devices for name, ip, _ in _parsed(d.interfaces)}
    for device, rows in found.items():
        for name, ip, _ in rows:
            known.setdefault(ip, End(device=device, interface=name))
    return known


def same_subnet(own: Iterable[Addressed], address: str) -> list[Address]:
    """Those of ``own`` in whose subnet ``address`` is, and which are another."""
    wanted = address_of(address)
    if wanted is None:
        return []
    return [ip for _, ip, net in own if net.version == wanted.version and wanted in net and ip != wanted]


def misaddressed(listed: Iterable[IntendedInterface], seen: Interface | None) -> str:
    """How the IPv4 address that was ``seen`` differs from the ``listed`` ones, as a fault type; empty: it does not."""
    wanted, have = _ipv4(listed), _ipv4([seen] if seen else [])
    if seen is None or not wanted or wanted & have:
        return ""
    if not have:
        return "host_missing_ip" if seen.enabled else ""
    return "host_incorrect_netmask" if {ip for ip, _ in wanted} & {ip for ip, _ in have} else "host_incorrect_ip"


def _ipv4(interfaces: Iterable[Interface | IntendedInterface]) -> set[tuple[Address, Prefix]]:
    return {(ip, net) for _, ip, net in _parsed(interfaces) if ip.version == 4}


def _parsed(interfaces: Iterable[Interface | IntendedInterface]) -> Iterator[Addressed]:
    for interface in interfaces:
        for text in interface.addresses:
            parsed = as_interface(text)
            if parsed is not None:
                yield interface.name, parsed.ip, parsed.network
