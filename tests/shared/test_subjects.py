"""The table of subjects: escaping, filling, finding the row again."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nocmesh.errors import InvalidInputError
from nocmesh.subjects import BY_PATTERN, SUBJECTS, Subject, places, row_of, subject, token, untoken, wildcard

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).filter(lambda s: len(s.encode()) * 3 <= 200)
rows = st.sampled_from(SUBJECTS)


def _places(row: Subject) -> list[str]:
    return re.findall(r"<(\w+)>", row.pattern)


@settings(max_examples=100)
@given(names)
def test_a_token_is_one_safe_token_and_gives_the_name_back(name: str) -> None:
    made = token(name)
    assert re.fullmatch(r"[A-Za-z0-9_=-]+", made)
    assert untoken(made) == name


@settings(max_examples=60)
@given(names, names)
def test_different_names_give_different_tokens(one: str, other: str) -> None:
    assert (token(one) == token(other)) == (one == other)


@pytest.mark.parametrize("name", ["", "x" * 201, "é" * 40])
def test_what_no_subject_bears_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError):
        token(name)


@settings(max_examples=100)
@given(rows, st.data())
def test_a_filled_subject_leads_back_to_its_row_and_names(row: Subject, data: st.DataObject) -> None:
    filled = {place: data.draw(names) for place in _places(row)}
    concrete = subject(row.pattern, **filled)
    assert row_of(concrete) is row
    assert dict(places(row, concrete)) == filled


@pytest.mark.parametrize(
    "hostile", ["ai.alerts.incoming.x 0\r\n\r\nPUB a 0", "ai.alerts.incoming.*", "ai.alerts.>", ""]
)
def test_a_hostile_subject_belongs_to_no_row(hostile: str) -> None:
    assert row_of(hostile) is None


def test_a_pattern_outside_the_table_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="no subject of ours"):
        subject("ai.made.up.<name>", name="x")


def test_a_wildcard_leaves_unnamed_places_open() -> None:
    pattern = "ai.agents.sessions.<type>.<session_id>"
    assert wildcard(pattern) == "ai.agents.sessions.*.*"
    assert wildcard(pattern, type="b.g.p") == "ai.agents.sessions.b=2Eg=2Ep.*"


def test_no_two_rows_claim_the_same_subject() -> None:
    assert len(BY_PATTERN) == len(SUBJECTS)
    for row in SUBJECTS:
        concrete = subject(row.pattern, **dict.fromkeys(_places(row), "x"))
        assert row_of(concrete) is row


def test_every_stream_lies_in_one_zone() -> None:
    zones: dict[str, set[str]] = {}
    for row in SUBJECTS:
        if row.stream:
            zones.setdefault(row.stream, set()).add(row.zone)
    assert all(len(found) == 1 for found in zones.values())
