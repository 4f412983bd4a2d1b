"""A dashboard over real read models, and an incident that lived through everything."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from nocmesh.clock import FixedClock
from nocmesh.engine.definition import Definition, Step
from nocmesh.engine.state import RunState, Transition
from nocmesh.log import logger
from nocmesh.messages.alert import Alert, AlertEvent
from nocmesh.messages.approval import ApprovalRequest
from nocmesh.messages.base import Message
from nocmesh.messages.change import Change, Check
from nocmesh.messages.incident import IncidentEvent
from nocmesh.messages.report import Diagnosis, Evidence, Report, RootCause, RuledOut, Symptom, Timing
from nocmesh.messages.session import Observation, SessionEvent, ToolCall
from nocmesh.messages.state import Output
from nocmesh.settings import Address, Settings
from nocmesh.store.database import Database
from nocmesh_dashboard.app import create_app
from nocmesh_dashboard.role import listening
from nocmesh_dashboard.role import serve as serve_http
from nocmesh_dashboard.stream import Hub
from nocmesh_dashboard.testing import HandFed
from nocmesh_dashboard.web import Web

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
PEOPLE = {
    "nina": ("operator", "approver"),
    "omar": ("operator", "approver"),
    "vera": ("viewer",),
}
INCIDENT = "0192f000-0000-7000-8000-000000000001"
APPROVAL = "0192f000-0000-7000-8000-0000000000a1"
SUMMARY_TEXT = (
    "IPv4 Unicast Summary:\nBGP router identifier 10.255.0.1, local AS number 65001\n\n"
    "Neighbor        V         AS   MsgRcvd   MsgSent  Up/Down State/PfxRcd\n"
    "10.0.12.2       4      65020        12        14    never       Active\n"
)


@dataclass(slots=True)
class Board:
    """The dashboard under test with what feeds it."""

    app: Starlette
    backend: HandFed
    hub: Hub
    clock: FixedClock

    def reopen(self) -> None:
        """As after a restart: a new process numbers its changes afresh."""
        self.hub = Hub(epoch="again", window=0.02, ping=0.2)
        web = self.app.state.web
        fields = {name: getattr(web, name) for name in web.__slots__}
        self.app.state.web = Web(**{**fields, "hub": self.hub})

    def client(self, person: str = "nina", **kwargs: Any) -> httpx2.AsyncClient:
        """A client that acts as ``person`` by personal token; empty: as nobody."""
        headers = {"authorization": f"Bearer nocm_{person}"} if person else {}
        headers |= kwargs.pop("headers", {})
        transport = httpx2.ASGITransport(self.app, client=kwargs.pop("sender", ("192.0.2.7", 4711)))
        base = kwargs.pop("base_url", "http://noc.example")
        return httpx2.AsyncClient(transport=transport, base_url=base, headers=headers, **kwargs)


class Story:
    """The messages of one incident, step by step."""

    def __init__(self, now: datetime = NOW, incident: str = INCIDENT, approval: str = APPROVAL) -> None:
        self.now = now
        self.incident = incident
        self.approval = approval
        self.alert = Alert(
            alert_id="a" * 32,
            source="alertmanager",
            fingerprint="f1",
            name="BgpSessionDown",
            status="firing",
            severity="critical",
            summary="BGP session r1 to 10.0.12.2 is down",
            device="r1",
            received_at=now - timedelta(minutes=3),
        )
        self.change = Change(
            change_id="c1",
            device="r1",
            platform="frr",
            commands=["router bgp 65001", " neighbor 10.0.12.2 remote-as 65002"],
            rollback=["router bgp 65001", " neighbor 10.0.12.2 remote-as 65020"],
            verify=[
                Check(
                    kind="bgp_session",
                    arguments={"neighbor": "10.0.12.2", "state": "established"},
                    text="BGP session to 10.0.12.2 is established",
                )
            ],
            reasons=["it changes routing", "r1 is a core device"],
            pre_state="0" * 64,
            requested_by="remediation-1",
            summary="Set the remote AS of neighbour 10.0.12.2 back to 65002",
            diff="--- running\n+++ proposed\n@@ router bgp 65001 @@\n router bgp 65001\n"
            "- neighbor 10.0.12.2 remote-as 65020\n+ neighbor 10.0.12.2 remote-as 65002\n"
            "  neighbor 10.0.13.2 remote-as 65003\n",
        )

    def event(self, seconds: float, kind: Any, text: str, state: Any = None, **data: Any) -> IncidentEvent:
        """One entry of the incident's timeline, ``seconds`` after the alert."""
        return IncidentEvent(
            event_id=f"{self.incident}-{kind}-{seconds}",
            incident_id=self.incident,
            kind=kind,
            state=state or kind,
            at=self.alert.received_at + timedelta(seconds=seconds),
            text=text,
            actor="incidents",
            data=data,
        )

    def opened(self) -> Sequence[Message]:
        """The alert and the incident that it opened."""
        alert = AlertEvent(
            event_id="e1",
            alert_id=self.alert.alert_id,
            episode=1,
            kind="opened",
            at=self.alert.received_at,
            alert=self.alert,
            incident_id=self.incident,
        )
        return [alert, self.event(0, "open", "opened by BgpSessionDown on r1", alert=self.alert.to_dict())]

    def session(self, index: int, kind: Any, text: str, **more: Any) -> SessionEvent:
        """One entry of the specialist's own journal."""
        return SessionEvent(
            session_id=f"s-{self.incident}",
            agent_type="bgp",
            agent_id="bgp-1",
            index=index,
            kind=kind,
            at=self.alert.received_at + timedelta(seconds=1.2 + index / 4),
            text=text,
            incident_id=self.incident,
            **more,
        )

    def investigated(self) -> Sequence[Message]:
        """Triage, and what the specialist thought, did and saw."""
        observation = Observation(
            observation_id="o1",
            tool="device_state",
            arguments={"device": "r1"},
            device="r1",
            outputs=[Output(command="show ip bgp summary", text=SUMMARY_TEXT)],
        )
        call = ToolCall(call_id="k1", tool="device_state", arguments={"device": "r1", "views": ["bgp", "interfaces"]})
        return [
            self.event(0.6, "triaged", "a real fault, 98 % sure: for the BGP specialist", severity="critical"),
            self.event(0.9, "investigating", "bgp-1 took the case"),
            self.session(0, "claimed", "took the case"),
            self.session(1, "thought", "Is the symptom still there, and what do both ends say?"),
            self.session(2, "action", "read the BGP state of r1", calls=[call]),
            self.session(3, "observation", "r1: the session to 10.0.12.2 is Active", observations=[observation]),
            self.session(4, "report", "r1 expects AS 65020; r2 is AS 65002"),
        ]

    def report(self) -> Report:
        """What was found."""
        cause = RootCause(
            resource="node/r1",
            fault_type="bgp_asn_misconfig",
            confidence=0.98,
            summary="r1 expects AS 65020 from 10.0.12.2, and r2 is AS 65002.",
            evidence=[
                Evidence(
                    observation_id="o1",
                    device="r1",
                    command="show ip bgp summary",
                    quote="10.0.12.2       4      65020        12        14    never       Active",
                )
            ],
        )
        found = Diagnosis(verdict="true_positive", confidence=0.97, root_causes=[cause])
        return Report(
            incident_id=self.incident,
            state="diagnosed",
            verdict=found.verdict,
            confidence=found.confidence,
            root_causes=found.root_causes,
            symptoms=[Symptom(resource="node/r1", what="BGP session to 10.0.12.2 is down")],
            ruled_out=[RuledOut(fault_type="link_down", because="both ends are up and answer")],
            timing=Timing(
                alert_received=self.alert.received_at,
                diagnosed=self.alert.received_at + timedelta(seconds=3.2),
                seconds=3.2,
                device_commands=14,
            ),
            title="BGP session r1 – r2 is down",
            summary="The session cannot come up, because r1 was given the wrong remote AS.",
        )

    def diagnosed(self) -> Sequence[Message]:
        """The diagnosis and the change that waits for two people."""
        request = ApprovalRequest(
            approval_id=self.approval,
            run_id=f"incident-{self.incident}",
            step="approval",
            incident_id=self.incident,
            change=self.change,
            change_hash=self.change.hash(),
            risk="critical",
            quorum=2,
            requested_by="remediation-1",
            requested_at=self.alert.received_at + timedelta(seconds=4),
            expires_at=self.now + timedelta(minutes=28),
            summary=self.change.summary,
        )
        return [
            self.event(3.2, "diagnosed", "one cause proven: bgp_asn_misconfig on r1", report=self.report().to_dict()),
            self.event(3.9, "proposed", "one change on r1", "diagnosed", changes=[self.change.to_dict()]),
            request,
            self.event(4, "awaiting_approval", "two people must approve", approvals=[self.approval]),
        ]

    def fixed(self) -> Sequence[Message]:
        """Applied, verified, resolved."""
        done = {"outcome": "confirmed", "applied_at": self.now.isoformat()}
        return [
            self.event(61, "fixing", "approved by nina and omar"),
            self.event(62, "applied", "r1 took the change", "fixing", result=done),
            self.event(63, "verifying", "the checks that proved the fault run again"),
            self.event(64, "verified", "the session is established", "verifying", verification="passed"),
            self.event(65, "resolved", "fixed and verified"),
        ]

    def all_until_decision(self) -> list[Message]:
        """Everything up to the approval."""
        return [*self.opened(), *self.investigated(), *self.diagnosed()]


def agents(now: datetime) -> list[dict[str, Any]]:
    """A mesh with one agent in each kind of health."""
    rows = [
        ("orchestrator-1", "orchestrator", "live", 0.1, 1),
        ("triage-1", "triage", "live", 0.0, 1),
        ("bgp-1", "bgp", "live", 0.4, 1),
        ("bgp-2", "bgp", "slow", 0.9, 4),
        ("remediation-1", "remediation", "gone", 0.0, 42),
        ("ssh-1", "ssh", "live", 0.25, 0),
    ]
    return [
        {
            "agent_id": name,
            "type": kind,
            "liveness": liveness,
            "load": load,
            "status": "available",
            "description": f"{kind} agent",
            "last_sign": now - timedelta(seconds=age),
        }
        for name, kind, liveness, load, age in rows
    ]


@pytest.fixture
def story() -> Story:
    """An incident to tell."""
    return Story()


TOLD = 100
"""More messages than a story has of any kind."""


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Databases to be copied, `empty` and `told`: making them takes longer than most tests."""
    folder = tmp_path_factory.mktemp("dashboard")

    async def make(path: Path, messages: Sequence[Message]) -> None:
        async with await Database.open(f"sqlite:///{path}") as database:
            if messages:
                await HandFed(database, FixedClock(NOW), PEOPLE).tell(*messages)

    asyncio.run(make(folder / "empty.db", []))
    asyncio.run(make(folder / "told.db", Story().all_until_decision()))
    return {"empty": folder / "empty.db", "told": folder / "told.db"}


@asynccontextmanager
async def board_of(source: Path, folder: Path) -> AsyncIterator[Board]:
    """A dashboard over a copy of ``source``."""
    shutil.copy(source, folder / "board.db")
    async with await Database.open(f"sqlite:///{folder / 'board.db'}") as database:
        yield make_board(database, Settings(data=folder, webhooks=Address("127.0.0.1", 9)))


@pytest.fixture
async def board(tmp_path: Path, databases: dict[str, Path]) -> AsyncIterator[Board]:
    """A dashboard that nobody else can reach, with nothing on it."""
    async with board_of(databases["empty"], tmp_path) as board:
        yield board


@pytest.fixture
async def told(tmp_path: Path, databases: dict[str, Path]) -> AsyncIterator[Board]:
    """A dashboard with one incident that waits for approval."""
    async with board_of(databases["told"], tmp_path) as board:
        yield board


def make_board(database: Database, settings: Settings, now: datetime = NOW) -> Board:
    """A dashboard over ``database``."""
    clock = FixedClock(now)
    backend = HandFed(database, clock, PEOPLE, after=TOLD)
    hub = Hub(epoch="test", window=0.02, ping=0.2)
    app = create_app(backend, settings, hub=hub, clock=clock, log=logger())
    return Board(app=app, backend=backend, hub=hub, clock=clock)


@dataclass(slots=True)
class Served:
    """The dashboard behind a real socket."""

    board: Board
    url: str
    port: int


@asynccontextmanager
async def serving(board: Board, port: int = 0) -> AsyncIterator[Served]:
    """Serve ``board`` on this machine as the role does, on a free port unless one is given."""
    stopping = asyncio.Event()
    with listening(Address("127.0.0.1", port)) as taken:
        port = taken.getsockname()[1]
        task = asyncio.create_task(serve_http(board.app, taken, board.hub, stopping))
        try:
            yield Served(board=board, url=f"http://127.0.0.1:{port}", port=port)
        finally:
            stopping.set()
            await task


@pytest.fixture
def serve() -> Any:
    """``async with serve(board) as served``."""
    return serving


@pytest.fixture
def all_agents() -> list[dict[str, Any]]:
    """One agent in each kind of health."""
    return agents(NOW)


@pytest.fixture
def run() -> Transition:
    """A run that goes on."""
    step = Step(id="check", type="wait", seconds=60)
    state = RunState(run_id="run-1", definition=Definition(type="health_check", steps=[step]), started_at=NOW)
    return Transition(run_id="run-1", index=0, at=NOW, events=[], commands=[], state=state)
