"""Cisco IOS-XR: which commands show a view; xr_* read the answers. Pure.

No views of filters, spanning tree, MAC tables and switching: no answer of a real device was at hand to try a reader on.
"""

from collections.abc import Sequence
from typing import Any

from nocmesh.messages.state import Output
from nocmesh_bridges.platforms import discovery, xr_bgp, xr_igp, xr_interfaces, xr_routes, xr_system
from nocmesh_bridges.platforms.protocol import Ask, Source, Tables
from nocmesh_bridges.platforms.pulse import Part, pulse
from nocmesh_bridges.platforms.running import RUNNING, config_of, running_status


def _ports(answers: Sequence[Output]) -> Any:
    return xr_interfaces.interfaces(answers, "parsed").value


_RUNNING = Ask(RUNNING)
_PULSE = pulse(
    Part("interfaces", (Ask(xr_interfaces.INTERFACES),), _ports),
    Part("bgp", (Ask(xr_bgp.NEIGHBORS),), xr_bgp.sessions),
    Part("ospf", (Ask(xr_igp.NEIGHBORS),), xr_igp.neighbors_of),
    Part("isis", (Ask(xr_igp.ADJACENCIES),), xr_igp.adjacencies_of),
)
_NEIGHBORS = (Ask(xr_interfaces.ARP), Ask(discovery.LLDP, needed=False), Ask(discovery.CDP, needed=False))
_SYSTEM = (Ask(xr_system.VERSION), Ask(xr_system.CPU, needed=False), Ask(RUNNING, needed=False))
CISCO_IOSXR = Tables(
    name="cisco_iosxr",
    views={
        "interfaces": Source((Ask(xr_interfaces.INTERFACES),), xr_interfaces.interfaces),
        "neighbors": Source(_NEIGHBORS, xr_interfaces.neighbors),
        "routes": Source((Ask(xr_routes.ROUTES),), xr_routes.routes),
        "bgp": Source((Ask(xr_bgp.NEIGHBORS), _RUNNING), xr_bgp.bgp),
        "ospf": Source((Ask(xr_igp.INTERFACES), Ask(xr_igp.NEIGHBORS), _RUNNING), xr_igp.ospf),
        "isis": Source((Ask(xr_igp.ADJACENCIES), _RUNNING), xr_igp.isis),
        "processes": Source((Ask(xr_system.CPU),), xr_system.processes),
        "system": Source(_SYSTEM, xr_system.system),
        "config": Source((_RUNNING,), config_of("cisco_iosxr")),
        "pulse": _PULSE,
        "log": Source((Ask(xr_system.LOGGING), Ask(xr_system.CLOCK, needed=False)), xr_system.log),
    },
    judges={
        RUNNING: running_status,
        **discovery.JUDGES,
        **xr_interfaces.JUDGES,
        **xr_routes.JUDGES,
        **xr_bgp.JUDGES,
        **xr_igp.JUDGES,
        **xr_system.JUDGES,
    },
)
"""Cisco IOS-XR."""
