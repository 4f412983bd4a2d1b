"""An incident's report as it stands now: what was diagnosed, with what became of it since. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from nocmesh.errors import InvalidInputError
from nocmesh.messages.report import Outcome, ProposalSummary, Report
from nocmesh.store.tables import ApprovalRow, IncidentRow

T = TypeVar("T")


def report_of(incident: IncidentRow, approvals: Iterable[ApprovalRow]) -> Report:
    """The last report of ``incident`` with its present state, proposals, approvals and outcome.

    Raises InvalidInputError when what was stored is no report.
    """
    body = {"verdict": incident.verdict, "confidence": 0.0, **incident.report}
    body |= {"incident_id": incident.incident_id, "state": incident.state}
    body["title"] = body.get("title") or incident.title
    report = _as(Report, body, incident.incident_id)
    asked = {str(row.change.get("change_id", "")): row.approval_id for row in approvals if row.change}
    proposals = report.proposals or [_proposal(change, incident.incident_id) for change in incident.proposed]
    proposals = [_approved_by(proposal, asked) for proposal in proposals]
    outcome = _as(Outcome, incident.outcome, incident.incident_id) if incident.outcome else report.outcome
    first = proposals[0] if proposals else report.proposal
    return msgspec.structs.replace(report, proposals=proposals, proposal=first, outcome=outcome)


def _approved_by(proposal: ProposalSummary, asked: Mapping[str, str]) -> ProposalSummary:
    found = asked.get(proposal.change_id, proposal.approval_id)
    return msgspec.structs.replace(proposal, approval_id=found)


def _proposal(change: Mapping[str, Any], incident_id: str) -> ProposalSummary:
    checks = change.get("verify")
    verify = [_words(check) for check in checks] if isinstance(checks, list) else []
    return _as(ProposalSummary, {**change, "verify": verify}, incident_id)


def _words(check: object) -> str:
    return str(check.get("text") or check.get("kind") or "") if isinstance(check, Mapping) else str(check)


def _as(kind: type[T], body: Mapping[str, Any], incident_id: str) -> T:
    try:
        return msgspec.convert(body, kind)
    except msgspec.ValidationError as error:
        raise InvalidInputError(
            f"what is stored of incident {incident_id} is no {kind.__name__}: {error}", field="report"
        ) from error
