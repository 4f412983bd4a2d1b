"""An alert's body as it would be sent now, and taken back later."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nocmesh.evaluation.alerts import filled, resolved, stamp

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def text_of(text: str) -> Any:
    return filled({"a": [{"b": text}]}, NOON, lambda device, port: f"address of {device} {port}")["a"][0]["b"]


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("at {now}", "at 2026-03-01T12:00:00.000Z"),
        ("{now-5m} {now+30s}", "2026-03-01T11:55:00.000Z 2026-03-01T12:00:30.000Z"),
        ("{now-1h}", "2026-03-01T11:00:00.000Z"),
        ("peer {address:r1/r1-e0}", "peer address of r1 r1-e0"),
        ("{address:sw1/Gi1/0/1}", "address of sw1 Gi1/0/1"),
        ("{now-5d} {later} {} {address:r1}", "{now-5d} {later} {} {address:r1}"),
    ],
)
def test_times_and_addresses_are_filled_in(text: str, sent: str) -> None:
    assert text_of(text) == sent


def test_an_alert_without_a_start_begins_now() -> None:
    body = {"alerts": [{"labels": {}}, {"labels": {}, "startsAt": "2026-01-01T00:00:00Z"}, "odd"]}
    starts = [alert["startsAt"] for alert in filled(body, NOON)["alerts"][:2]]
    assert starts == [stamp(NOON), "2026-01-01T00:00:00Z"]
    assert body["alerts"][0] == {"labels": {}}


def test_what_was_sent_is_taken_back_with_the_same_labels() -> None:
    sent = filled({"status": "firing", "alerts": [{"status": "firing", "labels": {"alertname": "X"}}]}, NOON)
    over = resolved(sent, NOON)
    assert over["status"] == "resolved"
    assert over["alerts"][0]["labels"] == {"alertname": "X"}
    assert (over["alerts"][0]["status"], over["alerts"][0]["endsAt"]) == ("resolved", stamp(NOON))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=4))
@settings(max_examples=60)
def test_filling_in_a_second_time_changes_nothing(body: dict[str, Any]) -> None:
    once = filled(body, NOON)
    assert filled(once, NOON) == once
