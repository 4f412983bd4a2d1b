"""Why an alert came about a network that is well now. Pure.

Asked only once no sign and no cause is left: whatever is broken wins over every reason here. The order is that of
certainty: what is down on purpose, what was away and came back, what the alert says and the devices contradict.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec

from nocmesh.diagnosis.find import Named
from nocmesh.diagnosis.happenings import Happening, concern
from nocmesh.diagnosis.history import stamp
from nocmesh.diagnosis.loglines import Layer
from nocmesh.diagnosis.recovery import Outage, outage_of, recovered
from nocmesh.diagnosis.signs import Scene
from nocmesh.diagnosis.witnesses import happenings
from nocmesh.messages.report import Recovered
from nocmesh.network import End
from nocmesh_agents.contradictions import contradiction, ports_named

Kind = Literal["planned", "recovered", "monitoring_error", "nothing_found"]

SURE, TOLD, UNTOLD = 0.97, 0.95, 0.93
"""How sure a false alarm is: with a reason that is proved, with one that is only likely, with none."""

_INTERFACE = ("link", "interface", "port", "carrier", "ifname", "ifdescr", "flap", "flapping", "errors", "discards")
TOPICS: Mapping[Layer, frozenset[str]] = {
    "interface": frozenset(_INTERFACE),
    "bgp": frozenset({"bgp", "peer", "session", "neighbor", "neighbour", "prefix", "route"}),
    "ospf": frozenset({"ospf", "adjacency", "neighbor", "neighbour"}),
    "isis": frozenset({"isis", "adjacency", "neighbor", "neighbour"}),
    "stp": frozenset({"stp", "rstp", "mstp", "spanning", "topology", "root", "bpdu", "loop"}),
    "daemon": frozenset({"daemon", "process", "service", "bgpd", "ospfd", "isisd", "frr", "bgp", "ospf", "isis"}),
}
"""Words of an alert, and the layer that they are about."""
BUSY = frozenset({"cpu", "processor", "load", "memory"})
APART = BUSY | {"disk", "filesystem", "temperature", "fan", "configuration", "config", "drift", "compliance", "version"}
"""Topics that nothing that comes and goes explains."""
BELOW: Mapping[Layer, tuple[Layer, ...]] = {
    "bgp": ("device", "daemon", "interface", "ospf", "isis"),
    "ospf": ("device", "daemon", "interface", "stp"),
    "isis": ("device", "daemon", "interface", "stp"),
    "stp": ("device", "interface"),
    "interface": ("device",),
    "daemon": ("device",),
}
"""What takes a layer along when it goes."""
EVERY: tuple[Layer, ...] = ("device", "daemon", "interface", "stp", "isis", "ospf", "bgp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why the alert came."""

    kind: Kind
    why: str
    confidence: float
    recovered: Recovered | None = None


def reason_of(alert: Mapping[str, Any], named: Named, scene: Scene) -> Reason:
    """Why ``alert`` came, on a ``scene`` without a sign and without a cause."""
    planned = _planned(alert, named, scene)
    if planned:
        return Reason(kind="planned", why=f"{'; '.join(planned[:4])}.", confidence=SURE)
    outage = outage_in(alert, named, scene)
    if outage is not None:
        return of_outage(outage)
    against = contradiction(alert, named, scene)
    if against:
        return Reason(kind="monitoring_error", why=f"The devices contradict it: {against}.", confidence=TOLD)
    return Reason(kind="nothing_found", why=_nothing(scene), confidence=UNTOLD if _remembers(scene) else 0.9)


def of_outage(outage: Outage) -> Reason:
    """The reason that ``outage`` is."""
    found = recovered(outage)
    seconds = (outage.ended - outage.began).total_seconds()
    bounds = f"from {stamp(outage.began)} to {stamp(outage.ended)} ({seconds:.0f} s)"
    when = bounds if outage.exact else f"at some time {bounds}"
    why = f"It recovered by itself: {found.what}, {when}. How that is known: {found.how_we_know}."
    return Reason(kind="recovered", why=why, confidence=SURE if outage.exact else TOLD, recovered=found)


def joined(first: Recovered | None, seen: Recovered | None) -> Recovered | None:
    """What others remember, with what our own looks saw where nobody remembers it."""
    if first is None or seen is None:
        return first or seen
    how = "; ".join(filter(None, (first.how_we_know, seen.how_we_know)))
    return msgspec.structs.replace(first, how_we_know=how)


def outage_in(alert: Mapping[str, Any], named: Named, scene: Scene) -> Outage | None:
    """The outage that the alert was about; None: nothing that is remembered fits."""
    moment, now = _moment(alert, scene), scene.facts.at
    layers = layers_of(named)
    if moment is None or now is None or not layers:
        return None
    every = happenings(scene.facts, scene.earlier)
    ends = [end for end, _ in ports_named(alert, named, scene)]
    chosen = [_at_ends(every, ends)] if ends else [concern(every, named.devices or scene.facts.sights)]
    for found in [*chosen, *([] if ends or layers != EVERY else [every])]:
        outage = outage_of(found, layers, moment, now)
        if outage is not None:
            return outage
    return None


def layers_of(named: Named) -> tuple[Layer, ...]:
    """The layers whose comings and goings explain an alert of these words; every one where they do not say."""
    told = [layer for layer, words in TOPICS.items() if words & named.words]
    if not told:
        return () if APART & named.words else EVERY
    wanted = {below for layer in told for below in (layer, *BELOW.get(layer, ()))}
    return tuple(layer for layer in EVERY if layer in wanted)


def _at_ends(found: Sequence[Happening], ends: Sequence[End]) -> list[Happening]:
    """What happened at these interfaces, or to what runs over their links, or to their whole devices."""
    here = {(end.device, end.interface) for end in ends}
    subjects = {each.subject for each in found if (each.device, each.what) in here}
    links = {
        subject.removeprefix("the OSPF adjacency over ").removeprefix("the IS-IS adjacency over ")
        for subject in subjects
    }
    devices = {end.device for end in ends}
    return [
        each
        for each in found
        if each.subject in subjects
        or any(each.subject.endswith(link) for link in links)
        or (each.layer in ("device", "daemon", "bgp") and devices & set(each.devices))
    ]


def _moment(alert: Mapping[str, Any], scene: Scene) -> datetime | None:
    """When the source says that it began; else when it came."""
    for key in ("starts_at", "received_at"):
        found = alert.get(key)
        try:
            at = datetime.fromisoformat(found) if isinstance(found, str) else None
        except ValueError:
            at = None
        if at is not None and at.tzinfo is not None:
            return min(at, scene.facts.at or at)
    return scene.facts.at


def _planned(alert: Mapping[str, Any], named: Named, scene: Scene) -> list[str]:
    """What the alert is about and is down on purpose, each with who says so."""
    devices = named.devices or tuple(scene.facts.sights)
    silent = [(name, scene.facts.why_silent(name)) for name in devices if _is_silent(scene, name)]
    found = [f"{name} does not answer on purpose: {why}" for name, why in silent if why]
    ends = [end for end, _ in ports_named(alert, named, scene)] or _ends_of(scene, devices)
    for end in ends:
        interface, why = scene.facts.interface(end), scene.facts.why_off(end)
        if interface is not None and not interface.oper_up and why:
            found.append(f"{end} is {'shut down' if interface.enabled is False else 'down'} on purpose: {why}")
    return found


def _is_silent(scene: Scene, device: str) -> bool:
    sight = scene.facts.sight(device)
    return sight is not None and sight.unreachable


def _ends_of(scene: Scene, devices: Sequence[str]) -> list[End]:
    """Their interfaces, and the other ends of their links."""
    own = [End(device=d, interface=i.name) for d in devices if (s := scene.facts.sight(d)) for i in s.interfaces or ()]
    far = [there for device in devices for _, _, there in scene.facts.network.neighbours(device)]
    return list(dict.fromkeys([*own, *far]))


def sweep_of(scene: Scene) -> str:
    """What was swept, and found as it should be."""
    rows = [
        (sum(not sight.unreachable for sight in scene.facts.sights.values()), "device", "answer"),
        (sum(not (cable.broken or cable.intended_off) for cable in scene.cables), "link", "carry"),
        (sum(adjacency.up for adjacency in scene.adjacencies), "IGP adjacency", "stand"),
        (sum(session.up for session in scene.peering.sessions), "BGP session", "stand"),
        (len(_trees(scene)), "bridge", "take part in spanning tree"),
    ]
    told = ", ".join(_counted(*row) for row in rows if row[0])
    return f"Swept {', '.join(scene.facts.sights)}: {told}."


def _trees(scene: Scene) -> list[str]:
    return [
        bridge.name for sight in scene.facts.reachable if sight.stp for bridge in sight.stp.bridges if bridge.enabled
    ]


def _remembers(scene: Scene) -> bool:
    return any(sight.history is not None or sight.log is not None for sight in scene.facts.reachable)


def _nothing(scene: Scene) -> str:
    """What was asked and did not know of anything."""
    kept = [sight.history for sight in scene.facts.reachable if sight.history is not None]
    logs = [sight.name for sight in scene.facts.reachable if sight.log is not None and sight.log.entries]
    told = []
    if kept:
        told.append(f"the history of {_counted(len(kept), 'device')} since {stamp(max(h.began for h in kept))}")
    if logs:
        told.append(f"the log of {', '.join(logs[:6])}")
    return (
        f"Nothing is wrong, and no outage that the alert may mean is known to {', or to '.join(told)}." if told else ""
    )


def _counted(number: int, what: str, verb: str = "") -> str:
    """`1 link carries`, `2 links carry`; ``verb`` as of several."""
    one = number == 1
    noun = what if one else f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    does = (
        {"carry": "carries", "take part in spanning tree": "takes part in spanning tree"}.get(verb, f"{verb}s")
        if one and verb
        else verb
    )
    return f"{number} {noun} {does}".rstrip()
