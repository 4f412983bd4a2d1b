"""Checks of OSPF, IS-IS and routes: adjacencies, what interfaces are set to, identities, ways."""

from collections.abc import Mapping, Sequence

from nocmesh.diagnosis.checkkinds import (
    Arguments,
    CheckResult,
    Kind,
    alike,
    kind,
    one_of,
    result,
    same_address,
    same_prefix,
)
from nocmesh.messages.state import Isis, IsisInterface, Ospf, OspfInterface, OspfNeighbor, Route

_LEADING: Mapping[str, type] = {"interface": str, "via": str, "discards": bool}
_FIELDS: Mapping[str, type] = {"network_type": str, "passive": bool}
_OSPF: Mapping[str, type] = {"area": str, "cost": int, **_FIELDS}
_ISIS: Mapping[str, type] = {"level": str, "metric": int, **_FIELDS}


def _ospf_adjacency(ospf: Ospf, arguments: Arguments) -> CheckResult:
    """Full; two routers that are neither designated nor its backup stay two-way (RFC 2328 §10.4)."""
    name, wanted = arguments["interface"], arguments.get("router_id", "")
    found = [n for n in ospf.neighbors if n.interface == name and wanted in ("", n.router_id)]
    said = ", ".join(f"{n.router_id} is {n.state}" for n in found)
    return result(any(map(_is_full, found)), f"on {name} {said}" if said else f"no OSPF neighbour on {name}")


def _is_full(neighbor: OspfNeighbor) -> bool:
    return neighbor.state == "full" or (neighbor.state == "two_way" and neighbor.role == "drother")


def _ospf_interface(ospf: Ospf, arguments: Arguments) -> OspfInterface | None:
    return next((i for i in ospf.interfaces if i.name == arguments["interface"]), None)


def _router_id(ospf: Ospf, arguments: Arguments) -> CheckResult:
    return result(ospf.router_id == arguments["router_id"], f"its OSPF router id is {ospf.router_id or 'unknown'}")


def _isis_adjacency(isis: Isis, arguments: Arguments) -> CheckResult:
    """Up at the level, or at both."""
    name, level = arguments["interface"], arguments.get("level", "")
    found = [a for a in isis.adjacencies if a.interface == name]
    up = [a for a in found if a.state == "up" and (level in ("", a.level) or a.level == "level-1-2")]
    said = ", ".join(f"{a.system_id} is {a.state} at {a.level}" for a in found)
    return result(bool(up), f"on {name} {said}" if said else f"no IS-IS adjacency on {name}")


def _isis_interface(isis: Isis, arguments: Arguments) -> IsisInterface | None:
    return next((i for i in isis.interfaces if i.name == arguments["interface"]), None)


def _system_id(isis: Isis, arguments: Arguments) -> CheckResult:
    return result(isis.system_id == arguments["system_id"], f"its system id is {isis.system_id or 'unknown'}")


def _route(routes: Sequence[Route], arguments: Arguments) -> CheckResult:
    protocol, interface = arguments.get("protocol", ""), arguments.get("interface", "")
    known = [r for r in routes if same_prefix(r.prefix, arguments["prefix"]) and protocol in {"", r.protocol}]
    found = [r for r in known if not interface or (r.selected and interface in r.interfaces)]
    found = [r for r in found if _leads(r, arguments)]
    said = f"{arguments['prefix']} by {known[0].protocol}" if known else f"no such route to {arguments['prefix']}"
    through = f" through {', '.join(known[0].interfaces) or 'no interface'}" if known and interface else ""
    return result(bool(found) is arguments.get("present", True), f"{said}{through}")


def _leads(route: Route, arguments: Arguments) -> bool:
    """By the next hop that is asked for, and dropped or not."""
    via = arguments.get("via", "")
    led = not via or any(same_address(hop, via) for hop in route.next_hops)
    return led and route.discards is arguments.get("discards", route.discards)


IGP: Mapping[str, Kind] = {
    "ospf_adjacency": kind("ospf", _ospf_adjacency, {"interface": str}, {"router_id": str}),
    "ospf_interface": kind(
        "ospf", one_of(_ospf_interface, "OSPF on {interface}", alike("name", _OSPF)), {"interface": str}, _OSPF
    ),
    "ospf_router_id": kind("ospf", _router_id, {"router_id": str}),
    "isis_adjacency": kind("isis", _isis_adjacency, {"interface": str}, {"level": str}),
    "isis_interface": kind(
        "isis", one_of(_isis_interface, "IS-IS on {interface}", alike("name", _ISIS)), {"interface": str}, _ISIS
    ),
    "isis_system_id": kind("isis", _system_id, {"system_id": str}),
    "route": kind("routes", _route, {"prefix": str}, {"present": bool, "protocol": str, **_LEADING}),
}
"""Kinds by name."""
