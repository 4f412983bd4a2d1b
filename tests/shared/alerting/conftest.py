"""Alerts for the tests of this folder."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from nocmesh.alerting import alertmanager
from nocmesh.messages.alert import Alert

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
Make = Callable[..., Alert]


@pytest.fixture
def noon() -> datetime:
    return NOON


@pytest.fixture
def make() -> Make:
    """An alert as the parser makes it; labels as keywords."""

    def alert(*, at: datetime = NOON, status: str = "firing", starts: str | None = None, **labels: Any) -> Alert:
        named = {"alertname": "BgpDown", "instance": "r1:9100", **labels}
        return alertmanager.parse({"alerts": [{"status": status, "labels": named, "startsAt": starts}]}, at)[0]

    return alert
