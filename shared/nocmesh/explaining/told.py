"""What an explanation is made of: the report, and what is known besides it. Values only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from nocmesh.messages.report import Report


@dataclass(frozen=True, kw_only=True)
class Happened:
    """One entry of the incident's own timeline."""

    kind: str
    at: datetime
    text: str


@dataclass(frozen=True, kw_only=True)
class Ballot:
    """A change and where its approval stands."""

    change_id: str
    device: str
    status: Literal["pending", "approved", "rejected", "expired"]
    risk: str = ""
    quorum: int = 1
    goes_at: datetime | None = None
    """When it goes unless somebody stops it; None: it needs people."""
    yes: Sequence[str] = ()
    """Who approved."""
    no: Sequence[str] = ()
    expires_at: datetime | None = None
    summary: str = ""
    reasons: Sequence[str] = ()
    reason: str = ""
    """Why it ended as it did."""


@dataclass(frozen=True, kw_only=True)
class Looked:
    """One command that a device answered, or a way of asking that failed."""

    device: str
    command: str


@dataclass(frozen=True, kw_only=True)
class Told:
    """Everything about one incident that an explanation may use."""

    report: Report
    title: str = ""
    severity: str = ""
    devices: Sequence[str] = ()
    opened_at: datetime | None = None
    ballots: Sequence[Ballot] = ()
    happened: Sequence[Happened] = ()
    """Oldest first."""
    looked: Sequence[Looked] = ()

    @property
    def over(self) -> bool:
        """Nothing is broken any more, as far as anybody knows."""
        return self.report.state in ("resolved", "closed")

    @property
    def waiting(self) -> list[Ballot]:
        """Changes that people have not decided on."""
        return [ballot for ballot in self.ballots if ballot.status == "pending"]

    @property
    def refused(self) -> list[Ballot]:
        """Changes that will not be made."""
        return [ballot for ballot in self.ballots if ballot.status in ("rejected", "expired")]

    def last(self, *kinds: str) -> Happened | None:
        """The newest entry of one of ``kinds``."""
        return next((entry for entry in reversed(self.happened) if entry.kind in kinds), None)
