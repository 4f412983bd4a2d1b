"""The report of an incident, made from the state of its run. Pure.

What agents answered is taken as it comes: what cannot be read is left out, so that no answer can stop an incident.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from nocmesh.diagnosis.baseline import Book
from nocmesh.engine.state import RunState, StepState
from nocmesh.explaining.beginning import Said, beginning_of
from nocmesh.explaining.impact import impact_of
from nocmesh.explaining.words import devices_in
from nocmesh.ids import short_digest
from nocmesh.messages.change import Change
from nocmesh.messages.report import (
    Beginning,
    Diagnosis,
    Outcome,
    ProposalSummary,
    Recovered,
    Report,
    Timing,
    Verdict,
)
from nocmesh.network import Network

Verification = Literal["passed", "failed", "not_run"]
MOST_DEVICES = 20
"""Whose past is asked for; an incident with more causes has one beginning all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a run does not know of its network: how it hangs together, and when its devices were well."""

    network: Network = field(default_factory=Network)
    books: Mapping[str, Book] = field(default_factory=dict)


NOWHERE = Around()


def concerned(run: RunState) -> list[str]:
    """The devices that the causes are on."""
    diagnosis: Diagnosis | None = _read(step_of(run, "diagnose").output, Diagnosis)
    return _patients(diagnosis)[:MOST_DEVICES] if diagnosis else []


def report_of(run: RunState, state: str, around: Around = NOWHERE) -> Report:
    """What is known now about the incident of ``run``; ``state`` is the incident's."""
    triage, plan = step_of(run, "triage").output, step_of(run, "plan").output
    diagnosis: Diagnosis | None = _read(step_of(run, "diagnose").output, Diagnosis)
    changes = [_read(raw, Change) for raw in items(plan.get("changes"))]
    proposals = [_proposal(run, change) for change in changes if change]
    verdict: Verdict = _read(triage.get("verdict"), Verdict) or "uncertain"
    confidence = number(triage.get("confidence"))
    if diagnosis is not None:
        verdict, confidence = diagnosis.verdict, diagnosis.confidence
    healed: Recovered | None = _read(triage.get("recovered"), Recovered)
    found = diagnosis or Diagnosis(verdict=verdict, confidence=confidence, recovered=healed)
    return Report(
        incident_id=run.incident_id,
        state=state,
        verdict=verdict,
        confidence=round(confidence, 4),
        root_causes=found.root_causes,
        symptoms=found.symptoms,
        ruled_out=found.ruled_out,
        unproven=found.unproven,
        timing=_timing(run),
        proposals=proposals,
        proposal=proposals[0] if proposals else None,
        outcome=_outcome(run),
        recovered=found.recovered,
        title=_title(_alert(run)),
        summary=found.summary or str(triage.get("why", "")),
        needs_person=" ".join(t for t in (found.needs_person, str(plan.get("needs_person", ""))) if t),
        impact=impact_of(found.root_causes, found.symptoms, around.network),
        beginning=_beginning(run, found, around),
    )


def _beginning(run: RunState, found: Diagnosis, around: Around) -> Beginning | None:
    """Since when; where nothing is or was wrong there is no beginning."""
    if found.verdict == "false_positive" and not (found.root_causes or found.recovered):
        return None
    alert = _alert(run)
    said = Said(
        source=str(alert.get("source", "")),
        starts_at=_time(alert.get("starts_at")),
        received_at=_time(alert.get("received_at")) or run.started_at,
    )
    return beginning_of(said, _patients(found), around.books, found.recovered)


def _patients(diagnosis: Diagnosis) -> list[str]:
    return list(dict.fromkeys(name for cause in diagnosis.root_causes for name in devices_in(cause.resource)))


def step_of(run: RunState, name: str) -> StepState:
    """The step's state; that of a step that never began where the run has none of that name."""
    return run.steps.get(name) or StepState()


def number(value: object) -> float:
    """``value`` where it is a number, else 0."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def items(value: object) -> list[Any]:
    """``value`` where it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def _read(raw: object, kind: Any) -> Any:
    """``raw`` as a ``kind``, or None where it is none."""
    try:
        return msgspec.convert(raw, kind) if raw else None
    except msgspec.ValidationError:
        return None


def _alert(run: RunState) -> Mapping[str, Any]:
    alert = run.parameters.get("alert")
    return alert if isinstance(alert, Mapping) else {}


def _proposal(run: RunState, change: Change) -> ProposalSummary:
    return ProposalSummary(
        change_id=change.change_id,
        risk=change.risk,
        device=change.device,
        commands=change.commands,
        rollback=change.rollback,
        verify=[check.text or f"{check.kind} {check.arguments}" for check in change.verify],
        approval_id=short_digest(run.run_id, "approval", change.change_id),
    )


def _timing(run: RunState) -> Timing:
    received = _time(_alert(run).get("received_at")) or run.started_at
    diagnosed = step_of(run, "diagnose").finished_at or step_of(run, "triage").finished_at
    return Timing(
        alert_received=received,
        diagnosed=diagnosed,
        seconds=_seconds(received, diagnosed),
        device_commands=sum(int(number(step.output.get("device_commands"))) for step in run.steps.values()),
        ended=run.finished_at,
        seconds_to_end=_seconds(received, run.finished_at),
    )


def _seconds(start: datetime | None, end: datetime | None) -> float:
    return round(max((end - start).total_seconds(), 0.0), 3) if start and end else 0.0


def _time(value: Any) -> datetime | None:
    found: datetime | None = _read(value, datetime)
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)


def _outcome(run: RunState) -> Outcome | None:
    results = _results(step_of(run, "apply"))
    if not results:
        return None
    applied = [_time(result.get("applied_at")) for result in results]
    verified: Verification = _read(step_of(run, "verify").output.get("verification"), Verification) or "not_run"
    outcomes = [result.get("outcome") for result in results]
    if "rolled_back" in outcomes:
        verified = "failed"
    return Outcome(
        applied=next((at for at in applied if at), None),
        verification=verified,
        rolled_back="rolled_back" in outcomes,
    )


def _results(step: StepState) -> list[Mapping[str, Any]]:
    """What the devices answered; an answer without an outcome is a timer's."""
    found = items(step.output.get("results")) or list(step.answers.values())
    return [result for result in found if isinstance(result, Mapping) and "outcome" in result]


def _title(alert: Mapping[str, Any]) -> str:
    return " ".join(str(alert.get(key, "")) for key in ("name", "device")).strip() or "incident"
