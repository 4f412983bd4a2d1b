"""Cisco NX-OS: which commands show a view; nxos_* read the answers, which are text (ADR 0026). Pure.

No views of filters and spanning tree: too few answers of real devices were at hand to try a reader on.
"""

from collections.abc import Sequence
from typing import Any

from nocmesh.messages.state import Output
from nocmesh_bridges.platforms import (
    discovery,
    nxos_bgp,
    nxos_interfaces,
    nxos_isis,
    nxos_ospf,
    nxos_routes,
    nxos_switching,
    nxos_system,
)
from nocmesh_bridges.platforms.protocol import Ask, Source, Tables
from nocmesh_bridges.platforms.pulse import Part, pulse
from nocmesh_bridges.platforms.running import RUNNING, config_of, open_running_status


def _ports(answers: Sequence[Output]) -> Any:
    return nxos_interfaces.interfaces(answers, "parsed").value


_RUNNING = Ask(RUNNING)
_PULSE = pulse(
    Part("interfaces", (Ask(nxos_interfaces.INTERFACES),), _ports),
    Part("bgp", (Ask(nxos_bgp.NEIGHBORS),), nxos_bgp.sessions),
    Part("ospf", (Ask(nxos_ospf.NEIGHBORS),), nxos_ospf.neighbors_of),
    Part("isis", (Ask(nxos_isis.ADJACENCIES),), nxos_isis.adjacencies_of),
)
_NEIGHBORS = (Ask(nxos_interfaces.ARP), Ask(discovery.LLDP, needed=False), Ask(discovery.CDP, needed=False))
_OSPF = (Ask(nxos_ospf.PROCESS), Ask(nxos_ospf.INTERFACES), Ask(nxos_ospf.NEIGHBORS), _RUNNING)
_SWITCHING = (Ask(nxos_switching.PORTS), Ask(nxos_switching.VLANS), Ask(nxos_switching.BUNDLES))
_SYSTEM = (Ask(nxos_system.VERSION), Ask(nxos_system.RESOURCES, needed=False))
CISCO_NXOS = Tables(
    name="cisco_nxos",
    views={
        "interfaces": Source((Ask(nxos_interfaces.INTERFACES),), nxos_interfaces.interfaces),
        "neighbors": Source(_NEIGHBORS, nxos_interfaces.neighbors),
        "routes": Source((Ask(nxos_routes.ROUTES),), nxos_routes.routes),
        "bgp": Source((Ask(nxos_bgp.NEIGHBORS), _RUNNING), nxos_bgp.bgp),
        "ospf": Source(_OSPF, nxos_ospf.ospf),
        "isis": Source((Ask(nxos_isis.ADJACENCIES), _RUNNING), nxos_isis.isis),
        "mac_table": Source((Ask(nxos_switching.MACS),), nxos_switching.mac_table),
        "switching": Source(_SWITCHING, nxos_switching.switching),
        "processes": Source((Ask(nxos_system.CPU),), nxos_system.processes),
        "system": Source(_SYSTEM, nxos_system.system),
        "config": Source((_RUNNING,), config_of("cisco_nxos")),
        "pulse": _PULSE,
        "log": Source((Ask(nxos_system.LOGGING), Ask(nxos_system.CLOCK, needed=False)), nxos_system.log),
    },
    judges={
        RUNNING: open_running_status,
        **discovery.JUDGES,
        **nxos_interfaces.JUDGES,
        **nxos_routes.JUDGES,
        **nxos_bgp.JUDGES,
        **nxos_ospf.JUDGES,
        **nxos_isis.JUDGES,
        **nxos_switching.JUDGES,
        **nxos_system.JUDGES,
    },
)
"""Cisco NX-OS."""
