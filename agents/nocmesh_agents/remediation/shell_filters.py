"""Fixes of packet filters at a shell: the rule that is proven to drop is removed, and put back exactly when undone."""

import re
from collections.abc import Sequence

from nocmesh.diagnosis.facts import Sight
from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.change import Check
from nocmesh.messages.report import RootCause
from nocmesh.messages.state import FilterRule
from nocmesh_agents.judgement.filters import blocking
from nocmesh_agents.remediation import checks
from nocmesh_agents.remediation.edits import Edit
from nocmesh_agents.remediation.shell import Answer, fix, no_shell, refused

FAULTS = (*("bgp_acl_block", "ospf_acl_block", "isis_acl_block", "icmp_acl_block", "arp_acl_block", "http_acl_block"),)
_PLAIN = re.compile(r"[A-Za-z0-9_.:,/@=!{}\"\- ]{1,200}")
"""What a rule may consist of so that it can be typed again: nothing that a shell or nft takes for more than a rule."""


def opened(scene: Scene, cause: RootCause) -> list[Answer]:
    """Every rule that is to blame goes, one by one."""
    sight = scene.facts.sights[cause.resource.split("/")[1]]
    rules = _once(blocking(sight, cause.fault_type))
    why = no_shell(sight) or next(filter(None, (_kept(rule) for rule in rules)), "")
    if why or not rules:
        return refused(cause, why) if why else []
    left = {rule.name: _once([r for r in sight.filters or [] if r.name == rule.name]) for rule in rules}
    edits = [_removal(rule, left[rule.name]) for rule in rules]
    proof = [checks.unfiltered(rule.name, rule.text) for rule in rules]
    proof += _restored(sight, cause.fault_type)
    words = "; ".join(f"{rule.text} of {rule.name}" for rule in rules)
    return [fix(sight, edits, f"{sight.name} no longer has the rule {words}.", proof)]


def _once(rules: Sequence[FilterRule]) -> list[FilterRule]:
    """A rule at several interfaces is one rule."""
    return list({(rule.name, rule.handle, rule.text): rule for rule in rules}.values())


def _kept(rule: FilterRule) -> str:
    if rule.text == "policy drop":
        return f"{rule.name} drops by its policy, which only a person may turn round"
    if rule.handle is None:
        return f"the device does not say by which handle {rule.text!r} of {rule.name} can be removed"
    if not _PLAIN.fullmatch(rule.text):
        return f"{rule.text!r} of {rule.name} could not be typed again as it stands"
    return ""


def _removal(rule: FilterRule, left: list[FilterRule]) -> Edit:
    """``left``: the rules of its chain that are still there; it goes from there too."""
    place = left.index(rule)
    left.remove(rule)
    where = f"insert rule {rule.name} index {place}" if place < len(left) else f"add rule {rule.name}"
    return Edit("filters", (f"nft delete rule {rule.name} handle {rule.handle}",), (f"nft '{where} {rule.text}'",))


def _restored(sight: Sight, fault: str) -> list[Check]:
    """What the filter kept from being, and was when all was well."""
    past = sight.before
    if past is None:
        return []
    if fault == "bgp_acl_block" and past.bgp:
        up = [n.address for n in past.bgp.neighbors if n.session_state == "established"]
        return [checks.established(address) for address in up]
    if fault == "ospf_acl_block" and past.ospf:
        return [checks.adjacent("ospf", n.interface) for n in past.ospf.neighbors if n.state == "full" and n.interface]
    if fault == "isis_acl_block" and past.isis:
        return [checks.adjacent("isis", a.interface) for a in past.isis.adjacencies if a.state == "up" and a.interface]
    return []
