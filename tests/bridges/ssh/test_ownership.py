"""Which bridge has a device, who is there, and how often a device is logged in to: decisions without a wire."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.errors import InvalidInputError
from nocmesh.messages.agent import Heartbeat
from nocmesh_bridges.ssh.logins import MINUTE, Logins
from nocmesh_bridges.ssh.ownership import LONGEST_INTERVAL, MISSED, Roll, owner_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = st.text(min_size=1, max_size=12)
BRIDGES = st.lists(NAMES, min_size=1, max_size=6, unique=True)


def beat(name: str, *, interval: float = 2.0, leaving: bool = False) -> Heartbeat:
    return Heartbeat(
        agent_id=name,
        type="ssh",
        instance="i",
        status="draining" if leaving else "available",
        load=0.0,
        interval=interval,
        timestamp=NOW,
    )


@given(bridges=BRIDGES, device=NAMES)
def test_every_bridge_comes_to_the_same_owner(bridges: list[str], device: str) -> None:
    assert owner_of(device, bridges) == owner_of(device, reversed(bridges))
    assert owner_of(device, bridges) in bridges


@given(bridges=BRIDGES, new=NAMES, devices=st.lists(NAMES, max_size=30))
def test_who_comes_or_goes_moves_only_what_it_gets_or_had(bridges: list[str], new: str, devices: list[str]) -> None:
    for device in devices:
        before, after = owner_of(device, bridges), owner_of(device, [*bridges, new])
        assert after in (before, new)


@pytest.mark.parametrize("bridges", [2, 3, 5])
def test_the_devices_are_spread_evenly(bridges: int) -> None:
    names = [f"ssh-{n}" for n in range(bridges)]
    owners = [owner_of(f"device-{n}", names) for n in range(2000)]
    share = 2000 / bridges
    assert all(0.8 * share < owners.count(name) < 1.2 * share for name in names)


def test_without_a_bridge_there_is_no_owner() -> None:
    with pytest.raises(InvalidInputError, match="no bridge is there to have r1"):
        owner_of("r1", [])


def test_a_bridge_alone_has_everything_also_before_it_has_heard_itself() -> None:
    assert Roll("a").present(NOW) == ["a"]


def test_a_bridge_is_there_until_its_beats_were_missed() -> None:
    roll = Roll("a")
    for name in ("a", "b"):
        roll.hear(beat(name), NOW)
    assert roll.present(NOW + timedelta(seconds=2 * MISSED - 0.1)) == ["a", "b"]
    assert roll.present(NOW + timedelta(seconds=2 * MISSED)) == ["a"], "a bridge does not lose itself"
    assert not roll.lives("b", NOW + timedelta(seconds=2 * MISSED))


def test_a_bridge_that_leaves_gets_nothing_new_and_may_still_answer() -> None:
    roll = Roll("a")
    roll.hear(beat("b"), NOW)
    roll.hear(beat("b", leaving=True), NOW)
    assert (roll.present(NOW), roll.lives("b", NOW)) == (["a"], True)
    roll.hear(beat("b"), NOW)
    assert roll.present(NOW) == ["a", "b"], "it has started again"


def test_a_bridge_that_did_not_answer_is_there_again_with_its_next_beat() -> None:
    roll = Roll("a")
    roll.hear(beat("b"), NOW)
    roll.lose("b")
    roll.lose("never heard")
    assert (roll.present(NOW), roll.lives("b", NOW)) == (["a"], False)
    roll.hear(beat("b"), NOW)
    assert roll.present(NOW) == ["a", "b"]


@pytest.mark.parametrize("interval", [-5.0, 0.0, 1e300])
def test_a_beat_with_a_strange_interval_is_believed_within_reason(interval: float) -> None:
    roll = Roll("a")
    roll.hear(beat("b", interval=interval), NOW)
    assert roll.present(NOW + timedelta(seconds=LONGEST_INTERVAL * MISSED)) == ["a"]


@given(limit=st.integers(1, 5), asked=st.lists(st.floats(0, 90), max_size=30))
def test_never_more_logins_than_the_device_takes_in_any_minute(limit: int, asked: list[float]) -> None:
    logins, now, begun = Logins(limit), NOW, []
    for pause in asked:
        now += timedelta(seconds=pause)
        at = logins.due(now)
        assert at >= now
        logins.book(at)
        begun.append(at)
    assert begun == sorted(begun)
    assert all(later - sooner >= MINUTE for sooner, later in zip(begun, begun[limit:], strict=False))


@given(asked=st.lists(st.floats(0, 5), max_size=30))
def test_without_a_limit_every_login_may_begin_at_once(asked: list[float]) -> None:
    logins, now = Logins(0), NOW
    for pause in asked:
        now += timedelta(seconds=pause)
        assert logins.due(now) == now
        logins.book(now)
