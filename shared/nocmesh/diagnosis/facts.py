"""Everything that was seen of the network, one sight per device, newest first; and where each fact stands."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import get_args

import msgspec

from nocmesh.diagnosis.baseline import Taken
from nocmesh.diagnosis.configtext import sections
from nocmesh.diagnosis.find import Address, Prefix, address_of, as_interface
from nocmesh.diagnosis.history import History
from nocmesh.diagnosis.moves import Moves, moves
from nocmesh.diagnosis.planned import why_off, why_silent
from nocmesh.messages.report import Evidence
from nocmesh.messages.session import Observation
from nocmesh.messages.state import (
    Bgp,
    ConfigLine,
    DeviceState,
    FilterRule,
    Interface,
    Isis,
    Log,
    Neighbors,
    Ospf,
    Output,
    Queue,
    Quote,
    Route,
    Stp,
    Switching,
    System,
    View,
    ViewStatus,
)
from nocmesh.network import Device, End, Intent, Network

_FIELDS = get_args(View)
_TOOLS = ("device_state", "device_baseline", "device_history")


@dataclass(frozen=True)
class Sight:
    """One device as it was seen."""

    device: Device
    observations: tuple[Observation, ...]
    """Newest first; those of `device_state` alone."""
    baseline: Observation | None = None
    """What it was like when it was well, from `device_baseline`."""
    remembered: Observation | None = None
    """What the monitor saw it become, from `device_history`."""

    @property
    def name(self) -> str:
        """Its name in the inventory."""
        return self.device.name

    @property
    def intent(self) -> Intent:
        """What it should be, where somebody wrote it down."""
        return self.device.intent

    @property
    def unreachable(self) -> bool:
        """No session to it could be opened when last tried."""
        return self.observations[0].status == "unreachable"

    @property
    def before(self) -> DeviceState | None:
        """The device as it was when it was well; None: no baseline is known."""
        return self.baseline.state if self.baseline else None

    @cached_property
    def history(self) -> History | None:
        """What it was seen to become, and what the mesh changed there; None: nobody knows."""
        try:
            return msgspec.convert((self.remembered.content if self.remembered else {}).get("history"), History)
        except msgspec.ValidationError:
            return None

    @cached_property
    def config_before(self) -> list[ConfigLine]:
        """The configuration as it was when it was well; empty: nobody knows."""
        texts = [output.text for output in self.baseline.outputs] if self.baseline else []
        return sections(texts[0]) if texts else []

    @cached_property
    def moves(self) -> Moves | None:
        """The lines of the configuration that moved since all was well; None: one of the two is not known."""
        if self.config is None or not self.config_before:
            return None
        return moves(self.config_before, self.config)

    @cached_property
    def asked(self) -> frozenset[View]:
        """The views that the device was asked for, whatever came of it."""
        named = {str(view) for o in self.observations for view in o.arguments.get("views", ())}
        told = {view for o in self.observations if o.state for view in o.state.status}
        return frozenset(view for view in _FIELDS if view in named | told)

    def knew(self, view: str) -> bool:
        """The baseline tells of ``view``: that there is none, too."""
        return bool(self.before and self.before.status.get(view) in ("parsed", "empty"))

    @cached_property
    def now(self) -> DeviceState:
        """Every view as it was seen last. None in it: not looked at, not understood, or no such thing there."""
        state = DeviceState(device=self.name, platform=self.device.platform)
        seen = {view: next(self._states(view), None) for view in _FIELDS}
        values = {view: getattr(o.state, view) for view, o in seen.items() if o is not None}
        return msgspec.structs.replace(state, **values)

    @property
    def interfaces(self) -> list[Interface] | None:
        """None: not looked at, or not understood."""
        return self.now.interfaces

    @property
    def queues(self) -> list[Queue] | None:
        """None: not looked at, or not understood."""
        return self.now.queues

    @property
    def bgp(self) -> Bgp | None:
        """None: not looked at, not understood, or no BGP there (then ``view_status`` says `empty`)."""
        return self.now.bgp

    @property
    def ospf(self) -> Ospf | None:
        """Likewise."""
        return self.now.ospf

    @property
    def isis(self) -> Isis | None:
        """Likewise."""
        return self.now.isis

    @property
    def stp(self) -> Stp | None:
        """Likewise."""
        return self.now.stp

    @property
    def switching(self) -> Switching | None:
        """None: not looked at, or not understood."""
        return self.now.switching

    @property
    def routes(self) -> list[Route] | None:
        """None: not looked at, or not understood."""
        return self.now.routes

    @property
    def neighbors(self) -> Neighbors | None:
        """None: not looked at, or not understood."""
        return self.now.neighbors

    @property
    def filters(self) -> list[FilterRule] | None:
        """None: not looked at, or not understood."""
        return self.now.filters

    @property
    def system(self) -> System | None:
        """None: not looked at, or not understood."""
        return self.now.system

    @property
    def log(self) -> Log | None:
        """Likewise: the last lines of its log."""
        return self.now.log

    def seen_at(self, view: str) -> datetime | None:
        """When the view was seen last; None: nobody wrote it down."""
        return next((o.at for o in self._states(view)), None)

    @cached_property
    def well_until(self) -> datetime | None:
        """When it was last seen as it was when it was well; None: no baseline is known."""
        taken = (self.baseline.content if self.baseline else {}).get("taken")
        try:
            return msgspec.convert(taken, Taken).until if taken else None
        except msgspec.ValidationError:
            return None

    @property
    def config(self) -> list[ConfigLine] | None:
        """The running configuration, line by line."""
        return self.now.config

    @property
    def config_sha256(self) -> str:
        """The pre-state that an approval is bound to."""
        return next((o.state.config_sha256 for o in self._states("config") if o.state), "")

    @property
    def shell_config(self) -> list[ConfigLine] | None:
        """What is set in the Linux system: of a Linux device its configuration, of a router what its shell shows."""
        return self.config if self.device.platform == "linux" else self.now.shell_config

    @property
    def shell_config_before(self) -> list[ConfigLine] | None:
        """The same when all was well; None: nobody knows."""
        if self.before is None:
            return None
        return self.before.config if self.device.platform == "linux" else self.before.shell_config

    @property
    def shell_sha256(self) -> str:
        """The pre-state that an approval of shell commands is bound to."""
        if self.device.platform == "linux":
            return self.config_sha256
        return next((o.state.shell_config_sha256 for o in self._states("shell_config") if o.state), "")

    @property
    def running(self) -> str:
        """The running configuration as text, as recorded; empty when it was not kept."""
        return next((o.text for o in self._outputs() if is_config(o.command) and o.text), "")

    def view_status(self, view: str) -> ViewStatus | None:
        """How the view went, when it was last looked at."""
        return next((o.state.status[view] for o in self.observations if o.state and view in o.state.status), None)

    def understood(self, view: str) -> bool:
        """The view was looked at, and what the device said is clear: that there is none, too."""
        if view == "bgp" and self.view_status(view) == "unparsed" and self._lone:
            return True
        if self.view_status(view) in ("unparsed", "rejected"):
            return False
        return self.view_status(view) == "empty" or getattr(self, view) is not None

    @property
    def _lone(self) -> bool:
        """Its BGP process has no neighbours by its configuration: IOS then answers about them with nothing at all."""
        lines = self.config or []
        inside = [line.text for line in lines if line.section.startswith("router bgp ")]
        process = any(not line.section and line.text.startswith("router bgp ") for line in lines)
        return process and not any(text.startswith(("neighbor ", "bgp listen range ")) for text in inside)

    def interface(self, name: str) -> Interface | None:
        """The interface of that name, as seen."""
        return next((i for i in self.interfaces or [] if i.name == name), None)

    def quote(self, *wanted: Quote | str | None) -> list[Evidence]:
        """Evidence for each of ``wanted`` that stands in a recorded output, letter for letter; others are left out."""
        found = [self._stands(Quote(command="", text=w) if isinstance(w, str) else w) for w in wanted if w]
        return [evidence for evidence in found if evidence is not None]

    def error(self) -> list[Evidence]:
        """Evidence from what the tool said when the device did not answer."""
        last = self.observations[0]
        if not last.error.strip():
            return []
        return [Evidence(observation_id=last.observation_id, device=self.name, command="", quote=last.error)]

    def _states(self, view: str) -> Iterator[Observation]:
        """The newest look at ``view``, if the device answered it; an older one would be the past."""
        for o in self.observations:
            if o.state is not None and (getattr(o.state, view) is not None or view in o.state.status):
                yield o
                return

    def _outputs(self) -> Iterable[Output]:
        return (output for observation in self.observations for output in observation.outputs)

    def was(self, *wanted: Quote | str | None) -> list[Evidence]:
        """Evidence for each of ``wanted`` that stands in the baseline; others are left out."""
        if self.baseline is None:
            return []
        past = Sight(self.device, (self.baseline,))
        return past.quote(*(w if isinstance(w, str) else w.text for w in wanted if w))

    def _stands(self, quote: Quote) -> Evidence | None:
        for o in self.observations:
            for output in sorted(o.outputs, key=lambda out: not is_config(out.command)):
                if quote.text.strip() and quote.text in output.text and quote.command in ("", output.command):
                    return Evidence(
                        observation_id=o.observation_id, device=self.name, command=output.command, quote=quote.text
                    )
        return None


def is_config(command: str) -> bool:
    """Whether ``command`` shows a running configuration."""
    return command.startswith(("show run", "show configuration"))


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
        device, seen = self.network.device(end.device), self.interface(end)
        listed = [i for i in (device.interfaces if device else []) if i.name == end.interface]
        wanted = {(ip, net) for _, ip, net in _parsed(listed) if ip.version == 4}
        have = {(ip, net) for _, ip, net in _parsed([seen] if seen else []) if ip.version == 4}
        if seen is None or not wanted or wanted & have:
            return ""
        if not have:
            return "host_missing_ip" if seen.enabled else ""
        return "host_incorrect_netmask" if {ip for ip, _ in wanted} & {ip for ip, _ in have} else "host_incorrect_ip"

    def addresses(self, device: str) -> list[tuple[str, Address, Prefix]]:
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
        wanted = address_of(address)
        if wanted is None:
            return []
        return [own for _, own, net in self.addresses(device) if _has([net], wanted) and own != wanted]

    @cached_property
    def _addresses(self) -> dict[str, list[tuple[str, Address, Prefix]]]:
        found = {}
        for device in self.network.devices:
            sight = self.sights.get(device.name)
            live = list(_parsed(sight.interfaces or [])) if sight and not sight.unreachable else []
            told = {(name, ip.version) for name, ip, _ in live}
            listed = _parsed(device.interfaces)
            # An interface that is gone, or shows no address while it is down, is still meant to have its own.
            found[device.name] = [*live, *(row for row in listed if (row[0], row[1].version) not in told)]
        return found

    @cached_property
    def _places(self) -> dict[Address, End]:
        devices = self.network.devices
        places = {ip: End(device=d.name, interface=name) for d in devices for name, ip, _ in _parsed(d.interfaces)}
        for device, rows in self._addresses.items():
            for name, ip, _ in rows:
                places.setdefault(ip, End(device=device, interface=name))
        return places


def _parsed(interfaces: Iterable[object]) -> Iterable[tuple[str, Address, Prefix]]:
    for interface in interfaces:
        for text in getattr(interface, "addresses", []):
            parsed = as_interface(text)
            if parsed is not None:
                yield str(getattr(interface, "name", "")), parsed.ip, parsed.network


def _has(networks: Iterable[Prefix], address: Address) -> bool:
    return any(net.version == address.version and address in net for net in networks)
