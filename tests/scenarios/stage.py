"""A whole mesh to play failures on: a real broker, simulated routers behind SSH, every role a process of its own."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from scenarios.process import Process, command_of

from nocmesh.agent.network import load_network
from nocmesh.bus import Authority, Credentials, Mesh
from nocmesh.clock import SystemClock
from nocmesh.errors import BusError, NotFoundError
from nocmesh.ids import new_id
from nocmesh.inventory import load_inventory
from nocmesh.launch.home import Home
from nocmesh.launch.mesh import issue
from nocmesh.launch.simulation import Simulation, simulation
from nocmesh.messages.agent import DiscoveryReply, DiscoveryRequest
from nocmesh.messages.alert import AlertEvent
from nocmesh.messages.approval import ApprovalRequest
from nocmesh.messages.change import Change, DeviceCommand, DeviceResult
from nocmesh.messages.incident import IncidentEvent
from nocmesh.messages.people import PersonReply, PersonRequest
from nocmesh.messages.session import SessionEvent
from nocmesh.proving.broker import Broker, eventually
from nocmesh.runtime import known_roles, load_role
from nocmesh.store.database import Database
from nocmesh.store.people import People
from nocmesh.subjects import subject, wildcard

PEOPLE = ("nina", "omar")
COMMON = ("incidents", "approvals", "audit", "triage", "layer2", "remediation")
"""Roles that most stories do not harm: they share a process."""
LOGIN = "nocmesh"
"""As whom the bridge logs in to devices; a fault's own lines are by `fault`."""

Edit = Callable[[str], str]


class Stage:
    """Made by ``Stage.open``."""

    def __init__(self, folder: Path, broker: Broker, network: Simulation, flags: Mapping[str, str]) -> None:
        self.broker = broker
        self.network = network
        self.home = Home(folder / "data")
        self.processes: dict[str, Process] = {}
        self.tokens: dict[str, str] = {}
        self.watcher: Mesh
        self.flags = flags
        self._meshes: dict[str, Mesh] = {}
        self._asking = asyncio.Lock()
        self._seen: dict[str, int] = {}

    @classmethod
    @asynccontextmanager
    async def open(
        cls, folder: Path, *, edit: Edit = str, flags: Mapping[str, str] | None = None
    ) -> "AsyncIterator[Stage]":
        """Broker, network, identities and people; no role runs yet. ``edit`` may change the inventory's text."""
        async with AsyncExitStack() as stack:
            broker = Broker(Authority.create(folder / "keys"), folder / "broker")
            await broker.start()
            stack.push_async_callback(broker.stop)
            network = await stack.enter_async_context(simulation(folder))
            network.inventory.write_text(edit(network.inventory.read_text()))
            stage = cls(folder, broker, network, flags or {})
            issue(broker.authority, stage.home, [load_role(name) for name in known_roles()], broker.url)
            await stage._bring_people()
            stack.push_async_callback(stage._close)
            stage.watcher = await stage.mesh("dashboard", "watcher")
            yield stage

    async def _bring_people(self) -> None:
        async with await Database.open(self.database) as database:
            people = People(database, SystemClock())
            await people.ensure_users(load_inventory(self.network.inventory).users)
            self.tokens = {name: await people.create_token(name, ["read", "approve"], None) for name in PEOPLE}

    async def _close(self) -> None:
        await asyncio.gather(*(process.stop() for process in self.processes.values()))
        await asyncio.gather(*(mesh.drain(5.0) for mesh in self._meshes.values()))

    @property
    def database(self) -> str:
        """Where people and read models are kept."""
        return f"sqlite:///{self.home.data / 'nocmesh.db'}"

    # --- processes

    async def start(self, name: str, *roles: str, failpoint: str = "", **flags: str) -> Process:
        """Start the process ``name``, which runs ``roles`` (else the role of its own name)."""
        process = self.processes.get(name)
        if process is None:
            log = self.home.logs / f"{name}.log"
            process = self.processes[name] = Process(command_of(roles or (name,)), self._environment(flags), log)
        await process.start(failpoint=failpoint)
        return process

    async def instance(self, role: str, name: str) -> Process:
        """Start one more instance of ``role`` under a name of its own."""
        known = load_role(role)
        credentials = self.broker.authority.issue(known.bus_role, name, type=known.type, url=self.broker.url)
        credentials.save(self.home.credentials(name))
        log = self.home.logs / f"{name}.log"
        process = self.processes[name] = Process(command_of((role,)), self._environment({"AGENT_ID": name}), log)
        await process.start()
        return process

    def _environment(self, flags: Mapping[str, str]) -> dict[str, str]:
        return {
            "NOCMESH_DATA": str(self.home.data),
            "NOCMESH_CREDENTIALS": str(self.home.folder("credentials")),
            "NOCMESH_NATS_URL": self.broker.url,
            "NOCMESH_INVENTORY": str(self.network.inventory),
            "NOCMESH_DATABASE_URL": self.database,
            "NOCMESH_HEARTBEAT_SECONDS": "0.3",
            **self.flags,
            **flags,
        }

    async def ready(self) -> bool:
        """Whether every role that a repair needs is there, the devices are known, and people can be asked."""
        asked = DiscoveryRequest()
        try:
            where = subject("ai.agents.discovery.request")
            reply = await self.watcher.agents.request(where, asked, DiscoveryReply, timeout=2)
            where = subject("ai.approvals.call.<operation>", operation="whoami")
            await self.watcher.core.request(where, PersonRequest(), PersonReply, timeout=2)
        except (BusError, NotFoundError):
            return False
        types = {candidate.type for candidate in reply.candidates}
        network = await load_network(self.watcher.agents)
        return types >= {"orchestrator", "triage", "bgp", "remediation", "ssh"} and bool(network.devices)

    # --- speaking on the bus

    async def mesh(self, role: str, name: str, type: str = "") -> Mesh:
        """Connected as a new identity; one of each name."""
        if name not in self._meshes:
            credentials = self.broker.authority.issue(role, name, type=type)
            self._meshes[name] = await Mesh.connect(self.broker.url, credentials, clock=SystemClock())
        return self._meshes[name]

    async def stolen(self, name: str) -> Mesh:
        """Connected with the very credentials of the running role ``name``."""
        if f"stolen {name}" not in self._meshes:
            credentials = Credentials.load(self.home.credentials(name))
            self._meshes[f"stolen {name}"] = await Mesh.connect(self.broker.url, credentials, clock=SystemClock())
        return self._meshes[f"stolen {name}"]

    # --- the network

    async def ask(self, **request: Any) -> dict[str, Any]:
        """Ask the simulated network."""
        async with self._asking:
            return await self.network.ask(**request)

    async def break_it(self, fault: str, device: str = "", target: str = "") -> dict[str, Any]:
        """Inject a fault; gives the body of its alert. Lines typed from now on count as new."""
        for name in await self.devices():
            self._seen[name] = len(await self._lines(name))
        alert: dict[str, Any] = (await self.ask(do="inject", fault=fault, device=device, target=target))["alert"]
        return alert

    async def devices(self) -> list[str]:
        """Every simulated device."""
        return sorted({session["device"] for session in (await self.ask(do="sessions"))["sessions"]})

    async def _lines(self, device: str) -> list[str]:
        entries = (await self.ask(do="log", device=device, by=LOGIN))["lines"]
        return [entry["line"] for entry in entries if entry["accepted"]]

    async def typed(self) -> dict[str, list[str]]:
        """Configuration lines that devices took from the mesh since the fault, by device."""
        found = {name: (await self._lines(name))[self._seen.get(name, 0) :] for name in await self.devices()}
        return {name: lines for name, lines in found.items() if lines}

    async def heal(self) -> None:
        """Everything as it was meant to be."""
        await self.ask(do="heal")

    # --- incidents

    async def alert(self, body: dict[str, Any]) -> str:
        """Publish an alert that was never heard of as a monitoring system would; gives the incident that it opened."""
        publisher = await self.mesh("publisher", "monitoring")
        fingerprint = body["alerts"][0]["fingerprint"] = new_id(SystemClock().now())
        where = subject("ai.alerts.incoming.<source>", source="alertmanager")
        await publisher.edge.publish(where, json.dumps(body).encode(), id=fingerprint)
        return await self._incident(lambda event: event.alert.fingerprint == fingerprint)

    async def incident_of(self, alert_id: str) -> str:
        """The incident that an alert belongs to."""
        return await self._incident(lambda event: event.alert_id == alert_id)

    async def _incident(self, wanted: Callable[[AlertEvent], bool]) -> str:
        found: list[str] = []

        async def opened() -> bool:
            history = self.watcher.edge.history("ALERT_EVENTS", "ai.alerts.events.*", AlertEvent)
            found.extend([r.body.incident_id async for r in history if wanted(r.body)])
            return bool(found)

        await eventually(opened, within=20)
        return found[0]

    async def timeline(self, incident_id: str) -> list[IncidentEvent]:
        """Every event of an incident."""
        where = subject("ai.incidents.events.<incident_id>", incident_id=incident_id)
        return [r.body async for r in self.watcher.core.history("INCIDENTS", where, IncidentEvent)]

    async def reaches(self, incident_id: str, *states: str, within: float = 45.0) -> IncidentEvent:
        """The event by which the incident reached one of ``states``."""
        found: list[IncidentEvent] = []

        async def there() -> bool:
            found.extend([event for event in await self.timeline(incident_id) if event.kind in states])
            return bool(found)

        try:
            await eventually(there, within=within)
        except TimeoutError as late:
            raise AssertionError(await self._story(incident_id, states)) from late
        return found[0]

    async def _story(self, incident_id: str, states: Sequence[str]) -> str:
        told = [f"{event.kind}: {event.text}" for event in await self.timeline(incident_id)]
        logs = [f"--- {name}\n{process.tail()}" for name, process in self.processes.items()]
        return "\n".join([f"incident {incident_id} never reached {states}:", *told, *logs])

    async def pending(self, incident_id: str) -> list[ApprovalRequest]:
        """The approvals that were asked for."""
        history = self.watcher.core.history("APPROVALS", wildcard("ai.approvals.pending.<id>"), ApprovalRequest)
        return [r.body async for r in history if r.body.incident_id == incident_id]

    async def waiting(self, incident_id: str) -> list[ApprovalRequest]:
        """What the incident waits for, once it does."""
        await self.reaches(incident_id, "awaiting_approval")
        await eventually(lambda: self.pending(incident_id), within=30)
        return await self.pending(incident_id)

    async def vote(self, approval_id: str, person: str, decision: str = "approve", comment: str = "") -> PersonReply:
        """What the approvals process says to the vote of ``person``."""
        asked = PersonRequest(
            token=self.tokens[person],
            arguments={"approval_id": approval_id, "decision": decision, "comment": comment},
        )
        where = subject("ai.approvals.call.<operation>", operation="vote")
        return await self.watcher.core.request(where, asked, PersonReply)

    async def approve(self, incident_id: str) -> None:
        """Both people say yes to everything that the incident waits for."""
        for waiting in await self.waiting(incident_id):
            for person in PEOPLE:
                reply = await self.vote(waiting.approval_id, person)
                assert not reply.error

    async def tell(self, approval: ApprovalRequest, change: Change) -> DeviceResult:
        """What the bridge answers when somebody with the orchestrator's keys tells it to carry out ``change``."""
        attacker = await self.stolen("orchestrator")
        command = DeviceCommand(
            command_id=new_id(SystemClock().now()),
            run_id=approval.run_id,
            step="apply",
            change=change,
            approval_id=approval.approval_id,
        )
        where = subject("ai.devices.commands.<target>", target=change.device)
        await attacker.core.publish(where, command, id=command.command_id)
        auditor = await self.mesh("audit", "auditor")
        found: list[DeviceResult] = []

        async def answered() -> bool:
            history = auditor.core.history("DEVICE_RESULTS", wildcard("ai.devices.results.<target>"), DeviceResult)
            found.extend([r.body async for r in history if r.body.command_id == command.command_id])
            return bool(found)

        await eventually(answered, within=30)
        return found[0]

    async def sessions(self, agent_type: str, incident_id: str) -> list[SessionEvent]:
        """Everything that agents of the type wrote about an incident."""
        where = wildcard("ai.agents.sessions.<type>.<session_id>", type=agent_type)
        history = self.watcher.agents.history("SESSIONS", where, SessionEvent)
        return [r.body async for r in history if r.body.incident_id == incident_id]

    async def repaired(self, incident_id: str, within: float = 45.0) -> dict[str, Any]:
        """The report of the incident once it is closed: verified, and every device changed exactly once."""
        ended = await self.reaches(incident_id, "closed", "escalated", within=within)
        report: dict[str, Any] = ended.data["report"]
        assert ended.kind == "closed", await self._story(incident_id, ("closed",))
        assert report["outcome"]["verification"] == "passed"
        assert not report["outcome"]["rolled_back"]
        assert await self.typed() == {p["device"]: p["commands"] for p in report["proposals"]}
        return report


@asynccontextmanager
async def playing(
    folder: Path, *alone: str, edit: Edit = str, flags: Mapping[str, str] | None = None
) -> AsyncIterator[Stage]:
    """A stage on which everything runs: ``alone`` each in a process of its own, the others together."""
    async with Stage.open(folder, edit=edit, flags=flags) as stage:
        every = ("orchestrator", "bgp", "ssh", *COMMON)
        together = [name for name in every if name not in alone]
        for name in alone:
            await stage.start(name)
        if together:
            await stage.start("others", *together)
        await eventually(stage.ready, within=40)
        yield stage
