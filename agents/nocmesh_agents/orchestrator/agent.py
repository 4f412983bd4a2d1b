"""Ears and mouth of the orchestrator: what comes in becomes an event of a run; what follows goes out.

Any number may run: the guarded append lets one of them take each step, and the durable consumers share the work.
"""

import asyncio
from datetime import datetime
from typing import Any

import msgspec

from nocmesh.agent.presence import Presence, card_of
from nocmesh.bus import Received, Speaker, Worker
from nocmesh.engine.check import check_definition
from nocmesh.engine.effects import Effects
from nocmesh.engine.journal import Journal
from nocmesh.engine.state import RunEvent, RunState, Transition
from nocmesh.errors import BusError, InvalidInputError, LostRaceError, NocmeshError, UsageError
from nocmesh.failpoint import reached
from nocmesh.ids import short_digest
from nocmesh.messages.approval import Decision
from nocmesh.messages.base import Message
from nocmesh.messages.change import DeviceResult
from nocmesh.messages.task import TaskResult
from nocmesh.messages.workflow import RunControl, TimerDue, WorkflowRequest, WorkflowResponse
from nocmesh.policy.policy import policy_of
from nocmesh.runtime import Context, Role, until
from nocmesh.subjects import subject, token, untoken
from nocmesh_agents.incidents.life import RUN_PREFIX
from nocmesh_agents.orchestrator.claims import brought_by, with_changes
from nocmesh_agents.orchestrator.members import Members
from nocmesh_agents.orchestrator.serving import CHANGING, Serving
from nocmesh_agents.orchestrator.workflows import definition_of

SWEEP_SECONDS = 10.0
GRACE_SECONDS = 5.0
"""A timer that is overdue by this much was lost: the sweep fires it."""
SLOTS = 16
MAX_RACES = 50


class OpenRun(Message, frozen=True, kw_only=True):
    """What the bucket ``runs`` keeps of a run that is not over, so that a sweep need not read every journal."""

    run_id: str
    due: datetime | None = None


class Orchestrator:
    """Owns workflows."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.mesh = context.mesh
        self.log = context.log.bind(agent=context.name)
        self.journal = Journal(context.mesh.core, context.name)
        self.effects = Effects(context.mesh, context.clock, self.log, self._tool_answered)
        self.members = Members(context)
        self.policy = policy_of(context.settings.policy)
        self.serving = Serving(context, self.members, self.policy, self.start)
        self._done = 0

    async def run(self) -> None:
        """Work until the context says stop."""
        card = card_of(
            self.context,
            agent_type="orchestrator",
            version="1",
            kind="orchestrator",
            capabilities=("workflows", "discovery"),
            tools=("device_config", *CHANGING),
            description="Owns workflows; knows who is there.",
        )
        presence = Presence(
            self.mesh.agents,
            card,
            clock=self.context.clock,
            log=self.log,
            interval=self.context.settings.heartbeat_seconds,
            load=lambda: (0, self._done, 0),
        )
        async with self.members, self.serving, presence:
            workers = await self._workers()
            sweep = asyncio.create_task(self._sweep())
            await self.context.stopping.wait()
            presence.drain()
            await sweep
            for worker in workers:
                await worker.stop()

    async def _workers(self) -> list[Worker[Any]]:
        core, agents, edge = self.mesh.core, self.mesh.agents, self.mesh.edge
        return [
            await core.work("JOURNAL", "dispatch", Transition, self._appended, slots=SLOTS),
            await core.work("TIMERS", "orchestrator", TimerDue, self._timer_due, slots=SLOTS),
            await core.work("APPROVALS", "orchestrator", Decision, self._decided, slots=SLOTS),
            await core.work("DEVICE_RESULTS", "orchestrator", DeviceResult, self._changed, slots=SLOTS),
            await core.work("CONTROL", "orchestrator", RunControl, self._controlled, slots=SLOTS),
            await agents.work("RESULTS", "orchestrator", TaskResult, self._task_done, slots=SLOTS),
            await edge.work("REQUESTS", "orchestrator", WorkflowRequest, self._requested, slots=SLOTS),
        ]

    async def _requested(self, received: Received[WorkflowRequest]) -> None:
        request = received.body
        try:
            self._check_claim(request, received.speaker)
            await self.start(brought_by(request, received.speaker))
        except UsageError as refused:
            self.log.warning("workflow_refused", run=request.workflow_id, why=str(refused))
            await self._respond(request, "rejected", refused.message)
            return
        await self._respond(request, "accepted", "")

    def _check_claim(self, request: WorkflowRequest, speaker: Speaker | None) -> None:
        """An incident's own run moves the incident: nobody else may bring one under that name."""
        if request.workflow_id.startswith(RUN_PREFIX) and (speaker is None or speaker.role != "incidents"):
            raise InvalidInputError(
                f"a workflow_id that begins with {RUN_PREFIX!r} is an incident's own: choose another",
                field="workflow_id",
            )

    async def start(self, request: WorkflowRequest) -> None:
        """Start the run that ``request`` asks for; asking twice starts one.

        How long approvals may take is for the settings to say, never for the request. Raises NotFoundError for an
        unknown type, InvalidInputError for an id that is none.
        """
        definition = definition_of(request.workflow_type)
        check_definition(definition)
        token(request.workflow_id)
        seconds = self.context.settings.approval_timeout_minutes * 60
        event = RunEvent(
            id=f"start:{request.workflow_id}",
            kind="run_started",
            at=self.context.clock.now(),
            ref=request.workflow_id,
            actor=request.requester,
            data={
                "definition": msgspec.to_builtins(definition),
                "parameters": {**request.parameters, "approval_seconds": seconds, "approval_terms": self._terms()},
                "requester": request.requester,
                "correlation_id": request.correlation_id or request.workflow_id,
                "incident_id": str(request.parameters.get("incident_id", "")),
            },
        )
        if await self.journal.take(request.workflow_id, event) is not None:
            self.log.info("run_started", run=request.workflow_id, type=request.workflow_type)

    def _terms(self) -> dict[str, Any]:
        """What each risk takes by the policy of now; the run keeps it."""
        return {risk: terms.to_dict() for risk, terms in self.policy.terms.items()}

    async def _respond(self, request: WorkflowRequest, status: Any, error: str) -> None:
        response = WorkflowResponse(
            workflow_id=request.workflow_id,
            status=status,
            agent_id=self.context.name,
            error=error,
            timestamp=self.context.clock.now(),
        )
        await self.mesh.edge.publish(
            subject("ai.workflows.response"), response, id=short_digest("response", request.workflow_id, status, error)
        )

    async def _appended(self, received: Received[Transition]) -> None:
        """The journal is the outbox: send what the transition causes, then note the run's next due time."""
        transition = received.body
        await self.effects.send(transition)
        reached("engine.sent")
        await self._note(transition.run_id)
        self._done += 1

    async def _note(self, run_id: str) -> None:
        """What the sweep must know of the run as it stands now: transitions are dispatched in any order."""
        for _ in range(MAX_RACES):
            try:
                await self._note_now(run_id)
            except LostRaceError:
                continue  # another transition of the run was noted in between
            return
        raise BusError(f"run {run_id}: noted by others {MAX_RACES} times meanwhile; tried again later")

    async def _note_now(self, run_id: str) -> None:
        bucket, key = self.mesh.core.bucket("runs"), token(run_id)
        entry = await bucket.get(key)
        state = await self.journal.state(run_id)
        if state.over:
            if entry:
                await bucket.delete(key, revision=entry.revision)
            return
        note = OpenRun(run_id=run_id, due=next_due(state)).to_json()
        if entry is None:
            await bucket.create(key, note)
        elif entry.value != note:
            await bucket.update(key, note, entry.revision)

    async def _answer(self, run_id: str, ref: str, data: dict[str, Any], actor: str = "") -> None:
        event = RunEvent(
            id=f"answer:{ref}", kind="answer_received", at=self.context.clock.now(), ref=ref, data=data, actor=actor
        )
        await self.journal.take(run_id, event)

    async def _tool_answered(self, run_id: str, ref: str, data: dict[str, Any]) -> None:
        await self._answer(run_id, ref, data)

    async def _task_done(self, received: Received[TaskResult]) -> None:
        result, speaker = received.body, received.speaker
        if not result.run_id:
            return
        assignee = speaker.type if speaker else ""
        if short_digest(result.run_id, result.step, str(result.attempt), assignee) != result.task_id:
            self.log.warning(
                "result_refused",
                task=result.task_id,
                speaker=speaker.name if speaker else "",
            )
            return
        who = speaker.name if speaker else ""
        told = {**result.to_dict(), "agent_id": who, "result": with_changes(result.result, requested_by=assignee)}
        await self._answer(result.run_id, result.task_id, told, who)

    async def _decided(self, received: Received[Decision]) -> None:
        decision = received.body
        await self._answer(decision.run_id, decision.approval_id, decision.to_dict())

    async def _changed(self, received: Received[DeviceResult]) -> None:
        result = received.body
        await self._answer(result.run_id, result.command_id, result.to_dict(), result.bridge)

    async def _timer_due(self, received: Received[TimerDue]) -> None:
        await self._fire(received.body.run_id, received.body.timer)

    async def _fire(self, run_id: str, timer: str) -> None:
        event = RunEvent(id=f"timer:{timer}", kind="timer_fired", at=self.context.clock.now(), ref=timer)
        await self.journal.take(run_id, event)

    async def _controlled(self, received: Received[RunControl]) -> None:
        word = received.body
        kinds: dict[str, Any] = {
            "cancel": "cancel_requested",
            "pause": "pause_requested",
            "resume": "resume_requested",
            "retry": "retry_requested",
        }
        event = RunEvent(
            id=f"control:{word.request_id or received.id}",
            kind=kinds[word.action],
            at=self.context.clock.now(),
            step=word.step,
            actor=word.person,
            data={"reason": word.reason},
        )
        await self.journal.take(word.run_id, event)

    async def _sweep(self) -> None:
        """Find what a lost wake-up left behind."""
        while not await until(self.context.stopping, SWEEP_SECONDS):
            try:
                await self._sweep_once()
            except NocmeshError as wrong:
                self.log.warning("sweep_failed", error=str(wrong))

    async def _sweep_once(self) -> None:
        now = self.context.clock.now()
        for entry in await self.mesh.core.bucket("runs").entries():
            try:
                await self._sweep_run(untoken(entry.key), msgspec.json.decode(entry.value, type=OpenRun).due, now)
            except (NocmeshError, msgspec.DecodeError) as wrong:
                self.log.warning("sweep_failed", run=entry.key, error=str(wrong))

    async def _sweep_run(self, run_id: str, due: datetime | None, now: datetime) -> None:
        if due is None or (now - due).total_seconds() < GRACE_SECONDS:
            return
        for timer in overdue(await self.journal.state(run_id), now):
            self.log.warning("timer_swept", run=run_id, timer=timer)
            await self._fire(run_id, timer)
        await self._note(run_id)


def next_due(state: RunState) -> datetime | None:
    """When the run's next timer is due."""
    return min(
        (due for step in state.steps.values() for t, due in step.timers.items() if t not in step.answers), default=None
    )


def overdue(state: RunState, now: datetime) -> list[str]:
    """Timers of the run that should have fired by ``now``."""
    return [
        timer
        for step in state.steps.values()
        for timer, due in step.timers.items()
        if timer not in step.answers and (now - due).total_seconds() >= GRACE_SECONDS
    ]


async def run(context: Context) -> None:
    """The role."""
    await Orchestrator(context).run()


role = Role(name="orchestrator", bus_role="orchestrator", type="orchestrator", run=run)
