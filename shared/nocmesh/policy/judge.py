"""What a policy says of a change: its risk, with every reason, and what that risk takes. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase

from nocmesh.messages.base import Message
from nocmesh.messages.change import Risk
from nocmesh.messages.policy import Terms
from nocmesh.messages.state import Door
from nocmesh.policy.form import DAYS, RISKS, Hours, Rule
from nocmesh.policy.policy import Layer, Policy
from nocmesh.policy.words import means

MOST_NAMED = 5
"""Devices that a reason names."""


class Asked(Message, frozen=True, kw_only=True):
    """Everything that a policy may look at."""

    lines: Sequence[str] = ()
    """What would be typed, with what undoes it."""
    door: Door = "cli"
    device: str = ""
    platform: str = ""
    """What is spoken behind the door."""
    role: str = ""
    site: str = ""
    core: bool = False
    cut_off: Sequence[str] = ()
    """Devices that it would cut off, by the inventory's links."""
    reversible: bool = True
    requested_by: str = ""
    """A type of agent, or a person."""
    tool: str = ""
    """Which tool does it; empty: a change of a device."""
    at: datetime | None = None


class Reason(Message, frozen=True, kw_only=True):
    """Why it is not less."""

    risk: Risk
    text: str
    rule: str = ""
    line: str = ""


class Judgement(Message, frozen=True, kw_only=True):
    """The risk, its reasons (those of the highest first), and what it takes."""

    risk: Risk
    reasons: list[Reason]
    terms: Terms

    @property
    def why(self) -> list[str]:
        """The reasons of exactly this risk, each said once."""
        return list(dict.fromkeys(reason.text for reason in self.reasons if reason.risk == self.risk))


def judge(policy: Policy, asked: Asked) -> Judgement:
    """What ``policy`` says of ``asked``."""
    found = [*_of_tool(policy, asked), *_of_lines(policy, asked), *_of_change(policy, asked)]
    found.sort(key=lambda reason: -RISKS.index(reason.risk))
    risk: Risk = found[0].risk if found else "low"
    return Judgement(risk=risk, reasons=list(dict.fromkeys(found)), terms=policy.terms[risk])


def highest(risks: Iterable[Risk]) -> Risk:
    """The highest of ``risks``; low when there is none."""
    return max(risks, key=RISKS.index, default="low")


def _of_tool(policy: Policy, asked: Asked) -> Iterator[Reason]:
    if asked.tool:
        rated = policy.tools.get(asked.tool)
        said = f"the tool {asked.tool} is rated {rated}" if rated else f"nobody has rated the tool {asked.tool}"
        yield Reason(risk=rated or "high", text=said)


def _of_lines(policy: Policy, asked: Asked) -> Iterator[Reason]:
    """Of each line the first rule of each layer; one that the built-in layer does not know has the risk left for it."""
    for line in dict.fromkeys(asked.lines):
        found = [_first(layer, asked, line) for layer in policy.layers]
        yield from (_reason(rule, asked, line) for rule in found if rule)
        if not found[0]:
            yield Reason(risk=policy.otherwise[asked.door], text="no rule is about this line", line=line)


def _first(layer: Layer, asked: Asked, line: str) -> Rule | None:
    return next((rule for rule in layer if rule.lines and _is_about(rule, asked, line)), None)


def _is_about(rule: Rule, asked: Asked, line: str) -> bool:
    if rule.door != asked.door or not _holds(rule, asked):
        return False
    strict = rule.risk in ("low", "medium")
    return any(means(line, words, door=asked.door, platform=asked.platform, strict=strict) for words in rule.lines)


def _of_change(policy: Policy, asked: Asked) -> Iterator[Reason]:
    for layer in policy.layers:
        yield from (_reason(rule, asked) for rule in layer if not rule.lines and _holds(rule, asked))


def _holds(rule: Rule, asked: Asked) -> bool:
    """Whether everything but the lines is as the rule states it."""
    return (
        (not rule.platforms or asked.platform in rule.platforms)
        and (not rule.devices or any(fnmatchcase(asked.device.lower(), name.lower()) for name in rule.devices))
        and (not rule.roles or asked.role in rule.roles)
        and (not rule.sites or asked.site in rule.sites)
        and (not rule.requested_by or asked.requested_by in rule.requested_by)
        and rule.core in (None, asked.core)
        and rule.reversible in (None, asked.reversible)
        and (rule.cuts_off is None or len(asked.cut_off) >= rule.cuts_off)
        and (rule.hours is None or _within(rule.hours, asked.at))
    )


def _within(hours: Hours, at: datetime | None) -> bool:
    """Whether ``at`` lies in the span; a time that nobody knows may lie in any."""
    if at is None:
        return True
    now = at.astimezone(UTC)
    over_midnight = hours.until <= hours.start
    begun_today = now.time() >= hours.start and (over_midnight or now.time() < hours.until)
    begun_before = over_midnight and now.time() < hours.until
    return (begun_today and _on(hours, now)) or (begun_before and _on(hours, now - timedelta(days=1)))


def _on(hours: Hours, at: datetime) -> bool:
    return not hours.days or DAYS[at.weekday()] in hours.days


def _reason(rule: Rule, asked: Asked, line: str = "") -> Reason:
    named = ", ".join(asked.cut_off[:MOST_NAMED])
    more = len(asked.cut_off) - MOST_NAMED
    cut_off = f"{named} and {more} more" if more > 0 else named
    text = rule.reason
    for place, value in (("{device}", asked.device), ("{cut_off}", cut_off), ("{line}", line)):
        text = text.replace(place, value)
    return Reason(risk=rule.risk, text=text, rule=rule.name, line=line)
