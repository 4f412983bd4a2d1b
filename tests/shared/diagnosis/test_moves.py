"""What moved between two readings of a configuration, whoever asks."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from nocmesh.diagnosis.configdiff import section_diffs
from nocmesh.diagnosis.configlines import rendered
from nocmesh.diagnosis.moves import Moves, moves
from nocmesh.messages.state import ConfigLine

LINES = st.lists(
    st.builds(ConfigLine, section=st.sampled_from(["", "router bgp 1"]), text=st.sampled_from(["a", "b", "no b"])),
    max_size=8,
)


def test_what_is_gone_and_what_is_new_are_told_in_their_own_order() -> None:
    one, two, three = (ConfigLine(section="", text=text) for text in ("c", "a", "b"))
    assert moves([one, two], [three, two]) == Moves(gone=(one,), new=(three,))
    assert moves([one, two], []) == Moves(gone=(one, two))


def test_a_line_that_only_stands_elsewhere_has_not_moved() -> None:
    one, two = ConfigLine(section="", text="a"), ConfigLine(section="", text="b")
    assert not moves([one, two], [two, one])


def test_a_line_that_stood_twice_and_stands_once_is_gone_once() -> None:
    line = ConfigLine(section="", text="a")
    assert moves([line, line], [line]) == Moves(gone=(line,))


@given(LINES, LINES)
def test_what_was_without_what_is_gone_and_with_what_is_new_is_what_is(
    before: list[ConfigLine], after: list[ConfigLine]
) -> None:
    found = moves(before, after)
    assert Counter(before) - Counter(found.gone) + Counter(found.new) == Counter(after)
    assert not set(found.gone) & set(found.new)


@given(LINES)
def test_a_comparison_by_section_tells_the_same_lines(after: list[ConfigLine]) -> None:
    text = "\n".join(rendered([ConfigLine(section="", text="router bgp 1"), *after]))
    told = section_diffs("", text)
    assert sum(len(section.added) for section in told) == len(after) + 1
    assert not any(section.removed for section in told)
