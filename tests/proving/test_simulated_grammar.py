"""Typed words and what they mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.proving.simulated.grammar import Mismatch, Rule, match

RULES = [
    Rule("show ip bgp", "table"),
    Rule("show ip bgp summary", "summary"),
    Rule("show ip bgp {ip}", "one"),
    Rule("show ip interface brief", "brief"),
    Rule("show interfaces {rest}", "interfaces"),
    Rule("show isis", "isis"),
    Rule("no description [rest]", "undescribe"),
    Rule("network {ip} mask {mask}", "network"),
    Rule("mtu {mtu}", "mtu"),
    Rule("route {prefix}", "route"),
]


@pytest.mark.parametrize(
    ("line", "meaning", "words"),
    [
        ("show ip bgp", "table", []),
        ("sh ip bg sum", "summary", []),
        ("SHOW IP BGP", "table", []),
        ("show ip bgp 10.0.0.1", "one", ["10.0.0.1"]),
        ("  show   ip  bgp ", "table", []),
        ("show interfaces Gi 1", "interfaces", ["Gi 1"]),
        ("no description", "undescribe", [""]),
        ("no description of any kind ", "undescribe", ["of any kind"]),
        ("network 10.0.0.0 mask 255.0.0.0", "network", ["10.0.0.0", "255.0.0.0"]),
        ("route 10.0.0.0/8", "route", ["10.0.0.0/8"]),
    ],
)
def test_a_line_finds_its_rule(line: str, meaning: str, words: list[str]) -> None:
    assert match(RULES, line) == (meaning, words)


@pytest.mark.parametrize(
    ("line", "problem", "position"),
    [
        ("show", "incomplete", 4),
        ("show ip", "incomplete", 7),
        ("show i", "ambiguous", 5),
        ("show ip bgp nonsense", "unknown", 12),
        ("show ip bgp summary more", "unknown", 20),
        ("show interfaces", "incomplete", 15),
        ("nonsense", "unknown", 0),
        ("", "incomplete", 0),
        ("network 10.0.0.0 mask 255.0.255.0", "unknown", 22),
        ("network 10.0.0 mask 255.0.0.0", "unknown", 8),
        ("mtu 63", "unknown", 4),
        ("mtu ٦٤٠", "unknown", 4),
        ("route 10.0.0.0/33", "unknown", 6),
        ("route 10.0.0.0", "unknown", 6),
    ],
)
def test_a_misfit_says_what_and_where(line: str, problem: str, position: int) -> None:
    with pytest.raises(Mismatch) as caught:
        match(RULES, line)
    assert (caught.value.problem, caught.value.position) == (problem, position)


def position_of_misfit(line: str) -> int:
    try:
        match(RULES, line)
    except Mismatch as mismatch:
        return mismatch.position
    return 0


@given(st.text(max_size=200))
def test_a_misfit_points_into_the_line(line: str) -> None:
    assert 0 <= position_of_misfit(line) <= len(line)
