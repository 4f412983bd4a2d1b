"""The agent: takes tasks of its type, works on each, answers.

A subclass says what it is, and overrides ``work`` or gives a ``reasoner``; everything else is done here.
"""

import asyncio
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from nocmesh import __version__
from nocmesh.agent.loop import Budget, pursue
from nocmesh.agent.network import load_network
from nocmesh.agent.presence import Presence, card_of
from nocmesh.agent.reasoner import Case, Finish, HandOff, Reasoner
from nocmesh.agent.session import SessionJournal
from nocmesh.agent.toolbox import Toolbox
from nocmesh.bus import Received
from nocmesh.diagnosis.evidence import verify_evidence, verify_recovered
from nocmesh.errors import LostRaceError, NocmeshError, PreconditionError
from nocmesh.messages.agent import Autonomy, Handoff
from nocmesh.messages.report import Diagnosis, Recovered
from nocmesh.messages.session import Observation
from nocmesh.messages.task import TaskAssignment, TaskCancel, TaskResult
from nocmesh.runtime import Context, Role, until
from nocmesh.subjects import subject, wildcard

MAX_CALLED_OFF = 10_000


class Agent:
    """Base of all agents. Ten lines make one.

    For example::

    class Greeter(Agent):
        type = "greeter"
        capabilities = ("greet",)

        async def work(self, case: Case) -> dict[str, Any]:
            return {"greeting": f"hello {case.task.parameters['name']}"}

    role = role_of(Greeter)
    """

    type: ClassVar[str]
    capabilities: ClassVar[tuple[str, ...]] = ()
    tools: ClassVar[tuple[str, ...]] = ()
    autonomy: ClassVar[Autonomy] = "diagnose"
    description: ClassVar[str] = ""
    bus_role: ClassVar[str] = "agent"

    def __init__(self, context: Context) -> None:
        self.context = context
        self.mesh = context.mesh
        self.clock = context.clock
        self.log = context.log.bind(agent=context.name)
        self.slots = context.settings.max_concurrent_agents
        self._running: dict[str, asyncio.Task[TaskResult]] = {}
        self._called_off: dict[str, None] = {}
        """Tasks that somebody cancelled, the latest last; also such as have not come here yet."""
        self._done = 0
        self._failed = 0

    def reasoner(self) -> Reasoner | None:
        """The reasoner of this agent; None: it overrides ``work``."""
        return None

    async def work(self, case: Case) -> dict[str, Any] | HandOff:
        """Work on ``case``: a result, or the hand-off to another type. Raises what goes wrong."""
        reasoner = self.reasoner()
        if reasoner is None:
            raise PreconditionError(f"agent {self.type!r} has neither a reasoner nor a `work` of its own")
        journal = self._journal(case.task)
        journal.carried = await self.remembered(case)
        toolbox = Toolbox(
            self.mesh.agents, session_id=case.task.task_id, incident_id=case.task.incident_id, clock=self.clock
        )
        budget = Budget(seconds=self.context.settings.agent_task_timeout)
        end = await pursue(case, reasoner, journal, toolbox, budget)
        if not isinstance(end, Finish):
            return end
        return {**proved(end.result, journal.seen, journal.own), "reasoner": reasoner.mind.to_dict()}

    async def remembered(self, case: Case) -> list[Observation]:
        """What earlier sessions of the incident saw and the reasoner may go on from; nothing, unless overridden."""
        return []

    def _journal(self, task: TaskAssignment) -> SessionJournal:
        return SessionJournal(self.mesh.agents, self.clock, agent_type=self.type, agent_id=self.context.name, task=task)

    async def started(self) -> None:
        """Called once the agent is registered; for agents with more than tasks to do."""

    async def stopped(self) -> None:
        """Called before the agent leaves."""

    async def run(self) -> None:
        """Be there, take tasks, until the context says stop."""
        card = card_of(
            self.context,
            agent_type=self.type,
            version=__version__,
            kind="agent",
            capabilities=self.capabilities,
            tools=self.tools,
            description=self.description,
            load_limit=self.slots,
        )
        card = msgspec.structs.replace(card, autonomy=self.autonomy)
        presence = Presence(
            self.mesh.agents,
            card,
            clock=self.clock,
            log=self.log,
            interval=self.context.settings.heartbeat_seconds,
            load=lambda: (len(self._running), self._done, self._failed),
        )
        async with presence:
            cancels = await self.mesh.agents.listen(wildcard("ai.tasks.cancel.<task_id>"), TaskCancel, self._cancelled)
            worker = await self._begin_work()
            await self.started()
            await self.context.stopping.wait()
            presence.drain()
            await self.stopped()
            if worker is not None:
                await worker.stop()
            await cancels.stop()

    async def _begin_work(self) -> Any:
        """Bind to the type's tasks; a new type's consumer is made by the orchestrator once we have registered."""
        while True:
            try:
                return await self.mesh.agents.work("TASKS", self.type, TaskAssignment, self._assigned, slots=self.slots)
            except NocmeshError as wrong:
                self.log.info("waiting_for_queue", error=str(wrong))
            if await until(self.context.stopping, 1.0):
                return None

    async def _assigned(self, received: Received[TaskAssignment]) -> None:
        """Work on a task and answer. A second delivery of one that we work on is the first one's affair."""
        task = received.body
        running = self._running.get(task.task_id)
        if running is not None:
            await asyncio.wait([running])
            return
        running = self._running[task.task_id] = asyncio.create_task(self._answer_to(task, received.at))
        if task.task_id in self._called_off:
            running.cancel()
        try:
            result = await running
        except LostRaceError as lost:
            self.log.info("session_lost", task=task.task_id, why=str(lost))
            return
        except asyncio.CancelledError:
            if not running.cancelled() or task.task_id not in self._called_off:
                raise  # we are going away: another instance goes on
            result = self._result(task, "failed", error="cancelled")
        finally:
            self._running.pop(task.task_id, None)
        self._done += result.status != "failed"
        self._failed += result.status == "failed"
        await self.mesh.agents.publish(
            subject("ai.tasks.complete.<agent_id>", agent_id=self.context.name),
            result,
            id=f"{task.task_id}:{result.status}",
            correlation_id=task.correlation_id,
        )

    async def _answer_to(self, task: TaskAssignment, assigned_at: datetime) -> TaskResult:
        try:
            case = Case(task=task, network=await load_network(self.mesh.agents), assigned_at=assigned_at)
            outcome = await self.work(case)
        except LostRaceError:
            raise
        except Exception as wrong:  # whatever goes wrong is the answer: nobody waits for one in vain
            self.log.exception("task_failed", task=task.task_id)
            return self._result(task, "failed", error=f"{type(wrong).__name__}: {wrong}", retryable=True)
        if isinstance(outcome, HandOff):
            await self._tell_handoff(task, outcome)
            handed = {"to_type": outcome.to_type, "reason": outcome.reason, "context": outcome.context}
            return self._result(task, "handed_off", result=handed)
        return self._result(task, "completed", result=outcome)

    async def _tell_handoff(self, task: TaskAssignment, to: HandOff) -> None:
        """The feed of handoffs; the case itself passes with the result."""
        handoff = Handoff(
            task_id=task.task_id,
            from_agent=self.context.name,
            to_type=to.to_type,
            reason=to.reason,
            context=to.context,
            at=self.clock.now(),
        )
        await self.mesh.agents.publish(
            subject("ai.agents.handoff.<agent_id>", agent_id=self.context.name),
            handoff,
            id=f"{task.task_id}:handoff",
            correlation_id=task.correlation_id,
        )

    def _result(self, task: TaskAssignment, status: Any, **more: Any) -> TaskResult:
        return TaskResult(
            task_id=task.task_id,
            status=status,
            agent_id=self.context.name,
            run_id=task.run_id,
            step=task.step,
            at=self.clock.now(),
            attempt=task.attempt,
            **more,
        )

    async def _cancelled(self, word: Received[TaskCancel]) -> None:
        self._called_off[word.body.task_id] = None
        if len(self._called_off) > MAX_CALLED_OFF:
            del self._called_off[next(iter(self._called_off))]
        running = self._running.get(word.body.task_id)
        if running is not None:
            self.log.info("task_cancelled", task=word.body.task_id, reason=word.body.reason)
            running.cancel()


def proved(result: dict[str, Any], seen: list[Observation], own: list[Observation] | None = None) -> dict[str, Any]:
    """``result`` with every claim checked by code: a cause whose quotes do not occur goes to `unproven`.

    ``own``: what of ``seen`` this session itself asked the devices for; None: all of it.
    """
    if result.get("recovered"):
        outage = verify_recovered(msgspec.convert(result["recovered"], Recovered), seen)
        result = {**result, "recovered": outage.to_dict()}
    if "root_causes" not in result:
        return result
    diagnosis = verify_evidence(msgspec.convert(result, Diagnosis), seen)
    return {
        **result,
        **diagnosis.to_dict(),
        "device_commands": sum(o.device_commands for o in (seen if own is None else own)),
    }


def role_of(agent: type[Agent]) -> Role:
    """The role that runs ``agent``: what an entry point of the group ``nocmesh.roles`` names."""

    async def run(context: Context) -> None:
        await agent(context).run()

    return Role(name=agent.type, bus_role=agent.bus_role, type=agent.type, run=run)
