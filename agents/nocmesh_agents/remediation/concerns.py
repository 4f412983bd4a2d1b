"""Which of a device's lines a proven fault is about: the knowledge of ``concerns.toml``, narrowed to what suffers."""

import re
import tomllib
from collections.abc import Callable, Iterable
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

from nocmesh.diagnosis.configlines import JOINT
from nocmesh.diagnosis.facts import Sight
from nocmesh.diagnosis.find import address_of
from nocmesh.diagnosis.igp import Adjacency, IgpEnd
from nocmesh.diagnosis.moves import Moves
from nocmesh.diagnosis.origin import as_prefix, prefix_text
from nocmesh.diagnosis.peer import subject_of
from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.base import Message
from nocmesh.messages.report import RootCause
from nocmesh.messages.state import ConfigLine

Wanted = Callable[[ConfigLine], bool]

INTERFACE = "interface "
_NAMED = re.compile(
    r"^(?:ip(?:v6)? prefix-list|(?:ip|mac|arp)? ?access-list(?: standard| extended)?|(?:bgp|ip) as-path access-list"
    r"|route-map|(?:ip|mac) access-group|neighbor \S+ (?:route-map|prefix-list|filter-list|distribute-list)) (\S+)"
)
"""Lines that speak of a list or a map, with its name."""


class Concern(Message, frozen=True, kw_only=True):
    """What some faults are about."""

    faults: list[str]
    lines: dict[str, list[str]]
    about: Literal["", "adjacency", "session", "interface", "name"] = ""
    quiet: bool = False
    after: str = ""

    def covers(self, line: ConfigLine) -> bool:
        """Whether ``line`` stands in one of the sections and begins as listed there."""
        words = line.text.removeprefix("no ").split()
        begins = [each for section, found in self.lines.items() if _in(section, line.section) for each in found]
        return any(_begins(words, pattern.split()) for pattern in begins)


def concern_of(fault: str) -> Concern | None:
    """What ``fault`` is about; None: no line of configuration."""
    return next((concern for concern in _all() if fault in concern.faults), None)


def curable() -> list[str]:
    """Every fault that lines of configuration may mend."""
    return [fault for concern in _all() for fault in concern.faults]


@cache
def _all() -> tuple[Concern, ...]:
    text = files("nocmesh_agents.remediation").joinpath("concerns.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text)["concern"], tuple[Concern, ...])


def _in(pattern: str, section: str) -> bool:
    if not pattern or not section:
        return pattern == section
    return pattern == "*" or section == pattern or section.startswith(f"{pattern} ")


def _begins(words: list[str], pattern: list[str]) -> bool:
    return len(words) >= len(pattern) and all(p in ("*", w) for p, w in zip(pattern, words, strict=False))


def wanted_of(scene: Scene, sight: Sight, cause: RootCause, concern: Concern) -> Wanted:
    """Says of a line that moved on ``sight``'s device whether ``cause`` is about it."""
    fits = _NARROW[concern.about](scene, sight, cause)
    return lambda line: concern.covers(line) and fits(line)


def _everything(scene: Scene, sight: Sight, cause: RootCause) -> Wanted:
    return lambda line: True


def suffering(scene: Scene, cause: RootCause, device: str) -> list[tuple[Adjacency, IgpEnd, IgpEnd]]:
    """The adjacencies of ``device`` that ``cause`` may be in the way of, each with the own end and the far one."""
    concern = concern_of(cause.fault_type)
    quiet = concern is not None and (concern.quiet or concern.about != "adjacency")
    return [each for each in adjacencies_at(scene, cause, device) if quiet or not each[0].up]


def adjacencies_at(scene: Scene, cause: RootCause, device: str) -> list[tuple[Adjacency, IgpEnd, IgpEnd]]:
    """Every adjacency of ``device`` in the protocol of ``cause``, each with the own end and the far one."""
    protocol = cause.fault_type.split("_", 1)[0]
    both = [(each, *ends) for each in scene.adjacencies for ends in (each.ends, each.ends[::-1])]
    return [(each, own, far) for each, own, far in both if own.protocol == protocol and own.end.device == device]


def _of_adjacencies(scene: Scene, sight: Sight, cause: RootCause) -> Wanted:
    """Lines of an interface that suffers; of a process those that name no other interface than such a one."""
    names = {own.end.interface for _, own, _ in suffering(scene, cause, sight.name)}
    others = {interface.name for interface in sight.interfaces or []} - names

    def fits(line: ConfigLine) -> bool:
        if line.section.startswith(INTERFACE):
            return line.section.removeprefix(INTERFACE) in names
        return not others & set(line.text.split())

    return fits


def _of_sessions(scene: Scene, sight: Sight, cause: RootCause) -> Wanted:
    """Lines of neighbours whose session is not up, and those of no neighbour."""
    well = {address_of(peer.address) for peer in scene.peering.peers.get(sight.name, []) if peer.established}
    return lambda line: (address := address_of(subject_of(line.text))) is None or address not in well


def _of_interfaces(scene: Scene, sight: Sight, cause: RootCause) -> Wanted:
    names = {name for device, name in ends_of(cause.resource) if device == sight.name}
    names |= {other for name in list(names) for other in _bundled(sight, name)}
    return lambda line: not line.section or line.section.removeprefix(INTERFACE) in names


def _bundled(sight: Sight, name: str) -> set[str]:
    """The bundle of the interface and whoever else is in it, by either reading of the configuration."""
    groups = {
        (line.section.removeprefix(INTERFACE), line.text.split()[1])
        for line in [*(sight.config or []), *sight.config_before]
        if line.text.startswith("channel-group ")
    }
    mine = {group for member, group in groups if name in (member, f"Port-channel{group}")}
    return {f"Port-channel{group}" for group in mine} | {member for member, group in groups if group in mine}


def _of_names(scene: Scene, sight: Sight, cause: RootCause) -> Wanted:
    """Lines of the lists, maps and prefixes that the cause speaks of, and those of none; where it names none: all."""
    said = set(re.findall(r"[^\s\"',;]+", " ".join([cause.summary, *(e.quote for e in cause.evidence)])))
    words = {word.strip(".:()") for word in said}
    prefixes = {prefix for prefix in map(as_prefix, words) if prefix is not None}
    moved, concern = sight.moves or Moves(), concern_of(cause.fault_type)
    about = [names_in(line) for line in [*moved.gone, *moved.new] if concern and concern.covers(line)]
    spoken = set().union(*about) & words
    vague = not spoken and all(about)

    def fits(line: ConfigLine) -> bool:
        names, prefix = names_in(line), _prefix_of(line)
        if prefix is not None:
            return prefix in prefixes or not prefixes
        return vague or not names or bool(names & spoken)

    return fits


def names_in(line: ConfigLine) -> set[str]:
    """The lists and maps that ``line`` speaks of, or stands in."""
    texts = [line.text.removeprefix("no "), line.section.split(JOINT)[0]]
    return {match[1] for text in texts if (match := _NAMED.match(text))}


def _prefix_of(line: ConfigLine) -> object:
    """What a line originates; None for other lines."""
    if not line.text.startswith(("network ", "aggregate-address ")) or not line.section.startswith("router bgp"):
        return None
    return as_prefix(prefix_text(line.text))


_NARROW: dict[str, Callable[[Scene, Sight, RootCause], Wanted]] = {
    "": _everything,
    "adjacency": _of_adjacencies,
    "session": _of_sessions,
    "interface": _of_interfaces,
    "name": _of_names,
}


def ends_of(resource: str) -> list[tuple[str, str]]:
    """(device, interface) of a resource: both ends of a link; of a node, the node without an interface."""
    kind, _, rest = resource.partition("/")
    if kind == "link":
        return [(end.partition(":")[0], end.partition(":")[2]) for end in rest.split("--", 1)]
    device, _, name = rest.partition("/")
    return [(device, name)]


def patients(causes: Iterable[RootCause]) -> list[str]:
    """The devices that ``causes`` are on: both ends for a link."""
    return list(dict.fromkeys(device for cause in causes for device, _ in ends_of(cause.resource)))
