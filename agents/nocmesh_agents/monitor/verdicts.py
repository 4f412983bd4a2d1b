"""Which devices a finished change has left its mark on, whether it was proved good, and what still is open. Pure."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from nocmesh.diagnosis.history import Applied
from nocmesh.messages.change import DeviceResult
from nocmesh.messages.incident import IncidentEvent

INCIDENT_RUN = "incident-"
MOST_LINES = 40
"""Lines of one change that a history keeps."""


class Left(NamedTuple):
    """What a change left behind."""

    devices: tuple[str, ...] = ()
    proved: bool = False
    """It was applied, and its verification passed."""
    run_id: str = ""


def of_result(result: DeviceResult) -> Left:
    """What the outcome of one command says; in an incident's run the incident's own verification has the last word."""
    if result.outcome == "refused" or result.run_id.startswith(INCIDENT_RUN):
        return Left()
    return Left((result.device,), result.outcome == "confirmed", result.run_id)


def of_incident(event: IncidentEvent) -> Left:
    """What an incident's end says: resolved proves its changes; escalated after a change means look, not believe."""
    if event.kind not in ("resolved", "escalated"):
        return Left()
    report = event.data.get("report")
    report = report if isinstance(report, Mapping) else {}
    outcome = report.get("outcome")
    if not isinstance(outcome, Mapping):
        return Left()
    changed = report.get("proposals")
    named = [one.get("device") for one in changed if isinstance(one, Mapping)] if isinstance(changed, list) else []
    devices = tuple(dict.fromkeys(name for name in named if isinstance(name, str) and name))
    proved = event.kind == "resolved" and outcome.get("verification") == "passed" and not outcome.get("rolled_back")
    return Left(devices, proved, f"{INCIDENT_RUN}{event.incident_id}")


def applied_by(result: DeviceResult) -> Applied | None:
    """What a confirmed change switched off or on, for the device's history; None: it is not in, or was undone."""
    at = result.applied_at or result.at
    if result.outcome != "confirmed" or at is None:
        return None
    lines = list(_switches(result))[:MOST_LINES]
    return Applied(change_id=result.change_id, run_id=result.run_id, at=at, lines=lines)


def _switches(result: DeviceResult) -> Iterator[str]:
    """The lines with `shutdown`, each behind its section; no other line is kept, so no secret can be among them."""
    section = ""
    for entry in result.transcript:
        line = entry.get("line", "").strip()
        if line.startswith(("interface ", "router ")):
            section = line
        elif "shutdown" in line.split():
            yield f"{section} | {line}" if section else line


class Open:
    """Which devices are named by incidents that nobody has closed: their state is not to be believed."""

    def __init__(self) -> None:
        self._devices: dict[str, set[str]] = {}

    def heard(self, event: IncidentEvent) -> None:
        """Remember what ``event`` says; an escalated incident stays: a person has not said yet that it is well."""
        if event.state in ("resolved", "closed"):
            self._devices.pop(event.incident_id, None)
            return
        self._devices.setdefault(event.incident_id, set()).update(named_by(event))

    def on(self, device: str) -> list[str]:
        """The incidents that name ``device``."""
        return sorted(incident for incident, devices in self._devices.items() if device in devices)


def named_by(event: IncidentEvent) -> set[str]:
    """The devices that an incident's event names, as it names them."""
    alert, devices = event.data.get("alert"), event.data.get("devices")
    found = [alert.get("device")] if isinstance(alert, Mapping) else []
    found += devices if isinstance(devices, list) else []
    return {name for name in found if isinstance(name, str) and name}
