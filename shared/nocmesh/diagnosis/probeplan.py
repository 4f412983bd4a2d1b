"""Which probes are worth their cost: where an alert or a sign gives reason, few first, many where some were lost.

A probe goes between two stations of one subnet, so that it crosses exactly the links between them; a journey's ends are
tried once besides, to see whether the symptom is there at all.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from nocmesh.diagnosis.cabling import Cable
from nocmesh.diagnosis.facts import Facts
from nocmesh.diagnosis.find import as_interface
from nocmesh.diagnosis.hints import about_quality
from nocmesh.diagnosis.probes import FEW, MANY, Probed, Tally, tallied
from nocmesh.diagnosis.segments import frames_path, stations
from nocmesh.diagnosis.signs import Scene
from nocmesh.network import End, Link

MOST_LEGS = 12
"""Links that are probed because of one alert."""
MOST_STATIONS = 6
"""Others of a subnet whose probes tell its links from each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One probe that is worth asking for."""

    device: str
    target: str
    count: int = FEW
    counters: bool = False


@dataclass(frozen=True)
class Leg:
    """Two stations of one subnet, with their addresses, and the links between them."""

    ends: tuple[End, End]
    addresses: tuple[str, str]
    links: tuple[Link, ...]

    @property
    def both_ways(self) -> Iterator[tuple[str, str]]:
        """(who asks, whom), either way."""
        yield self.ends[0].device, self.addresses[1]
        yield self.ends[1].device, self.addresses[0]


def next_probes(scene: Scene, suspects: Sequence[str], *, unexplained: bool) -> list[Wish]:
    """The probes that nobody sent yet and for which there is reason; ``unexplained``: no rule names a cause."""
    wishes = [*_ends(scene), *_legs_wishes(scene, _legs(scene, suspects, unexplained=unexplained))]
    sent = {(probe.device, probe.target, probe.asked) for probe in scene.probes}
    asked = {(wish.device, wish.target, wish.count): wish for wish in wishes}
    return [wish for key, wish in asked.items() if key not in sent and _answers(scene.facts, wish.device)]


def _answers(facts: Facts, device: str) -> bool:
    sight = facts.sight(device)
    return facts.network.device(device) is not None and not (sight is not None and sight.unreachable)


def _ends(scene: Scene) -> Iterator[Wish]:
    """Each end of a journey that can be asked tries to reach the other."""
    for journey in (way for each in scene.journeys for way in (each, each.back)):
        if journey.source.device and journey.target.address:
            yield Wish(device=journey.source.device, target=journey.target.address)


def _legs(scene: Scene, suspects: Sequence[str], *, unexplained: bool) -> list[Leg]:
    """Where packets may be lost: on the way of a journey, else at the suspects; between them; below what is lost."""
    found: list[Leg] = []
    if about_quality(scene.words) or any(probe.result.lost > 0 for probe in _between(scene)):
        found += [leg for walk in scene.walks for leg in _walked(scene, walk.legs)]
        found += [] if any(journey.told for journey in scene.journeys) else _at(scene, suspects)
    found += [leg for link in _named(scene, suspects) if (leg := leg_of(scene.facts, link))]
    if unexplained:
        found += [leg for link in _bearing_signs(scene) if (leg := leg_of(scene.facts, link))]
    return list({frozenset(leg.addresses): leg for leg in found}.values())[:MOST_LEGS]


def _between(scene: Scene) -> list[Probed]:
    """Probes from one end of a journey to the other."""
    ways = [way for each in scene.journeys for way in (each, each.back)]
    return [probe for probe in scene.probes if any(map(probe.asks, ways))]


def _walked(scene: Scene, legs: Iterable[tuple[End, End, str]]) -> Iterator[Leg]:
    for here, there, address in legs:
        own = next((str(ip) for name, ip, net in scene.facts.addresses(here.device) if name == here.interface), "")
        links = frames_path(scene.facts, here, there)
        if own and links:
            yield Leg((here, there), (own, address), links)


def _at(scene: Scene, suspects: Sequence[str]) -> list[Leg]:
    """The links of the suspects, those of interfaces that the alert names first; and a host's way to its routers."""
    links = [(own, link) for name in suspects for link, own, _ in scene.facts.network.neighbours(name)]
    links.sort(key=lambda pair: not _is_named(scene, pair[0]))
    own = [leg for _, link in links if (leg := leg_of(scene.facts, link))]
    return [*own, *(leg for name in suspects for leg in _to_routers(scene.facts, name))]


def _to_routers(facts: Facts, name: str) -> Iterator[Leg]:
    """From a host to each router of its subnets: what it sends to anybody else begins there."""
    device = facts.network.device(name)
    for interface in device.interfaces if device is not None and device.platform == "linux" else ():
        here = End(device=name, interface=interface.name)
        for address in _addresses(facts, here):
            for there, ip in stations(facts, address):
                far = facts.network.device(there.device)
                links = frames_path(facts, here, there) if far is not None and far.platform != "linux" else None
                if links:
                    yield Leg((here, there), (address, ip), links)


def _named(scene: Scene, suspects: Sequence[str]) -> list[Link]:
    """Links that the alert is about: it names both of their devices, or one of their interfaces."""
    network = scene.facts.network
    links = [link for name in suspects for link, own, _ in network.neighbours(name) if _is_named(scene, own)]
    return [*links, *(link for link in network.links if {link.a.device, link.b.device} <= set(suspects))]


def _is_named(scene: Scene, end: End) -> bool:
    return end.interface.lower() in scene.words


def _bearing_signs(scene: Scene) -> list[Link]:
    """Links that seem to carry, below sessions and adjacencies that are lost."""
    lost = [adjacency.link for adjacency in scene.adjacencies if not adjacency.up and scene.carries(adjacency.link)]
    below = [cable.link for session in scene.down if scene.carried(session) and (cable := scene.cable(session))]
    return [link for link in dict.fromkeys([*lost, *below]) if scene.carries(link)]


def leg_of(facts: Facts, link: Link) -> Leg | None:
    """Two stations whose frames cross ``link``: its own ends, or the nearest behind the bridge at one of them."""
    if Cable(link, facts).broken:
        return None
    for here in (link.a, link.b):
        for address in _addresses(facts, here):
            others = [(end, ip) for end, ip in stations(facts, address) if end.device != here.device]
            ways = [Leg((here, end), (address, ip), frames_path(facts, here, end) or ()) for end, ip in others]
            across = [leg for leg in ways if link in leg.links]
            if across:
                return min(across, key=lambda leg: len(leg.links))
    return None


def _addresses(facts: Facts, end: End) -> list[str]:
    device = facts.network.device(end.device)
    listed = [i for i in (device.interfaces if device else []) if i.name == end.interface]
    return [str(own.ip) for i in listed for text in i.addresses if (own := as_interface(text)) is not None]


def _legs_wishes(scene: Scene, legs: Sequence[Leg]) -> Iterator[Wish]:
    known = {tally.links: tally for tally in tallies(scene)}
    for leg in legs:
        tally = known.get(frozenset(leg.links))
        yield from (Wish(device=device, target=target) for device, target in leg.both_ways)
        if tally is not None and tally.doubtful:
            yield from (Wish(device=d, target=t, count=MANY, counters=True) for d, t in leg.both_ways)
            yield from _bystanders(scene, leg) if len(leg.links) > 1 else ()


def _bystanders(scene: Scene, leg: Leg) -> Iterator[Wish]:
    """Others of the subnet, tried by both ends: which rows are clean tells which of the leg's links is to blame."""
    others = [(end, ip) for end, ip in stations(scene.facts, leg.addresses[0]) if end not in leg.ends]
    for _, address in islice(others, MOST_STATIONS):
        yield from (Wish(device=end.device, target=address, count=MANY) for end in leg.ends)


def tallies(scene: Scene) -> list[Tally]:
    """What the probes between stations of one subnet came to, by the links that they crossed."""
    return tallied((probe, links) for probe in scene.probes if (links := crossed(scene.facts, probe)))


def crossed(facts: Facts, probe: Probed) -> tuple[Link, ...]:
    """The links between the prober and a target of its own subnet; none where routers forwarded, or nobody knows."""
    there = facts.place(probe.target)
    near = [end for end, _ in stations(facts, probe.target) if end.device == probe.device]
    if there is None or not near or there.device == probe.device:
        return ()
    return frames_path(facts, near[0], there) or ()
