"""Databases to test on: a migrated SQLite file, and a throw-away PostgreSQL cluster."""

import asyncio
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from clusters import Cluster

from nocmesh.engine.definition import Definition, Step
from nocmesh.engine.state import RunState, StepState, Transition
from nocmesh.messages.agent import AgentCard, Farewell
from nocmesh.messages.alert import Alert, AlertEvent
from nocmesh.messages.approval import ApprovalRequest, Decision, Vote
from nocmesh.messages.change import Change, Check
from nocmesh.messages.incident import IncidentEvent
from nocmesh.messages.report import Report, RootCause
from nocmesh.messages.session import Observation, SessionEvent, ToolCall
from nocmesh.messages.state import Output
from nocmesh.store.database import Database
from nocmesh.store.tables import User
from nocmesh.subjects import BY_PATTERN, subject


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with every table, made once."""
    path = tmp_path_factory.mktemp("store") / "template.db"

    async def make() -> None:
        database = await Database.open(f"sqlite:///{path}")
        await database.close()

    with ThreadPoolExecutor(1) as thread:  # a test that asks for us may already run a loop
        thread.submit(asyncio.run, make()).result()
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def fresh_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database that nobody has opened yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'fresh.db'}"
    cluster: Cluster = request.getfixturevalue("cluster")
    return cluster.database()


@pytest.fixture(scope="session")
def shared_url(cluster: Cluster) -> str:
    """One PostgreSQL database for all tests that leave its tables as they are; it is emptied after each."""
    return cluster.database()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """An open, empty, migrated database."""
    postgres = request.param == "postgres"
    url = request.getfixturevalue("shared_url") if postgres else f"sqlite:///{tmp_path / 'mesh.db'}"
    if not postgres:
        shutil.copy(request.getfixturevalue("migrated"), tmp_path / "mesh.db")
    opened = await Database.open(url)
    try:
        yield opened
        if postgres:
            await empty(opened)
    finally:
        await opened.close()


async def empty(database: Database) -> None:
    """Delete every row."""
    async with database.writing() as session:
        for table in User.metadata.tables.values():
            await (await session.connection()).execute(table.delete())


T0 = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Message:
    """A stored message, as the bus hands it out."""

    subject: str
    body: Any
    sequence: int
    at: datetime
    speaker: Any = None


class Story:
    """One incident from alert to verified fix, as the streams keep it; each message a second after the one before."""

    def __init__(self) -> None:
        self.sequences: Counter[str] = Counter()
        self.messages: list[Message] = []

    @property
    def now(self) -> datetime:
        return T0 + timedelta(seconds=len(self.messages))

    def add(self, pattern: str, body: Any, **places: str) -> Message:
        stream = str(BY_PATTERN[pattern].stream)
        self.sequences[stream] += 1
        message = Message(subject(pattern, **places), body, self.sequences[stream], self.now)
        self.messages.append(message)
        return message

    def alert(self, alert_id: str = "a1", kind: Any = "opened", **more: Any) -> Message:
        known: dict[str, Any] = {"source": "prom", "fingerprint": "f", "name": "BgpDown", "severity": "major"}
        known |= {"summary": "session lost", "device": "r1", "status": "firing", "received_at": self.now} | more
        event = AlertEvent(
            event_id=f"e{len(self.messages)}",
            alert_id=alert_id,
            episode=1,
            kind=kind,
            at=self.now,
            alert=Alert(alert_id=alert_id, **known),
            incident_id="i1",
        )
        return self.add("ai.alerts.events.<alert_id>", event, alert_id=alert_id)

    def incident(self, kind: Any, incident_id: str = "i1", state: Any = None, **data: Any) -> Message:
        event = IncidentEvent(
            event_id=f"e{len(self.messages)}",
            incident_id=incident_id,
            kind=kind,
            state=state or kind,
            at=self.now,
            text=f"It is {kind}.",
            actor="incidents",
            data=data,
        )
        return self.add("ai.incidents.events.<incident_id>", event, incident_id=incident_id)

    def change(self) -> Change:
        check = Check(kind="bgp_session", arguments={"neighbor": "10.0.0.2"}, text="The session is up")
        return Change(
            change_id="c1", device="r1", platform="frr", commands=["no shutdown"], rollback=["shutdown"], verify=[check]
        )

    def request(self, approval_id: str = "p1") -> Message:
        change = self.change()
        request = ApprovalRequest(
            approval_id=approval_id,
            run_id="run1",
            step="approve",
            incident_id="i1",
            change=change,
            change_hash=change.hash(),
            risk="critical",
            quorum=2,
            requested_by="remediation",
            requested_at=self.now,
            expires_at=self.now + timedelta(minutes=30),
        )
        return self.add("ai.approvals.pending.<id>", request, id=approval_id)

    def vote(self, person: str, approval_id: str = "p1") -> Message:
        vote = Vote(
            approval_id=approval_id, person=person, decision="approve", change_hash=self.change().hash(), at=self.now
        )
        return self.add("ai.approvals.votes.<id>", vote, id=approval_id)

    def decision(self, approval_id: str = "p1") -> Message:
        votes = [message.body for message in self.messages if isinstance(message.body, Vote)]
        decision = Decision(
            approval_id=approval_id,
            run_id="run1",
            step="approve",
            incident_id="i1",
            verdict="approved",
            change_id="c1",
            change_hash=self.change().hash(),
            device="r1",
            quorum=2,
            requested_by="remediation",
            votes=votes,
            decided_at=self.now,
            expires_at=self.now + timedelta(hours=1),
        )
        return self.add("ai.approvals.decisions.<id>", decision, id=approval_id)

    def transition(self, index: int, status: Any = "running", run_id: str = "run1") -> Message:
        definition = Definition(type="incident", steps=[Step(id="triage", type="invoke_agent", agent_type="triage")])
        steps = {"triage": StepState(status="running", timers={"t": self.now}, output={"n": 1.5, "b": True})}
        state = RunState(
            run_id=run_id, definition=definition, status=status, steps=steps, started_at=T0, incident_id="i1"
        )
        body = Transition(run_id=run_id, index=index, at=self.now, events=[], commands=[], state=state)
        return self.add("ai.workflows.journal.<run_id>", body, run_id=run_id)

    def session(self, index: int, kind: Any, session_id: str = "s1", **more: Any) -> Message:
        event = SessionEvent(
            session_id=session_id,
            agent_type="bgp",
            agent_id="bgp-1",
            index=index,
            kind=kind,
            at=self.now,
            incident_id="i1",
            text=f"I {kind}.",
            **more,
        )
        pattern = "ai.agents.sessions.<type>.<session_id>"
        return self.add(pattern, event, type="bgp", session_id=session_id)

    def card(self, instance: str = "x", agent_id: str = "bgp-1") -> Message:
        card = AgentCard(agent_id=agent_id, type="bgp", version="1", started_at=self.now, instance=instance)
        return self.add("ai.agents.register", card)

    def farewell(self, instance: str = "x", agent_id: str = "bgp-1") -> Message:
        body = Farewell(agent_id=agent_id, type="bgp", instance=instance, reason="stopped", at=self.now)
        return self.add("ai.agents.deregister", body)

    def report(self, **more: Any) -> dict[str, Any]:
        cause = RootCause(resource="node/r1", fault_type="bgp_shutdown", confidence=0.98, summary="It is shut.")
        report = Report(incident_id="i1", state="diagnosed", verdict="true_positive", confidence=0.97, **more)
        return msgspec.structs.replace(report, root_causes=[cause]).to_dict()

    def tell(self) -> "Story":
        """The whole of it."""
        self.card()
        alert = self.alert().body.alert
        self.incident("open", alert=alert.to_dict())
        self.transition(0)
        self.session(0, "claimed")
        self.incident("triaged", verdict="true_positive", severity="critical", devices=["r1", "r2"])
        self.session(1, "action", calls=[ToolCall(call_id="k", tool="device_state", arguments={"device": "r1"})])
        output = Output(command="show bgp", text="Idle \x00 (Admin)")
        seen = Observation(observation_id="o", tool="device_state", device="r1", outputs=[output])
        self.session(2, "observation", observations=[seen])
        self.session(3, "report", result={"verdict": "true_positive"})
        self.incident("diagnosed", report=self.report())
        self.incident("proposed", state="diagnosed", changes=[self.change().to_dict()])
        self.request()
        self.incident("awaiting_approval", approvals={"c1": "p1"})
        self.vote("nina")
        self.vote("omar")
        self.decision()
        result = {"outcome": "confirmed", "change_id": "c1", "applied_at": "2026-01-02T03:05:00Z"}
        self.incident("applied", state="fixing", result=result)
        self.incident("verified", state="verifying", verification="passed")
        self.alert(kind="resolved", status="resolved")
        self.transition(1, "finished")
        self.incident("closed")
        self.farewell()
        return self


@pytest.fixture
def story() -> Story:
    """An empty story."""
    return Story()
