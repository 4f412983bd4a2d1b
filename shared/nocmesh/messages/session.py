"""An agent's own journal: thought, action, observation, report; each written before the next begins."""

from datetime import datetime
from typing import Any, Literal

from nocmesh.messages.base import Message
from nocmesh.messages.state import DeviceState, Output


class Observation(Message, frozen=True, kw_only=True):
    """What came back from one tool call."""

    observation_id: str
    tool: str
    arguments: dict[str, Any] = {}
    status: Literal["ok", "error", "refused", "unreachable", "run_started"] = "ok"
    device: str = ""
    outputs: list[Output] = []
    state: DeviceState | None = None
    state_object: str = ""
    """sha256 in the object store `observations`, when the state is too large for an event."""
    content: dict[str, Any] = {}
    """What the tool answered besides outputs and state."""
    error: str = ""
    at: datetime | None = None
    """When the answer was there."""

    @property
    def device_commands(self) -> int:
        """How many commands it cost the device."""
        return len(self.outputs)


class ToolCall(Message, frozen=True, kw_only=True):
    """One call that an agent decided on."""

    call_id: str
    tool: str
    arguments: dict[str, Any] = {}


class SessionEvent(Message, frozen=True, kw_only=True):
    """One entry; entries of a session are numbered from 0 without gaps."""

    session_id: str
    agent_type: str
    agent_id: str
    index: int
    kind: Literal["claimed", "thought", "action", "observation", "report", "handoff", "failed"]
    at: datetime
    text: str = ""
    """For people: the thought, or one line of what was done or seen."""
    calls: list[ToolCall] = []
    observations: list[Observation] = []
    result: dict[str, Any] = {}
    incident_id: str = ""
    task_id: str = ""
    correlation_id: str = ""
