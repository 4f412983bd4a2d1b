"""What came of one case: the label, the reports, and what was seen from outside."""

from typing import Literal

from nocmesh.messages.base import Message
from nocmesh.messages.report import Report, Verdict

Status = Literal["judged", "invalid", "skipped"]
"""`judged`: it counts, with or without a report. `invalid`: the network did not do what the case says. `skipped`: its
ground is not to be had here."""


class Named(Message, frozen=True, kw_only=True):
    """A cause as the score compares it."""

    resource: str
    fault_type: str

    def __str__(self) -> str:
        return f"{self.fault_type} on {self.resource}"


class Evidenced(Message, frozen=True, kw_only=True):
    """Quotes of the reports' root causes, looked up in what was recorded."""

    quotes: int = 0
    found: int = 0
    """Letter for letter."""
    unread: int = 0
    """The output is recorded, and too long for the timeline that was read: nobody has looked."""
    missing: list[str] = []


class CaseResult(Message, frozen=True, kw_only=True):
    """One case and its outcome."""

    name: str
    family: str
    network: str = ""
    ground: str = ""
    status: Status
    reason: str = ""
    """Why it is invalid or skipped; why it has no report."""
    expected: list[Named] = []
    verdict_expected: Verdict
    faults: int = 0
    """Injected."""
    reports: list[Report] = []
    """One an incident that the alert opened; most often one."""
    seconds: float | None = None
    """From the alert's acceptance to the last diagnosis, by a clock outside of the mesh."""
    evidence: Evidenced = Evidenced()
    repairs: bool = False
    """Changes were approved, so a repair may be asked for."""
    mended: bool | None = None
    """Whether the network has stopped suffering, by the network's own word; None: nobody looked."""
    took: dict[str, float] = {}
    """Seconds that each part of the case took."""

    @property
    def predicted(self) -> list[Named]:
        """What the reports name, each once."""
        causes = (cause for report in self.reports for cause in report.root_causes)
        return list(dict.fromkeys(Named(resource=c.resource, fault_type=c.fault_type) for c in causes))

    @property
    def verdict(self) -> Verdict | None:
        """The reports' one verdict: an alarm of one is an alarm."""
        said = [report.verdict for report in self.reports]
        alarms: tuple[Verdict, ...] = ("true_positive", "uncertain", "false_positive")
        return next((verdict for verdict in alarms if verdict in said), None)

    @property
    def commands(self) -> int:
        """Device commands of the diagnosis."""
        return sum(report.timing.device_commands for report in self.reports)
