"""Tables of which every line is understood, and the small words that they hold."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh_bridges.platforms.ios_names import EOS, full_name, kind_of
from nocmesh_bridges.platforms.tables import Table, clock_seconds, mac, number, seconds_of, vlans

TABLE = Table(
    head=re.compile("Name +Size"),
    row=re.compile(r"(?P<name>[a-z]+) +(?P<size>\d+)$"),
    more=re.compile(r" {4}\S+$"),
    foot=re.compile(r"Total (?P<count>\d+)$"),
    whole=True,
    none=re.compile("nothing here"),
)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Name Size\na 1\nb 2\nTotal 2\n", "parsed"),
        ("Name Size\na 1\n    tail\nTotal 1\n", "parsed"),
        ("Name Size\nTotal 0\n", "empty"),
        ("nothing here\n", "empty"),
        ("", "unparsed"),
        ("Name Size\na 1\nb 2\n", "unparsed"),  # no foot
        ("Name Size\na 1\nTotal 2\n", "unparsed"),  # a row is missing
        ("a 1\nTotal 1\n", "unparsed"),  # no head
        ("Name Size\na 1\nTotal 1\nb 2\n", "unparsed"),  # behind the foot
        ("Name Size\nnothing here\na 1\nTotal 1\n", "unparsed"),
        ("Name Size\n    tail\nTotal 0\n", "unparsed"),
    ],
)
def test_a_table_is_whole_or_it_is_none(text: str, status: str) -> None:
    assert TABLE.judge(text) == status
    assert bool(TABLE.rows(text)) == (status == "parsed")


@given(st.text())
def test_words_that_are_none_are_read_as_none(text: str) -> None:
    address = mac(text)
    assert address == "" or re.fullmatch(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", address)
    for read in (clock_seconds, seconds_of, number):
        value = read(text)
        assert value is None or value >= 0
    assert all(vlan >= 0 for vlan in vlans(text))
    full_name(text)
    kind_of(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("00:18:02", 1082), ("1d05h", 104400), ("38w4d", 23328000), ("9w2d 5:23:37", 5635417), ("", None), ("soon", None)],
)
def test_a_time_is_read_as_exactly_as_it_is_told(text: str, seconds: int | None) -> None:
    assert clock_seconds(text) == seconds


def test_names_are_written_in_full_as_each_platform_does() -> None:
    assert [full_name(n) for n in ("Gi1/0/1", "Twe1/1/2", "Po7", "PO4/0", "Vl10", "CPU", "port 3")] == [
        "GigabitEthernet1/0/1",
        "TwentyFiveGigE1/1/2",
        "Port-channel7",
        "POS4/0",
        "Vlan10",
        "CPU",
        "port 3",
    ]
    assert [full_name(n, EOS) for n in ("Et49/1", "Po1.10", "Ma1")] == [
        "Ethernet49/1",
        "Port-Channel1.10",
        "Management1",
    ]
    assert [kind_of(n) for n in ("Loopback0", "Vlan1", "HundredGigE1/0", "Tunnel1", "X1")] == [
        "loopback",
        "vlan",
        "ethernet",
        "tunnel",
        "",
    ]
    assert vlans("ALL")[-1] == 4094
    assert vlans("NONE") == []
