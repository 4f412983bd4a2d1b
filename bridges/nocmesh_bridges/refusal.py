"""A refused call of a tool, as the audit is told of it. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from nocmesh.bus import Received
from nocmesh.messages.agent import ToolRequest
from nocmesh.messages.people import Attempt
from nocmesh_bridges.redact import redact

KINDS: Mapping[str, Literal["agent", "engine", "system"]] = {
    "agent": "agent",
    "monitor": "agent",
    "orchestrator": "engine",
}
"""What kind of actor speaks in a role on the bus; the dashboard and whoever else are `system`."""
ASKED = ("command", "sql", "path")
"""Arguments that say what was asked."""


def caller(received: Received[ToolRequest]) -> tuple[str, str]:
    """Who asked, and in which role: another bridge that passed the call on says who that was."""
    call, speaker = received.body, received.speaker
    if speaker is None:
        return "unknown", ""
    passed_on = speaker.role == "bridge" and call.asked_by
    return (call.asked_by, call.asked_as) if passed_on else (speaker.name, speaker.role)


def refusal(received: Received[ToolRequest], tool: str, why: str, now: datetime, key: bytes) -> Attempt:
    """The attempt, with its command redacted: it may be one that sets a secret. The ids are the caller's own words."""
    call = received.body
    name, role = caller(received)
    asked = " ".join(str(call.arguments[name]) for name in ASKED if name in call.arguments)
    return Attempt(
        actor=name,
        actor_kind=KINDS.get(role, "system"),
        action="tool_refused",
        target=str(call.arguments.get("device", call.arguments.get("target", ""))),
        at=now.isoformat(),
        why=redact("", why, key=key),
        facts={
            "tool": tool,
            "command": redact("", asked, key=key),
            "session_id": call.session_id,
            "incident_id": call.incident_id,
            "asked_by": call.person,
        },
    )
