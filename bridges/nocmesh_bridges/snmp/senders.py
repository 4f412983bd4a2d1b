"""Which device an address belongs to: its own, one of its interfaces', or an alias. Pure."""

from collections.abc import Iterable
from ipaddress import ip_address, ip_interface

from nocmesh.network import Device


class Senders:
    """The inventory, by address."""

    def __init__(self, devices: Iterable[Device]) -> None:
        self._names: dict[str, str] = {}
        for device in devices:
            own = (device.address, *device.aliases, *(a for i in device.interfaces for a in i.addresses))
            for place in own:
                self._names.setdefault(plain(place), device.name)

    def device(self, source: str, agent: str = "") -> str:
        """The device that speaks, or for which a forwarder at ``source`` speaks: ``agent`` is what the trap says.

        An address that no device has stands for itself. What a trap says of its sender counts only where the
        inventory knows it: behind NAT devices say addresses that many have.
        """
        spoken = self._names.get(plain(agent)) if agent else None
        return spoken or self._names.get(plain(source)) or plain(source)


def plain(place: str) -> str:
    """An address as everybody would write it, IPv4 within IPv6 as IPv4; a name in small letters."""
    try:
        address = ip_interface(place).ip if "/" in place else ip_address(place.partition("%")[0])
    except ValueError:
        return place.lower()
    inner = getattr(address, "ipv4_mapped", None)
    return str(inner or address)
