"""A history holds what turned, when, and nothing else; whatever is looked at, it stays small and in order."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.diagnosis.history import (
    KEPT_TURNS,
    Applied,
    History,
    Reading,
    Turn,
    changed,
    looked,
    pack,
    reading,
    silent,
    told,
    unpack,
)
from nocmesh.errors import InvalidInputError
from nocmesh.messages.state import (
    BgpNeighbor,
    DeviceState,
    Interface,
    IsisAdjacency,
    OspfNeighbor,
    Pulse,
    Stp,
    StpBridge,
    StpPort,
)

START = datetime(2026, 1, 31, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def port(name: str = "e0", **more: Any) -> Interface:
    return Interface(**{"name": name, "enabled": True, "oper_up": True, "carrier_changes": 2, **more})


def session(**more: Any) -> BgpNeighbor:
    return BgpNeighbor(**{"address": "10.0.0.2", "session_state": "established", "established_for": 500, **more})


def pulse(**more: Any) -> Reading:
    return reading(DeviceState(device="r1", platform="frr", pulse=Pulse(**more)))


def history(*looks: tuple[float, Reading | None]) -> History:
    found: History | None = None
    for seconds, seen in looks:
        found = looked(found, "r1", seen, at(seconds)) if seen else silent(found, "r1", at(seconds))
    assert found is not None
    return found


def turns(*looks: tuple[float, Reading | None]) -> list[tuple[str, str, str, str]]:
    return [(turn.kind, turn.what, turn.before, turn.after) for turn in history(*looks).turns]


def test_the_first_look_turns_nothing_and_neither_does_one_that_shows_the_same() -> None:
    same = pulse(interfaces=[port()], bgp=[session()])
    assert turns((0, same), (60, same), (120, same)) == []
    assert history((0, same), (60, same)).at == at(60)


def test_an_interface_that_went_down_turned_between_the_two_looks() -> None:
    [turn] = history((0, pulse(interfaces=[port()])), (60, pulse(interfaces=[port(oper_up=False)]))).turns
    assert (turn.kind, turn.what, turn.before, turn.after) == ("interface", "e0", "up", "down")
    assert (turn.since, turn.at, turn.exact) == (at(0), at(60), False)
    assert turn.bad
    assert not turn.good


def test_a_shutdown_is_another_thing_than_a_lost_carrier() -> None:
    assert turns((0, pulse(interfaces=[port()])), (60, pulse(interfaces=[port(enabled=False, oper_up=False)]))) == [
        ("interface", "e0", "up", "shut")
    ]


def test_a_link_that_was_pulled_and_put_back_between_two_looks_is_told_by_its_counter() -> None:
    seen = history((0, pulse(interfaces=[port()])), (60, pulse(interfaces=[port(carrier_changes=4)])))
    [turn] = seen.turns
    assert (turn.before, turn.after, turn.times, turn.since, turn.at) == ("up", "up", 2, at(0), at(60))
    assert not turn.bad
    assert turn.good


def test_a_counter_that_was_cleared_is_no_change() -> None:
    assert turns((0, pulse(interfaces=[port(carrier_changes=9)])), (60, pulse(interfaces=[port()]))) == []


def test_a_session_says_itself_since_when_it_is_up() -> None:
    down = pulse(bgp=[session(session_state="active", established_for=None)])
    seen = history((0, pulse(bgp=[session()])), (60, down), (120, pulse(bgp=[session(established_for=42)])))
    assert [(t.before, t.after, t.at, t.exact) for t in seen.turns] == [
        ("established", "down", at(60), False),
        ("down", "established", at(78), True),
    ]


def test_a_session_that_was_reset_between_two_looks_is_known_by_its_age() -> None:
    [turn] = history((0, pulse(bgp=[session()])), (60, pulse(bgp=[session(established_for=8)]))).turns
    assert (turn.before, turn.after, turn.at, turn.exact, turn.times) == ("established", "established", at(52), True, 2)
    assert "and was not in between" in told(turn)


def test_an_age_that_is_only_a_little_off_is_no_reset() -> None:
    young = pulse(bgp=[session(established_for=1)])
    assert turns((0, young), (60, pulse(bgp=[session(established_for=60)]))) == []


def test_adjacencies_and_trees_turn_too() -> None:
    def seen(state: str, adjacency: str, root: str, blocked: str) -> Reading:
        return pulse(
            ospf=[OspfNeighbor(router_id="1.1.1.1", interface="e0", state=state)],
            isis=[IsisAdjacency(system_id="r2", interface="e1", level="level-2", state=adjacency)],
            stp=Stp(
                bridges=[StpBridge(name="br0", root_id=root)],
                ports=[StpPort(name="e2", bridge="br0", state=blocked)],
            ),
        )

    assert turns((0, seen("full", "up", "8000.a", "forwarding")), (9, seen("init", "down", "8000.b", "blocking"))) == [
        ("ospf", "e0 1.1.1.1", "full", "init"),
        ("isis", "e1 r2 level-2", "up", "down"),
        ("root", "br0", "8000.a", "8000.b"),
        ("port", "br0 e2", "forwarding", "blocking"),
    ]


def test_what_disappears_is_gone_and_what_was_not_read_is_not() -> None:
    both = pulse(interfaces=[port()], bgp=[session()])
    assert turns((0, both), (60, pulse(interfaces=[]))) == [("interface", "e0", "up", "gone")]
    assert turns((0, both), (60, pulse(interfaces=[port()])), (120, both)) == []


def test_a_kind_that_is_read_for_the_first_time_turns_nothing() -> None:
    assert turns((0, pulse(interfaces=[port()])), (60, pulse(interfaces=[port()], bgp=[session()]))) == []
    seen = turns((0, pulse(bgp=[])), (60, pulse(bgp=[session()])))
    assert seen == [("bgp", "10.0.0.2", "", "established")]


def test_a_device_that_does_not_answer_and_then_does_is_told() -> None:
    well = pulse(interfaces=[port()])
    seen = history((0, well), (60, None), (120, None), (180, well))
    assert [(t.kind, t.before, t.after, t.since, t.at) for t in seen.turns] == [
        ("device", "answers", "silent", at(0), at(60)),
        ("device", "silent", "answers", at(120), at(180)),
    ]
    assert [turn.bad for turn in seen.turns] == [True, False]


def test_a_counter_of_errors_that_goes_on_growing_is_one_turn_that_lasts() -> None:
    looks = [(60.0 * n, pulse(interfaces=[port(in_errors=errors)])) for n, errors in enumerate((0, 3, 5, 5, 9))]
    found = history(*looks).turns
    assert [(t.what, t.before, t.after, t.since, t.at) for t in found] == [
        ("in_errors e0", "0", "5", at(0), at(120)),
        ("in_errors e0", "5", "9", at(180), at(240)),
    ]


def test_a_look_that_comes_late_changes_nothing() -> None:
    seen = history((60, pulse(interfaces=[port()])))
    assert looked(seen, "r1", pulse(interfaces=[port(oper_up=False)]), at(30)) == seen
    assert silent(seen, "r1", at(30)) == seen


def test_a_change_of_the_mesh_is_kept_once() -> None:
    change = Applied(change_id="c1", at=at(9), lines=["interface e0 | shutdown"])
    seen = changed(changed(history((0, pulse(interfaces=[port()]))), "r1", change), "r1", change)
    assert seen.applied == [change]
    assert len(changed(None, "r1", change).applied) == 1


def test_the_full_views_tell_the_same_as_the_pulse() -> None:
    whole = DeviceState(device="r1", platform="frr", interfaces=[port()], status={"interfaces": "parsed"})
    assert reading(whole) == pulse(interfaces=[port()])


_INTERFACES = st.lists(
    st.builds(
        Interface,
        name=st.sampled_from(["e0", "e1", "e2"]),
        enabled=st.sampled_from([True, False, None]),
        oper_up=st.sampled_from([True, False, None]),
        carrier_changes=st.one_of(st.none(), st.integers(0, 9)),
        in_errors=st.one_of(st.none(), st.integers(0, 9)),
    ),
    max_size=4,
)
_SESSIONS = st.lists(
    st.builds(
        BgpNeighbor,
        address=st.sampled_from(["10.0.0.2", "10.0.0.6"]),
        session_state=st.sampled_from(["established", "active"]),
        established_for=st.one_of(st.none(), st.integers(0, 100_000)),
    ),
    max_size=3,
)
_LOOK = st.one_of(
    st.none(), st.builds(pulse, interfaces=st.one_of(st.none(), _INTERFACES), bgp=st.one_of(st.none(), _SESSIONS))
)


@given(looks=st.lists(st.tuples(st.floats(0, 10_000), _LOOK), min_size=1, max_size=40))
def test_turns_are_bounded_and_each_lies_between_its_two_looks(looks: list[tuple[float, Reading | None]]) -> None:
    seen = history(*looks)
    assert len(seen.turns) <= KEPT_TURNS
    for turn in seen.turns:
        assert turn.since is None or turn.since <= turn.at + timedelta(seconds=3)
        assert turn.at <= seen.at
        assert told(turn)
    assert unpack(pack(seen), "r1") == seen


def test_of_many_turns_the_newest_stay_and_counters_go_first() -> None:
    looks = [(n * 60.0, pulse(interfaces=[port(oper_up=n % 2 == 0, in_errors=n % 7)])) for n in range(400)]
    seen = history(*looks)
    assert len(seen.turns) == KEPT_TURNS
    assert {turn.kind for turn in seen.turns} == {"interface"}
    assert seen.turns[-1].at == at(399 * 60)
    assert len(pack(seen)) < 8_000


@pytest.mark.parametrize("value", [b"", b"x", b'{"device":1}', pack(history((0, pulse())))[:-4]])
def test_what_is_no_history_is_said_to_be_none(value: bytes) -> None:
    with pytest.raises(InvalidInputError, match="history r1"):
        unpack(value, "r1")


def test_a_turn_is_told_in_a_line() -> None:
    turn = Turn(kind="interface", what="e0", before="up", after="down", since=at(0), at=at(60))
    assert told(turn) == "2026-01-31T12:01:00Z interface e0: up, then down, seen otherwise until 2026-01-31T12:00:00Z"
