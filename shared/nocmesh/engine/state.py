"""What a run is: its state, the events that change it, the commands that it causes, one transition a message."""

from datetime import datetime
from typing import Any, Literal

from nocmesh.engine.definition import Definition
from nocmesh.messages.base import Message

RunStatus = Literal["running", "paused", "ending", "finished", "failed", "cancelled"]
"""`ending`: it failed or was cancelled; what runs is stopped or awaited, what was done is compensated."""
StepStatus = Literal["pending", "running", "backing_off", "completed", "failed", "skipped", "cancelled"]


class StepState(Message, frozen=True, kw_only=True):
    """Where one step stands. Children of `parallel` have states of their own, named ``parent/child``."""

    status: StepStatus = "pending"
    attempt: int = 0
    waiting_for: list[str] = []
    """Ids of tasks, approvals or device commands that have not answered yet."""
    answers: dict[str, Any] = {}
    """Answers by id, while the step waits for more."""
    output: dict[str, Any] = {}
    error: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    claimed_by: str = ""
    timers: dict[str, datetime] = {}
    """Timers of the present attempt that matter, with their due times."""
    handoffs: int = 0
    attempts_before: int = 0
    """Attempts before the step was run again by hand: they do not count against its limit."""


class RunState(Message, frozen=True, kw_only=True):
    """The snapshot that each transition carries: loading a run reads one message."""

    run_id: str
    definition: Definition
    parameters: dict[str, Any] = {}
    status: RunStatus = "running"
    steps: dict[str, StepState] = {}
    result: dict[str, Any] = {}
    error: str = ""
    failed_step: str = ""
    ending: Literal["", "failed", "cancelled"] = ""
    """How the run will end once what must still finish has finished."""
    requester: str = ""
    correlation_id: str = ""
    incident_id: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    seen: list[str] = []
    """Ids of the outside events that were taken in, so that a duplicate changes nothing."""

    @property
    def over(self) -> bool:
        """Nothing will happen to it any more."""
        return self.status in ("finished", "failed", "cancelled")


class RunEvent(Message, frozen=True, kw_only=True):
    """Something that happened to a run. ``id`` names it for ever: the same id twice is one event."""

    id: str
    kind: Literal[
        "run_started",
        "step_started",
        "step_skipped",
        "step_completed",
        "step_failed",
        "step_retried",
        "step_extended",
        "step_cancelled",
        "answer_received",
        "timer_fired",
        "cancel_requested",
        "pause_requested",
        "resume_requested",
        "retry_requested",
        "ending_started",
        "run_finished",
        "run_failed",
        "run_cancelled",
    ]
    at: datetime
    step: str = ""
    ref: str = ""
    """Task, approval, command or timer id."""
    data: dict[str, Any] = {}
    actor: str = ""


class RunCommand(Message, frozen=True, kw_only=True):
    """An effect that a transition causes; sent after the append, from the journal. ``id`` is deterministic."""

    id: str
    kind: Literal[
        "assign_task",
        "cancel_task",
        "call_tool",
        "set_timer",
        "request_approval",
        "send_change",
        "notify",
        "respond",
    ]
    step: str = ""
    data: dict[str, Any] = {}


class Transition(Message, frozen=True, kw_only=True):
    """One message of the journal: events, the commands that they cause, and the state after them."""

    run_id: str
    index: int
    at: datetime
    events: list[RunEvent]
    commands: list[RunCommand]
    state: RunState
    by: str = ""
