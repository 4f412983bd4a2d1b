"""Arista EOS: which commands show a view; eos_* read the answers. Pure.

No views of filters, IS-IS, spanning tree and the log: no answer of a real device was at hand to try a reader on.
"""

from collections.abc import Sequence
from typing import Any

from nocmesh.messages.state import Output
from nocmesh_bridges.platforms import eos_interfaces, eos_routing, eos_switching, eos_system
from nocmesh_bridges.platforms.protocol import Ask, Source, Tables
from nocmesh_bridges.platforms.pulse import Part, pulse
from nocmesh_bridges.platforms.running import RUNNING, config_of, running_status


def _ports(answers: Sequence[Output]) -> Any:
    return eos_interfaces.interfaces(answers, "parsed").value


_RUNNING = Ask(RUNNING)
_PULSE = pulse(
    Part("interfaces", (Ask(eos_interfaces.INTERFACES),), _ports),
    Part("bgp", (Ask(eos_routing.BGP),), eos_routing.sessions),
    Part("ospf", (Ask(eos_routing.OSPF_NEIGHBORS),), eos_routing.neighbors_of),
)
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
        "pulse": _PULSE,
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
