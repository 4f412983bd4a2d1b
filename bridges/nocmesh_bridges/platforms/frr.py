"""FRRouting behind vtysh, with the Linux beneath it where the inventory gives a shell.

FRR 8.4 is what it was tried on; where later versions are known to name a thing otherwise, both are read. Pure.
"""

from collections.abc import Sequence
from typing import Any

from nocmesh.messages.state import Output, View
from nocmesh_bridges.platforms import (
    frr_bgp,
    frr_interfaces,
    frr_isis,
    frr_log,
    frr_ospf,
    frr_routes,
    frr_system,
    linux,
    linux_bridges,
    linux_links,
    linux_log,
    linux_system,
)
from nocmesh_bridges.platforms.protocol import Ask, Source, Tables
from nocmesh_bridges.platforms.pulse import Part, pulse
from nocmesh_bridges.platforms.running import RUNNING, config_of, running_status
from nocmesh_bridges.platforms.telling import entries_are


def _shell(command: str) -> Ask:
    """What only adds: a router without a shell is read all the same."""
    return Ask(command, "shell", needed=False)


def _ports(answers: Sequence[Output]) -> Any:
    """Interfaces without their shapers, which do not come and go."""
    unasked = Output(command=linux_links.SHAPERS, door="shell", text="", status="unasked")
    return frr_interfaces.interfaces([*answers, unasked], "parsed").value


def _trees(answers: Sequence[Output]) -> Any:
    return linux_bridges.spanning_tree(answers, "parsed").value


_PORTS, _LINKS = Ask(frr_interfaces.INTERFACES), Ask(linux_links.LINKS, "shell")
_CLI: dict[View, Source] = {
    "interfaces": Source(
        (
            Ask(frr_interfaces.INTERFACES, needed=False),
            _shell(linux_links.LINKS),
            Ask(linux_links.SHAPERS, "shell", needed=False, asked=False),
        ),
        frr_interfaces.interfaces,
    ),
    "routes": Source((Ask(frr_routes.ROUTES),), frr_routes.routes),
    "bgp": Source((Ask(frr_bgp.NEIGHBORS), Ask(RUNNING)), frr_bgp.bgp),
    "ospf": Source(
        (Ask(frr_ospf.PROCESS), Ask(frr_ospf.INTERFACES), Ask(frr_ospf.NEIGHBORS), Ask(RUNNING)), frr_ospf.ospf
    ),
    "isis": Source((Ask(frr_isis.INTERFACES), Ask(frr_isis.NEIGHBORS), Ask(RUNNING)), frr_isis.isis),
    "system": Source(
        (
            Ask(frr_system.VERSION),
            Ask(RUNNING, needed=False),
            Ask(frr_system.DAEMONS, needed=False),
            _shell(linux_system.FACTS),
            _shell(linux_system.PROCESSES),
            _shell(linux_system.PACKAGES),
        ),
        frr_system.system,
    ),
    "config": Source((Ask(RUNNING),), config_of("frr")),
    "pulse": pulse(
        Part("interfaces", (_PORTS, _LINKS), _ports),
        Part("bgp", (Ask(frr_bgp.NEIGHBORS),), frr_bgp.sessions),
        Part("ospf", (Ask(frr_ospf.NEIGHBORS),), frr_ospf.neighbors_of),
        Part("isis", (Ask(frr_isis.NEIGHBORS),), frr_isis.adjacencies_of),
        Part("stp", (_LINKS,), _trees),
    ),
    "log": Source((Ask(frr_log.LOGGING, needed=False), _shell(linux_log.CLOCK)), frr_log.log, frr_log.where),
}
_SHELL: tuple[View, ...] = ("queues", "neighbors", "filters", "stp", "mac_table", "processes")
"""What the kernel alone knows."""

FRR = Tables(
    name="frr",
    views=_CLI
    | {view: linux.sources("shell")[view] for view in _SHELL}
    | {"shell_config": linux.sources("shell")["config"]},
    judges={
        **linux.JUDGES,
        **frr_ospf.JUDGES,
        **frr_isis.JUDGES,
        **frr_log.JUDGES,
        **frr_system.JUDGES,
        RUNNING: running_status,
        frr_bgp.NEIGHBORS: entries_are(frr_bgp.is_neighbor),
        frr_interfaces.INTERFACES: entries_are(frr_interfaces.is_interface),
        frr_routes.ROUTES: entries_are(frr_routes.is_prefix),
    },
)
"""FRR."""
