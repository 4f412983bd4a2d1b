"""When the demo's own users vote: only where no person has decided in time, and only the votes that are missing."""

from collections.abc import Mapping, Sequence
from typing import Any


def due(approval: Mapping[str, Any], users: Sequence[str], waited: float, patience: float) -> list[str]:
    """Those of ``users`` who vote for ``approval`` now, ``waited`` seconds after it was seen first."""
    if approval.get("status") != "pending" or waited < patience:
        return []
    voted = {vote["person"] for vote in approval.get("votes") or []}
    missing = max(int(approval.get("quorum") or 0), 1) - len(voted)
    return [user for user in users if user not in voted][: max(missing, 0)]


def needed(approval: Mapping[str, Any]) -> str:
    """Who must do what with ``approval``, in words."""
    quorum = int(approval.get("quorum") or 0)
    if not quorum:
        return "it goes in some minutes unless somebody rejects it; an approval ends the waiting"
    return f"{quorum} {'person' if quorum == 1 else 'people'} must approve"


def verdict_on(report: Mapping[str, Any], expected: Mapping[str, str] | None) -> str:
    """What is wrong with the diagnosis, by what the network knows was injected; empty: nothing.

    An incident that was handed to a person is judged like any other: by its cause, not by its end.
    """
    named = [(cause["resource"], cause["fault_type"]) for cause in report.get("root_causes") or []]
    found = ", ".join(f"{kind} on {where}" for where, kind in named) or "no cause"
    if expected is None:
        wrong = named or report.get("verdict") != "false_positive"
        return f"the network was healthy, the mesh says {report.get('verdict')}: {found}" if wrong else ""
    right = (expected["resource"], expected["fault_type"])
    return "" if named == [right] else f"injected was {right[1]} on {right[0]}, the mesh names {found}"
