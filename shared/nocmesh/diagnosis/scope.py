"""Where to look, and what to ask there: the suspects, who is involved with them, and of everybody else just enough.

Every link and every session has two ends, and one of them is enough to see that it is well. And a device whose
configuration is what it was, and of whose links and sessions the other ends say that they are well, is well itself.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from nocmesh.diagnosis.coverage import between, watchers
from nocmesh.diagnosis.facts import Facts, Sight
from nocmesh.diagnosis.hints import views_about
from nocmesh.diagnosis.signs import Scene, Sign, signs_of
from nocmesh.messages.state import View
from nocmesh.network import Device, Network

SMALL_NETWORK = 12
"""Up to so many devices are all looked at, side by side: one round trip, and faults far from the alert show too."""
MOST_DEVICES = 60
"""No more than these in one session: beyond it a person must say where."""

Wanted = Mapping[str, Sequence[View]]
"""What to ask, by device."""

PATH_VIEWS: tuple[View, ...] = ("routes", "neighbors", "filters")
"""What decides where a packet goes on."""
_PROTOCOLS: tuple[View, ...] = ("bgp", "ospf", "isis")
_SWITCHES = frozenset({"access", "distribution", "switch"})


def views_of(device: Device) -> list[View]:
    """What a first look at ``device`` asks for: its interfaces, its configuration, and the protocols that it speaks.

    The protocols are those of its intent; where it has none, every one that there is.
    """
    if device.platform == "linux":
        return ["interfaces", "stp"]
    meant = [view for view in _PROTOCOLS if getattr(device.intent, view) is not None]
    switching: list[View] = ["stp", "switching"] if device.role in _SWITCHES else []
    return ["interfaces", *(meant or ([] if switching else _PROTOCOLS)), *switching, "config"]


def deeper_views(device: Device) -> list[View]:
    """What a second look adds, where the first explains nothing, or before a device is called healthy."""
    return ["routes", "filters", "queues", "system"]


def proof_views(family: str) -> Sequence[View]:
    """What a first look leaves out, and what would still show a fault of that family."""
    return _PROOFS.get(family, ())


_PROOFS: Mapping[str, Sequence[View]] = {
    "filters": ("filters",),
    "addressing": ("routes",),
    "link": ("queues",),
    "device": ("system",),
    "drift": ("system",),
}


def glance_views(device: Device) -> list[View]:
    """What is asked of a device that nothing points to, to see whether it has moved since all was well."""
    return ["interfaces"] if device.platform == "linux" else ["config"]


def beside(network: Network, device: str) -> list[str]:
    """The devices at the other ends of its links and of its intended BGP sessions."""
    found = [far.device for _, _, far in network.neighbours(device)]
    here = network.device(device)
    intent = here.intent.bgp if here else None
    empty = Facts(network, {})
    found += [empty.owner(neighbor.address) for neighbor in (intent.neighbors if intent else [])]
    return list(dict.fromkeys(name for name in found if name and name != device))


def first_look(scene: Scene, suspects: Iterable[str]) -> Wanted:
    """The suspects, and what the alert's own words are about."""
    return _unasked(scene, {name: _first(scene, name, about=True) for name in suspects})


def next_look(scene: Scene, suspects: Sequence[str]) -> Wanted:
    """What nobody asked yet and what was seen leads to: the ends of whatever is odd, then the rest of the network.

    A glance is enough for a device that nothing points to while a baseline says that it is as it was; in a network
    that is not small nobody looks there at all.
    """
    near = list(dict.fromkeys([*suspects, *_involved(scene), *_around(scene, suspects)]))
    wanted: dict[str, Sequence[View]] = {name: _first(scene, name, about=name in suspects) for name in near}
    for name in doubtful(scene):
        wanted[name] = _together(wanted.get(name, ()), ["filters"])
    if len(scene.facts.network.devices) <= SMALL_NETWORK:
        wanted |= _elsewhere(scene, near)
    return _unasked(scene, wanted)


def wider_look(scene: Scene, suspects: Sequence[str]) -> Wanted:
    """A first look at everybody beside the suspects and whoever is involved; in a small network at everybody."""
    network = scene.facts.network
    if len(network.devices) <= SMALL_NETWORK:
        return _unasked(scene, {device.name: _first(scene, device.name) for device in network.devices})
    near = list(dict.fromkeys([*suspects, *_involved(scene)]))
    names = dict.fromkeys([*near, *(far for name in near for far in _all_beside(scene, name))])
    return _unasked(scene, {name: _first(scene, name) for name in names})


def deeper_look(scene: Scene, names: Iterable[str]) -> Wanted:
    """What a second look at ``names`` adds."""
    return _unasked(scene, {name: _views(scene, name, deeper_views) for name in names})


def last_look(scene: Scene, suspects: Sequence[str]) -> Wanted:
    """What is left before a network is called healthy: all of the suspects and of who stands beside them.

    Of everybody else what drops, misleads or holds up the traffic of others; how they are themselves is not asked.
    """
    near = list(dict.fromkeys([*suspects, *(far for name in suspects for far in _all_beside(scene, name))]))
    wanted: dict[str, Sequence[View]] = {name: _views(scene, name, deeper_views) for name in near}
    wanted |= {name: ("routes", "filters", "queues") for name in scene.facts.sights if name not in near}
    return _unasked(scene, wanted)


def path_look(scene: Scene) -> Wanted:
    """Everybody on the way of the alert's journeys as far as it is known, and on a shortest one by the inventory."""
    network = scene.facts.network
    names = [name for walk in scene.walks for name in walk.devices]
    for walk in scene.walks:
        names += between(network, walk.journey.source.device, walk.journey.target.device) if walk.unseen else []
    wanted = {}
    for name in dict.fromkeys(names):
        device = network.device(name)
        routing = any(interface.addresses for interface in device.interfaces) if device else False
        wanted[name] = _together(_first(scene, name), PATH_VIEWS if routing else ())
    return _unasked(scene, wanted)


def sweep(scene: Scene) -> Wanted:
    """A first look at everybody, the core first, as far as one session goes: for an alert that names nobody."""
    devices = sorted(scene.facts.network.devices, key=lambda device: (not device.core, device.platform == "linux"))
    return _unasked(scene, {device.name: _first(scene, device.name) for device in devices})


def again(scene: Scene, names: Iterable[str]) -> Wanted:
    """Everything that was asked of ``names`` before, once more."""
    return {name: sorted(sight.asked) for name in names if (sight := scene.facts.sight(name)) is not None}


def doubtful(scene: Scene) -> list[str]:
    """Ends of sessions and adjacencies that are lost although what is below them carries: a filter may be why."""
    ends = [
        end for session in scene.down if scene.carried(session) for end in (session.near.device, session.far_device)
    ]
    lost = [adjacency for adjacency in scene.adjacencies if not adjacency.up and scene.carries(adjacency.link)]
    ends += [end.end.device for adjacency in lost for end in adjacency.ends]
    return [name for name in dict.fromkeys(ends) if name]


def _involved(scene: Scene) -> list[str]:
    return [device for sign in _signs(scene) for device in sign.devices]


def _signs(scene: Scene) -> Sequence[Sign]:
    return signs_of(scene)


def _around(scene: Scene, suspects: Sequence[str]) -> list[str]:
    """Who stands beside a suspect that shows nothing itself; beside everybody involved where no past is known."""
    involved = set(_involved(scene))
    quiet = [name for name in suspects if name in scene.facts.sights and name not in involved]
    strange = [name for name in (*suspects, *involved) if (s := scene.facts.sight(name)) and not _past(s)]
    return [far for name in dict.fromkeys([*quiet, *strange]) for far in _all_beside(scene, name)]


def _past(sight: Sight) -> bool:
    return sight.unreachable or sight.before is not None


def _all_beside(scene: Scene, device: str) -> Iterable[str]:
    yield from beside(scene.facts.network, device)
    for peer in scene.peering.peers.get(device, []):
        far = scene.peering.far_device(peer)
        if far:
            yield far


def _elsewhere(scene: Scene, near: Collection[str]) -> Wanted:
    """Of the rest of a small network: a first look at one end of each link and session, a glance at the others.

    Who has moved, or has no past to be compared with, is looked at in full.
    """
    network = scene.facts.network
    watched = watchers(network, near)
    wanted = {}
    for device in network.devices:
        if device.name in near:
            continue
        sight = scene.facts.sight(device.name)
        full = device.name in watched or (sight is not None and (not _past(sight) or sight.moves))
        wanted[device.name] = views_of(device) if full else glance_views(device)
    return wanted


def _first(scene: Scene, name: str, *, about: bool = False) -> list[View]:
    more = views_about(scene.words) if about else ()
    return _together(_views(scene, name, views_of), more)


def _views(scene: Scene, name: str, of: object) -> list[View]:
    device = scene.facts.network.device(name)
    return list(of(device)) if device is not None and callable(of) else []


def _together(views: Iterable[View], more: Iterable[View]) -> list[View]:
    return list(dict.fromkeys([*views, *more]))


def _unasked(scene: Scene, wanted: Wanted) -> Wanted:
    """What of ``wanted`` was not asked yet, of devices that answer; no more devices than a session may look at."""
    sights = scene.facts.sights
    left: dict[str, Sequence[View]] = {}
    for name, views in wanted.items():
        sight = sights.get(name)
        lacking = [view for view in views if sight is None or view not in sight.asked]
        if lacking and not (sight is not None and sight.unreachable):
            left[name] = lacking
    fresh = [name for name in left if name not in sights][: max(MOST_DEVICES - len(sights), 0)]
    return {name: views for name, views in left.items() if name in sights or name in fresh}
