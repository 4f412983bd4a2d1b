"""The blast radius: what the root causes take down, and what they do where they take nothing down. Pure.

Reachability is that of the inventory's links and intent; nothing is sent anywhere.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from nocmesh.diagnosis.resources import interface, known_resources, node
from nocmesh.diagnosis.vocabulary import fault_types
from nocmesh.explaining.graph import Graph, Vertex, names, split
from nocmesh.explaining.joints import newly_single
from nocmesh.explaining.losses import Losses, down, losses_of
from nocmesh.explaining.saying import summary_of
from nocmesh.explaining.sessions import lost_sessions, network_of
from nocmesh.messages.report import Degree, Dependence, Impact, LostSession, RootCause, Symptom
from nocmesh.network import Network

MOST = 200
MOST_THREADS = 50
"""Entries of each list; of ``depends_on`` and each list in it. An event has a largest size, and nobody reads more."""


def impact_of(causes: Sequence[RootCause], symptoms: Sequence[Symptom], network: Network) -> Impact | None:
    """What ``causes`` take down; None where there is none, or the inventory knows none of their resources."""
    known = known_resources(network)
    found = [cause for cause in causes if cause.resource in known]
    if not found:
        return None
    losses = losses_of(found, symptoms, network)
    cut, single = _paths(network, losses)
    impact = Impact(
        degree=_degree(losses, cut, single),
        effects=_effects(found),
        down=down(losses),
        cut_off=names(cut),
        at_risk=names({vertex for lost in single.values() for vertex in lost}),
        depends_on=[Dependence(on=on, devices=names(lost), count=len(lost)) for on, lost in _outermost(single)],
        subnets=_subnets(network, losses, cut),
        sessions=lost_sessions(losses, found, symptoms, network),
        sites=_sites(network, losses, cut),
    )
    return _bounded(impact, summary_of(impact, found, losses, network))


def _paths(network: Network, losses: Losses) -> tuple[frozenset[Vertex], dict[Vertex, frozenset[Vertex]]]:
    """Devices that no path leads to any more, and by single point of failure that is new: who depends on it."""
    before, after = Graph.of(network), Graph.of(network, losses.vertices)
    cut, rest = split(before, after)
    away = cut | (losses.alone - losses.gone)
    single = {on: lost - away for on, lost in newly_single(before, after, rest).items()}
    return away, {on: lost for on, lost in single.items() if lost}


def _outermost(single: Mapping[Vertex, frozenset[Vertex]]) -> list[tuple[Vertex, frozenset[Vertex]]]:
    """The single points, those that most depend on first."""
    return sorted(single.items(), key=lambda each: (-len(each[1]), each[0]))


def _degree(losses: Losses, cut: Collection[Vertex], single: Mapping[Vertex, Collection[Vertex]]) -> Degree:
    if losses.doubtful and not losses.gone | losses.passed_by | losses.alone | losses.unrouted:
        return "unknown"
    if cut:
        return "cut_off"
    if single:
        return "redundancy"
    return "itself" if losses.vertices else "kept"


def _effects(causes: Iterable[RootCause]) -> list[str]:
    """What each does to traffic, said once."""
    known = fault_types()
    return list(dict.fromkeys(known[c.fault_type].effect for c in causes if c.fault_type in known))


def _subnets(network: Network, losses: Losses, cut: Collection[Vertex]) -> list[str]:
    """Prefixes behind what is lost, and nowhere else; addresses of single devices are none.

    A prefix that a device only originates counts where no interface has it.
    """
    behind = losses.gone | losses.doubtful | set(cut)
    found: dict[tuple[bool, bool], dict[str, None]] = {}  # by: on an interface; lost
    for device in network.devices:
        away = node(device.name) in behind
        for port in device.interfaces:
            lost = away or interface(device.name, port.name) in losses.gone
            found.setdefault((True, lost), {}).update(dict.fromkeys(_networks(port.addresses)))
        told = device.intent.bgp.networks if device.intent.bgp else []
        found.setdefault((False, away), {}).update(dict.fromkeys(_networks(told)))
    on_ports, kept = found.get((True, True), {}), found.get((True, False), {})
    told_kept = found.get((False, False), {})
    told_lost = [prefix for prefix in found.get((False, True), {}) if prefix not in told_kept]
    return [prefix for prefix in dict.fromkeys([*on_ports, *told_lost]) if prefix not in kept]


def _networks(addresses: Iterable[str]) -> Iterator[str]:
    for address in addresses:
        network = network_of(address)
        if network is not None and network.num_addresses > 1:
            yield str(network)


def _sites(network: Network, losses: Losses, cut: Collection[Vertex]) -> list[str]:
    """Sites of which no device is reached."""
    away = {node(d.name) for d in network.devices} & (losses.gone | losses.doubtful | set(cut))
    reached = {device.site for device in network.devices if node(device.name) not in away}
    return sorted({device.site for device in network.devices if device.site} - reached)


def _bounded(impact: Impact, summary: str) -> Impact:
    """``impact`` with its summary, its lists cut, and how long they were."""
    lists: dict[str, list[str] | list[Dependence] | list[LostSession]] = {
        "down": impact.down,
        "cut_off": impact.cut_off,
        "at_risk": impact.at_risk,
        "depends_on": impact.depends_on,
        "subnets": impact.subnets,
        "sessions": impact.sessions,
        "sites": impact.sites,
    }
    counts = {name: len(items) for name, items in lists.items()}
    lists["depends_on"] = [replace(d, devices=d.devices[:MOST_THREADS]) for d in impact.depends_on[:MOST_THREADS]]
    return Impact(
        summary=summary,
        degree=impact.degree,
        effects=impact.effects,
        counts=counts,
        **{name: items[:MOST] for name, items in lists.items()},  # type: ignore[arg-type]
    )
