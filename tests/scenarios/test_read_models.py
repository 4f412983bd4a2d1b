"""The journal is the truth: read models that were deleted come back, equal, from the streams alone."""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
import pytest_asyncio
from scenarios.stage import Stage, playing
from scenarios.web import Api

from nocmesh.ports import free_port
from nocmesh.proving.broker import eventually
from nocmesh.store.database import Database
from nocmesh.store.projector import Projector

pytestmark = [pytest.mark.mesh, pytest.mark.alone]


@pytest_asyncio.fixture
async def stage(tmp_path: Any) -> AsyncIterator[Stage]:
    async with playing(tmp_path, flags={"NOCMESH_HTTP": f"127.0.0.1:{free_port()}"}) as stage:
        await stage.start("dashboard")
        yield stage


async def test_deleted_read_models_come_back_equal(stage: Stage) -> None:
    repaired = await stage.alert(await stage.break_it("bgp_asn_misconfig"))
    await stage.approve(repaired)
    await stage.repaired(repaired)
    rejected = await stage.alert(await stage.break_it("bgp_neighbor_shutdown"))
    [waiting] = await stage.waiting(rejected)
    await stage.vote(waiting.approval_id, "nina", "reject", "no")
    await stage.reaches(rejected, "escalated")
    async with Api(f"http://{stage.flags['NOCMESH_HTTP']}", token=stage.tokens["nina"]) as api:
        await eventually(lambda: caught_up(api, repaired, rejected), within=30)
        before = await everything(api)
        await stage.processes["dashboard"].stop()
        async with await Database.open(stage.database) as database:
            await Projector(database).reset()
        await stage.processes["dashboard"].start()
        await eventually(lambda: caught_up(api, repaired, rejected), within=30)
        after = before

        async def equal() -> bool:
            nonlocal after
            after = await everything(api)
            return after == before

        with suppress(TimeoutError):
            await eventually(equal, within=10)
        assert after == before
    assert {i["incident_id"]: i["state"] for i in before["/api/incidents"]["items"]} == {
        repaired: "closed",
        rejected: "escalated",
    }


async def caught_up(api: Api, *incidents: str) -> bool:
    """Whether the read models know how both incidents and their runs ended."""
    if not await api.up("/api/incidents"):
        return False
    found = {item["incident_id"]: item["state"] for item in (await api.get("/api/incidents"))["items"]}
    runs = [item["status"] for item in (await api.get("/api/workflows"))["items"]]
    ended = {found.get(incident) for incident in incidents} == {"closed", "escalated"}
    return ended and sorted(runs) == ["failed", "finished"]


async def everything(api: Api) -> dict[str, Any]:
    """Every list, and each thing in it."""
    lists = {"/api/incidents": "incident_id", "/api/approvals": "approval_id", "/api/workflows": "run_id"}
    found: dict[str, Any] = {}
    for where, key in lists.items():
        found[where] = await api.get(where)
        assert found[where]["items"]
        for item in found[where]["items"]:
            found[f"{where}/{item[key]}"] = await api.get(f"{where}/{item[key]}")
    for incident in found["/api/incidents"]["items"]:
        where = f"/api/incidents/{incident['incident_id']}/timeline"
        found[where] = await api.get(where)
    return found
