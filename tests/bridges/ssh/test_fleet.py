"""Several bridges on one fleet, over a real broker and real sessions: each device has one, and none is missed."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from nocmesh.bus import Bus, Mesh, Received
from nocmesh.clock import SystemClock
from nocmesh.errors import NotFoundError
from nocmesh.log import logger
from nocmesh.messages.agent import Heartbeat, ToolReply, ToolRequest
from nocmesh.network import Device, Network
from nocmesh.proving.broker import MeshFor, eventually
from nocmesh.proving.simulated.server import Access, SimulatedNetwork
from nocmesh.proving.simulated.synthetic import synthetic
from nocmesh.subjects import subject
from nocmesh_bridges.ssh import fleet as fleets
from nocmesh_bridges.ssh.fleet import Fleet
from nocmesh_bridges.ssh.pool import DevicePool
from nocmesh_bridges.ssh.reading import Reader
from nocmesh_bridges.ssh.target import Target

pytestmark = pytest.mark.mesh

ACCESS = Access()
CALL = subject("ai.tools.call.<tool>", tool="device_show")
CALM, QUICK = 5.0, 0.1
"""Seconds between beats: what is not about dead bridges takes none for dead that is only late."""
SILENT = object()
"""What a bridge answers that has hung up its work."""


def target(network: SimulatedNetwork, name: str) -> Target:
    host, port = network.address(name)
    return Target(
        name=name,
        platform=network.model.node(name).dialect,
        host=host,
        port=port,
        username=ACCESS.username,
        password=ACCESS.password,
        enable_password=ACCESS.enable_password,
        host_key=network.host_key(name),
    )


def inventory(names: list[str]) -> Network:
    return Network(devices=[Device(name=name, platform="frr", address="", aliases=[name.upper()]) for name in names])


class Bridge:
    """One bridge of several; ``answer`` stands in for what it says."""

    def __init__(self, mesh: Mesh, known: Network, answer: Any, interval: float = CALM) -> None:
        self.mesh = mesh
        self.answered: list[str] = []
        self.released = asyncio.Event()
        self._answer, self._interval = answer, interval
        log, clock = logger(role="ssh"), SystemClock()
        self.renewed: list[str] = []
        self.fleet = Fleet(
            mesh.agents, known, self._take, self._renew, self._beat, clock=clock, log=log, interval=interval
        )

    async def start(self) -> "Bridge":
        await self.fleet.start()
        await self.mesh.agents.serve(CALL, ToolRequest, self.fleet.call)
        return self

    async def _take(self, received: Received[ToolRequest]) -> ToolReply:
        self.answered.append(received.body.call_id)
        if self._answer is SILENT:
            await self.released.wait()
            raise AssertionError("nobody waits any more")
        reply: ToolReply = await self._answer(received)
        return reply

    async def _renew(self, device: str) -> None:
        self.renewed.append(device)

    def _beat(self) -> Heartbeat:
        return Heartbeat(
            agent_id=self.mesh.me.name, type="ssh", instance="i", status="available", load=0.0, interval=self._interval,
            timestamp=SystemClock().now(),
        )  # fmt: skip

    async def die(self) -> None:
        """As ``kill -9`` looks from outside: no more beats, and no connection."""
        for task in self.fleet._tasks:
            task.cancel()
        await self.mesh.agents._link.close()


def echo(name: str) -> Any:
    async def answer(received: Received[ToolRequest]) -> ToolReply:
        return ToolReply(call_id=received.body.call_id, status="ok", content={"by": name})

    return answer


@asynccontextmanager
async def several(
    mesh_on: MeshFor, answers: Mapping[str, Any], known: Network, interval: float = CALM
) -> "AsyncIterator[dict[str, Bridge]]":
    """Bridges that know each other."""
    found = {}
    for name, answer in answers.items():
        found[name] = await Bridge(await mesh_on("bridge", name=name, type="ssh"), known, answer, interval).start()
    await eventually(lambda: all(len(each.fleet.present()) == len(found) for each in found.values()))
    try:
        yield found
    finally:
        for each in found.values():
            each.released.set()


async def ask(bus: Bus, device: str, number: int = 0, *, timeout: float = 10.0) -> ToolReply:
    arguments = {"device": device, "command": "show version"}
    request = ToolRequest(tool="device_show", arguments=arguments, call_id=f"{device}-{number}")
    return await bus.request(CALL, request, ToolReply, timeout=timeout)


def one_of(bridge: Bridge, owner: str) -> str:
    """A device that belongs to ``owner``."""
    return next(name for name in (f"d{n}" for n in range(99)) if bridge.fleet.owner(name) == owner)


KNOWN = inventory([f"d{n}" for n in range(99)])


async def test_each_device_is_read_by_one_bridge_whoever_is_asked(mesh_on: MeshFor) -> None:
    async with SimulatedNetwork.running(synthetic(1, 8), access=ACCESS) as network:
        names = list(network.model.nodes)
        pools = {name: DevicePool([target(network, device) for device in names], SystemClock()) for name in "ab"}
        known, log, agent = inventory(names), logger(role="ssh"), await mesh_on("agent", name="bgp-1", type="bgp")
        meshes = {name: await mesh_on("bridge", name=name, type="ssh") for name in "ab"}
        answers = {name: Reader(meshes[name], pools[name], known, log).call for name in "ab"}
        bridges = [await Bridge(meshes[name], known, answers[name]).start() for name in "ab"]
        await eventually(lambda: all(len(bridge.fleet.present()) == 2 for bridge in bridges))
        asked = [(name, n) for n in range(6) for name in (*names, *(name.upper() for name in names))]
        replies = await asyncio.gather(*(ask(agent.agents, name, n) for name, n in asked))
        assert {reply.status for reply in replies} == {"ok"}
        for name in names:
            opened = {bridge: pool.stats()[name]["opened"] for bridge, pool in pools.items()}
            assert {bridge for bridge, count in opened.items() if count} == {bridges[0].fleet.owner(name)}
        answered = [call for bridge in bridges for call in bridge.answered]
        assert sorted(answered) == sorted(f"{name}-{n}" for name, n in asked)
        assert sum(bridge.fleet.passed for bridge in bridges) > 0
        for pool in pools.values():
            await pool.close()


async def test_a_bridge_alone_passes_nothing_on(mesh_on: MeshFor) -> None:
    async with several(mesh_on, {"a": echo("a")}, KNOWN) as bridges:
        agent = await mesh_on("agent", name="bgp-1", type="bgp")
        replies = await asyncio.gather(*(ask(agent.agents, f"d{n}") for n in range(10)))
        assert {reply.content["by"] for reply in replies} == {"a"}
        assert bridges["a"].fleet.passed == 0


async def test_what_a_dead_bridge_had_in_hand_is_answered_by_another(mesh_on: MeshFor) -> None:
    async with several(mesh_on, {"a": echo("a"), "b": SILENT}, KNOWN, QUICK) as bridges:
        agent = await mesh_on("agent", name="bgp-1", type="bgp")
        a, b = bridges["a"], bridges["b"]
        device = one_of(a, "b")
        request = ToolRequest(tool="device_show", arguments={"device": device}, call_id="in hand")
        passing = asyncio.create_task(a.fleet.call(received(request)))
        await eventually(lambda: b.answered == ["in hand"])
        await b.die()
        async with asyncio.timeout(5):
            assert (await passing).content["by"] == "a"
            assert (await ask(agent.agents, device)).content["by"] == "a"
        assert a.fleet.present() == ["a"]


async def test_a_bridge_that_nobody_has_missed_yet_costs_no_time(mesh_on: MeshFor) -> None:
    async with several(mesh_on, {"a": echo("a"), "b": echo("b")}, KNOWN) as bridges:
        a, b = bridges["a"], bridges["b"]
        device = one_of(a, "b")
        await b.die()
        a.fleet._roll.hear(b._beat(), SystemClock().now())
        request = ToolRequest(tool="device_show", arguments={"device": device}, call_id="c")
        assert (await a.fleet.call(received(request))).content["by"] == "a"


async def test_a_bridge_that_leaves_says_so_and_ends_what_it_has_in_hand(mesh_on: MeshFor) -> None:
    going = asyncio.Event()

    async def when_it_goes(received: Received[ToolRequest]) -> ToolReply:
        await going.wait()
        return ToolReply(call_id=received.body.call_id, status="ok", content={"by": "b"})

    async with several(mesh_on, {"a": echo("a"), "b": when_it_goes}, KNOWN) as bridges:
        a, b = bridges["a"], bridges["b"]
        request = ToolRequest(tool="device_show", arguments={"device": one_of(a, "b")}, call_id="c")
        passing = asyncio.create_task(a.fleet.call(received(request)))
        await eventually(lambda: b.answered == ["c"])
        await b.fleet.leave()
        await eventually(lambda: a.fleet.present() == ["a"])
        going.set()
        assert (await passing).content["by"] == "b"
        assert (await a.fleet.call(received(request))).content["by"] == "a"


async def test_a_bridge_that_lives_and_does_not_answer_is_named(
    mesh_on: MeshFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleets, "PASS_SECONDS", 0.2)
    async with several(mesh_on, {"a": echo("a"), "b": SILENT}, KNOWN) as bridges:
        a = bridges["a"]
        request = ToolRequest(tool="device_show", arguments={"device": one_of(a, "b")}, call_id="c")
        reply = await a.fleet.call(received(request))
        assert (reply.status, reply.call_id) == ("error", "c")
        assert "the bridge b, which has this device, did not answer" in reply.error


async def test_a_device_that_one_bridge_changed_is_looked_at_anew_by_all_others(mesh_on: MeshFor) -> None:
    async with several(mesh_on, {"a": echo("a"), "b": echo("b"), "c": echo("c")}, KNOWN) as bridges:
        await bridges["a"].fleet.changed("d1")
        assert [bridges[name].renewed for name in "abc"] == [[], ["d1"], ["d1"]]
        await bridges["b"].die()
        await bridges["a"].fleet.changed("d2")
        assert bridges["c"].renewed == ["d1", "d2"], "a dead one keeps nobody from it"


async def test_only_bridges_say_that_they_are_there(mesh_on: MeshFor) -> None:
    async with several(mesh_on, {"a": echo("a")}, KNOWN) as bridges:
        agent = await mesh_on("agent", name="x", type="bgp")
        beat = bridges["a"]._beat()
        await agent.agents.emit(subject("ai.bridges.here.<agent_id>", agent_id="x"), beat)
        where = subject("ai.tools.at.<agent_id>.<tool>", agent_id="a", tool="device_show")
        with pytest.raises(Exception, match="may not publish"):
            await agent.agents.request(where, ToolRequest(tool="device_show", call_id="c"), ToolReply, timeout=2)
        with pytest.raises(NotFoundError):
            await bridges["a"].mesh.agents.request(
                subject("ai.tools.at.<agent_id>.<tool>", agent_id="x", tool="t"),
                ToolRequest(tool="t", call_id="c"),
                ToolReply,
            )
        assert bridges["a"].fleet.present() == ["a"]


def received(request: ToolRequest) -> Received[ToolRequest]:
    """``request`` as the service hands it over."""
    now = SystemClock().now()
    return Received(subject=CALL, body=request, id="m", sequence=0, at=now, speaker=None, correlation_id="", headers={})
