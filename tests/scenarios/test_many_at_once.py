"""Two of each that matter, and several incidents at the same time: no step is taken twice, no device changed twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio
from scenarios.stage import Stage, playing

from nocmesh.engine.state import Transition
from nocmesh.subjects import subject

pytestmark = [pytest.mark.mesh, pytest.mark.alone, pytest.mark.asyncio(loop_scope="module")]

APART = (("bgp_ttl_misconfig", "isp2"), ("bgp_neighbor_shutdown", "isp1"))
SEEN_BY_BOTH = (("bgp_asn_misconfig", "core1"), ("bgp_neighbor_shutdown", "isp1"))
"""Not of neighbours, else correlation makes one incident of them."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mesh(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with playing(tmp_path_factory.mktemp("many"), "orchestrator", "bgp", "ssh") as stage:
        for role in ("orchestrator", "bgp", "ssh"):
            await stage.instance(role, f"{role}-2")
        yield stage


@pytest_asyncio.fixture(loop_scope="module")
async def stage(mesh: Stage) -> AsyncIterator[Stage]:
    yield mesh
    await mesh.heal()


@pytest.mark.parametrize("faults", [APART, SEEN_BY_BOTH], ids=["apart", "seen by both"])
async def test_several_incidents_at_once_are_each_repaired_and_each_device_is_changed_once(
    stage: Stage, faults: Sequence[tuple[str, str]]
) -> None:
    alerts = [await stage.break_it(fault, device) for fault, device in faults]
    incidents = [await stage.alert(alert) for alert in alerts]
    assert len(set(incidents)) == len(faults)
    await asyncio.gather(*(stage.approve(incident) for incident in incidents))
    for incident in incidents:
        ended = await stage.reaches(incident, "closed", "escalated")
        assert (ended.kind, ended.data["report"]["outcome"]["verification"]) == ("closed", "passed"), ended.text
        await no_step_twice(stage, incident)
    wanted = {p.change.device: p.change.commands for incident in incidents for p in await stage.pending(incident)}
    assert await stage.typed() == wanted
    assert set(wanted) >= {device for _, device in faults}
    sessions = (await stage.ask(do="sessions"))["sessions"]
    assert {session["state"] for session in sessions} == {"Established"}


async def test_an_alert_without_a_fault_is_closed_and_nothing_is_changed(stage: Stage) -> None:
    incident = await stage.alert(await stage.break_it("none"))
    ended = await stage.reaches(incident, "closed", "escalated")
    assert (ended.kind, ended.data["report"]["verdict"]) == ("closed", "false_positive")
    assert ended.data["report"]["root_causes"] == []
    assert await stage.typed() == {}


async def no_step_twice(stage: Stage, incident: str) -> None:
    where = subject("ai.workflows.journal.<run_id>", run_id=f"incident-{incident}")
    transitions = [r.body async for r in stage.watcher.core.history("JOURNAL", where, Transition)]
    assert [t.index for t in transitions] == list(range(len(transitions)))
    began = Counter(event.step for t in transitions for event in t.events if event.kind == "step_started")
    assert set(began.values()) == {1}
    commands = Counter(command.id for t in transitions for command in t.commands)
    assert set(commands.values()) == {1}
