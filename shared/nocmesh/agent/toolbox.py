"""Calling tools: a tool call goes over the bus and comes back as an observation, whatever happens."""

import asyncio

import msgspec

from nocmesh.bus import Bus
from nocmesh.clock import Clock, SystemClock
from nocmesh.errors import DeniedError, NocmeshError, NotFoundError, OutcomeUnknownError
from nocmesh.messages.agent import ToolReply, ToolRequest
from nocmesh.messages.session import Observation, ToolCall
from nocmesh.messages.state import DeviceState, Output
from nocmesh.subjects import subject

CALL_SECONDS = 90.0
TRY_SECONDS = 15.0
"""A reading that is not answered by then is asked for again: its bridge may have died."""
ABSENT_SECONDS = 5.0
"""How long nobody may serve a tool: a process that is started again needs less."""
LOOK_AGAIN_SECONDS = 0.25
READ_ONLY = frozenset(
    {
        *("device_state", "device_show", "device_probe", "device_backup", "device_validate"),
        *("device_baseline", "device_history", "config_diff", "snmp_query", "netbox_lookup"),
        *("db_query", "http_get", "local_run"),
    }
)
BUSY, BUSY_SECONDS = "DeviceBusyError", 1.0
"""What a device answers through its bridge that has too much to do for us now, and when it is asked again."""
MAX_WAIT = 60.0


class Toolbox:
    """The tools as one agent sees them. A failed call is an observation too: the reasoner decides what it means."""

    def __init__(self, agents: Bus, *, session_id: str, incident_id: str = "", clock: Clock | None = None) -> None:
        self._bus = agents
        self._clock = clock or SystemClock()
        self._session = session_id
        self._incident = incident_id

    async def call(self, call: ToolCall) -> Observation:
        """What came back from ``call``, and when."""
        return msgspec.structs.replace(await self._called(call), at=self._clock.now())

    async def _called(self, call: ToolCall) -> Observation:
        if call.tool == "wait":
            return await self._wait(call)
        request = ToolRequest(
            tool=call.tool,
            arguments=call.arguments,
            call_id=call.call_id,
            session_id=self._session,
            incident_id=self._incident,
        )
        try:
            reply = await self._ask(request)
        except NotFoundError:
            reply = ToolReply(call_id=call.call_id, status="error", error=f"nobody serves the tool {call.tool!r} now")
        except DeniedError as denied:
            reply = ToolReply(call_id=call.call_id, status="refused", error=denied.message)
        except NocmeshError as wrong:
            reply = ToolReply(call_id=call.call_id, status="error", error=wrong.message)
        return observed(call, reply)

    async def _ask(self, request: ToolRequest) -> ToolReply:
        """The answer, from whichever instance lives; what only reads is asked again when that one dies."""
        where = subject("ai.tools.call.<tool>", tool=request.tool)
        loop = asyncio.get_running_loop()
        began = loop.time()
        patience = TRY_SECONDS if request.tool in READ_ONLY else CALL_SECONDS
        while True:
            left = CALL_SECONDS - (loop.time() - began)
            pause = LOOK_AGAIN_SECONDS
            try:
                reply = await self._bus.request(where, request, ToolReply, timeout=min(patience, left))
                if reply.content.get("kind") != BUSY or left - BUSY_SECONDS < patience:
                    return reply
                pause = BUSY_SECONDS
            except NotFoundError:
                if loop.time() - began > ABSENT_SECONDS:
                    raise
            except OutcomeUnknownError:
                if request.tool not in READ_ONLY or loop.time() - began + LOOK_AGAIN_SECONDS >= CALL_SECONDS:
                    raise
            await asyncio.sleep(pause)

    async def _wait(self, call: ToolCall) -> Observation:
        asked = call.arguments.get("seconds", 1.0)
        if not isinstance(asked, int | float) or not asked >= 0:
            error = f"'seconds' is {asked!r}; expected a number of 0 to {MAX_WAIT:.0f}"
            return observed(call, ToolReply(call_id=call.call_id, status="error", error=error))
        seconds = min(float(asked), MAX_WAIT)
        await asyncio.sleep(seconds)
        return Observation(
            observation_id=call.call_id, tool="wait", arguments=call.arguments, content={"waited": seconds}
        )


def observed(call: ToolCall, reply: ToolReply) -> Observation:
    """The reply to ``call`` as an observation: outputs and typed state are lifted out of the content."""
    content = dict(reply.content)
    try:
        outputs = msgspec.convert(content.pop("outputs", []), list[Output])
        raw_state = content.pop("state", None)
        state = msgspec.convert(raw_state, DeviceState) if raw_state else None
    except msgspec.ValidationError as wrong:
        return Observation(
            observation_id=call.call_id,
            tool=call.tool,
            arguments=call.arguments,
            status="error",
            device=str(call.arguments.get("device", "")),
            error=f"the tool answered what it may not: {wrong}",
        )
    return Observation(
        observation_id=call.call_id,
        tool=call.tool,
        arguments=call.arguments,
        status=reply.status,
        device=str(call.arguments.get("device", "")),
        outputs=outputs,
        state=state,
        content=content,
        error=reply.error,
    )
