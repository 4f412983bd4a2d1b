"""An incident as the fold of its events, and what a transition of its run means for it. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, get_args

from msgspec.structs import replace

from nocmesh.engine.state import RunEvent, RunState, Transition
from nocmesh.ids import short_digest
from nocmesh.messages.base import Message
from nocmesh.messages.incident import IncidentEvent, IncidentKind, IncidentState
from nocmesh_agents.incidents.report import NOWHERE, Around, items, number, report_of, step_of

RUN_PREFIX = "incident-"
STATES: tuple[IncidentState, ...] = get_args(IncidentState)
OVER: tuple[IncidentState, ...] = ("closed", "escalated")


class Incident(Message, frozen=True, kw_only=True):
    """One incident as it stands."""

    incident_id: str
    state: IncidentState = "open"
    opened_at: datetime | None = None
    last_alert_at: datetime | None = None
    alert_ids: list[str] = []
    devices: list[str] = []
    ended_at: datetime | None = None
    run_index: int = -1
    """The last transition of its run that was taken in."""
    seen: list[str] = []

    @property
    def open(self) -> bool:
        """Somebody or something still works on it."""
        return self.state not in OVER


def fold(incident: Incident | None, event: IncidentEvent) -> Incident:
    """The incident after ``event``."""
    known = incident or Incident(incident_id=event.incident_id, opened_at=event.at)
    alert = event.data.get("alert") or {}
    index = int(event.data.get("run_index", known.run_index))
    return replace(
        known,
        state=event.state,
        ended_at=(known.ended_at or event.at) if event.state in OVER else None,
        run_index=max(index, known.run_index),
        seen=[*known.seen, event.event_id],
        alert_ids=_added(known.alert_ids, alert.get("alert_id")),
        devices=_added(known.devices, alert.get("device")),
        last_alert_at=event.at if alert else known.last_alert_at,
    )


def _added(items: list[str], item: str | None) -> list[str]:
    return [*items, item] if item and item not in items else items


REPORTED = ("diagnosed", "closed", "escalated", "resolved")
"""Kinds that carry the report as it is then."""


def reports(transition: Transition) -> bool:
    """Whether ``transition`` means anything that carries a report."""
    said = (entry for event in transition.events for entry in _said(event, transition.state))
    return any(kind in REPORTED for kind, _, _ in said)


def from_transition(incident: Incident, transition: Transition, around: Around = NOWHERE) -> list[IncidentEvent]:
    """What ``transition`` of the incident's run means for it; empty when it means nothing."""
    found: list[IncidentEvent] = []
    state: IncidentState = incident.state
    for event in transition.events:
        for kind, text, data in _said(event, transition.state):
            state = next((reached for reached in STATES if reached == kind), state)
            if kind in REPORTED:
                data = {**data, "report": report_of(transition.state, state, around).to_dict()}
            found.append(
                IncidentEvent(
                    event_id=short_digest(transition.run_id, str(transition.index), event.id, kind),
                    incident_id=incident.incident_id,
                    kind=kind,
                    state=state,
                    at=event.at,
                    text=text,
                    actor=event.actor or str(event.data.get("claimed_by", "")) or transition.by,
                    data={**data, "run_index": transition.index},
                )
            )
    return found


Said = tuple[IncidentKind, str, dict[str, Any]]


def _said(event: RunEvent, run: RunState) -> Iterator[Said]:
    if event.kind == "step_started":
        yield from _begun(event, run)
    elif event.kind == "step_completed":
        yield from _completed(event, run)
    elif event.kind == "answer_received":
        yield from _answered(event)
    elif event.kind in ("run_finished", "run_failed", "run_cancelled"):
        yield _ended(event, run)


def _begun(event: RunEvent, run: RunState) -> Iterator[Said]:
    waiting = bool(event.data.get("waiting_for"))
    if event.step == "diagnose":
        triage = step_of(run, "triage").output
        devices = ", ".join(str(device) for device in items(triage.get("devices")))
        yield "investigating", f"{triage.get('specialist')} looks at {devices or 'the network'}", {}
    elif event.step == "approval" and waiting:
        yield "awaiting_approval", _wanted(run), {"approvals": _approvals(run)}
    elif event.step == "apply" and waiting:
        yield "fixing", "the approved change goes to its device", {}
    elif event.step == "verify":
        yield "verifying", "the checks that proved the fault are run again", {}


def _approvals(run: RunState) -> list[dict[str, Any]]:
    return [proposal.to_dict() for proposal in report_of(run, "awaiting_approval").proposals]


def _wanted(run: RunState) -> str:
    proposals = report_of(run, "awaiting_approval").proposals
    return "; ".join(f"{p.risk} change on {p.device} waits for approval {p.approval_id}" for p in proposals)


def _completed(event: RunEvent, run: RunState) -> Iterator[Said]:
    output = event.data.get("output", {})
    if event.step == "triage":
        text = f"{output.get('verdict')} ({number(output.get('confidence')):.2f}): {output.get('why', '')}"
        yield "triaged", text, dict(output)
    elif event.step == "diagnose":
        yield "diagnosed", _causes(output), {"reasoner": output["reasoner"]} if output.get("reasoner") else {}
    elif event.step == "plan":
        changes = [change for change in items(output.get("changes")) if isinstance(change, Mapping)]
        text = "; ".join(str(change.get("summary", "")) for change in changes) or str(output.get("needs_person", ""))
        yield "proposed", text or "no change is proposed", dict(output)
    elif event.step == "verify":
        passed = output.get("verification") == "passed"
        yield "verified", f"verification {output.get('verification')}", dict(output)
        if passed:
            yield "resolved", "the fault is gone, by the checks that proved it", {}


def _causes(output: dict[str, Any]) -> str:
    found = [cause for cause in items(output.get("root_causes")) if isinstance(cause, Mapping)]
    causes = [f"{cause.get('fault_type')} on {cause.get('resource')}: {cause.get('summary', '')}" for cause in found]
    return "; ".join(causes) or str(output.get("summary") or "nothing is wrong")


def _answered(event: RunEvent) -> Iterator[Said]:
    if "verdict" in event.data and "votes" in event.data:
        people = ", ".join(vote["person"] for vote in event.data["votes"])
        by = f" by {people}" if people else ""
        yield (
            "decided",
            f"the change on {event.data.get('device')} is {event.data['verdict']}{by}",
            {"decision": event.data},
        )
    elif "outcome" in event.data and "command_id" in event.data:
        reason = event.data.get("reason")
        text = f"{event.data.get('device')}: {event.data['outcome']}" + (f": {reason}" if reason else "")
        yield "applied", text, {"result": event.data}


def _ended(event: RunEvent, run: RunState) -> Said:
    if event.kind == "run_cancelled":
        return "escalated", run.error, {"reason": run.error}
    if event.kind == "run_failed":
        return "escalated", f"a person must go on: {event.data.get('error', run.error)}", {"reason": run.error}
    report = report_of(run, "closed")
    if report.outcome and report.outcome.verification == "passed":
        return "closed", "fixed and verified", {}
    if report.verdict == "false_positive" and not report.root_causes:
        return "closed", f"false positive: {report.summary}", {}
    reason = report.needs_person or report.summary or "no cause could be proved"
    if report.outcome:
        reason = f"verification {report.outcome.verification} after the change"
    return "escalated", f"a person must go on: {reason}", {"reason": reason}


def folded(events: Sequence[IncidentEvent]) -> Incident | None:
    """The incident that ``events`` make."""
    incident: Incident | None = None
    for event in events:
        incident = fold(incident, event)
    return incident
