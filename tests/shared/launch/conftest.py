"""A log that is kept, for the tests of starting and keeping."""

from collections.abc import Iterator
from typing import Any

import pytest
import structlog


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    """What was logged."""
    with structlog.testing.capture_logs() as kept:
        yield kept
