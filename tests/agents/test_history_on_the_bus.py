"""Histories over a real broker: what turned is written by the clock, and more often while an incident is worked on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nocmesh.agent.histories import BUCKET, history_key, load_history
from nocmesh.agent.network import publish_network
from nocmesh.bus import Mesh, Received
from nocmesh.clock import FixedClock, SystemClock
from nocmesh.diagnosis.history import History, pack
from nocmesh.errors import DeniedError
from nocmesh.log import logger
from nocmesh.messages.agent import ToolReply, ToolRequest
from nocmesh.messages.change import DeviceResult
from nocmesh.messages.incident import IncidentEvent
from nocmesh.messages.state import DeviceState, Interface, Pulse
from nocmesh.network import Device, Network
from nocmesh.proving.broker import MeshFor, eventually
from nocmesh.subjects import subject
from nocmesh_agents.monitor.agent import Monitor
from nocmesh_agents.monitor.historian import Historian
from nocmesh_agents.monitor.verdicts import applied_by
from nocmesh_agents.orchestrator.agent import role as orchestrator

pytestmark = pytest.mark.mesh

NETWORK = Network(devices=[Device(name=name, platform="frr", address="x") for name in ("r1", "r2")])
START = datetime(2026, 1, 31, 12, tzinfo=UTC)


@dataclass
class Devices:
    """A bridge whose devices have one port each, up until a test says otherwise."""

    mesh: Mesh
    up: dict[str, bool] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    asked: list[tuple[str, tuple[str, ...], bool]] = field(default_factory=list)

    async def serve(self) -> None:
        for tool in ("device_state", "device_backup"):
            await self.mesh.agents.serve(subject("ai.tools.call.<tool>", tool=tool), ToolRequest, self._answer)
        await publish_network(self.mesh.agents, NETWORK)

    async def _answer(self, received: Received[ToolRequest]) -> ToolReply:
        call, device = received.body, str(received.body.arguments["device"])
        if call.tool == "device_state":
            arguments = call.arguments
            self.asked.append((device, tuple(arguments["views"]), bool(arguments.get("background"))))
        if device in self.silent:
            return ToolReply(call_id=call.call_id, status="unreachable", error="no route")
        port = Interface(name="e0", enabled=True, oper_up=self.up.get(device, True), carrier_changes=2)
        known: dict[str, Any] = {"interfaces": [port], "pulse": Pulse(interfaces=[port])}
        views = {view: value for view, value in known.items() if view in call.arguments.get("views", ())}
        state = DeviceState(device=device, platform="frr", status=dict.fromkeys(views, "parsed"), **views)
        return ToolReply(call_id=call.call_id, status="ok", content={"state": state.to_dict()})

    async def history(self, device: str = "r1") -> History | None:
        return await load_history(self.mesh.agents, device)

    async def until(self, condition: Callable[[History], object], device: str = "r1") -> History:
        seen: list[History] = []

        async def holds() -> bool:
            found = await self.history(device)
            seen[:] = [found] if found and condition(found) else []
            return bool(seen)

        await eventually(holds, within=20)
        return seen[0]


@pytest.fixture
async def devices(mesh_on: MeshFor) -> Devices:
    found = Devices(await mesh_on("bridge", name="ssh-1", type="ssh"))
    await found.serve()
    return found


@dataclass
class Watch:
    """A historian whose clock a test moves."""

    historian: Historian
    clock: FixedClock

    async def after(self, seconds: float) -> None:
        """So much later, whatever is due is looked at."""
        self.clock.at += timedelta(seconds=seconds)
        self.historian.round(NETWORK)
        for task in self.historian._looking.values():
            await task


Watches = Callable[..., Any]


@pytest.fixture
def watch(mesh_on: MeshFor) -> Watches:
    async def begun(name: str = "monitor-1", *, seconds: float = 60, clock: FixedClock | None = None) -> Watch:
        clock = clock or FixedClock(START)
        mesh = await mesh_on("monitor", name=name, type="monitor")
        return Watch(Historian(mesh, clock, logger(test=name), name, seconds=seconds), clock)

    return begun


async def test_the_monitor_keeps_a_history_of_every_device_by_the_clock(host: Any, devices: Devices) -> None:
    await host(orchestrator)
    await host(Monitor, history_seconds=0.2)
    await devices.until(lambda found: "interface e0" in found.values, "r2")
    devices.up["r1"] = False
    found = await devices.until(lambda found: found.turns)
    [turn] = found.turns
    assert (turn.what, turn.before, turn.after) == ("e0", "up", "down")
    assert turn.since is not None
    assert turn.since < turn.at


async def test_the_baseline_is_the_first_look_and_the_clock_can_be_switched_off(host: Any, devices: Devices) -> None:
    await host(orchestrator)
    await host(Monitor, history_seconds=0)
    found = await devices.until(lambda found: "interface e0" in found.values)
    assert found.turns == []
    assert not any(views == ("pulse",) for _, views, _ in devices.asked)


async def test_a_look_is_short_in_the_background_and_only_when_it_is_due(devices: Devices, watch: Watches) -> None:
    found = await watch()
    await found.after(0)
    await found.after(59)
    assert devices.asked == []
    await found.after(1)
    assert sorted(devices.asked) == [("r1", ("pulse",), True), ("r2", ("pulse",), True)]
    await found.after(30)
    assert len(devices.asked) == 2


async def test_a_device_that_goes_away_and_comes_back_turns_twice(devices: Devices, watch: Watches) -> None:
    found = await watch()
    for silent in (False, False, True, False):
        devices.silent = {"r1"} if silent else set()
        await found.after(60)
    history = await devices.history()
    assert history is not None
    assert [(turn.before, turn.after) for turn in history.turns] == [("answers", "silent"), ("silent", "answers")]


async def test_the_devices_of_an_incident_are_looked_at_more_often_while_it_is_worked_on(
    devices: Devices, watch: Watches
) -> None:
    found = await watch()
    await found.after(0)
    opened = IncidentEvent(
        event_id="e1",
        incident_id="i1",
        kind="open",
        state="open",
        at=START,
        text="",
        data={"alert": {"device": "r2"}},
    )
    found.historian.heard(opened)
    await found.after(10)
    assert [device for device, _, _ in devices.asked] == ["r2"]
    over = IncidentEvent(event_id="e2", incident_id="i1", kind="closed", state="closed", at=START, text="")
    found.historian.heard(over)
    await found.after(10)
    assert [device for device, _, _ in devices.asked] == ["r2"]


async def test_of_two_monitors_the_second_leaves_a_device_alone(devices: Devices, watch: Watches) -> None:
    first = await watch()
    second = await watch("monitor-2", clock=first.clock)
    await first.after(0)
    await second.after(0)
    await first.after(60)
    await second.after(5)
    assert len(devices.asked) == 2


async def test_what_lies_there_and_cannot_be_read_is_written_anew(devices: Devices, watch: Watches) -> None:
    found = await watch()
    await found.historian._bus.bucket(BUCKET).put(history_key("r1"), b"rubbish")
    await found.after(0)
    await found.after(60)
    assert (await devices.until(lambda history: history.values)).device == "r1"


async def test_only_the_monitor_writes_a_history_and_any_agent_reads_it(devices: Devices, mesh_on: MeshFor) -> None:
    agent = await mesh_on("agent", name="triage-1", type="triage")
    monitor = await mesh_on("monitor", name="monitor-1", type="monitor")
    history = History(device="r1", at=START, began=START)
    with pytest.raises(DeniedError):
        await agent.agents.bucket(BUCKET).put(history_key("r1"), pack(history))
    await monitor.agents.bucket(BUCKET).put(history_key("r1"), pack(history))
    assert await load_history(agent.agents, "r1") == history


def result(**more: Any) -> DeviceResult:
    lines = ["interface e0", "shutdown", "router bgp 65001", "neighbor 10.0.0.2 password s3cret", "no bgp x"]
    transcript = [{"line": line, "answer": ""} for line in lines]
    base = {"command_id": "c", "change_id": "ch1", "device": "r1", "outcome": "confirmed", "applied_at": START}
    return DeviceResult(**{**base, "transcript": transcript, **more})


def test_of_a_change_only_what_it_switched_is_kept_and_no_secret() -> None:
    kept = applied_by(result())
    assert kept is not None
    assert kept.lines == ["interface e0 | shutdown"]
    assert applied_by(result(outcome="rolled_back")) is None
    assert applied_by(result(applied_at=None, at=None)) is None


async def test_a_change_of_the_mesh_stands_in_the_devices_history(
    host: Any, devices: Devices, mesh_on: MeshFor
) -> None:
    await host(orchestrator)
    await host(Monitor, history_seconds=0)
    await devices.until(lambda found: found.values)
    now = SystemClock().now()
    where = subject("ai.devices.results.<target>", target="r1")
    await devices.mesh.core.publish(where, result(applied_at=now), id="res1")
    found = await devices.until(lambda found: found.applied)
    assert [change.lines for change in found.applied] == [["interface e0 | shutdown"]]
