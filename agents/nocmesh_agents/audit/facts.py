"""What a message means for the audit. Pure: a message in, the fact or nothing out.

Each fact says why (``why``) and what it rests on (``evidence``) where its message tells; ``reasoner`` is what thought,
rules or a model with its prompt; ``correlation_id`` is what all facts of one incident have in common.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from nocmesh.bus import Received
from nocmesh.ids import digest
from nocmesh.messages.people import AuditEntry
from nocmesh_agents.audit.evidence import quoted, sha256

MAX_TEXT = 2000
MAX_LINES = 40
KINDS = ("person", "agent", "bridge", "engine", "system")
_ORDERS = ("run_started", "cancel_requested", "pause_requested", "resume_requested", "retry_requested")


class Fact(NamedTuple):
    """Who did what to what."""

    actor_kind: Any
    actor: str
    action: str
    target: str
    facts: dict[str, Any]


def fact_of(received: Received[dict[str, Any]]) -> AuditEntry | None:
    """The fact that a message of an audited stream states, or None."""
    kind = ".".join(received.subject.split(".")[1:3])
    if kind.startswith("attempts."):
        kind = "attempts"
    made = _FACTS.get(kind)
    fact = made(received.body, received.speaker.name if received.speaker else "unknown") if made else None
    if fact is None:
        return None
    belongs = {"correlation_id": received.correlation_id}
    return AuditEntry(
        index=0,
        actor=fact.actor,
        actor_kind=fact.actor_kind,
        action=fact.action,
        target=fact.target,
        at=received.at.isoformat(),
        facts={key: value for key, value in {**belongs, **fact.facts}.items() if value not in (None, "", [], {})},
        source=f"{received.subject}#{received.sequence}",
    )


def _some(body: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: body.get(name) for name in names}


def _why(*texts: object) -> str:
    return next((str(text)[:MAX_TEXT] for text in texts if text), "")


def _requested(body: dict[str, Any], speaker: str) -> Fact:
    change = body["change"]
    reasons = change.get("reasons") or []
    facts = {
        **_some(body, "approval_id", "change_hash", "risk", "quorum", "incident_id", "run_id", "expires_at"),
        "change_id": change.get("change_id"),
        "commands": list(change.get("commands") or [])[:MAX_LINES],
        "why": _why(change.get("summary"), body.get("summary"), "; ".join(map(str, reasons))),
        "evidence": {"pre_state": change.get("pre_state", ""), "diff": sha256(change.get("diff"))},
    }
    return Fact("agent", str(body.get("requested_by") or speaker), "change_proposed", str(change["device"]), facts)


def _voted(body: dict[str, Any], speaker: str) -> Fact:
    facts = {**_some(body, "approval_id", "change_hash", "via"), "why": _why(body.get("comment"))}
    return Fact("person", str(body["person"]), f"vote_{body['decision']}", str(body["approval_id"]), facts)


def _decided(body: dict[str, Any], speaker: str) -> Fact:
    votes = [_some(vote, "person", "decision", "at") for vote in body.get("votes") or [] if isinstance(vote, Mapping)]
    facts = {
        **_some(body, "approval_id", "change_hash", "change_id", "quorum", "incident_id", "run_id"),
        "votes": votes[:MAX_LINES],
        "why": _why(body.get("reason")),
    }
    return Fact("system", speaker, f"change_{body['verdict']}", str(body["device"]), facts)


def _result(body: dict[str, Any], speaker: str) -> Fact:
    checks = [check for check in body.get("checks") or [] if isinstance(check, Mapping)]
    facts = {
        **_some(body, "command_id", "change_id", "run_id", "applied_at"),
        "why": _why(body.get("reason")),
        "checks": f"{sum(check.get('passed') is True for check in checks)} of {len(checks)}" if checks else "",
        "evidence": {"diff": sha256(body.get("diff")), "transcript": _digest(body.get("transcript"))},
    }
    return Fact("bridge", speaker, f"change_{body['outcome']}", str(body["device"]), facts)


def _device(body: dict[str, Any], speaker: str) -> Fact:
    evidence = {"pre_state": body.get("pre_state", ""), "backup": sha256(body.get("backup"))}
    facts = {
        **_some(body, "change_id", "command_id", "change_hash", "pre_state"),
        "evidence": {name: value for name, value in evidence.items() if value},
    }
    return Fact("bridge", speaker, f"device_{body['kind']}", str(body["device"]), facts)


def _incident(body: dict[str, Any], speaker: str) -> Fact:
    given = body.get("data")
    data: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    changes = [str(each.get("change_id")) for each in data.get("changes") or [] if isinstance(each, Mapping)]
    facts = {
        **_some(body, "event_id", "state"),
        "why": _why(body.get("text")),
        "evidence": quoted(data.get("report")) or quoted(data),
        "reasoner": data.get("reasoner"),
        "changes": changes[:MAX_LINES],
        "incident_id": str(body["incident_id"]),
    }
    return Fact("agent", str(body.get("actor") or speaker), f"incident_{body['kind']}", str(body["incident_id"]), facts)


def _run(body: dict[str, Any], speaker: str) -> Fact | None:
    first = body["events"][0]
    if first["kind"] not in _ORDERS:
        return None
    facts = {"type": body["state"]["definition"]["type"], "why": _why(first["data"].get("reason"))}
    return Fact("engine", str(first.get("actor") or speaker), first["kind"], str(body["run_id"]), facts)


def _attempted(body: dict[str, Any], speaker: str) -> Fact:
    """What a bridge or the approvals process refused, or who signed in; ``told_by`` is who says so."""
    given = body.get("facts")
    facts = {
        **(given if isinstance(given, dict) else {}),
        "why": _why(body.get("why")),
        "unsaid": body.get("unsaid") or None,
        "told_by": speaker,
    }
    kind = body["actor_kind"] if body.get("actor_kind") in KINDS else "system"
    return Fact(kind, str(body["actor"]), str(body["action"]), str(body["target"]), facts)


def _digest(value: object) -> str:
    return digest(value) if value else ""


_FACTS: dict[str, Callable[[dict[str, Any], str], Fact | None]] = {
    "approvals.pending": _requested,
    "approvals.votes": _voted,
    "approvals.decisions": _decided,
    "attempts": _attempted,
    "devices.results": _result,
    "devices.journal": _device,
    "incidents.events": _incident,
    "workflows.journal": _run,
}
