"""What a message means for the audit. Pure: a message in, the fact or nothing out.

Each fact says why (``why``) and what it rests on (``evidence``) where its message tells; ``reasoner`` is what thought,
rules or a model with its prompt; ``correlation_id`` is what all facts of one incident have in common.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from nocmesh.bus import Received
from nocmesh.ids import digest
from nocmesh.messages.people import AuditEntry
from nocmesh_agents.audit.evidence import quoted, sha256

MAX_TEXT = 2000
MAX_LINES = 50
MAX_NAME = 200
MAX_BYTES = 64 * 1024
DEPTH = 4
KINDS = ("person", "agent", "bridge", "engine", "system")
_ORDERS = ("run_started", "cancel_requested", "pause_requested", "resume_requested", "retry_requested")
_STEPS = ("investigating", "awaiting_approval", "decided", "fixing", "verifying", "closed", "escalated")
_ACTORS = {"open": "system", "grew": "system", "applied": "bridge", **dict.fromkeys(_STEPS, "engine")}
"""Who acts in an event of an incident, where it is no agent: who told the alert, the workflow, the bridge."""


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
    fact = _understood(made, received) if made else None
    if fact is None:
        return None
    belongs = {"correlation_id": received.correlation_id}
    return AuditEntry(
        index=0,
        actor=fact.actor[:MAX_NAME],
        actor_kind=fact.actor_kind,
        action=fact.action[:MAX_NAME],
        target=fact.target[:MAX_NAME],
        at=received.at.isoformat(),
        facts=_bounded({**belongs, **fact.facts}),
        source=f"{received.subject}#{received.sequence}",
    )


def _understood(made: "Maker", received: Received[dict[str, Any]]) -> Fact | None:
    """What the message states; one that cannot be understood is a fact too: nothing is left out in silence."""
    speaker = received.speaker.name if received.speaker else "unknown"
    try:
        return made(received.body, speaker)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as wrong:
        why = f"it could not be understood: {type(wrong).__name__}: {wrong}"
        return Fact("system", speaker, "not_understood", received.subject, {"why": why[:MAX_TEXT]})


def _bounded(facts: dict[str, Any]) -> dict[str, Any]:
    """``facts`` without what is empty, in a size that the audit bears for ever: all of it stands in the source."""
    told = {key: value for key, value in facts.items() if value not in (None, "", [], {})}
    first = {key: told[key] for key in ("why", "evidence", "reasoner") if key in told}
    short: dict[str, Any] = cut({**first, **told})
    size = len(msgspec.json.encode(short))
    if size <= MAX_BYTES:
        return short
    return {"why": short.get("why", ""), "left_out": f"{size} bytes", "evidence": {"facts": digest(short)}}


def cut(value: Any, depth: int = 0) -> Any:
    """``value`` with every text, list and nesting cut to what is read by people."""
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else f"{value[:MAX_TEXT]}…"
    if isinstance(value, Mapping):
        pairs = list(value.items())[:MAX_LINES] if depth < DEPTH else []
        return {str(key)[:MAX_NAME]: cut(each, depth + 1) for key, each in pairs}
    if isinstance(value, list):
        return [cut(each, depth + 1) for each in value[:MAX_LINES]] if depth < DEPTH else []
    return (
        value if isinstance(value, bool | float | None) or (type(value) is int and abs(value) < 2**53) else str(value)
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
    facts = {**_some(body, "approval_id", "change_hash", "via", "conditions"), "why": _why(body.get("comment"))}
    return Fact("person", str(body["person"]), f"vote_{body['decision']}", str(body["approval_id"]), facts)


def _decided(body: dict[str, Any], speaker: str) -> Fact:
    votes = [_some(vote, "person", "decision", "at") for vote in body.get("votes") or [] if isinstance(vote, Mapping)]
    facts = {
        **_some(body, "approval_id", "change_hash", "change_id", "quorum", "incident_id", "run_id"),
        "votes": votes[:MAX_LINES],
        "why": _why(body.get("reason"), _people(votes)),
    }
    return Fact("system", speaker, f"change_{body['verdict']}", str(body["device"]), facts)


def _ordered(body: dict[str, Any], speaker: str) -> Fact:
    """What somebody decided for the mesh itself: a freeze, how far a type of agent may go; or that it is lifted."""
    facts = {**_some(body, "value", "until"), "why": _why(body.get("reason"))}
    action = f"{body['kind']}_{'ordered' if body.get('value') else 'lifted'}"
    return Fact("person", str(body["person"]), action, str(body["name"]), facts)


def _people(votes: list[dict[str, Any]]) -> str:
    names = [str(vote["person"]) for vote in votes if vote.get("decision") == "approve"]
    return f"approved by {', '.join(names)}" if names else ""


def _result(body: dict[str, Any], speaker: str) -> Fact:
    checks = [check for check in body.get("checks") or [] if isinstance(check, Mapping)]
    passed = f"{sum(check.get('passed') is True for check in checks)} of {len(checks)}" if checks else ""
    facts = {
        **_some(body, "command_id", "change_id", "run_id", "applied_at"),
        "why": _why(body.get("reason"), f"{passed} checks passed" if passed else ""),
        "checks": passed,
        "evidence": {"diff": sha256(body.get("diff")), "transcript": _digest(body.get("transcript"))},
    }
    return Fact("bridge", speaker, f"change_{body['outcome']}", str(body["device"]), facts)


def _device(body: dict[str, Any], speaker: str) -> Fact:
    evidence = {"pre_state": body.get("pre_state", ""), "backup": sha256(body.get("backup"))}
    result = body.get("result")
    facts = {
        **_some(body, "change_id", "command_id", "change_hash", "pre_state", "switch", "fires_at", "unarmed"),
        "why": _why(result.get("reason"), result.get("outcome")) if isinstance(result, Mapping) else "",
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
    kind = _ACTORS.get(str(body["kind"]), "agent")
    return Fact(kind, str(body.get("actor") or speaker), f"incident_{body['kind']}", str(body["incident_id"]), facts)


def _run(body: dict[str, Any], speaker: str) -> Fact | None:
    first = body["events"][0]
    if first["kind"] not in _ORDERS:
        return None
    facts = {"type": body["state"]["definition"]["type"], "why": _why(first["data"].get("reason"))}
    asked = first["kind"] != "run_started" and first.get("actor")
    kind = "person" if asked else "engine"
    return Fact(kind, str(first.get("actor") or speaker), first["kind"], str(body["run_id"]), facts)


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


Maker = Callable[[dict[str, Any], str], Fact | None]
_FACTS: dict[str, Maker] = {
    "approvals.orders": _ordered,
    "approvals.pending": _requested,
    "approvals.votes": _voted,
    "approvals.decisions": _decided,
    "attempts": _attempted,
    "devices.results": _result,
    "devices.journal": _device,
    "incidents.events": _incident,
    "workflows.journal": _run,
}
