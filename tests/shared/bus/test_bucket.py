"""Buckets and objects: races have one winner, expiry is seen, what is not signed is not believed."""

import asyncio
import hashlib

import pytest

from nocmesh.bus import Bucket, Entry
from nocmesh.errors import BusError, DeniedError, InvalidInputError, LostRaceError, NotFoundError
from nocmesh.proving.broker import Broker, MeshFor, eventually

pytestmark = pytest.mark.mesh


async def bucket_of(mesh_for: MeshFor, role: str = "orchestrator", **more: str) -> Bucket:
    return (await mesh_for(role, **more)).agents.bucket("agents")


async def test_what_is_put_can_be_read_until_it_is_deleted(mesh_for: MeshFor) -> None:
    bucket = await bucket_of(mesh_for)
    first = await bucket.put("kv.a", b"1")
    second = await bucket.put("kv.a", b"2")
    found = await bucket.get("kv.a")
    assert found
    assert (found.value, found.revision) == (b"2", second)
    assert second > first
    assert "kv.a" in await bucket.keys()
    await bucket.delete("kv.a", revision=second)
    assert await bucket.get("kv.a") is None
    assert "kv.a" not in await bucket.keys()
    assert await bucket.get("kv.never") is None
    await bucket.put("kv.a", b"3")
    await bucket.delete("kv.a")


async def test_of_ten_creators_one_wins_and_of_five_updaters_too(mesh_for: MeshFor) -> None:
    bucket = await bucket_of(mesh_for)

    async def tried(write: "asyncio.Future[int]") -> int:
        try:
            return await write
        except LostRaceError:
            return 0

    def racing(writes: list[object]) -> "asyncio.Future[list[int]]":
        return asyncio.gather(*(tried(asyncio.ensure_future(write)) for write in writes))  # type: ignore[call-overload]

    created = await racing([bucket.create("kv.race", bytes([n])) for n in range(10)])
    (revision,) = [each for each in created if each]
    updated = await racing([bucket.update("kv.race", bytes([n]), revision) for n in range(5)])
    assert len([each for each in updated if each]) == 1


async def test_a_deleted_key_can_be_created_again_but_a_present_one_not(mesh_for: MeshFor) -> None:
    bucket = await bucket_of(mesh_for)
    await bucket.create("kv.again", b"1")
    with pytest.raises(LostRaceError, match="exists already"):
        await bucket.create("kv.again", b"2")
    await bucket.delete("kv.again")
    assert await bucket.create("kv.again", b"3", ttl=600)


@pytest.mark.parametrize("key", ["", "a b", "*", "a.>", ".a", "a.", "a\r\nb", "x" * 201, "é"])
async def test_a_key_that_is_none_is_refused(mesh_for: MeshFor, key: str) -> None:
    with pytest.raises(InvalidInputError, match="is no key"):
        await (await bucket_of(mesh_for)).put(key, b"")


async def test_a_watcher_sees_what_is_then_changes_deletions_and_expiries(mesh_for: MeshFor) -> None:
    bucket = await bucket_of(mesh_for)
    await bucket.put("kvw.a", b"1")
    seen: list[tuple[str, bytes, bool]] = []

    async def watch() -> None:
        async for entry in bucket.watch("kvw.*"):
            seen.append((entry.key, entry.value, entry.deleted))

    watching = asyncio.ensure_future(watch())
    await eventually(lambda: len(seen) == 1)
    await bucket.put("kvw.b", b"2", ttl=1)
    await bucket.delete("kvw.a")
    await eventually(lambda: len(seen) == 4)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    expected = [("kvw.a", b"1", False), ("kvw.b", b"2", False), ("kvw.a", b"", True), ("kvw.b", b"", True)]
    assert seen == expected


async def test_following_tells_when_it_has_caught_up(mesh_for: MeshFor) -> None:
    bucket = await bucket_of(mesh_for)
    await bucket.put("kvf.a", b"1")
    seen: list[Entry] = []

    async def take(entry: Entry) -> None:
        seen.append(entry)

    follower = await bucket.follow(take, "kvf.*")
    await asyncio.wait_for(follower.caught_up.wait(), 5)
    assert [entry.key for entry in seen] == ["kvf.a"]


async def test_a_watch_goes_on_after_a_crash(mesh_on: MeshFor, broker: Broker) -> None:
    bucket = await bucket_of(mesh_on)
    seen: list[bytes] = []

    async def take(entry: Entry) -> None:
        seen.append(entry.value)

    await bucket.follow(take)
    await bucket.put("a", b"1")
    await eventually(lambda: seen == [b"1"])
    await broker.kill()
    await broker.restart()
    await bucket.put("a", b"2")
    await eventually(lambda: seen == [b"1", b"2"], within=20)


async def test_an_agent_reads_but_does_not_write_nor_watch(mesh_for: MeshFor) -> None:
    await (await bucket_of(mesh_for)).put("kv.seen", b"1")
    bucket = await bucket_of(mesh_for, "agent", type="bgp")
    assert (await bucket.get("kv.seen") or pytest.fail("not seen")).value == b"1"
    assert "kv.seen" in await bucket.keys()
    with pytest.raises(DeniedError):
        await bucket.put("kv.seen", b"2")
    with pytest.raises(DeniedError):
        await anext(bucket.watch())


async def test_what_the_wrong_one_or_nobody_signed_is_not_believed(mesh_for: MeshFor) -> None:
    orchestrator = await mesh_for("orchestrator")
    bucket = orchestrator.agents.bucket("agents")
    link = orchestrator.agents._link
    agent = await mesh_for("agent", name="liar", type="bgp")
    await link.request("$KV.agents.kv.planted", b'{"stream":"RESULTS","seq":1}')
    data, headers = agent.agents._speech.say("$KV.agents.kv.signed", b"x", id="1")
    await link.request("$KV.agents.kv.signed", data, headers)
    assert await bucket.get("kv.planted") is None
    assert await bucket.get("kv.signed") is None
    assert not {"kv.planted", "kv.signed"} & set(await bucket.keys())


async def test_an_unknown_bucket_or_store_lists_the_known(mesh_for: MeshFor) -> None:
    bus = (await mesh_for("orchestrator")).agents
    with pytest.raises(NotFoundError, match="agents, baselines, changes, history, inventory, notified, runs"):
        bus.bucket("nope")
    with pytest.raises(NotFoundError, match="backups, observations"):
        bus.objects("nope")


@pytest.mark.parametrize("size", [0, 1, 256 * 1024, 1_000_000])
async def test_an_object_comes_back_whole_under_its_hash(mesh_for: MeshFor, size: int) -> None:
    data = bytes(number % 251 for number in range(size))
    objects = (await mesh_for("agent", name="obj", type="bgp")).agents.objects("observations")
    name = await objects.put(data)
    assert name == hashlib.sha256(data).hexdigest()
    assert await objects.put(data) == name
    assert await objects.exists(name)
    assert await (await mesh_for("dashboard")).agents.objects("observations").get(name) == data


async def test_an_object_that_was_tampered_with_is_not_given_out(mesh_for: MeshFor) -> None:
    agent = await mesh_for("agent", name="obj", type="bgp")
    objects = agent.agents.objects("observations")
    name = await objects.put(b"the truth")
    lie = await objects.put(b"a lie")
    meta = await objects._info(lie)
    assert meta
    await agent.agents._link.request(objects._meta(name), objects._describe(name, meta.nuid, 5, 1))
    with pytest.raises(BusError, match="damaged"):
        await objects.get(name)
    await agent.agents._link.request(objects._meta(name), b"[[")
    with pytest.raises(NotFoundError):
        await objects.get(name)


async def test_an_object_that_cannot_be_is_refused(mesh_for: MeshFor, monkeypatch: pytest.MonkeyPatch) -> None:
    objects = (await mesh_for("agent", name="obj", type="bgp")).agents.objects("observations")
    with pytest.raises(InvalidInputError, match="no sha256"):
        await objects.get("../../etc")
    with pytest.raises(NotFoundError, match="holds no object"):
        await objects.get("0" * 64)
    monkeypatch.setattr("nocmesh.bus.objects._LARGEST", 10)
    with pytest.raises(InvalidInputError, match="too large"):
        await objects.put(b"x" * 11)


async def test_who_may_not_write_objects_is_told(mesh_for: MeshFor) -> None:
    with pytest.raises(DeniedError):
        await (await mesh_for("dashboard")).agents.objects("observations").put(b"dashboard")
