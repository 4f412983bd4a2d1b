"""A device's book: which versions are kept, which is known good, and what a clock may never decide."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.diagnosis.baseline import (
    KEPT,
    Book,
    Snapshot,
    Taken,
    Why,
    becomes_good,
    failed,
    noted,
    pack,
    unpack,
    unpack_book,
)
from nocmesh.errors import InvalidInputError, NotFoundError
from nocmesh.messages.state import DeviceState, Interface

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def snapshot(minutes: int = 0, why: Why = "schedule", sha256: str = "a") -> Snapshot:
    at = NOON + timedelta(minutes=minutes)
    return Snapshot(device="r1", taken=Taken(number=0, slot=0, at=at, until=at, why=why, sha256=sha256), config="x\n")


def first(good: bool = True) -> Book:
    return noted(None, snapshot(why="start"), moved=True, better=True, good=good)[0]


def test_the_first_sight_is_version_one_and_good() -> None:
    book = first()
    assert (book.good, book.version("baseline").number, book.version("latest").number, book.version("1").number) == (
        1,
        1,
        1,
        1,
    )


def test_what_did_not_move_makes_the_version_last_longer() -> None:
    book, version = noted(first(), snapshot(15, sha256="same"), moved=False, better=False, good=False)
    assert len(book.versions) == 1
    assert (version.at, version.until) == (NOON, NOON + timedelta(minutes=15))
    assert (version.why, version.sha256) == ("start", "a")


def test_a_better_look_at_what_did_not_move_takes_its_place() -> None:
    book, version = noted(first(), snapshot(15, sha256="more"), moved=False, better=True, good=False)
    assert (len(book.versions), version.number, version.sha256, version.why) == (1, 1, "more", "start")
    assert version.at == NOON


def test_what_moved_is_a_version_and_not_the_new_normal() -> None:
    book, version = noted(first(), snapshot(15), moved=True, better=False, good=False)
    assert (version.number, book.good) == (2, 1)
    assert book.version("latest").number == 2
    assert book.version("baseline").number == 1


def test_a_verified_change_is_the_new_normal() -> None:
    book, _ = noted(first(), snapshot(15, "after_change"), moved=True, better=False, good=True)
    assert book.version("baseline").number == 2


def test_a_try_that_brought_nothing_forgets_nothing() -> None:
    book = failed(first(), "r1", NOON + timedelta(hours=1), "unreachable", "no route")
    assert (book.status, book.error, book.good, len(book.versions)) == ("unreachable", "no route", 1, 1)
    empty = failed(None, "r2", NOON, "error", "half a configuration")
    with pytest.raises(NotFoundError, match="r2 was never read: half a configuration"):
        empty.version("baseline")


def test_a_version_that_is_not_there_lists_those_that_are() -> None:
    book = first(good=False)
    with pytest.raises(NotFoundError, match="no version 'baseline'; versions: 1; no baseline was taken"):
        book.version("baseline")
    with pytest.raises(NotFoundError, match="no version '7'; versions: 1; version 1 is the baseline"):
        first().version("7")
    for odd in ("0", "-1", "²", "", "running"):
        with pytest.raises(NotFoundError):
            first().version(odd)


@pytest.mark.parametrize("why", get_args(Why))
@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("known", [True, False])
def test_only_a_person_a_proof_or_the_first_sight_make_a_baseline(why: Why, trusted: bool, known: bool) -> None:
    expected = why == "asked" or (trusted and (why == "after_change" or (why == "start" and not known)))
    assert becomes_good(first(good=known), why, trusted=trusted) is expected
    if not known:
        assert becomes_good(None, why, trusted=trusted) is expected


looks = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60)


@given(looks)
def test_however_restless_a_device_is_its_book_stays_small_and_whole(looks: Sequence[tuple[bool, bool]]) -> None:
    """Slots are never shared, the good version never goes, numbers only grow."""
    book: Book | None = None
    good = 0
    for minute, (moved, is_good) in enumerate(looks):
        book, version = noted(book, snapshot(minute), moved=moved, better=False, good=is_good)
        good = version.number if is_good else good
        assert len(book.versions) <= KEPT + 1
        assert len({taken.slot for taken in book.versions}) == len(book.versions)
        numbers = [taken.number for taken in book.versions]
        assert numbers == sorted(set(numbers))
        assert book.good == good
        assert not good or book.version("baseline").number == good
        assert book.latest is not None
        assert book.latest.until == NOON + timedelta(minutes=minute)


def test_a_snapshot_comes_back_as_it_was_packed() -> None:
    state = DeviceState(
        device="r1", platform="frr", interfaces=[Interface(name="eth0")], status={"interfaces": "parsed"}
    )
    one = Snapshot(device="r1", taken=snapshot().taken, config="hostname r1\n" * 1000, state=state)
    assert unpack(pack(one), "r1.0") == one
    assert len(pack(one)) < 1000


@given(st.binary(max_size=80))
def test_what_nobody_packed_is_refused_with_its_place(raw: bytes) -> None:
    with pytest.raises(InvalidInputError, match=r"r1\.3"):
        unpack(raw, "r1.3")


def test_a_packed_value_that_is_cut_or_swells_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInputError, match="cut off or too large"):
        unpack(pack(snapshot())[:-5], "r1.0")
    monkeypatch.setattr("nocmesh.diagnosis.baseline.MAX_BYTES", 10)
    with pytest.raises(InvalidInputError, match="cut off or too large"):
        unpack(pack(snapshot()), "r1.0")


def test_a_book_comes_back_and_rubbish_is_refused() -> None:
    book = first()
    assert unpack_book(book.to_json(), "baseline.r1") == book
    with pytest.raises(InvalidInputError, match=r"baseline\.r1"):
        unpack_book(b"{}", "baseline.r1")
