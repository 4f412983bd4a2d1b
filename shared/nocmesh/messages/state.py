"""What a device is: typed, vendor-neutral state with OpenConfig-like names.

Bridges fill it from vendor text; specialists read it and never see vendor text except as quotes.
"""

from typing import Literal

from nocmesh.messages.base import Message

View = Literal["interfaces", "bgp", "routes", "config"]
ViewStatus = Literal["parsed", "empty", "unparsed", "rejected"]
"""`empty`: the device said that there is none; `unparsed`: it said something that we do not understand (never the
same as none); `rejected`: it does not know the command."""


class Output(Message, frozen=True, kw_only=True):
    """What a device answered to one command, redacted, as recorded."""

    command: str
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
    quote: Quote | None = None


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
    bgp: Bgp | None = None
    routes: list[Route] | None = None
    config: list[ConfigLine] | None = None
    config_sha256: str = ""
    """Hash of the normalised running configuration: the pre-state that an approval is bound to."""
    status: dict[str, ViewStatus] = {}
    """By view."""
