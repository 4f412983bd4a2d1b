"""The examples that stand beside a policy's rules: what they expect, and what the policy says. Pure."""

from datetime import datetime
from typing import Any

from nocmesh.messages.change import Risk
from nocmesh.policy.form import RISKS, ExampleEntry
from nocmesh.policy.judge import Asked, judge
from nocmesh.policy.policy import Policy, built_in


def outcomes(policy: Policy) -> list[dict[str, Any]]:
    """Each example with its name, whether it ``passed``, the risk that was expected and found, and why.

    A file may make the built-in examples stricter: of those the expected risk is the least.
    """
    return [_outcome(policy, example) for example in policy.tests]


def _outcome(policy: Policy, example: ExampleEntry) -> dict[str, Any]:
    found = judge(policy, asked_by(example))
    return {
        "name": example.name,
        "passed": _holds(found.risk, example),
        "expected": example.expect,
        "found": found.risk,
        "why": "; ".join(found.why),
    }


def _holds(found: Risk, example: ExampleEntry) -> bool:
    if example in built_in().tests:
        return RISKS.index(found) >= RISKS.index(example.expect)
    return found == example.expect


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
