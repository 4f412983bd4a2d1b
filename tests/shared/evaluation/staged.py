"""A network and a mesh that do as a test says: for what the runner makes of odd ones. Real ones are tried elsewhere."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nocmesh.clock import SystemClock
from nocmesh.errors import NocmeshError, NotFoundError
from nocmesh.evaluation.case import Case, FaultAt
from nocmesh.evaluation.kept import Kept
from nocmesh.evaluation.run import Runner, Surroundings
from nocmesh.evaluation.trial import Patience
from nocmesh.log import logger

INVENTORY = """\
version: 1
credentials: {lab: {username: admin, password: secret}}
devices:
  - {name: core1, platform: frr, address: 192.0.2.1, credential: lab}
  - {name: core2, platform: frr, address: 192.0.2.2, credential: lab}
"""
NOW = "2026-03-01T12:00:00Z"
QUICK = Patience(showing=0.05, case=0.2, mending=0.05, settling=0.05, closing=0.05, accepting=0.05)


@dataclass
class Network:
    """Shows every fault at once, and is well after healing, unless told otherwise."""

    inventory: Path
    hidden: set[str] = field(default_factory=set)
    """Types that never show."""
    refused: set[str] = field(default_factory=set)
    """Types that cannot be injected."""
    unsettled: str = ""
    injected: list[FaultAt] = field(default_factory=list)
    history: list[str] = field(default_factory=list)

    async def inject(self, fault: FaultAt) -> None:
        if fault.type in self.refused:
            raise NotFoundError(f"no {fault.type} here")
        self.injected.append(fault)
        self.history.append(f"inject {fault.type}")

    async def showing(self) -> list[str]:
        return [str(fault) for fault in self.injected if fault.type not in self.hidden]

    async def heal(self) -> None:
        self.injected.clear()
        self.history.append("heal")

    async def settled(self) -> str:
        return self.unsettled


@dataclass
class Mesh:
    """One incident an alert; its report, and how it goes on."""

    network: Network
    report: dict[str, Any] = field(default_factory=dict)
    approval: bool = False
    """It waits for two people, and then mends the network."""
    ends: bool = True
    """An incident ends by itself, or when it is called off."""
    deaf: bool = False
    behind: int = 0
    """How often an incident cannot be read although its alert can."""
    joins: bool = False
    """Every alert joins the first incident."""
    observations: list[dict[str, Any]] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    """Answers that are kept beside the timeline, by the object's name."""
    incidents: dict[str, str] = field(default_factory=dict)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    votes: list[tuple[str, str]] = field(default_factory=list)
    posted: list[dict[str, Any]] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    accepted: list[list[str]] = field(default_factory=list)
    """Devices that were said to be well."""
    blind: bool = False
    """It cannot see that they are."""

    def api(self, person: str) -> "Desk":
        return Desk(self, person)

    def take(self, body: Mapping[str, Any]) -> dict[str, Any]:
        self.posted.append(dict(body))
        ids = [f"alert-{len(self.alerts)}"]
        if body["status"] == "firing" and not self.deaf:
            incident = "i1" if self.joins else f"i{len(self.incidents) + 1}"
            state = "awaiting_approval" if self.approval else "closed" if self.ends else "investigating"
            self.incidents.setdefault(incident, state)
            self.alerts.insert(0, {"alert_id": ids[0], "incident_id": incident})
        return {"accepted": 1, "alert_ids": ids}

    def vote(self, person: str, decision: str) -> None:
        self.votes.append((person, decision))
        if decision == "reject" or len(self.votes) == 2:
            self.incidents = dict.fromkeys(self.incidents, "closed" if decision == "approve" else "escalated")
            self.network.injected.clear()


@dataclass
class Desk:
    """The mesh's API as one person sees it."""

    mesh: Mesh
    person: str

    async def get(self, path: str, *names: str, **query: Any) -> Any:
        mesh = self.mesh
        match path:
            case "/api/incidents":
                return {"items": [{"incident_id": i, "state": s} for i, s in mesh.incidents.items()], "next": None}
            case "/api/workflows/{}":
                taken = {} if mesh.blind else dict.fromkeys(mesh.accepted[int(names[0])], 1)
                return {"status": "finished", "result": {"baseline": {"taken": taken}}}
            case "/api/alerts":
                return {"items": mesh.alerts}
            case "/api/approvals":
                waiting = [i for i, state in mesh.incidents.items() if state == "awaiting_approval"]
                votes = [{"person": person} for person, _ in mesh.votes]
                return {"items": [{"approval_id": i, "incident_id": i, "quorum": 2, "votes": votes} for i in waiting]}
            case "/api/incidents/{}/timeline":
                return {"items": [{"data": {"observations": mesh.observations}}, {"data": None}]}
            case "/api/outputs/{}" if names[0] in mesh.outputs:
                return {"sha256": names[0], "text": mesh.outputs[names[0]]}
            case "/api/incidents/{}":
                if mesh.behind > 0:
                    mesh.behind -= 1
                    raise NotFoundError("there is no incident of that id")
                state = mesh.incidents[names[0]]
                blank = {"incident_id": names[0], "verdict": "uncertain", "confidence": 0}
                return {**blank, **mesh.report, "state": state}
        raise NotFoundError(path)

    async def post(self, path: str, *names: str, body: Mapping[str, Any]) -> Any:
        match path:
            case "/api/webhooks/{}":
                return self.mesh.take(body)
            case "/api/approvals/{}/decisions":
                if self.person == "eve":
                    raise NocmeshError("eve may not vote")
                return self.mesh.vote(self.person, str(body["decision"]))
            case "/api/workflows":
                self.mesh.accepted.append(body["parameters"]["devices"])
                return {"workflow_id": f"{len(self.mesh.accepted) - 1}"}
            case "/api/workflows/{}/cancel":
                self.mesh.cancelled.append(names[0])
                if self.mesh.ends:
                    self.mesh.incidents[names[0].removeprefix("incident-")] = "escalated"
                return {}
        raise NotFoundError(path)


@dataclass
class World:
    """Networks and meshes as they are asked for; what is set holds for all of them."""

    folder: Path
    network: Network = field(init=False)
    mesh: Mesh = field(init=False)
    people: tuple[str, ...] = ("nina", "omar")
    fails: int = 0
    """How often the network does not start."""
    why_not: str = ""
    started: int = 0
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        inventory = self.folder / "inventory.yaml"
        inventory.write_text(INVENTORY)
        self.network = Network(inventory)
        self.mesh = Mesh(self.network)

    @asynccontextmanager
    async def ground(self, case: Case, folder: Path) -> AsyncIterator[Network]:
        self.started += 1
        if self.started <= self.fails:
            raise NocmeshError("the cable was too short")
        yield self.network

    @asynccontextmanager
    async def meshes(self, inventory: Path, data: Path) -> AsyncIterator[dict[str, Desk]]:
        yield {person: self.mesh.api(person) for person in self.people}

    def runner(self, cases: int = 1, *, repair: bool = True, patience: Patience = QUICK) -> Runner:
        kept = Kept.begin(self.folder, "test", cases, SystemClock(), reasoner="rules", repair=repair)
        around = Surroundings(
            grounds=self.ground,
            meshes=self.meshes,
            unavailable=lambda case: self.why_not,
            clock=SystemClock(),
            log=logger(),
            tell=self.told.append,
        )
        return Runner(around, kept, patience, repair=repair)
