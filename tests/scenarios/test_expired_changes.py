"""No answer in time means no; what was approved is void after its time; what was begun in time is ended."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from bridges.notify.receivers import Hook, hook
from scenarios.stage import Stage, playing

from nocmesh.clock import SystemClock
from nocmesh.messages.approval import ApprovalRequest
from nocmesh.proving.broker import eventually

pytestmark = [pytest.mark.mesh, pytest.mark.alone, pytest.mark.asyncio(loop_scope="module")]

SHORT = 6.0
"""Seconds after which an approval of this mesh expires."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mesh(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    flags = {"APPROVAL_TIMEOUT_MINUTES": str(SHORT / 60)}
    async with playing(tmp_path_factory.mktemp("expired"), "orchestrator", "ssh", flags=flags) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="module")
async def stage(mesh: Stage) -> AsyncIterator[Stage]:
    yield mesh
    await mesh.heal()


async def test_an_approval_that_not_enough_people_give_in_time_changes_nothing(stage: Stage) -> None:
    with hook() as there:
        notify = await stage.start("notify", NOCMESH_NOTIFY=there.url(), NOCMESH_URL="https://noc.example.net")
        incident = await stage.alert(await stage.break_it("bgp_asn_misconfig"))
        [waiting] = await stage.waiting(incident)
        assert not (await stage.vote(waiting.approval_id, "nina")).error
        twice = await stage.vote(waiting.approval_id, "nina")
        assert (twice.code, "has voted already" in twice.error) == ("conflict", True)
        ended = await stage.reaches(incident, "escalated", "closed")
        assert ended.kind == "escalated"
        assert "expired with 1 of 2 votes missing" in ended.text
        assert await stage.typed() == {}
        assert (await stage.vote(waiting.approval_id, "omar")).code == "conflict"
        await people_were_told(there, incident)
        await notify.stop()


async def people_were_told(there: Hook, incident: str) -> None:
    """Elsewhere: what waits, and that not enough of them came."""

    async def told() -> bool:
        wanted = {
            "Approval wanted: core1, risk critical",
            "Expired: change on core1",
            f"Escalated: incident {incident}",
        }
        return wanted <= set(there.titles)

    await eventually(told)
    [asked] = [each["message"] for each in there.got if each["title"].startswith("Approval wanted")]
    assert "It needs 2 different people" in asked
    assert asked.endswith(f"https://noc.example.net/incidents/{incident}")
    assert len(set(there.titles)) == len(there.titles)


async def test_an_approved_change_is_refused_after_its_time(stage: Stage, approved: ApprovalRequest) -> None:
    bridge = stage.processes["ssh"]
    await bridge.kill()
    clock = SystemClock()
    await eventually(lambda: clock.now() > approved.expires_at + timedelta(seconds=0.1), within=SHORT + 5)
    await bridge.start()
    result = await stage.tell(approved, approved.change)
    assert (result.outcome, "the approval expired at" in result.reason) == ("refused", True)
    assert await stage.typed() == {}


async def test_what_was_begun_in_time_is_ended_however_late(stage: Stage, approved: ApprovalRequest) -> None:
    bridge = stage.processes["ssh"]
    await bridge.stop()
    await bridge.start(failpoint="bridge.applied")
    telling = asyncio.create_task(stage.tell(approved, approved.change))
    await bridge.died()
    clock = SystemClock()
    await eventually(lambda: clock.now() > approved.expires_at + timedelta(seconds=0.1), within=SHORT + 5)
    await bridge.start()
    assert (await telling).outcome == "confirmed"
    assert await stage.typed() == {"core1": approved.change.commands}
