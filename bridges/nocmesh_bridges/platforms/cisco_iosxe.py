"""Cisco IOS and IOS-XE: which commands show a view; ios_* read the answers, each a noun of its own. Pure."""

from collections.abc import Sequence
from typing import Any

from nocmesh.messages.state import Output, ViewStatus
from nocmesh_bridges.platforms import (
    ios_bgp,
    ios_filters,
    ios_interfaces,
    ios_isis,
    ios_log,
    ios_neighbors,
    ios_ospf,
    ios_stp,
    ios_switching,
    ios_system,
)
from nocmesh_bridges.platforms.iosroutes import ROUTES, routes_of, routes_status
from nocmesh_bridges.platforms.protocol import Ask, Parsed, Source, Tables
from nocmesh_bridges.platforms.pulse import Part, pulse
from nocmesh_bridges.platforms.running import RUNNING, config_of, running_status


def _routes(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    return Parsed(status=status, value=routes_of(answers[0].text))


def _ports(answers: Sequence[Output]) -> Any:
    return ios_interfaces.interfaces(answers, "parsed").value


def _trees(answers: Sequence[Output]) -> Any:
    """Spanning tree without its details, which are long."""
    return ios_stp.stp([*answers, Output(command=ios_stp.DETAIL, text="", status="unasked")], "parsed").value


_RUNNING = Ask(RUNNING)
_OSPF = (Ask(ios_ospf.PROCESS), Ask(ios_ospf.INTERFACES), Ask(ios_ospf.NEIGHBORS), _RUNNING)
_SWITCHING = (Ask(ios_switching.PORTS), Ask(ios_switching.VLANS), Ask(ios_switching.BUNDLES))
_PULSE = pulse(
    Part("interfaces", (Ask(ios_interfaces.INTERFACES),), _ports),
    Part("bgp", (Ask(ios_bgp.NEIGHBORS),), ios_bgp.sessions),
    Part("ospf", (Ask(ios_ospf.NEIGHBORS),), ios_ospf.neighbors_of),
    Part("isis", (Ask(ios_isis.NEIGHBORS),), ios_isis.adjacencies_of),
    Part("stp", (Ask(ios_stp.TREES),), _trees),
)
_SYSTEM = (
    Ask(ios_system.VERSION),
    *(Ask(command, needed=False) for command in (ios_system.MEMORY, ios_system.CPU, ios_system.PACKAGES)),
)
CISCO_IOSXE = Tables(
    name="cisco_iosxe",
    views={
        "interfaces": Source((Ask(ios_interfaces.INTERFACES),), ios_interfaces.interfaces),
        "neighbors": Source((Ask(ios_neighbors.ARP), Ask(ios_neighbors.LLDP, needed=False)), ios_neighbors.neighbors),
        "routes": Source((Ask(ROUTES),), _routes),
        "filters": Source((Ask(ios_filters.LISTS), _RUNNING), ios_filters.filters),
        "bgp": Source((Ask(ios_bgp.NEIGHBORS), _RUNNING), ios_bgp.bgp),
        "ospf": Source(_OSPF, ios_ospf.ospf),
        "isis": Source((Ask(ios_isis.NEIGHBORS), _RUNNING), ios_isis.isis),
        "stp": Source((Ask(ios_stp.TREES), Ask(ios_stp.DETAIL, needed=False)), ios_stp.stp),
        "mac_table": Source((Ask(ios_switching.MACS),), ios_switching.mac_table),
        "switching": Source(_SWITCHING, ios_switching.switching),
        "processes": Source((Ask(ios_system.CPU),), ios_system.processes),
        "system": Source(_SYSTEM, ios_system.system),
        "config": Source((_RUNNING,), config_of("cisco_iosxe")),
        "pulse": _PULSE,
        "log": Source((Ask(ios_log.LOGGING), Ask(ios_log.CLOCK, needed=False)), ios_log.log),
    },
    judges={
        RUNNING: running_status,
        ROUTES: routes_status,
        ios_interfaces.INTERFACES: ios_interfaces.interfaces_status,
        ios_bgp.NEIGHBORS: ios_bgp.bgp_status,
        **ios_neighbors.JUDGES,
        **ios_filters.JUDGES,
        **ios_ospf.JUDGES,
        **ios_isis.JUDGES,
        **ios_log.JUDGES,
        **ios_stp.JUDGES,
        **ios_switching.JUDGES,
        **ios_system.JUDGES,
    },
)
"""Cisco IOS and IOS-XE."""
