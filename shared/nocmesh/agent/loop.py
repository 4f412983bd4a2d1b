"""The loop: reason, act, observe, each written before the next begins; after a crash, go on from what was seen."""

import asyncio
from dataclasses import dataclass

from nocmesh.agent.reasoner import Act, Case, Finish, HandOff, Move, Reasoner
from nocmesh.agent.session import SessionJournal
from nocmesh.agent.toolbox import Toolbox
from nocmesh.failpoint import reached
from nocmesh.messages.session import SessionEvent, ToolCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a session may use before it must end with what it has."""

    steps: int = 25
    calls: int = 200
    seconds: float = 600.0


async def pursue(
    case: Case, reasoner: Reasoner, journal: SessionJournal, toolbox: Toolbox, budget: Budget
) -> Finish | HandOff:
    """Work on ``case`` until the reasoner is done, and journal how.

    A session that was begun before goes on: what was observed is not asked again. Raises LostRaceError when another
    instance took it over, TimeoutError when the budget of seconds is used up.
    """
    await journal.load()
    ended = _ended(journal.events)
    if ended is not None:
        return ended
    how = "took the session over" if journal.events else "took the task"
    await journal.write("claimed", f"{how}: {case.task.task_type}")
    async with asyncio.timeout(budget.seconds):
        unanswered = _unanswered(journal.events)
        if unanswered:
            await _act(unanswered, journal, toolbox)
        return await _loop(case, reasoner, journal, toolbox, budget)


async def _loop(
    case: Case, reasoner: Reasoner, journal: SessionJournal, toolbox: Toolbox, budget: Budget
) -> Finish | HandOff:
    for _ in range(budget.steps):
        move: Move = await reasoner.next(case, journal.seen)
        if move.thought:
            await journal.write("thought", move.thought)
        if isinstance(move, Finish):
            await journal.write("report", move.thought, result=move.result)
            return move
        if isinstance(move, HandOff):
            await journal.write(
                "handoff",
                f"to {move.to_type}: {move.reason}",
                result={"to_type": move.to_type, "reason": move.reason, "context": move.context},
            )
            return move
        if len(journal.own) + len(move.calls) > budget.calls:
            break
        await journal.write("action", _said(move), calls=move.calls)
        await _act(move.calls, journal, toolbox)
    failed = f"the budget of {budget.steps} steps and {budget.calls} calls is used up without a result"
    await journal.write("failed", failed)
    raise TimeoutError(failed)


async def _act(calls: list[ToolCall], journal: SessionJournal, toolbox: Toolbox) -> None:
    reached("agent.action")
    observations = await asyncio.gather(*(toolbox.call(call) for call in calls))
    said = "; ".join(f"{seen.device or seen.tool}: {seen.error or seen.status}" for seen in observations)
    await journal.write("observation", said, observations=observations)
    reached("agent.observed")


def _said(move: Act) -> str:
    return "; ".join(f"{call.tool}({', '.join(f'{k}={v}' for k, v in call.arguments.items())})" for call in move.calls)


def _unanswered(events: list[SessionEvent]) -> list[ToolCall]:
    """The calls of an action that nobody observed: read-only, so they may be made again."""
    for event in reversed(events):
        if event.kind == "observation":
            return []
        if event.kind == "action":
            return list(event.calls)
    return []


def _ended(events: list[SessionEvent]) -> Finish | HandOff | None:
    for event in events:
        if event.kind == "report":
            return Finish(thought=event.text, result=event.result)
        if event.kind == "handoff":
            return HandOff(thought="", **event.result)
    return None
