"""Traps that say the same become one, the end that was reached is never lost, and everything has a bound."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.alerting.snmp import status_of
from nocmesh.messages.trap import Bound, TrapSeen
from nocmesh_bridges.snmp.pending import MAX_WAITING, Pending

DOWN, UP = "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.6.3.1.1.5.4"
T0 = datetime(2026, 3, 1, tzinfo=UTC)


def seen(trap: str = DOWN, index: int = 1, after: float = 0, device: str = "r1") -> TrapSeen:
    bind = Bound(oid=f"1.3.6.1.2.1.2.2.1.1.{index}", kind="INTEGER", value=str(index))
    at = T0 + timedelta(seconds=after)
    return TrapSeen(device=device, source="192.0.2.1", version="2c", trap=trap, varbinds=[bind], at=at)


def told(pending: Pending, now: float = 0.0) -> list[tuple[str, int]]:
    return [(status_of(each.seen), each.seen.count) for each in pending.due(now, 1000)]


def test_a_thousand_times_the_same_is_one_with_its_count_and_its_beginning() -> None:
    pending = Pending()
    for second in range(1000):
        pending.add(seen(after=second))
    [one] = pending.due(0.0, 10)
    assert (one.seen.count, one.seen.at) == (1000, T0)
    assert pending.merged == 999


@pytest.mark.parametrize(
    ("traps", "result"),
    [
        ([DOWN, UP], [("firing", 1), ("resolved", 1)]),
        ([DOWN, UP, DOWN], [("firing", 2)]),
        ([DOWN, UP, DOWN, UP], [("firing", 2), ("resolved", 1)]),
        ([UP, DOWN, UP], [("resolved", 2)]),
    ],
)
def test_of_a_flapping_interface_the_end_is_told_and_how_it_came_there(
    traps: list[str], result: list[tuple[str, int]]
) -> None:
    pending = Pending()
    for trap in traps:
        pending.add(seen(trap))
    assert told(pending) == result


@given(st.lists(st.tuples(st.sampled_from([DOWN, UP]), st.integers(1, 3)), max_size=60), st.integers(1, 10))
def test_the_last_word_about_every_interface_is_the_last_that_is_told(traps: list[tuple[str, int]], every: int) -> None:
    pending = Pending(quiet=3.0)
    last: dict[str, str] = {}
    heard: dict[int, str] = {}
    for number, (trap, index) in enumerate(traps):
        pending.add(seen(trap, index))
        heard[index] = trap
        if number % every == 0:
            last |= {each.seen.varbinds[0].value: each.seen.trap for each in pending.due(float(number), 10)}
    last |= {each.seen.varbinds[0].value: each.seen.trap for each in pending.due(float("inf"), 10)}
    assert last == {str(index): trap for index, trap in heard.items()}


def test_a_trouble_that_was_just_told_waits_and_another_does_not() -> None:
    pending = Pending(quiet=2.0)
    pending.add(seen(index=1))
    assert len(pending.due(10.0, 10)) == 1
    pending.add(seen(index=1))
    assert pending.due(11.0, 10) == []
    assert pending.next_due(11.0) == pytest.approx(1.0)
    pending.add(seen(index=2))
    assert pending.next_due(11.0) == 0.0
    assert len(pending.due(11.0, 10)) == 1
    assert len(pending.due(12.0, 10)) == 1
    assert pending.next_due(12.0) is None


def test_devices_and_interfaces_are_told_apart() -> None:
    pending = Pending()
    for device, index in (("r1", 1), ("r1", 2), ("r2", 1)):
        pending.add(seen(index=index, device=device))
    assert len(pending) == 3


def test_more_troubles_than_the_bound_are_refused_and_known_ones_are_not() -> None:
    pending = Pending(most=2)
    assert [pending.add(seen(index=index)) for index in (1, 2, 3, 1)] == [True, True, False, True]


def test_whoever_is_owed_an_answer_gets_it_however_entries_merge() -> None:
    pending = Pending()
    for number, trap in enumerate((DOWN, UP, DOWN, DOWN)):
        pending.add(seen(trap), owed=number)
    [one] = pending.due(0.0, 10)
    assert set(one.owed) == {0, 1, 2, 3}


def test_answers_that_are_owed_have_a_bound() -> None:
    pending = Pending()
    for number in range(MAX_WAITING + 10):
        pending.add(seen(), owed=number)
    [one] = pending.due(0.0, 10)
    assert len(one.owed) == MAX_WAITING
