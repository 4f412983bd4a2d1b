"""What every kind of target can do for the mesh."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from nocmesh.messages.change import Change, ChangeOutcome, Risk


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """How much a change can break, and why."""

    risk: Risk
    reasons: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a change ended."""

    outcome: ChangeOutcome
    reason: str
    answers: list[str] = field(default_factory=list)
    """What the target answered, redacted."""


class Ask(Protocol):
    """One thing that is asked of a target."""

    @property
    def target(self) -> str:
        """The target's name."""
        ...

    @property
    def lines(self) -> list[str]:
        """All of it, as people approve it."""
        ...


Mark = Callable[[str], Awaitable[None]]
"""Writes down, before it is too late, by what the target would know the change again."""
A = TypeVar("A", bound=Ask)


class Hand(Protocol[A]):
    """The way to one kind of target."""

    platform: str
    looks: str
    """The tool that only looks."""
    changes: str
    """The tool that changes, and waits for approvals."""

    async def look(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Look. Raises UsageError, GuardError for what would be more than a look, DeviceError."""
        ...

    def asked(self, arguments: Mapping[str, Any]) -> A:
        """The change that ``arguments`` ask for. Raises UsageError, GuardError."""
        ...

    def approved(self, change: Change) -> A:
        """The same from the lines that were approved. Raises UsageError, GuardError."""
        ...

    def rated(self, ask: A) -> Rated:
        """By what it is, whatever anybody says of it."""
        ...

    async def state(self, ask: A) -> str:
        """A digest of what the change depends on. Raises DeviceError."""
        ...

    async def act(self, ask: A, state: str, mark: Mark) -> Done:
        """Do it, once, while what it depends on is still ``state``. Whatever is raised leaves the outcome unknown."""
        ...

    async def past(self, ask: A, mark: str) -> Done | None:
        """What became of a change that somebody marked so and did not end; None: nobody can tell."""
        ...
