"""What a reasoner is: given the case and what was seen so far, it makes the next move.

The deterministic reasoners are pure: the same case and observations give the same move, so a session that
another instance takes over goes on from the recorded observations.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from nocmesh import __version__
from nocmesh.messages.base import Message
from nocmesh.messages.session import Observation, ToolCall
from nocmesh.messages.task import TaskAssignment
from nocmesh.network import Network


class Case(Message, frozen=True, kw_only=True):
    """What an agent works on."""

    task: TaskAssignment
    network: Network = Network()
    assigned_at: datetime | None = None
    """When the broker stored the task; None: it did not come over the bus."""


class Act(Message, frozen=True, kw_only=True, tag="act"):
    """Call these tools, side by side."""

    thought: str
    calls: list[ToolCall]


class Finish(Message, frozen=True, kw_only=True, tag="finish"):
    """Done: this is the result."""

    thought: str
    result: dict[str, Any]


class HandOff(Message, frozen=True, kw_only=True, tag="hand_off"):
    """The case belongs to another agent type."""

    thought: str
    to_type: str
    reason: str
    context: dict[str, Any] = {}


Move = Act | Finish | HandOff


class Mind(Message, frozen=True, kw_only=True):
    """What thought: so that the audit can say on whose judgement something was done."""

    name: str
    """`rules`, or that of a model's door."""
    version: str
    model: str = ""
    """Of a model: which one, as its provider names it."""
    prompt: str = ""
    """Of a model: the sha256 of its prompt."""


class Reasoner(Protocol):
    """Rules or a model; both make moves."""

    @property
    def mind(self) -> Mind:
        """What thinks here."""
        ...

    async def next(self, case: Case, seen: Sequence[Observation]) -> Move:
        """The next move, from the case and everything that was observed so far."""
        ...


class Decide(Protocol):
    """The pure heart of a deterministic reasoner."""

    def __call__(self, case: Case, seen: Sequence[Observation]) -> Move:
        """The next move."""
        ...


class RulesReasoner:
    """A deterministic reasoner around a pure function."""

    mind = Mind(name="rules", version=__version__)

    def __init__(self, decide: Decide) -> None:
        self._decide = decide

    async def next(self, case: Case, seen: Sequence[Observation]) -> Move:
        """The move that the rules make."""
        return self._decide(case, seen)
