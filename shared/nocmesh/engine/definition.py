"""A workflow as data: steps, their order, their limits. Pinned in a run's first event."""

from typing import Any, Literal

from nocmesh.messages.base import Message

StepType = Literal["invoke_agent", "call_tool", "approval", "wait", "apply_config", "notify", "parallel"]


class Retry(Message, frozen=True, kw_only=True):
    """``attempts`` in all; the wait before attempt n+1 is ``backoff * factor**(n-1)`` seconds."""

    attempts: int = 1
    backoff: float = 1.0
    factor: float = 2.0


class Step(Message, frozen=True, kw_only=True):
    """One step. Texts in it may refer to what is known: ``${steps.triage.output.verdict}``, ``${parameters.alert}``."""

    id: str
    type: StepType
    name: str = ""
    agent_type: str = ""
    """`invoke_agent`: the type (or service id) that takes the task."""
    task_type: str = ""
    prompt: str = ""
    parameters: dict[str, Any] = {}
    tool: str = ""
    arguments: dict[str, Any] = {}
    seconds: float = 0.0
    """`wait`: how long."""
    text: str = ""
    """`notify`: what to say."""
    changes: str = ""
    """`approval`, `apply_config`: a reference to the list of changes, as ``${steps.plan.output.changes}``."""
    when: str = ""
    """Skip the step unless this holds: ``a == b``, ``a != b``, ``a in b,c``, ``a > 0``, ``a``; joined by `and`."""
    depends_on: list[str] | None = None
    """None: the step before it in the list."""
    timeout: float = 0.0
    """Seconds; 0: the engine's default for the type."""
    retry: Retry = Retry()
    on_success: str = ""
    """A later step to go on with; those between are skipped. `end` ends the run well."""
    on_failure: str = ""
    """A later step that handles the failure (it is entered in no other way), or `continue`."""
    context_from_step: str = ""
    allow_config_changes: bool = False
    compensate: "Step | None" = None
    """What undoes this step, run in reverse order when a later step fails or the run is cancelled."""
    steps: list["Step"] = []
    """`parallel`: what runs side by side."""


class Definition(Message, frozen=True, kw_only=True):
    """A whole workflow."""

    type: str
    version: int = 1
    description: str = ""
    steps: list[Step]
    output: dict[str, Any] = {}
    """The run's result, made of references."""
