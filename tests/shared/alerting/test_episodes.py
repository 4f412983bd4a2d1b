"""Episodes: opening, repeating, resolving, in every order that messages can come in."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from nocmesh.alerting import alertmanager
from nocmesh.alerting.episodes import LATE, AlertState, Over, fold
from nocmesh.messages.alert import Alert, AlertEvent

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
Make = Callable[..., Alert]


def firing(start: float | None = 0, at: float = 0) -> Alert:
    return _alert("firing", start, at)


def resolved(start: float | None = 0, at: float = 1, ends: float | None = None) -> Alert:
    return _alert("resolved", start, at, ends)


def _alert(status: str, start: float | None, at: float, ends: float | None = None) -> Alert:
    body = {"status": status, "labels": {"alertname": "x"}, "startsAt": _stamp(start), "endsAt": _stamp(ends)}
    return alertmanager.parse({"alerts": [body]}, NOON + at * MINUTE)[0]


def _stamp(minutes: float | None) -> str | None:
    return None if minutes is None else (NOON + minutes * MINUTE).isoformat()


def run(alerts: Iterable[Alert], state: AlertState | None = None) -> tuple[AlertState, list[AlertEvent]]:
    events = []
    for alert in alerts:
        state, event = fold(state, alert)
        if event:
            events.append(event)
    assert state is not None
    return state, events


def kinds(*alerts: Alert) -> list[str]:
    return [f"{event.kind} {event.episode}" for event in run(alerts)[1]]


def test_the_first_firing_opens_and_the_next_repeats() -> None:
    state, events = run([firing(), firing(at=1), firing(at=2)])
    assert [(event.kind, event.count) for event in events] == [("opened", 1), ("repeated", 2), ("repeated", 3)]
    assert state.open
    assert state.count == 3


def test_a_resolution_ends_the_episode_and_keeps_its_count() -> None:
    state, events = run([firing(), firing(at=1), resolved(at=2)])
    assert not state.open
    assert (events[-1].kind, events[-1].count, events[-1].episode) == ("resolved", 2, 1)


def test_the_next_opening_is_the_next_episode() -> None:
    assert kinds(firing(), resolved(), firing(start=5, at=5), resolved(start=5, at=6)) == [
        "opened 1",
        "resolved 1",
        "opened 2",
        "resolved 2",
    ]


def test_a_second_resolution_says_nothing() -> None:
    assert kinds(firing(), resolved(), resolved(at=2)) == ["opened 1", "resolved 1"]


def test_a_resolution_of_what_never_opened_is_told_once_and_opens_nothing() -> None:
    state, events = run([resolved(), resolved(at=2)])
    assert [(event.kind, event.episode, event.count) for event in events] == [("resolved", 0, 0)]
    assert (state.open, state.episode) == (False, 0)


def test_a_firing_that_its_resolution_overtook_opens_nothing() -> None:
    assert kinds(resolved(at=1), firing(at=1.5)) == ["resolved 0"]


def test_a_firing_of_a_new_start_opens_after_an_unknown_resolution() -> None:
    assert kinds(resolved(), firing(start=2, at=2)) == ["resolved 0", "opened 1"]


def test_a_resolution_of_an_older_start_leaves_the_episode_open() -> None:
    state, events = run([firing(start=0), firing(start=5, at=5), resolved(start=0, at=6)])
    assert state.open
    assert [event.kind for event in events] == ["opened", "repeated"]
    assert not run([resolved(start=5, at=7)], state)[0].open


def test_a_resolution_that_ended_before_the_present_start_leaves_it_open() -> None:
    assert run([firing(start=5, at=5), resolved(start=None, at=6, ends=4)])[0].open


def test_a_late_firing_of_the_ended_episode_opens_nothing() -> None:
    assert kinds(firing(), resolved(at=1), firing(at=2)) == ["opened 1", "resolved 1"]


def test_a_sender_that_insists_on_an_ended_start_is_believed() -> None:
    late = 1 + LATE / MINUTE + 0.1
    assert kinds(firing(), resolved(at=1), firing(at=late), resolved(at=late + 1)) == [
        "opened 1",
        "resolved 1",
        "opened 2",
        "resolved 2",
    ]


def test_a_source_that_names_no_start_opens_and_resolves_by_arrival() -> None:
    assert kinds(firing(None), resolved(None), firing(None, at=1), resolved(None, at=2)) == [
        "opened 1",
        "resolved 1",
        "opened 2",
        "resolved 2",
    ]


def test_the_state_keeps_the_latest_firing_alert() -> None:
    state, _ = run([firing(at=2), firing(at=1)])
    assert state.alert.received_at == NOON + 2 * MINUTE
    assert (state.first_at, state.last_at) == (NOON + MINUTE, NOON + 2 * MINUTE)


TIMES = st.integers(min_value=0, max_value=12)
FIRING = st.builds(firing, st.none() | TIMES, TIMES)
ANY = FIRING | st.builds(resolved, st.none() | TIMES, TIMES, st.none() | TIMES)


@settings(max_examples=80)
@given(st.lists(FIRING, min_size=1, max_size=6), st.randoms())
def test_the_order_of_repeats_does_not_matter(alerts: list[Alert], order: st.DataObject) -> None:
    shuffled = list(alerts)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    assert run(alerts)[0] == run(shuffled)[0]


@settings(max_examples=80)
@given(st.lists(ANY, min_size=1, max_size=8), st.integers(min_value=0, max_value=7))
def test_a_duplicate_changes_nothing_but_the_count(alerts: list[Alert], place: int) -> None:
    place %= len(alerts)
    state, _ = run(alerts[: place + 1])
    twice, event = fold(state, alerts[place])
    assert event is None or event.kind == "repeated" or alerts[place].starts_at is None
    if event is None or event.kind == "repeated":
        assert _without_count(twice) == _without_count(state)


def _without_count(state: AlertState) -> dict[str, object]:
    return {**state.to_dict(), "count": 0}


@settings(max_examples=80)
@given(st.lists(ANY, max_size=8))
def test_the_resolution_of_the_present_start_always_ends_the_episode(alerts: list[Alert]) -> None:
    state, _ = run([*alerts, firing(start=20, at=20)])
    assert state.open
    state, events = run([resolved(start=20, at=21)], state)
    assert not state.open
    assert [event.kind for event in events] == ["resolved"]


@settings(max_examples=80)
@given(st.lists(ANY, min_size=1, max_size=10))
def test_episodes_grow_by_one_and_open_and_close_in_turn(alerts: list[Alert]) -> None:
    _, events = run(alerts)
    turns = [event for event in events if event.kind != "repeated" and event.episode]
    assert [event.kind for event in events if not event.episode] in ([], ["resolved"])
    assert [event.kind for event in turns] == ["opened", "resolved"] * (len(turns) // 2) + ["opened"] * (len(turns) % 2)
    assert [event.episode for event in turns] == [1 + index // 2 for index in range(len(turns))]
    assert len({event.event_id for event in events}) == len(events)


@settings(max_examples=40)
@given(st.lists(ANY, min_size=1, max_size=8))
def test_folding_again_gives_the_same_events(alerts: list[Alert]) -> None:
    assert run(alerts) == run(alerts)


def after_the_end(alert: Alert, *, handed_over: bool = False) -> str:
    """What an alert says whose episode, open since noon, had its incident ended at the tenth minute."""
    state, _ = run([firing()])
    _, event = fold(state, alert, Over(at=NOON + 10 * MINUTE, handed_over=handed_over))
    assert event is not None
    return f"{event.kind} {event.episode}"


def test_an_alert_that_still_fires_after_its_incident_is_news_only_when_its_sender_must_know_of_the_end() -> None:
    late = LATE / MINUTE
    assert after_the_end(firing(at=10 + late)) == "repeated 1"
    assert after_the_end(firing(at=10.1 + late)) == "opened 2"
    assert after_the_end(resolved(at=10.1 + late)) == "resolved 1"


def test_a_start_after_the_incidents_end_is_news_at_once() -> None:
    assert after_the_end(firing(start=10, at=10.5)) == "repeated 1"
    assert after_the_end(firing(start=10.1, at=10.5)) == "opened 2"


def test_who_has_the_incident_in_hand_is_not_told_again_that_it_fires() -> None:
    assert after_the_end(firing(at=90), handed_over=True) == "repeated 1"
    assert after_the_end(firing(start=20, at=21), handed_over=True) == "opened 2"
