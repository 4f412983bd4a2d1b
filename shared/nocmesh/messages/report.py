"""The incident report: a public contract, whose JSON schema is `Report` in `GET /api/openapi.json`."""

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
    kind: str = ""
    """What was lost: `link`, `ospf`, `isis` or `session`."""
    devices: list[str] = []
    """Who is concerned, where it is known."""


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
    evidence: list[Evidence] = []
    """Lines of logs and of the history that tell of it."""
    exact: bool = True
    """False: it was away at some time between ``since`` and ``until``."""


class LostSession(Message, frozen=True, kw_only=True):
    """A BGP session that does not stand because of the causes; ``neighbor`` is empty where nobody of ours is there."""

    device: str
    neighbor: str = ""
    address: str = ""
    """The neighbour's address as ``device`` knows it, where it is known."""


class Dependence(Message, frozen=True, kw_only=True):
    """Devices whose last way to the rest leads over ``on``, a resource id, now that the causes are there."""

    on: str
    devices: list[str]
    """Fifty of them at most."""
    count: int = 0


Degree = Literal["cut_off", "redundancy", "itself", "kept", "unknown"]
"""How bad it is, the worst first: devices are cut off; some lost a redundant path; nobody but the resource itself;
packets still pass, and ``effects`` say how; nobody can tell from here."""


class Impact(Message, frozen=True, kw_only=True):
    """What the root causes take down: by the links and the intent of the inventory, and by the symptoms.

    Each list holds at most two hundred entries (``depends_on`` fifty); ``counts`` says how many there are.
    """

    summary: str = ""
    """For people, in one to three sentences."""
    degree: Degree = "kept"
    effects: list[str] = []
    """What each cause does to traffic, by its fault type."""
    down: list[str] = []
    """Resources that carry nothing."""
    cut_off: list[str] = []
    """Devices that have no path to the rest."""
    at_risk: list[str] = []
    """Devices that are reached, and that one more loss would cut off which would not have before."""
    depends_on: list[Dependence] = []
    """Which losses these are."""
    subnets: list[str] = []
    """Prefixes that are nowhere but behind what is down or cut off."""
    sessions: list[LostSession] = []
    sites: list[str] = []
    """Sites of which no device is reached."""
    counts: dict[str, int] = {}


class Beginning(Message, frozen=True, kw_only=True):
    """Since when it is broken, and how that is known."""

    at: datetime | None = None
    """It was broken by then."""
    well_at: datetime | None = None
    """It was well then."""
    source: Literal["device", "alert", "receipt", ""] = ""
    """Who says ``at``: the device itself, the monitoring system, or the moment at which the alert came in."""
    exact: bool = False
    """``at`` is when it broke; else it broke then at the latest."""
    how: str = ""
    """How it is known, in whole sentences."""


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
    impact: Impact | None = None
    """What the causes take down; None: there is no cause, or the inventory does not know it."""
    beginning: Beginning | None = None
    """Since when; None: nothing is known to be broken."""
