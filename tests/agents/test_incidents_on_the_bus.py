"""Alerts become incidents once, whatever is delivered twice, lost half-way, or joins too late."""

import asyncio
import dataclasses
import json
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from nocmesh.agent.network import publish_network
from nocmesh.bus import Mesh, Received
from nocmesh.clock import SystemClock
from nocmesh.engine.journal import Journal
from nocmesh.engine.state import RunEvent, Transition
from nocmesh.errors import BusError, LostRaceError
from nocmesh.log import logger
from nocmesh.messages.alert import AlertEvent
from nocmesh.messages.incident import IncidentEvent
from nocmesh.messages.workflow import WorkflowRequest, WorkflowResponse
from nocmesh.network import Device, Network
from nocmesh.proving.broker import MeshFor, eventually
from nocmesh.runtime import Context
from nocmesh.settings import Settings
from nocmesh.subjects import subject
from nocmesh_agents.incidents import agent as agent_module
from nocmesh_agents.incidents import book as book_module
from nocmesh_agents.incidents import intake as intake_module
from nocmesh_agents.incidents.agent import Incidents
from nocmesh_agents.incidents.agent import role as incidents
from nocmesh_agents.incidents.book import Book
from nocmesh_agents.incidents.intake import Intake
from nocmesh_agents.orchestrator.agent import Orchestrator
from nocmesh_agents.orchestrator.agent import role as orchestrator

pytestmark = pytest.mark.mesh


class Desk:
    """The incidents role's ears, called by hand: a delivery is a method call."""

    def __init__(self, mesh: Mesh) -> None:
        self.mesh = mesh
        self.now = SystemClock().now().replace(microsecond=0)
        self.sent = 0
        self.again()

    def again(self) -> Intake:
        """A fresh instance, which remembers nothing; the events so far are told to it."""
        self.book = Book(self.mesh.core, logger(role="incidents"))
        self.intake = Intake(self.mesh, SystemClock(), self.book, "incidents-1")
        return self.intake

    async def caught_up(self) -> None:
        """The follower's work."""
        async for event in self.mesh.core.history("INCIDENTS", "ai.incidents.events.*", IncidentEvent):
            await self.book.saw(event)

    def message(self, *alerts: dict[str, Any], after: float = 0, attempt: int = 1) -> Received[bytes]:
        """A webhook's body, received so many seconds after the first."""
        self.sent += 1
        return Received(
            subject=subject("ai.alerts.incoming.<source>", source="alertmanager"),
            body=json.dumps({"alerts": list(alerts)}).encode(),
            id=f"m{self.sent}",
            sequence=self.sent,
            at=self.now + timedelta(seconds=after),
            speaker=None,
            correlation_id="",
            headers={},
            attempt=attempt,
        )

    async def take(self, *alerts: dict[str, Any], **more: Any) -> Received[bytes]:
        message = self.message(*alerts, **more)
        await self.intake.take(message)
        return message

    async def timeline(self) -> dict[str, list[str]]:
        """The kinds of event, by incident."""
        found: dict[str, list[str]] = {}
        async for event in self.mesh.core.history("INCIDENTS", "ai.incidents.events.*", IncidentEvent):
            found.setdefault(event.body.incident_id, []).append(event.body.kind)
        return found

    async def alerts(self) -> list[str]:
        """What happened to alerts."""
        history = self.mesh.edge.history("ALERT_EVENTS", "ai.alerts.events.*", AlertEvent)
        return [event.body.kind async for event in history]

    async def asked(self) -> list[str]:
        """The runs that were asked for."""
        found = self.mesh.edge.history("REQUESTS", "ai.workflows.request", WorkflowRequest)
        return [request.body.workflow_id async for request in found]

    async def close(self, incident_id: str, state: Any = "closed") -> None:
        event = IncidentEvent(
            event_id=f"{state}-{incident_id}", incident_id=incident_id, kind=state, state=state, at=self.now, text=""
        )
        await self.book.append(event)


def alert(
    name: str = "BgpDown", device: str = "r1", status: str = "firing", start: float = 0, **more: Any
) -> dict[str, Any]:
    starts = (datetime.fromisoformat("2026-03-01T12:00:00+00:00") + timedelta(seconds=start)).isoformat()
    return {"status": status, "labels": {"alertname": name, "instance": device, **more}, "startsAt": starts}


class Died(BaseException):
    """Killed here."""


def dying(monkeypatch: pytest.MonkeyPatch, where: Any, name: str) -> None:
    async def die(*args: Any, **more: Any) -> None:
        raise Died

    monkeypatch.setattr(where, name, die)


async def killed(desk: Desk, message: Received[bytes]) -> None:
    async def taking() -> None:
        try:
            await desk.intake.take(message)
        except Died:
            return
        raise AssertionError("it lived")

    await asyncio.create_task(taking())


@pytest.fixture
async def desk(mesh_on: MeshFor) -> Desk:
    bridge = await mesh_on("bridge")
    devices = [Device(name=name, platform="frr", address="x") for name in ("r1", "r2")]
    await publish_network(bridge.agents, Network(devices=devices))
    return Desk(await mesh_on("incidents"))


async def test_an_alert_opens_one_incident_with_one_investigation(desk: Desk) -> None:
    message = await desk.take(alert())
    [(incident, kinds)] = (await desk.timeline()).items()
    assert kinds == ["open"]
    assert await desk.asked() == [f"incident-{incident}"]
    for attempt in (2, 3):
        await desk.intake.take(replaced(message, attempt))
    assert await desk.timeline() == {incident: ["open"]}
    assert await desk.alerts() == ["opened"]
    assert len(await desk.asked()) == 1


def replaced(message: Received[bytes], attempt: int) -> Received[bytes]:
    return dataclasses.replace(message, attempt=attempt)


async def test_a_repetition_is_counted_and_changes_nothing_else(desk: Desk) -> None:
    await desk.take(alert())
    await desk.take(alert(), after=60)
    assert await desk.alerts() == ["opened", "repeated"]
    assert list((await desk.timeline()).values()) == [["open"]]


async def test_an_alert_of_the_same_device_joins_at_once_and_starts_no_second_run(desk: Desk) -> None:
    await desk.take(alert(), alert("LinkDown"))
    assert list((await desk.timeline()).values()) == [["open", "grew"]]
    assert len(await desk.asked()) == 1


async def test_an_alert_of_another_device_is_another_incident(desk: Desk) -> None:
    await desk.take(alert(), alert(device="r2"))
    assert list((await desk.timeline()).values()) == [["open"], ["open"]]


async def test_what_joins_keeps_the_incidents_state(desk: Desk) -> None:
    await desk.take(alert())
    [incident] = await desk.timeline()
    await desk.close(incident, "diagnosed")
    await desk.take(alert("LinkDown"), alert(status="resolved"))
    found, _ = await desk.book.load(incident)
    assert found is not None
    assert (found.state, len(found.alert_ids)) == ("diagnosed", 2)
    assert (await desk.timeline())[incident] == ["open", "diagnosed", "grew", "note"]


async def test_an_alert_that_fires_again_is_a_new_episode_of_its_open_incident(desk: Desk) -> None:
    await desk.take(alert())
    await desk.take(alert(status="resolved"), after=60)
    await desk.take(alert(start=120), after=120)
    assert await desk.alerts() == ["opened", "resolved", "opened"]
    assert list((await desk.timeline()).values()) == [["open", "note", "grew"]]
    assert len(await desk.asked()) == 1


@pytest.mark.parametrize("end", ["closed", "escalated"])
async def test_an_alert_that_fires_again_after_its_incident_is_over_opens_a_new_one(desk: Desk, end: str) -> None:
    await desk.take(alert())
    [first] = await desk.timeline()
    await desk.take(alert(status="resolved"), after=60)
    await desk.close(first, end)
    await desk.take(alert(start=120), after=120)
    timeline = await desk.timeline()
    assert list(timeline.values()) == [["open", "note", end], ["open"]]
    assert await desk.asked() == [f"incident-{incident}" for incident in timeline]


async def test_an_alert_that_never_resolved_opens_a_new_incident_when_it_starts_anew(desk: Desk) -> None:
    """A sender may forget to say that the first time was over."""
    await desk.take(alert())
    [first] = await desk.timeline()
    await desk.close(first)
    again = (desk.now - datetime.fromisoformat("2026-03-01T12:00:00+00:00")).total_seconds() + 5
    await desk.take(alert(start=again), after=5)
    assert await desk.alerts() == ["opened", "opened"]
    assert list((await desk.timeline()).values()) == [["open", "closed"], ["open"]]
    assert len(await desk.asked()) == 2


async def test_an_incident_that_closed_unseen_does_not_swallow_an_alert(desk: Desk) -> None:
    await desk.take(alert())
    [first] = await desk.timeline()
    other = Desk(desk.mesh)
    await other.close(first)
    message = await desk.take(alert("LinkDown"))
    assert list((await desk.timeline()).values()) == [["open", "closed"], ["open"]]
    await desk.intake.take(replaced(message, 2))
    assert list((await desk.timeline()).values()) == [["open", "closed"], ["open"]]
    assert len(await desk.asked()) == 2


async def test_a_resolution_that_comes_first_opens_nothing_and_neither_does_the_firing_that_it_overtook(
    desk: Desk,
) -> None:
    await desk.take(alert(status="resolved"))
    desk.again()
    await desk.take(alert(), after=30)
    assert await desk.alerts() == ["resolved"]
    assert await desk.timeline() == {}
    await desk.take(alert(start=60), after=60)
    assert await desk.alerts() == ["resolved", "opened"]
    assert list((await desk.timeline()).values()) == [["open"]]


@pytest.mark.parametrize("state", ["triaged", "investigating", "awaiting_approval", "fixing"])
async def test_the_same_alert_opens_no_second_incident_while_the_first_is_open(desk: Desk, state: str) -> None:
    await desk.take(alert())
    [incident] = await desk.timeline()
    await desk.close(incident, state)
    await desk.take(alert(), after=5)
    await desk.take(alert(start=600), after=600)
    await desk.take(alert(status="resolved", start=600), after=900)
    await desk.take(alert(start=1000), after=1000)
    await desk.take(alert(replica="b", start=1000), after=1001)
    assert list((await desk.timeline()).values()) == [["open", state, "note", "grew"]]
    assert len(await desk.asked()) == 1


async def test_the_same_alert_right_after_its_incident_was_closed_is_that_incidents(desk: Desk) -> None:
    await desk.take(alert())
    [incident] = await desk.timeline()
    await desk.close(incident)
    await desk.take(alert(), after=30)
    assert await desk.alerts() == ["opened", "repeated"]
    assert len(await desk.timeline()) == 1


async def test_one_body_that_fires_and_resolves_the_same_alert_does_both(desk: Desk) -> None:
    await desk.take(alert(), alert(status="resolved"))
    assert await desk.alerts() == ["opened", "resolved"]


async def test_an_old_message_that_comes_again_opens_nothing(desk: Desk) -> None:
    """The firing message was taken in, its acknowledgement lost; by then the alert has resolved, long ago."""
    first = await desk.take({**alert(), "startsAt": None})
    await desk.take({**alert(status="resolved"), "startsAt": None}, after=60)
    desk.again()
    await desk.caught_up()
    await desk.intake.take(replaced(first, 2))
    assert await desk.alerts() == ["opened", "resolved"]
    assert list((await desk.timeline()).values()) == [["open", "note"]]


async def test_a_start_that_came_late_does_not_hide_the_latest_one(desk: Desk) -> None:
    await desk.take(alert(start=100))
    await desk.take(alert(start=0), after=1)
    await desk.take(alert(status="resolved", start=50), after=2)
    assert await desk.alerts() == ["opened", "repeated"], "a resolution of an episode before this one"


@pytest.mark.parametrize(("where", "name"), [(Book, "append"), (Intake, "_investigate")])
async def test_whoever_dies_half_way_loses_nothing_though_the_alert_repeats_meanwhile(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, where: Any, name: str
) -> None:
    message = desk.message(alert())
    with monkeypatch.context() as armed:
        dying(armed, where, name)
        await killed(desk, message)
    desk.again()
    await desk.caught_up()
    await desk.take(alert(), after=10)
    await desk.intake.take(replaced(message, 2))
    assert list((await desk.timeline()).values()) == [["open"]]
    assert len(await desk.asked()) == 1


async def test_the_second_alert_of_a_body_survives_the_death_over_the_first(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = desk.message(alert(), alert(device="r2"))
    with monkeypatch.context() as armed:
        dying(armed, Intake, "_investigate")
        await killed(desk, message)
    await desk.again().take(replaced(message, 2))
    assert list((await desk.timeline()).values()) == [["open"], ["open"]]
    assert len(await desk.asked()) == 2


async def test_two_instances_that_take_the_same_message_open_one_incident(desk: Desk, mesh_on: MeshFor) -> None:
    other = Desk(await mesh_on("incidents", name="incidents-2"))
    message = desk.message(alert())
    await asyncio.gather(desk.intake.take(message), other.intake.take(message))
    assert list((await desk.timeline()).values()) == [["open"]]
    assert len(await desk.asked()) == 1


async def test_a_lost_race_is_run_again_and_a_hopeless_one_given_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "MAX_RACES", 2)
    monkeypatch.setattr(book_module, "MAX_RACES", 2)
    publish, lost = desk.mesh.edge.publish, ["once"]

    async def losing(where: str, *args: Any, **more: Any) -> int:
        if lost and where.startswith("ai.alerts.events"):
            lost.pop()
            raise LostRaceError("somebody was first")
        return await publish(where, *args, **more)

    monkeypatch.setattr(desk.mesh.edge, "publish", losing)
    await desk.take(alert())
    assert await desk.alerts() == ["opened"]
    lost += ["again", "and again"]
    with pytest.raises(BusError, match="moved 2 times while it was taken in"):
        await desk.take(alert(device="r2"))

    async def never(*args: Any) -> int:
        return 0

    monkeypatch.setattr(Book, "append_after", never)
    with pytest.raises(BusError, match="moved 2 times while an event waited"):
        await desk.take(alert("Other", device="r2"))


# --- the role


async def test_an_incident_follows_its_run_and_others_may_read_of_it(host: Any, mesh_on: MeshFor) -> None:
    await host(incidents)
    context, _ = await host(orchestrator)
    reader = await mesh_on("dashboard", name="dash")
    publisher = await mesh_on("publisher", name="monitoring")
    body = json.dumps({"alerts": [alert()]}).encode()
    await publisher.edge.publish(subject("ai.alerts.incoming.<source>", source="alertmanager"), body, id="m1")
    journal = Journal(context.mesh.core, "test")

    async def timeline() -> list[IncidentEvent]:
        return [e.body async for e in reader.core.history("INCIDENTS", "ai.incidents.events.*", IncidentEvent)]

    await eventually(lambda: _any(timeline()), within=15)
    [opened] = await timeline()
    run_id = f"incident-{opened.incident_id}"

    async def waits() -> bool:
        last, _ = await journal.load(run_id)
        return last is not None and bool(last.state.steps["triage"].waiting_for)

    await eventually(waits, within=15)
    [task] = (await journal.state(run_id)).steps["triage"].waiting_for
    result = {"verdict": "false_positive", "confidence": 1.0, "why": "all is well"}
    data = {"status": "completed", "result": result, "agent_id": "triage-1"}
    answer = RunEvent(id=f"answer:{task}", kind="answer_received", at=SystemClock().now(), ref=task, data=data)
    await journal.take(run_id, answer)
    await eventually(lambda: _ended(timeline()), within=15)
    assert [event.kind for event in await timeline()] == ["open", "triaged", "closed"]
    subscriber = await mesh_on("subscriber", name="itsm")

    async def feed() -> list[str]:
        where = subject("ai.feed.incidents.<incident_id>", incident_id=opened.incident_id)
        return [e.body.kind async for e in subscriber.ext.history("FEED", where, IncidentEvent)]

    await eventually(lambda: _three(feed()), within=15)
    assert await feed() == ["open", "triaged", "closed"]
    alerts = [e.body.kind async for e in subscriber.ext.history("FEED", "ai.feed.alerts.*", AlertEvent)]
    assert alerts == ["opened"]


async def _any(found: Any) -> bool:
    return bool(await found)


async def _ended(found: Any) -> bool:
    return any(event.state == "closed" for event in await found)


async def _three(found: Any) -> bool:
    return len(await found) == 3


async def test_a_run_that_names_somebody_elses_incident_does_not_move_it(
    host: Any, mesh_on: MeshFor, desk: Desk
) -> None:
    await desk.take(alert())
    [incident] = await desk.timeline()
    context, _ = await host(orchestrator)
    role = Incidents(await _context(host, mesh_on))
    journal = Journal(context.mesh.core, "test")
    evil = WorkflowRequest(
        workflow_id="incident-evil",
        workflow_type="incident_response",
        parameters={"incident_id": incident, "alert": {}},
        requester="mallory",
    )
    await Orchestrator(context).start(evil)
    last, _ = await journal.load("incident-evil")
    assert last is not None
    done = RunEvent(id="c", kind="cancel_requested", at=SystemClock().now())
    await journal.take("incident-evil", done)
    last, _ = await journal.load("incident-evil")
    assert last is not None
    await role._moved(_heard(last))
    assert (await desk.timeline())[incident] == ["open"]


def _heard(transition: Transition) -> Received[Transition]:
    return Received(
        subject=subject("ai.workflows.journal.<run_id>", run_id=transition.run_id),
        body=transition,
        id="x",
        sequence=1,
        at=SystemClock().now(),
        speaker=None,
        correlation_id="",
        headers={},
    )


async def _context(host: Any, mesh_on: MeshFor) -> Any:
    mesh = await mesh_on("incidents", name="incidents-3")
    return Context(
        mesh=mesh, settings=Settings(), clock=SystemClock(), log=logger(role="incidents"), name="incidents-3"
    )


async def test_a_run_whose_incident_moves_meanwhile_is_caught_up_with_again(
    host: Any, mesh_on: MeshFor, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_module, "MAX_RACES", 3)
    await desk.take(alert())
    [incident] = await desk.timeline()
    context, _ = await host(orchestrator)
    run_id = f"incident-{incident}"
    await Orchestrator(context).start(
        WorkflowRequest(workflow_id=run_id, workflow_type="incident_response", parameters={"incident_id": incident})
    )
    journal = Journal(context.mesh.core, "test")
    await journal.take(run_id, RunEvent(id="c", kind="cancel_requested", at=SystemClock().now()))
    last, _ = await journal.load(run_id)
    assert last is not None
    role, append = Incidents(await _context(host, mesh_on)), Book.append_after
    moving = [1]

    async def first(self: Book, event: IncidentEvent, after: int) -> int:
        if moving:
            moving.pop()
            await desk.take(alert("LinkDown"))
        return await append(self, event, after)

    monkeypatch.setattr(Book, "append_after", first)
    for _ in range(2):
        await role._moved(_heard(last))
    assert (await desk.timeline())[incident] == ["open", "grew", "escalated"]

    async def never(*args: Any) -> int:
        return 0

    monkeypatch.setattr(Book, "append_after", never)
    other = msgspec.structs.replace(
        last, run_id="incident-none", state=msgspec.structs.replace(last.state, incident_id="none")
    )
    with pytest.raises(BusError, match="has no incident yet"):
        await role._moved(_heard(other))
    monkeypatch.setattr(Incidents, "_catch_up", never)
    with pytest.raises(BusError, match="moved 3 times"):
        await role._moved(_heard(last))


async def test_the_role_knows_open_incidents_before_it_takes_an_alert(
    host: Any, mesh_on: MeshFor, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its memory of them comes slowly; an alert is there already."""
    await desk.take(alert())
    saw, late = Book.saw, asyncio.Event()

    async def slow(self: Book, received: Received[IncidentEvent]) -> None:
        await late.wait()
        await saw(self, received)

    monkeypatch.setattr(Book, "saw", slow)
    publisher = await mesh_on("publisher", name="monitoring")
    body = json.dumps({"alerts": [alert("LinkDown")]}).encode()
    await publisher.edge.publish(subject("ai.alerts.incoming.<source>", source="alertmanager"), body, id="m1")
    await host(incidents, name="incidents-2")
    asyncio.get_running_loop().call_later(0.3, late.set)

    async def taken() -> bool:
        return len(await desk.alerts()) == 2

    await eventually(taken)
    await eventually(lambda: _joined(desk))


async def _joined(desk: Desk) -> bool:
    return list((await desk.timeline()).values()) == [["open", "grew"]]


async def test_a_role_that_is_stopped_while_it_remembers_just_stops(
    host: Any, mesh_on: MeshFor, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.take(alert())

    async def never(self: Book, received: Received[IncidentEvent]) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Book, "saw", never)
    context, task = await host(incidents, name="incidents-2")
    context.stopping.set()
    await asyncio.wait_for(task, 10)


async def test_nobody_but_the_incidents_role_may_bring_an_incidents_run(host: Any, mesh_on: MeshFor) -> None:
    context, _ = await host(orchestrator)
    publisher = await mesh_on("publisher", name="mallory")
    body = WorkflowRequest(workflow_id="incident-x", workflow_type="incident_response", parameters={"incident_id": "x"})
    await publisher.edge.publish(subject("ai.workflows.request"), body, id="evil")

    async def answers() -> list[WorkflowResponse]:
        found = context.mesh.edge.history("RESPONSES", "ai.workflows.response", WorkflowResponse)
        return [r.body async for r in found]

    await eventually(lambda: _any(answers()), within=15)
    [answer] = await answers()
    assert (answer.status, "an incident's own" in answer.error) == ("rejected", True)
