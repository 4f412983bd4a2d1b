"""What printed bytes mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh_bridges.ssh import screen

LOG = "*Mar  1 00:01:02.003: %LINK-3-UPDOWN: Interface Gi0/1, changed state to down"


@pytest.mark.parametrize(
    "data",
    [
        b" --More-- ",
        b"x\r\n--More--",
        b"x\r\n\x1b[7m--More--\x1b[27m",
        b"---(more)---",
        b"---(more 42%)---",
        b"<--- More --->",
        b"-- MORE --",
        b"Press any key to continue (Q to quit)",
        b"lines 1-23",
        b"--More--(50%)",
    ],
)
def test_a_pager_is_known(data: bytes) -> None:
    assert screen.is_pager(data)


@pytest.mark.parametrize(
    "data", [b"", b"r1#", b"description --More-- here", b"more", b"--More--\r\nr1#", b"Password: "]
)
def test_what_only_speaks_of_a_pager_is_none(data: bytes) -> None:
    assert not screen.is_pager(data)


@pytest.mark.parametrize(
    "line",
    [
        LOG,
        "%SYS-5-CONFIG_I: Configured from console by ops on vty0",
        "Nov 21 10:00:00.000: %BGP-5-ADJCHANGE: neighbor 10.0.0.2 Down",
        "2026 Nov 21 10:00:00 n9k %ETHPORT-5-IF_DOWN: Interface down",
        "RP/0/RP0/CPU0:Nov 21 10:00:00.000 UTC: %PKT_INFRA-LINK-3-UPDOWN : Interface, changed state to Down",
        "000123: *Mar  1 00:01:02.003: %OSPF-5-ADJCHG: Process 1",
    ],
)
def test_a_log_line_is_known(line: str) -> None:
    assert screen.only_syslog(f"\n{line}\n")


@pytest.mark.parametrize("text", ["", "\n\n", "% Invalid input", "r1#", f"{LOG}\nother", "100% done - 3 of 4: x"])
def test_what_is_no_log_line_is_none(text: str) -> None:
    assert not screen.only_syslog(text)


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("a\nb\nr1#", "a\nb"),
        ("a\nb\nr1# ", "a\nb"),
        ("r1#", ""),
        ("no line end r1#", "no line end "),
        (f"a\nr1#\n{LOG}\n", "a"),
        (f"a\nr1#\n{LOG}\nr1#", "a"),
        (f"a\nr1#\n{LOG}\nr1#\n{LOG}\nr1#", "a"),
        ("a\nr1#\nb\nr1#", "a\nr1#\nb"),
        ("a\nb", None),
        ("a\nr1#\nb", None),
    ],
)
def test_an_answer_ends_before_its_prompt(text: str, body: str | None) -> None:
    assert screen.before_prompt(text, "r1#") == body


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"a\r\nb\r\r\nc\n", "a\nb\nc\n"),
        (b"\x1b]0;title\x07\x1b[01;32mroot@h\x1b[00m:~# ", "root@h:~# "),
        (b"\b\b\b\b    \b\b\b\bnext", "next"),
        (b"x\r\n\r        \rnext", "x\nnext"),
        (b"N\bNA\bAME\bE", "NAME"),
        (b"ab\b \bc", "ac"),
    ],
)
def test_bytes_become_what_a_person_saw(data: bytes, text: str) -> None:
    assert screen.plain(data) == text


@given(st.binary(max_size=300))
def test_any_bytes_become_printable_text(data: bytes) -> None:
    text = screen.plain(data)
    assert screen.CONTROLS.search(text) is None
    screen.last_line(data)
    screen.is_pager(data)
    screen.standing_line(data)


@pytest.mark.parametrize(
    ("answer", "objects"),
    [
        ("% Invalid input detected at '^' marker.", True),
        ("% Subnet 10.0.0.0 overlaps", True),
        ("%Error: no", True),
        ("% Warning: use this with care", False),
        ("%Warning: portfast", False),
        ("% Interface Gi0/1 IPv4 disabled and address(es) removed due to enabling VRF x", False),
        (LOG, False),
        ("%LINK-3-UPDOWN: x", False),
        ("", False),
        ("BGP is running", False),
    ],
)
def test_a_refusal_is_told_from_a_warning(answer: str, objects: bool) -> None:
    assert bool(screen.objection_in(answer)) == objects
