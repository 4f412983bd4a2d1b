"""What people are told, when, and how often: the decisions, without a bus."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.errors import InvalidInputError
from nocmesh.messages.approval import ApprovalRequest, Decision, Vote
from nocmesh.messages.change import Change, DeviceResult, Risk
from nocmesh.messages.incident import IncidentEvent
from nocmesh.messages.order import Order
from nocmesh_bridges.notify import note
from nocmesh_bridges.notify.due import due, moments
from nocmesh_bridges.notify.note import Note, plain
from nocmesh_bridges.notify.pace import MINUTE, batch
from nocmesh_bridges.notify.targets import Target, targets_of

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
URL = "https://noc.example.net"


def requested(*, quorum: int = 2, minutes: float = 30, risk: Risk = "critical", **more: object) -> ApprovalRequest:
    change = Change(
        change_id="c1",
        device="core1",
        platform="frr",
        commands=["router bgp 65001", "neighbor 10.0.0.1 password hunter2"],
        rollback=["no router bgp 65001"],
        risk=risk,
        reasons=["it changes routing", "core1 is a core device"],
        summary="give core1 its neighbour back",
    )
    values = {
        "approval_id": "a1", "run_id": "r1", "step": "s", "incident_id": "inc/7", "change": change,
        "change_hash": change.hash(), "risk": risk, "quorum": quorum, "requested_by": "remediation",
        "requested_at": NOW, "expires_at": NOW + timedelta(minutes=minutes),
    }  # fmt: skip
    return ApprovalRequest(**{**values, **more})  # type: ignore[arg-type]


# --- when


@pytest.mark.parametrize(
    ("minute", "last", "word"),
    [
        (0, None, "asked"),
        (14.9, 0, None),
        (15, 0, "half"),
        (20, 15, None),
        (27, 15, "late"),
        (27, 0, "late"),
        (29, 27, None),
        (16, 15.5, None),
        (30, 0, None),
        (30, None, None),
    ],
    ids=["at-once", "early", "half", "said", "late", "half-was-missed", "late-said", "asked-late", "end", "never-said"],
)
def test_an_approval_is_told_of_at_once_at_half_of_its_time_and_shortly_before_its_end(
    minute: float, last: float | None, word: str | None
) -> None:
    told = None if last is None else NOW + timedelta(minutes=last)
    assert due(requested(), told, NOW + timedelta(minutes=minute)) == word


def test_of_what_goes_by_itself_people_are_told_once_and_in_time() -> None:
    request = requested(quorum=0, risk="medium", delay_seconds=300.0)
    assert due(request, None, NOW) == "asked"
    assert due(request, NOW, NOW + timedelta(minutes=4)) is None
    assert due(request, None, NOW + timedelta(minutes=5)) is None
    assert "goes at 12:05 UTC on 01 Mar unless somebody stops it" in note.waiting(request, "asked", URL, NOW).text


@given(
    st.floats(0.05, 10_000),
    st.lists(st.floats(0, 1.2), min_size=1, max_size=60),
)
def test_however_often_it_is_looked_each_word_is_told_once_at_most_and_never_after_the_end(
    minutes: float, looks: list[float]
) -> None:
    request = requested(minutes=minutes)
    last: datetime | None = None
    words = []
    for share in sorted(looks):
        now = NOW + timedelta(minutes=minutes * share)
        word = due(request, last, now)
        if word:
            assert now < request.expires_at
            words.append(word)
            last = now
    assert words == sorted(words, key=["asked", "half", "late"].index)
    assert len(set(words)) == len(words)


@given(st.floats(0.05, 100_000))
def test_the_last_reminder_leaves_time_and_comes_after_the_first(minutes: float) -> None:
    (_, late), (_, half) = moments(requested(minutes=minutes))
    assert NOW < half < late < NOW + timedelta(minutes=minutes)


# --- what


def test_a_waiting_approval_says_what_where_how_risky_why_how_many_until_when_and_where_to_decide() -> None:
    told = note.waiting(requested(), "asked", URL, NOW)
    assert told.title == "Approval wanted: core1, risk critical"
    assert told.text.splitlines() == [
        "give core1 its neighbour back",
        "Risk critical: it changes routing; core1 is a core device",
        "It needs 2 different people; it expires at 12:30 UTC on 01 Mar",
        "https://noc.example.net/incidents/inc%2F7",
    ]
    assert (told.severity, told.wakes) == ("critical", False)


def test_no_line_that_would_be_typed_and_no_secret_is_told() -> None:
    request = requested(summary="set neighbor 10.0.0.1 password hunter2")
    told = note.waiting(request, "asked", URL, NOW)
    assert "hunter2" not in f"{told}"
    assert "router bgp" not in f"{told}"


def test_when_nobody_answered_the_last_reminder_wakes_somebody() -> None:
    assert note.waiting(requested(), "late", URL, NOW).wakes
    one = note.waiting(requested(), "late", URL, NOW, votes=1)
    assert not one.wakes
    assert "2 different people, 1 answered" in one.text
    assert not note.waiting(requested(), "half", URL, NOW).wakes


def test_a_decision_says_who_decided_and_one_that_expired_unheard_wakes_somebody() -> None:
    vote = Vote(approval_id="a1", person="nina", decision="approve", change_hash="h", at=NOW)
    values = {
        "approval_id": "a1", "run_id": "r", "step": "s", "incident_id": "i", "change_id": "c", "change_hash": "h",
        "device": "core1", "quorum": 1, "requested_by": "x", "decided_at": NOW, "expires_at": NOW,
    }  # fmt: skip
    approved = note.decided(Decision(verdict="approved", votes=[vote], **values), URL)  # type: ignore[arg-type]
    assert (approved.title, approved.severity, approved.wakes) == ("Approved: change on core1", "info", False)
    assert "By: nina" in approved.text
    expired = note.decided(Decision(verdict="expired", votes=[], **values), URL)  # type: ignore[arg-type]
    assert (expired.severity, expired.wakes) == ("warning", True)
    assert "nobody answered" in expired.text


def test_an_unknown_outcome_is_critical_and_wakes_somebody() -> None:
    result = DeviceResult(
        command_id="x", change_id="c", device="core1", outcome="unknown", reason="session lost", at=NOW
    )
    told = note.unknown(result, NOW, URL)
    assert (told.title, told.severity, told.wakes) == ("Outcome unknown: change on core1", "critical", True)
    assert "session lost" in told.text


def test_an_escalated_incident_wakes_somebody_and_says_why() -> None:
    event = IncidentEvent(
        event_id="e", incident_id="i1", kind="escalated", state="escalated", at=NOW, text="a person must go on: cable"
    )
    told = note.escalated(event, URL)
    assert (told.title, told.wakes) == ("Escalated: incident i1", True)
    assert told.text == "a person must go on: cable\nhttps://noc.example.net/incidents/i1"


def test_a_freeze_says_where_until_when_and_that_it_ended() -> None:
    until = NOW + timedelta(hours=2)
    order = Order(kind="freeze", name="ams", value="on", until=until, reason="maintenance", person="vera", at=NOW)
    assert note.frozen(order, URL).title == "Frozen: no changes at ams until 14:00 UTC on 01 Mar"
    lifted = note.frozen(Order(kind="freeze", name="all", person="vera", at=NOW), URL)
    assert (lifted.title, lifted.severity) == ("No longer frozen: changes everywhere", "info")
    assert note.frozen(order, URL).key != lifted.key


@given(st.text(max_size=3000), st.integers(1, 400))
def test_whatever_a_device_wrote_is_one_short_line_that_calls_nobody(text: str, most: int) -> None:
    line = plain(text, most)
    assert len(line) <= most
    assert "\n" not in line
    assert all(c.isprintable() or c == "\N{WORD JOINER}" for c in line)
    assert not set("<>`") & set(line)
    for call in ("@channel", "@here", "@everyone", "<!channel>"):
        assert call not in plain(f"x {call} y")


# --- how often


def notes(count: int, severity: str = "info", first: int = 0) -> list[Note]:
    return [
        Note(key=f"{severity}.{n}", title=f"note {n}", text="", severity=severity, at=NOW)  # type: ignore[arg-type]
        for n in range(first, first + count)
    ]


def test_a_storm_becomes_a_few_messages_and_one_that_tells_the_rest_the_worst_first() -> None:
    waiting = [*notes(95), *notes(5, "critical")]
    chosen = batch(waiting, [], 10, NOW)
    assert len(chosen.single) == 9
    assert {each.severity for each in chosen.single[:5]} == {"critical"}
    together = note.summed(chosen.together, URL, NOW)
    assert together.title == "91 messages in one: 91 info"
    assert "and 83 more" in together.text
    assert len(together.text.splitlines()) == note.LISTED + 2


def test_what_finds_no_room_in_the_minute_waits_for_the_next() -> None:
    sent = [NOW] * 10
    assert batch(notes(1), sent, 10, NOW + timedelta(seconds=59)) == batch([], [], 10, NOW)
    assert len(batch(notes(1), sent, 10, NOW + MINUTE).single) == 1


def test_a_summary_is_as_bad_as_the_worst_in_it() -> None:
    worst = note.summed([*notes(3), *notes(1, "warning")], URL, NOW)
    assert (worst.severity, worst.title) == ("warning", "4 messages in one: 1 warning, 3 info")


@given(st.integers(0, 300), st.integers(1, 50), st.integers(0, 60))
def test_never_more_than_so_many_a_minute_and_none_is_lost(count: int, most: int, before: int) -> None:
    waiting = notes(count)
    chosen = batch(waiting, [NOW] * before, most, NOW)
    messages = len(chosen.single) + bool(chosen.together)
    assert messages + before <= max(most, before)
    told = [*chosen.single, *chosen.together]
    assert not told or sorted(each.key for each in told) == sorted(each.key for each in waiting)


# --- to whom


def no_files(path: Path) -> str:
    raise AssertionError(path)


def test_targets_are_addresses_with_a_word_for_what_they_hear() -> None:
    found = targets_of("json://a/x critical=slack://s3cret/b ESCALATION=mailto://u:pw@h", no_files)
    assert [(each.name, each.word) for each in found] == [
        ("1-json", "info"),
        ("2-slack", "critical"),
        ("3-mailto", "escalation"),
    ]
    assert found[1].address == "slack://s3cret/b"
    assert "s3cret" not in f"{found}"


def test_a_file_of_targets_has_one_a_line_and_comments() -> None:
    found = targets_of("targets", lambda path: f"# {path}\n\ncritical=json://a/?x=1\n  json://b\n")
    assert [(each.name, each.word, each.address) for each in found] == [
        ("1-json", "critical", "json://a/?x=1"),
        ("2-json", "info", "json://b"),
    ]


@pytest.mark.parametrize("text", ["loud=json://a", "critical=", "critical=nowhere", "://x", "=json://a"])
def test_what_is_no_target_is_refused_without_repeating_a_secret(text: str) -> None:
    with pytest.raises(InvalidInputError, match="target 1") as refused:
        targets_of(f"{text}s3cret", no_files)
    assert "s3cret" not in refused.value.message


@given(st.text(max_size=200))
def test_hostile_settings_are_read_or_refused(text: str) -> None:
    try:
        found = targets_of(text, lambda path: "")
    except InvalidInputError:
        return
    assert all("://" in target.address for target in found)


@pytest.mark.parametrize(
    ("word", "heard"),
    [("info", "icwe"), ("warning", "cwe"), ("critical", "c"), ("escalation", "e")],
)
def test_a_target_hears_its_severity_and_what_is_worse_or_what_wakes(word: str, heard: str) -> None:
    target = Target(name="1-json", address="json://a", word=word)
    base = notes(1)[0]
    kinds = {
        "i": base,
        "w": notes(1, "warning")[0],
        "c": notes(1, "critical")[0],
        "e": Note(key="e", title="", text="", severity="warning", wakes=True, at=NOW),
    }
    assert {name for name, each in kinds.items() if target.hears(each)} == set(heard)
