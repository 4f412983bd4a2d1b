"""What stands on a page: nothing hidden, nothing that runs; times, states and votes as people read them."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from nocmesh_dashboard import looks
from nocmesh_dashboard.app import templates
from nocmesh_dashboard.text import finalize, visible

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


@given(st.text())
def test_no_hidden_character_reaches_a_page(text: str) -> None:
    hidden = {"Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn"}
    assert all(c in "\n\t" or unicodedata.category(c) not in hidden for c in visible(text))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("plain\n\ttext", "plain\n\ttext", id="plain"),
        pytest.param("a\r\nb\rc", "a\nb␍c", id="carriage-return"),
        pytest.param("\x1b[31mred\x07", "␛[31mred␇", id="terminal-colours"),
        pytest.param("no\u202eshut", "no⟨U+202E⟩shut", id="right-to-left"),
        pytest.param("r1\u200b", "r1⟨U+200B⟩", id="zero-width"),
        pytest.param("\x7f\x85\u2028", "␡⟨U+0085⟩⟨U+2028⟩", id="delete-and-separators"),
        pytest.param("Zürich 東京", "Zürich 東京", id="letters"),
    ],
)
def test_hidden_characters_are_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_templates_escape_and_show_what_is_put_in() -> None:
    template = templates().from_string("<p>{{ x }}{{ nothing }}</p>")
    out = template.render(x="<script>alert(1)</script>\u202e", nothing=None)
    assert out == "<p>&lt;script&gt;alert(1)&lt;/script&gt;⟨U+202E⟩</p>"


def test_markup_of_our_own_stays() -> None:
    assert finalize(Markup("<b>")) == Markup("<b>")


@pytest.mark.parametrize(("seconds", "text"), [(-5, "0 s"), (4, "4 s"), (90, "1 min"), (7300, "2 h"), (200_000, "2 d")])
def test_an_age_has_one_unit(seconds: int, text: str) -> None:
    assert looks.age(NOW - timedelta(seconds=seconds), NOW) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "expired"), (-1, "expired"), (65, "1:05"), (3599, "59:59"), (3900, "1 h 05 min")]
)
def test_what_is_left_is_counted_down(seconds: int, text: str) -> None:
    assert looks.left(NOW + timedelta(seconds=seconds), NOW) == text


@pytest.mark.parametrize("value", [None, "", "yesterday", 7])
def test_what_is_no_time_is_shown_as_nothing(value: Any) -> None:
    assert looks.rfc3339(value) == looks.clock_time(value) == looks.day_and_time(value) == ""
    assert looks.age(value, NOW) == looks.left(value, NOW) == ""


def test_a_time_without_zone_is_utc() -> None:
    assert looks.rfc3339("2026-11-21T09:30:00") == "2026-11-21T09:30:00.000Z"
    assert looks.clock_time("2026-11-21T10:30:00+01:00") == "09:30:00"
    assert looks.day_and_time(NOW) == "2026-11-21 09:30:00 UTC"


def test_the_way_of_an_incident_shows_where_it_is() -> None:
    shown = {stage.name: stage.kind for stage in looks.stages("diagnosed")}
    assert (shown["triaged"], shown["diagnosed"], shown["fixing"]) == ("done", "now", "ahead")


def test_an_escalated_incident_left_the_way() -> None:
    shown = looks.stages("escalated")
    assert shown[-1] == looks.Stage(name="escalated", kind="now")
    assert all(stage.kind == "ahead" for stage in shown[:-1])


def test_a_diff_tells_added_from_removed() -> None:
    change = {"diff": "--- a\n+++ b\n@@ x @@\n same\n-old\n+new"}
    assert [line.kind for line in looks.diff_lines(change)] == ["file", "file", "hunk", "same", "del", "add"]


def test_without_a_diff_the_lines_that_are_sent_are_shown() -> None:
    lines = looks.diff_lines({"commands": ["router bgp 1", " no neighbor 10.0.0.1"]})
    assert [line.kind for line in lines] == ["add", "del"]
    assert looks.diff_lines({}) == []


def test_a_vote_counts_once_a_person_and_never_for_the_requester() -> None:
    approval = {
        "requested_by": "omar",
        "votes": [
            {"person": "nina", "decision": "approve"},
            {"person": "nina", "decision": "approve"},
            {"person": "omar", "decision": "approve"},
            {"person": "vera", "decision": "reject"},
        ],
    }
    assert [vote["person"] for vote in looks.votes_for(approval)] == ["nina"]


def test_what_ran_out_waits_no_longer_and_the_next_to_expire_comes_first() -> None:
    given = (("late", "pending", 9), ("soon", "pending", 1), ("out", "pending", -1), ("done", "approved", 5))
    rows = [{"id": n, "status": s, "expires_at": NOW + timedelta(minutes=minutes)} for n, s, minutes in given]
    assert [row["id"] for row in looks.pending(rows, NOW)] == ["soon", "late"]
    assert looks.status_of(rows[2], NOW) == "expired"


@pytest.mark.parametrize(
    ("check", "text"),
    [
        ({"text": "it is up"}, "it is up"),
        ({"kind": "bgp_session", "arguments": {"neighbor": "10.0.0.1"}}, "bgp session neighbor 10.0.0.1"),
        ({"kind": "odd"}, "odd"),
        ("as text", "as text"),
    ],
    ids=["with-text", "by-kind", "bare", "text"],
)
def test_a_check_reads_as_a_sentence(check: Any, text: str) -> None:
    assert looks.check_text(check) == text


def test_a_share_is_a_percentage_and_anything_else_is_nothing() -> None:
    assert (looks.percent(0.975), looks.percent(None), looks.percent("x")) == ("98 %", "", "")


def test_names_of_ours_are_words() -> None:
    assert (looks.words("awaiting_approval"), looks.words("false_positive")) == ("awaiting approval", "false alarm")


def test_an_agents_entry_is_told_from_an_event_of_the_incident() -> None:
    rows = [
        {"kind": "open", "at": NOW, "text": "a", "actor": "incidents", "data": {"alert": 1}},
        {"kind": "report", "at": NOW, "text": "b", "actor": "bgp-1", "data": {"session_id": "s", "result": {"x": 1}}},
    ]
    newest, oldest = looks.timeline(rows)
    assert (newest.agent, newest.data, oldest.agent, oldest.data) == (True, {"x": 1}, False, {"alert": 1})


def test_details_are_readable_json() -> None:
    assert looks.pretty({"at": NOW.date(), "x": [1]}) == '{\n  "at": "2026-11-21",\n  "x": [\n    1\n  ]\n}'
