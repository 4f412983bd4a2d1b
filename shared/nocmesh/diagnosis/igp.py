"""OSPF and IS-IS adjacencies as both of their ends tell them: what each end says that the two must agree on.

An end is a mapping of what it is set to, by names of our own (`hello_interval`, `area`, …), so that the rules can be
data. What does not depend on the other end, as a cost, stands there too: it is compared with the baseline.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from nocmesh.diagnosis.cabling import Cable
from nocmesh.diagnosis.facts import Facts, Sight
from nocmesh.messages.state import ConfigLine, DeviceState, Isis, IsisInterface, Ospf, OspfInterface, Quote
from nocmesh.network import Device, End, Link

Protocol = Literal["ospf", "isis"]
PROTOCOLS: tuple[Protocol, ...] = ("ospf", "isis")
LEVELS = {"level-1": {"1"}, "level-2": {"2"}, "level-1-2": {"1", "2"}}
_KEYS = {
    "ospf": ("ip ospf message-digest-key ", "ip ospf authentication-key "),
    "isis": ("isis password ",),
}
"""Lines of an interface that hold a secret; bridges of one mesh mask the same secret alike."""


@dataclass(frozen=True)
class IgpEnd:
    """One interface as its IGP has it."""

    end: End
    protocol: Protocol
    present: bool = False
    """The interface belongs to the protocol."""
    values: Mapping[str, str] = field(default_factory=dict)
    """What it is set to; a name that is missing was not told."""
    up: frozenset[str] = frozenset()
    """The levels at which it has an adjacency; OSPF has one, called `full`."""
    quotes: tuple[Quote | str, ...] = ()

    @property
    def speaks(self) -> bool:
        """It would form an adjacency."""
        return self.present and self.values.get("passive") != "yes"


def ospf_end(state: DeviceState, lines: Sequence[ConfigLine], end: End) -> IgpEnd:
    """What ``state`` says of OSPF on ``end``."""
    ospf = state.ospf or Ospf()
    own = next((i for i in ospf.interfaces if i.name == end.interface), None)
    neighbors = [n for n in ospf.neighbors if n.interface == end.interface]
    full = any(n.state == "full" or (n.state == "two_way" and n.role == "drother") for n in neighbors)
    if own is None:
        return IgpEnd(end, "ospf", quotes=(ospf.quote,) if ospf.quote else ())
    return IgpEnd(
        end,
        "ospf",
        present=True,
        values=_told(_ospf_values(ospf, own), lines, end, "ospf"),
        up=frozenset({"full"} if full else ()),
        quotes=_some(own.quote, *(n.quote for n in neighbors)),
    )


def _ospf_values(ospf: Ospf, own: OspfInterface) -> dict[str, object]:
    kind = next((area.kind for area in ospf.areas if area.area == own.area), "")
    return {
        "area": own.area,
        "area_kind": kind,
        "hello_interval": own.hello_interval,
        "dead_interval": own.dead_interval,
        "network_type": own.network_type,
        "authentication": own.authentication,
        "passive": own.passive,
        "cost": own.cost,
    }


def isis_end(state: DeviceState, lines: Sequence[ConfigLine], end: End) -> IgpEnd:
    """What ``state`` says of IS-IS on ``end``."""
    isis = state.isis or Isis()
    own = next((i for i in isis.interfaces if i.name == end.interface), None)
    adjacencies = [a for a in isis.adjacencies if a.interface == end.interface]
    levels = {level for a in adjacencies if a.state == "up" for level in LEVELS.get(a.level, ())}
    if own is None:
        return IgpEnd(end, "isis", quotes=(isis.quote,) if isis.quote else ())
    return IgpEnd(
        end,
        "isis",
        present=True,
        values=_told(_isis_values(isis, own), lines, end, "isis"),
        up=frozenset(levels),
        quotes=_some(own.quote, *(a.quote for a in adjacencies)),
    )


def _isis_values(isis: Isis, own: IsisInterface) -> dict[str, object]:
    return {
        "area": ".".join(isis.net.split(".")[:-4]),
        "level": _common(isis.level, own.level),
        "network_type": own.network_type,
        "authentication": own.authentication,
        "passive": own.passive,
        "metric": own.metric,
    }


def _common(router: str, circuit: str) -> str:
    """The levels that both the router and its circuit are set to."""
    levels = LEVELS.get(router or circuit, set()) & LEVELS.get(circuit or router, set())
    return next((name for name, found in LEVELS.items() if found == levels), circuit)


def _told(values: Mapping[str, object], lines: Sequence[ConfigLine], end: End, protocol: Protocol) -> dict[str, str]:
    """``values`` that are known, as text, with the secrets' masks."""
    found = {name: _text(value) for name, value in values.items() if value not in (None, "")}
    keys = [
        line.text
        for line in lines
        if line.section == f"interface {end.interface}" and line.text.startswith(_KEYS[protocol])
    ]
    return {**found, "key": " / ".join(sorted(keys)) or "none"}


def _text(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _some(*quotes: Quote | None) -> tuple[Quote, ...]:
    return tuple(quote for quote in quotes if quote is not None)


_READ = {"ospf": ospf_end, "isis": isis_end}


def end_now(sight: Sight, end: End, protocol: Protocol) -> IgpEnd:
    """``end`` as it was seen last."""
    return _READ[protocol](sight.now, sight.config or [], end)


def end_before(sight: Sight, end: End, protocol: Protocol) -> IgpEnd | None:
    """``end`` as it was when it was well; None: nobody knows."""
    if sight.before is None or not sight.knew(protocol):
        return None
    return _READ[protocol](sight.before, sight.config_before, end)


@dataclass(frozen=True)
class Adjacency:
    """One link on which an IGP should have an adjacency."""

    link: Link
    protocol: Protocol
    ends: tuple[IgpEnd, IgpEnd]
    """In the inventory's order; what nobody looked at is an end that is not present."""
    seen: tuple[bool, bool]
    before: tuple[IgpEnd | None, IgpEnd | None]

    @property
    def both(self) -> bool:
        """Both ends were looked at."""
        return all(self.seen)

    @cached_property
    def wanted(self) -> frozenset[str]:
        """The levels at which it should be up: those of before, else what the ends themselves have in common."""
        past = [end.up for end in self.before if end is not None and end.up]
        if past:
            return frozenset.union(*past)
        if self.protocol == "ospf":
            return frozenset({"full"})
        told = [LEVELS[end.values["level"]] for end in self.ends if end.values.get("level") in LEVELS]
        return frozenset(set.intersection(*told)) if told else frozenset()

    @property
    def up(self) -> bool:
        """Every end that was looked at has it at every level that it should."""
        return all(self.wanted <= end.up for end, seen in zip(self.ends, self.seen, strict=True) if seen)

    @property
    def name(self) -> str:
        """`OSPF adjacency r1:r1-e0 - r2:r2-e0`."""
        label = {"ospf": "OSPF", "isis": "IS-IS"}[self.protocol]
        return f"{label} adjacency {self.link.a} - {self.link.b}"


def adjacencies_of(facts: Facts, cables: Sequence[Cable]) -> list[Adjacency]:
    """Every adjacency that there should be on links of devices that were looked at."""
    found = (_adjacency(facts, cable.link, protocol) for cable in cables for protocol in PROTOCOLS)
    return [adjacency for adjacency in found if adjacency is not None and _expected(facts, adjacency)]


def _adjacency(facts: Facts, link: Link, protocol: Protocol) -> Adjacency | None:
    sights = [facts.sight(end.device) for end in (link.a, link.b)]
    seen = tuple(bool(s and not s.unreachable and s.understood(protocol)) for s in sights)
    if not any(seen):
        return None
    pairs = list(zip((link.a, link.b), sights, strict=True))
    now = [end_now(s, end, protocol) if s else IgpEnd(end, protocol) for end, s in pairs]
    past = [end_before(s, end, protocol) if s else None for end, s in pairs]
    return Adjacency(link, protocol, (now[0], now[1]), (seen[0], seen[1]), (past[0], past[1]))


def _expected(facts: Facts, adjacency: Adjacency) -> bool:
    """It was there before; or, where nobody knows of before, one end speaks and the other's device should too."""
    known = [end for end in adjacency.before if end is not None]
    if len(known) == len(adjacency.before):
        return any(end.up for end in known)
    if any(end.up for end in known):
        return True
    devices = [facts.network.device(end.device) for end in (adjacency.link.a, adjacency.link.b)]
    meant = [_meant(device, end.end, adjacency.protocol) for device, end in zip(devices, adjacency.ends, strict=True)]
    speaks = [end.speaks for end in adjacency.ends]
    runs = [_runs(facts, end.end.device, adjacency.protocol) for end in adjacency.ends]
    return all(m or (s and m is None) for m, s in zip(meant, speaks, strict=True)) or (
        any(speaks) and all(runs) and False not in meant
    )


def _meant(device: Device | None, end: End, protocol: Protocol) -> bool | None:
    """Whether intent puts the interface into the protocol; None: there is no such intent."""
    if device is None:
        return None
    if protocol == "ospf":
        areas = device.intent.ospf.areas if device.intent.ospf else None
        return None if not areas else any(end.interface in names for names in areas.values())
    intent = device.intent.isis
    return None if intent is None or not intent.interfaces else end.interface in intent.interfaces


def _runs(facts: Facts, device: str, protocol: Protocol) -> bool:
    sight = facts.sight(device)
    state = getattr(sight, protocol) if sight else None
    known = facts.network.device(device)
    return bool(state and state.interfaces) or bool(known and getattr(known.intent, protocol))


def lost(adjacencies: Sequence[Adjacency]) -> Iterator[Adjacency]:
    """Those that are not up at every level that they should be."""
    return (adjacency for adjacency in adjacencies if not adjacency.up)
