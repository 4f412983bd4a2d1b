"""What the root causes take away from a network: devices, links, and links that no route uses. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nocmesh.diagnosis.resources import device_of, interface, kind_of
from nocmesh.diagnosis.vocabulary import Reach, fault_types
from nocmesh.messages.report import RootCause, Symptom
from nocmesh.network import End, Intent, Link, Network


@dataclass(frozen=True, kw_only=True)
class Losses:
    """What is not there any more, each by resource id."""

    gone: frozenset[str] = frozenset()
    """Devices, interfaces and links that carry nothing."""
    passed_by: frozenset[str] = frozenset()
    """Devices that answer and let nothing through."""
    alone: frozenset[str] = frozenset()
    """Devices that lost their own way to the rest."""
    unrouted: frozenset[str] = frozenset()
    """Links that could carry packets, and over which no route goes."""
    doubtful: frozenset[str] = frozenset()
    """Devices that do not answer the mesh, and that nobody beside them misses."""

    @property
    def vertices(self) -> frozenset[str]:
        """What is missing where paths are looked for."""
        return self.gone | self.passed_by | self.unrouted | self.doubtful


def losses_of(causes: Sequence[RootCause], symptoms: Sequence[Symptom], network: Network) -> Losses:
    """What ``causes`` take away; a cause of a type that nobody knows takes nothing."""
    found: dict[Reach, set[str]] = {}
    for cause in causes:
        known = fault_types().get(cause.fault_type)
        if known is None:
            continue
        reach, missing = known.reach, _missing(known.reach, cause, symptoms, network)
        if reach == "unknown" and any(device_of(cause.resource) in symptom.devices for symptom in symptoms):
            reach = "gone"
        found.setdefault(reach, set()).update(missing)
    return Losses(
        gone=frozenset(found.get("gone", ())),
        passed_by=frozenset(found.get("transit", ())),
        alone=frozenset(found.get("itself", ())),
        unrouted=frozenset(found.get("routing", ())),
        doubtful=frozenset(found.get("unknown", ())),
    )


def _missing(reach: Reach, cause: RootCause, symptoms: Sequence[Symptom], network: Network) -> set[str]:
    if reach == "kept":
        return set()
    if reach == "routing":
        return set(_unrouted(device_of(cause.resource), symptoms, network))
    if kind_of(cause.resource) == "interface":
        ends = {link.resource for link in network.links if cause.resource in _ends(link)}
        return {cause.resource, *ends}
    return {cause.resource}


def _ends(link: Link) -> list[str]:
    return [interface(end.device, end.interface) for end in (link.a, link.b)]


_PROTOCOLS = {"ospf": "ospf", "isis": "isis", "session": "bgp"}
"""By kind of symptom: the protocol that it says is silent."""


def _unrouted(device: str, symptoms: Sequence[Symptom], network: Network) -> Iterable[str]:
    """Links of ``device`` over which the protocols that the symptoms name bring no route, and no other does."""
    silent: dict[str, set[str]] = {}
    for symptom in symptoms:
        if symptom.kind in _PROTOCOLS:
            silent.setdefault(symptom.resource, set()).add(_PROTOCOLS[symptom.kind])
    for link in network.links:
        lost = silent.get(link.resource)
        if lost and device in (link.a.device, link.b.device):
            others = set(_PROTOCOLS.values()) - lost
            if not any(_speaks(network, link, protocol) for protocol in others):
                yield link.resource


def _speaks(network: Network, link: Link, protocol: str) -> bool:
    """Both ends of ``link`` are meant to speak ``protocol`` over it; a device without intent may, for all we know."""
    return all(_spoken(network, end, link.other(end), protocol) for end in (link.a, link.b))


def _spoken(network: Network, end: End, far: End, protocol: str) -> bool:
    intent = _intent(network, end)
    if intent is None or not (intent.ospf or intent.isis or intent.bgp):
        return True
    if protocol == "ospf":
        return any(end.interface in area for area in intent.ospf.areas.values()) if intent.ospf else False
    if protocol == "isis":
        return end.interface in intent.isis.interfaces if intent.isis else False
    return any(network.owner_of(n.address) == far for n in intent.bgp.neighbors) if intent.bgp else False


def _intent(network: Network, end: End) -> Intent | None:
    return next((device.intent for device in network.devices if device.name == end.device), None)


def down(losses: Losses) -> list[str]:
    """The resources that carry nothing, devices first."""
    order = {"node": 0, "link": 1, "interface": 2}
    return sorted(losses.gone, key=lambda resource: (order.get(kind_of(resource), 3), resource))
