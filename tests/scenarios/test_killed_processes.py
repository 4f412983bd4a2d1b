"""A process dies, at the worst moment; the incident comes to the same end, and the device was changed once."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from scenarios.stage import Stage, playing

from nocmesh.engine.state import Transition
from nocmesh.messages.change import DeviceJournalEntry
from nocmesh.messages.session import SessionEvent
from nocmesh.subjects import subject, wildcard

pytestmark = [pytest.mark.mesh, pytest.mark.alone, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mesh(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with playing(tmp_path_factory.mktemp("killed"), "orchestrator", "bgp", "ssh") as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="module")
async def stage(mesh: Stage) -> AsyncIterator[Stage]:
    yield mesh
    await mesh.heal()


async def again(stage: Stage, name: str) -> None:
    """Kill and start."""
    await stage.processes[name].kill()
    await stage.processes[name].start()


# --- the orchestrator


@pytest.mark.parametrize("phase", ["investigating", "awaiting_approval", "decided"])
async def test_the_orchestrator_is_killed_and_the_run_goes_on(stage: Stage, phase: str) -> None:
    incident = await stage.alert(await stage.break_it("bgp_asn_misconfig"))
    if phase == "decided":
        await stage.approve(incident)
    else:
        await stage.reaches(incident, phase)
    await again(stage, "orchestrator")
    if phase != "decided":
        await stage.approve(incident)
    report = await stage.repaired(incident)
    assert report["root_causes"][0]["fault_type"] == "bgp_asn_misconfig"


@pytest.mark.parametrize("where", ["engine.appended", "engine.sent"])
async def test_an_orchestrator_that_dies_at_each_second_step_still_brings_the_run_to_its_end(
    stage: Stage, where: str
) -> None:
    orchestrator = stage.processes["orchestrator"]
    await orchestrator.stop()
    deaths = asyncio.create_task(_keep_dying(stage, where))
    incident = await stage.alert(await stage.break_it("bgp_neighbor_shutdown"))
    await stage.approve(incident)
    await stage.reaches(incident, "applied", within=60)
    deaths.cancel()
    assert await deaths >= 2
    await stage.repaired(incident)
    assert await _steps_begun(stage, incident) == ["triage", "diagnose", "plan", "approval", "apply", "verify"]


async def _keep_dying(stage: Stage, where: str) -> int:
    """Let the orchestrator die each second time that it gets there, until we are stopped; then let it live."""
    orchestrator = stage.processes["orchestrator"]
    deaths = 0
    try:
        while True:
            await orchestrator.start(failpoint=f"{where}:2")
            await orchestrator.died(within=60)
            deaths += 1
    except asyncio.CancelledError:
        if orchestrator.alive:
            await orchestrator.kill()
        await orchestrator.start()
        return deaths


async def _steps_begun(stage: Stage, incident: str) -> list[str]:
    where = subject("ai.workflows.journal.<run_id>", run_id=f"incident-{incident}")
    history = stage.watcher.core.history("JOURNAL", where, Transition)
    return [e.step for e in [e async for t in history for e in t.body.events] if e.kind == "step_started"]


# --- the specialist


@pytest.mark.parametrize("where", ["agent.action", "agent.observed"])
async def test_a_killed_specialists_session_is_continued_from_what_it_saw(stage: Stage, where: str) -> None:
    bgp = stage.processes["bgp"]
    await bgp.stop()
    await bgp.start(failpoint=where)
    incident = await stage.alert(await stage.break_it("bgp_asn_misconfig"))
    await bgp.died()
    await bgp.start()
    await stage.approve(incident)
    await stage.repaired(incident)
    session = [event for event in await stage.sessions("bgp", incident) if event.session_id]
    first = [event for event in session if event.session_id == session[0].session_id]
    assert [event.text.split(":")[0] for event in first if event.kind == "claimed"] == [
        "took the task",
        "took the session over",
    ]
    assert len(_asked(first)) == len(set(_asked(first)))
    assert len(_observed(first)) == len(set(_observed(first)))
    assert set(_observed(first)) == set(_asked(first))


def _asked(events: list[SessionEvent]) -> list[str]:
    return [call.call_id for event in events for call in event.calls]


def _observed(events: list[SessionEvent]) -> list[str]:
    return [observation.observation_id for event in events for observation in event.observations]


async def test_another_instance_takes_over_a_killed_specialists_session(stage: Stage) -> None:
    bgp = stage.processes["bgp"]
    await bgp.stop()
    await bgp.start(failpoint="agent.observed")
    incident = await stage.alert(await stage.break_it("bgp_neighbor_missing"))
    await bgp.died()
    other = await stage.instance("bgp", "bgp-2")
    await stage.approve(incident)
    await stage.repaired(incident)
    events = await stage.sessions("bgp", incident)
    assert [event.agent_id for event in events if event.kind == "claimed"][:2] == ["bgp", "bgp-2"]
    await other.stop()
    await bgp.start()


# --- the bridge


@pytest.mark.parametrize("where", ["bridge.begun", "bridge.applied", "bridge.sent", "bridge.outcome"])
async def test_a_bridge_killed_in_the_middle_of_a_change_never_sends_it_twice(stage: Stage, where: str) -> None:
    bridge = stage.processes["ssh"]
    await bridge.stop()
    await bridge.start(failpoint=where)
    incident = await stage.alert(await stage.break_it("bgp_asn_misconfig"))
    await stage.approve(incident)
    await bridge.died()
    await bridge.start()
    await stage.repaired(incident)
    kinds = [entry.kind for entry in await _device_journal(stage, "core1", incident)]
    taken_over = [] if where == "bridge.outcome" else ["taken_over"]
    sent_again = {"bridge.begun": ["sent"]}.get(where, [])
    sent_before = ["sent"] if where in ("bridge.sent", "bridge.outcome") else []
    assert kinds == ["begun", *sent_before, *taken_over, *sent_again, "outcome"]


async def _device_journal(stage: Stage, device: str, incident: str) -> list[DeviceJournalEntry]:
    [waiting] = await stage.pending(incident)
    auditor = await stage.mesh("audit", "auditor")
    where = wildcard("ai.devices.journal.<device>.<change_id>", device=device, change_id=waiting.change.change_id)
    return [r.body async for r in auditor.core.history("DEVICE_JOURNAL", where, DeviceJournalEntry)]


async def test_a_bridge_killed_while_it_reads_is_asked_again(stage: Stage) -> None:
    incident = await stage.alert(await stage.break_it("bgp_asn_misconfig"))
    await stage.reaches(incident, "investigating")
    await again(stage, "ssh")
    await stage.approve(incident)
    await stage.repaired(incident)


# --- the broker


@pytest.mark.parametrize("phase", ["open", "investigating", "awaiting_approval", "fixing"])
async def test_a_killed_broker_comes_back_with_everything(stage: Stage, phase: str) -> None:
    incident = await stage.alert(await stage.break_it("bgp_asn_misconfig"))
    if phase == "fixing":
        await stage.approve(incident)
    await stage.reaches(incident, phase)
    await stage.broker.kill()
    await stage.broker.start(provisioned=False)
    if phase != "fixing":
        await stage.approve(incident)
    await stage.repaired(incident)
