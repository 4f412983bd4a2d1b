"""The judgement: causes from the lowest broken layer up, symptoms, what was ruled out, and the verdict. Pure."""

from collections.abc import Callable, Iterable, Sequence

from nocmesh.diagnosis.evidence import verify_evidence
from nocmesh.diagnosis.peering import Session
from nocmesh.diagnosis.signs import Scene, Sign, session_name, signs_of, unclear
from nocmesh.diagnosis.vocabulary import check_root_cause
from nocmesh.explaining.words import first_sentence
from nocmesh.messages.report import Diagnosis, Recovered, RootCause, RuledOut, Verdict
from nocmesh.messages.session import Observation
from nocmesh_agents.bgp.identity import missing_neighbors, wrong_addresses, wrong_asns
from nocmesh_agents.bgp.origination import missing_routes, suspected_routes
from nocmesh_agents.bgp.policies import dead_next_hops, filtered_routes, hijacked, leaked_blackholes, lost_clients
from nocmesh_agents.bgp.settings import (
    different_passwords,
    exceeded_limits,
    missing_families,
    shut_neighbors,
    unshared_passwords,
    wrong_ttls,
)
from nocmesh_agents.bgp.sources import wrong_sources
from nocmesh_agents.judgement.bundles import half_bundles, left_out_members
from nocmesh_agents.judgement.causes import merged
from nocmesh_agents.judgement.devices import (
    dead_services,
    drift,
    exhausted,
    missing_packages,
    silent_daemons,
    still_routers,
    wrong_versions,
)
from nocmesh_agents.judgement.filters import blocks, either, silent_to_pings
from nocmesh_agents.judgement.framing import clashing_duplex, damaged_frames
from nocmesh_agents.judgement.hands import for_a_person
from nocmesh_agents.judgement.hosts import blackholes, twin_macs, wrong_gateways
from nocmesh_agents.judgement.hosts import misaddressed as hosts_addresses
from nocmesh_agents.judgement.igp import disagreements, duplicate_ids, left_out, moved_costs
from nocmesh_agents.judgement.layers import (
    dead_links,
    detached_interfaces,
    shut_interfaces,
    unreachable_devices,
)
from nocmesh_agents.judgement.layers import wrong_addresses as wrong_interface_addresses
from nocmesh_agents.judgement.media import bottlenecks, different_mtus, flapping
from nocmesh_agents.judgement.quality import damaging_links, lossy_links
from nocmesh_agents.judgement.tree import blocked_ports, disabled, loops, lost_ports, moved_roots
from nocmesh_agents.judgement.tree import moved_costs as moved_stp_costs
from nocmesh_agents.judgement.vlans import vlan_mismatches

Rule = Callable[[Scene], Iterable[RootCause]]

RULES: Sequence[tuple[str, Rule, str]] = (
    ("device_unreachable", unreachable_devices, "every device that was looked at answered"),
    ("device_resource_exhausted", exhausted, "every device has processor time and memory left"),
    ("frr_service_down", silent_daemons, "every routing daemon that should run answered"),
    ("service_down", dead_services, "every service that should run does"),
    ("ip_forwarding_disabled", still_routers, "every router forwards"),
    ("version_mismatch", wrong_versions, "every device runs the version that it should"),
    ("missing_install", missing_packages, "every package that should be there is"),
    ("interface_admin_down", shut_interfaces, "no interface in use is shut down against the inventory"),
    ("link_detach", detached_interfaces, "every link's interfaces are there"),
    ("link_down", dead_links, "every link has carrier at the ends that are up"),
    ("link_flap", flapping, "no link comes and goes"),
    ("link_packet_loss", lossy_links, "no probe over the links in question was lost for good"),
    ("link_packet_corruption", damaging_links, "no packet over the links in question was damaged"),
    ("mtu_mismatch", different_mtus, "the ends of every link have the same MTU"),
    ("link_capacity_bottleneck", bottlenecks, "no link's end is throttled"),
    ("duplex_mismatch", clashing_duplex, "the ends of every link have the same duplex"),
    ("interface_errors", damaged_frames, "no interface receives damaged frames"),
    ("mac_flap", half_bundles, "every bundle is one at both of its ends"),
    ("lag_member_down", left_out_members, "every member carries its part of its bundle"),
    ("vlan_mismatch", vlan_mismatches, "every port carries the VLANs that it did, and that its other end carries"),
    ("l2_port_missing", lost_ports, "every port is in its bridge"),
    ("stp_disabled", disabled, "every bridge takes part in spanning tree"),
    ("stp_root_moved", moved_roots, "the root of every tree is the one that it was"),
    ("stp_cost_misconfig", moved_stp_costs, "no port's cost changed its tree"),
    ("l2_loop", loops, "every link that spanning tree blocked is blocked"),
    ("stp_port_blocked_unexpectedly", blocked_ports, "every port that forwarded does"),
    ("mac_address_conflict", twin_macs, "every MAC address is one interface's"),
    ("host_missing_ip", hosts_addresses, "every host has the address that the inventory gives it"),
    ("host_incorrect_gateway", wrong_gateways, "every host's way out is the one that it was"),
    ("host_static_blackhole", blackholes, "no route drops what it did not drop before"),
    ("bgp_acl_block", blocks("bgp_acl_block"), "no filter drops BGP"),
    ("ospf_acl_block", blocks("ospf_acl_block"), "no filter drops OSPF"),
    ("isis_acl_block", blocks("isis_acl_block"), "no filter drops IS-IS"),
    ("icmp_acl_block", either(blocks("icmp_acl_block"), silent_to_pings), "no filter drops ICMP"),
    ("arp_acl_block", blocks("arp_acl_block"), "no filter drops ARP"),
    ("http_acl_block", blocks("http_acl_block"), "no filter drops HTTP"),
    ("host_incorrect_ip", wrong_interface_addresses, "every link end that a session needs has its inventory's address"),
    ("ospf_area_misconfiguration", disagreements("ospf_area_misconfiguration"), "adjacent ends are in one area"),
    ("ospf_timer_mismatch", disagreements("ospf_timer_mismatch"), "adjacent ends have the same OSPF timers"),
    ("ospf_area_type_mismatch", disagreements("ospf_area_type_mismatch"), "adjacent ends agree on the area's kind"),
    ("ospf_auth_mismatch", disagreements("ospf_auth_mismatch"), "adjacent ends have the same OSPF keys"),
    ("ospf_network_type_mismatch", disagreements("ospf_network_type_mismatch"), "adjacent ends agree on the network"),
    ("ospf_passive_interface", disagreements("ospf_passive_interface"), "no OSPF adjacency is lost to silence"),
    ("isis_level_mismatch", disagreements("isis_level_mismatch"), "adjacent ends have an IS-IS level in common"),
    ("isis_area_mismatch", disagreements("isis_area_mismatch"), "adjacent ends of level 1 are in one area"),
    ("isis_auth_mismatch", disagreements("isis_auth_mismatch"), "adjacent ends have the same IS-IS passwords"),
    ("isis_network_type_mismatch", disagreements("isis_network_type_mismatch"), "adjacent ends agree on the circuit"),
    ("isis_passive_interface", disagreements("isis_passive_interface"), "no IS-IS adjacency is lost to silence"),
    ("ospf_neighbor_missing", left_out("ospf", "ospf_neighbor_missing"), "every interface that should be is in OSPF"),
    ("isis_neighbor_missing", left_out("isis", "isis_neighbor_missing"), "every interface that should be is in IS-IS"),
    ("ospf_duplicate_router_id", duplicate_ids("ospf", "ospf_duplicate_router_id"), "every router id is one device's"),
    ("isis_duplicate_system_id", duplicate_ids("isis", "isis_duplicate_system_id"), "every system id is one device's"),
    ("ospf_cost_misconfig", moved_costs("ospf", "ospf_cost_misconfig"), "no cost moved traffic away"),
    ("isis_metric_misconfig", moved_costs("isis", "isis_metric_misconfig"), "no metric moved traffic away"),
    ("bgp_asn_misconfig", wrong_asns, "every neighbour's AS number is the one that it has"),
    ("bgp_peer_address_misconfig", wrong_addresses, "every neighbour's address is its own"),
    ("bgp_update_source_misconfig", wrong_sources, "every end speaks from where the other expects it"),
    ("bgp_neighbor_missing", missing_neighbors, "every neighbour that is waited for or intended is configured"),
    ("bgp_neighbor_shutdown", shut_neighbors, "no neighbour is shut down without a reason in the inventory"),
    ("bgp_auth_mismatch", unshared_passwords, "wherever one end has a password the other has one"),
    ("bgp_ttl_misconfig", wrong_ttls, "multihop and TTL security fit on every session"),
    ("bgp_max_prefix_exceeded", exceeded_limits, "no session was closed for a prefix limit"),
    ("bgp_address_family_missing", missing_families, "both ends activated the same address families"),
    ("bgp_route_filtered", filtered_routes, "no list denies what neighbours should learn"),
    ("bgp_next_hop_unreachable", dead_next_hops, "every next hop that is told is somebody's"),
    ("bgp_route_reflector_misconfig", lost_clients, "every reflector has the clients that it had"),
    ("bgp_blackhole_community_leak", leaked_blackholes, "nothing is told with the blackhole community"),
    ("bgp_hijacking", hijacked, "nobody originates what is another's"),
    ("bgp_missing_route_advertisement", missing_routes, "every prefix that is asked for is originated"),
)
"""The rules in the order of the layers, each with what it means when it finds nothing."""

PROBED = frozenset({"link_packet_loss", "link_packet_corruption"})
"""Faults that only probes show."""

CERTAIN = 0.5
"""Below it a cause is a lead: it goes to `unproven`."""


def judge(scene: Scene, observations: Sequence[Observation]) -> Diagnosis:
    """What is wrong in ``scene``, with evidence that stands in ``observations``."""
    found = {fault: list(rule(scene)) for fault, rule, _ in RULES}
    causes = _steady(merged([cause for causes in found.values() for cause in causes]))
    leads = [*_by_exclusion(scene, causes), *suspected_routes(scene)]
    leads += drift(scene, causes)
    every = [check_root_cause(cause, scene.facts.network) for cause in merged([*causes, *leads])]
    certain = [cause for cause in every if cause.confidence >= CERTAIN]
    signs = signs_of(scene)
    verdict, confidence = _verdict(scene, certain, signs)
    diagnosis = Diagnosis(
        verdict=verdict,
        confidence=confidence,
        root_causes=certain,
        symptoms=[sign.symptom for sign in signs if sign.kind in ("link", "ospf", "isis", "session")],
        ruled_out=_ruled_out(scene, found, every),
        unproven=[cause for cause in every if cause.confidence < CERTAIN],
        summary=_summary(scene, certain, signs),
        needs_person=for_a_person(certain),
    )
    return verify_evidence(diagnosis, observations)


def _steady(causes: Sequence[RootCause]) -> list[RootCause]:
    """A link that flaps was seen in one of its bad moments: it is not down besides."""
    flapping = {cause.resource for cause in causes if cause.fault_type == "link_flap" and cause.confidence >= CERTAIN}
    return [cause for cause in causes if cause.fault_type != "link_down" or cause.resource not in flapping]


def recovered(before: Sequence[Sign], after: Sequence[Sign], how: str) -> Recovered | None:
    """The episode, when there were signs and there are none any more."""
    if not before or after:
        return None
    return Recovered(what="; ".join(sign.what for sign in before), how_we_know=how)


def _by_exclusion(scene: Scene, causes: Sequence[RootCause]) -> list[RootCause]:
    """What is left for a session that nothing else explains: passwords that both ends have and that differ."""
    named = {cause.resource for cause in causes}
    return [lead for lead in different_passwords(scene) if lead.resource not in named and not _concerned(lead, causes)]


def _concerned(lead: RootCause, causes: Sequence[RootCause]) -> bool:
    devices = {evidence.device for evidence in lead.evidence}
    return any(devices <= {evidence.device for evidence in cause.evidence} for cause in causes if cause.evidence)


def _verdict(scene: Scene, causes: Sequence[RootCause], signs: Sequence[Sign]) -> tuple[Verdict, float]:
    if causes:
        return "true_positive", max(cause.confidence for cause in causes)
    if signs or not scene.facts.sights or unclear(scene, scene.facts.sights):
        return "uncertain", 0.5
    return "false_positive", 0.97


def _summary(scene: Scene, causes: Sequence[RootCause], signs: Sequence[Sign]) -> str:
    swept = f"{len(scene.facts.sights)} devices, {len(scene.cables)} links, {len(scene.peering.sessions)} BGP sessions"
    if causes:
        return " ".join(first_sentence(cause.summary) for cause in causes)
    if signs:
        return f"Looked at {swept}: {'; '.join(sign.what for sign in signs[:5])}; no cause could be proven."
    blind = unclear(scene, scene.facts.sights)
    if blind or not scene.facts.sights:
        return f"Looked at {swept}; nothing wrong was seen, but {'; '.join(blind[:5]) or 'nothing was looked at'}."
    return f"Healthy: swept {swept}, all as they should be."


def _ruled_out(scene: Scene, found: dict[str, list[RootCause]], every: Sequence[RootCause]) -> list[RuledOut]:
    """Only what was really looked at may be ruled out."""
    if not scene.facts.reachable:
        return []
    named = {cause.fault_type for cause in every}
    open_sessions = "; ".join(session_name(s) for s in _half_seen(scene)[:3])
    tail = f" (not judged, for only one end was seen: {open_sessions})" if open_sessions else ""
    return [
        RuledOut(fault_type=fault, because=because + (tail if fault.startswith("bgp_") else ""))
        for fault, _, because in RULES
        if not found[fault] and fault not in named and (scene.probes or fault not in PROBED)
    ]


def _half_seen(scene: Scene) -> list[Session]:
    return [s for s in scene.down if s.far is None and s.far_device not in scene.peering.peers]
