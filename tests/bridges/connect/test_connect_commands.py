"""The arguments of a listed command: whatever is filled in stays one word, and is what the list says."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.errors import GuardError
from nocmesh_bridges.connect.form import CommandEntry
from nocmesh_bridges.local.rendering import rendered

FLUSH = CommandEntry.model_validate(
    {
        "name": "flush",
        "argv": ["/usr/bin/flush", "--zone={zone}", "{count}", "{host}", "{to}"],
        "parameters": {
            "zone": {"enum": ["ams", "fra"]},
            "count": {"type": "integer", "least": -3, "most": 10},
            "host": {"type": "name"},
            "to": {"type": "ip"},
        },
    }
)
GOOD = {"zone": "ams", "count": 7, "host": "r1.example", "to": "2001:db8::1"}
BAD = [
    "",
    "--help",
    "-rf",
    "a b",
    "a;b",
    "$(id)",
    "`id`",
    "a\nb",
    "../x",
    "a/b",
    "'",
    '"',
    "\x00",
    "{zone}",
    "é",
    "x" * 64,
]


def test_values_are_filled_in_one_word_each() -> None:
    found = rendered(FLUSH, GOOD)
    assert found.argv == ("/usr/bin/flush", "--zone=ams", "7", "r1.example", "2001:db8::1")
    assert found.lines[0] == "/usr/bin/flush --zone=ams 7 r1.example 2001:db8::1"
    assert found.lines[1:] == ['zone = "ams"', 'count = "7"', 'host = "r1.example"', 'to = "2001:db8::1"']


@pytest.mark.parametrize("value", BAD)
@pytest.mark.parametrize("name", ["zone", "host", "to", "count"])
def test_a_value_that_could_be_more_than_a_value_is_refused(name: str, value: str) -> None:
    with pytest.raises(GuardError, match=name):
        rendered(FLUSH, {**GOOD, name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("count", -4), ("count", 11), ("count", "07"), ("count", "1e1"), ("count", 1.0), ("count", True),
        ("count", "٣"),
        ("to", "10.0.0.1/8"), ("to", "010.0.0.1"), ("to", "fe80::1%eth0"), ("to", "2001:0db8::1"),
        ("zone", "AMS"), ("zone", ["ams"]), ("host", {"a": 1}), ("host", None), ("host", ".hidden"),
    ],
)  # fmt: skip
def test_each_kind_has_its_bounds(name: str, value: object) -> None:
    with pytest.raises(GuardError, match=name):
        rendered(FLUSH, {**GOOD, name: value})


@pytest.mark.parametrize("given_", [None, {}, [], "zone=ams", {**GOOD, "more": "x"}, {"zone": "ams"}])
def test_the_parameters_are_those_of_the_list(given_: object) -> None:
    with pytest.raises(GuardError, match="takes the parameters"):
        rendered(FLUSH, given_)


@given(st.dictionaries(st.sampled_from(sorted(GOOD)), st.text() | st.integers(), max_size=4))
def test_whatever_is_given_no_word_is_added_and_none_begins_an_option(more: dict[str, object]) -> None:
    try:
        found = rendered(FLUSH, {**GOOD, **more})
    except GuardError:
        return
    assert len(found.argv) == len(FLUSH.argv)
    assert shlex.split(found.lines[0]) == list(found.argv)
    assert not found.argv[3].startswith("-")
