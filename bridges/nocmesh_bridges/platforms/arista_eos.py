"""Arista EOS: which commands show a view; eos_* read the answers. Pure.

No views of filters, IS-IS and spanning tree: no answer of a real device was at hand to try a reader on.
"""

from nocmesh_bridges.platforms import eos_interfaces, eos_routing, eos_switching, eos_system
from nocmesh_bridges.platforms.protocol import Ask, Source, Tables
from nocmesh_bridges.platforms.running import RUNNING, config_of, running_status

_RUNNING = Ask(RUNNING)
_SWITCHING = (Ask(eos_switching.PORTS), Ask(eos_switching.VLANS), Ask(eos_switching.BUNDLES), _RUNNING)
_SYSTEM = (Ask(eos_system.VERSION), Ask(eos_system.TOP, needed=False), Ask(RUNNING, needed=False))
_OSPF = (Ask(eos_routing.OSPF_INTERFACES), Ask(eos_routing.OSPF_NEIGHBORS), _RUNNING)
_NEIGHBORS = (Ask(eos_interfaces.ARP), Ask(eos_interfaces.LLDP, needed=False))
ARISTA_EOS = Tables(
    name="arista_eos",
    views={
        "interfaces": Source((Ask(eos_interfaces.INTERFACES),), eos_interfaces.interfaces),
        "neighbors": Source(_NEIGHBORS, eos_interfaces.neighbors),
        "routes": Source((Ask(eos_routing.ROUTES),), eos_routing.routes),
        "bgp": Source((Ask(eos_routing.BGP), _RUNNING), eos_routing.bgp),
        "ospf": Source(_OSPF, eos_routing.ospf),
        "mac_table": Source((Ask(eos_switching.MACS),), eos_switching.mac_table),
        "switching": Source(_SWITCHING, eos_switching.switching),
        "processes": Source((Ask(eos_system.TOP),), eos_system.processes),
        "system": Source(_SYSTEM, eos_system.system),
        "config": Source((_RUNNING,), config_of("arista_eos")),
    },
    judges={
        RUNNING: running_status,
        **eos_interfaces.JUDGES,
        **eos_routing.JUDGES,
        **eos_switching.JUDGES,
        **eos_system.JUDGES,
    },
)
"""Arista EOS."""
