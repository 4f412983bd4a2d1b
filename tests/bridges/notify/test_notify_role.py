"""Notifications on a real broker, to a real receiver: what the mesh says becomes messages, each once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bridges.notify.receivers import Hook, hook

from nocmesh.bus import Mesh
from nocmesh.clock import SystemClock
from nocmesh.errors import PreconditionError
from nocmesh.log import logger
from nocmesh.messages.approval import ApprovalRequest, Decision, Vote
from nocmesh.messages.change import Change, DeviceResult
from nocmesh.messages.incident import IncidentEvent
from nocmesh.messages.order import Order
from nocmesh.proving.broker import MeshFor, eventually
from nocmesh.runtime import Context, load_role
from nocmesh.settings import Settings
from nocmesh.subjects import subject
from nocmesh_bridges.notify import outbox, watching
from nocmesh_bridges.notify.role import role

pytestmark = [pytest.mark.mesh, pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")]  # a plugin of Apprise's

CHANGE = Change(
    change_id="c1", device="r1", platform="frr", commands=["x"], rollback=["no x"], risk="high", summary="fix"
)


class World:
    """Those who speak, and the process that tells people of it."""

    def __init__(self, mesh_on: MeshFor, folder: Path) -> None:
        self._mesh_on, self._folder = mesh_on, folder
        self._count = 0
        self.orchestrator: Mesh
        self.approvals: Mesh
        self.bridge: Mesh
        self.incidents: Mesh

    async def open(self) -> None:
        self.orchestrator, self.approvals = await self._mesh_on("orchestrator"), await self._mesh_on("approvals")
        self.bridge, self.incidents = await self._mesh_on("bridge"), await self._mesh_on("incidents")

    @asynccontextmanager
    async def notifying(self, targets: str, **flags: Any) -> AsyncIterator[None]:
        self._count += 1
        mesh = await self._mesh_on("notify", name=f"notify-{self._count}")
        settings = Settings(data=self._folder, notify=targets, url="https://noc.example.net", **flags)
        context = Context(
            mesh=mesh, settings=settings, clock=SystemClock(), log=logger(role="notify"), name=mesh.me.name
        )
        task = asyncio.ensure_future(role.run(context))
        try:
            yield
        finally:
            context.stopping.set()
            await task
            await mesh.drain(5.0)

    async def ask(self, id: str, *, seconds: float = 1800) -> ApprovalRequest:
        now = datetime.now(UTC)
        request = ApprovalRequest(
            approval_id=id, run_id="r", step="s", incident_id="inc-1", change=CHANGE, change_hash=CHANGE.hash(),
            risk="high", quorum=1, requested_by="remediation", requested_at=now,
            expires_at=now + timedelta(seconds=seconds),
        )  # fmt: skip
        await self.orchestrator.core.publish(subject("ai.approvals.pending.<id>", id=id), request, id=id)
        return request

    async def decide(self, request: ApprovalRequest) -> None:
        now, id = datetime.now(UTC), request.approval_id
        vote = Vote(approval_id=id, person="nina", decision="approve", change_hash=request.change_hash, at=now)
        await self.approvals.core.publish(subject("ai.approvals.votes.<id>", id=id), vote, id=f"{id}-v")
        decision = Decision(
            approval_id=id, run_id="r", step="s", incident_id="inc-1", verdict="approved", change_id="c1",
            change_hash=request.change_hash, device="r1", quorum=1, requested_by="remediation", votes=[vote],
            decided_at=now, expires_at=request.expires_at,
        )  # fmt: skip
        await self.approvals.core.publish(subject("ai.approvals.decisions.<id>", id=id), decision, id=f"{id}-d")

    async def trouble(self) -> None:
        """A change of which nobody knows, an incident for people, a freeze."""
        now = datetime.now(UTC)
        result = DeviceResult(command_id="k", change_id="c1", device="r1", outcome="unknown", reason="cut off", at=now)
        await self.bridge.core.publish(subject("ai.devices.results.<target>", target="r1"), result, id="k")
        event = IncidentEvent(event_id="e", incident_id="i", kind="escalated", state="escalated", at=now, text="cable")
        where = subject("ai.incidents.events.<incident_id>", incident_id="i")
        await self.incidents.core.publish(where, event, id="e")
        order = Order(kind="freeze", name="ams", value="on", person="vera", at=now)
        where = subject("ai.approvals.orders.<kind>.<name>", kind="freeze", name="ams")
        await self.approvals.core.publish(where, order, id="o")


@pytest.fixture
async def world(mesh_on: MeshFor, tmp_path: Path) -> World:
    there = World(mesh_on, tmp_path)
    await there.open()
    return there


def got(there: Hook, *titles: str) -> Callable[[], Awaitable[bool]]:
    async def all_there() -> bool:
        return set(titles) <= set(there.titles)

    return all_there


ASKED, HALF, LATE = (f"{what}: r1, risk high" for what in ("Approval wanted", "Still waiting", "About to expire"))
APPROVED, UNKNOWN = "Approved: change on r1", "Outcome unknown: change on r1"
ESCALATED, FROZEN = "Escalated: incident i", "Frozen: no changes at ams"


async def test_people_are_told_and_a_restart_repeats_nothing_and_forgets_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "TRIES", (0.01,))
    with hook() as everything, hook() as night:
        targets = f"{everything.url()} escalation={night.url()}"
        async with world.notifying(targets):
            request = await world.ask("a1")
            await eventually(got(everything, ASKED))
            everything.refuse = [500]  # once: it is tried again
            await world.decide(request)
            await eventually(got(everything, APPROVED))
        await world.trouble()
        await world.ask("a2")
        async with world.notifying(targets):
            await eventually(got(everything, UNKNOWN, ESCALATED, FROZEN))
            await eventually(got(night, UNKNOWN, ESCALATED))
        async with world.notifying(targets):
            await world.ask("a3")
            await eventually(lambda: _is(everything.titles.count(ASKED) == 3))
        assert sorted(everything.titles) == sorted([ASKED] * 3 + [APPROVED, UNKNOWN, ESCALATED, FROZEN])
        assert sorted(night.titles) == sorted([UNKNOWN, ESCALATED])
        assert everything.got[0]["message"].endswith("https://noc.example.net/incidents/inc-1")


async def test_what_a_stop_cut_off_goes_on_where_it_was_and_not_where_it_was_told(world: World) -> None:
    with hook() as fine, hook() as slow:
        slow.silent.clear()
        targets = f"{fine.url()} {slow.url()}"
        async with world.notifying(targets, shutdown_seconds=0.2):
            await world.ask("a1")
            await eventually(got(fine, ASKED))
            await eventually(lambda: _is(slow.at_once == 1))
        slow.silent.set()
        async with world.notifying(targets):
            await eventually(lambda: _is(len(slow.titles) == 2))  # the one that hung came through after all
        assert (fine.titles, slow.titles) == ([ASKED], [ASKED, ASKED])


async def test_an_approval_that_waits_is_told_of_again_and_at_last_to_those_who_wake(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "TICK_SECONDS", 0.05)
    with hook() as everything, hook() as night:
        async with world.notifying(f"{everything.url()} escalation={night.url()}"):
            await world.ask("a1", seconds=4)
            await eventually(got(night, LATE), within=15)
            await eventually(got(everything, ASKED, HALF, LATE))
        assert everything.titles == [ASKED, HALF, LATE]
        assert night.titles == [LATE]


async def test_a_storm_is_summed_up_and_a_target_that_is_dead_keeps_no_other_from_hearing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "TRIES", ())
    with hook() as there:
        await asyncio.gather(*(world.ask(f"storm-{number}") for number in range(40)))
        async with world.notifying(f"json://127.0.0.1:1 nosuch://x {there.url()}", notify_per_minute=5):
            await eventually(lambda: _is(any("messages in one" in title for title in there.titles)))
        assert len(there.titles) <= 5


async def test_a_target_that_is_none_stops_the_role_with_the_reason(world: World) -> None:
    with pytest.raises(PreconditionError, match="no address"):
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(world.notifying("no-such-file"))


async def _is(what: bool) -> bool:
    return what


def test_the_launcher_finds_the_role() -> None:
    assert load_role("notify") is role
