"""Who is told of in the audit when a call is refused: whoever asked, also where a bridge passed the call on."""

from datetime import UTC, datetime

import pytest

from nocmesh.bus import Received, Speaker
from nocmesh.messages.agent import ToolRequest
from nocmesh_bridges.refusal import caller, refusal

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def call(speaker: Speaker | None, **more: str) -> Received[ToolRequest]:
    asked = {"device": "r1", "command": "username bob password s3cret"}
    body = ToolRequest(tool="device_show", arguments=dict(asked), call_id="c", **more)  # type: ignore[arg-type]
    return Received(subject="", body=body, id="m", sequence=0, at=NOON, speaker=speaker, correlation_id="", headers={})


@pytest.mark.parametrize(
    ("speaker", "more", "expected"),
    [
        (Speaker(name="bgp-1", role="agent"), {}, ("bgp-1", "agent")),
        (Speaker(name="ssh-2", role="bridge"), {"asked_by": "bgp-1", "asked_as": "agent"}, ("bgp-1", "agent")),
        (Speaker(name="ssh-2", role="bridge"), {}, ("ssh-2", "bridge")),
        (Speaker(name="rogue", role="agent"), {"asked_by": "nina", "asked_as": "dashboard"}, ("rogue", "agent")),
        (None, {"asked_by": "nina"}, ("unknown", "")),
    ],
)
def test_a_bridge_alone_may_say_for_whom_it_asks(
    speaker: Speaker | None, more: dict[str, str], expected: tuple[str, str]
) -> None:
    assert caller(call(speaker, **more)) == expected


def test_a_refused_command_is_told_without_its_secret() -> None:
    told = refusal(call(Speaker(name="bgp-1", role="agent")), "device_show", "no reading", NOON, b"key")
    assert (told.actor, told.actor_kind, told.target, told.why) == ("bgp-1", "agent", "r1", "no reading")
    assert "s3cret" not in str(told)
