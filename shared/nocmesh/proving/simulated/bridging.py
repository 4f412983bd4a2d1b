"""The switched part of a network as it stands: the trees, who is heard where, and whether frames go round. Pure.

Frames are followed, not guessed: each station's are flooded from its port through everything that forwards them, with
the tags that the ports put on and take off. A port learns what comes in; an address that comes in on two ports flaps;
a frame that comes back to where it was goes round for ever.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from nocmesh.proving.simulated.cabling import bundled, ends, phy
from nocmesh.proving.simulated.model import Interface, Network, Node, Port
from nocmesh.proving.simulated.spanning import BridgeId, BridgePort, Key, PortId, Tree, compute
from nocmesh.proving.simulated.switching import Switchport

COSTS = {10: 100, 100: 19, 1000: 4, 2000: 3}
"""Short path costs by megabits a second (IEEE 802.1D-1998 table 8-5; between its rows as IOS does)."""


class Seat(NamedTuple):
    """Where a frame is: in a switch, in a VLAN, come in by a port."""

    switch: str
    vlan: int
    port: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """Something with an address that speaks: a host, or a routed interface."""

    mac: str
    address: str
    at: Port
    """The switch's port that it is plugged into."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridgeport:
    """One logical port of a switch that is up: a port, or a bundle."""

    device: str
    name: str
    switchport: Switchport
    members: tuple[Port, ...]
    speed: int
    half: bool = False

    @property
    def number(self) -> int:
        """The port number within the bridge; bundles count from 2089 as on Catalyst 9000."""
        return int(self.name.split("/")[-1]) if "/" in self.name else 2088 + int(self.name.removeprefix("Port-channel"))

    def cost(self, vlan: int) -> int:
        """The path cost in ``vlan``."""
        configured = self.switchport.cost(vlan)
        if configured is not None:
            return configured
        return next(cost for speed, cost in sorted(COSTS.items(), reverse=True) if self.speed >= speed or speed == 10)


@dataclass(slots=True)
class Bridging:
    """What follows from the configuration for the switches."""

    ports: dict[Key, Bridgeport] = field(default_factory=dict)
    trees: dict[int, Tree] = field(default_factory=dict)
    """By VLAN; only switches that take part are in a tree."""
    learned: dict[tuple[str, int], dict[str, tuple[str, ...]]] = field(default_factory=dict)
    """Switch and VLAN -> address -> the ports that it comes in on."""
    heard_by: dict[Port, dict[str, Station]] = field(default_factory=dict)
    """By a station's port at the switch: who reaches it, by IP address."""
    stations: dict[Port, Station] = field(default_factory=dict)
    """By the switch's port."""
    round: set[Seat] = field(default_factory=set)
    """Where frames pass again and again."""

    @property
    def storming(self) -> set[Key]:
        """The ports that a storm comes in on."""
        return {(seat.switch, seat.port) for seat in self.round}

    def flapping(self) -> Iterator[tuple[str, int, str, tuple[str, ...]]]:
        """Switch, VLAN, address and ports of every address that comes in on several."""
        for (switch, vlan), table in sorted(self.learned.items()):
            for mac, ports in sorted(table.items()):
                if len(ports) > 1:
                    yield switch, vlan, mac, ports

    def forwards(self, switch: str, vlan: int, port: str) -> bool:
        """Whether ``port`` lets frames of ``vlan`` pass."""
        standing = self.trees[vlan].ports.get((switch, port)) if vlan in self.trees else None
        return standing is None or standing.forwarding


def bridging(network: Network) -> Bridging:
    """All of it."""
    out = Bridging(ports={port.key_: port.value for port in _ports(network)})
    plugged = {port: key for key, value in out.ports.items() for port in value.members}
    ground = _Ground(network, out, plugged)
    for vlan in sorted({v for node in _switches(network) for v in _vlans(node)}):
        out.trees[vlan] = ground.tree(vlan)
    out.stations = {station.at: station for station in stations(network)}
    for station in out.stations.values():
        ground.flood(station)
    return out


def _switches(network: Network) -> Iterator[Node]:
    return (node for node in network.nodes.values() if node.running.spanning is not None)


def _vlans(node: Node) -> Iterable[int]:
    return () if node.running.spanning is None else node.running.spanning.vlans


class _Named(NamedTuple):
    key_: Key
    value: Bridgeport


def _ports(network: Network) -> Iterator[_Named]:
    for node in _switches(network):
        for interface in node.running.interfaces.values():
            found = _port(network, node, interface)
            if found is not None:
                yield _Named((node.name, interface.name), found)


def _port(network: Network, node: Node, interface: Interface) -> Bridgeport | None:
    """A port that is up and bridged; None for members of bundles, routed and dead ports."""
    if interface.switchport is None or interface.channel is not None or interface.svi:
        return None
    inside = bundled(network, node, interface.name) if interface.bundle else [interface]
    running = [p for p in (phy(network, node, i) for i in inside) if p.up]
    if not running:
        return None
    return Bridgeport(
        device=node.name,
        name=interface.name,
        switchport=interface.switchport,
        members=tuple(Port(device=node.name, interface=i.name) for i in inside),
        speed=sum(p.speed for p in running),
        half=any(p.duplex == "half" for p in running),
    )


def stations(network: Network) -> Iterator[Station]:
    """Hosts, and routed interfaces that are cabled to a switch."""
    for host in network.hosts:
        at = Port(device=host.device, interface=host.interface)
        yield Station(mac=host.mac, address=host.address, at=at)
    for node in network.nodes.values():
        for interface in node.running.interfaces.values():
            far = ends(network, node, interface) if interface.switchport is None and interface.physical else None
            if far is not None and far[1].switchport is not None:
                address = interface.addresses[0].split("/")[0] if interface.addresses else ""
                at = Port(device=far[0].name, interface=far[1].name)
                yield Station(mac=interface.mac, address=address, at=at)


class _Ground:
    """The network with its ports at hand."""

    def __init__(self, network: Network, out: Bridging, plugged: Mapping[Port, Key]) -> None:
        self._network = network
        self._out = out
        self._plugged = plugged

    def tree(self, vlan: int) -> Tree:
        """The spanning tree of ``vlan``."""
        bridges: dict[str, BridgeId] = {}
        for node in _switches(self._network):
            spanning = node.running.spanning
            assert spanning is not None
            if vlan in spanning.vlans and vlan not in spanning.disabled:
                bridges[node.name] = BridgeId(spanning.priority(vlan), spanning.mac)
        hears: dict[Key, set[Key]] = defaultdict(set)
        clashing: set[Key] = set()
        members = [p for p in self._out.ports.values() if p.device in bridges and p.switchport.carries(vlan)]
        for port in members:
            for key, arrived in self._told(port, vlan, bridges):
                if arrived == vlan:
                    hears[key].add((port.device, port.name))
                else:
                    clashing |= {key, (port.device, port.name)}
        ports = [_as_bridge_port(port, vlan, (port.device, port.name) in clashing) for port in members]
        return compute(bridges, ports, hears)

    def _told(self, port: Bridgeport, vlan: int, bridges: Mapping[str, BridgeId]) -> Iterator[tuple[Key, int]]:
        """Who hears the messages that ``port`` sends: through switches without spanning tree, they pass as frames."""
        if port.switchport.bpdufilter:
            return
        waiting = list(self._across(port, vlan, port.members[:1]))
        seen: set[Seat] = set()
        while waiting:
            seat = waiting.pop()
            if seat in seen:
                continue
            seen.add(seat)
            there = self._out.ports[(seat.switch, seat.port)]
            if seat.switch in bridges:
                if not there.switchport.bpdufilter:
                    yield (seat.switch, seat.port), seat.vlan
                continue
            for out in self._others(seat):
                waiting += self._across(out, seat.vlan, out.members[:1])

    def flood(self, station: Station) -> None:
        """Follow the frames of ``station`` everywhere."""
        key = self._plugged.get(station.at)
        if key is None:
            return
        vlan = self._out.ports[key].switchport.received(None)
        waiting = [] if vlan is None else [Seat(key[0], vlan, key[1])]
        following: dict[Seat, list[Seat]] = {}
        while waiting:
            seat = waiting.pop()
            if seat in following or not self._takes(seat):
                continue
            self._learn(seat, station)
            following[seat] = list(self._onwards(seat, station))
            waiting += following[seat]
        self._out.round |= _rounds({seat: [n for n in nexts if n in following] for seat, nexts in following.items()})

    def _takes(self, seat: Seat) -> bool:
        known = seat.vlan in _vlans(self._network.node(seat.switch))
        return known and self._out.forwards(seat.switch, seat.vlan, seat.port)

    def _learn(self, seat: Seat, station: Station) -> None:
        table = self._out.learned.setdefault((seat.switch, seat.vlan), {})
        table[station.mac] = tuple(sorted({*table.get(station.mac, ()), seat.port}))

    def _onwards(self, seat: Seat, station: Station) -> Iterator[Seat]:
        for out in self._others(seat):
            if not self._out.forwards(seat.switch, seat.vlan, out.name):
                continue
            yield from self._across(out, seat.vlan, out.members)
            for port in out.members:
                if port in self._out.stations and out.switchport.sent(seat.vlan) is None and station.address:
                    self._out.heard_by.setdefault(port, {})[station.address] = station

    def _others(self, seat: Seat) -> Iterator[Bridgeport]:
        for (switch, name), port in self._out.ports.items():
            if switch == seat.switch and name != seat.port and port.switchport.carries(seat.vlan):
                yield port

    def _across(self, port: Bridgeport, vlan: int, members: Iterable[Port]) -> Iterator[Seat]:
        """Where a frame of ``vlan`` that leaves ``port`` arrives."""
        node = self._network.node(port.device)
        for at in members:
            far = ends(self._network, node, node.running.interfaces[at.interface])
            key = None if far is None else self._plugged.get(Port(device=far[0].name, interface=far[1].name))
            if key is None:
                continue
            arrived = self._out.ports[key].switchport.received(port.switchport.sent(vlan))
            if arrived is not None:
                yield Seat(key[0], arrived, key[1])


def _as_bridge_port(port: Bridgeport, vlan: int, clashing: bool) -> BridgePort:
    return BridgePort(
        bridge=port.device,
        name=port.name,
        cost=port.cost(vlan),
        id=PortId(port.switchport.priority(vlan), port.number),
        guarded=port.switchport.guard_root,
        inconsistent=clashing and port.switchport.trunk,
    )


def _rounds(following: Mapping[Seat, list[Seat]]) -> set[Seat]:
    """The seats that a frame comes back to."""
    found: set[Seat] = set()
    for start in following:
        waiting, seen = list(following[start]), set[Seat]()
        while waiting:
            seat = waiting.pop()
            if seat not in seen:
                seen.add(seat)
                waiting += following[seat]
        if start in seen:
            found.add(start)
    return found
