"""Headers: CloudEvents encoding, trace context, nothing that could forge another header."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry import trace

from nocmesh.bus import events
from nocmesh.errors import InvalidInputError


def _headers(**extra: str) -> dict[str, str]:
    return events.event_headers(id="1", type="t", source="/s", time="2026-01-01T00:00:00Z", extra=extra)


@settings(max_examples=100)
@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_an_encoded_value_is_printable_ascii_and_comes_back(value: str) -> None:
    made = events.encoded(value)
    assert made.isascii()
    assert not set(made) & set(' "\r\n\t')
    assert events.decoded(made) == value


def test_the_examples_of_the_binding_are_encoded_as_it_says() -> None:
    assert events.encoded("Euro € 😀") == "Euro%20%E2%82%AC%20%F0%9F%98%80"
    assert events.encoded('100% "sure"') == "100%25%20%22sure%22"


@pytest.mark.parametrize("value", ["a\r\nNats-Msg-Id: 1", "a\nb", "a\x00b", "a\u2028b"])
def test_a_value_with_control_characters_is_refused(value: str) -> None:
    with pytest.raises(InvalidInputError, match="control characters"):
        _headers(X=value)


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\nb", "-a", "Nocmesh-Signature", "nocmesh-certificate", "é"])
def test_a_name_that_could_forge_a_header_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError, match="header's name"):
        _headers(**{name: "x"})


@pytest.mark.parametrize("text", ["", "now", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00", "\x00", "9" * 400])
def test_what_is_no_time_is_none(text: str) -> None:
    assert events.parse_time(text) is None


def test_a_time_with_nanoseconds_is_read() -> None:
    expected = datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)
    assert events.parse_time("2026-01-02T03:04:05.123456789Z") == expected
    assert events.parse_time(events.rfc3339(expected)) == expected


def test_what_is_sent_while_handling_a_message_belongs_to_its_trace_and_correlation() -> None:
    first = events.event_headers(id="1", type="t", source="/s", time="", correlation_id="größe 7")
    with events.handling(first):
        second = _headers()
    assert events.correlation_of(second) == "größe 7"
    assert second[events.TRACEPARENT][3:35] == first[events.TRACEPARENT][3:35]
    assert second[events.TRACEPARENT] != first[events.TRACEPARENT]
    assert events.CORRELATION not in _headers()


@pytest.mark.parametrize("hostile", ["00-zz", "00-" + "0" * 32 + "-" + "1" * 16 + "-01", "x" * 5000])
def test_a_hostile_traceparent_is_not_passed_on(hostile: str) -> None:
    with events.handling({events.TRACEPARENT: hostile}):
        assert hostile[3:35] not in _headers()[events.TRACEPARENT]


def test_a_running_span_is_the_parent() -> None:
    context = trace.SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=trace.TraceFlags(1))
    with trace.use_span(trace.NonRecordingSpan(context)):
        assert events.next_traceparent() == f"00-{0xABC:032x}-{0xDEF:016x}-01"
