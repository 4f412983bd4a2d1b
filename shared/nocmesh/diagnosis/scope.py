"""Where to look: the suspects, who stands beside them, and whoever else turns out to be involved."""

from collections.abc import Iterable, Mapping, Sequence

from nocmesh.diagnosis.facts import Facts
from nocmesh.diagnosis.signs import Scene, signs_of
from nocmesh.messages.state import View
from nocmesh.network import Device, Network

SMALL_NETWORK = 12
"""Up to so many devices are all looked at, side by side: one round trip, and faults far from the alert show too."""
MOST_DEVICES = 60
"""No more than these in one session: beyond it a person must say where."""

DEEPER: Mapping[str, tuple[View, ...]] = {"linux": ("system",)}
_DEEPER: tuple[View, ...] = ("system",)
"""What is asked only where the first look explains nothing, or before a device is called healthy."""
_PROTOCOLS: tuple[View, ...] = ("bgp", "ospf", "isis")
_SWITCHES = frozenset({"access", "distribution", "switch"})


def views_of(device: Device) -> list[View]:
    """What a first look at ``device`` asks for: its interfaces, its configuration, and the protocols that it speaks.

    The protocols are those of its intent; where it has none, every one that there is.
    """
    if device.platform == "linux":
        return ["interfaces", "routes", "filters", "stp"]
    meant = [view for view in _PROTOCOLS if getattr(device.intent, view) is not None]
    switching: list[View] = ["stp", "switching"] if device.role in _SWITCHES else []
    return ["interfaces", "routes", "filters", *(meant or ([] if switching else _PROTOCOLS)), *switching, "config"]


def deeper_views(device: Device) -> list[View]:
    """What a second look adds."""
    return list(DEEPER.get(device.platform, _DEEPER))


def beside(network: Network, device: str) -> list[str]:
    """The devices at the other ends of its links and of its intended BGP sessions."""
    found = [far.device for _, _, far in network.neighbours(device)]
    here = network.device(device)
    intent = here.intent.bgp if here else None
    empty = Facts(network, {})
    found += [empty.owner(neighbor.address) for neighbor in (intent.neighbors if intent else [])]
    return list(dict.fromkeys(name for name in found if name and name != device))


def first_look(network: Network, suspects: Sequence[str]) -> list[str]:
    """The suspects and who stands beside them; in a small network everybody."""
    if len(network.devices) <= SMALL_NETWORK:
        return _ordered([*suspects, *(device.name for device in network.devices)])
    return _ordered([*suspects, *(far for name in suspects for far in beside(network, name))])


def next_look(scene: Scene, suspects: Sequence[str]) -> list[str]:
    """Devices that nobody looked at and that what was seen leads to: far ends, neighbours of whatever is odd."""
    facts = scene.facts
    wanted = first_look(facts.network, suspects)
    involved = [device for sign in signs_of(scene) for device in sign.devices]
    wanted += [far for name in [*suspects, *involved] for far in _all_beside(scene, name)]
    wanted += involved
    room = max(MOST_DEVICES - len(facts.sights), 0)
    return [name for name in _ordered(wanted) if name not in facts.sights][:room]


def _all_beside(scene: Scene, device: str) -> Iterable[str]:
    yield from beside(scene.facts.network, device)
    for peer in scene.peering.peers.get(device, []):
        far = scene.peering.far_device(peer)
        if far:
            yield far


def _ordered(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))[:MOST_DEVICES]
