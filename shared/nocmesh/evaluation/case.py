"""One evaluation case: a network, the faults in it, the alert that somebody sends, and what is right.

The form is a public contract (docs/reference/case.md): it may gain fields, it loses none.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from nocmesh.diagnosis.vocabulary import fault_types
from nocmesh.lab.plan import Options
from nocmesh.messages.report import Verdict

SEVERAL, HEALTHY, RECOVERED = "several", "healthy", "recovered"
"""Families of cases that no family of the vocabulary has."""


def _a_name(text: str) -> str:
    if not (text.isascii() and text.replace("-", "").replace("_", "").replace(".", "").isalnum() and text[0].isalnum()):
        raise ValueError(f"{text[:80]!r} cannot be a name; expected letters, digits, '-', '_' and '.'")
    return text


class Entry(BaseModel):
    """Unknown keys are mistakes; nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FaultAt(Entry):
    """A fault to inject."""

    type: str
    at: str
    """The resource that it is injected on."""
    params: dict[str, Any] = {}
    """What the type leaves open: the interface, the neighbour, the wrong value."""

    def __str__(self) -> str:
        return f"{self.type} at {self.at}"


class Sent(Entry):
    """An alert as a monitoring system sends it."""

    source: str = "alertmanager"
    body: dict[str, Any]


class Cause(Entry):
    """A root cause that is right."""

    resource: str
    fault_type: str


class Expect(Entry):
    """What a right report says."""

    verdict: Verdict
    root_causes: list[Cause] = []


class Case(Entry):
    """One case."""

    name: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_a_name)]
    about: str = ""
    """What it is good for, in a sentence."""
    topology: str = ""
    """A named one; or else ``graph``."""
    graph: str = ""
    """A file of nodes and links, relative to the case file; absolute once the case has been read."""
    options: dict[str, Any] = {}
    """Of the lab: ``nocmesh.lab.plan.Options``."""
    seed: int | None = None
    """Short for the option of that name."""
    ground: Literal["", "lab", "sim"] = ""
    """Real routers or simulated devices; empty: as the topology has it."""
    faults: list[FaultAt] = []
    recovered: bool = False
    """The faults are injected and healed again before the alert is sent."""
    wait: Annotated[float, Field(ge=0, le=120)] = 0.0
    """Seconds between the moment when the faults show and the alert (or, ``recovered``, their healing)."""
    noise: list[Sent] = []
    """Alerts about other things, sent just before."""
    alert: Sent
    expect: Expect

    @property
    def chosen(self) -> Options:
        """The lab's options. Raises msgspec.ValidationError; a case that was read has sound ones."""
        import msgspec

        wanted = dict(self.options) if self.seed is None else {**self.options, "seed": self.seed}
        return msgspec.convert(wanted, Options)

    @property
    def family(self) -> str:
        """What the score groups it under: its fault's family, or `several`, `healthy`, `recovered`."""
        if self.expect.verdict == "false_positive":
            return RECOVERED if self.recovered else HEALTHY
        causes = self.expect.root_causes
        if len(causes) != 1:
            return SEVERAL
        return fault_types()[causes[0].fault_type].family

    @property
    def network(self) -> str:
        """The network that it runs on: topology or graph file."""
        return self.topology or self.graph
