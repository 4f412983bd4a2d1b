"""What a message means for the audit. Pure: a message in, the fact or nothing out."""

from typing import Any

from nocmesh.bus import Received
from nocmesh.messages.people import AuditEntry


def fact_of(received: Received[dict[str, Any]]) -> AuditEntry | None:
    """The fact that a message of an audited stream states, or None."""
    kind = received.subject.split(".")[1:3]
    body = received.body
    speaker = received.speaker.name if received.speaker else "unknown"
    made = _FACTS.get(".".join(kind))
    if made is None:
        return None
    actor_kind, actor, action, target, facts = made(body, speaker)
    if not action:
        return None
    return AuditEntry(
        index=0,
        actor=actor,
        actor_kind=actor_kind,
        action=action,
        target=target,
        at=received.at.isoformat(),
        facts=facts,
        source=f"{received.subject}#{received.sequence}",
    )


Made = tuple[Any, str, str, str, dict[str, Any]]


def _requested(body: dict[str, Any], speaker: str) -> Made:
    facts = {k: body.get(k) for k in ("approval_id", "change_hash", "risk", "quorum", "incident_id")}
    return "agent", str(body.get("requested_by", speaker)), "change_proposed", str(body["change"]["device"]), facts


def _voted(body: dict[str, Any], speaker: str) -> Made:
    facts = {k: body.get(k) for k in ("approval_id", "change_hash", "comment", "via")}
    return "person", str(body["person"]), f"vote_{body['decision']}", str(body["approval_id"]), facts


def _decided(body: dict[str, Any], speaker: str) -> Made:
    facts = {k: body.get(k) for k in ("approval_id", "change_hash", "reason", "quorum")}
    return "system", speaker, f"change_{body['verdict']}", str(body["device"]), facts


def _result(body: dict[str, Any], speaker: str) -> Made:
    facts = {k: body.get(k) for k in ("command_id", "change_id", "reason", "applied_at")}
    return "bridge", speaker, f"change_{body['outcome']}", str(body["device"]), facts


def _device(body: dict[str, Any], speaker: str) -> Made:
    facts = {k: body.get(k) for k in ("change_id", "command_id", "pre_state")}
    facts |= {k: body[k] for k in ("switch", "fires_at", "unarmed") if body.get(k)}
    return "bridge", speaker, f"device_{body['kind']}", str(body["device"]), facts


def _incident(body: dict[str, Any], speaker: str) -> Made:
    return (
        "agent",
        str(body.get("actor") or speaker),
        f"incident_{body['kind']}",
        str(body["incident_id"]),
        {"text": body.get("text", "")},
    )


def _run(body: dict[str, Any], speaker: str) -> Made:
    first = body["events"][0]
    if first["kind"] in ("run_started", "cancel_requested", "pause_requested", "resume_requested", "retry_requested"):
        facts = {"type": body["state"]["definition"]["type"], "data": first["data"].get("reason", "")}
        return "engine", str(first.get("actor") or speaker), first["kind"], str(body["run_id"]), facts
    return "engine", speaker, "", "", {}


_FACTS = {
    "approvals.pending": _requested,
    "approvals.votes": _voted,
    "approvals.decisions": _decided,
    "devices.results": _result,
    "devices.journal": _device,
    "incidents.events": _incident,
    "workflows.journal": _run,
}
