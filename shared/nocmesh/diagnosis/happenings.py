"""A happening: one thing of the network that came or went, under the name that both of its ends use. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from nocmesh.diagnosis.facts import Facts
from nocmesh.diagnosis.loglines import Layer
from nocmesh.messages.report import Evidence
from nocmesh.network import End

Source = Literal["history", "log", "age", "date", "count"]
"""The monitor's history; a log; how long something has been so; a date that the device keeps; a counter alone."""
Way = Literal["down", "up", "blip"]
"""`blip`: it went and came back, and nobody saw it away."""

LAYERS: Sequence[Layer] = ("device", "daemon", "interface", "stp", "isis", "ospf", "bgp", "config")
"""The lowest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One thing that came or went."""

    device: str
    """Of which it is told."""
    source: Source
    layer: Layer
    what: str
    """As the device calls it."""
    way: Way
    at: datetime
    since: datetime | None = None
    """It was otherwise until then, where ``at`` is only when it was seen; None: it was at ``at``."""
    times: int = 1
    how: str = ""
    """Who says so, in words."""
    evidence: tuple[Evidence, ...] = ()
    subject: str = ""
    """What both ends call alike: a link, a session, an adjacency, a device."""
    devices: tuple[str, ...] = ()
    """Whom it concerns."""

    @property
    def began(self) -> datetime:
        """The earliest that it can have been."""
        return min(self.since or self.at, self.at)


def concern(found: Iterable[Happening], devices: Iterable[str]) -> list[Happening]:
    """Those of ``found`` that concern one of ``devices``."""
    wanted = set(devices)
    return [each for each in found if wanted & set(each.devices)]


def subject_of(facts: Facts, device: str, layer: Layer, what: str) -> tuple[str, tuple[str, ...]]:
    """What both ends call alike, in words, and the devices at its ends."""
    if layer == "device":
        return device, (device,)
    if layer == "bgp":
        far = facts.owner(what)
        ends = sorted((device, far)) if far else [device, what]
        return f"the BGP session {ends[0]} - {ends[1]}", (device, far) if far else (device,)
    if layer in _OVER:
        return _over(facts, End(device=device, interface=what), layer)
    if layer == "stp":
        return f"the spanning tree at {device} ({what})", (device,)
    return f"{what or layer} on {device}", (device,)


_OVER = {"ospf": "the OSPF adjacency over ", "isis": "the IS-IS adjacency over ", "interface": ""}


def _over(facts: Facts, end: End, layer: Layer) -> tuple[str, tuple[str, ...]]:
    for link in facts.network.links:
        if end in (link.a, link.b):
            return _OVER[layer] + link.resource.replace("/", " ", 1), (link.a.device, link.b.device)
    return f"{_OVER[layer]}interface {end}", (end.device,)
