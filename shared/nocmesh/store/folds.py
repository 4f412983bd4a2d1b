"""What each message does to the read models.

Pure: no database, no clock. A fold says which rows a message touches and how each changes; messages of different
kinds may come in any order of each other, because each kind is read on its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from nocmesh.engine.state import Transition
from nocmesh.errors import InvalidInputError
from nocmesh.messages.agent import AgentCard, Farewell
from nocmesh.messages.alert import AlertEvent
from nocmesh.messages.approval import ApprovalRequest, Decision, Vote
from nocmesh.messages.incident import IncidentEvent
from nocmesh.messages.session import SessionEvent
from nocmesh.store.incident import Values, joined, learned
from nocmesh.store.rows import Row
from nocmesh.store.tables import (
    AgentRow,
    AlertRow,
    ApprovalRow,
    IncidentRow,
    RunRow,
    SessionEventRow,
    SessionRow,
    TimelineRow,
)

FAREWELLS_KEPT = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a message stands for ever."""

    stream: str
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One row: ``change`` takes its columns (empty when there is no such row) and gives those to set."""

    table: type[Row]
    key: Values
    change: Callable[[Values], Values]
    new: bool = False
    """No such row can exist yet: its key is the message's own place."""


def writes(body: object, place: Place) -> list[Write]:
    """The rows that ``body`` touches. Raises InvalidInputError for a message that no read model is made of."""
    fold = FOLDS.get(type(body))
    if fold is None or fold.stream != place.stream:
        known = ", ".join(f"{kind.__name__} of {fold.stream}" for kind, fold in FOLDS.items())
        raise InvalidInputError(
            f"no read model is made of {type(body).__name__} of the stream {place.stream}; expected one of {known}",
            field="body",
        )
    return fold.fold(body, place)


def _alert(event: AlertEvent, _: Place) -> list[Write]:
    alert = event.alert
    same = {name: getattr(alert, name) for name in ("name", "severity", "device", "source", "summary")}

    def change(old: Values) -> Values:
        return {
            **same,
            "kind": event.kind,
            "count": event.count,
            "incident_id": event.incident_id or old.get("incident_id", ""),
            "first_at": old.get("first_at") or event.at,
            "last_at": event.at,
            "alert": alert.to_dict(),
        }

    return [Write(table=AlertRow, key={"alert_id": event.alert_id, "episode": event.episode}, change=change)]


def _incident(event: IncidentEvent, place: Place) -> list[Write]:
    entry: Values = {"incident_id": event.incident_id, "kind": event.kind, "at": event.at}
    entry |= {"actor": event.actor, "text": event.text, "data": event.data}
    key = {"stream": place.stream, "sequence": place.sequence}
    return [
        Write(table=IncidentRow, key={"incident_id": event.incident_id}, change=lambda old: learned(old, event)),
        Write(table=TimelineRow, key=key, change=lambda _: entry, new=True),
    ]


def _requested(request: ApprovalRequest, _: Place) -> list[Write]:
    plain = ("run_id", "step", "incident_id", "risk", "quorum", "summary", "change_hash")
    new = {name: getattr(request, name) for name in (*plain, "requested_by", "requested_at", "expires_at")}
    new |= {"device": request.change.device, "change": request.change.to_dict(), "goes_at": request.goes_at}
    return [Write(table=ApprovalRow, key={"approval_id": request.approval_id}, change=lambda _: new)]


def _voted(vote: Vote, _: Place) -> list[Write]:
    def change(old: Values) -> Values:
        return {"votes": _votes(old, vote)}

    return [Write(table=ApprovalRow, key={"approval_id": vote.approval_id}, change=change)]


def _decided(decision: Decision, _: Place) -> list[Write]:
    plain = ("run_id", "step", "incident_id", "device", "quorum", "requested_by", "change_hash", "decided_at", "reason")
    new = {name: getattr(decision, name) for name in plain}

    def change(old: Values) -> Values:
        return {**new, "status": decision.verdict, "votes": _votes(old, *decision.votes)}

    return [Write(table=ApprovalRow, key={"approval_id": decision.approval_id}, change=change)]


def _votes(old: Values, *votes: Vote) -> list[Values]:
    """A vote comes by itself and again inside the decision: it counts once."""
    known: list[Values] = joined(old.get("votes"), *(vote.to_dict() for vote in votes))
    return sorted(known, key=lambda vote: (vote["at"], vote["person"]))


def _run(transition: Transition, _: Place) -> list[Write]:
    state = transition.state
    plain = (
        "status",
        "incident_id",
        "requester",
        "correlation_id",
        "started_at",
        "finished_at",
        "error",
        "failed_step",
    )
    whole = state.to_dict()
    new = {name: getattr(state, name) for name in plain}
    new |= {name: whole[name] for name in ("parameters", "definition", "steps", "result")}
    new |= {"type": state.definition.type, "index": transition.index, "updated_at": transition.at}
    return [Write(table=RunRow, key={"run_id": transition.run_id}, change=lambda _: new)]


_SESSION_STATUS = {"report": "finished", "handoff": "handed_off", "failed": "failed"}


def _session(event: SessionEvent, place: Place) -> list[Write]:
    whole = event.to_dict()
    shared = {"incident_id": event.incident_id, "agent_type": event.agent_type}
    entry: Values = {**shared, "session_id": event.session_id, "index": event.index, "kind": event.kind, "at": event.at}
    entry |= {"actor": event.agent_id, "text": event.text}
    entry["data"] = {name: whole[name] for name in ("calls", "observations", "result") if whole[name]}

    def change(old: Values) -> Values:
        new: Values = {**shared, "agent_id": event.agent_id, "entries": event.index + 1, "updated_at": event.at}
        new |= {"status": _SESSION_STATUS.get(event.kind, "running"), "started_at": old.get("started_at") or event.at}
        kept = {"task_id": event.task_id, "correlation_id": event.correlation_id, "result": event.result}
        return new | {name: value for name, value in kept.items() if value}

    key = {"stream": place.stream, "sequence": place.sequence}
    return [
        Write(table=SessionRow, key={"session_id": event.session_id}, change=change),
        Write(table=SessionEventRow, key=key, change=lambda _: entry, new=True),
    ]


def _card(card: AgentCard, place: Place) -> list[Write]:
    new: Values = {"type": card.type, "card": card.to_dict()}
    new |= {"registered_sequence": place.sequence, "registered_at": card.started_at}
    return [Write(table=AgentRow, key={"agent_id": card.agent_id}, change=lambda _: new)]


def _farewell(farewell: Farewell, place: Place) -> list[Write]:
    said: Values = {"sequence": place.sequence, "at": msgspec.to_builtins(farewell.at), "reason": farewell.reason}

    def change(old: Values) -> Values:
        known = {**(old.get("farewells") or {}), farewell.instance: said}
        last = sorted(known, key=lambda instance: int(known[instance]["sequence"]))[-FAREWELLS_KEPT:]
        return {
            "farewells": {instance: known[instance] for instance in last},
            "type": old.get("type") or farewell.type,
        }

    return [Write(table=AgentRow, key={"agent_id": farewell.agent_id}, change=change)]


@dataclass(frozen=True, slots=True)
class Fold:
    """Where a kind of message is kept, and what it does."""

    stream: str
    fold: Callable[[Any, Place], list[Write]]


FOLDS: Mapping[type, Fold] = {
    AlertEvent: Fold("ALERT_EVENTS", _alert),
    IncidentEvent: Fold("INCIDENTS", _incident),
    ApprovalRequest: Fold("APPROVALS", _requested),
    Vote: Fold("APPROVALS", _voted),
    Decision: Fold("APPROVALS", _decided),
    Transition: Fold("JOURNAL", _run),
    SessionEvent: Fold("SESSIONS", _session),
    AgentCard: Fold("REGISTRY", _card),
    Farewell: Fold("REGISTRY", _farewell),
}
"""Each kind of message that read models are made of."""
