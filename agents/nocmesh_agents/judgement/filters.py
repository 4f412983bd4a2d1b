"""Packet filters that drop what a protocol needs. A filter that drops nothing of it is nobody's fault."""

import re
from collections.abc import Callable, Iterable, Iterator

from nocmesh.diagnosis import resources
from nocmesh.diagnosis.facts import Sight
from nocmesh.diagnosis.probeplan import tallies
from nocmesh.diagnosis.probes import Probed, Tally
from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.report import RootCause
from nocmesh.messages.state import FilterRule
from nocmesh_agents.judgement.causes import at_node, cause

Rule = Callable[[Scene], Iterable[RootCause]]
DROPS = frozenset({"drop", "reject", "deny"})
BY_EFFECT, LEAD = 0.6, 0.4
"""How sure of a filter that nobody could read."""
_PORTS = {"bgp_acl_block": {"179", "bgp"}, "http_acl_block": {"80", "http", "443", "https", "8000", "8080"}}
_PROTOCOLS = {
    "ospf_acl_block": {"ospf", "89"},
    "isis_acl_block": {"isis"},
    "icmp_acl_block": {"icmp"},
    "arp_acl_block": {"arp"},
}
_PORT = re.compile(r"\b[sd]port (?P<ports>\{[^}]*\}|\S+)")


def blocks(fault: str) -> Rule:
    """The rule that finds ``fault``: a filter that drops the protocol, and that is new, or has dropped something."""

    def rule(scene: Scene) -> Iterator[RootCause]:
        for sight in scene.facts.reachable:
            for entry in blocking(sight, fault):
                yield _blocked(scene, sight, entry, fault)

    return rule


def either(*rules: Rule) -> Rule:
    """The rule that finds what any of ``rules`` finds."""

    def rule(scene: Scene) -> Iterator[RootCause]:
        for each in rules:
            yield from each(scene)

    return rule


def blocking(sight: Sight, fault: str) -> list[FilterRule]:
    """The rules of the device that are to blame for ``fault``."""
    drops = [entry for entry in sight.filters or [] if entry.action in DROPS]
    return [entry for entry in drops if about(entry, fault) and _counts(sight, entry)]


def about(entry: FilterRule, fault: str) -> bool:
    """Whether ``entry`` is about the protocol that ``fault`` names."""
    wanted = _PORTS.get(fault)
    if wanted is not None:
        return entry.protocol in ("tcp", "") and bool(wanted & _ports(entry))
    return entry.protocol in _PROTOCOLS[fault]


def _ports(entry: FilterRule) -> set[str]:
    found = {port for match in _PORT.finditer(entry.text) for port in re.findall(r"[\w\-]+", match["ports"])}
    return found | set(entry.ports)


def _counts(sight: Sight, entry: FilterRule) -> bool:
    """It was not there when all was well; or, where nobody knows, it has dropped something, or does not count."""
    if sight.before is not None and sight.knew("filters"):
        return all((was.name, was.text) != (entry.name, entry.text) for was in sight.before.filters or [])
    return entry.packets is None or entry.packets > 0


def _blocked(scene: Scene, sight: Sight, entry: FilterRule, fault: str) -> RootCause:
    what = fault.split("_", 1)[0].upper().replace("ISIS", "IS-IS")
    new = ", which was not there when all was well" if sight.before is not None else ""
    summary = f"{sight.name} drops {what} in {entry.name}: {entry.text}{new}."
    sure = 0.97 if sight.before is not None else 0.9
    return at_node(scene, fault, sight.name, summary, sure, (sight.name, entry.quote, entry.text))


def silent_to_pings(scene: Scene) -> Iterator[RootCause]:
    """`icmp_acl_block` by its effect: no ping over a link is answered that carries a session or an adjacency.

    Only where the device's own filters cannot be read; where the prober's cannot either, it is a lead.
    """
    for tally in tallies(scene):
        for probe in tally.probes if not tally.answered else ():
            there = scene.facts.place(probe.target)
            sight = scene.facts.sight(there.device) if there else None
            if sight is None or not _unreadable(sight) or not _carries(scene, tally, probe):
                continue
            prober = scene.facts.sight(probe.device)
            sure = BY_EFFECT if prober is not None and prober.filters is not None else LEAD
            summary = (
                f"{sight.name} answers none of {tally.counted} pings of {probe.device} to {probe.target}, though what "
                f"they speak over the same link is up: something drops ICMP, and its filters cannot be read."
            )
            yield cause("icmp_acl_block", resources.node(sight.name), summary, sure, probe.evidence[:1])


def _unreadable(sight: Sight) -> bool:
    """It was asked for its filters, and there is no way to read them."""
    return not sight.unreachable and "filters" in sight.asked and sight.filters is None


def _carries(scene: Scene, tally: Tally, probe: Probed) -> bool:
    """A BGP session with the target's own address, or an adjacency over the same links, is up."""
    if any(peer.established and peer.address == probe.target for peer in scene.peering.peers.get(probe.device, [])):
        return True
    return any(adjacency.up and adjacency.link in tally.links for adjacency in scene.adjacencies)
