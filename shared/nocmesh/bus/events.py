"""The headers of a message: CloudEvents 1.0 in NATS's binary mode, W3C trace context, the correlation id.

Attribute values are percent-encoded as the NATS binding asks (section 3.1.2 of its working draft, which takes the rule
from the HTTP binding, section 3.1.3.2).
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from urllib.parse import unquote

from opentelemetry import trace

from nocmesh.errors import InvalidInputError
from nocmesh.log import correlated

SIGNATURE, CERTIFICATE = "Nocmesh-Signature", "Nocmesh-Certificate"
CORRELATION, TRACEPARENT = "ce-correlationid", "traceparent"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

_correlation: ContextVar[str] = ContextVar("nocmesh_correlation", default="")
_traceparent: ContextVar[str] = ContextVar("nocmesh_traceparent", default="")


def encoded(value: str) -> str:
    """``value`` as a header may carry it: printable ASCII without blank, quote and percent; the rest as ``%XX``."""
    return "".join(
        each if "!" <= each <= "~" and each not in '"%' else "".join(f"%{byte:02X}" for byte in each.encode())
        for each in value
    )


def decoded(value: str) -> str:
    """What ``encoded`` made ``value`` from; a malformed sequence becomes U+FFFD."""
    return unquote(value, errors="replace")


def rfc3339(at: datetime) -> str:
    """``at`` as text, in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_time(text: str) -> datetime | None:
    """The time in ``text`` (RFC 3339, up to nanoseconds), in UTC; None when it is none."""
    try:
        at = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
        return at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def event_headers(
    *, id: str, type: str, source: str, time: str, correlation_id: str = "", extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The headers of one message. Raises InvalidInputError for a header that could forge another."""
    headers = {
        "ce-specversion": "1.0",
        "ce-id": encoded(id),
        "ce-type": encoded(type),
        "ce-source": encoded(source),
        "ce-time": time,
        "ce-datacontenttype": "application/json",
        TRACEPARENT: next_traceparent(),
    }
    correlation_id = correlation_id or _correlation.get()
    if correlation_id:
        headers[CORRELATION] = encoded(correlation_id)
    for name, value in (extra or {}).items():
        headers[_checked(name)] = _checked_value(name, value)
    return headers


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name) or name.lower().startswith("nocmesh-"):
        raise InvalidInputError(f"{name!r} cannot be a header's name; expected letters, digits and -", field="headers")
    return name


def _checked_value(name: str, value: str) -> str:
    if not value.isprintable():
        raise InvalidInputError(f"the header {name} holds control characters: {value!r}", field="headers")
    return value


def correlation_of(headers: Mapping[str, str]) -> str:
    """The correlation id that ``headers`` carry, or empty."""
    return decoded(headers.get(CORRELATION, ""))


def next_traceparent() -> str:
    """The trace context for what is sent now: of the running span, of the message being handled, or a new trace."""
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"
    current = _traceparent.get()
    trace_id = current[3:35] if current else os.urandom(16).hex()
    return f"00-{trace_id}-{os.urandom(8).hex()}-01"


@contextmanager
def handling(headers: Mapping[str, str]) -> Iterator[None]:
    """What is published, and logged, inside belongs to the same piece of work as the message with ``headers``."""
    correlation = correlation_of(headers)
    parent = headers.get(TRACEPARENT, "")
    first = _correlation.set(correlation)
    second = _traceparent.set(parent if _TRACEPARENT.fullmatch(parent) else "")
    try:
        with correlated(correlation):
            yield
    finally:
        _traceparent.reset(second)
        _correlation.reset(first)
