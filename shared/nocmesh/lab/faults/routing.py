"""What routers say of their routing, cut down to what a symptom needs: neighbours, sessions, paths, next hops.

An answer that is no JSON (a daemon that is not there, a command that it does not know) counts as nothing seen.
"""

from typing import Any

import msgspec

from nocmesh.lab.faults.kinds import Ground


async def ask(lab: Ground, node: str, command: str) -> Any:
    """The decoded JSON of one command; `{}` when there is none."""
    printed = await lab.vtysh(node, command)
    try:
        return msgspec.json.decode(printed)
    except msgspec.DecodeError:
        return {}


async def ospf_full(lab: Ground, node: str) -> set[tuple[str, str]]:
    """Interface and router id of every neighbour in state Full."""
    answer = await ask(lab, node, "show ip ospf neighbor json")
    return {
        (str(one.get("ifaceName", "")).partition(":")[0], router_id)
        for router_id, several in answer.get("neighbors", {}).items()
        for one in several
        if str(one.get("nbrState", one.get("state", ""))).startswith("Full")
    }


async def isis_levels(lab: Ground, node: str, interface: str) -> set[int]:
    """The levels of the adjacencies that are up on an interface."""
    answer = await ask(lab, node, "show isis neighbor json")
    circuits = [circuit for area in answer.get("areas", []) for circuit in area.get("circuits", [])]
    up = [one["level"] for one in circuits if one.get("interface") == interface and one.get("state") == "Up"]
    return {level for both in up for level in (1, 2) if both & level}


async def isis_sequence(lab: Ground, node: str, lsp: str) -> int:
    """The sequence number of the LSP of that id, as the node has it; 0: it has none."""
    answer = await ask(lab, node, f"show isis database {lsp} json")
    levels = [level for area in answer.get("areas", []) for level in area.get("levels", [])]
    return max((int(level["seq-number"], 16) for level in levels if "seq-number" in level), default=0)


async def bgp_established(lab: Ground, node: str, address: str) -> bool:
    """True: the session to that address is up, as the node says."""
    answer = await ask(lab, node, "show bgp summary json")
    peers = answer.get("ipv4Unicast", {}).get("peers", {})
    return bool(peers.get(address, {}).get("state") == "Established")


async def bgp_paths(lab: Ground, node: str, prefix: str) -> list[dict[str, Any]]:
    """Every path that the node has for a prefix."""
    answer = await ask(lab, node, f"show bgp ipv4 unicast {prefix} json")
    return list(answer.get("paths", []))


async def next_hops(lab: Ground, node: str, prefix: str, protocol: str) -> set[str]:
    """The interfaces over which that protocol would forward to exactly that prefix; empty: it has no route."""
    answer = await ask(lab, node, f"show ip route {prefix} json")
    return {
        hop["interfaceName"]
        for route in answer.get(prefix, [])
        if route.get("protocol") == protocol
        for hop in route.get("nexthops", [])
        if "interfaceName" in hop
    }


async def protocol_of(lab: Ground, node: str, prefix: str) -> str:
    """Who gave the node its route to exactly that prefix; empty: it has none."""
    answer = await ask(lab, node, f"show ip route {prefix} json")
    selected = (str(route.get("protocol", "")) for route in answer.get(prefix, []) if route.get("selected"))
    return next(selected, "")
