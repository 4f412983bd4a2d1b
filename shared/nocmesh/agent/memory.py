"""What an earlier session of the same incident saw a moment ago: read from its journal, not asked of devices again."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from nocmesh.agent.session import STREAM, inflated
from nocmesh.bus import Bus
from nocmesh.messages.session import Observation, SessionEvent
from nocmesh.messages.task import TaskAssignment
from nocmesh.subjects import subject

FRESH = timedelta(seconds=20)
"""How old an observation may be, by the broker's clock, when a task begins that goes on from it."""


def session_of(agent_type: str, task: TaskAssignment) -> dict[str, str]:
    """The reference by which a result lets later steps find what its session saw."""
    return {"agent_type": agent_type, "session_id": task.task_id}


async def remembered(agents: Bus, task: TaskAssignment, assigned_at: datetime) -> list[Observation]:
    """What the sessions that ``task``'s context refers to saw within ``FRESH`` before the task was given.

    Sessions of other incidents are left out. Raises what the bus raises.
    """
    found: list[Observation] = []
    for reference in _references(task.context):
        where = subject("ai.agents.sessions.<type>.<session_id>", **reference)
        async for received in agents.history(STREAM, where, SessionEvent):
            event = received.body
            if event.incident_id == task.incident_id and assigned_at - received.at <= FRESH:
                found += (await inflated(agents, event)).observations
    return found


def _references(context: Mapping[str, Any]) -> list[dict[str, str]]:
    """The references in the results of earlier steps."""
    said = [value.get("session") for value in context.values() if isinstance(value, Mapping)]
    pairs = [(each.get("agent_type"), each.get("session_id")) for each in said if isinstance(each, Mapping)]
    return [
        {"type": kind, "session_id": name} for kind, name in pairs if isinstance(kind, str) and isinstance(name, str)
    ]
