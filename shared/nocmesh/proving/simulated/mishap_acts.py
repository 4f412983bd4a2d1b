"""The lines, the hands and the signs of mishaps: small functions of a network and a place."""

from collections.abc import Callable, Iterable, Iterator

from nocmesh.proving.simulated import places
from nocmesh.proving.simulated.cabling import member, phy
from nocmesh.proving.simulated.live import LiveNetwork
from nocmesh.proving.simulated.model import Interface, Node
from nocmesh.proving.simulated.places import Place
from nocmesh.proving.simulated.spanning import BridgeStanding, Tree
from nocmesh.proving.simulated.switching import Switchport, text_of

NOISE = 240
"""Damaged frames a minute: a bad cable."""
OLDER = {"cisco_iosxe": "17.6.1", "frr": "8.1"}
"""What somebody put back."""
STRANGER = "ntp server 192.0.2.123"

Lines = Callable[[LiveNetwork, Place], list[str]]


def _node(live: LiveNetwork, place: Place) -> Node:
    return live.model.node(place.device)


def _interface(live: LiveNetwork, place: Place) -> Interface:
    return _node(live, place).running.interfaces[place.interface]


def _switchport(live: LiveNetwork, place: Place) -> Switchport | None:
    return _interface(live, place).switchport


def _trees(live: LiveNetwork) -> Iterator[Tree]:
    """Those that have a port at all."""
    return (tree for tree in live.bridging.trees.values() if tree.ports)


def _vlans(live: LiveNetwork) -> list[int]:
    return [vlan for vlan, tree in live.bridging.trees.items() if tree.ports]


def _standing(live: LiveNetwork, place: Place) -> Iterator[BridgeStanding]:
    """What the switch believes, VLAN by VLAN."""
    return (tree.bridges[place.device] for tree in _trees(live) if place.device in tree.bridges)


def at_port(*texts: str) -> Lines:
    """Lines under the interface."""
    return lambda _live, place: [f"interface {place.interface}", *texts]


def everywhere(text: str) -> Lines:
    """A line for all VLANs that are in use: `{vlans}`."""
    return lambda live, _place: [text.format(vlans=text_of(_vlans(live)))]


def other_vlan(live: LiveNetwork, place: Place) -> list[str]:
    """A trunk loses its last VLAN, an access port moves to another one."""
    port = _switchport(live, place)
    assert port is not None
    if port.trunk:
        kept = text_of(vlan for vlan in _vlans(live)[:-1] if port.carries(vlan))
        return [f"interface {place.interface}", f"switchport trunk allowed vlan {kept or 'none'}"]
    wrong = next(vlan for vlan in _vlans(live) if vlan != port.access_vlan)
    return [f"interface {place.interface}", f"switchport access vlan {wrong}"]


def vlans_differ(live: LiveNetwork, place: Place) -> bool:
    """From what the other end carries, or, before a station, from what was saved."""
    port, there = _switchport(live, place), _far_switchport(live, place)
    if port is None:
        return False
    if there is not None:
        return any(port.carries(vlan) != there.carries(vlan) for vlan in _vlans(live))
    startup = _node(live, place).startup
    saved = None if startup is None else startup.interfaces[place.interface].switchport
    return saved is not None and saved.access_vlan != port.access_vlan


def _far_switchport(live: LiveNetwork, place: Place) -> Switchport | None:
    if place.cable is None:
        return None
    own = place.cable.a if place.cable.a.device == place.device else place.cable.b
    far = place.cable.other(own)
    return live.model.node(far.device).running.interfaces[far.interface].switchport


def other_duplex(live: LiveNetwork, place: Place) -> list[str]:
    """An end that is fixed to full becomes half; one that negotiates is fixed, so that the other falls back."""
    if _interface(live, place).speed == "auto":
        return [f"interface {place.interface}", "speed 100", "duplex full"]
    return [f"interface {place.interface}", "duplex half"]


def duplex_clashes(live: LiveNetwork, place: Place) -> bool:
    """The far end has the other duplex."""
    return phy(live.model, _node(live, place), _interface(live, place)).clash


def spoil(live: LiveNetwork, place: Place) -> None:
    """The cable damages frames on their way in."""
    assert place.cable is not None
    place.cable.noise[place.port] = NOISE


def errors_rise(live: LiveNetwork, place: Place) -> bool:
    """Damaged frames come in."""
    return live.meters[place.port].rates.get("crc", 0) >= NOISE


def out_of_step(live: LiveNetwork, place: Place) -> list[str]:
    """One member carries other VLANs than its bundle."""
    return [f"interface {place.interface}", f"switchport trunk allowed vlan {_vlans(live)[0]}"]


def not_bundled(live: LiveNetwork, place: Place) -> bool:
    """The port carries nothing of its bundle."""
    own = _interface(live, place)
    return own.channel is None or member(live.model, _node(live, place), own).flag != "P"


def addresses_flap(live: LiveNetwork, place: Place) -> bool:
    """Addresses move between ports, and nothing goes round."""
    return any(place.device == switch for switch, *_ in live.bridging.flapping()) and not live.bridging.round


def frames_go_round(live: LiveNetwork, place: Place) -> bool:
    """A storm comes in here."""
    return (place.device, place.interface) in live.bridging.storming


def not_bridged(live: LiveNetwork, place: Place) -> bool:
    """The port is no port of the bridge."""
    return _switchport(live, place) is None


def is_root(live: LiveNetwork, place: Place) -> bool:
    """The switch is the root of a tree."""
    return any(not bridge.root_port for bridge in _standing(live, place))


def takes_no_part(live: LiveNetwork, place: Place) -> bool:
    """A tree does without the switch."""
    return any(place.device not in tree.bridges for tree in _trees(live))


def goes_elsewhere(live: LiveNetwork, place: Place) -> bool:
    """The switch's way to the root leads through another port."""
    return any(bridge.root_port != place.interface for bridge in _standing(live, place))


def guarded(live: LiveNetwork, place: Place) -> bool:
    """Root guard keeps the port blocked."""
    found = [tree.ports.get((place.device, place.interface)) for tree in _trees(live)]
    return any(standing is not None and standing.why_blocked == "ROOT_Inc" for standing in found)


def pull(live: LiveNetwork, place: Place) -> None:
    """The cable is pulled out."""
    assert place.cable is not None
    place.cable.up = False


def no_carrier(live: LiveNetwork, place: Place) -> bool:
    """The port is down."""
    return not phy(live.model, _node(live, place), _interface(live, place)).up


def hog(live: LiveNetwork, place: Place) -> None:
    """One process takes the whole processor."""
    _node(live, place).hog = "SNMP ENGINE"


def hogged(live: LiveNetwork, place: Place) -> bool:
    """A process takes the whole processor."""
    return bool(_node(live, place).hog)


def downgrade(live: LiveNetwork, place: Place) -> None:
    """Somebody puts an older version back."""
    node = _node(live, place)
    node.version = OLDER[node.dialect]


def wrong_version(live: LiveNetwork, place: Place) -> bool:
    """Another version than meant."""
    node = _node(live, place)
    return node.meant is not None and node.version != node.meant.version


def packaged(live: LiveNetwork) -> Iterable[Place]:
    """Every package of every device."""
    for place in places.nodes(live):
        for name in live.model.node(place.device).packages:
            yield Place(device=place.device, detail=name)


def uninstall(live: LiveNetwork, place: Place) -> None:
    """The package goes."""
    _node(live, place).packages.pop(place.detail, None)


def not_installed(live: LiveNetwork, place: Place) -> bool:
    """The package is not there."""
    return place.detail not in _node(live, place).packages


def kill(live: LiveNetwork, place: Place) -> None:
    """The daemon ends, and nobody starts it again."""
    _node(live, place).daemons[place.detail] = False


def not_running(live: LiveNetwork, place: Place) -> bool:
    """The daemon does not run."""
    return not _node(live, place).running_daemon(place.detail)


def with_clocks(live: LiveNetwork) -> Iterable[Place]:
    """Devices that take their time from a server."""
    for place in places.nodes(live):
        if any(line.startswith("ntp server") for line in live.model.node(place.device).running.services):
            yield place


def other_clock(live: LiveNetwork, place: Place) -> list[str]:
    """Another time server, in place of the right one."""
    old = [line for line in _node(live, place).running.services if line.startswith("ntp server")]
    return [*(f"no {line}" for line in old), STRANGER]


def drifted(live: LiveNetwork, place: Place) -> bool:
    """Running and saved configuration differ in what nobody models."""
    node = _node(live, place)
    return node.startup is not None and node.startup.services != node.running.services


def trunks_and_access(live: LiveNetwork) -> Iterable[Place]:
    """Ports that have a VLAN to be wrong."""
    yield from places.trunks(live)
    yield from places.access_ports(live)


def no_labels(_live: LiveNetwork, _place: Place) -> dict[str, str]:
    """Monitoring names the device only."""
    return {}


def port_label(_live: LiveNetwork, place: Place) -> dict[str, str]:
    """Monitoring names the interface."""
    return {"interface": place.interface}


def bundle_label(live: LiveNetwork, place: Place) -> dict[str, str]:
    """Monitoring names the bundle."""
    channel = _interface(live, place).channel
    return {} if channel is None else {"interface": channel.bundle}


def session_label(live: LiveNetwork, place: Place) -> dict[str, str]:
    """Monitoring names a session of the device."""
    bgp = _node(live, place).running.bgp
    first = None if bgp is None else next(iter(bgp.neighbors.values()), None)
    return {} if first is None else {"peer": first.address, "remote_as": str(first.remote_as)}
