"""The switched part of a network as it stands: the trees, who is heard where, and whether frames go round. Pure.

Frames are followed, not guessed: each station's are flooded from its port through everything that forwards them, with
the tags that the ports put on and take off. A port learns what comes in; an address that comes in on two ports flaps;
a frame that comes back to where it was goes round for ever.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from nocmesh.proving.simulated.bridgeports import Bridgeport, Station, bridgeports, stations, switches, vlans_of
from nocmesh.proving.simulated.cabling import ends
from nocmesh.proving.simulated.model import Network, Port
from nocmesh.proving.simulated.spanning import BridgeId, BridgePort, Key, PortId, Tree, compute


class Seat(NamedTuple):
    """Where a frame is: in a switch, in a VLAN, come in by a port."""

    switch: str
    vlan: int
    port: str


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
    out = Bridging(ports={port.key: port for port in bridgeports(network)})
    plugged = {port: key for key, value in out.ports.items() for port in value.members}
    ground = _Ground(network, out, plugged)
    for vlan in sorted({v for node in switches(network) for v in vlans_of(node)}):
        out.trees[vlan] = ground.tree(vlan)
    out.stations = {station.at: station for station in stations(network)}
    for station in out.stations.values():
        ground.flood(station)
    return out


class _Ground:
    """The network with its ports at hand."""

    def __init__(self, network: Network, out: Bridging, plugged: Mapping[Port, Key]) -> None:
        self._network = network
        self._out = out
        self._plugged = plugged

    def tree(self, vlan: int) -> Tree:
        """The spanning tree of ``vlan``."""
        bridges: dict[str, BridgeId] = {}
        for node in switches(self._network):
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
                    hears[key].add(port.key)
                else:
                    clashing |= {key, port.key}
        ports = [_as_bridge_port(port, vlan, port.key in clashing) for port in members]
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
        known = seat.vlan in vlans_of(self._network.node(seat.switch))
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
