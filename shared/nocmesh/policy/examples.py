"""The examples that stand beside a policy's rules: what they expect, and what the policy says. Pure."""

from datetime import datetime
from typing import Any

from nocmesh.policy.form import ExampleEntry
from nocmesh.policy.judge import Asked, judge
from nocmesh.policy.policy import Policy


def outcomes(policy: Policy) -> list[dict[str, Any]]:
    """Each example with its name, whether it ``passed``, the risk that was expected and found, and why."""
    return [_outcome(policy, example) for example in policy.tests]


def _outcome(policy: Policy, example: ExampleEntry) -> dict[str, Any]:
    found = judge(policy, asked_by(example))
    return {
        "name": example.name,
        "passed": found.risk == example.expect,
        "expected": example.expect,
        "found": found.risk,
        "why": "; ".join(found.why),
    }


def asked_by(example: ExampleEntry) -> Asked:
    """What the example asks of a policy."""
    device = example.device
    return Asked(
        lines=example.lines,
        door=example.door,
        device=device.name,
        platform="linux" if example.door == "shell" else device.platform,
        role=device.role,
        site=device.site,
        core=device.core,
        cut_off=example.cut_off,
        reversible=example.reversible,
        requested_by=example.requested_by,
        tool=example.tool,
        at=datetime.fromisoformat(example.at),
    )
