"""What a device is: typed, vendor-neutral state with OpenConfig-like names.

Bridges fill it from vendor text; specialists read it and never see vendor text except as quotes.
"""

from datetime import datetime
from typing import Literal

from nocmesh.messages.base import Message

View = Literal[
    "interfaces",
    "queues",
    "neighbors",
    "routes",
    "filters",
    "bgp",
    "ospf",
    "isis",
    "stp",
    "mac_table",
    "switching",
    "processes",
    "system",
    "config",
    "shell_config",
    "pulse",
    "log",
]
ViewStatus = Literal["parsed", "empty", "unparsed", "rejected", "unasked"]
"""`empty`: the device said that there is none; `unparsed`: it said something that we do not understand (never the
same as none); `rejected`: it does not know the command; `unasked`: there is no way to ask, since the platform has no
such view or the inventory gives no shell."""


Door = Literal["cli", "shell"]
"""Two ways into a device: its own command line, and beside it, where the inventory gives one, a Linux shell."""


class Output(Message, frozen=True, kw_only=True):
    """What a device answered to one command, redacted, as recorded."""

    command: str
    door: Door = "cli"
    text: str
    status: ViewStatus = "parsed"
    object: str = ""
    """sha256 in the object store, when the text is too large for an event."""


class Quote(Message, frozen=True, kw_only=True):
    """Where a fact stands: ``text`` occurs letter for letter in the output of ``command``."""

    command: str
    text: str


class Interface(Message, frozen=True, kw_only=True):
    """One interface. None: the device does not tell."""

    name: str
    enabled: bool | None = None
    """Administratively up (openconfig: config/enabled)."""
    oper_up: bool | None = None
    """Operationally up, line and protocol."""
    mtu: int | None = None
    addresses: list[str] = []
    """With prefix length: `10.0.12.1/30`."""
    description: str = ""
    in_errors: int | None = None
    out_errors: int | None = None
    in_discards: int | None = None
    out_discards: int | None = None
    carrier_changes: int | None = None
    """How often the link came or went since the interface exists."""
    last_up: datetime | None = None
    """When the link came last, by the device's own clock, read as UTC."""
    last_down: datetime | None = None
    """When it went last, likewise."""
    mac: str = ""
    """Lower case with colons: `52:54:00:12:34:56`."""
    kind: str = ""
    """`ethernet`, `loopback`, `bridge`, `vlan`, `lag`, …; empty: not told."""
    speed_mbps: int | None = None
    duplex: Literal["full", "half", ""] = ""
    rate_limit_bps: int | None = None
    """What a shaper lets through, bits per second."""
    bridge: str = ""
    """The bridge or the aggregate that it is a port of."""
    quote: Quote | None = None


class Queue(Message, frozen=True, kw_only=True):
    """What shapes or polices the traffic that leaves an interface."""

    interface: str
    rate_bps: int
    """What it lets through, bits per second."""
    quote: Quote | None = None


SessionState = Literal["idle", "connect", "active", "opensent", "openconfirm", "established", "unknown"]


class BgpNeighbor(Message, frozen=True, kw_only=True):
    """One configured BGP neighbour with its session (RFC 4271 §8.2.2 for the states)."""

    address: str
    remote_as: int | None = None
    local_as: int | None = None
    session_state: SessionState = "unknown"
    enabled: bool = True
    """False: shut down by configuration."""
    description: str = ""
    update_source: str = ""
    has_password: bool = False
    ebgp_multihop: int | None = None
    maximum_prefix: int | None = None
    address_families: list[str] = []
    """Activated ones: `ipv4-unicast`, …"""
    prefixes_received: int | None = None
    prefixes_sent: int | None = None
    last_reset_reason: str = ""
    last_error: str = ""
    """The last notification, as `Bad Peer AS` (RFC 4271 §6)."""
    established_for: int | None = None
    """Seconds."""
    dropped: int | None = None
    """How often an established session ended since the process runs."""
    last_reset_ago: int | None = None
    """Seconds since the session ended last."""
    quotes: list[Quote] = []
    """Where the session's state and reasons stand."""


class Bgp(Message, frozen=True, kw_only=True):
    """The BGP process of a device."""

    asn: int | None = None
    router_id: str = ""
    neighbors: list[BgpNeighbor] = []
    networks: list[str] = []
    """Prefixes that the configuration originates."""
    quote: Quote | None = None


class Route(Message, frozen=True, kw_only=True):
    """One route of the forwarding table."""

    prefix: str
    protocol: str
    next_hops: list[str] = []
    interfaces: list[str] = []
    distance: int | None = None
    metric: int | None = None
    selected: bool = True
    """The best of its prefix, and used for forwarding."""
    discards: bool = False
    """A blackhole, unreachable or prohibit route, or one to Null0."""
    quote: Quote | None = None


class NeighborEntry(Message, frozen=True, kw_only=True):
    """One entry of the ARP or ND table (RFC 826, RFC 4861 §7.3.2 for the states)."""

    address: str
    mac: str = ""
    """Empty: unresolved."""
    interface: str = ""
    state: str = ""
    """`reachable`, `stale`, `failed`, `incomplete`, `permanent`, …"""
    quote: Quote | None = None


class LldpNeighbor(Message, frozen=True, kw_only=True):
    """Who says by LLDP (IEEE 802.1AB), or where nobody speaks it by CDP, that they are at the interface's other end."""

    interface: str
    system_name: str = ""
    port: str = ""
    quote: Quote | None = None


class Neighbors(Message, frozen=True, kw_only=True):
    """Who is next to the device."""

    entries: list[NeighborEntry] = []
    lldp: list[LldpNeighbor] = []


class FilterRule(Message, frozen=True, kw_only=True):
    """One rule of a packet filter, or one entry of an access list that is bound to an interface."""

    name: str
    """The chain (`inet filter input`) or the access list."""
    hook: str = ""
    """`ingress`, `input`, `forward`, `output`, or `in`/`out` of an interface."""
    interface: str = ""
    action: str
    """`drop`, `reject`, `accept`, `permit`, `deny`, …"""
    protocol: str = ""
    """`tcp`, `udp`, `icmp`, `ospf`, `arp`, …; empty: any."""
    source: str = ""
    destination: str = ""
    ports: list[str] = []
    text: str = ""
    """The rule as the device shows it, on one line."""
    handle: int | None = None
    """By which the device knows the rule, where it numbers them: what removes it must say this."""
    packets: int | None = None
    quote: Quote | None = None


class OspfArea(Message, frozen=True, kw_only=True):
    """One area of an OSPF process (RFC 2328 §6)."""

    area: str
    """Dotted: `0.0.0.1`."""
    kind: Literal["normal", "stub", "totally_stub", "nssa", ""] = ""
    quote: Quote | None = None


class OspfInterface(Message, frozen=True, kw_only=True):
    """One interface on which OSPF runs (RFC 2328 §9)."""

    name: str
    area: str = ""
    address: str = ""
    network_type: str = ""
    """`broadcast`, `point_to_point`, `nbma`, `point_to_multipoint`, `loopback`."""
    state: str = ""
    """`dr`, `backup`, `drother`, `point_to_point`, `waiting`, `down`, `loopback`."""
    cost: int | None = None
    hello_interval: int | None = None
    """Seconds."""
    dead_interval: int | None = None
    """Seconds."""
    passive: bool | None = None
    authentication: str = ""
    """`none`, `simple`, `md5`; empty: not told."""
    mtu_ignore: bool | None = None
    neighbor_count: int | None = None
    quote: Quote | None = None


class OspfNeighbor(Message, frozen=True, kw_only=True):
    """One OSPF neighbour (RFC 2328 §10.1 for the states)."""

    router_id: str
    address: str = ""
    interface: str = ""
    state: str = ""
    """`down`, `attempt`, `init`, `two_way`, `exstart`, `exchange`, `loading`, `full`."""
    role: str = ""
    up_for: int | None = None
    """Seconds since it came nearer to `full`, or reached it."""
    quote: Quote | None = None


class Ospf(Message, frozen=True, kw_only=True):
    """The OSPF process of a device."""

    router_id: str = ""
    areas: list[OspfArea] = []
    interfaces: list[OspfInterface] = []
    neighbors: list[OspfNeighbor] = []
    quote: Quote | None = None


class IsisInterface(Message, frozen=True, kw_only=True):
    """One circuit of IS-IS (ISO 10589)."""

    name: str
    level: str = ""
    """`level-1`, `level-2`, `level-1-2`."""
    state: str = ""
    network_type: str = ""
    """`point_to_point`, `broadcast`, `loopback`."""
    passive: bool | None = None
    metric: int | None = None
    hello_interval: int | None = None
    authentication: str = ""
    quote: Quote | None = None


class IsisAdjacency(Message, frozen=True, kw_only=True):
    """One adjacency of IS-IS."""

    system_id: str
    """Or the dynamic host name (RFC 5301), as the device shows it."""
    interface: str = ""
    level: str = ""
    state: str = ""
    """`up`, `initializing`, `down`."""
    up_for: int | None = None
    """Seconds since the state changed last."""
    quote: Quote | None = None


class Isis(Message, frozen=True, kw_only=True):
    """The IS-IS process of a device."""

    instance: str = ""
    net: str = ""
    """`49.0001.0000.0000.0001.00`: area, system id, selector."""
    system_id: str = ""
    level: str = ""
    interfaces: list[IsisInterface] = []
    adjacencies: list[IsisAdjacency] = []
    quote: Quote | None = None


class StpBridge(Message, frozen=True, kw_only=True):
    """One spanning tree instance (IEEE 802.1D): a bridge, or a VLAN's tree on a switch."""

    name: str
    """The bridge, or `VLAN0010`."""
    enabled: bool | None = None
    bridge_id: str = ""
    """`8000.525400123456`: priority in hexadecimal, and MAC address."""
    root_id: str = ""
    priority: int | None = None
    root_port: str = ""
    root_path_cost: int | None = None
    topology_changes: int | None = None
    protocol: str = ""
    """`stp`, `rstp`, `mstp`."""
    quote: Quote | None = None


class StpPort(Message, frozen=True, kw_only=True):
    """One port of a spanning tree."""

    name: str
    bridge: str
    state: str = ""
    """`disabled`, `blocking`, `listening`, `learning`, `forwarding`."""
    role: str = ""
    """`root`, `designated`, `alternate`, `backup`, `disabled`; empty: not told."""
    cost: int | None = None
    priority: int | None = None
    designated_bridge: str = ""
    quote: Quote | None = None


class Stp(Message, frozen=True, kw_only=True):
    """Spanning tree on a device."""

    bridges: list[StpBridge] = []
    ports: list[StpPort] = []


class MacEntry(Message, frozen=True, kw_only=True):
    """One learned or configured address of a forwarding table."""

    mac: str
    interface: str
    vlan: int | None = None
    static: bool = False
    bridge: str = ""
    quote: Quote | None = None


class SwitchPort(Message, frozen=True, kw_only=True):
    """One port as a switch sees it (openconfig-vlan: switched-vlan)."""

    name: str
    mode: Literal["access", "trunk", "routed", ""] = ""
    access_vlan: int | None = None
    native_vlan: int | None = None
    trunk_vlans: list[int] = []
    quote: Quote | None = None


class LagMember(Message, frozen=True, kw_only=True):
    """One member of an aggregate (IEEE 802.1AX)."""

    interface: str
    bundled: bool | None = None
    """It carries traffic of the aggregate."""
    flags: str = ""
    quote: Quote | None = None


class Lag(Message, frozen=True, kw_only=True):
    """One aggregate."""

    name: str
    oper_up: bool | None = None
    protocol: str = ""
    members: list[LagMember] = []
    quote: Quote | None = None


class Switching(Message, frozen=True, kw_only=True):
    """VLANs and aggregates of a device."""

    ports: list[SwitchPort] = []
    vlans: list[int] = []
    lags: list[Lag] = []


class Process(Message, frozen=True, kw_only=True):
    """One running process, or one daemon that the platform names."""

    name: str
    pid: int | None = None
    running: bool = True
    cpu_percent: float | None = None
    memory_kb: int | None = None
    parent: int | None = None
    """The process that started it, or adopted it: 1 for a daemon."""
    args: str = ""
    """Of a daemon: the whole command line that it runs with."""
    quote: Quote | None = None


class System(Message, frozen=True, kw_only=True):
    """The device itself. None or empty: not told."""

    hostname: str = ""
    version: str = ""
    """Of the router software, or of the operating system where there is no other."""
    uptime_seconds: int | None = None
    ip_forwarding: bool | None = None
    memory_total_kb: int | None = None
    memory_available_kb: int | None = None
    cpu_percent: float | None = None
    packages: dict[str, str] = {}
    """Installed ones by version, those that the inventory's intent may name."""
    services: dict[str, bool] = {}
    """Whether each daemon or service runs."""
    checksum_errors: dict[str, int] = {}
    """Packets dropped for a wrong checksum, by protocol."""
    quotes: list[Quote] = []


class Pulse(Message, frozen=True, kw_only=True):
    """What of a device comes and goes, asked with few and cheap commands. None: not told.

    Sessions and adjacencies are as the protocols tell them; nothing of the configuration is joined.
    """

    interfaces: list[Interface] | None = None
    bgp: list[BgpNeighbor] | None = None
    ospf: list[OspfNeighbor] | None = None
    isis: list[IsisAdjacency] | None = None
    stp: Stp | None = None


LogSeverity = Literal["emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug", ""]
"""RFC 5424 §6.2.1; empty: not told."""


class LogEntry(Message, frozen=True, kw_only=True):
    """One line of a device's log."""

    time: datetime | None = None
    """By the device's own clock; None: it cannot be told."""
    severity: LogSeverity = ""
    source: str = ""
    """The process or facility: `BGP`, `OSPF`, `kernel`, `LINEPROTO`."""
    mnemonic: str = ""
    """What the vendor calls this kind of line: `ADJCHANGE`, FRR's `PXVXG-TFNNT`."""
    text: str = ""
    quote: Quote | None = None


class Log(Message, frozen=True, kw_only=True):
    """The last lines of a device's log, the oldest first."""

    entries: list[LogEntry] = []
    clock: datetime | None = None
    """What the device's own clock showed when it was asked; None: not told."""


class ConfigLine(Message, frozen=True, kw_only=True):
    """One line of the running configuration with the section that it stands in."""

    section: str
    """`router bgp 65001`, `interface eth0`, … or empty at the top."""
    text: str


class DeviceState(Message, frozen=True, kw_only=True):
    """A snapshot of one device: the views that were asked for, parsed; the outputs that they came from."""

    device: str
    platform: str
    interfaces: list[Interface] | None = None
    queues: list[Queue] | None = None
    neighbors: Neighbors | None = None
    routes: list[Route] | None = None
    filters: list[FilterRule] | None = None
    bgp: Bgp | None = None
    ospf: Ospf | None = None
    isis: Isis | None = None
    stp: Stp | None = None
    mac_table: list[MacEntry] | None = None
    switching: Switching | None = None
    processes: list[Process] | None = None
    system: System | None = None
    config: list[ConfigLine] | None = None
    pulse: Pulse | None = None
    log: Log | None = None
    config_sha256: str = ""
    """Hash of the normalised running configuration: the pre-state that an approval is bound to."""
    shell_config: list[ConfigLine] | None = None
    """What is set in the Linux system beside a router's command line, in the form of a Linux system's `config`."""
    shell_config_sha256: str = ""
    """Its hash: the pre-state of a change that goes through the shell."""
    status: dict[str, ViewStatus] = {}
    """By view."""
