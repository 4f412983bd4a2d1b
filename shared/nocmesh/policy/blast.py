"""Which devices a change would cut off, by the links of the inventory. Pure; nothing is asked of anybody.

A command line takes `int gi1/0/1` and `INTERFACE  GigabitEthernet 1/0/1` for the same: what a line could mean counts.
"""

import re
from collections.abc import Iterable, Sequence

from nocmesh.explaining.graph import Graph, names, split
from nocmesh.messages.policy import Way
from nocmesh.network import End, Network

_DOWN = re.compile(r"ip link set dev (?P<name>\S+) down")
_MANY = re.compile(r"range.*|.*,.*|.*\d-[a-z]*\d.*")
_PORT = re.compile(r"(?P<kind>[a-z\-]+)(?P<number>\d.*)")
_LEAST = 3
"""Letters of `shutdown` that no device takes for `show`."""


def cut_off(network: Network, device: str, lines: Sequence[str], door: Way = "cli") -> list[str]:
    """The devices, ``device`` among them where it is so, that nothing leads to any more once ``lines`` are in effect.

    By interfaces that the lines shut; what routing would still carry is not asked.
    """
    ends = _downed(lines) if door == "shell" else _shut(lines, _linked(network, device))
    off = {End(device=device, interface=name) for name in ends}
    lost = {link.resource for link in network.links if {link.a, link.b} & off}
    if not lost:
        return []
    cut, _ = split(Graph.of(network), _without(network, lost))
    return names(cut)


def _without(network: Network, lost: Iterable[str]) -> Graph:
    return Graph.of(network, frozenset(lost))


def _linked(network: Network, device: str) -> set[str]:
    """The interfaces of ``device`` that have links."""
    ends = [end for link in network.links for end in (link.a, link.b)]
    return {end.interface for end in ends if end.device == device}


def _downed(lines: Sequence[str]) -> set[str]:
    return {found["name"] for line in lines if (found := _DOWN.fullmatch(line))}


def _shut(lines: Sequence[str], linked: set[str]) -> set[str]:
    """Those of ``linked`` that may be down in the end."""
    here, shut = "", set[str]()
    for line in lines:
        words = line.lower().split()
        if len(words) > 1 and "interface".startswith(words[0]):
            here = "".join(words[1:])
        elif (down := _shuts(words)) is not None:
            meant = _meant(here, linked)
            shut = shut | meant if down else shut - (meant if len(meant) == 1 and not _MANY.fullmatch(here) else set())
    return shut


def _shuts(words: Sequence[str]) -> bool | None:
    """Whether the line shuts what it stands below, or opens it; None: it is about something else.

    What a port is by default differs, so that may be down.
    """
    opened = words[:1] == ["no"]
    rest = words[1:] if words[:1] in (["no"], ["default"]) else words
    shuts = bool(rest) and len(rest[0]) >= _LEAST and "shutdown".startswith(rest[0])
    return not opened if shuts else None


def _meant(typed: str, linked: set[str]) -> set[str]:
    """Those of ``linked`` that a device could take ``typed`` for; of a range of ports, all."""
    exactly = {name for name in linked if name.lower() == typed}
    if exactly:
        return exactly
    if _MANY.fullmatch(typed):
        return linked
    port = _PORT.fullmatch(typed)
    return {name for name in linked if port and _short(port, name.lower())}


def _short(port: re.Match[str], name: str) -> bool:
    full = _PORT.fullmatch(name)
    return full is not None and full["number"] == port["number"] and full["kind"].startswith(port["kind"])
