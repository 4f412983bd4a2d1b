"""Risk: what a change can break, by a rule that a person can say aloud."""

import re
from collections.abc import Sequence

from nocmesh.messages.change import Risk
from nocmesh.messages.state import ConfigLine
from nocmesh.network import Device
from nocmesh_agents.remediation.edits import Fix

_ROUTES = re.compile(
    r"^(?:no )?(?:router |route-map |access-list |bgp |vrf |key chain "
    r"|(?:ip|ipv6) (?:route|routing|forwarding|prefix-list|access|policy|as-path|community-list|address|ospf|router))"
)
"""What begins a line of routing or of a filter, or the header that it stands under."""
_STATE = re.compile(r"^(?:no )?(?:shutdown|description|speed|duplex|negotiation)\b")
"""Lines of an interface's own state."""


def is_routing(line: ConfigLine) -> bool:
    """Whether ``line`` is about routing or a filter."""
    return bool(_ROUTES.match(line.text) or _ROUTES.match(line.section))


def risk_of(device: Device, fixes: Sequence[Fix]) -> tuple[Risk, list[str]]:
    """The risk of ``fixes`` on ``device``, with its reasons.

    Routing and filters are critical, and so is whatever touches a core device, or one that cannot take a change back
    by itself; the state of an interface is medium; all else is high.
    """
    reasons = []
    if any(fix.routing for fix in fixes):
        reasons.append("it changes routing")
    if device.core:
        reasons.append(f"{device.name} is a core device")
    if not device.undoes_by_itself:
        reasons.append(f"nothing on {device.name} can undo it by itself")
    if reasons:
        return "critical", reasons
    edits = [edit for fix in fixes for edit in fix.edits]
    if all(edit.section.startswith("interface ") and all(map(_STATE.match, edit.do)) for edit in edits):
        return "medium", ["it changes the state of an interface"]
    return "high", ["it is neither routing nor the state of an interface"]
