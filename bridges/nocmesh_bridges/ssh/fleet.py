"""Several bridges, one fleet: a call about a device goes to the bridge that has it, so that one holds its sessions.

Who answers a call first may be any of them. It passes the call on once at most: what was passed on is answered where it
arrives. What a bridge that dies had in hand is asked again, of the bridge that has the device then: tools only read.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from msgspec.structs import replace

from nocmesh.bus import Bus, Received
from nocmesh.clock import Clock
from nocmesh.errors import NocmeshError, NotFoundError, OutcomeUnknownError
from nocmesh.log import Log
from nocmesh.messages.agent import Heartbeat, ToolReply, ToolRequest
from nocmesh.network import Network
from nocmesh.runtime import until
from nocmesh.subjects import places, row_of, subject, wildcard
from nocmesh_bridges.ssh.ownership import Roll, owner_of

PASS_SECONDS = 85.0
"""How long another bridge may take: callers wait for 90 s, and shall hear which bridge it was."""
LOOK_SECONDS = 0.5
"""How often it is looked whether the bridge that was asked is still there."""
TRIES = 3
"""So many bridges that turn out to be gone are asked, one after the other, before the call is answered here."""
HANDS = 1024
"""Calls of one tool in hand: they wait here, and the pool bounds what is done and who may wait for which device."""

RENEW, RENEW_SECONDS = "renew", 2.0
"""What one bridge tells the others when it has changed a device, and how long it waits for them."""

Beat = Callable[[], Heartbeat]
Answer = Callable[[Received[ToolRequest]], Awaitable[ToolReply]]
Renew = Callable[[str], Awaitable[None]]


class Fleet:
    """One bridge's part in it: ``start``, and before the end ``leave``."""

    def __init__(
        self,
        bus: Bus,
        network: Network,
        answer: Answer,
        renew: Renew,
        beat: Beat,
        *,
        clock: Clock,
        log: Log,
        interval: float,
    ) -> None:
        """``answer`` answers a call here, ``renew`` gives up the sessions with a device that another bridge changed.

        ``beat`` is said to the other bridges every ``interval`` seconds.
        """
        self._bus = bus
        self._network = network
        self._answer = answer
        self._renew = renew
        self._beat = beat
        self._clock = clock
        self._log = log
        self._interval = interval
        self.me = beat().agent_id
        self._roll = Roll(self.me)
        self._leaving = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.passed = 0
        """Calls that went to another bridge."""

    async def start(self) -> None:
        """Take what others pass on, hear who is there, and be heard."""
        mine = wildcard("ai.tools.at.<agent_id>.<tool>", agent_id=self.me)
        await self._bus.serve(mine, ToolRequest, self._told, slots=HANDS)
        await self._bus.listen(wildcard("ai.bridges.here.<agent_id>"), Heartbeat, self._heard)
        self._tasks.append(asyncio.create_task(self._say_for_ever(), name="fleet"))

    async def leave(self) -> None:
        """Tell the others that nothing new is taken here. What was passed on before is still answered."""
        self._leaving.set()
        await asyncio.gather(*self._tasks)

    def owner(self, device: str) -> str:
        """The bridge that has ``device`` now."""
        return owner_of(device, self._roll.present(self._clock.now()))

    def present(self) -> list[str]:
        """The bridges that are there now, this one first."""
        return self._roll.present(self._clock.now())

    async def call(self, received: Received[ToolRequest]) -> ToolReply:
        """Answer one call: about a device of another bridge, with what that one says."""
        device = self._device_of(received.body)
        for _ in range(TRIES if device else 0):
            owner = self.owner(device)
            if owner == self.me:
                break
            reply = await self._passed_on(owner, received)
            if reply is not None:
                return reply
            self._roll.lose(owner)
            self._log.warning("bridge_gone", bridge=owner, device=device)
        return await self._answer(received)

    async def changed(self, device: str) -> None:
        """Tell the other bridges that ``device`` was changed here: their open sessions may know it as it was."""
        request = ToolRequest(tool=RENEW, arguments={"device": device}, call_id=device)
        others = self.present()[1:]
        where = [subject("ai.tools.at.<agent_id>.<tool>", agent_id=bridge, tool=RENEW) for bridge in others]
        asking = [self._bus.request(each, request, ToolReply, timeout=RENEW_SECONDS) for each in where]
        for bridge, end in zip(others, await asyncio.gather(*asking, return_exceptions=True), strict=True):
            if isinstance(end, BaseException):
                self._log.warning("not_renewed", bridge=bridge, device=device, reason=repr(end))

    async def _told(self, received: Received[ToolRequest]) -> ToolReply:
        """Answer what another bridge passes on, or says."""
        if tool_of(received.subject) != RENEW:
            return await self._answer(received)
        await self._renew(str(received.body.arguments.get("device", "")))
        return ToolReply(call_id=received.body.call_id, status="ok")

    def _device_of(self, call: ToolRequest) -> str:
        found = self._network.device(str(call.arguments.get("device", "")))
        return found.name if found else ""

    async def _passed_on(self, owner: str, received: Received[ToolRequest]) -> ToolReply | None:
        """What ``owner`` answers; None when it is not there, or not any more."""
        asker = received.speaker
        call = replace(received.body, asked_by=asker.name, asked_as=asker.role) if asker else received.body
        where = subject("ai.tools.at.<agent_id>.<tool>", agent_id=owner, tool=tool_of(received.subject))
        self.passed += 1
        asking = asyncio.ensure_future(self._bus.request(where, call, ToolReply, timeout=PASS_SECONDS))
        try:
            while not asking.done() and self._roll.lives(owner, self._clock.now()):
                await asyncio.wait({asking}, timeout=LOOK_SECONDS)
            return asking.result() if asking.done() else None
        except NotFoundError:
            return None
        except OutcomeUnknownError as unknown:
            error = f"the bridge {owner}, which has this device, did not answer ({unknown.message}); ask again"
            return ToolReply(call_id=call.call_id, status="error", error=error)
        finally:
            asking.cancel()
            with suppress(NocmeshError, asyncio.CancelledError):
                await asking

    async def _heard(self, received: Received[Heartbeat]) -> None:
        """Whoever is new hears of us at once: until it does, it takes every device for its own."""
        now = self._clock.now()
        known = self._roll.lives(received.body.agent_id, now)
        self._roll.hear(received.body, now)
        if not known and not self._leaving.is_set():
            await self._say(self._beat())

    async def _say_for_ever(self) -> None:
        while not self._leaving.is_set():
            await self._say(self._beat())
            await until(self._leaving, self._interval)
        await self._say(replace(self._beat(), status="draining"))

    async def _say(self, beat: Heartbeat) -> None:
        try:
            await self._bus.emit(subject("ai.bridges.here.<agent_id>", agent_id=self.me), beat)
        except NocmeshError as wrong:
            self._log.warning("beat_failed", error=str(wrong))


def tool_of(where: str) -> str:
    """The tool that a call on the subject ``where`` is for; empty when that is no subject for calls."""
    row = row_of(where)
    return places(row, where).get("tool", "") if row else ""
