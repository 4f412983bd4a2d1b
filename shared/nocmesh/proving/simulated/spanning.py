"""One spanning tree, computed: root, roles and states (IEEE 802.1D-2004 §17.5, §17.6). Pure.

A port hears what others send; hearing is one-way, so that a filter or a half-bundled cable is what it is in life: a
port that hears nobody better thinks that it is designated.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Role = Literal["root", "designated", "alternate", "backup"]
Key = tuple[str, str]
"""Bridge and port."""


class BridgeId(NamedTuple):
    """The lower the better."""

    priority: int
    mac: str


class PortId(NamedTuple):
    """The lower the better."""

    priority: int
    number: int


class Vector(NamedTuple):
    """What a bridge announces: the root, how far it is, who says so on which port."""

    root: BridgeId
    cost: int
    sender: BridgeId
    port: PortId


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgePort:
    """One port of one bridge."""

    bridge: str
    name: str
    cost: int
    id: PortId
    guarded: bool = False
    """Root guard: it blocks rather than believe in a better root."""
    inconsistent: bool = False
    """The far end has another VLAN there: it blocks until both agree."""

    @property
    def key(self) -> Key:
        """Bridge and name."""
        return self.bridge, self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What became of one port."""

    role: Role
    forwarding: bool
    designated: Vector
    """The best that is said on its segment, by itself or by another."""
    why_blocked: Literal["", "ROOT_Inc", "PVID_Inc"] = ""
    """Beyond what the role alone says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeStanding:
    """What one bridge believes."""

    id: BridgeId
    root: BridgeId
    cost: int
    root_port: str = ""
    """Empty: it is the root."""


@dataclass(slots=True)
class Tree:
    """The outcome."""

    bridges: dict[str, BridgeStanding] = field(default_factory=dict)
    ports: dict[Key, Standing] = field(default_factory=dict)

    @property
    def shape(self) -> dict[Key, tuple[Role, bool]]:
        """Who forwards where: what a topology change changes."""
        return {key: (standing.role, standing.forwarding) for key, standing in self.ports.items()}


def compute(bridges: Mapping[str, BridgeId], ports: Iterable[BridgePort], hears: Mapping[Key, Iterable[Key]]) -> Tree:
    """The tree. ``hears``: by port, the ports whose messages reach it."""
    known = {port.key: port for port in ports}
    believed = {name: BridgeStanding(id=own, root=own, cost=0) for name, own in bridges.items()}
    for _ in range(2 * len(bridges)):
        following = {name: _believe(name, own, known, hears, believed) for name, own in bridges.items()}
        if following == believed:
            break
        believed = following
    tree = Tree(bridges=believed)
    tree.ports = {key: _standing(port, known, hears, believed) for key, port in known.items()}
    return tree


def _said(port: BridgePort, believed: Mapping[str, BridgeStanding]) -> Vector:
    bridge = believed[port.bridge]
    return Vector(bridge.root, bridge.cost, bridge.id, port.id)


def _heard(
    port: BridgePort,
    known: Mapping[Key, BridgePort],
    hears: Mapping[Key, Iterable[Key]],
    believed: Mapping[str, BridgeStanding],
) -> list[Vector]:
    senders = (known[key] for key in hears.get(port.key, ()) if key in known)
    return sorted(_said(sender, believed) for sender in senders)


def _believe(
    name: str,
    own: BridgeId,
    known: Mapping[Key, BridgePort],
    hears: Mapping[Key, Iterable[Key]],
    believed: Mapping[str, BridgeStanding],
) -> BridgeStanding:
    """The best of being root oneself and of all that is heard, each port's cost added."""
    best: tuple[Vector, PortId, str] | None = None
    for port in known.values():
        if port.bridge != name or port.guarded or port.inconsistent:
            continue
        for root, cost, sender, said_on in _heard(port, known, hears, believed):
            offer = (Vector(root, cost + port.cost, sender, said_on), port.id, port.name)
            if sender != own and root < own and (best is None or offer < best):
                best = offer
    if best is None:
        return BridgeStanding(id=own, root=own, cost=0)
    return BridgeStanding(id=own, root=best[0].root, cost=best[0].cost, root_port=best[2])


def _standing(
    port: BridgePort,
    known: Mapping[Key, BridgePort],
    hears: Mapping[Key, Iterable[Key]],
    believed: Mapping[str, BridgeStanding],
) -> Standing:
    bridge, own = believed[port.bridge], _said(port, believed)
    heard = _heard(port, known, hears, believed)
    best = min([own, *heard[:1]])
    if port.inconsistent:
        return Standing(role="designated", forwarding=False, designated=own, why_blocked="PVID_Inc")
    if bridge.root_port == port.name:
        return Standing(role="root", forwarding=True, designated=best)
    if best == own:
        return Standing(role="designated", forwarding=True, designated=own)
    if port.guarded and best.sender != bridge.id:
        return Standing(role="designated", forwarding=False, designated=own, why_blocked="ROOT_Inc")
    return Standing(role="backup" if best.sender == bridge.id else "alternate", forwarding=False, designated=best)
