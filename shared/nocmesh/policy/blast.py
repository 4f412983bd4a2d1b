"""Which devices a change would cut off, by the links of the inventory. Pure; nothing is asked of anybody."""

import re
from collections.abc import Iterable, Sequence

from nocmesh.explaining.graph import Graph, names, split
from nocmesh.messages.policy import Way
from nocmesh.network import End, Network

_SECTION = re.compile(r"interface (?P<name>\S+(?: \d\S*)?)", re.IGNORECASE)
_DOWN = re.compile(r"ip link set dev (?P<name>\S+) down")


def cut_off(network: Network, device: str, lines: Sequence[str], door: Way = "cli") -> list[str]:
    """The devices, ``device`` among them where it is so, that nothing leads to any more once ``lines`` are in effect.

    By interfaces that the lines shut; what routing would still carry is not asked.
    """
    ends = {End(device=device, interface=name) for name in _shut(lines, door)}
    lost = {link.resource for link in network.links if {link.a, link.b} & ends}
    if not lost:
        return []
    cut, _ = split(Graph.of(network), _without(network, lost))
    return names(cut)


def _without(network: Network, lost: Iterable[str]) -> Graph:
    return Graph.of(network, frozenset(lost))


def _shut(lines: Sequence[str], door: Way) -> list[str]:
    """The interfaces that are down in the end."""
    if door == "shell":
        return [found["name"] for line in lines if (found := _DOWN.fullmatch(line))]
    here, shut = "", dict[str, bool]()
    for line in lines:
        if found := _SECTION.fullmatch(line.strip()):
            here = found["name"]
        elif line.strip() in ("shutdown", "no shutdown"):
            shut[here] = line.strip() == "shutdown"
    return [name for name, down in shut.items() if down]
