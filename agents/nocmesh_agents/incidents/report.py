"""The report of an incident, made from the state of its run. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from nocmesh.engine.state import RunState, StepState
from nocmesh.ids import short_digest
from nocmesh.messages.change import Change
from nocmesh.messages.report import Diagnosis, Outcome, ProposalSummary, Report, Timing, Verdict


def report_of(run: RunState, state: str) -> Report:
    """What is known now about the incident of ``run``; ``state`` is the incident's."""
    triage, plan = run.steps["triage"].output, run.steps["plan"].output
    diagnosis = _diagnosis(run.steps["diagnose"].output)
    proposals = [_proposal(run, raw) for raw in plan.get("changes", [])]
    verdict: Verdict = triage.get("verdict", "uncertain")
    confidence = float(triage.get("confidence", 0.0))
    if diagnosis is not None:
        verdict, confidence = diagnosis.verdict, diagnosis.confidence
    found = diagnosis or Diagnosis(verdict=verdict, confidence=confidence)
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
        title=_title(run.parameters.get("alert", {})),
        summary=found.summary or str(triage.get("why", "")),
        needs_person="; ".join(t for t in (found.needs_person, str(plan.get("needs_person", ""))) if t),
    )


def _diagnosis(raw: Mapping[str, Any]) -> Diagnosis | None:
    return msgspec.convert(raw, Diagnosis) if raw else None


def _proposal(run: RunState, raw: Mapping[str, Any]) -> ProposalSummary:
    change = msgspec.convert(raw, Change)
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
    received = _time(run.parameters.get("alert", {}).get("received_at")) or run.started_at
    diagnosed = run.steps["diagnose"].finished_at or run.steps["triage"].finished_at
    return Timing(
        alert_received=received,
        diagnosed=diagnosed,
        seconds=_seconds(received, diagnosed),
        device_commands=sum(int(step.output.get("device_commands", 0)) for step in run.steps.values()),
        ended=run.finished_at,
        seconds_to_end=_seconds(received, run.finished_at),
    )


def _seconds(start: datetime | None, end: datetime | None) -> float:
    return round(max((end - start).total_seconds(), 0.0), 3) if start and end else 0.0


def _time(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) and value else None


def _outcome(run: RunState) -> Outcome | None:
    results = _results(run.steps["apply"])
    if not results:
        return None
    applied = [_time(result.get("applied_at")) for result in results]
    verified = run.steps["verify"].output.get("verification", "not_run")
    outcomes = [result.get("outcome") for result in results]
    if "rolled_back" in outcomes:
        verified = "failed"
    return Outcome(
        applied=next((at for at in applied if at), None),
        verification=verified,
        rolled_back="rolled_back" in outcomes,
    )


def _results(step: StepState) -> list[dict[str, Any]]:
    return list(step.output.get("results", [])) or list(step.answers.values())


def _title(alert: Mapping[str, Any]) -> str:
    return " ".join(str(alert.get(key, "")) for key in ("name", "device")).strip() or "incident"
