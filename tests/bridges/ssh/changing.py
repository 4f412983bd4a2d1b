"""A bridge that changes simulated routers over real sessions and a real broker; it can be killed anywhere."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import msgspec
from bridges.decisions import approved

from nocmesh.bus import Mesh, Received
from nocmesh.clock import Clock, SystemClock
from nocmesh.log import logger
from nocmesh.messages.change import Change, DeviceCommand, DeviceJournalEntry, DeviceResult
from nocmesh.messages.order import EVERYWHERE, Order
from nocmesh.network import Device, Network
from nocmesh.policy.policy import built_in
from nocmesh.proving.broker import MeshFor
from nocmesh.proving.simulated import ports
from nocmesh.proving.simulated.server import Access, SimulatedNetwork
from nocmesh.proving.simulated.topology import PAIR
from nocmesh.subjects import subject
from nocmesh_bridges.ssh.applying import Executor
from nocmesh_bridges.ssh.pool import DevicePool
from nocmesh_bridges.ssh.reading import Reader
from nocmesh_bridges.ssh.target import Target

ACCESS = Access()
BGP = {"r1": "router bgp 65001", "r2": "router bgp 65002"}


class Killed(BaseException):
    """What `kill -9` looks like from inside."""


class Cuts:
    """Makes simulated devices hang up: after a line had its effect, each as often as it is named."""

    def __init__(self, monkeypatch: Any) -> None:
        self.lines: list[str] = []
        self.shut = False
        """Nobody gets in any more."""
        answer = ports._Session._answer
        begin = ports._Login.connection_made
        cuts = self

        def cutting(session: Any, line: str) -> None:
            if line.strip() not in cuts.lines:
                answer(session, line)
                return
            cuts.lines.remove(line.strip())
            session._terminal.shell.answer(line)
            for connection in list(session._device.connections):
                connection.abort()

        def shutting(login: Any, connection: Any) -> None:
            begin(login, connection)
            if cuts.shut:
                connection.abort()

        monkeypatch.setattr(ports._Session, "_answer", cutting)
        monkeypatch.setattr(ports._Login, "connection_made", shutting)


class Bench:
    """Two routers, the bridge, and an approvals process that signs what it is told."""

    def __init__(self, network: SimulatedNetwork, mesh_on: MeshFor, meshes: dict[str, Mesh]) -> None:
        self.network = network
        self._mesh_on = mesh_on
        self.meshes = meshes
        self.pools: list[DevicePool] = []
        self.changed: list[str] = []
        self.policy = built_in()
        self.executor = self.bridge(meshes["bridge"])

    @classmethod
    @asynccontextmanager
    async def open(cls, mesh_on: MeshFor) -> "AsyncIterator[Bench]":
        async with SimulatedNetwork.running(PAIR, access=ACCESS) as network:
            meshes = {role: await mesh_on(role) for role in ("bridge", "approvals", "orchestrator")}
            bench = cls(network, mesh_on, meshes)
            yield bench
            for pool in bench.pools:
                await pool.close()

    def bridge(self, mesh: Mesh, *, clock: Clock | None = None, network: Network | None = None) -> Executor:
        """A bridge as it is after its start: it remembers nothing."""
        clock = clock or SystemClock()
        pool = DevicePool([self._target(name) for name in ("r1", "r2")], clock)
        self.pools.append(pool)
        log = logger(role="ssh")
        reader = Reader(mesh, pool, network or self.inventory(), log, b"key")
        return Executor(mesh, pool, reader, clock, log, self.policy, self._changed)

    async def _changed(self, device: str) -> None:
        """What the other bridges are told."""
        self.changed.append(device)

    async def another(self, name: str) -> tuple[Mesh, Executor]:
        """A second bridge, of another name."""
        mesh = await self._mesh_on("bridge", name=name)
        return mesh, self.bridge(mesh)

    def again(self, **more: Any) -> Executor:
        """The bridge, killed and started again."""
        self.executor = self.bridge(self.meshes["bridge"], **more)
        return self.executor

    def _target(self, name: str) -> Target:
        host, port = self.network.address(name)
        return Target(
            name=name,
            platform=self.network.model.node(name).dialect,
            host=host,
            port=port,
            username=ACCESS.username,
            password=ACCESS.password,
            enable_password=ACCESS.enable_password,
            host_key=self.network.host_key(name),
        )

    def inventory(self, **of_r1: Any) -> Network:
        """Both devices."""
        nodes = self.network.model.nodes.values()
        devices = [Device(name=node.name, platform=node.dialect, address="127.0.0.1") for node in nodes]
        return Network(devices=[msgspec.structs.replace(devices[0], **of_r1), *devices[1:]])

    async def change(self, device: str = "r1", **more: Any) -> Change:
        """A new neighbour on ``device``, bound to its present state."""
        _, running = await self.executor.reader.running(self.executor.reader.device({"device": device}))
        base: dict[str, Any] = {
            "change_id": f"c-{device}",
            "device": device,
            "platform": self.network.model.node(device).dialect,
            "commands": [BGP[device], "neighbor 192.0.2.77 remote-as 64999", "neighbor 192.0.2.77 description new"],
            "rollback": [BGP[device], "no neighbor 192.0.2.77"],
            "verify": [
                {"kind": "bgp_neighbor", "arguments": {"neighbor": "192.0.2.77"}, "text": "it is there", "within": 0.3}
            ],
            "pre_state": running,
            "requested_by": "remediation",
        }
        return msgspec.convert({**base, **more}, Change)

    async def approve(self, change: Change, *, minutes: float = 10, attempt: int = 1, **more: Any) -> DeviceCommand:
        """The decision of two people on ``change``, signed; and the command that follows from it."""
        now = SystemClock().now()
        approval = f"approval-{change.change_id}-{change.hash()[:8]}"
        expires = now + timedelta(minutes=minutes)
        decision = approved(change, approval, voted=voted(now, minutes), decided=now, expires=expires)
        where = subject("ai.approvals.decisions.<id>", id=approval)
        await self.meshes["approvals"].core.publish(where, decision, id=approval)
        return DeviceCommand(
            command_id=f"k-{change.change_id}-{attempt}",
            run_id="run-1",
            step="apply",
            change=change,
            approval_id=approval,
            **more,
        )

    async def freeze(self, name: str = EVERYWHERE, value: str = "on") -> None:
        """Somebody lets nothing out any more; an empty ``value`` lifts it."""
        order = Order(kind="freeze", name=name, value=value, person="ada", at=SystemClock().now())
        where = subject("ai.approvals.orders.<kind>.<name>", kind="freeze", name=name)
        await self.meshes["approvals"].core.publish(where, order, id=f"freeze:{name}:{value}")

    async def take(self, command: DeviceCommand) -> DeviceResult:
        """The bridge takes the command; gives what it told the mesh."""
        await self.executor.take(received(command))
        where = subject("ai.devices.results.<target>", target=command.change.device)
        history = self.meshes["orchestrator"].core.history("DEVICE_RESULTS", where, DeviceResult)
        return [found.body async for found in history][-1]

    async def killed(self, command: DeviceCommand) -> None:
        """The bridge takes the command and dies."""
        try:
            await asyncio.create_task(self._dying(command))
        finally:
            self.again()

    async def _dying(self, command: DeviceCommand) -> None:
        try:
            await self.executor.take(received(command))
        except Killed:
            return
        raise AssertionError("it lived")

    async def journal(self, device: str = "r1") -> list[str]:
        """The kinds of entry in the device's journal."""
        history = self.meshes["bridge"].core.history(
            "DEVICE_JOURNAL", f"ai.devices.journal.{device}.*", DeviceJournalEntry
        )
        return [found.body.kind async for found in history]

    def has(self, device: str = "r1", line: str = "neighbor 192.0.2.77 remote-as 64999") -> bool:
        """Whether the running configuration holds ``line``."""
        return line in self.network.config(device)

    def typed(self, device: str = "r1") -> list[str]:
        """Every configuration line that the bridge typed and the device took."""
        return [entry.line for entry in self.network.log(device, by=ACCESS.username) if entry.accepted]

    def saved(self, device: str = "r1") -> bool:
        """Whether the running configuration is the one that a reload would bring."""
        node = self.network.model.node(device)
        return node.running == node.startup


def voted(now: datetime, minutes: float) -> datetime:
    """Well before the end, also where that is past."""
    return now + timedelta(minutes=minutes - 60)


def received(command: DeviceCommand) -> Received[DeviceCommand]:
    """The command as the worker hands it over."""
    return Received(
        subject=subject("ai.devices.commands.<target>", target=command.change.device),
        body=command,
        id=command.command_id,
        sequence=1,
        at=SystemClock().now(),
        speaker=None,
        correlation_id="",
        headers={},
    )
