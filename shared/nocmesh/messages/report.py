"""The incident report: a public contract (see docs/reference/report.md)."""

from datetime import datetime
from typing import Literal

from nocmesh.messages.base import Message

Verdict = Literal["true_positive", "false_positive", "uncertain"]


class Evidence(Message, frozen=True, kw_only=True):
    """A quote that occurs, letter for letter, in the recorded observation that it names."""

    observation_id: str
    device: str
    command: str
    quote: str


class RootCause(Message, frozen=True, kw_only=True):
    """One cause: a resource id and a fault type of the closed vocabulary, with its proof."""

    resource: str
    fault_type: str
    confidence: float
    summary: str
    evidence: list[Evidence] = []


class Symptom(Message, frozen=True, kw_only=True):
    """What was seen to be broken, cause or not."""

    resource: str
    what: str


class RuledOut(Message, frozen=True, kw_only=True):
    """A fault type that was looked at and is not there."""

    fault_type: str
    because: str


class Timing(Message, frozen=True, kw_only=True):
    """How long it took; ``seconds`` from the alert's receipt to the diagnosis."""

    alert_received: datetime | None = None
    diagnosed: datetime | None = None
    seconds: float = 0.0
    device_commands: int = 0
    ended: datetime | None = None
    """When the incident's run was over."""
    seconds_to_end: float = 0.0
    """From the alert's receipt to there, the waiting for people included."""


class ProposalSummary(Message, frozen=True, kw_only=True):
    """One proposed change, as the report shows it."""

    change_id: str
    risk: str = ""
    device: str = ""
    commands: list[str] = []
    rollback: list[str] = []
    verify: list[str] = []
    approval_id: str = ""


class Outcome(Message, frozen=True, kw_only=True):
    """What became of the proposals."""

    applied: datetime | None = None
    verification: Literal["passed", "failed", "not_run"] = "not_run"
    rolled_back: bool = False


class Recovered(Message, frozen=True, kw_only=True):
    """An episode that healed by itself."""

    what: str
    since: datetime | None = None
    until: datetime | None = None
    how_we_know: str = ""


class Diagnosis(Message, frozen=True, kw_only=True):
    """What a specialist found: the part of the report that needs judgement."""

    verdict: Verdict
    confidence: float
    root_causes: list[RootCause] = []
    symptoms: list[Symptom] = []
    ruled_out: list[RuledOut] = []
    unproven: list[RootCause] = []
    recovered: Recovered | None = None
    summary: str = ""
    needs_person: str = ""
    """What a person must do, where no safe change exists (a cable, a provider)."""


class Report(Message, frozen=True, kw_only=True):
    """The whole report of one incident."""

    incident_id: str
    state: str
    verdict: Verdict
    confidence: float
    root_causes: list[RootCause] = []
    symptoms: list[Symptom] = []
    ruled_out: list[RuledOut] = []
    unproven: list[RootCause] = []
    timing: Timing = Timing()
    proposals: list[ProposalSummary] = []
    proposal: ProposalSummary | None = None
    outcome: Outcome | None = None
    recovered: Recovered | None = None
    title: str = ""
    summary: str = ""
    needs_person: str = ""
