"""Risk: what a change can break, by a rule that a person can say aloud."""

from collections.abc import Sequence

from nocmesh.messages.change import Risk
from nocmesh.network import Device
from nocmesh_agents.remediation.edits import Fix


def risk_of(device: Device, fixes: Sequence[Fix]) -> tuple[Risk, list[str]]:
    """The risk of ``fixes`` on ``device``, with its reasons.

    Routing and filters are critical, and so is whatever touches a core device; the state of an interface is medium;
    all else is high.
    """
    reasons = []
    if any(fix.routing for fix in fixes):
        reasons.append("it changes routing")
    if device.core:
        reasons.append(f"{device.name} is a core device")
    if reasons:
        return "critical", reasons
    sections = {edit.section for fix in fixes for edit in fix.edits}
    if all(section.startswith("interface ") for section in sections):
        return "medium", ["it changes the state of an interface"]
    return "high", ["it is neither routing nor the state of an interface"]
