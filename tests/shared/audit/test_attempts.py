"""What was tried reaches the audit, and whoever tries without end does not fill it."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from nocmesh.audit.attempts import EACH, KEPT, MAX_FACTS, MAX_TEXT, PERIOD, TOTAL, Allowance, cut
from nocmesh.messages.people import Attempt

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def attempt(actor: str = "rogue", action: str = "tool_refused", target: str = "r1") -> Attempt:
    return Attempt(actor=actor, actor_kind="agent", action=action, target=target, at=NOON.isoformat())


def flood(allowance: Allowance, times: int, now: datetime, actor: str = "rogue") -> int:
    return sum(allowance.admits(attempt(actor), now) for _ in range(times))


def test_one_who_tries_without_end_is_told_so_often_and_counted() -> None:
    allowance = Allowance()
    assert flood(allowance, 1000, NOON) == EACH
    assert flood(allowance, 1, NOON, "another") == 1
    assert allowance.unsaid(NOON) == []
    [rest] = allowance.unsaid(NOON + PERIOD)
    assert (rest.actor, rest.unsaid + 1) == ("rogue", 1000 - EACH)
    assert allowance.unsaid(NOON + PERIOD) == []


def test_a_new_period_is_a_new_allowance_and_forgets_no_count() -> None:
    allowance = Allowance()
    flood(allowance, EACH + 5, NOON)
    assert flood(allowance, EACH + 3, NOON + PERIOD) == EACH
    [rest] = allowance.unsaid(NOON + PERIOD, all=True)
    assert rest.unsaid + 1 == 8


def test_many_who_try_are_bounded_in_all() -> None:
    allowance = Allowance()
    told = sum(allowance.admits(attempt(f"rogue-{n}"), NOON) for n in range(TOTAL + KEPT + 50))
    assert told == TOTAL
    rest = allowance.unsaid(NOON, all=True)
    assert len(rest) == KEPT + 1
    assert (rest[-1].actor, rest[-1].unsaid + 1) == ("others", 50)


def test_a_clock_that_is_set_back_does_not_silence_the_audit() -> None:
    allowance = Allowance()
    flood(allowance, EACH, NOON)
    assert flood(allowance, 1, NOON - timedelta(days=1)) == 1


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 200)), max_size=60))
def test_every_attempt_is_told_or_counted(tried: list[tuple[str, int]]) -> None:
    allowance = Allowance(each=2, total=4)
    now, told, counted = NOON, 0, 0
    for actor, minutes in tried:
        now += timedelta(minutes=minutes)
        counted += sum(each.unsaid + 1 for each in allowance.unsaid(now))
        told += allowance.admits(attempt(actor), now)
    counted += sum(each.unsaid + 1 for each in allowance.unsaid(now, all=True))
    assert told + counted == len(tried)


@given(st.text(max_size=3000), st.dictionaries(st.text(max_size=5), st.text(max_size=2000), max_size=30))
def test_what_is_told_has_a_size_that_the_audit_bears(text: str, facts: dict[str, str]) -> None:
    tried = Attempt(actor=text, actor_kind="agent", action="tool_refused", target=text, at="", why=text, facts=facts)
    short = cut(tried)
    assert len(short.facts) <= MAX_FACTS
    assert max([len(short.why), *map(len, short.facts.values())]) <= MAX_TEXT
    assert len(short.to_json()) < 60_000
