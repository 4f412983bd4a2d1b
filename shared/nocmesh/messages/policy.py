"""What a risk takes: people who say yes, or time in which anybody may say no."""

from typing import Literal

from nocmesh.messages.base import Message

Way = Literal["cli", "shell", "sql", "http", "local"]
"""How what is judged reaches its target: a device's two doors; a database, a REST service, a local command."""


class Terms(Message, frozen=True, kw_only=True):
    """So many people; with none, so long may anybody still stop it."""

    approvals: int
    delay_seconds: float = 0.0


def stricter(one: Terms, other: Terms) -> Terms:
    """What is enough for both: people instead of waiting, where one of them wants people."""
    approvals = max(one.approvals, other.approvals)
    return Terms(approvals=approvals, delay_seconds=0.0 if approvals else max(one.delay_seconds, other.delay_seconds))
