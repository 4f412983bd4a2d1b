"""JSON that can be quoted."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.errors import InvalidInputError
from nocmesh_bridges.platforms.spans import Span, read_spans

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def plain(value: object) -> object:
    """``value`` without its spans."""
    if isinstance(value, Span):
        return plain(value.value)
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


@given(JSON, st.sampled_from([None, 2]))
def test_it_reads_what_the_standard_library_reads(value: object, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    assert plain(read_spans(f" {text}\n")) == json.loads(text)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4))
def test_the_text_of_a_member_is_its_key_and_its_value(value: dict[str, object]) -> None:
    text = json.dumps(value, indent=1)
    for key, member in read_spans(text).members.items():
        assert json.loads("{" + text[member.start : member.end] + "}") == {key: value[key]}


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        "{]",
        '{"a"}',
        '{"a" 1}',
        '{"a":1,}',
        "[1,]",
        "[1 2]",
        "{a:1}",
        '{"a":1}x',
        "[NaN]",
        "[" * 40 + "]" * 40,
        "tru",
        '{"a":"\n"}',
    ],
)
def test_what_is_not_one_whole_value_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="not one whole JSON value"):
        read_spans(text)


def test_members_of_another_type_are_not_taken_for_what_was_asked() -> None:
    entry = read_spans('{"a":"1","b":true,"c":1}')
    assert (entry.text("b"), entry.number("a"), entry.number("b"), entry.flag("c")) == ("", None, None, False)
    assert (entry.text("a"), entry.number("c"), entry.flag("b"), entry.flag("z")) == ("1", 1, True, False)
    assert read_spans("[]").members == {}
