"""Traps of versions 1 and 2c byte by byte: what is right decodes, and whatever else is sent is refused."""

import contextlib
from typing import Any

import pytest
from bridges.snmp.messages import inform, oid, sequence, tlv, trap, trap_v1, varbind
from hypothesis import given
from hypothesis import strategies as st

from nocmesh_bridges.snmp import ber
from nocmesh_bridges.snmp import value as v
from nocmesh_bridges.snmp.ber import BerError
from nocmesh_bridges.snmp.header import header_of
from nocmesh_bridges.snmp.trap import MAX_VARBINDS, RESPONSE, decode, response, version_of
from nocmesh_bridges.snmp.value import Value, VarBind

LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"
IF_INDEX, IF_NAME = "1.3.6.1.2.1.2.2.1.1.7", "1.3.6.1.2.1.31.1.1.1.1.7"


def test_a_trap_says_who_what_and_with_which_variables() -> None:
    found = decode(trap(LINK_DOWN, (IF_INDEX, 7), (IF_NAME, b"ge-0/0/1"), uptime=4711, community=b"public"))
    assert (found.community, found.confirmed, found.uptime, found.trap) == (b"public", False, 4711, LINK_DOWN)
    assert found.varbinds == (
        VarBind(IF_INDEX, Value(v.INTEGER, 7)),
        VarBind(IF_NAME, Value(v.STRING, b"ge-0/0/1")),
    )


def test_a_trap_of_version_1_is_told_as_one_of_version_2() -> None:
    found = decode(trap_v1("1.3.6.1.4.1.9.1.1", "192.0.2.7", 2, 0, (IF_INDEX, 7)))
    assert found.trap == LINK_DOWN
    assert found.agent == "192.0.2.7"
    assert found.varbinds[0] == VarBind(IF_INDEX, Value(v.INTEGER, 7))


def test_an_enterprises_own_trap_of_version_1_gets_the_name_that_the_rfc_gives_it() -> None:
    assert decode(trap_v1("1.3.6.1.4.1.9.9.43.2", "192.0.2.7", 6, 5)).trap == "1.3.6.1.4.1.9.9.43.2.0.5"


def test_the_answer_to_an_inform_is_its_own_bytes_as_a_response() -> None:
    data = inform(LINK_DOWN, (IF_INDEX, 7), request_id=99)
    found = decode(data)
    assert found.confirmed
    answer = response(data, found)
    changed = [at for at in range(len(data)) if data[at] != answer[at]]
    assert changed == [found.pdu_at]
    assert answer[found.pdu_at] == RESPONSE


@pytest.mark.parametrize(
    ("tag", "content", "kind", "raw"),
    [
        (0x02, b"\xff", v.INTEGER, -1),
        (0x41, b"\x00\xff\xff\xff\xff", v.COUNTER32, 4294967295),
        (0x42, b"\xff\xff\xff\xff", v.GAUGE32, 4294967295),
        (0x43, b"\x01", v.TIMETICKS, 1),
        (0x46, b"\x00" + b"\xff" * 8, v.COUNTER64, 18446744073709551615),
        (0x40, b"\xc0\x00\x02\x01", v.IP_ADDRESS, b"\xc0\x00\x02\x01"),
        (0x06, b"\x2b\x06\x01", v.OID, "1.3.6.1"),
        (0x06, b"\x88\x37", v.OID, "2.999"),
        (0x05, b"", v.NULL, None),
        (0x81, b"", v.NO_SUCH_INSTANCE, None),
    ],
)
def test_every_kind_of_value(tag: int, content: bytes, kind: str, raw: object) -> None:
    data = tlv(tag, content)
    assert ber.value(data, 0, len(data)) == (Value(kind, raw), len(data))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x80\x02\x01\x01\x00\x00",  # an indefinite length
        b"\x30\x84\xff\xff\xff\xff",  # a length of 4 GB
        b"\x30\x8f" + b"\x00" * 15,  # a length of 15 octets
        sequence(tlv(0x02, b"\x02"), tlv(0x04, b"public"), tlv(0xA7, b"")),  # no version
        sequence(tlv(0x02, b"\x01"), tlv(0x04, b"public"), tlv(0xA0, b"")),  # a GET
        sequence(tlv(0x02, b""), tlv(0x04, b"public"), tlv(0xA7, b"")),
        trap_v1("1.3.6.1.4.1.9", "192.0.2.7", 9, 0),
    ],
)
def test_what_is_no_trap_is_refused(data: bytes) -> None:
    with pytest.raises(BerError):
        decode(data)


@pytest.mark.parametrize("content", [b"\x80", b"\x2b\x86", b"\x2b" + b"\xff" * 9 + b"\x7f", b"\x2b" + b"\x01" * 200])
def test_an_oid_without_end_or_measure_is_refused(content: bytes) -> None:
    data = tlv(0x06, content)
    with pytest.raises(BerError):
        ber.value(data, 0, len(data))


def test_a_trap_of_thousands_of_variables_is_refused() -> None:
    with pytest.raises(BerError, match=f"more than {MAX_VARBINDS}"):
        decode(trap(LINK_DOWN, *[(IF_INDEX, 1)] * (MAX_VARBINDS + 1)))


def test_nesting_costs_nothing() -> None:
    data = b""
    for _ in range(3_000):
        data = tlv(0x30, data)
    with pytest.raises(BerError):
        decode(data)


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_refused_or_decoded(data: bytes) -> None:
    for read in (decode, version_of, header_of):
        with contextlib.suppress(BerError):
            read(data)


@given(st.data())
def test_a_trap_with_flipped_bytes_is_refused_or_decoded(data: Any) -> None:
    whole = bytearray(trap(LINK_DOWN, (IF_INDEX, 7), (IF_NAME, b"ge-0/0/1")))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BerError):
        found = decode(bytes(whole))
        assert len(found.varbinds) <= MAX_VARBINDS


@given(st.integers(0, 80))
def test_a_trap_that_is_cut_off_is_refused(kept: int) -> None:
    whole = trap(LINK_DOWN, (IF_INDEX, 7), (IF_NAME, b"ge-0/0/1"))
    with pytest.raises(BerError):
        decode(whole[:kept])


ARCS = st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=100)


@given(st.integers(0, 2), st.integers(0, 39), ARCS)
def test_an_oid_comes_back_as_it_was(first: int, second: int, rest: list[int]) -> None:
    dotted = ".".join(map(str, (first, second, *rest)))
    data = oid(dotted)
    assert ber.value(data, 0, len(data))[0] == Value(v.OID, dotted)


@given(st.lists(st.tuples(ARCS, st.one_of(st.integers(-(2**31), 2**31 - 1), st.binary(max_size=300))), max_size=8))
def test_variables_come_back_as_they_were(told: list[tuple[list[int], Any]]) -> None:
    binds = [("1.3." + ".".join(map(str, arcs)), value) for arcs, value in told]
    assert [(bind.oid, bind.value.raw) for bind in decode(trap(LINK_DOWN, *binds)).varbinds] == binds


@given(st.binary(max_size=60))
def test_a_value_is_one_line_of_printable_text_whatever_it_holds(raw: bytes) -> None:
    line = VarBind("1.3.6.1", Value(v.STRING, raw)).line
    assert len(line.splitlines()) == 1
    assert line.isprintable()


def test_a_text_with_line_breaks_forges_no_line() -> None:
    data = trap(LINK_DOWN, ("1.3.6.1.2.1.1.1.0", b"Router\r\n1.3.6.1.2.1.1.5.0 = STRING: core1\n"))
    [bind] = decode(data).varbinds
    assert bind.line == "1.3.6.1.2.1.1.1.0 = STRING: Router 1.3.6.1.2.1.1.5.0 = STRING: core1"


def test_a_variables_sequence_with_something_after_its_value_is_read_no_further() -> None:
    data = sequence(varbind(IF_INDEX, 7), tlv(0x05, b""))
    with pytest.raises(BerError):
        decode(data)
