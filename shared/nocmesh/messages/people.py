"""What a person asks of the approvals process, over the bus, with the proof of who they are."""

from typing import Any, Literal

from nocmesh.messages.base import Message


class PersonRequest(Message, frozen=True, kw_only=True):
    """One question of a person: `sign_in`, `whoami`, `sign_out`, `vote`, `order` or `orders`.

    `sign_in` {token}, `vote` {approval_id, decision, change_hash?, comment, conditions?}, `order` {kind, name, value,
    until?, reason}; the others have no arguments. One of ``session`` (cookie), ``token`` (personal token) or
    ``loopback_user`` names the person.
    """

    session: str = ""
    token: str = ""
    loopback_user: str = ""
    arguments: dict[str, Any] = {}


class PersonReply(Message, frozen=True, kw_only=True):
    """The answer; ``error`` is empty when it went well, ``code`` says which kind of no it is."""

    name: str = ""
    roles: list[str] = []
    content: dict[str, Any] = {}
    error: str = ""
    code: Literal["", "unauthenticated", "denied", "not_found", "conflict", "invalid"] = ""


class AuditEntry(Message, frozen=True, kw_only=True):
    """Who did what to what; each entry carries the hash of the one before it."""

    index: int
    actor: str
    actor_kind: Literal["person", "agent", "bridge", "engine", "system"]
    action: str
    target: str
    at: str
    facts: dict[str, Any] = {}
    source: str = ""
    """Subject and sequence of the message that this was derived from."""
    previous: str = ""
    hash: str = ""


class DeadLetter(Message, frozen=True, kw_only=True):
    """A message that kept failing."""

    stream: str
    sequence: int
    subject: str
    consumer: str
    error: str
    attempts: int
    at: str
