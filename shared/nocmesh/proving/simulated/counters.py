"""Counters that move: how fast each rises follows from the network as it stands, how far it is from the clock.

A meter keeps what was counted until the last change, and the rates since; reading it moves nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from nocmesh.proving.simulated.bridging import Bridging
from nocmesh.proving.simulated.cabling import bundled, ends, phy
from nocmesh.proving.simulated.model import Interface, Network, Node, Port

Counter = Literal["crc", "runts", "collisions", "late", "packets"]
Rates = Mapping[Counter, int]
"""A minute."""

LATE, COLLISIONS, FRAGMENTS, RUNTS = 30, 90, 45, 20
"""A minute on a link whose ends differ in duplex: the half one collides, the full one gets what is left of frames."""
STORM = 60 * 1_450
"""Packets a minute for each megabit a second of the link: the smallest frames, nearly all that it can take."""


@dataclass(slots=True, kw_only=True)
class Meter:
    """The counters of one interface."""

    since: datetime
    counted: dict[Counter, float] = field(default_factory=dict)
    rates: Rates = field(default_factory=dict)

    def read(self, counter: Counter, now: datetime) -> int:
        """What the counter shows at ``now``."""
        minutes = max(0.0, (now - self.since).total_seconds() / 60)
        return int(self.counted.get(counter, 0) + self.rates.get(counter, 0) * minutes)

    def change(self, rates: Rates, now: datetime) -> None:
        """From ``now`` on the counters rise at ``rates``."""
        if rates == self.rates:
            return
        names: set[Counter] = {*self.counted, *self.rates}
        self.counted = {name: float(self.read(name, now)) for name in names}
        self.since, self.rates = now, rates


def rates(network: Network, bridged: Bridging, node: Node, interface: Interface) -> Rates:
    """How fast the counters of ``interface`` rise now."""
    found: dict[Counter, int] = {}
    running = phy(network, node, interface)
    port = Port(device=node.name, interface=interface.name)
    cable = network.cable_of(port)
    if running.up and cable is not None and cable.noise.get(port):
        found["crc"] = cable.noise[port]
    if running.clash and running.duplex == "half":
        found |= {"late": LATE, "collisions": COLLISIONS}
    elif running.clash:
        found |= {"crc": found.get("crc", 0) + FRAGMENTS, "runts": RUNTS}
    if _stormed(network, bridged, node, interface):
        found["packets"] = STORM * speed_of(network, node, interface)
    return found


def speed_of(network: Network, node: Node, interface: Interface) -> int:
    """Megabits a second; of a bundle, of all that carries traffic."""
    inside = bundled(network, node, interface.name) if interface.bundle else [interface]
    return sum(phy(network, node, one).speed for one in inside)


def _stormed(network: Network, bridged: Bridging, node: Node, interface: Interface) -> bool:
    """Whether a storm passes: it comes in here, or leaves the switch at the other end towards here."""
    if not bridged.round:
        return False
    name = interface.name if interface.channel is None else interface.channel.bundle
    if (node.name, name) in bridged.storming:
        return True
    far = ends(network, node, interface) if interface.switchport is None else None
    return far is not None and any(switch == far[0].name for switch, _ in bridged.storming)
