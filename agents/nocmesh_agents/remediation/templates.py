"""What differs between platforms when BGP is configured. FRR and IOS-XE share the rest."""

from ipaddress import ip_interface, ip_network

from nocmesh.diagnosis.configlines import JOINT
from nocmesh.diagnosis.facts import Sight

PLATFORMS = ("frr", "cisco_iosxe")
"""Those that a change can be written for."""
_UNICAST = {"frr": "address-family {version} unicast", "cisco_iosxe": "address-family {version}"}


def family_section(sight: Sight, header: str, version: str = "ipv4", *, needed: bool = True) -> str:
    """The section of a unicast family under ``header``: the one that is there, else as the platform would write it.

    Where IOS keeps IPv4 in the process itself, that is the place, unless a family section is ``needed``.
    """
    shown = f"{header}{JOINT}"
    wanted = (f"address-family {version}", f"address-family {version} unicast")
    for line in sight.config or []:
        if line.section == header and line.text in wanted:
            return shown + line.text
    if sight.device.platform == "cisco_iosxe" and not needed:
        return header
    return shown + _UNICAST.get(sight.device.platform, _UNICAST["frr"]).format(version=version)


def network_line(platform: str, prefix: str) -> str:
    """The line that originates ``prefix``."""
    network = ip_network(prefix, strict=False)
    if platform == "cisco_iosxe" and network.version == 4:
        return f"network {network.network_address} mask {network.netmask}"
    return f"network {network}"


def address_line(platform: str, address: str) -> str:
    """The line that gives an interface the IPv4 ``address``."""
    wanted = ip_interface(address)
    return f"ip address {wanted.ip} {wanted.netmask}" if platform == "cisco_iosxe" else f"ip address {wanted}"
