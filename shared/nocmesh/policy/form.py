"""The form of a policy file: its rules, and what each value may be."""

import re
from datetime import time
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from nocmesh.messages.agent import Autonomy
from nocmesh.messages.change import Risk
from nocmesh.messages.policy import Way

RISKS: tuple[Risk, ...] = ("low", "medium", "high", "critical")
"""In the order of how much breaks."""
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LEVELS: tuple[Autonomy, ...] = ("observe", "diagnose", "propose", "act_with_approval", "act")
"""In the order of what an agent may have done for it."""


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _a_time(value: object) -> time:
    found = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", str(value), re.ASCII)
    if not found:
        raise ValueError(f"{str(value)[:40]!r} is no time of day; expected one such as '22:00' in quotes, UTC")
    return time(int(found[1]), int(found[2]))


def _some_words(value: object) -> str:
    text = str(value)
    if not text.strip() or not text.isascii() or not text.isprintable():
        raise ValueError(f"{text!r} is no beginning of a line; expected words such as 'ip route'")
    return " ".join(text.lower().split())


TimeOfDay = Annotated[time, BeforeValidator(_a_time)]
Words = Annotated[str, BeforeValidator(_some_words)]


class TermsEntry(_Form):
    """What a risk takes."""

    approvals: int = Field(ge=0, le=10)
    """Different people that must say yes."""
    delay_minutes: float = Field(0, ge=0, le=1440)
    """With no approvals: how long anybody may still stop it."""


class Hours(_Form):
    """A span of the day, UTC; one whose end is before its start goes over midnight."""

    days: tuple[Day, ...] = ()
    """On which days it begins; empty: on all."""
    start: TimeOfDay = Field(alias="from")
    until: TimeOfDay


class Rule(_Form):
    """One rule; each condition that it states must hold."""

    name: str = Field(min_length=1, max_length=80)
    risk: Risk
    reason: str = Field(min_length=1, max_length=200)
    """For people; `{device}`, `{cut_off}` and `{line}` are filled in."""
    lines: tuple[Words, ...] = ()
    door: Way = "cli"
    """Of its lines."""
    platforms: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    """Names; `*` stands for any characters."""
    roles: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    core: bool | None = None
    cuts_off: int | None = Field(None, ge=1)
    """So many devices or more would be cut off."""
    reversible: bool | None = None
    """Whether the device undoes the change by itself when nobody confirms it."""
    requested_by: tuple[str, ...] = ()
    """Types of agents."""
    hours: Hours | None = None


class AutonomyEntry(_Form):
    """What a type of agent may have done for it."""

    start: Autonomy
    ceiling: Autonomy

    @model_validator(mode="after")
    def _ordered(self) -> "AutonomyEntry":
        if LEVELS.index(self.start) > LEVELS.index(self.ceiling):
            raise ValueError(f"it starts with {self.start}, above its ceiling {self.ceiling}")
        return self


class DeviceEntry(_Form):
    """A device of a test."""

    name: str = "r1"
    platform: str = "frr"
    role: str = ""
    site: str = ""
    core: bool = False


class ExampleEntry(_Form):
    """One example of what the policy must say."""

    name: str
    lines: tuple[str, ...] = ()
    door: Way = "cli"
    device: DeviceEntry = DeviceEntry()
    tool: str = ""
    cut_off: tuple[str, ...] = ()
    reversible: bool = True
    requested_by: str = "remediation"
    at: str = "2026-01-05T12:00:00Z"
    """A Monday."""
    expect: Risk


class BudgetEntry(_Form):
    """How many changes may be under way at once."""

    in_all: int = Field(0, ge=0)
    """0: as many as there are devices."""
    per_site: int = Field(0, ge=0)


class PolicyForm(_Form):
    """A policy file."""

    version: Literal[1]
    risks: dict[Risk, TermsEntry] = {}
    otherwise: dict[Way, Risk] = {}
    """The risk of a line that no rule is about."""
    tools: dict[str, Risk] = {}
    autonomy: dict[str, AutonomyEntry] = {}
    budget: BudgetEntry = BudgetEntry(in_all=0, per_site=0)
    rules: tuple[Rule, ...] = ()
    tests: tuple[ExampleEntry, ...] = ()
