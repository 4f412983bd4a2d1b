"""What one device can say of itself: sessions, counters, times, routes. The dialects only put it into words.

Counters that no model needs are derived from time and tables, so that they grow as on a device that works.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Interface, IPv4Network

from nocmesh.proving.simulated.bgp import Cause, Session
from nocmesh.proving.simulated.counters import Counter, Rates
from nocmesh.proving.simulated.live import InterfaceRecord, LiveNetwork, Record
from nocmesh.proving.simulated.model import Bgp, Interface, Neighbor, Node, Port
from nocmesh.proving.simulated.routes import Path
from nocmesh.proving.simulated.wiring import Hop, hop_towards

KEEPALIVE = 60
HOLD = 180
"""Seconds, both vendors' defaults (RFC 4271 §10 proposes 30 and 90)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """BGP messages that passed, one direction."""

    opens: int
    notifications: int
    updates: int
    keepalives: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.opens + self.notifications + self.updates + self.keepalives


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One neighbour with everything that show commands tell of it."""

    config: Neighbor
    session: Session
    record: Record
    received: int
    sent: int
    seconds: int
    """Since it rose or fell."""
    sent_messages: Messages
    received_messages: Messages
    peer_dialect: str = ""
    peer_name: str = ""

    @property
    def internal(self) -> bool:
        """Whether it is iBGP, as far as configuration knows."""
        return self.config.remote_as == self.local_as

    local_as: int = 0

    @property
    def overflowed(self) -> bool:
        """Whether it was stopped for too many prefixes."""
        return self.session.cause is Cause.PREFIXES


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteEntry:
    """One line of the routing table."""

    prefix: str
    protocol: str
    """`connected`, `local`, `static`, `bgp`."""
    next_hop: str = ""
    interface: str = ""
    distance: int = 0
    recursive: str = ""
    """The next hop's own gateway, when it is not on a wire of ours."""
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class View:
    """One device of a running network."""

    live: LiveNetwork
    name: str

    @property
    def node(self) -> Node:
        """The device."""
        return self.live.model.node(self.name)

    @property
    def now(self) -> datetime:
        """The time on the device."""
        return self.live.clock.now()

    @property
    def uptime(self) -> int:
        """Seconds since the simulation began."""
        return self.since(self.live.started)

    def since(self, then: datetime) -> int:
        """Whole seconds, never negative."""
        return max(0, int((self.now - then).total_seconds()))

    def bgp(self) -> Bgp | None:
        """Its BGP process; None: it has none, or its daemon does not run."""
        return self.node.running.bgp if self.node.running_daemon("bgpd") else None

    def peers(self) -> Iterator[Peer]:
        """Its neighbours, in the order of their addresses."""
        bgp = self.bgp()
        for neighbor in () if bgp is None else bgp.neighbors.values():
            yield self._peer(bgp.asn if bgp else 0, neighbor)

    def peer(self, address: str) -> Peer | None:
        """The neighbour of that address."""
        return next((peer for peer in self.peers() if peer.config.address == address), None)

    def _peer(self, asn: int, neighbor: Neighbor) -> Peer:
        key = (self.name, neighbor.address)
        session, record = self.live.sessions[key], self.live.records[key]
        other = None if session.peer is None else self.live.model.node(session.peer[0])
        received, sent = len(self.live.tables.heard.get(key, ())), self.live.tables.sent.get(key, 0)
        seconds = self.since(record.changed)
        return Peer(
            config=neighbor,
            session=session,
            record=record,
            received=received,
            sent=sent,
            seconds=seconds,
            sent_messages=self._messages(record, sent, told=session.cause is Cause.BAD_AS),
            received_messages=self._messages(record, received, told=session.cause is Cause.PEER_BAD_AS),
            peer_dialect="" if other is None or not session.established else other.dialect,
            peer_name="" if other is None else other.running.hostname,
            local_as=asn,
        )

    def _messages(self, record: Record, prefixes: int, *, told: bool) -> Messages:
        up = self.since(record.changed) if record.was_up else 0
        return Messages(
            opens=record.ups + int(told),
            notifications=record.downs + int(told),
            updates=prefixes + int(record.ups > 0),
            keepalives=record.ups + up // KEEPALIVE,
        )

    def interfaces(self) -> Iterator[tuple[Interface, InterfaceRecord, int]]:
        """Its interfaces with what they went through, and an index from 1."""
        ordered = sorted(self.node.running.interfaces.values(), key=_natural)
        for index, interface in enumerate(ordered, start=1):
            yield interface, self.live.interfaces[Port(device=self.name, interface=interface.name)], index

    def packets(self, record: InterfaceRecord) -> int:
        """How many went each way: two a second while up."""
        return 2 * (self.uptime if record.up else max(0, self.uptime - self.since(record.changed)))

    def hardware(self, interface: Interface) -> str:
        """Its hardware address, with colons: the given one, or one made of names, so that it is always the same."""
        if interface.mac:
            return interface.mac
        index = next(index for other, _, index in self.interfaces() if other.name == interface.name)
        whose = sum(self.name.encode()) % 256
        frr = self.node.dialect == "frr"
        return f"02:00:00:00:{whose:02x}:{index:02x}" if frr else f"02:00:00:{whose:02x}:00:{index:02x}"

    def rates(self, interface: Interface) -> Rates:
        """How fast the counters of ``interface`` rise now, a minute."""
        return self.live.meters[Port(device=self.name, interface=interface.name)].rates

    def count(self, interface: Interface, counter: Counter) -> int:
        """What ``counter`` of ``interface`` shows."""
        return self.live.meters[Port(device=self.name, interface=interface.name)].read(counter, self.now)

    def hop(self, address: str) -> Hop | None:
        """The way to ``address`` by connected and static routes."""
        return hop_towards(self.live.model, self.node, address)

    def paths(self) -> dict[str, list[Path]]:
        """Every BGP path by prefix, the best first."""
        heard = {p.prefix for (name, _), paths in self.live.tables.heard.items() if name == self.name for p in paths}
        known = heard | set(self.live.tables.best.get(self.name, {}))
        return {prefix: self.live.tables.paths(self.name, prefix) for prefix in sorted(known, key=IPv4Network)}

    def best(self, prefix: str) -> Path | None:
        """The chosen path."""
        return self.live.tables.best.get(self.name, {}).get(prefix)

    def routes(self) -> list[RouteEntry]:
        """The routing table, ordered by prefix: connected beats static beats BGP."""
        found: dict[tuple[str, str], RouteEntry] = {}
        for entry in [*self._connected(), *self._statics(), *self._learned()]:
            others = {key for key in found if key[0] == entry.prefix and key[1] != "local"}
            if entry.protocol in {"connected", "local"} or not others:
                found[(entry.prefix, entry.protocol)] = entry
        return sorted(found.values(), key=lambda e: (IPv4Network(e.prefix), e.protocol))

    def _connected(self) -> Iterator[RouteEntry]:
        for interface, record, _ in self.interfaces():
            for address in interface.addresses if record.up else ():
                own = IPv4Interface(address)
                seconds = self.since(record.changed)
                yield RouteEntry(
                    prefix=str(own.network), protocol="connected", interface=interface.name, seconds=seconds
                )
                if own.network.prefixlen < 32:
                    yield RouteEntry(prefix=f"{own.ip}/32", protocol="local", interface=interface.name, seconds=seconds)

    def _statics(self) -> Iterator[RouteEntry]:
        for static in self.node.running.statics:
            hop = self.hop(static.next_hop)
            if hop is not None:
                yield RouteEntry(
                    prefix=static.prefix,
                    protocol="static",
                    next_hop=static.next_hop,
                    interface=hop.interface,
                    distance=1,
                    seconds=self.uptime,
                )

    def _learned(self) -> Iterator[RouteEntry]:
        for path in self.live.tables.best.get(self.name, {}).values():
            hop = self.hop(path.next_hop) if path.via else None
            if hop is not None:
                yield RouteEntry(
                    prefix=path.prefix,
                    protocol="bgp",
                    next_hop=path.next_hop,
                    interface=hop.interface,
                    distance=200 if path.internal else 20,
                    recursive=hop.gateway or "",
                    seconds=self.since(self.live.records[(self.name, path.via)].changed),
                )


def _natural(interface: Interface) -> tuple[str, list[int]]:
    """Bundles and VLANs behind the ports, each in the order of its number."""
    return re.split(r"[0-9]", interface.name)[0], [int(number) for number in re.findall(r"[0-9]+", interface.name)]
