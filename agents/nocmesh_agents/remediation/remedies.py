"""Which remedy heals which cause."""

from collections.abc import Callable, Mapping, Sequence

from nocmesh.diagnosis.signs import Scene
from nocmesh.diagnosis.vocabulary import fault_type
from nocmesh.messages.report import RootCause
from nocmesh_agents.remediation import (
    agreeing,
    identities,
    neighbors,
    process,
    sessions,
    shell_filters,
    shell_hosts,
    shell_ports,
)
from nocmesh_agents.remediation import shell_services as services
from nocmesh_agents.remediation.concerns import curable
from nocmesh_agents.remediation.edits import Fix, Refusal
from nocmesh_agents.remediation.past import as_it_was

Answer = Fix | Refusal
Remedy = Callable[[Scene, RootCause], list[Answer]]

IGP = ("ospf", "isis")
REMEDIES: Mapping[str, Sequence[Remedy]] = {
    **{fault: (as_it_was, agreeing.as_the_far_end) for fault in curable() if fault_type(fault).family in IGP},
    **{fault: (as_it_was,) for fault in curable() if fault_type(fault).family not in IGP},
    "interface_admin_down": (shell_ports.up,),
    "mtu_mismatch": (as_it_was, shell_ports.mtu),
    "mac_address_conflict": (shell_ports.mac,),
    "host_incorrect_ip": (as_it_was, shell_hosts.readdressed),
    "host_incorrect_netmask": (as_it_was, shell_hosts.readdressed),
    "host_missing_ip": (as_it_was, shell_hosts.readdressed),
    "host_ip_conflict": (as_it_was, shell_hosts.readdressed),
    "host_incorrect_gateway": (shell_hosts.gateway,),
    "host_static_blackhole": (as_it_was, shell_hosts.blackhole),
    "l2_port_missing": (as_it_was, shell_ports.member),
    "l2_loop": (as_it_was, shell_ports.loop),
    "stp_disabled": (as_it_was, shell_ports.tree("stp_state")),
    "stp_root_moved": (as_it_was, shell_ports.tree("priority")),
    "stp_cost_misconfig": (as_it_was, shell_ports.retuned("cost")),
    "stp_port_blocked_unexpectedly": (
        as_it_was,
        shell_ports.retuned("root_block", "guard", "cost", "priority"),
    ),
    "ip_forwarding_disabled": (as_it_was, services.forwarding),
    "frr_service_down": (services.daemons,),
    "service_down": (services.services,),
    **dict.fromkeys(shell_filters.FAULTS, (as_it_was, shell_filters.opened)),
    "ospf_duplicate_router_id": (identities.router_id,),
    "bgp_asn_misconfig": (as_it_was, sessions.asn),
    "bgp_peer_address_misconfig": (as_it_was, neighbors.moved),
    "bgp_neighbor_missing": (as_it_was, neighbors.added),
    "bgp_neighbor_shutdown": (as_it_was, sessions.shutdown),
    "bgp_auth_mismatch": (as_it_was, sessions.password),
    "bgp_ttl_misconfig": (as_it_was, sessions.ttl),
    "bgp_update_source_misconfig": (as_it_was, sessions.update_source),
    "bgp_address_family_missing": (as_it_was, sessions.family),
    "bgp_max_prefix_exceeded": (as_it_was, sessions.limit),
    "bgp_missing_route_advertisement": (as_it_was, process.route),
}
"""What heals a cause: the first remedy that knows what to do. A fault that is not here needs a person's hands."""
