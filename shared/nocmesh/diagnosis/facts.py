"""Everything that was seen of the network, one sight per device, newest first; and where each fact stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from nocmesh.diagnosis import addressing
from nocmesh.diagnosis.addressing import Addressed
from nocmesh.diagnosis.find import Address, address_of
from nocmesh.diagnosis.planned import why_off, why_silent
from nocmesh.diagnosis.sight import Sight, is_config
from nocmesh.messages.session import Observation
from nocmesh.messages.state import Interface
from nocmesh.network import End, Network

__all__ = ["Facts", "Sight", "is_config"]

_TOOLS = ("device_state", "device_baseline", "device_history")


@dataclass(frozen=True)
class Facts:
    """The network as it should be, and what was seen of it."""

    network: Network
    sights: dict[str, Sight]

    @classmethod
    def gather(cls, network: Network, seen: Sequence[Observation]) -> "Facts":
        """What ``seen`` says of the devices of ``network``; observations of other tools and devices are left out."""
        kept: dict[str, list[Observation]] = {}
        past: dict[str, Observation] = {}
        remembered: dict[str, Observation] = {}
        for observation in seen:
            name = observation.device or str(observation.arguments.get("device", ""))
            device = network.device(name) if observation.tool in _TOOLS and name else None
            if device is None:
                continue
            if observation.tool == "device_state":
                kept.setdefault(device.name, []).insert(0, observation)
            elif observation.status == "ok":
                (past if observation.tool == "device_baseline" else remembered)[device.name] = observation
        known = {device.name: device for device in network.devices}
        sights = {n: Sight(known[n], tuple(kept[n]), past.get(n), remembered.get(n)) for n in sorted(kept)}
        return cls(network, sights)

    @cached_property
    def at(self) -> datetime | None:
        """When the last of it was seen; None: nobody wrote it down."""
        return max((o.at for sight in self.sights.values() for o in sight.observations if o.at), default=None)

    @property
    def reachable(self) -> list[Sight]:
        """Devices that answered, in the order of their names."""
        return [sight for sight in self.sights.values() if not sight.unreachable]

    def sight(self, device: str) -> Sight | None:
        """What was seen of ``device``; None when it was not looked at."""
        return self.sights.get(device)

    def interface(self, end: End) -> Interface | None:
        """The interface at ``end``, as seen."""
        sight = self.sight(end.device)
        return sight.interface(end.interface) if sight else None

    def intended_off(self, end: End) -> bool:
        """Somebody says that the interface shall be down, or may be."""
        return bool(self.why_off(end))

    def why_off(self, end: End) -> str:
        """Who says that the interface shall be down, or may be while it is: see ``planned``; empty: nobody."""
        interface, sight = self.interface(end), self.sight(end.device)
        if interface is not None and interface.oper_up:
            return why_off(self.network, end, None, None)
        return why_off(self.network, end, self.at, sight.history if sight else None)

    def why_silent(self, device: str) -> str:
        """The maintenance window in which the device need not answer; empty: none."""
        return why_silent(self.network, device, self.at)

    def away(self, device: str) -> bool:
        """The device does not answer, and need not."""
        sight = self.sight(device) if device else None
        return sight is not None and sight.unreachable and bool(self.why_silent(device))

    def misaddressed(self, end: End) -> str:
        """How the IPv4 address of the interface differs from the inventory's, as a fault type; empty: it does not."""
        device = self.network.device(end.device)
        listed = [i for i in (device.interfaces if device else []) if i.name == end.interface]
        return addressing.misaddressed(listed, self.interface(end))

    def addresses(self, device: str) -> list[Addressed]:
        """(interface, address, subnet) of a device: as seen, or as the inventory says while nobody looked."""
        return self._addresses.get(device, [])

    def place(self, address: str) -> End | None:
        """The interface whose address it is; the inventory's word first, then what was seen. None: nobody's."""
        wanted = address_of(address)
        return self._places.get(wanted) if wanted is not None else None

    def owner(self, address: str) -> str:
        """The device whose address it is; empty: nobody's."""
        place = self.place(address)
        return place.device if place else ""

    def same_subnet(self, device: str, address: str) -> list[Address]:
        """The addresses of ``device`` in the subnet of ``address``; none means it is not directly connected."""
        return addressing.same_subnet(self.addresses(device), address)

    @cached_property
    def _addresses(self) -> dict[str, list[Addressed]]:
        live = {name: sight.interfaces or [] for name, sight in self.sights.items() if not sight.unreachable}
        return addressing.addresses(self.network, live)

    @cached_property
    def _places(self) -> dict[Address, End]:
        return addressing.places(self.network, self._addresses)
