"""What the policy says, for people at a shell."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nocmesh.cli.output import Format, put, say, show_list, show_one
from nocmesh.errors import NotFoundError
from nocmesh.inventory import load_inventory
from nocmesh.network import Device, Network
from nocmesh.policy.changes import asked_of
from nocmesh.policy.examples import outcomes
from nocmesh.policy.form import Rule
from nocmesh.policy.judge import Judgement, judge
from nocmesh.policy.policy import policy_of

REASONS = ("risk", "text", "rule", "line")
OUTCOMES = ("passed", "name", "expected", "found", "why")


AS_IF_IT_HAD_A_SHELL = True
"""A device that nobody described is taken for one that undoes by itself, so that the lines alone are judged."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What somebody would like to type."""

    device: str
    platform: str
    shell: bool
    lines: Sequence[str]
    rollback: Sequence[str]
    requested_by: str


def show(path: Path | None, form: Format) -> None:
    """Print the whole policy."""
    policy = policy_of(path)
    whole: dict[str, Any] = {
        "terms": {risk: terms.to_dict() for risk, terms in policy.terms.items()},
        "otherwise": dict(policy.otherwise),
        "tools": dict(policy.tools),
        "autonomy": {name: entry.model_dump() for name, entry in policy.autonomy.items()},
        "budget": policy.budget.model_dump(),
        "rules": [_shown(rule) for layer in policy.layers for rule in layer],
    }
    show_one(whole, "terms", form)


def _shown(rule: Rule) -> dict[str, Any]:
    return rule.model_dump(mode="json", exclude_defaults=True, by_alias=True)


def explain(wish: Wish, inventory: Path | None, path: Path | None, form: Format) -> None:
    """Print the risk of ``wish``, why, and what it takes."""
    network = load_inventory(inventory).network() if inventory else Network()
    device = _device(wish, network)
    asked = asked_of(
        device,
        network,
        wish.lines,
        wish.rollback,
        spoken="linux" if wish.shell else device.platform,
        requested_by=wish.requested_by,
        at=datetime.now(UTC),
    )
    found = judge(policy_of(path), asked)
    if form is not Format.TABLE:
        show_one({**found.to_dict(), "takes": takes(found)}, "risk", form)
        return
    put(f"{found.risk}: it takes {takes(found)}")
    show_list([reason.to_dict() for reason in found.reasons], REASONS, "risk", form)


def _device(wish: Wish, network: Network) -> Device:
    found = network.device(wish.device)
    if network.devices and found is None:
        known = ", ".join(device.name for device in network.devices[:20])
        raise NotFoundError(f"the inventory has no device {wish.device!r}; it has: {known}")
    return found or Device(
        name=wish.device or "the device", platform=wish.platform, address="", shell=AS_IF_IT_HAD_A_SHELL
    )


def takes(found: Judgement) -> str:
    """What the risk takes, in words."""
    people, minutes = found.terms.approvals, found.terms.delay_seconds / 60
    if people:
        return "the approval of one person" if people == 1 else f"the approval of {people} different people"
    return f"nobody; for {minutes:g} minutes anybody may stop it" if minutes else "nobody"


def check(path: Path | None, form: Format) -> int:
    """Run the examples; 1 when one fails."""
    found = outcomes(policy_of(path))
    failed = [row for row in found if not row["passed"]]
    show_list(found if form is not Format.TABLE else failed, OUTCOMES, "name", form)
    say(f"{len(found) - len(failed)} of {len(found)} examples hold")
    return 1 if failed else 0
