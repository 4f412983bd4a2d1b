"""The network as it should be: devices, links, intent. What agents know of the inventory; it holds no secret.

Pure values; ``nocmesh.inventory`` reads them from a file, the KV bucket ``inventory`` carries them to agents.
"""

from collections.abc import Iterable
from datetime import datetime
from ipaddress import ip_address, ip_interface

from nocmesh.messages.base import Message


class IntendedInterface(Message, frozen=True, kw_only=True):
    """An interface as the inventory lists it."""

    name: str
    addresses: list[str] = []
    enabled: bool = True
    mtu: int | None = None
    description: str = ""


class IntendedNeighbor(Message, frozen=True, kw_only=True):
    """A BGP neighbour that should be there."""

    address: str
    remote_asn: int


class IntendedBgp(Message, frozen=True, kw_only=True):
    """BGP as somebody wrote it down."""

    asn: int
    router_id: str = ""
    neighbors: list[IntendedNeighbor] = []
    networks: list[str] = []


class IntendedOspf(Message, frozen=True, kw_only=True):
    """OSPF areas and the interfaces in each."""

    areas: dict[str, list[str]] = {}


class IntendedIsis(Message, frozen=True, kw_only=True):
    """IS-IS as intended."""

    net: str = ""
    level: str = ""
    interfaces: list[str] = []


class IntendedSoftware(Message, frozen=True, kw_only=True):
    """What should run on the device."""

    version: str = ""
    packages: dict[str, str] = {}
    services: list[str] = []


class IntendedConfig(Message, frozen=True, kw_only=True):
    """Named configuration that drift is measured against."""

    template: str = ""
    stack: str = ""


class Intent(Message, frozen=True, kw_only=True):
    """What should be, where somebody wrote it down."""

    bgp: IntendedBgp | None = None
    ospf: IntendedOspf | None = None
    isis: IntendedIsis | None = None
    software: IntendedSoftware | None = None
    config: IntendedConfig | None = None


class Device(Message, frozen=True, kw_only=True):
    """One device of the inventory, without its credentials."""

    name: str
    platform: str
    address: str
    port: int = 22
    role: str = ""
    site: str = ""
    core: bool = False
    aliases: list[str] = []
    interfaces: list[IntendedInterface] = []
    intent: Intent = Intent()
    simulated: bool = False
    shell: bool = False
    """There is a Linux shell beside its own command line, as second door."""

    @property
    def undoes_by_itself(self) -> bool:
        """Whether a switch can be armed on it that takes a change back when nobody is left to do so."""
        return self.platform == "linux" or (self.platform == "frr" and self.shell)


class End(Message, frozen=True, kw_only=True):
    """One end of a link."""

    device: str
    interface: str

    def __str__(self) -> str:
        return f"{self.device}:{self.interface}"


class Link(Message, frozen=True, kw_only=True):
    """A cable, or what stands for one."""

    a: End
    b: End

    @property
    def resource(self) -> str:
        """The resource id, ends in alphabetical order."""
        first, second = sorted((str(self.a), str(self.b)))
        return f"link/{first}--{second}"

    def other(self, end: End) -> End:
        """The end that ``end`` is not."""
        return self.b if end == self.a else self.a


class Window(Message, frozen=True, kw_only=True):
    """A maintenance window: for its time what it covers may be down, and nobody is woken for it."""

    device: str = ""
    """The device that it covers, with all of its interfaces."""
    ends: list[End] = []
    """The interface, or both ends of the link."""
    start: datetime
    until: datetime
    reason: str

    def open(self, at: datetime) -> bool:
        """Whether it is going on."""
        return self.start <= at < self.until

    def covers(self, end: End) -> bool:
        """Whether the interface may be down."""
        return self.device == end.device or end in self.ends

    def __str__(self) -> str:
        return f"maintenance until {self.until:%Y-%m-%d %H:%M} UTC: {self.reason}"


class Network(Message, frozen=True, kw_only=True):
    """All of it."""

    devices: list[Device] = []
    links: list[Link] = []
    maintenance: list[Window] = []

    def device(self, name: str) -> Device | None:
        """The device of that name or alias (also `name:port`, a full domain name or a management address).

        None when none has it, and when several do, as devices behind one address: a guess would name the wrong one.
        """
        wanted = name.strip().lower()
        for candidate in dict.fromkeys((wanted, wanted.rsplit(":", 1)[0], wanted.split(".", 1)[0])):
            found = [device for device in self.devices if candidate in _names(device)]
            if found:
                return found[0] if len(found) == 1 else None
        return None

    def neighbours(self, device: str) -> list[tuple[Link, End, End]]:
        """Each link of ``device``, with its own end and the far end."""
        found = []
        for link in self.links:
            for end in (link.a, link.b):
                if end.device == device:
                    found.append((link, end, link.other(end)))
        return found

    def owner_of(self, address: str) -> End | None:
        """The interface that the inventory gives ``address`` (its prefix length does not count) to."""
        try:
            wanted = ip_address(address.split("/")[0])
        except ValueError:
            return None
        for device in self.devices:
            for interface in device.interfaces:
                if any(ip_interface(a).ip == wanted for a in interface.addresses):
                    return End(device=device.name, interface=interface.name)
        return None

    def resources(self) -> Iterable[str]:
        """Every resource id that a report may name."""
        for device in self.devices:
            yield f"node/{device.name}"
            for interface in device.interfaces:
                yield f"interface/{device.name}/{interface.name}"
        for link in self.links:
            yield link.resource


def _names(device: Device) -> set[str]:
    return {device.name.lower(), device.address.lower(), *(alias.lower() for alias in device.aliases)}
