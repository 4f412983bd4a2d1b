"""What the end of a change or an incident says of its devices, and which incidents still are open."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.messages.change import DeviceResult
from nocmesh.messages.incident import IncidentEvent
from nocmesh_agents.monitor.verdicts import Open, of_incident, of_result

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def event(kind: Any, incident: str = "i1", **data: Any) -> IncidentEvent:
    state: Any = kind if kind not in ("grew", "applied") else "fixing"
    return IncidentEvent(event_id="e", incident_id=incident, kind=kind, state=state, at=NOON, text="", data=data)


def report(verification: str = "passed", *devices: str, rolled_back: bool = False) -> dict[str, Any]:
    outcome = {"verification": verification, "rolled_back": rolled_back}
    return {"outcome": outcome, "proposals": [{"device": name} for name in devices or ("r1", "r2", "r1")]}


def result(outcome: Any, run_id: str = "change-1") -> DeviceResult:
    return DeviceResult(command_id="c", change_id="x", device="r1", outcome=outcome, run_id=run_id)


@pytest.mark.parametrize(
    ("outcome", "devices", "proved"),
    [
        ("confirmed", ("r1",), True),
        ("rolled_back", ("r1",), False),
        ("failed", ("r1",), False),
        ("unknown", ("r1",), False),
        ("refused", (), False),
    ],
)
def test_a_change_by_itself_is_proved_when_the_bridge_confirmed_it(
    outcome: str, devices: tuple[str, ...], proved: bool
) -> None:
    left = of_result(result(outcome))
    assert (left.devices, left.proved) == (devices, proved)


def test_a_change_of_an_incident_is_not_proved_by_the_bridge_alone() -> None:
    assert of_result(result("confirmed", "incident-i1")).devices == ()


def test_a_resolved_incident_proves_each_device_that_it_changed_once() -> None:
    left = of_incident(event("resolved", report=report()))
    assert left == (("r1", "r2"), True, "incident-i1")


@pytest.mark.parametrize(
    "given",
    [
        event("resolved", report=report("failed")),
        event("resolved", report=report("not_run")),
        event("resolved", report=report(rolled_back=True)),
        event("escalated", report=report()),
        event("escalated", report=report("failed")),
    ],
)
def test_anything_else_after_a_change_means_look_and_do_not_believe(given: IncidentEvent) -> None:
    left = of_incident(given)
    assert (left.devices, left.proved) == (("r1", "r2"), False)


@pytest.mark.parametrize(
    "given",
    [
        event("closed", report=report()),
        event("diagnosed", report=report()),
        event("resolved"),
        event("resolved", report={"outcome": None, "proposals": [{"device": "r1"}]}),
        event("resolved", report="odd"),
    ],
)
def test_what_changed_nothing_says_nothing(given: IncidentEvent) -> None:
    assert of_incident(given).devices == ()


@given(st.recursive(st.none() | st.text(max_size=3) | st.integers(), lambda x: st.lists(x, max_size=3), max_leaves=5))
def test_a_report_of_whatever_shape_names_devices_or_none(odd: Any) -> None:
    left = of_incident(event("resolved", report={"outcome": {"verification": "passed"}, "proposals": odd}))
    assert left.devices == ()


def test_a_device_is_not_believed_while_an_incident_names_it() -> None:
    known = Open()
    known.heard(event("open", alert={"device": "r1"}))
    known.heard(event("triaged", devices=["r2", 7, ""]))
    known.heard(event("open", "i2", alert={"device": "r2"}))
    assert (known.on("r1"), known.on("r2"), known.on("r3")) == (["i1"], ["i1", "i2"], [])
    known.heard(event("resolved"))
    known.heard(event("escalated", "i2"))
    assert (known.on("r1"), known.on("r2")) == ([], ["i2"])
    known.heard(event("closed", "i2"))
    assert known.on("r2") == []
