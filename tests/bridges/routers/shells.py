"""A bridge as a process of its own on a lab of real nodes: it takes signed changes, and can be killed anywhere."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
from bridges.decisions import approved
from scenarios.process import Process, command_of
from shared.lab.faulting import standing

from nocmesh.bus import Authority, Mesh
from nocmesh.clock import SystemClock
from nocmesh.inventory import Inventory, load_inventory
from nocmesh.lab.lab import Lab
from nocmesh.lab.plan import LabPlan
from nocmesh.launch.home import Home
from nocmesh.launch.mesh import issue
from nocmesh.messages.agent import ToolReply, ToolRequest
from nocmesh.messages.change import Change, DeviceCommand, DeviceJournalEntry, DeviceResult
from nocmesh.proving.broker import Broker, eventually
from nocmesh.runtime import known_roles, load_role
from nocmesh.subjects import subject, wildcard
from nocmesh_bridges.ssh.switchscript import folder


class Bench:
    """A lab, a broker, a bridge, a monitor that keeps baselines; and approvals that sign what they are told."""

    def __init__(self, lab: Lab, inventory: Inventory, meshes: dict[str, Mesh], bridge: Process) -> None:
        self.lab = lab
        self.inventory = inventory
        self.bridge = bridge
        self._meshes = meshes
        self._asked = 0

    async def look(self, device: str, view: str) -> Any:
        """One view of the device, by the bridge's own tool."""
        state = (await self.tool("device_state", device=device, views=[view])).content["state"]
        return state[view]

    async def tool(self, name: str, **arguments: Any) -> ToolReply:
        """What a tool of the bridge answers."""
        self._asked += 1
        call = ToolRequest(call_id=f"call-{self._asked}", tool=name, arguments=arguments)
        where = subject("ai.tools.call.<tool>", tool=name)
        return await self._meshes["orchestrator"].agents.request(where, call, ToolReply, timeout=30)

    async def change(self, device: str, commands: Sequence[str], rollback: Sequence[str], **more: Any) -> Change:
        """A change at the shell of ``device``, bound to its state of now."""
        platform = self.inventory.device(device).device.platform
        door = "cli" if platform == "linux" else "shell"
        backup = await self.tool("device_backup", device=device, door=door)
        self._asked += 1
        base: dict[str, Any] = {
            "change_id": f"change-{self._asked}",
            "device": device,
            "platform": platform,
            "door": door,
            "commands": list(commands),
            "rollback": list(rollback),
            "pre_state": backup.content["sha256"],
            "requested_by": "remediation",
        }
        return msgspec.convert({**base, **more}, Change)

    async def send(self, change: Change, **more: Any) -> DeviceCommand:
        """Two people approve ``change``, and the bridge is told."""
        now = SystemClock().now()
        approval = f"approval-{change.change_id}"
        decision = approved(change, approval, voted=now, decided=now, expires=now + timedelta(minutes=10))
        where = subject("ai.approvals.decisions.<id>", id=approval)
        await self._meshes["approvals"].core.publish(where, msgspec.structs.replace(decision, **more), id=approval)
        command = DeviceCommand(
            command_id=f"command-{change.change_id}", run_id="run-1", step="apply", change=change, approval_id=approval
        )
        where = subject("ai.devices.commands.<target>", target=change.device)
        await self._meshes["orchestrator"].core.publish(where, command, id=command.command_id)
        return command

    async def result(self, command: DeviceCommand) -> DeviceResult:
        """What became of it."""
        found: list[DeviceResult] = []

        async def answered() -> bool:
            history = self._meshes["audit"].core.history(
                "DEVICE_RESULTS", wildcard("ai.devices.results.<target>"), DeviceResult
            )
            found.extend([r.body async for r in history if r.body.command_id == command.command_id])
            return bool(found)

        await eventually(answered, within=90)
        return found[0]

    async def made(self, change: Change) -> DeviceResult:
        """Approved, told, and what became of it."""
        return await self.result(await self.send(change))

    async def journal(self, change: Change) -> list[DeviceJournalEntry]:
        """The entries about ``change``."""
        where = wildcard("ai.devices.journal.<device>.<change_id>", device=change.device, change_id=change.change_id)
        history = self._meshes["audit"].core.history("DEVICE_JOURNAL", where, DeviceJournalEntry)
        return [r.body async for r in history]

    async def left_behind(self, switch: str) -> str:
        """What lies in a switch's folder, empty when nothing is left of it; the nodes share the machine's files."""
        return (await self.lab.exec("h1", "sh", "-c", f"ls {folder(switch)} 2>/dev/null || :")).stdout

    async def again(self, failpoint: str = "") -> None:
        """The bridge, stopped and started."""
        await self.bridge.stop()
        await self.bridge.start(failpoint=failpoint)
        await eventually(self._listens, within=60)

    async def _listens(self) -> bool:
        try:
            reply = await self.tool("device_state", device="h1", views=["system"])
        except Exception:
            return False
        return reply.status == "ok"


@asynccontextmanager
async def bench_on(
    plan: LabPlan, folder: Path, *, settings: Mapping[str, str] | None = None, baselines: bool = True
) -> AsyncIterator[Bench]:
    """A bench on the lab of ``plan``; all of it is taken down with the block. ``settings``: of the processes."""
    broker = Broker(Authority.create(folder / "keys"), folder / "broker")
    await broker.start()
    home = Home(folder / "data")
    issue(broker.authority, home, [load_role(name) for name in known_roles()], broker.url)
    async with standing(plan, folder / "lab") as lab:
        path = folder / "inventory.yaml"
        lab.write_inventory(path)
        environment = {
            "NOCMESH_DATA": str(home.data),
            "NOCMESH_CREDENTIALS": str(home.folder("credentials")),
            "NOCMESH_NATS_URL": broker.url,
            "NOCMESH_INVENTORY": str(path),
            "NOCMESH_DATABASE_URL": f"sqlite:///{home.data / 'nocmesh.db'}",
            **(settings or {}),
        }
        bridge = Process(command_of(("ssh",)), environment, home.logs / "ssh.log")
        monitor = Process(command_of(("monitor",)), environment, home.logs / "monitor.log")
        meshes = {
            role: await Mesh.connect(broker.url, broker.authority.issue(role, f"{role}-1"), clock=SystemClock())
            for role in ("approvals", "orchestrator", "audit")
        }
        bench = Bench(lab, load_inventory(path), meshes, bridge)
        try:
            await bench.again()
            if baselines:
                await monitor.start()
                await eventually(lambda: _baselined(bench), within=90)
            yield bench
        finally:
            await monitor.stop()
            await bridge.stop()
            for mesh in meshes.values():
                await mesh.drain(5.0)
            await broker.stop()


async def _baselined(bench: Bench) -> bool:
    names = [device.name for device in bench.inventory.devices]
    replies = [await bench.tool("device_baseline", device=name) for name in names]
    return all(reply.status == "ok" for reply in replies)
