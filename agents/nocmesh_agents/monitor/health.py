"""What makes a mesh healthy. Pure: what was seen in, the verdict out."""

from collections.abc import Sequence
from typing import Any

from nocmesh.messages.agent import DiscoveryReply
from nocmesh.messages.session import Observation

NEEDED_TYPES = ("triage", "bgp", "remediation")


def verdict(members: DiscoveryReply, devices: Sequence[Observation]) -> dict[str, Any]:
    """Who is missing, which device does not answer, and whether all is well."""
    present = {candidate.type for candidate in members.candidates}
    missing = [needed for needed in NEEDED_TYPES if needed not in present]
    silent = {seen.device: seen.error or seen.status for seen in devices if seen.status != "ok"}
    return {
        "healthy": not missing and not silent,
        "agents": [candidate.to_dict() for candidate in members.candidates],
        "missing_types": missing,
        "devices": len(devices),
        "unreachable": silent,
    }
