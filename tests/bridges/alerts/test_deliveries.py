"""A sender's retry and the same trouble again."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from nocmesh_bridges.alerts import deliveries
from nocmesh_bridges.alerts.deliveries import RETRIES, Deliveries

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def seconds(value: float) -> datetime:
    return NOON + timedelta(seconds=value)


def test_a_retry_has_the_id_of_the_first_try_across_the_minute() -> None:
    known = Deliveries()
    first = known.id_for("am", b"down", ["a", "b"], seconds(59))
    assert known.id_for("am", b"down", ["a", "b"], seconds(61)) == first


def test_the_same_body_after_the_window_is_news() -> None:
    known = Deliveries()
    first = known.id_for("am", b"down", ["a"], seconds(0))
    assert known.id_for("am", b"down", ["a"], seconds(RETRIES.total_seconds() + 1)) != first


def test_another_body_in_between_makes_the_same_body_news() -> None:
    known = Deliveries()
    ids = [known.id_for("am", body, ["a"], seconds(n)) for n, body in enumerate((b"down", b"up", b"down", b"up"))]
    assert len(set(ids)) == 4


def test_a_body_of_other_alerts_in_between_changes_nothing() -> None:
    known = Deliveries()
    first = known.id_for("am", b"down", ["a"], seconds(0))
    known.id_for("am", b"other", ["z"], seconds(1))
    assert known.id_for("am", b"down", ["a"], seconds(2)) == first


def test_the_same_bytes_from_another_source_are_another_message() -> None:
    known = Deliveries()
    assert known.id_for("am", b"x", ["a"], NOON) != known.id_for("prom", b"x", ["b"], NOON)


def test_two_instances_give_a_first_try_the_same_id() -> None:
    assert Deliveries().id_for("am", b"x", ["a"], seconds(1)) == Deliveries().id_for("am", b"x", ["a"], seconds(2))


def test_memory_is_bounded_in_time_and_number() -> None:
    known = Deliveries()
    for n in range(50):
        known.id_for("am", b"x%d" % n, [f"a{n}"], seconds(n * 10))
    assert len(known._last) <= RETRIES.total_seconds() / 10 + 1


def test_a_flood_forgets_the_oldest_first() -> None:
    known = Deliveries()
    known.id_for("am", b"flood", [str(n) for n in range(deliveries.REMEMBERED + 10)], NOON)
    known.id_for("am", b"next", ["next"], NOON)
    assert len(known._last) == deliveries.REMEMBERED + 1
    assert "0" not in known._last


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from([b"x", b"y"]), st.integers(0, 80)), min_size=2, max_size=8))
def test_two_neighbours_share_an_id_exactly_when_their_bodies_do(steps: list[tuple[bytes, int]]) -> None:
    known = Deliveries()
    at = sorted(offset for _, offset in steps)
    ids = [known.id_for("am", body, ["a"], seconds(offset)) for (body, _), offset in zip(steps, at, strict=True)]
    bodies = [body for body, _ in steps]
    shared = [left == right for left, right in pairwise(ids)]
    assert shared == [left == right for left, right in pairwise(bodies)]
