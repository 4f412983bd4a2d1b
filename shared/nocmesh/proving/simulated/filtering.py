"""What access lists let through: of what is simulated, BGP. Pure."""

import re

from nocmesh.proving.simulated.model import Configuration, Interface

_BGP = re.compile(r"(?:permit|deny) (?:ip any any|tcp any (?:eq (?:bgp|179) )?any(?: eq (?:bgp|179))?)")
"""The first entry that a packet of BGP's fits, to whomever and from whomever, decides."""


def passes_bgp(configuration: Configuration, interface: Interface) -> bool:
    """Whether BGP comes through the interface both ways; a list that does not exist stops nothing."""
    bound = [configuration.access_lists.get(name, {}) for name in interface.filters.values()]
    return all(_permits(entries) for entries in bound if entries)


def _permits(entries: dict[int, str]) -> bool:
    """What no entry permits is denied."""
    first = next((text for _, text in sorted(entries.items()) if _BGP.fullmatch(text)), "deny")
    return first.startswith("permit")
