"""The tools of the connectors: each looks at one kind of target; one drafts changes for the orchestrator to propose."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from nocmesh.audit.attempts import Attempts
from nocmesh.bus import Received
from nocmesh.clock import Clock
from nocmesh.errors import DeviceUnreachableError, GuardError, InvalidInputError, NocmeshError, NotFoundError
from nocmesh.log import Log
from nocmesh.messages.agent import ToolReply, ToolRequest
from nocmesh.messages.change import Change, Risk
from nocmesh.network import Device, Network
from nocmesh.policy.changes import asked_of
from nocmesh.policy.judge import highest, judge
from nocmesh.policy.policy import Policy
from nocmesh.subjects import BY_PATTERN, places
from nocmesh_bridges.connect.hand import Hand, Rated
from nocmesh_bridges.connect.lines import plain
from nocmesh_bridges.refusal import refusal

PREPARE = "connect_prepare"
MAX_ANSWER = 700_000
"""Bytes; the broker carries 1 MB."""
MAX_ROLLBACK = 50
Tool = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class Desk:
    """Answers calls."""

    def __init__(
        self,
        hands: Sequence[Hand[Any]],
        network: Network,
        policy: Policy,
        *,
        attempts: Attempts,
        clock: Clock,
        log: Log,
        key: bytes,
    ) -> None:
        """``key`` is that of the masks."""
        self._hands = {hand.changes: hand for hand in hands}
        self._network, self._policy = network, policy
        self._attempts, self._clock, self._log, self._key = attempts, clock, log, key
        self.tools: dict[str, Tool] = {**{hand.looks: hand.look for hand in hands}, PREPARE: self._prepare}

    async def call(self, received: Received[ToolRequest]) -> ToolReply:
        """Answer one call; whatever goes wrong is an answer too. The subject says which tool, not the body."""
        call = received.body
        tool = places(BY_PATTERN["ai.tools.call.<tool>"], received.subject).get("tool", "")
        try:
            reply = ToolReply(call_id=call.call_id, status="ok", content=await self._tool(tool)(call.arguments))
        except GuardError as refused:
            why = str(refused.facts.get("reason") or refused.message)
            self._log.warning("call_refused", tool=tool, why=why)
            await self._attempts.tell(refusal(received, tool, why, self._clock.now(), self._key))
            return ToolReply(call_id=call.call_id, status="refused", error=refused.message)
        except DeviceUnreachableError as wrong:
            return ToolReply(call_id=call.call_id, status="unreachable", error=wrong.message)
        except NocmeshError as wrong:
            kind = {"kind": type(wrong).__name__}
            return ToolReply(call_id=call.call_id, status="error", error=wrong.message, content=kind)
        size = len(reply.to_json())
        if size > MAX_ANSWER:
            error = f"the answer has {size} bytes, more than the {MAX_ANSWER} that can be carried: ask for less"
            return ToolReply(call_id=call.call_id, status="error", error=error)
        return reply

    def _tool(self, name: str) -> Tool:
        if name not in self.tools:
            raise NotFoundError(f"no tool {name!r} here; known: {', '.join(self.tools)}")
        return self.tools[name]

    async def _prepare(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The change that a call of a changing ``tool`` with ``arguments`` would be. Nothing is changed."""
        hand, given = self._hands.get(str(arguments.get("tool", ""))), arguments.get("arguments")
        if hand is None or not isinstance(given, dict):
            raise InvalidInputError(f"'tool' is one of {', '.join(self._hands)}, with its 'arguments'", field="tool")
        ask = hand.asked(given)
        draft = Change(
            change_id="",
            device=ask.target,
            platform=hand.platform,
            commands=ask.lines,
            rollback=_rollback(given),
            pre_state=await hand.state(ask),
            summary=plain(str(given.get("why", "")), "'why'")[:500],
        )
        risk, reasons = risk_of(draft, hand.rated(ask), self._network, self._policy, self._clock.now())
        return {"change": {**draft.to_dict(), "risk": risk, "reasons": reasons}}


def risk_of(
    change: Change, rated: Rated, network: Network, policy: Policy, at: datetime | None
) -> tuple[Risk, list[str]]:
    """The higher of what the target's own kind and what the policy says of ``change``, with the reasons."""
    device = network.device(change.device) or Device(name=change.device, platform=change.platform, address="")
    asked = asked_of(
        device,
        network,
        change.commands,
        change.rollback,
        spoken=change.platform,
        requested_by=change.requested_by,
        at=at,
    )
    judged = judge(policy, asked)
    risk = highest([rated.risk, judged.risk])
    reasons = [*(rated.reasons if rated.risk == risk else []), *(judged.why if judged.risk == risk else [])]
    return risk, list(dict.fromkeys(reasons))


def _rollback(given: Mapping[str, Any]) -> list[str]:
    """What a person would do to take it back: told to whoever approves, and done by nobody by itself."""
    lines = given.get("rollback") or []
    if not isinstance(lines, list) or len(lines) > MAX_ROLLBACK or not all(isinstance(line, str) for line in lines):
        raise InvalidInputError(f"'rollback' is no list of at most {MAX_ROLLBACK} texts", field="rollback")
    return [plain(line, "the rollback") for line in lines]
