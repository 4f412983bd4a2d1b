"""Checks of BGP: sessions and what they carry, neighbours and their settings, prefixes that are originated."""

from collections.abc import Mapping

from nocmesh.diagnosis.checkkinds import (
    Arguments,
    CheckResult,
    Decide,
    Kind,
    kind,
    one_of,
    result,
    same_address,
    same_prefix,
    there,
)
from nocmesh.messages.state import Bgp, BgpNeighbor


def _find(bgp: Bgp, arguments: Arguments) -> BgpNeighbor | None:
    return next((n for n in bgp.neighbors if same_address(n.address, arguments["neighbor"])), None)


def _session(neighbor: BgpNeighbor, arguments: Arguments) -> CheckResult:
    wanted = arguments["state"].lower()
    reason = neighbor.last_error or neighbor.last_reset_reason
    why = f" ({reason})" if reason and neighbor.session_state != "established" else ""
    return result(neighbor.session_state == wanted, f"{neighbor.address} is {neighbor.session_state}{why}")


def _prefixes(field: str, word: str) -> Decide:
    def decide(neighbor: BgpNeighbor, arguments: Arguments) -> CheckResult:
        count: int | None = getattr(neighbor, field)
        up = neighbor.session_state == "established"
        told = "unknown" if count is None else count
        seen = f"{neighbor.address} is {neighbor.session_state}, {told} prefixes {word}"
        return result(up and count is not None and count >= arguments["min"], seen)

    return decide


def _remote_as(neighbor: BgpNeighbor, arguments: Arguments) -> CheckResult:
    return result(neighbor.remote_as == arguments["asn"], f"{neighbor.address} has remote AS {neighbor.remote_as}")


def _enabled(neighbor: BgpNeighbor, arguments: Arguments) -> CheckResult:
    seen = f"{neighbor.address} is {'enabled' if neighbor.enabled else 'shut down by configuration'}"
    return result(neighbor.enabled is arguments.get("enabled", True), seen)


def _family(neighbor: BgpNeighbor, arguments: Arguments) -> CheckResult:
    families = ", ".join(neighbor.address_families) or "no address family"
    present = arguments["family"] in neighbor.address_families
    return result(present is arguments.get("present", True), f"{neighbor.address} has {families} active")


def _neighbor(bgp: Bgp, arguments: Arguments) -> CheckResult:
    present = _find(bgp, arguments) is not None
    return result(present is arguments.get("present", True), there(present, f"BGP neighbor {arguments['neighbor']}"))


def _network(bgp: Bgp, arguments: Arguments) -> CheckResult:
    present = any(same_prefix(network, arguments["prefix"]) for network in bgp.networks)
    return result(present is arguments.get("present", True), there(present, f"network {arguments['prefix']} in BGP"))


def _of_neighbor(decide: Decide) -> Decide:
    return one_of(_find, "BGP neighbor {neighbor}", decide)


BGP: Mapping[str, Kind] = {
    "bgp_session": kind("bgp", _of_neighbor(_session), {"neighbor": str, "state": str}),
    "bgp_prefixes_received": kind(
        "bgp", _of_neighbor(_prefixes("prefixes_received", "received")), {"neighbor": str, "min": int}
    ),
    "bgp_prefixes_sent": kind("bgp", _of_neighbor(_prefixes("prefixes_sent", "sent")), {"neighbor": str, "min": int}),
    "bgp_remote_as": kind("bgp", _of_neighbor(_remote_as), {"neighbor": str, "asn": int}),
    "bgp_neighbor_enabled": kind("bgp", _of_neighbor(_enabled), {"neighbor": str}, {"enabled": bool}),
    "bgp_address_family": kind("bgp", _of_neighbor(_family), {"neighbor": str, "family": str}, {"present": bool}),
    "bgp_neighbor": kind("bgp", _neighbor, {"neighbor": str}, {"present": bool}),
    "bgp_network": kind("bgp", _network, {"prefix": str}, {"present": bool}),
}
"""Kinds by name."""
