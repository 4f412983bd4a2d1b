"""Ids: sortable by time, and hashes of content."""

import uuid
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from nocmesh.ids import digest, new_id, short_digest

times = st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@settings(max_examples=60)
@given(times, times)
def test_ids_sort_by_the_millisecond_they_were_made_in(one: datetime, other: datetime) -> None:
    first, second = new_id(one), new_id(other)
    if int(one.timestamp() * 1000) < int(other.timestamp() * 1000):
        assert first < second


@settings(max_examples=30)
@given(times)
def test_an_id_is_a_version_7_uuid_of_its_time(at: datetime) -> None:
    made = uuid.UUID(new_id(at))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == int(at.timestamp() * 1000)


def test_two_ids_of_one_moment_differ() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert len({new_id(now) for _ in range(1000)}) == 1000


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})


def test_a_short_digest_cannot_be_shifted_from_one_part_to_the_next() -> None:
    assert short_digest("ab", "c") != short_digest("a", "bc")
    assert len(short_digest("x")) == 32


def test_no_separator_of_ours_can_be_smuggled_into_a_part() -> None:
    assert short_digest("a\x1fb") != short_digest("a", "b")
    assert short_digest("a", "") != short_digest("a")
    assert short_digest('a","b') != short_digest("a", "b")
