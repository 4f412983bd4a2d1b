"""A small mesh under attack: a real broker, real sessions, the real approvals process and executor, nothing in between.

Every line that any device takes is written down, whoever typed it.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from bridges.decisions import approved

from nocmesh.audit.attempts import Allowance, Attempts
from nocmesh.bus import Authority, Mesh
from nocmesh.clock import SystemClock
from nocmesh.errors import BusError
from nocmesh.log import logger
from nocmesh.messages.agent import ToolReply, ToolRequest
from nocmesh.messages.approval import ApprovalRequest, Decision, Vote
from nocmesh.messages.change import Change, DeviceCommand, DeviceJournalEntry, DeviceResult
from nocmesh.messages.order import EVERYWHERE, Order
from nocmesh.messages.people import Attempt, PersonReply, PersonRequest
from nocmesh.network import Device, Network
from nocmesh.proving.broker import Broker, eventually
from nocmesh.proving.simulated import ports
from nocmesh.proving.simulated.server import Access, SimulatedNetwork
from nocmesh.proving.simulated.topology import PAIR
from nocmesh.runtime import Context
from nocmesh.settings import Settings
from nocmesh.store.database import Database
from nocmesh.store.people import People
from nocmesh.subjects import subject
from nocmesh.yamlfile import read_document
from nocmesh_agents.approvals import agent as approvals_agent
from nocmesh_agents.approvals.agent import Approvals
from nocmesh_bridges.ssh.applying import Executor
from nocmesh_bridges.ssh.pool import DevicePool
from nocmesh_bridges.ssh.probing import Prober
from nocmesh_bridges.ssh.reading import Reader
from nocmesh_bridges.ssh.refusing import refusals
from nocmesh_bridges.ssh.target import Target

ACCESS = Access()
ATTEMPTS: Mapping[str, list[dict[str, Any]]] = read_document(Path(__file__).with_name("attempts.yaml")).data
WITHOUT_END = 10**9
TOOLS = ("device_show", "device_state", "device_probe", "device_validate", "device_backup")


@dataclass(frozen=True)
class User:
    """A person of the inventory."""

    name: str
    roles: list[str]


USERS = [
    User("nina", ["approver"]),
    User("omar", ["approver"]),
    User("nils", ["approver"]),
    User("rita", ["approver"]),
    User("vera", ["viewer"]),
    User("otto", ["operator"]),
    User("ada", ["admin"]),
]


class Siege:
    """What stands, and everybody who attacks it."""

    def __init__(self, network: SimulatedNetwork, broker: Broker, authority: Authority) -> None:
        self.network = network
        self.typed: list[tuple[str, str]] = []
        """Device and line, of every line."""
        self.tokens: dict[str, str] = {}
        self._broker = broker
        self._authority = authority
        self._meshes: dict[str, Mesh] = {}
        self._number = self._heard = 0
        self.pre_state = ""

    async def mesh(self, role: str, name: str = "", type: str = "") -> Mesh:
        """A connection with a role's own credentials."""
        name = name or f"{role}-1"
        if name not in self._meshes:
            credentials = self._authority.issue(role, name, type=type)
            self._meshes[name] = await Mesh.connect(self._broker.url, credentials, clock=SystemClock())
        return self._meshes[name]

    async def close(self) -> None:
        """Everybody goes."""
        for mesh in self._meshes.values():
            await mesh.drain(5.0)

    # --- reading

    async def call(self, tool: str, arguments: dict[str, Any], **more: str) -> ToolReply:
        """An agent calls a tool."""
        self._number += 1
        rogue = await self.mesh("agent", "rogue", "bgp")
        request = ToolRequest(tool=tool, arguments=arguments, call_id=f"call-{self._number}", **more)  # type: ignore[arg-type]
        return await rogue.agents.request(subject("ai.tools.call.<tool>", tool=tool), request, ToolReply)

    async def told(self) -> list[Attempt]:
        """What the audit was told since it was asked for last."""
        audit, told = await self.mesh("audit"), list[Attempt]()
        async for found in audit.core.history("ATTEMPTS", "ai.attempts.*", Attempt, after=self._heard):
            self._heard = found.sequence
            told.append(found.body)
        return told

    async def last(self, where: str) -> int:
        """The place of the last message there."""
        found = await (await self.mesh("audit")).core.last(where, bytes)
        return found.sequence if found else 0

    # --- approving

    def change(self, **more: Any) -> Change:
        """A new neighbour on r1, which its present state allows."""
        self._number += 1
        base: dict[str, Any] = {
            "change_id": f"c-{self._number}",
            "device": "r1",
            "platform": "frr",
            "commands": ["router bgp 65001", "neighbor 192.0.2.77 remote-as 64999"],
            "rollback": ["router bgp 65001", "no neighbor 192.0.2.77"],
            "verify": [{"kind": "bgp_neighbor", "arguments": {"neighbor": "192.0.2.77"}, "within": 0.3}],
            "pre_state": self.pre_state,
            "requested_by": "remediation",
        }
        return msgspec.convert({**base, **more}, Change)

    async def request(self, change: Change, *, minutes: float = 30, **more: Any) -> ApprovalRequest:
        """The orchestrator asks for an approval of ``change``."""
        now = SystemClock().now()
        base: dict[str, Any] = {
            "approval_id": f"a-{change.change_id}",
            "run_id": "run-1",
            "step": "approval",
            "incident_id": "i1",
            "change": change,
            "change_hash": change.hash(),
            "risk": "critical",
            "quorum": 2,
            "requested_by": change.requested_by,
            "requested_at": now,
            "expires_at": now + timedelta(minutes=minutes),
            "position": 1,
        }
        request = ApprovalRequest(**{**base, **more})
        where = subject("ai.approvals.pending.<id>", id=request.approval_id)
        await (await self.mesh("orchestrator")).core.publish(where, request, id=request.approval_id)
        return request

    async def ask(self, operation: str, proof: Mapping[str, str], arguments: dict[str, Any]) -> PersonReply:
        """A person asks, with a proof of who they are."""
        known = {kind: self.tokens.get(value, value) if kind == "token" else value for kind, value in proof.items()}
        where = subject("ai.approvals.call.<operation>", operation=operation)
        person = PersonRequest(arguments=arguments, **known)
        return await (await self.mesh("dashboard")).core.request(where, person, PersonReply)

    async def vote(self, approval_id: str, proof: Mapping[str, str], more: Mapping[str, Any] = {}) -> PersonReply:
        """Somebody votes."""
        return await self.ask("vote", proof, {"approval_id": approval_id, "decision": "approve", **more})

    async def decided(self, change: Change) -> DeviceCommand:
        """Two people approve ``change``, by the real process; the command that follows."""
        request = await self.request(change)
        for person in ("nina", "omar"):
            reply = await self.vote(request.approval_id, {"token": person})
            assert not reply.error, reply.error
        return self.command(change)

    async def signed(
        self, change: Change, people: list[str], vote: Mapping[str, Any], decision: Mapping[str, Any]
    ) -> DeviceCommand:
        """The approvals process has signed something that it never would."""
        now = SystemClock().now()
        sound = approved(change, f"a-{change.change_id}", voted=now, decided=now, expires=now + timedelta(minutes=9))
        votes = [{**sound.votes[0].to_dict(), "person": person, **vote} for person in people]
        wrong = msgspec.convert({**sound.to_dict(), "votes": votes, **decision}, Decision)
        where = subject("ai.approvals.decisions.<id>", id=sound.approval_id)
        await (await self.mesh("approvals")).core.publish(where, wrong, id=sound.approval_id)
        return self.command(change)

    def command(self, change: Change, **more: Any) -> DeviceCommand:
        """The command that sends ``change``."""
        base = {"command_id": f"k-{change.change_id}", "run_id": "run-1", "step": "apply", "change": change}
        return DeviceCommand(**{**base, "approval_id": f"a-{change.change_id}", **more})

    async def send(self, command: DeviceCommand) -> DeviceResult:
        """The orchestrator's command goes out; what the bridge wrote into the device's journal about it."""
        change = command.change
        where = subject("ai.devices.commands.<target>", target=change.device)
        await (await self.mesh("orchestrator")).core.publish(where, command, id=command.command_id)
        journal = subject("ai.devices.journal.<device>.<change_id>", device=change.device, change_id=change.change_id)
        audit, found = await self.mesh("audit"), list[DeviceResult]()

        async def ended() -> bool:
            last = await audit.core.last(journal, DeviceJournalEntry)
            if last is not None and last.body.result is not None and last.body.command_id == command.command_id:
                found.append(last.body.result)
            return bool(found)

        await eventually(ended, within=30)
        return found[0]

    def configured(self) -> list[str]:
        """Every configuration line that any device took in."""
        return [entry.line for device in ("r1", "r2") for entry in self.network.log(device)]

    async def freeze(self, value: str = "on") -> None:
        """Everything is frozen, for as long as nobody lifts it; an empty ``value`` lifts it."""
        self._number += 1
        order = Order(kind="freeze", name=EVERYWHERE, value=value, person="ada", at=SystemClock().now())
        where = subject("ai.approvals.orders.<kind>.<name>", kind="freeze", name=EVERYWHERE)
        await (await self.mesh("approvals")).core.publish(where, order, id=f"freeze-{self._number}")


def moved(command: DeviceCommand, fields: Mapping[str, Any]) -> DeviceCommand:
    """``command`` with other ``fields``."""
    return msgspec.convert({**command.to_dict(), **fields}, DeviceCommand)


def edited(change: Change, fields: Mapping[str, Any]) -> Change:
    """``change`` with other ``fields``."""
    return msgspec.convert({**change.to_dict(), **fields}, Change)


def vote_of(person: str, change: Change) -> Vote:
    """A yes that nobody gave."""
    now = SystemClock().now()
    return Vote(
        approval_id=f"a-{change.change_id}", person=person, decision="approve", change_hash=change.hash(), at=now
    )


def devices(platforms: list[str]) -> list[Device]:
    """The two simulated ones, and one that is said to be of each of ``platforms``."""
    real = [
        Device(name="r1", platform="frr", address="127.0.0.1"),
        Device(name="r2", platform="cisco_iosxe", address="127.0.0.1"),
    ]
    return [*real, *(Device(name=f"on-{each or 'none'}", platform=each, address="127.0.0.1") for each in platforms)]


@asynccontextmanager
async def siege(folder: Path, authority: Authority, platforms: list[str]) -> "AsyncIterator[Siege]":
    """Everything stands, and nobody is there yet but who belongs there."""
    patch = pytest.MonkeyPatch()
    async with AsyncExitStack() as stack:
        stack.callback(patch.undo)
        network = await stack.enter_async_context(SimulatedNetwork.running(PAIR, access=ACCESS))
        broker = Broker(authority, folder / "broker")
        await broker.start()
        stack.push_async_callback(broker.stop)
        held = Siege(network, broker, authority)
        stack.push_async_callback(held.close)
        _listen(patch, held)
        await _bridge(stack, held, Network(devices=devices(platforms)))
        await _office(stack, patch, held, folder)
        yield held


def _listen(patch: pytest.MonkeyPatch, held: Siege) -> None:
    answer = ports._Session._answer

    def heard(session: Any, line: str) -> None:
        held.typed.append((session._device.name, line))
        answer(session, line)

    patch.setattr(ports._Session, "_answer", heard)


def _targets(network: SimulatedNetwork, inventory: Network) -> list[Target]:
    """Whatever a device is said to be, somebody real listens there: a line that gets through is seen."""
    found = []
    for device in inventory.devices:
        name = device.name if device.name in ("r1", "r2") else "r1"
        host, port = network.address(name)
        target = Target(
            name=device.name,
            platform=device.platform,
            host=host,
            port=port,
            username=ACCESS.username,
            password=ACCESS.password,
            enable_password=ACCESS.enable_password,
            host_key=network.host_key(name),
        )
        found.append(target)
    return found


async def _bridge(stack: AsyncExitStack, held: Siege, inventory: Network) -> None:
    """Tools and executor, as `ssh/role.py` puts them together; the audit is told of everything."""
    mesh, clock, log = await held.mesh("bridge"), SystemClock(), logger(role="ssh")
    pool = DevicePool(_targets(held.network, inventory), clock)
    stack.push_async_callback(pool.close)
    allowance = Allowance(each=WITHOUT_END, total=WITHOUT_END)
    attempts = await stack.enter_async_context(Attempts(mesh.core, clock, log, name=mesh.me.name, allowance=allowance))
    reader = Reader(mesh, pool, inventory, log, b"key", refused=refusals(attempts, clock, b"key"))
    reader.tools.update(Prober(reader, reader.asker).tools)
    for tool in TOOLS:
        service = await mesh.agents.serve(subject("ai.tools.call.<tool>", tool=tool), ToolRequest, reader.call)
        stack.push_async_callback(service.stop)
    executor = Executor(mesh, pool, reader, clock, log)
    worker = await mesh.core.work("COMMANDS", "bridge", DeviceCommand, executor.take, slots=4)
    stack.push_async_callback(worker.stop)
    _, held.pre_state = await reader.running(reader.device({"device": "r1"}))


async def _office(stack: AsyncExitStack, patch: pytest.MonkeyPatch, held: Siege, folder: Path) -> None:
    patch.setattr(approvals_agent, "TICK_SECONDS", 0.05)
    database = await stack.enter_async_context(await Database.open(f"sqlite:///{folder / 'people.db'}"))
    people = People(database, SystemClock())
    await people.ensure_users(USERS)
    held.tokens = {user.name: await people.create_token(user.name, ["approve"]) for user in USERS}
    held.tokens["nina-other"] = await people.create_token("nina", ["approve"])
    held.tokens["nina-read"] = await people.create_token("nina", ["read"])
    mesh, settings = await held.mesh("approvals"), Settings(data=folder)
    context = Context(
        mesh=mesh, settings=settings, clock=SystemClock(), log=logger(role="approvals"), name=mesh.me.name
    )
    office = Approvals(context, people)
    office.attempts = Attempts(
        mesh.core,
        context.clock,
        context.log,
        name=mesh.me.name,
        allowance=Allowance(each=WITHOUT_END, total=WITHOUT_END),
    )
    task = asyncio.create_task(office.run())

    async def closes() -> None:
        context.stopping.set()
        await task

    stack.push_async_callback(closes)

    async def answers() -> bool:
        try:
            return (await held.ask("whoami", {}, {})).code == "unauthenticated"
        except (BusError, LookupError):
            return False

    await eventually(answers)
