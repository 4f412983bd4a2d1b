"""Routes that are told wrongly though every session is up: filtered, with a dead next hop, marked, kept, or stolen.

Where a baseline is known, only what moved since is looked at; else a policy must hit what the alert asks for.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nocmesh.diagnosis.facts import Sight
from nocmesh.diagnosis.origin import as_prefix, originated
from nocmesh.diagnosis.peer import process_header, subject_of
from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.report import RootCause
from nocmesh.messages.state import ConfigLine
from nocmesh_agents.judgement.causes import at_node, cause

_APPLIED = re.compile(
    r"neighbor (?P<peer>\S+) (?P<kind>prefix-list|route-map|filter-list|distribute-list) (?P<name>\S+) (?:in|out)"
)
_DENIES = re.compile(r"ip prefix-list (?P<name>\S+) (?:seq \d+ )?deny (?P<prefix>\S+)")
_BLACKHOLE = re.compile(r"set community\b.*(?:\b65535:666\b|\bblackhole\b)")
"""RFC 7999 §3.2."""


@dataclass(frozen=True)
class Moved:
    """The lines of a device that are new, those that are gone, and whether that is known; else all are new."""

    sight: Sight
    new: tuple[ConfigLine, ...]
    gone: tuple[ConfigLine, ...]
    known: bool

    @classmethod
    def of(cls, sight: Sight) -> "Moved":
        """What moved on ``sight``'s device."""
        moved = sight.moves
        if moved is None:
            return cls(sight, tuple(sight.config or ()), (), known=False)
        return cls(sight, moved.new, moved.gone, known=True)

    def applied(self, *kinds: str) -> list[tuple[ConfigLine, str]]:
        """Lines that apply a list or a map to a neighbour, with its name; they may be old where its content is new."""
        lines = [(line, _APPLIED.match(line.text)) for line in self.sight.config or []]
        return [(line, match["name"]) for line, match in lines if match and match["kind"] in kinds]

    def lost(self, setting: str) -> list[str]:
        """Lines of that setting that are gone, of neighbours that are still there: a lost one is another fault."""
        still = {subject_of(line.text) for line in self.sight.config or []}
        return [x.text for x in self.gone if x.text.endswith(f" {setting}") and subject_of(x.text) in still]

    def maps(self, wanted: re.Pattern[str]) -> list[tuple[ConfigLine, str]]:
        """New lines of route maps that match ``wanted``, with the map's name."""
        found = [line for line in self.new if line.section.startswith("route-map ") and wanted.match(line.text)]
        return [(line, line.section.split()[1]) for line in found]


def filtered_routes(scene: Scene) -> Iterator[RootCause]:
    """`bgp_route_filtered`: a list that denies a prefix stands between a device and its neighbours."""
    for moved in _speakers(scene):
        applied = moved.applied("prefix-list", "distribute-list", "route-map", "filter-list")
        names = {name for _, name in applied}
        fresh = {name for line, name in applied if line in moved.new}
        for line in (each for each in moved.sight.config or [] if not each.section):
            match = _DENIES.match(line.text)
            if match is None or match["name"] not in names or not (line in moved.new or match["name"] in fresh):
                continue
            if moved.known or as_prefix(match["prefix"]) in scene.prefixes:
                lines = [applying.text for applying, name in applied if name == match["name"]]
                what = f"{moved.sight.name} filters {match['prefix']} by the prefix list {match['name']}"
                yield _told(scene, moved, "bgp_route_filtered", f"{what}.", [line.text, *lines])


def dead_next_hops(scene: Scene) -> Iterator[RootCause]:
    """`bgp_next_hop_unreachable`: a next hop that nobody has is told, or the own one is not told any more."""
    for moved in _speakers(scene):
        names = {name for _, name in moved.applied("route-map")}
        for line, name in moved.maps(re.compile(r"set ip next-hop \d")):
            hop = line.text.split()[-1]
            if name in names and not scene.facts.owner(hop):
                summary = f"{moved.sight.name} tells its neighbours the next hop {hop}, which nobody has."
                yield _told(scene, moved, "bgp_next_hop_unreachable", summary, [line.text, line.section])
        gone = moved.lost("next-hop-self")
        if gone:
            summary = f"{moved.sight.name} does not put itself as next hop any more: {'; '.join(gone[:3])}."
            yield _told(scene, moved, "bgp_next_hop_unreachable", summary, [process_header(moved.sight)], gone)


def leaked_blackholes(scene: Scene) -> Iterator[RootCause]:
    """`bgp_blackhole_community_leak`: routes go out marked to be dropped (RFC 7999)."""
    for moved in _speakers(scene):
        names = {name for _, name in moved.applied("route-map")}
        for line, name in moved.maps(_BLACKHOLE):
            if name in names:
                summary = f"{moved.sight.name} marks what it tells with the blackhole community: {line.text}."
                yield _told(scene, moved, "bgp_blackhole_community_leak", summary, [line.text, line.section])


def lost_clients(scene: Scene) -> Iterator[RootCause]:
    """`bgp_route_reflector_misconfig` (RFC 4456): a reflector has no such client any more."""
    for moved in _speakers(scene):
        gone = moved.lost("route-reflector-client")
        if gone:
            peers = ", ".join(text.split()[1] for text in gone[:5])
            summary = f"{moved.sight.name} reflects no more to {peers}: they are its clients no longer."
            header = process_header(moved.sight)
            yield _told(scene, moved, "bgp_route_reflector_misconfig", summary, [header], gone)


def hijacked(scene: Scene) -> Iterator[RootCause]:
    """`bgp_hijacking`: a device originates what lies in a network of somebody else's (RFC 7454 §6.1)."""
    for moved in _speakers(scene):
        before = {text for line in moved.sight.config_before if (text := line.text).startswith("network ")}
        for prefix in sorted(originated(moved.sight), key=str):
            owner = _owner(scene, moved.sight.name, str(prefix))
            line = next(
                (each.text for each in moved.sight.config or [] if each.text.split()[:2] == ["network", str(prefix)]),
                "",
            )
            if owner and not (moved.known and line in before):
                summary = f"{moved.sight.name} originates {prefix}, which lies in a network of {owner}."
                yield _told(scene, moved, "bgp_hijacking", summary, [line or str(prefix)])


def _owner(scene: Scene, device: str, text: str) -> str:
    """Who has an interface in the network that the prefix lies in, where the device itself has none."""
    prefix = as_prefix(text)
    if prefix is None:
        return ""
    owners = []
    for other in scene.facts.network.devices:
        nets = [net for interface in other.interfaces for a in interface.addresses if (net := as_prefix(a)) is not None]
        if any(net.version == prefix.version and prefix.subnet_of(net) for net in nets):  # type: ignore[arg-type]
            owners.append(other)
    if any(owner.name == device for owner in owners):
        return ""
    return next((owner.name for owner in owners if owner.platform != "linux"), owners[0].name if owners else "")


def _speakers(scene: Scene) -> Iterable[Moved]:
    return [Moved.of(sight) for sight in scene.facts.reachable if process_header(sight)]


def _told(scene: Scene, moved: Moved, fault: str, summary: str, now: list[str], was: Iterable[str] = ()) -> RootCause:
    sure = 0.96 if moved.known else 0.85
    found = at_node(scene, fault, moved.sight.name, summary, sure, (moved.sight.name, *now))
    return cause(fault, found.resource, summary, sure, [*found.evidence, *moved.sight.was(*was)])
