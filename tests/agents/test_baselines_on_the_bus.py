"""Baselines over a real broker: taken at start, after proved changes, by the clock and when asked; kept or not."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from nocmesh.agent.baselines import SNAPSHOTS, book_key, load_book, load_books, load_snapshot, snapshot_key
from nocmesh.agent.network import BUCKET, publish_network
from nocmesh.baseline_files import write_snapshot
from nocmesh.bus import Bus, Mesh, Objects, Received
from nocmesh.bus.bucket import Bucket
from nocmesh.clock import SystemClock
from nocmesh.diagnosis.baseline import Book, Snapshot, Taken
from nocmesh.diagnosis.configtext import sha256_of
from nocmesh.errors import BusError, InvalidInputError, LostRaceError, NotFoundError
from nocmesh.messages.agent import ToolReply, ToolRequest
from nocmesh.messages.change import DeviceResult
from nocmesh.messages.incident import IncidentEvent
from nocmesh.messages.state import Bgp, BgpNeighbor, DeviceState, Process, ViewStatus
from nocmesh.messages.task import TaskAssignment, TaskResult
from nocmesh.network import Device, Network
from nocmesh.proving.broker import MeshFor, eventually
from nocmesh.subjects import subject
from nocmesh_agents.monitor import agent as module
from nocmesh_agents.monitor import changes
from nocmesh_agents.monitor.agent import Monitor
from nocmesh_agents.monitor.changes import Changes
from nocmesh_agents.monitor.verdicts import Left
from nocmesh_agents.orchestrator.agent import role as orchestrator

pytestmark = pytest.mark.mesh

NETWORK = Network(devices=[Device(name=name, platform="frr", address="x") for name in ("r1", "r2")])
MINUTE = 60.0


@dataclass
class World:
    """A bridge's answers: each device's configuration and state, until a test says otherwise."""

    mesh: Mesh
    configs: dict[str, str] = field(default_factory=lambda: {name: f"hostname {name}\n" for name in ("r1", "r2")})
    sessions: dict[str, str] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    """Views that the platform does not have."""
    backups: bool = True
    looks: int = 0

    async def serve(self) -> None:
        for tool in ("device_state", "device_backup"):
            await self.mesh.agents.serve(subject("ai.tools.call.<tool>", tool=tool), ToolRequest, self._answer)
        await publish_network(self.mesh.agents, NETWORK)

    async def _answer(self, received: Received[ToolRequest]) -> ToolReply:
        call, device = received.body, received.body.arguments["device"]
        if device in self.silent:
            return ToolReply(call_id=call.call_id, status="unreachable", error="no route")
        if call.tool == "device_backup":
            return await self._backup(call.call_id, device)
        views = call.arguments["views"]
        if self.refused & set(views):
            return ToolReply(call_id=call.call_id, status="error", error=f"no view among {views}")
        return ToolReply(call_id=call.call_id, status="ok", content={"state": self._state(device, views).to_dict()})

    async def _backup(self, call_id: str, device: str) -> ToolReply:
        self.looks += 1
        if not self.backups:
            return ToolReply(call_id=call_id, status="error", error="half a configuration")
        text = self.configs[device]
        stored = await self.mesh.core.objects("backups").put(text.encode())
        content = {"sha256": sha256_of("frr", text), "object": stored, "bytes": len(text)}
        return ToolReply(call_id=call_id, status="ok", content=content)

    def _state(self, device: str, views: list[str]) -> DeviceState:
        word: Any = self.sessions.get(device, "established")
        bgp = Bgp(asn=65001, neighbors=[BgpNeighbor(address="10.0.0.9", session_state=word)])
        processes = [Process(name="bgpd", pid=self.looks)]
        known: dict[str, Any] = {"bgp": bgp, "processes": processes}
        status: dict[str, ViewStatus] = {view: "parsed" if view in known else "unasked" for view in views}
        given = {view: value for view, value in known.items() if view in views}
        return DeviceState(device=device, platform="frr", status=status, **given)

    # what the books say

    async def book(self, device: str = "r1") -> Book | None:
        return await load_book(self.mesh.agents, device)

    async def until(self, condition: Callable[[Book], object], device: str = "r1") -> Book:
        """The device's book as soon as ``condition`` holds of it."""
        seen: list[Book] = []

        async def holds() -> bool:
            book = await self.book(device)
            seen[:] = [book] if book and condition(book) else []
            return bool(seen)

        await eventually(holds, within=20)
        return seen[0]


Worlds = Callable[[], Awaitable[World]]


@pytest.fixture
async def world(host: Any, mesh_on: MeshFor) -> World:
    found = World(await mesh_on("bridge", name="ssh-1", type="ssh"))
    await found.serve()
    await host(orchestrator)
    return found


def good(number: int) -> Callable[[Book], object]:
    return lambda book: book.good == number


def latest(number: int) -> Callable[[Book], object]:
    return lambda book: book.latest is not None and book.latest.number == number


# --- at start


async def test_every_device_has_a_baseline_with_configuration_and_every_view(host: Any, world: World) -> None:
    await host(Monitor)
    await world.until(good(1), "r2")
    book = await world.until(good(1))
    snapshot = await load_snapshot(world.mesh.agents, "r1")
    assert (snapshot.config, snapshot.taken) == ("hostname r1\n", book.versions[0])
    assert snapshot.taken.why == "start"
    assert snapshot.taken.sha256 == sha256_of("frr", "hostname r1\n")
    assert snapshot.state is not None
    assert snapshot.state.bgp is not None
    assert (snapshot.taken.status["bgp"], snapshot.taken.status["stp"], snapshot.taken.problems) == (
        "parsed",
        "unasked",
        {},
    )
    assert set(await load_books(world.mesh.agents)) == {"r1", "r2"}


async def test_the_network_may_become_known_later(host: Any, mesh_on: MeshFor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NETWORK_SECONDS", 0.05)
    late = World(await mesh_on("bridge", name="ssh-1", type="ssh"))
    await late.mesh.agents.bucket(BUCKET).put("network", b"rubbish")
    await host(orchestrator)
    await host(Monitor)
    await late.serve()
    await late.until(good(1))


async def test_a_view_that_is_refused_spoils_no_other(host: Any, world: World) -> None:
    world.refused = {"stp", "isis"}
    await host(Monitor)
    await world.until(good(1))
    taken = (await load_snapshot(world.mesh.agents, "r1")).taken
    assert set(taken.problems) == {"stp", "isis"}
    assert "no view among ['stp']" in taken.problems["stp"]
    assert taken.status["bgp"] == "parsed"


async def test_a_device_that_shows_no_configuration_has_a_baseline_of_its_state(host: Any, world: World) -> None:
    world.backups = False
    await host(Monitor)
    await world.until(good(1))
    snapshot = await load_snapshot(world.mesh.agents, "r1")
    assert (snapshot.config, snapshot.taken.problems) == ("", {"config": "half a configuration"})


async def test_a_configuration_that_is_not_in_the_store_is_a_problem_of_that_view(
    host: Any, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(self: Objects, sha256: str) -> bytes:
        raise NotFoundError("backups holds no such object")

    monkeypatch.setattr(Objects, "get", lost)
    await host(Monitor)
    await world.until(good(1))
    snapshot = await load_snapshot(world.mesh.agents, "r1")
    assert (snapshot.config, snapshot.taken.problems) == ("", {"config": "backups holds no such object"})


async def test_a_device_of_which_nothing_can_be_read_says_why(host: Any, world: World) -> None:
    world.backups, world.refused = False, {"bgp", "processes"}
    await host(Monitor)
    book = await world.until(lambda book: book.status == "error")
    assert (book.error, book.versions) == ("half a configuration", [])


async def test_a_device_that_was_silent_gets_its_baseline_when_it_answers(
    host: Any, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_RETRY_SECONDS", 0.05)
    world.silent = {"r2"}
    await host(Monitor)
    book = await world.until(lambda book: book.status == "unreachable", "r2")
    assert (book.error, book.versions) == ("no route", [])
    world.silent = set()
    await world.until(good(1), "r2")


async def test_where_the_first_sight_may_be_broken_it_is_kept_and_not_believed(host: Any, world: World) -> None:
    await host(Monitor, trust_first_state=False)
    assert (await world.until(latest(1))).good == 0
    with pytest.raises(NotFoundError, match="no baseline was taken"):
        await load_snapshot(world.mesh.agents, "r1")


async def test_a_monitor_that_starts_again_keeps_the_baseline(host: Any, world: World) -> None:
    context, task = await host(Monitor)
    await world.until(good(1))
    context.stopping.set()
    await task
    world.configs["r1"] = "hostname broken\n"
    await host(Monitor)
    book = await world.until(latest(2))
    assert (book.good, book.versions[-1].why) == (1, "start")


async def test_a_baseline_that_cannot_be_kept_keeps_nobody_from_the_others(
    host: Any, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, refused = Bucket.put, asyncio.Event()

    async def putting(self: Bucket, key: str, value: bytes, **more: Any) -> int:
        if key == snapshot_key("r1", 0):
            refused.set()
            raise BusError("full")
        return await put(self, key, value, **more)

    monkeypatch.setattr(Bucket, "put", putting)
    await host(Monitor)
    await world.until(good(1), "r2")
    await asyncio.wait_for(refused.wait(), 5)
    assert await world.book("r1") is None


async def test_what_cannot_be_read_any_more_is_written_anew(host: Any, mesh_on: MeshFor, world: World) -> None:
    before = await mesh_on("monitor", name="before", type="monitor")
    await before.agents.bucket(BUCKET).put(book_key("r1"), b'{"status": "ok", "sha256": "of an old version"}')
    await before.agents.bucket(BUCKET).put(book_key("r2"), Book(device="r2", at=SystemClock().now()).to_json())
    assert set(await load_books(world.mesh.agents)) == {"r2"}
    await host(Monitor)
    await world.until(good(1), "r2")

    async def readable() -> bool:
        return "r1" in await load_books(world.mesh.agents)

    await eventually(readable, within=20)


# --- by the clock


async def test_drift_is_a_version_and_never_the_new_normal(
    host: Any, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await host(Monitor, baseline_minutes=0.05 / MINUTE)
    first = await world.until(good(1))
    looks = world.looks
    await eventually(lambda: world.looks > looks + 4)
    assert len((await world.until(good(1))).versions) == 1, "what did not move is no version"
    world.configs["r1"] = "hostname r1\nno ip forwarding\n"
    book = await world.until(latest(2))
    assert (book.good, book.versions[-1].why) == (1, "schedule")
    assert book.versions[0].until >= first.versions[0].until
    world.sessions["r1"] = "idle"
    book = await world.until(latest(3))
    assert book.good == 1
    assert (await load_snapshot(world.mesh.agents, "r1")).config == "hostname r1\n"
    assert (await load_snapshot(world.mesh.agents, "r1", "2")).config == "hostname r1\nno ip forwarding\n"


async def test_the_book_of_a_restless_device_stays_small(host: Any, world: World) -> None:
    await host(Monitor, baseline_minutes=0.02 / MINUTE)
    await world.until(good(1))
    for number in range(2, 14):
        world.configs["r1"] = f"hostname r{number}\n"
        await world.until(latest(number))
    assert len((await world.until(latest(13))).versions) <= 9
    assert (await load_snapshot(world.mesh.agents, "r1")).config == "hostname r1\n"
    with pytest.raises(NotFoundError, match="no version '2'"):
        await load_snapshot(world.mesh.agents, "r1", "2")


# --- after changes


async def changed(world: World, outcome: Any, run_id: str = "change-1", command_id: str = "c1") -> None:
    result = DeviceResult(command_id=command_id, change_id="x", device="r1", outcome=outcome, run_id=run_id)
    await world.mesh.core.publish(subject("ai.devices.results.<target>", target="r1"), result, id=command_id)


async def happened(bus: Bus, kind: Any, incident: str = "i1", **data: Any) -> None:
    event = IncidentEvent(
        event_id=f"{incident}-{kind}",
        incident_id=incident,
        kind=kind,
        state=kind,
        at=SystemClock().now(),
        text="",
        data=data,
    )
    await bus.publish(subject("ai.incidents.events.<incident_id>", incident_id=incident), event, id=event.event_id)


REPORT = {"outcome": {"verification": "passed", "rolled_back": False}, "proposals": [{"device": "r1"}]}


async def test_a_confirmed_change_is_the_new_baseline_and_one_rolled_back_is_not(host: Any, world: World) -> None:
    await host(Monitor)
    await world.until(good(1))
    world.configs["r1"] = "hostname half\n"
    await changed(world, "rolled_back", command_id="c0")
    book = await world.until(latest(2))
    assert (book.good, book.versions[-1].why) == (1, "after_change")
    world.configs["r1"] = "hostname new\n"
    await changed(world, "confirmed")
    book = await world.until(good(3))
    assert (book.versions[-1].why, book.versions[-1].run_id) == ("after_change", "change-1")


async def test_a_change_of_an_incident_counts_when_the_incident_is_resolved(
    host: Any, mesh_on: MeshFor, world: World
) -> None:
    incidents = (await mesh_on("incidents", name="incidents")).core
    await host(Monitor)
    await world.until(good(1))
    await happened(incidents, "open", alert={"device": "r1"})
    world.configs["r1"] = "hostname fixed\n"
    await changed(world, "confirmed", "incident-i1")
    await happened(incidents, "resolved", report=REPORT)
    book = await world.until(good(2))
    assert book.versions[-1].run_id == "incident-i1"


async def test_an_escalated_change_is_looked_at_and_not_believed(host: Any, mesh_on: MeshFor, world: World) -> None:
    incidents = (await mesh_on("incidents", name="incidents")).core
    await host(Monitor)
    await world.until(good(1))
    world.configs["r1"] = "hostname worse\n"
    await happened(incidents, "escalated", report=REPORT)
    assert (await world.until(latest(2))).good == 1


async def test_a_proved_change_is_not_believed_while_another_incident_names_the_device(
    host: Any, mesh_on: MeshFor, world: World
) -> None:
    incidents = (await mesh_on("incidents", name="incidents")).core
    await host(Monitor)
    await world.until(good(1))
    await happened(incidents, "open", "other", alert={"device": "r1"})
    world.configs["r1"] = "hostname half-broken\n"
    await happened(incidents, "resolved", report=REPORT)
    assert (await world.until(latest(2))).good == 1


async def test_the_end_of_long_ago_proves_nothing_about_now(
    host: Any, mesh_on: MeshFor, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard, look = [], Changes._look

    async def looking(self: Changes, left: Left, at: datetime | None) -> None:
        await look(self, left, at)
        heard.append(left)

    monkeypatch.setattr(Changes, "_look", looking)
    monkeypatch.setattr(changes, "FRESH", timedelta(0))
    incidents = (await mesh_on("incidents", name="incidents")).core
    await host(Monitor)
    await world.until(good(1))
    world.configs["r1"] = "hostname later\n"
    await changed(world, "confirmed")
    await happened(incidents, "resolved", report=REPORT)
    await eventually(lambda: len(heard) == 2)
    monkeypatch.setattr(changes, "FRESH", timedelta(minutes=2))
    await changed(world, "failed", command_id="c2")
    assert (await world.until(latest(2))).good == 1


async def test_a_change_on_what_nobody_knows_stops_nothing(host: Any, world: World) -> None:
    await host(Monitor)
    await world.until(good(1))
    where = subject("ai.devices.results.<target>", target="r9")
    strange = DeviceResult(command_id="c9", change_id="x", device="r9", outcome="confirmed", run_id="change-9")
    await world.mesh.core.publish(where, strange, id="c9")
    await world.mesh.agents.bucket(BUCKET).put("network", b"rubbish")
    await changed(world, "confirmed", command_id="c1")
    await publish_network(world.mesh.agents, NETWORK)
    world.configs["r1"] = "hostname new\n"
    await changed(world, "confirmed", command_id="c2")
    await world.until(good(2))


# --- asked, and from before


async def test_a_person_says_what_is_normal(host: Any, mesh_on: MeshFor, world: World) -> None:
    await host(Monitor)
    await world.until(good(1))
    world.configs["r1"] = "hostname r1\nrouter bgp 65001\n"
    world.silent = {"r2"}
    result = await asked(mesh_on, {"devices": ["r1", "r2"]})
    assert result.result == {"taken": {"r1": 2}, "failed": {"r2": "no route"}}
    assert (await world.until(good(2))).versions[-1].why == "asked"


async def test_a_device_that_nobody_knows_is_refused(host: Any, mesh_on: MeshFor, world: World) -> None:
    await host(Monitor)
    result = await asked(mesh_on, {"devices": ["r1", "r9"]})
    assert result.status == "failed"
    assert "no device r9 in the inventory" in result.error


async def asked(mesh_on: MeshFor, parameters: dict[str, Any]) -> TaskResult:
    mesh = await mesh_on("orchestrator", name="asker")
    task = TaskAssignment(task_id="t1", task_type="baseline", assigned_to="monitor", parameters=parameters)
    await mesh.agents.publish(subject("ai.tasks.assign.<assignee>", assignee="monitor"), task, id="t1")
    found: list[TaskResult] = []

    async def answered() -> bool:
        found[:] = [r.body async for r in mesh.agents.history("RESULTS", "ai.tasks.complete.*", TaskResult)]
        return bool(found)

    await eventually(answered, within=20)
    return found[0]


async def test_baselines_of_before_are_what_counts_as_well(host: Any, world: World, tmp_path: Path) -> None:
    noon = SystemClock().now()
    taken = Taken(number=1, slot=0, at=noon, until=noon, why="start")
    write_snapshot(tmp_path / "base", Snapshot(device="r1", taken=taken, config="hostname well\n"))
    await host(Monitor, baselines=tmp_path / "base", trust_first_state=False)
    book = await world.until(latest(2))
    assert (book.good, book.versions[0].why) == (1, "asked")
    assert (await load_snapshot(world.mesh.agents, "r1")).config == "hostname well\n"
    assert (await world.until(latest(1), "r2")).good == 0


async def test_a_baseline_of_before_that_cannot_be_kept_stops_nobody(
    host: Any, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noon = SystemClock().now()
    taken = Taken(number=1, slot=0, at=noon, until=noon, why="start")
    write_snapshot(tmp_path / "base", Snapshot(device="r1", taken=taken, config="hostname well\n"))
    put, refusals = Bucket.put, ["full"]

    async def putting(self: Bucket, key: str, value: bytes, **more: Any) -> int:
        if key == snapshot_key("r1", 0) and refusals:
            raise BusError(refusals.pop())
        return await put(self, key, value, **more)

    monkeypatch.setattr(Bucket, "put", putting)
    await host(Monitor, baselines=tmp_path / "base")
    await world.until(good(1))
    assert (await load_snapshot(world.mesh.agents, "r1")).config == "hostname r1\n"


async def test_a_book_that_others_always_write_first_is_given_up(
    host: Any, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []

    async def first(self: Bucket, key: str, value: bytes, revision: int) -> int:
        tries.append(key)
        raise LostRaceError("another was first")

    monkeypatch.setattr(Bucket, "update", first)
    await host(Monitor)
    await eventually(lambda: tries.count(book_key("r1")) >= 5, within=20)
    assert await world.book("r1") is None


async def test_a_folder_without_baselines_stops_nobody(host: Any, world: World, tmp_path: Path) -> None:
    await host(Monitor, baselines=tmp_path / "nothing")
    await world.until(good(1))


# --- several monitors, and what is damaged


async def test_two_monitors_keep_one_book(host: Any, world: World) -> None:
    await host(Monitor, name="monitor-1", baseline_minutes=0.02 / MINUTE)
    await host(Monitor, name="monitor-2", baseline_minutes=0.02 / MINUTE)
    await world.until(good(1))
    for number in range(2, 8):
        world.configs["r1"] = f"hostname r{number}\n"
        await world.until(lambda book, n=number: book.latest and book.latest.number >= n)  # type: ignore[misc]
    book = await world.until(good(1))
    numbers = [taken.number for taken in book.versions]
    assert numbers == sorted(set(numbers))
    for taken in book.versions:
        assert (await load_snapshot(world.mesh.agents, "r1", str(taken.number))).taken.number == taken.number


async def test_a_damaged_snapshot_is_told_and_taken_again(host: Any, mesh_on: MeshFor, world: World) -> None:
    await host(Monitor)
    await world.until(good(1))
    other = await mesh_on("monitor", name="other", type="monitor")
    await other.agents.bucket(SNAPSHOTS).put(snapshot_key("r1", 0), b"rubbish")
    with pytest.raises(InvalidInputError, match=r"r1\.0 cannot be read"):
        await load_snapshot(world.mesh.agents, "r1")
    await asked(mesh_on, {"devices": ["r1"]})
    assert (await load_snapshot(world.mesh.agents, "r1")).config == "hostname r1\n"


async def test_a_snapshot_that_was_overwritten_is_told(mesh_on: MeshFor, world: World) -> None:
    with pytest.raises(NotFoundError, match="no snapshot of 'r1' was ever taken"):
        await load_snapshot(world.mesh.agents, "r1")
    noon = SystemClock().now()
    taken = Taken(number=1, slot=0, at=noon, until=noon, why="start")
    monitor = await mesh_on("monitor", name="other", type="monitor")
    book = Book(device="r1", at=noon, good=1, versions=[taken])
    await monitor.agents.bucket(BUCKET).put(book_key("r1"), book.to_json())
    with pytest.raises(NotFoundError, match="version 1 of r1 was overwritten"):
        await load_snapshot(world.mesh.agents, "r1")
