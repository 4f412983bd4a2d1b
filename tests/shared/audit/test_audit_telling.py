"""Entries of the audit for people, and the files that they are read from, whatever somebody wrote into them."""

import asyncio
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.audit.chain import verified
from nocmesh.audit.reading import Stored, in_file
from nocmesh.audit.telling import SHOWN, Wish, chooser, line_of, moment
from nocmesh.errors import InvalidInputError

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NAMES = st.sampled_from(
    ["index", "actor", "actor_kind", "action", "target", "at", "facts", "why", "evidence", "reasoner", "sha256", "hash"]
)
ODD = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=30), st.just("2026-03-01T12:00:00+00:00")),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(NAMES, inner, max_size=6)),
    max_leaves=15,
)


@given(st.dictionaries(NAMES, ODD, max_size=12), st.sampled_from([Wish(), Wish(since="2h"), Wish(incident="i")]))
def test_an_entry_is_shown_whatever_stands_in_it(entry: dict[str, Any], wish: Wish) -> None:
    line = line_of(entry)
    assert len(line["evidence"]) <= max(SHOWN + 1, 12)
    chosen = chooser(wish, NOON)(entry)
    assert chosen or wish != Wish()


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ("", None),
        ("90m", NOON - timedelta(minutes=90)),
        ("7d", NOON - timedelta(days=7)),
        ("2026-03-01T12:00", NOON),
        ("2026-03-01T13:00+01:00", NOON),
    ],
)
def test_a_time_is_a_time_or_how_long_ago(since: str, expected: datetime | None) -> None:
    assert moment(since, NOON) == expected


@pytest.mark.parametrize("since", ["yesterday", "5", "-2h", "999999d9", "2h ", "9" * 30 + "d", "99:99", "999999d"])
def test_what_is_no_time_is_refused(since: str) -> None:
    with pytest.raises(InvalidInputError, match="expected a time"):
        moment(since, NOON)


def test_an_entry_without_a_time_is_shown_rather_than_hidden() -> None:
    assert chooser(Wish(since="1h"), NOON)({"at": "never"})
    assert not chooser(Wish(since="1h"), NOON)({"at": "2026-03-01T10:00:00"})


@given(st.lists(st.one_of(st.binary(max_size=40), st.sampled_from([b"{}", b"[]", b'"x"', b"[" * 5000, b"\xff"]))))
def test_no_file_is_taken_for_a_chain_that_it_is_not(lines: list[bytes]) -> None:
    async def read(path: Path) -> list[Stored]:
        return [entry async for entry in in_file(path)]

    with tempfile.NamedTemporaryFile() as file:
        file.write(b"\n".join(lines))
        file.flush()
        entries = asyncio.run(read(Path(file.name)))
    assert (verified(entries).state == "whole") is (not b"".join(lines).strip())
