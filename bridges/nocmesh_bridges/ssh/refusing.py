"""A refused call of a tool, as the audit is told of it: who asked, for what, of which device, and why not."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from nocmesh.audit.attempts import Attempts
from nocmesh.bus import Received
from nocmesh.clock import Clock
from nocmesh.errors import GuardError
from nocmesh.messages.agent import ToolRequest
from nocmesh.messages.people import Attempt
from nocmesh_bridges.redact import redact
from nocmesh_bridges.ssh.reading import Refused

KINDS: Mapping[str, Literal["agent", "engine", "system"]] = {
    "agent": "agent",
    "monitor": "agent",
    "orchestrator": "engine",
}
"""What kind of actor speaks in a role on the bus; the dashboard and whoever else are `system`."""


def refusals(attempts: Attempts, clock: Clock, key: bytes) -> Refused:
    """What tells the audit of each refused call. ``key`` is that of the masks."""

    async def tell(received: Received[ToolRequest], tool: str, refused: GuardError) -> None:
        why = str(refused.facts.get("reason") or refused.message)
        await attempts.tell(refusal(received, tool, why, clock.now(), key))

    return tell


def refusal(received: Received[ToolRequest], tool: str, why: str, now: datetime, key: bytes) -> Attempt:
    """The attempt, with its command redacted: it may be one that sets a secret. The ids are the caller's own words."""
    call, speaker = received.body, received.speaker
    asked = str(call.arguments.get("command", ""))
    return Attempt(
        actor=speaker.name if speaker else "unknown",
        actor_kind=KINDS.get(speaker.role if speaker else "", "system"),
        action="tool_refused",
        target=str(call.arguments.get("device", "")),
        at=now.isoformat(),
        why=redact("", why, key=key),
        facts={
            "tool": tool,
            "command": redact("", asked, key=key),
            "session_id": call.session_id,
            "incident_id": call.incident_id,
        },
    )
