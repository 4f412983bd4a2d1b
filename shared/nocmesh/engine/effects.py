"""The effects of a transition: sent from the journal, after the append, as often as need be.

Each has a deterministic id, so that sending again changes nothing.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import msgspec

from nocmesh.bus import Mesh
from nocmesh.clock import Clock
from nocmesh.engine.state import RunCommand, RunState, Transition
from nocmesh.errors import LostRaceError, NocmeshError, NotFoundError
from nocmesh.log import Log
from nocmesh.messages.agent import ToolReply, ToolRequest
from nocmesh.messages.approval import ApprovalRequest
from nocmesh.messages.change import DeviceCommand
from nocmesh.messages.task import TaskAssignment, TaskCancel
from nocmesh.messages.workflow import TimerDue, WorkflowResponse
from nocmesh.subjects import subject

Answer = Callable[[str, str, dict[str, Any]], Awaitable[None]]
"""Takes run id, the reference that is answered, and the answer."""


class Effects:
    """Sends the commands of transitions; ``answer`` takes in what tools reply."""

    def __init__(self, mesh: Mesh, clock: Clock, log: Log, answer: Answer) -> None:
        self._mesh = mesh
        self._clock = clock
        self._log = log
        self._answer = answer
        self._send: dict[str, Callable[[RunState, RunCommand], Awaitable[None]]] = {
            "assign_task": self._assign_task,
            "cancel_task": self._cancel_task,
            "call_tool": self._call_tool,
            "set_timer": self._set_timer,
            "request_approval": self._request_approval,
            "send_change": self._send_change,
            "notify": self._notify,
            "respond": self._respond,
        }

    async def send(self, transition: Transition) -> None:
        """Send every command of ``transition``. Raises what the bus raises; sending all again is harmless."""
        for command in transition.commands:
            await self._send[command.kind](transition.state, command)

    async def _assign_task(self, state: RunState, command: RunCommand) -> None:
        task = msgspec.convert(command.data["task"], TaskAssignment)
        await self._mesh.agents.publish(
            subject("ai.tasks.assign.<assignee>", assignee=task.assigned_to),
            task,
            id=task.task_id,
            correlation_id=state.correlation_id,
        )
        self._log.info("task_assigned", task=task.task_id, to=task.assigned_to, run=state.run_id)

    async def _cancel_task(self, state: RunState, command: RunCommand) -> None:
        task_id = command.data["task_id"]
        cancel = TaskCancel(task_id=task_id, reason=state.error)
        await self._mesh.agents.emit(subject("ai.tasks.cancel.<task_id>", task_id=task_id), cancel)

    async def _call_tool(self, state: RunState, command: RunCommand) -> None:
        call = msgspec.convert(command.data, ToolRequest)
        try:
            reply = await self._mesh.agents.request(
                subject("ai.tools.call.<tool>", tool=call.tool), call, ToolReply, timeout=100.0
            )
        except NotFoundError:
            reply = ToolReply(call_id=call.call_id, status="error", error=f"nobody serves the tool {call.tool!r}")
        except NocmeshError as wrong:
            reply = ToolReply(call_id=call.call_id, status="error", error=wrong.message)
        await self._answer(state.run_id, call.call_id, reply.to_dict())

    async def _set_timer(self, state: RunState, command: RunCommand) -> None:
        timer, due = command.data["timer"], datetime.fromisoformat(command.data["due"])
        names = {"run_id": state.run_id, "timer": timer}
        await self._mesh.core.schedule(
            subject("ai.workflows.timers.<run_id>.<timer>", **names),
            subject("ai.workflows.due.<run_id>.<timer>", **names),
            TimerDue(run_id=state.run_id, timer=timer, due=due),
            id=f"{state.run_id}:{timer}",
            at=due,
        )

    async def _request_approval(self, state: RunState, command: RunCommand) -> None:
        request = msgspec.convert(command.data["approval"], ApprovalRequest)
        where = subject("ai.approvals.pending.<id>", id=request.approval_id)
        await self._once(where, request, request.approval_id, state.correlation_id)

    async def _send_change(self, state: RunState, command: RunCommand) -> None:
        body = msgspec.convert(command.data["command"], DeviceCommand)
        where = subject("ai.devices.commands.<target>", target=body.change.device)
        await self._mesh.core.publish(where, body, id=body.command_id, correlation_id=state.correlation_id)

    async def _once(self, where: str, message: ApprovalRequest, message_id: str, correlation_id: str) -> None:
        """Publish unless something stands there already: then it is this very message."""
        try:
            await self._mesh.core.publish(where, message, id=message_id, correlation_id=correlation_id, expect_last=0)
        except LostRaceError:
            self._log.debug("effect_repeated", subject=where)

    async def _notify(self, state: RunState, command: RunCommand) -> None:
        self._log.info("notify", text=command.data["text"], run=state.run_id)

    async def _respond(self, state: RunState, command: RunCommand) -> None:
        data = command.data
        response = WorkflowResponse(
            workflow_id=state.run_id,
            status=data["status"],
            error=data["error"],
            result=data["result"] or {},
            agent_id=self._mesh.me.name,
            timestamp=self._clock.now(),
        )
        where = subject("ai.workflows.response")
        await self._mesh.edge.publish(where, response, id=command.id, correlation_id=state.correlation_id)
