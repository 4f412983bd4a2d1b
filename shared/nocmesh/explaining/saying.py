"""The blast radius in a few sentences: who is cut off, who lost a second way, what is only slower. Pure."""

from collections.abc import Iterator, Sequence

from nocmesh.diagnosis.resources import kind_of
from nocmesh.explaining.losses import Losses
from nocmesh.explaining.weights import HOST
from nocmesh.explaining.words import counted, is_are, large, listed, place
from nocmesh.messages.report import Dependence, Impact, RootCause
from nocmesh.network import Network

FEW = 3
"""So many are named; of more only the number helps."""


def summary_of(impact: Impact, causes: Sequence[RootCause], losses: Losses, network: Network) -> str:
    """What ``impact`` means, the worst first."""
    hosts = {device.name for device in network.devices if device.role == HOST}
    worst = [*_cut(impact, hosts), *_risk(impact), *_itself(impact, causes, losses)] or impact.effects[:FEW]
    return " ".join([*_doubt(losses), *worst, *_sessions(impact)])


def brief(impact: Impact) -> str:
    """The worst of ``impact`` in one sentence: what a person needs within five seconds."""
    if impact.degree == "unknown":
        return "It is not known whether traffic is hurt: the device may still forward."
    if impact.degree == "cut_off":
        return f"{_those(impact, 'cut_off')} cut off from the rest of the network."
    if impact.degree == "redundancy":
        who = _those(impact, "at_risk", ("has", "have"))
        return f"Nobody is cut off, but {who} no second way any more."
    if impact.degree == "itself":
        return "Every other device is still reached, and no second way is lost."
    sessions = counted(impact.counts.get("sessions", 0), "BGP session")
    lost = f" {sessions} {is_are(impact.sessions)} down." if impact.sessions else ""
    return (impact.effects[0] if impact.effects else impact.summary) + lost


def _those(impact: Impact, name: str, verb: tuple[str, str] = ("is", "are")) -> str:
    """Who, by name where they are few, and the verb that fits."""
    who: list[str] = getattr(impact, name)
    count = max(impact.counts.get(name, 0), len(who))
    said = listed(who) if count <= FEW else f"{counted(count, 'device')} ({listed(who, FEW)})"
    if count > len(who):
        said = counted(count, "device")
    return f"{said} {verb[count != 1]}"


def _doubt(losses: Losses) -> Iterator[str]:
    found = sorted(resource.removeprefix("node/") for resource in losses.doubtful)
    if found:
        one = len(found) == 1
        it, still, stop = ("it", "forwards", "stops") if one else ("they", "forward", "stop")
        yield f"No neighbour was seen to miss {listed(found)}: perhaps {it} still {still}. What follows if {it} {stop}:"


def _cut(impact: Impact, hosts: set[str]) -> Iterator[str]:
    if not impact.cut_off:
        return
    ends = [name for name in impact.cut_off if name in hosts]
    others = [name for name in impact.cut_off if name not in hosts]
    counts = [counted(len(found), noun) for found, noun in ((others, "device"), (ends, "host")) if found]
    if len(impact.cut_off) == 1:
        yield f"{impact.cut_off[0]} is cut off from the rest of the network."
    else:
        yield f"{listed(counts)} are cut off from the rest of the network: {listed([*others, *ends])}."
    if impact.sites:
        yield f"No device of {'site' if len(impact.sites) == 1 else 'sites'} {listed(impact.sites)} is reached."


def _risk(impact: Impact) -> Iterator[str]:
    if not impact.depends_on:
        return
    who = impact.at_risk[0] if len(impact.at_risk) == 1 else counted(len(impact.at_risk), "device")
    has = "has" if len(impact.at_risk) == 1 else "have"
    start = f"{who} {has}" if impact.cut_off else f"Nobody is cut off, but {who} {has}"
    yield f"{start} no second way any more: {_threads(impact.depends_on)}."


def _threads(single: Sequence[Dependence]) -> str:
    """What more would have to fail, those first that most depend on."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for each in sorted(single, key=lambda one: (-one.count, kind_of(one.on) != "node", one.on)):
        groups.setdefault(tuple(each.devices), []).append(place(each.on))
    said = [f"without {_either(ons)}, {listed(who, 4)} would be cut off" for who, ons in list(groups.items())[:2]]
    more = sum(len(ons) for ons in list(groups.values())[2:])
    return "; ".join(said) + (
        f"; and so on for {counted(more, 'more device or link', 'more devices or links')}" if more else ""
    )


def _either(items: Sequence[str]) -> str:
    """`a`, `a or b`, `any one of a, b and c`."""
    return f"any one of {listed(items, 4)}" if len(items) > 2 else " or ".join(items)


def _sessions(impact: Impact) -> Iterator[str]:
    if impact.sessions:
        said = [f"{s.device} to {s.neighbor or s.address}" for s in impact.sessions]
        yield f"{counted(len(said), 'BGP session')} {is_are(said)} down because of it: {listed(said, 4)}."


def _itself(impact: Impact, causes: Sequence[RootCause], losses: Losses) -> Iterator[str]:
    """Nobody else is hurt."""
    if impact.cut_off or impact.depends_on or not losses.vertices:
        return
    unrouted = sorted(losses.unrouted) if not losses.gone | losses.passed_by | losses.doubtful else []
    resources = unrouted or list(dict.fromkeys(cause.resource for cause in causes))
    said = listed([place(resource) for resource in resources], FEW)
    what = f"No route goes over {said}" if unrouted else f"{large(said)} {is_are(resources)} out of use"
    yield f"{what}. Every other device is still reached, and keeps a second way where it had one."
