"""What is configured and cabled. Plain values, changed only by configuration lines and by hands on cables."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Literal

from nocmesh.errors import NotFoundError
from nocmesh.proving.simulated.switching import Channel, Host, Spanning, Switchport

DialectName = Literal["frr", "cisco_iosxe"]

SIMULATED = "nocmesh simulated device: no real router answers here"
"""What every banner and every `show version` says."""


@dataclass(slots=True, kw_only=True)
class Interface:
    """One interface as configured."""

    name: str
    addresses: list[str] = field(default_factory=list)
    """With prefix length, the first one is the primary: `10.0.12.1/30`."""
    enabled: bool = True
    mtu: int = 1500
    """Part of the configuration on IOS-XE only; FRRouting takes it from the kernel."""
    description: str = ""
    mac: str = ""
    """Lower case with colons; empty: the dialect makes one up."""
    speed: str = "auto"
    """`auto`, `10`, `100`, `1000`."""
    duplex: str = "auto"
    """`auto`, `full`, `half`."""
    switchport: Switchport | None = None
    """None: routed."""
    channel: Channel | None = None
    filters: dict[str, str] = field(default_factory=dict)
    """By direction, `in` or `out`: the access list that packets must pass."""

    @property
    def loopback(self) -> bool:
        """Whether it needs no cable."""
        return self.name.lower().startswith("lo")

    @property
    def bundle(self) -> bool:
        """Whether it is made of other ports."""
        return self.name.startswith("Port-channel")

    @property
    def svi(self) -> bool:
        """Whether it is a switch's own foot in a VLAN."""
        return self.name.startswith("Vlan")

    @property
    def physical(self) -> bool:
        """Whether a cable can be plugged in."""
        return not (self.loopback or self.bundle or self.svi)


@dataclass(slots=True, kw_only=True)
class Neighbor:
    """One `neighbor` statement with all that hangs on it."""

    address: str
    remote_as: int
    description: str = ""
    shutdown: bool = False
    password: str = ""
    update_source: str = ""
    """An interface name or an address."""
    ebgp_multihop: int | None = None
    ttl_security: int | None = None
    """GTSM (RFC 5082): hops allowed."""
    passive: bool = False
    activate: bool = True
    """In address family IPv4 unicast, the only one modelled."""
    next_hop_self: bool = False
    maximum_prefix: int | None = None
    prefix_list_in: str = ""
    prefix_list_out: str = ""


@dataclass(slots=True, kw_only=True)
class Bgp:
    """`router bgp`."""

    asn: int
    router_id: str = ""
    neighbors: dict[str, Neighbor] = field(default_factory=dict)
    networks: list[str] = field(default_factory=list)
    default_ipv4: bool = True
    """`bgp default ipv4-unicast`: a new neighbour is activated at once."""
    requires_policy: bool = False
    """`bgp ebgp-requires-policy` (RFC 8212), FRRouting's default for a new instance."""


@dataclass(slots=True, kw_only=True, frozen=True)
class PrefixRule:
    """One line of a prefix list."""

    sequence: int
    permit: bool
    prefix: str
    le: int | None = None

    def matches(self, prefix: str) -> bool:
        """Whether ``prefix`` falls under this rule."""
        wanted, tried = IPv4Network(self.prefix), IPv4Network(prefix)
        longest = self.le if self.le is not None else wanted.prefixlen
        return tried.subnet_of(wanted) and tried.prefixlen <= longest


@dataclass(slots=True, kw_only=True, frozen=True, order=True)
class StaticRoute:
    """`ip route`."""

    prefix: str
    next_hop: str


@dataclass(slots=True, kw_only=True)
class Configuration:
    """All that the running configuration of one device says."""

    hostname: str
    interfaces: dict[str, Interface] = field(default_factory=dict)
    bgp: Bgp | None = None
    prefix_lists: dict[str, list[PrefixRule]] = field(default_factory=dict)
    statics: list[StaticRoute] = field(default_factory=list)
    spanning: Spanning | None = None
    """Set: the device is a switch."""
    access_lists: dict[str, dict[int, str]] = field(default_factory=dict)
    """By name: the entries by number, without it."""
    services: list[str] = field(default_factory=list)
    """Lines at the top that nothing modelled depends on: `ntp server …`, `snmp-server …`."""

    def permits(self, prefix_list: str, prefix: str) -> bool:
        """Whether the list lets ``prefix`` pass; a list that is named but does not exist permits all."""
        rules = self.prefix_lists.get(prefix_list)
        if not prefix_list or rules is None:
            return True
        hit = next((rule for rule in sorted(rules, key=lambda r: r.sequence) if rule.matches(prefix)), None)
        return hit is not None and hit.permit


@dataclass(slots=True, kw_only=True)
class Node:
    """One device."""

    name: str
    dialect: DialectName
    running: Configuration
    startup: Configuration | None = None
    """What `write` saved."""
    version: str = ""
    role: str = "core"
    site: str = ""
    core: bool = False
    packages: dict[str, str] = field(default_factory=dict)
    """Installed beside the system, by version."""
    daemons: dict[str, bool] = field(default_factory=dict)
    """FRRouting's, and whether each runs."""
    hog: str = ""
    """The process that takes the whole processor."""

    meant: "Software | None" = None
    """What should be on it, as somebody wrote it down."""

    def running_daemon(self, name: str) -> bool:
        """Whether ``name`` runs; what nobody listed does."""
        return self.daemons.get(name, True)

    def save(self) -> None:
        """`write memory`."""
        self.startup = deepcopy(self.running)


@dataclass(frozen=True, slots=True, kw_only=True)
class Software:
    """What runs on a device."""

    version: str
    packages: Mapping[str, str]
    services: tuple[str, ...]

    @classmethod
    def of(cls, node: Node) -> "Software":
        """What runs on ``node`` now."""
        services = tuple(name for name, runs in node.daemons.items() if runs)
        return cls(version=node.version, packages=dict(node.packages), services=services)


@dataclass(slots=True, kw_only=True, frozen=True, order=True)
class Port:
    """One end of a cable."""

    device: str
    interface: str

    def __str__(self) -> str:
        return f"{self.device}:{self.interface}"


@dataclass(slots=True, kw_only=True)
class Cable:
    """A cable between two ports."""

    a: Port
    b: Port
    up: bool = True
    noise: dict[Port, int] = field(default_factory=dict)
    """Damaged frames a minute, by the end that they arrive at."""

    def other(self, end: Port) -> Port:
        """The end that ``end`` is not."""
        return self.b if end == self.a else self.a

    @property
    def resource(self) -> str:
        """Its resource id, ends in alphabetical order."""
        first, second = sorted((str(self.a), str(self.b)))
        return f"link/{first}--{second}"


@dataclass(slots=True, kw_only=True)
class Network:
    """All of it."""

    nodes: dict[str, Node] = field(default_factory=dict)
    cables: list[Cable] = field(default_factory=list)
    hosts: list[Host] = field(default_factory=list)
    _plugged: dict[Port, Cable] = field(init=False, default_factory=dict, repr=False, compare=False)

    def node(self, name: str) -> Node:
        """The device of that name. Raises NotFoundError."""
        if name not in self.nodes:
            raise NotFoundError(f"no simulated device {name!r}; there are {', '.join(sorted(self.nodes))}", device=name)
        return self.nodes[name]

    def cable_of(self, port: Port) -> Cable | None:
        """The cable plugged into ``port``."""
        if len(self._plugged) != 2 * len(self.cables):
            self._plugged = {end: cable for cable in self.cables for end in (cable.a, cable.b)}
        return self._plugged.get(port)


@lru_cache(maxsize=4096)
def address_of(interface: str) -> str:
    """`10.0.12.1/30` -> `10.0.12.1`."""
    return str(IPv4Interface(interface).ip)


@lru_cache(maxsize=4096)
def subnet_of(interface: str) -> IPv4Network:
    """`10.0.12.1/30` -> 10.0.12.0/30. Remembered: settling a network asks the same thousands of times."""
    return IPv4Interface(interface).network


@lru_cache(maxsize=4096)
def ip(address: str) -> IPv4Address:
    """The address, parsed once."""
    return IPv4Address(address)


def router_id(configuration: Configuration) -> str:
    """The configured one, else the highest loopback address, else the highest address (RFC 4271 §4.2, as built)."""
    if configuration.bgp is not None and configuration.bgp.router_id:
        return configuration.bgp.router_id
    found = [
        (interface.loopback, IPv4Address(address_of(address)))
        for interface in configuration.interfaces.values()
        for address in interface.addresses
    ]
    return str(max(found)[1]) if found else "0.0.0.0"  # noqa: S104 - a router id, no socket
