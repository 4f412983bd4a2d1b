"""What a switch is configured to do: VLANs, spanning tree, switchports, bundles. Plain values, and what they carry."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Mode = Literal["dynamic auto", "access", "trunk"]
ChannelMode = Literal["active", "passive", "on"]
DEFAULT_PRIORITY = 32768
DEFAULT_PORT_PRIORITY = 128
EVERY = 0
"""The key of a cost or priority that holds for every VLAN without one of its own."""


@dataclass(slots=True, kw_only=True)
class Switchport:
    """One port of a bridge as configured."""

    mode: Mode = "dynamic auto"
    """Nobody negotiates trunks here: `dynamic auto` is an access port."""
    access_vlan: int = 1
    native_vlan: int = 1
    allowed: tuple[int, ...] | None = None
    """None: all."""
    portfast: bool = False
    guard_root: bool = False
    bpdufilter: bool = False
    costs: dict[int, int] = field(default_factory=dict)
    """By VLAN, or EVERY."""
    priorities: dict[int, int] = field(default_factory=dict)
    """Port priorities by VLAN, or EVERY."""

    @property
    def trunk(self) -> bool:
        """Whether it tags frames."""
        return self.mode == "trunk"

    def carries(self, vlan: int) -> bool:
        """Whether frames of ``vlan`` may pass."""
        if not self.trunk:
            return vlan == self.access_vlan
        return self.allowed is None or vlan in self.allowed

    def sent(self, vlan: int) -> int | None:
        """The tag of a frame of ``vlan`` that leaves here; None: untagged (IEEE 802.1Q §8.8)."""
        return vlan if self.trunk and vlan != self.native_vlan else None

    def received(self, tag: int | None) -> int | None:
        """The VLAN of a frame that comes in with ``tag``; None: it is dropped (IEEE 802.1Q §8.6)."""
        if not self.trunk:
            return self.access_vlan if tag is None else None
        vlan = self.native_vlan if tag is None else tag
        return vlan if self.carries(vlan) else None

    def cost(self, vlan: int) -> int | None:
        """The configured path cost."""
        return self.costs.get(vlan, self.costs.get(EVERY))

    def priority(self, vlan: int) -> int:
        """The port priority."""
        return self.priorities.get(vlan, self.priorities.get(EVERY, DEFAULT_PORT_PRIORITY))

    @property
    def vlan_settings(self) -> tuple[Mode, int, int, tuple[int, ...] | None]:
        """What the members of a bundle must have in common."""
        return self.mode, self.access_vlan, self.native_vlan, self.allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """`channel-group N mode M`."""

    group: int
    mode: ChannelMode

    @property
    def bundle(self) -> str:
        """The interface that it belongs to."""
        return f"Port-channel{self.group}"

    @property
    def lacp(self) -> bool:
        """Whether it speaks LACP (IEEE 802.1AX)."""
        return self.mode != "on"


@dataclass(slots=True, kw_only=True)
class Spanning:
    """Spanning tree of a switch: rapid per-VLAN."""

    mac: str
    """The bridge's address, `02:00:…`; hardware, not configuration."""
    priorities: dict[int, int] = field(default_factory=dict)
    disabled: set[int] = field(default_factory=set)
    """VLANs in which it takes no part."""
    vlans: dict[int, str] = field(default_factory=lambda: {1: "default"})
    """Names by number."""

    def priority(self, vlan: int) -> int:
        """With the extended system id (IEEE 802.1D-2004 §9.2.5)."""
        return self.priorities.get(vlan, DEFAULT_PRIORITY) + vlan


@dataclass(slots=True, kw_only=True, frozen=True)
class Host:
    """A station that is no device of ours: an address behind a port."""

    name: str
    mac: str
    address: str
    """Without prefix length."""
    device: str
    interface: str


def numbers(text: str) -> tuple[int, ...]:
    """`10,20,30-32` -> (10, 20, 30, 31, 32). Raises ValueError for what is no list of VLANs."""
    found: set[int] = set()
    for part in text.split(","):
        low, _, high = part.partition("-")
        span = range(int(low), int(high or low) + 1)
        if not span or not 1 <= span[0] <= span[-1] <= 4094:
            raise ValueError(f"{part!r} is no VLAN or range of VLANs; expected 1 to 4094")
        found.update(span)
    return tuple(sorted(found))


def text_of(vlans: Iterable[int]) -> str:
    """(10, 20, 30, 31, 32) -> `10,20,30-32`, as IOS writes it: ranges from three on."""
    parts: list[str] = []
    run: list[int] = []
    for vlan in [*sorted(vlans), 0]:
        if run and vlan != run[-1] + 1:
            parts += [f"{run[0]}-{run[-1]}"] if len(run) > 2 else [str(v) for v in run]
            run = []
        run.append(vlan)
    return ",".join(parts)


def dotted(mac: str) -> str:
    """`02:00:00:ab:cd:ef` -> `0200.00ab.cdef`."""
    plain = mac.replace(":", "")
    return ".".join(plain[i : i + 4] for i in (0, 4, 8))
