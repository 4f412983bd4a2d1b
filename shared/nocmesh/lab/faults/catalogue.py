"""Every kind of fault that the lab can make, by its name; a new family is a new line here."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType

from nocmesh.errors import NotFoundError
from nocmesh.lab.faults import (
    addressing,
    addressing_conflicts,
    addressing_routes,
    bgp,
    device,
    drift,
    filters,
    filters_answers,
    isis,
    layer2,
    links,
    links_interfaces,
    links_quality,
    ospf,
    stp,
)
from nocmesh.lab.faults.kinds import Kind

FAMILIES: tuple[tuple[Kind, ...], ...] = (
    bgp.KINDS,
    ospf.KINDS,
    isis.KINDS,
    links.KINDS,
    links_quality.KINDS,
    links_interfaces.KINDS,
    addressing.KINDS,
    addressing_conflicts.KINDS,
    addressing_routes.KINDS,
    filters.KINDS,
    filters_answers.KINDS,
    stp.KINDS,
    layer2.KINDS,
    device.KINDS,
    drift.KINDS,
)


@cache
def kinds() -> Mapping[str, Kind]:
    """All kinds by fault type."""
    return MappingProxyType({kind.fault_type: kind for family in FAMILIES for kind in family})


def kind(fault_type: str) -> Kind:
    """The kind of that name. Raises: NotFoundError with the nearest known one."""
    known = kinds()
    if fault_type in known:
        return known[fault_type]
    near = get_close_matches(fault_type[:100], known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
    raise NotFoundError(f"the lab cannot make {fault_type[:100]!r}; {hint}")


def fault_names() -> list[str]:
    """The names of all faults that can be injected, a family each."""
    return list(kinds())
