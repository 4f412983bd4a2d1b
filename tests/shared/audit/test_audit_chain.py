"""The audit's chain: nothing in it can be changed, left out, moved or put in; its end only with an anchor."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.audit.anchors import line_of, read_anchors
from nocmesh.audit.chain import GENESIS, Examined, chained, verified
from nocmesh.errors import InvalidInputError
from nocmesh.ids import digest
from nocmesh.messages.people import AuditEntry, AuditHead

JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=8),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=5,
)  # fmt: skip
FACTS = st.dictionaries(st.text(max_size=5), JSON, max_size=3)
Chain = list[dict[str, Any]]


def entry(number: int, facts: dict[str, Any]) -> AuditEntry:
    return AuditEntry(index=99, actor=f"a{number}", actor_kind="agent", action="did", target="t", at="now", facts=facts)


def made(facts: Sequence[dict[str, Any]]) -> Chain:
    """A chain, as it comes off the wire."""
    entries: list[AuditEntry] = []
    for number, fact in enumerate(facts):
        entries.append(chained(entries[-1] if entries else None, entry(number, fact)))
    return [msgspec.json.decode(each.to_json()) for each in entries]


def anchor(chain: Chain, index: int = -1) -> AuditHead:
    return AuditHead(index=chain[index]["index"], hash=chain[index]["hash"], at="2026-03-01T12:00:00Z")


def rehashed(chain: Chain, start: int = 0) -> Chain:
    """``chain`` computed anew from ``start`` on, as whoever holds the audit's key could."""
    again = chain[:start]
    for index, each in enumerate(chain[start:], start):
        linked = {**each, "index": index, "previous": again[-1]["hash"] if again else GENESIS, "hash": ""}
        again.append({**linked, "hash": digest(linked)})
    return again


def first(found: Examined) -> tuple[int, str]:
    assert found.state == "broken"
    assert found.first_wrong is not None
    return found.first_wrong.index, found.first_wrong.kind


CHAINS = st.lists(FACTS, min_size=2, max_size=6).map(made)


@given(st.lists(FACTS, max_size=6).map(made))
def test_a_chain_is_whole_and_agrees_with_every_anchor_that_was_taken_of_it(chain: Chain) -> None:
    found = verified(chain, [anchor(chain, index) for index in range(len(chain))])
    assert (found.state, found.entries, found.anchors) == ("whole", len(chain), len(chain))
    assert (found.head.hash if found.head else GENESIS) == (chain[-1]["hash"] if chain else GENESIS)


@given(CHAINS, st.data())
def test_an_edit_of_any_field_is_found_where_it_is(chain: Chain, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(chain) - 1))
    field = data.draw(st.sampled_from([*chain[0], "facts", "a field of their own"]))
    value = data.draw(
        JSON.filter(lambda value: json.dumps(value) != json.dumps(chain[at].get(field, ...), default=str))
    )
    chain[at] = {**chain[at], field: value}
    assert first(verified(chain)) in [(at, "edited"), (at, "foreign")]


@given(CHAINS, st.data())
def test_a_field_that_is_taken_away_is_found(chain: Chain, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(chain) - 1))
    chain[at].pop(data.draw(st.sampled_from([*chain[at]])))
    assert first(verified(chain)) in [(at, "edited"), (at, "foreign")]


@given(CHAINS, st.data())
def test_an_edit_that_is_hashed_anew_is_found_at_the_next_entry(chain: Chain, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(chain) - 2))
    edited = {**chain[at], "actor": "forged", "hash": ""}
    chain[at] = {**edited, "hash": digest(edited)}
    assert first(verified(chain)) == (at + 1, "rehashed")


@given(CHAINS, st.data())
def test_a_gap_is_found_where_it_begins(chain: Chain, data: st.DataObject) -> None:
    begin = data.draw(st.integers(0, len(chain) - 2))
    end = data.draw(st.integers(begin + 1, len(chain) - 1))
    found = verified(chain[:begin] + chain[end:])
    assert first(found) == (begin, "missing")
    assert found.first_wrong is not None
    assert (found.first_wrong.found, found.first_wrong.expected) == (str(end), str(begin))


@given(CHAINS, st.data())
def test_two_entries_that_changed_places_are_found_at_the_first(chain: Chain, data: st.DataObject) -> None:
    one, other = sorted(data.draw(st.sets(st.integers(0, len(chain) - 1), min_size=2, max_size=2)))
    chain[one], chain[other] = chain[other], chain[one]
    assert first(verified(chain)) == (one, "missing")


@given(CHAINS, st.data())
def test_an_entry_that_stands_twice_is_found(chain: Chain, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(chain) - 1))
    later = data.draw(st.integers(at + 1, len(chain)))
    assert first(verified([*chain[:later], chain[at], *chain[later:]])) == (later, "moved")


@given(CHAINS, FACTS, st.data())
def test_an_entry_that_was_put_in_is_found_however_well_it_is_made(
    chain: Chain, facts: dict[str, Any], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(chain) - 1))
    previous = msgspec.convert(chain[at - 1], AuditEntry) if at else None
    forged = chained(previous, entry(77, facts)).to_dict()
    index, kind = first(verified([*chain[:at], forged, *chain[at:]]))
    assert (index, kind) == (at + 1, "moved")


@given(CHAINS, st.data())
def test_a_cut_end_is_found_with_an_anchor_and_only_with_one(chain: Chain, data: st.DataObject) -> None:
    left = data.draw(st.integers(0, len(chain) - 1))
    assert verified(chain[:left]).state == "whole"
    assert first(verified(chain[:left], [anchor(chain)])) == (left, "truncated")


@given(CHAINS, st.data())
def test_a_chain_that_was_computed_anew_is_found_with_an_anchor_and_only_with_one(
    chain: Chain, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(chain) - 1))
    forged = rehashed([*chain[:at], {**chain[at], "actor": "forged"}, *chain[at + 1 :]], at)
    assert verified(forged).state == "whole"
    known = data.draw(st.integers(at, len(chain) - 1))
    assert first(verified(forged, [anchor(chain, known)])) == (known, "rewritten")
    assert verified(forged, [anchor(chain, each) for each in range(at)]).state == "whole"


def test_what_is_no_entry_is_found_and_told() -> None:
    chain: list[dict[str, Any] | str] = [*made([{}, {}])]
    assert first(verified([chain[0], "a stranger's message", chain[1]])) == (1, "foreign")
    for odd in ({}, {"index": True, "previous": GENESIS, "hash": ""}, {"index": 0, "previous": 1, "hash": "x"}):
        assert first(verified([odd])) == (0, "foreign")


def test_two_anchors_that_contradict_each_other_do_not_both_hold() -> None:
    chain = made([{}])
    lie = AuditHead(index=0, hash="f" * 64, at="2026-03-01T12:00:00Z")
    assert first(verified(chain, [anchor(chain), lie])) == (0, "rewritten")


def test_an_entry_of_a_later_version_keeps_its_hash() -> None:
    [later] = made([{}])
    later = rehashed([{**later, "a_new_field": ["x"]}])[0]
    assert verified([later]).state == "whole"


def test_anchors_are_read_back_as_they_were_written() -> None:
    heads = [anchor(made([{}, {}]), index) for index in (0, 1)]
    lines = "\n".join([line_of(heads[0]), "", line_of(heads[1]), ""])
    assert read_anchors(lines.encode().splitlines(), "anchors") == heads


@pytest.mark.parametrize("text", [b"", b"\n \n"])
def test_a_file_without_anchors_is_refused(text: bytes) -> None:
    with pytest.raises(InvalidInputError, match="holds no anchor"):
        read_anchors(text.splitlines(), "anchors")


@given(st.one_of(st.binary(max_size=60), JSON.map(lambda value: json.dumps(value).encode())))
def test_no_line_of_an_anchor_file_is_taken_for_what_it_is_not(line: bytes) -> None:
    line = b" ".join(line.splitlines())
    with pytest.raises(InvalidInputError):
        read_anchors([line], "anchors")


@pytest.mark.parametrize(
    "line",
    [
        b'{"index": -1, "hash": "%s"}' % (b"a" * 64),
        b'{"index": 0, "hash": "short"}',
        b'{"index": 0, "hash": "%s"}' % (b"Z" * 64),
        b'{"index": "0", "hash": "%s"}' % (b"a" * 64),
        b"[" * 100_000,
    ],
)
def test_a_line_that_is_no_anchor_names_its_place(line: bytes) -> None:
    with pytest.raises(InvalidInputError, match="anchors, line 1 is no anchor"):
        read_anchors([line], "anchors")
