"""Risk: what a change can break, as the policy says."""

import re
from datetime import datetime

from nocmesh.messages.change import Change, Risk
from nocmesh.messages.state import ConfigLine
from nocmesh.network import Device, Network
from nocmesh.policy.changes import asked_of
from nocmesh.policy.judge import judge
from nocmesh.policy.policy import Policy

_ROUTES = re.compile(
    r"^(?:no )?(?:router |route-map |access-list |bgp |vrf |key chain "
    r"|(?:ip|ipv6) (?:route|routing|forwarding|prefix-list|access|policy|as-path|community-list|address|ospf|router))"
)
"""What begins a line of routing or of a filter, or the header that it stands under."""


def is_routing(line: ConfigLine) -> bool:
    """Whether ``line`` is about routing or a filter."""
    return bool(_ROUTES.match(line.text) or _ROUTES.match(line.section))


def risk_of(policy: Policy, network: Network, change: Change, at: datetime | None) -> tuple[Risk, list[str]]:
    """The risk of ``change`` by ``policy``, with the reasons why it is not less.

    The bridge judges it again, by the same rules, before it types anything.
    """
    device = network.device(change.device) or Device(name=change.device, platform=change.platform, address="")
    spoken = "linux" if change.door == "shell" else change.platform
    asked = asked_of(
        device,
        network,
        change.commands,
        change.rollback,
        spoken=spoken,
        requested_by=change.requested_by,
        at=at,
    )
    found = judge(policy, asked)
    return found.risk, found.why
