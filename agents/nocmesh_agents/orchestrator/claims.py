"""Who asks for a change: whoever the bus says has brought it, whatever the message claims. Pure.

The gate judges by it: what a type of agent may have done, and who may not approve.
"""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from nocmesh.bus import Speaker
from nocmesh.messages.workflow import WorkflowRequest
from nocmesh.subjects import ALL_AGENTS

SPOKESMEN = ("incidents", "dashboard")
"""Roles that say for whom they ask: they know it."""


def asks_as(speaker: Speaker | None, person: str = "") -> str:
    """For whom ``speaker`` asks: of an agent its type, which its autonomy belongs to; of the dashboard ``person``."""
    if speaker is None:
        return "unknown"
    if speaker.role == "dashboard" and person:
        return person
    return speaker.type if speaker.role in ALL_AGENTS and speaker.type else speaker.name


def brought_by(request: WorkflowRequest, speaker: Speaker | None) -> WorkflowRequest:
    """``request`` as that of whoever brought it. Its changes are critical, whatever it says of them.

    Anybody outside may bring one; none of them is taken for one of our agents, or for a person who signed in.
    """
    trusted = speaker is not None and speaker.role in SPOKESMEN
    requester = request.requester if trusted else f"outside:{speaker.name if speaker else 'unknown'}"
    parameters = with_changes(request.parameters, requested_by=requester, risk="critical")
    return replace(request, requester=requester, parameters=parameters)


def with_changes(found: Mapping[str, Any], **certain: str) -> dict[str, Any]:
    """``found`` with what is ``certain`` in each of its changes."""
    changes = found.get("changes")
    if not isinstance(changes, list):
        return dict(found)
    stamped = [{**change, **certain} if isinstance(change, dict) else change for change in changes]
    return {**found, "changes": stamped}
