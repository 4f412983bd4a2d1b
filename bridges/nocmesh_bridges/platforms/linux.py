"""Linux behind a shell: iproute2's JSON, nftables' ruleset, /proc. The same tables serve a router's second door."""

from collections.abc import Mapping, Sequence
from typing import Any

from nocmesh.messages.state import Door, Output, View
from nocmesh_bridges.platforms import (
    linux_bridges,
    linux_config,
    linux_links,
    linux_log,
    linux_routes,
    linux_system,
    nftables,
)
from nocmesh_bridges.platforms.protocol import Ask, Judge, Source, Tables
from nocmesh_bridges.platforms.pulse import Part, pulse
from nocmesh_bridges.platforms.telling import entries_are, items_are

JUDGES: Mapping[str, Judge] = {
    linux_links.LINKS: items_are(linux_links.is_link),
    linux_links.SHAPERS: items_are(linux_links.is_shaper),
    linux_bridges.ADDRESSES: items_are(linux_bridges.is_mac_entry),
    linux_routes.ROUTES: items_are(linux_routes.is_route),
    linux_routes.NEIGHBORS: items_are(linux_routes.is_neighbor),
    linux_routes.LLDP: entries_are(linux_routes.is_lldp),
    nftables.RULESET: nftables.ruleset_status,
    linux_system.PROCESSES: linux_system.processes_status,
    linux_system.DAEMONS: linux_system.daemons_status,
    linux_system.FACTS: linux_system.facts_status,
    linux_system.PACKAGES: linux_system.packages_status,
    **linux_log.JUDGES,
}


def _ports(answers: Sequence[Output]) -> Any:
    """Interfaces without their shapers, which do not come and go."""
    unasked = Output(command=linux_links.SHAPERS, text="", status="unasked")
    return linux_links.interfaces([*answers, unasked], "parsed").value


def _trees(answers: Sequence[Output]) -> Any:
    return linux_bridges.spanning_tree(answers, "parsed").value


def sources(door: Door) -> dict[View, Source]:
    """Where each view comes from, through ``door``."""

    def ask(command: str) -> Ask:
        return Ask(command, door)

    def extra(command: str) -> Ask:
        return Ask(command, door, needed=False)

    links, shapers = ask(linux_links.LINKS), ask(linux_links.SHAPERS)
    rates = Ask(linux_links.SHAPERS, door, needed=False, asked=False)
    table, packages = ask(linux_system.PROCESSES), extra(linux_system.PACKAGES)
    routes, ruleset, facts = ask(linux_routes.ROUTES), ask(nftables.RULESET), ask(linux_system.FACTS)
    return {
        "interfaces": Source((links, rates), linux_links.interfaces),
        "queues": Source((shapers,), linux_links.queues),
        "neighbors": Source((ask(linux_routes.NEIGHBORS), extra(linux_routes.LLDP)), linux_routes.neighbors),
        "routes": Source((routes,), linux_routes.routes),
        "filters": Source((ruleset,), nftables.filters),
        "stp": Source((links,), linux_bridges.spanning_tree),
        "mac_table": Source((ask(linux_bridges.ADDRESSES),), linux_bridges.mac_table),
        "processes": Source((table, extra(linux_system.DAEMONS)), linux_system.processes),
        "system": Source((facts, extra(linux_system.PROCESSES), packages), linux_system.system),
        "config": Source(
            (links, routes, ruleset, facts, extra(linux_links.SHAPERS), extra(linux_system.PROCESSES)),
            linux_config.config,
        ),
        "pulse": pulse(Part("interfaces", (links,), _ports), Part("stp", (links,), _trees)),
        "log": Source((ask(linux_log.JOURNAL), extra(linux_log.CLOCK)), linux_log.log),
    }


LINUX = Tables(name="linux", views=sources("cli"), judges=JUDGES)
"""A Linux system: a host, a switch of kernel bridges."""
