"""Since when: the earliest moment that somebody vouches for, and who does."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from nocmesh.diagnosis.baseline import Book, Taken
from nocmesh.explaining.beginning import Said, beginning_of
from nocmesh.messages.report import Beginning, Recovered

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def minutes(count: float) -> datetime:
    return NOON + timedelta(minutes=count)


def book(*spans: tuple[float, float], good: int = 1, device: str = "r1") -> Book:
    """Versions, each from one minute to another."""
    versions = [
        Taken(number=n, slot=n, at=minutes(begin), until=minutes(end), why="schedule")
        for n, (begin, end) in enumerate(spans, 1)
    ]
    return Book(device=device, at=versions[-1].until, good=good, versions=versions)


def began(*books: Book, said: Said | None = None, recovered: Recovered | None = None) -> Beginning:
    told = said or Said(source="alertmanager", starts_at=NOON, received_at=minutes(3))
    found = beginning_of(told, [b.device for b in books], {b.device: b for b in books}, recovered)
    assert found is not None
    return found


def test_the_alerts_own_beginning_is_the_latest_that_it_can_have_begun() -> None:
    found = began()
    assert (found.at, found.source, found.exact, found.well_at) == (NOON, "alert", False, None)
    assert found.how == (
        "alertmanager says that its alert began at 2026-03-01 12:00:00 UTC, 3 minutes before it reached the mesh. "
        "A monitoring system notices late: it broke by then."
    )


def test_an_alert_without_a_beginning_was_true_when_it_came() -> None:
    found = began(said=Said(source="prometheus", received_at=NOON))
    assert (found.at, found.source) == (NOON, "receipt")
    assert "prometheus says no beginning" in found.how


def test_a_clock_that_is_ahead_is_not_believed() -> None:
    found = began(said=Said(source="zabbix", starts_at=minutes(9), received_at=NOON))
    assert (found.at, found.source) == (NOON, "receipt")
    assert "its clock is ahead" in found.how


def test_the_last_look_that_was_as_the_baseline_says_since_when_at_the_earliest() -> None:
    found = began(book((-60, -7)))
    assert (found.well_at, found.at) == (minutes(-7), NOON)
    assert found.how.endswith("r1 was last seen as its baseline at 11:53:00 UTC.")


def test_a_version_that_came_between_is_told() -> None:
    found = began(book((-60, -20), (-5, 30)))
    assert found.how.endswith("r1 was last seen as its baseline at 11:40:00 UTC; at 11:55:00 UTC it was not any more.")


def test_of_several_devices_the_last_good_look_counts() -> None:
    found = began(book((-60, -20)), book((-60, -4), device="r2"))
    assert found.well_at == minutes(-4)
    assert "r2 was last seen as its baseline" in found.how


def test_a_baseline_from_after_the_alert_proves_nothing() -> None:
    assert began(book((-60, 5))).well_at is None
    assert began(book((-60, -5), good=0)).well_at is None


def test_an_episode_that_healed_by_itself_tells_its_own_beginning() -> None:
    episode = Recovered(what="x", since=minutes(-9), until=minutes(-8), how_we_know="The log of r1 says so.")
    found = began(recovered=episode)
    assert (found.at, found.source, found.exact) == (minutes(-9), "device", True)
    assert found.how.endswith("The log of r1 says so.")


def test_where_nobody_says_anything_there_is_no_beginning() -> None:
    assert beginning_of(Said(), [], {}) is None
    assert beginning_of(Said(), ["r1"], {"r1": book((-60, -7))}) is not None


TIMES = st.none() | st.floats(-9999, 9999).map(minutes)


@given(TIMES, TIMES, st.lists(st.tuples(st.floats(-999, 999), st.floats(0, 99)), max_size=3), st.integers(0, 3))
def test_it_was_well_before_it_was_broken(
    starts: datetime | None, received: datetime | None, spans: list[tuple[float, float]], good: int
) -> None:
    books = {"r1": book(*((a, a + b) for a, b in spans), good=good)} if spans else {}
    found = beginning_of(Said(source="s", starts_at=starts, received_at=received), ["r1"], books)
    if found is not None and found.at is not None:
        assert received is None or found.at <= received
        assert found.well_at is None or found.well_at < found.at
    assert found is None or found.how.endswith(".")
