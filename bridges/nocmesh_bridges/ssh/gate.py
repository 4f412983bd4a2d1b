"""The gate: a change is written only when a valid decision covers exactly it, here and now. Pure.

No agent, model or prompt stands between this and the device: what arrives here is checked again, from the signed
decision itself, whatever anybody said before.
"""

from collections.abc import Sequence
from datetime import datetime

from nocmesh.bus import Speaker
from nocmesh.messages.approval import Decision
from nocmesh.messages.change import Change, DeviceCommand, Risk
from nocmesh_bridges.ssh import shellguard
from nocmesh_bridges.ssh.target import SHELL_PLATFORM, platform_at

QUORUM = {"low": 1, "medium": 1, "high": 1, "critical": 2}
"""People that must have said yes, by risk; nothing is written to a device without anybody's yes."""
MAX_SKEW_SECONDS = 30.0

_CRITICAL = tuple(
    tuple(words.split())
    for words in (
        "router", "neighbor", "network", "redistribute", "address-family", "bgp", "area", "net", "passive-interface",
        "aggregate-address", "default-information", "distance", "maximum-paths", "segment-routing", "mpls",
        "ip route", "ipv6 route", "ip routing", "ipv6 unicast-routing", "ip policy", "ip ospf", "ip router", "isis",
        "ipv6 ospf", "ipv6 router", "route-map", "access-list", "ip access-list", "ipv6 access-list", "ip access-group",
        "ipv6 traffic-filter", "ip prefix-list", "ipv6 prefix-list", "ip as-path", "ip community-list",
        "ip extcommunity-list", "vrf", "ip vrf", "do",
    )
)  # fmt: skip
"""What begins a line of routing or of a filter, or disturbs it at once.

Devices take abbreviations, so a beginning of each word counts.
"""


def floor(commands: Sequence[str], platform: str = "") -> Risk:
    """The least risk that lines have, whatever a change claims: routing and filters are critical.

    ``platform``: what is spoken behind the door that they go through; commands of a shell have their risk by shape.
    """
    if platform == SHELL_PLATFORM:
        return shellguard.floor(commands)
    return "critical" if any(_is_critical(line) for line in commands) else "medium"


def _is_critical(line: str) -> bool:
    words = line.lower().split()
    while words and words[0] in ("no", "default"):
        words = words[1:]
    return any(
        len(words) >= len(known) and all(full.startswith(word) for full, word in zip(known, words, strict=False))
        for known in _CRITICAL
    )


def needed(change: Change, *, core: bool = False, alone: bool = False) -> int:
    """How many different people must have approved ``change``.

    ``core``: its device carries the network; ``alone``: nothing on its device can take it back when the bridge dies.
    """
    spoken = platform_at(change.platform, change.door)
    least: Risk = "critical" if core or alone else floor([*change.commands, *change.rollback], spoken)
    return max(QUORUM[change.risk], QUORUM[least])


def refusal(
    command: DeviceCommand,
    decision: Decision | None,
    speaker: Speaker | None,
    now: datetime,
    *,
    core: bool = False,
    alone: bool = False,
) -> str:
    """Why ``command`` may not be carried out at ``now``; an empty text when it may.

    ``speaker`` is who signed the decision, as the bus verified it; ``core`` and ``alone`` as in ``needed``.
    """
    if decision is None:
        return f"there is no decision for approval {command.approval_id}"
    if speaker is None or speaker.role != "approvals":
        return f"the decision is signed by {speaker.name if speaker else 'nobody'}, not by the approvals process"
    if decision.verdict != "approved":
        return f"the decision says {decision.verdict} for approval {decision.approval_id}"
    wanted = needed(command.change, core=core, alone=alone)
    return _other(command, decision) or late(command, decision, now) or _votes(command.change, decision, wanted)


def _other(command: DeviceCommand, decision: Decision) -> str:
    """Why the decision is about something else: each approval covers one change of one run, once."""
    change = command.change
    if decision.approval_id != command.approval_id or decision.run_id != command.run_id:
        return f"the decision is for approval {decision.approval_id} of run {decision.run_id}"
    if decision.change_id != change.change_id or decision.device != change.device:
        return f"the decision is for change {decision.change_id} on {decision.device}"
    if decision.change_hash != change.hash():
        return "the change is not the one that was approved: its hash differs; propose it anew"
    return ""


def late(command: DeviceCommand, decision: Decision, now: datetime) -> str:
    """Why it is too late at ``now``; an empty text while it is not."""
    if command.deadline is not None and now >= command.deadline:
        return f"its run waited until {command.deadline:%Y-%m-%d %H:%M:%S} UTC and went on without it"
    if now >= decision.expires_at:
        return f"the approval expired at {decision.expires_at:%Y-%m-%d %H:%M:%S} UTC; propose the change anew"
    return ""


def _votes(change: Change, decision: Decision, wanted: int) -> str:
    if any(vote.decision == "reject" for vote in decision.votes):
        return "somebody rejected the change"
    people = {
        vote.person
        for vote in decision.votes
        if vote.change_hash == decision.change_hash
        and vote.approval_id == decision.approval_id
        and vote.at < decision.expires_at
        and vote.person not in ("", decision.requested_by, change.requested_by)
    }
    wanted = max(wanted, decision.quorum)
    if len(people) < wanted:
        return f"{wanted} different people must approve; counted: {', '.join(sorted(people)) or 'nobody'}"
    return ""


def moved(change: Change, running: str) -> str:
    """Why the device is not as it was when the change was made; an empty text when it is."""
    if not change.pre_state:
        return "the change is bound to no state of its device; propose it anew"
    if change.pre_state != running:
        return (
            f"{change.device} is not as it was when the change was proposed "
            f"(configuration {running[:12]}, not {change.pre_state[:12]}): look what changed, then propose anew"
        )
    return ""


def skewed(broker: datetime, ours: datetime) -> str:
    """Why our clock cannot be trusted to judge expiry; an empty text when it can."""
    off = abs((ours - broker).total_seconds())
    return f"this bridge's clock is {off:.0f} s off the broker's: set it right" if off > MAX_SKEW_SECONDS else ""
