"""Where traffic goes now, beside where it went when all was well."""

from collections.abc import Iterator, Sequence

from nocmesh.diagnosis.facts import Facts, Sight
from nocmesh.messages.state import Route

MOST = 20
"""So many are told; a network that converged anew has thousands."""


def detours(facts: Facts) -> list[str]:
    """Destinations that are still reached, and through other interfaces or next hops than before, in words."""
    found: list[str] = []
    for sight in facts.reachable:
        found += _detours(sight)
        if len(found) >= MOST:
            break
    return found[:MOST]


def _detours(sight: Sight) -> Iterator[str]:
    if sight.routes is None or sight.before is None or sight.before.routes is None:
        return
    was = _ways(sight.before.routes)
    for prefix, way in _ways(sight.routes).items():
        if prefix in was and way != was[prefix]:
            yield f"{sight.name} reaches {prefix} by {_said(way)} instead of {_said(was[prefix])}"


Way = frozenset[tuple[str, str]]


def _ways(routes: Sequence[Route]) -> dict[str, Way]:
    """By prefix: the next hops and interfaces of the route that is used."""
    chosen = [
        route for route in routes if route.selected and not route.discards and (route.next_hops or route.interfaces)
    ]
    return {route.prefix: _way(route) for route in chosen}


def _way(route: Route) -> Way:
    hops = route.next_hops or [""] * len(route.interfaces)
    names = route.interfaces or [""] * len(hops)
    return frozenset(zip(hops, names, strict=False))


def _said(way: Way) -> str:
    return " and ".join(sorted(hop or name for hop, name in way)) or "nothing"


def lost_prefixes(sight: Sight) -> list[str]:
    """Prefixes that the device had a route to before and has none now; empty where either is not known."""
    if sight.routes is None or sight.before is None or sight.before.routes is None:
        return []
    now = {route.prefix for route in sight.routes if route.selected}
    return sorted({route.prefix for route in sight.before.routes if route.selected} - now)
