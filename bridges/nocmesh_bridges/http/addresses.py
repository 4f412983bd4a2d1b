"""Which address a service may be spoken to at. Pure.

Public addresses, and the networks that its target names. Where clouds keep their metadata only what is named by itself
is spoken to: a network around it is a mistake that gives away the machine's own keys.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

METADATA = frozenset(
    ip_address(each)
    for each in (
        "169.254.169.254",  # AWS, Azure, Google Cloud, OpenStack and most others
        "169.254.170.2",  # AWS: credentials of containers
        "169.254.170.23",
        "169.254.0.23",  # Tencent
        "100.100.100.200",  # Alibaba
        "168.63.129.16",  # Azure: its agent's wire server, which looks public
        "192.0.0.192",  # Oracle, classic
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",  # Google Cloud
    )
)
_CARRIERS = tuple(
    ip_network(each)
    for each in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96", "192.88.99.0/24", "fec0::/10")
)
"""IPv6 addresses with an IPv4 address inside that somebody on the way unpacks (RFC 6052, 3056, 4380, 4291 §2.5.5), the
relays that do so (RFC 7526), and what was once for sites (RFC 3879)."""


def refused(text: str, networks: Sequence[str]) -> str:
    """Why nobody speaks to ``text``, where ``networks`` are named; an empty text: it may be spoken to."""
    try:
        address = _bare(ip_address(text.partition("%")[0]))
    except ValueError:
        return f"{text!r} is no address"
    named = [network for each in networks if address in (network := ip_network(each))]
    if address in METADATA:
        alone = any(network.num_addresses == 1 for network in named)
        return "" if alone else f"{address} is where clouds keep metadata; it is named by itself or not at all"
    if named:
        return ""
    carried = any(address in network for network in _CARRIERS)
    if carried or not address.is_global or address.is_multicast or address.is_reserved or address.is_unspecified:
        return f"{address} is no public address, and no network of the target names it"
    return ""


def _bare(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """An IPv4 address in the clothes of IPv6 is the IPv4 address (RFC 4291 §2.5.5.2)."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
