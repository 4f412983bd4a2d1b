"""Times, durations, places and lists, as a person says them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.explaining.words import (
    counted,
    devices_in,
    duration,
    first_sentence,
    large,
    listed,
    moment,
    place,
    sentence,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "less than a second"),
        (0.4, "less than a second"),
        (1, "1 second"),
        (59.6, "1 minute"),
        (61, "1 minute 1 second"),
        (180, "3 minutes"),
        (305, "5 minutes"),
        (3900, "1 hour 5 minutes"),
        (86400 * 2 + 30, "2 days"),
        (86400 + 3600 * 3 + 59, "1 day 3 hours"),
    ],
)
def test_a_duration_is_said_in_its_largest_units(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@given(st.floats(0, 10**9))
def test_no_duration_has_more_than_two_units(seconds: float) -> None:
    assert len(duration(seconds).split()) in (2, 4) or duration(seconds) == "less than a second"


def test_a_date_is_left_out_where_it_is_known() -> None:
    assert moment(NOON) == "2026-03-01 12:00:00 UTC"
    assert moment(NOON, NOON + timedelta(hours=3)) == "12:00:00 UTC"
    assert moment(NOON, NOON + timedelta(days=1)) == "2026-03-01 12:00:00 UTC"


@pytest.mark.parametrize(
    ("resource", "said", "devices"),
    [
        ("node/r1", "r1", ["r1"]),
        ("interface/r1/Gi0/0/1", "interface Gi0/0/1 of r1", ["r1"]),
        ("link/r1:e0--r2:e1", "the link between r1 (e0) and r2 (e1)", ["r1", "r2"]),
        ("", "", []),
        ("nonsense", "nonsense", []),
        ("link/odd", "link/odd", ["odd"]),
        ("interface/r1", "interface/r1", ["r1"]),
    ],
)
def test_a_resource_is_said_in_words(resource: str, said: str, devices: list[str]) -> None:
    assert (place(resource), devices_in(resource)) == (said, devices)


@given(st.text())
def test_any_text_for_a_resource_is_put_up_with(text: str) -> None:
    assert isinstance(place(text), str)
    assert isinstance(devices_in(text), list)


def test_lists_end_with_and_and_long_ones_with_a_number() -> None:
    assert [listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert listed(map(str, range(12)), 4) == "0, 1, 2 and 9 more"
    assert [counted(1, "device"), counted(2, "device"), counted(2, "entry", "entries")] == [
        "1 device",
        "2 devices",
        "2 entries",
    ]


def test_a_sentence_ends_with_a_stop_and_a_name_keeps_its_letters() -> None:
    assert [sentence("a  b\n"), sentence("a."), sentence("")] == ["a b.", "a.", ""]
    assert [large("the link"), large("r1")] == ["The link", "r1"]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("r1:e0 is in area 49.0002. r1:e1 is in area 49.0002.", "r1:e0 is in area 49.0002."),
        ("nothing\nmore", "nothing more."),
        ("1. e0 is down, e.g. its cable. 2. e1 too.", "1. e0 is down, e.g. its cable."),
        ("", ""),
    ],
)
def test_the_first_sentence_ends_at_its_own_stop(text: str, first: str) -> None:
    assert first_sentence(text) == first


@given(st.text())
def test_the_first_sentence_of_any_text_is_how_it_begins(text: str) -> None:
    assert sentence(text).startswith(first_sentence(text).removesuffix("."))
