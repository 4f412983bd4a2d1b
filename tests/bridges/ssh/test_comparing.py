"""`config_diff` and `device_baseline` over real sessions: a device beside what it was."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from bridges.ssh.changing import Bench, Cuts
from msgspec.structs import replace

from nocmesh.agent.baselines import SNAPSHOTS, book_key, snapshot_key
from nocmesh.agent.network import BUCKET
from nocmesh.agent.toolbox import observed
from nocmesh.bus import Mesh, Received
from nocmesh.clock import SystemClock
from nocmesh.diagnosis.baseline import Book, Snapshot, Taken, noted, pack
from nocmesh.messages.agent import ToolReply, ToolRequest
from nocmesh.messages.session import ToolCall
from nocmesh.messages.state import View
from nocmesh.proving.broker import MeshFor
from nocmesh.subjects import subject
from nocmesh_bridges.ssh import comparing
from nocmesh_bridges.ssh.comparing import Comparer
from nocmesh_bridges.ssh.reading import Reader

pytestmark = pytest.mark.mesh

VIEWS: list[View] = ["interfaces", "bgp", "routes"]


@pytest.fixture
async def bench(mesh_on: MeshFor) -> AsyncIterator[Bench]:
    async with Bench.open(mesh_on) as bench:
        reader = bench.executor.reader
        reader.tools.update(Comparer(bench.meshes["bridge"], reader, SystemClock()).tools)
        yield bench


@pytest.fixture
async def monitor(mesh_on: MeshFor) -> Mesh:
    return await mesh_on("monitor", name="monitor", type="monitor")


async def call(bench: Bench, tool: str, **arguments: Any) -> ToolReply:
    request = ToolRequest(tool=tool, arguments=arguments, call_id="c1")
    where = subject("ai.tools.call.<tool>", tool=tool)
    now = SystemClock().now()
    return await bench.executor.reader.call(
        Received(subject=where, body=request, id="m", sequence=0, at=now, speaker=None, correlation_id="", headers={})
    )


async def keep(bench: Bench, monitor: Mesh, book: Book | None = None, *, good: bool = True, **more: Any) -> Book:
    """What the monitor does: r1 as it is now, as a new version."""
    reader: Reader = bench.executor.reader
    device = reader.device({"device": "r1"})
    config, sha256 = await reader.running(device)
    state, _ = await reader.state(device, VIEWS)
    now = SystemClock().now()
    taken = Taken(number=0, slot=0, at=now, until=now, why="start", sha256=sha256, status=dict(state.status))
    snapshot = replace(Snapshot(device="r1", taken=taken, config=config, state=state), **more)
    book, version = noted(book, snapshot, moved=True, better=True, good=good)
    kept = pack(replace(snapshot, taken=version))
    await monitor.agents.bucket(SNAPSHOTS).put(snapshot_key("r1", version.slot), kept)
    await monitor.agents.bucket(BUCKET).put(book_key("r1"), book.to_json())
    return book


def shut(bench: Bench) -> None:
    """Somebody shuts a neighbour down, past us."""
    shell = bench.network._devices["r1"].shell("somebody")
    shell.privileged = True
    for line in ("configure terminal", "router bgp 65001", f"neighbor {far(bench)} shutdown", "end"):
        shell.answer(line)


def far(bench: Bench) -> str:
    lines = bench.network.config("r1").splitlines()
    return next(line.split()[1] for line in lines if "remote-as" in line)


async def test_nothing_has_moved_on_a_device_that_nobody_touched(bench: Bench, monitor: Mesh) -> None:
    await keep(bench, monitor)
    found = (await call(bench, "config_diff", device="r1")).content
    assert (found["equal"], found["diff"], found["sections"], found["state_diff"]) == (True, "", [], [])
    assert (found["from"], found["to"], found["not_compared"]) == ("baseline", "running", {})
    assert found["seen_before"] < found["seen_after"]


async def test_what_somebody_changed_past_us_is_told_in_lines_and_state(bench: Bench, monitor: Mesh) -> None:
    await keep(bench, monitor)
    address = far(bench)
    shut(bench)
    reply = await call(bench, "config_diff", device="r1")
    found = reply.content
    assert found["sections"] == [
        {"section": "router bgp 65001", "removed": [], "added": [f"neighbor {address} shutdown"]}
    ]
    told = {moved["what"]: moved for moved in found["state_diff"]}
    assert told[f"BGP neighbour {address}"]["fields"]["enabled"] == [True, False]
    seen = observed(ToolCall(call_id="c1", tool="config_diff", arguments={"device": "r1"}), reply)
    assert f"+ neighbor {address} shutdown" in seen.outputs[0].text, "evidence can quote it"
    assert seen.state is None


async def test_any_two_versions_are_compared(bench: Bench, monitor: Mesh) -> None:
    book = await keep(bench, monitor)
    shut(bench)
    await keep(bench, monitor, book, good=False)
    there = (await call(bench, "config_diff", device="r1", **{"from": 1, "to": "latest"})).content
    back = (await call(bench, "config_diff", device="r1", **{"from": "2", "to": "baseline"})).content
    assert there["sections"][0]["added"] == back["sections"][0]["removed"]
    assert (await call(bench, "config_diff", device="r1", **{"from": "latest"})).content["equal"]


async def test_a_baseline_comes_with_state_configuration_and_versions(bench: Bench, monitor: Mesh) -> None:
    book = await keep(bench, monitor)
    reply = await call(bench, "device_baseline", device="r1")
    seen = observed(ToolCall(call_id="c1", tool="device_baseline", arguments={"device": "r1"}), reply)
    assert seen.state is not None
    assert seen.state.bgp is not None
    assert "router bgp 65001" in seen.outputs[0].text
    assert (seen.content["good"], seen.content["taken"]["number"]) == (1, 1)
    assert [version["number"] for version in seen.content["versions"]] == [1]
    await keep(bench, monitor, book, state=None)
    assert (await call(bench, "device_baseline", device="r1", version="latest")).content["state"] is None


async def test_a_device_without_typed_state_is_compared_by_its_lines(bench: Bench, monitor: Mesh) -> None:
    book = await keep(bench, monitor)
    bare = replace(book.versions[0], status={})
    await keep(bench, monitor, book, state=None, taken=bare)
    shut(bench)
    found = (await call(bench, "config_diff", device="r1")).content
    assert (found["state_diff"], len(found["sections"])) == ([], 1)


async def test_a_configuration_that_is_not_whole_now_is_said_to_be_missing(
    bench: Bench, monitor: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keep(bench, monitor)
    monkeypatch.setattr("nocmesh_bridges.ssh.reading.whole", lambda text: False)
    found = (await call(bench, "config_diff", device="r1")).content
    assert "the running configuration is not whole" in found["not_compared"]["config"]


async def test_a_device_that_does_not_answer_is_told_from_an_error(
    bench: Bench, monitor: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keep(bench, monitor)
    Cuts(monkeypatch).shut = True
    bench.again().reader.tools.update(Comparer(bench.meshes["bridge"], bench.executor.reader, SystemClock()).tools)
    assert (await call(bench, "config_diff", device="r1")).status == "unreachable"
    assert (await call(bench, "config_diff", device="r1", to="latest")).status == "ok"


@pytest.mark.parametrize(
    ("tool", "arguments", "kind", "why"),
    [
        ("config_diff", {}, "InvalidInputError", "'device' is missing"),
        ("config_diff", {"device": "r9"}, "NotFoundError", "no device 'r9'"),
        ("config_diff", {"device": "r2"}, "NotFoundError", "no snapshot of 'r2' was ever taken"),
        ("config_diff", {"device": "r1", "from": "7"}, "NotFoundError", "no version '7'; versions: 1"),
        ("config_diff", {"device": "r1", "to": "yesterday"}, "NotFoundError", "no version 'yesterday'"),
        ("config_diff", {"device": "r1", "from": "running"}, "InvalidInputError", "only 'to' can be running"),
        ("config_diff", {"device": "r1", "from": ["1"]}, "InvalidInputError", "expected a version"),
        ("config_diff", {"device": "r1", "from": True}, "InvalidInputError", "expected a version"),
        ("device_baseline", {"device": "r1", "version": ""}, "InvalidInputError", "expected a version"),
        ("device_baseline", {"device": "r2"}, "NotFoundError", "no snapshot"),
    ],
)
async def test_what_is_asked_wrongly_is_answered_with_its_kind_and_reason(
    bench: Bench, monitor: Mesh, tool: str, arguments: dict[str, Any], kind: str, why: str
) -> None:
    await keep(bench, monitor)
    reply = await call(bench, tool, **arguments)
    assert (reply.status, reply.content) == ("error", {"kind": kind})
    assert why in reply.error


async def test_a_long_list_of_differences_is_cut_and_counted(
    bench: Bench, monitor: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keep(bench, monitor)
    shut(bench)
    whole = (await call(bench, "config_diff", device="r1")).content
    monkeypatch.setattr(comparing, "MOST_STATE", 1)
    cut = (await call(bench, "config_diff", device="r1")).content
    assert (len(cut["state_diff"]), cut["state_differences"]) == (1, whole["state_differences"])
