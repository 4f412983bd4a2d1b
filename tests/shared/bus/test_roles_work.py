"""What each role must do works with its own key: every row of the tables is spoken, heard, kept, read and settled."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from nocmesh.bus import Mesh, Received
from nocmesh.bus.plan import ConsumerPlan, load_plan
from nocmesh.bus.rights import ROLES, zones_of
from nocmesh.messages.base import Message
from nocmesh.proving.broker import MeshFor, eventually
from nocmesh.subjects import ALL_AGENTS, SUBJECTS, TRUSTED, Subject, Zone, subject, wildcard

pytestmark = pytest.mark.mesh

PLAN = load_plan()
WORKING = [role for role in ROLES if role not in ("provisioner", "probe")]
TYPES = {"agent": "bgp", "monitor": "monitor"}
SCHEDULED = "ai.workflows.timers.<run_id>.<timer>"
Meshes = dict[str, Mesh]


class Word(Message, frozen=True, kw_only=True):
    """Any body: the bus decodes what a handler asks for."""

    said: str = ""


@pytest.fixture
async def meshes(mesh_on: MeshFor) -> Meshes:
    return {role: await mesh_on(role, name=f"{role}-1", type=TYPES.get(role, "")) for role in WORKING}


def spoken(row: Subject, by: str, to: str = "x") -> str:
    """The subject on which ``by`` speaks; where it is addressed or assigned, to ``to``."""
    own = {"agent_id": f"{to if row.addressed else by}-1", "type": TYPES.get(by, ""), "assignee": TYPES.get(to, to)}
    free = {"tool": to, "operation": to}
    names = {place.strip("<>"): "x" for place in row.pattern.split(".") if place.startswith("<")}
    return subject(row.pattern, **{name: own.get(name, free.get(name, f"{by}-{to}")) for name in names})


def rows(zone: Zone, *, service: bool = False, kept: bool = False) -> list[Subject]:
    return [row for row in SUBJECTS if row.zone is zone and row.service is service and (row.stream is not None) is kept]


async def test_what_is_published_is_kept_and_read_by_whom_it_is_for(meshes: Meshes) -> None:
    done: Counter[str] = Counter()
    for zone in Zone:
        for row in rows(zone, kept=True):
            for writer in row.writers:
                where = spoken(row, writer, "agent")
                assert await meshes[writer].zones[zone].publish(where, b"{}", id=f"{writer}:{where}") > 0
                done["published"] += 1
            for reader in row.readers:
                if reader in ALL_AGENTS and row.stream == "TASKS":
                    continue
                last = await meshes[reader].zones[zone].last(wildcard(row.pattern), bytes)
                assert last is not None, (reader, row.pattern)
                assert last.body == b"{}"
                done["read"] += 1
    assert min(done.values()) > 30


async def test_every_durable_is_worked_on_by_its_role_and_settled(meshes: Meshes) -> None:
    for zone in Zone:
        for row in rows(zone, kept=True):
            for to in ("agent", "monitor") if row.stream == "TASKS" else ("agent",):
                where = spoken(row, row.writers[0], to)
                await meshes[row.writers[0]].zones[zone].publish(where, b"{}", id=f"d:{where}")
    mine = [each for each in PLAN.all_consumers() if each.role not in ALL_AGENTS or each.durable in TYPES.values()]
    workers = [await _worker(meshes, each) for each in mine]
    await eventually(lambda: all(worker.done for worker in workers))
    assert sum(worker.dead for worker in workers) == 0
    assert len(workers) == len(mine) > 15


async def _worker(meshes: Meshes, plan: ConsumerPlan) -> Any:
    zone = next(row.zone for row in SUBJECTS if row.stream == plan.stream)
    bus = meshes[plan.role].zones[zone]
    return await bus.work(plan.stream, plan.durable, dict[str, Any], lambda _: asyncio.sleep(0))


async def test_trusted_roles_follow_what_they_read(meshes: Meshes) -> None:
    followed = {
        (role, row.stream, row.zone)
        for row in SUBJECTS
        for role in TRUSTED
        if row.stream and role in row.readers and not (role in ALL_AGENTS and row.stream == "TASKS")
    }
    followers = [
        await meshes[role].zones[zone].follow(stream, bytes, lambda _: asyncio.sleep(0))
        for role, stream, zone in sorted(followed)
        if stream
    ]
    async with asyncio.timeout(10):
        await asyncio.gather(*(follower.caught_up.wait() for follower in followers))
    assert len(followers) > 15


async def test_buckets_and_objects_are_written_and_read_by_whom_the_plan_says(meshes: Meshes) -> None:
    for name, bucket in PLAN.buckets.items():
        for writer in bucket.writers:
            await meshes[writer].zones[bucket.zone].bucket(name).put(writer, b"value")
        for reader in bucket.readers:
            found = [await meshes[reader].zones[bucket.zone].bucket(name).get(writer) for writer in bucket.writers]
            assert [entry.value for entry in found if entry] == [b"value"] * len(bucket.writers), (reader, name)
            if reader in TRUSTED:
                watching = meshes[reader].zones[bucket.zone].bucket(name).watch()
                assert (await anext(watching)).value == b"value"
                await watching.aclose()
    for name, store in PLAN.objects.items():
        for writer in store.writers:
            put = await meshes[writer].zones[store.zone].objects(name).put(f"of {writer}".encode())
            for reader in store.readers:
                got = await meshes[reader].zones[store.zone].objects(name).get(put)
                assert got == f"of {writer}".encode()


async def test_every_service_answers_whoever_may_call_it(meshes: Meshes) -> None:
    async def answer(received: Received[Word]) -> Word:
        assert received.speaker is not None
        return Word(said=f"to {received.speaker.role}")

    calls = 0
    for zone in Zone:
        for row in rows(zone, service=True):
            for server in row.readers:
                service = await meshes[server].zones[zone].serve(spoken(row, server, server), Word, answer)
                for caller in row.writers:
                    where = spoken(row, caller, server)
                    reply = await meshes[caller].zones[zone].request(where, Word(), Word, timeout=5)
                    assert reply.said == f"to {caller}"
                    calls += 1
                await service.stop()
    assert calls > 15


async def test_what_is_emitted_is_heard_by_whom_it_is_for(meshes: Meshes) -> None:
    heard: Counter[tuple[str, str]] = Counter()

    def hearing(who: str) -> Any:
        async def hear(received: Received[Word]) -> None:
            heard[who, received.subject] += 1

        return hear

    wanted = set()
    for zone in Zone:
        for row in rows(zone):
            for reader in row.readers:
                where = spoken(row, reader, reader) if row.addressed else wildcard(row.pattern)
                await meshes[reader].zones[zone].listen(where, Word, hearing(reader))
            for writer in row.writers:
                to = row.readers if row.addressed else ("x",)
                for where in {spoken(row, writer, each) for each in to}:
                    await meshes[writer].zones[zone].emit(where, Word())
                    listeners = [each for each in row.readers if not row.addressed or f"{each}-1" in where]
                    wanted |= {(reader, where) for reader in listeners}
    await eventually(lambda: heard.keys() >= wanted)
    assert heard.keys() == wanted


async def test_the_orchestrator_makes_the_consumer_of_a_new_type(meshes: Meshes, mesh_on: MeshFor) -> None:
    await meshes["orchestrator"].agents.ensure_task_consumer("newtype")
    await meshes["orchestrator"].agents.ensure_task_consumer("bgp")
    agent = await mesh_on("agent", name="new-1", type="newtype")
    worker = await agent.agents.work("TASKS", "newtype", bytes, lambda _: asyncio.sleep(0))
    await meshes["orchestrator"].agents.publish("ai.tasks.assign.newtype", b"{}", id="n1")
    await eventually(lambda: worker.done == 1)


def test_every_role_is_tried_in_every_zone_of_its_own() -> None:
    assert {role for row in SUBJECTS for role in (*row.writers, *row.readers)} == set(WORKING)
    for role in WORKING:
        tables = {row.zone for row in SUBJECTS if role in (*row.writers, *row.readers)}
        buckets = (*PLAN.buckets.values(), *PLAN.objects.values())
        tables |= {each.zone for each in buckets if role in each.writers + each.readers}
        assert set(zones_of(role)) == tables
