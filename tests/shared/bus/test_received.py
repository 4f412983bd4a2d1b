"""What comes in: places from ack subjects, verdicts, answers of the broker, hostile bodies."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nocmesh.bus import stored
from nocmesh.bus.received import Raw, parse_ack_subject
from nocmesh.bus.speech import decode
from nocmesh.bus.worker import settle
from nocmesh.errors import BusError, DeniedError, InvalidInputError, LostRaceError, NotFoundError, SignatureError
from nocmesh.messages.task import TaskAssignment


def raw(data: bytes = b"", **headers: str) -> Raw:
    return Raw(
        subject="s", reply="", data=data, headers={key.replace("_", "-"): value for key, value in headers.items()}
    )


@pytest.mark.parametrize(
    "reply", ["$JS.ACK.S.c.2.7.3.1700000000000000000.9", "$JS.ACK.dom.hash.S.c.2.7.3.1700000000000000000.9.tok"]
)
def test_an_ack_subject_tells_where_a_message_stands(reply: str) -> None:
    place = parse_ack_subject(reply)
    assert (place.stream, place.consumer, place.delivered, place.sequence) == ("S", "c", 2, 7)
    assert (place.consumer_sequence, place.pending) == (3, 9)
    assert place.at == datetime.fromtimestamp(1700000000, UTC)


@settings(max_examples=60)
@given(st.lists(st.text(st.characters(categories=["L"]), max_size=4), max_size=13))
def test_a_hostile_ack_subject_is_refused(parts: list[str]) -> None:
    for reply in (".".join(parts), ".".join(["$JS", "ACK", *parts])):
        with pytest.raises(BusError, match="acknowledgement subject"):
            parse_ack_subject(reply)


def test_a_time_that_no_calendar_has_is_refused() -> None:
    with pytest.raises(BusError):
        parse_ack_subject(f"$JS.ACK.S.c.1.1.1.{10**40}.0")


@pytest.mark.parametrize(
    ("error", "delivered", "how"),
    [
        (None, 1, "ack"),
        (ValueError("x"), 1, "again"),
        (ValueError("x"), 3, "dead"),
        (ValueError("x"), 4, "dead"),
        (SignatureError("x"), 1, "dead"),
        (InvalidInputError("x", field="body"), 1, "dead"),
        (InvalidInputError("x", field="other"), 1, "again"),
        (DeniedError("x"), 1, "again"),
    ],
)
def test_the_verdict_on_a_message(error: Exception | None, delivered: int, how: str) -> None:
    assert settle(error, delivered, attempts=3).how == how


def test_each_further_try_waits_longer_up_to_a_limit() -> None:
    delays = [settle(ValueError("x"), number, attempts=100).delay for number in range(1, 20)]
    assert delays == sorted(delays)
    assert delays[0] == 0.5
    assert delays[-1] == 30.0


@pytest.mark.parametrize(
    ("code", "err_code", "kind"),
    [
        (400, 10071, LostRaceError),
        (400, 10164, LostRaceError),
        (404, 10059, NotFoundError),
        (503, 10077, BusError),
        (500, 1, BusError),
    ],
)
def test_the_brokers_refusals_become_errors_of_ours(code: int, err_code: int, kind: type[Exception]) -> None:
    error = stored.refused("it", stored.Refusal(code, err_code, "why"))
    assert type(error) is kind
    assert "why" in str(error)


def test_an_answer_that_is_no_acknowledgement_is_refused() -> None:
    with pytest.raises(BusError, match="no stream"):
        stored.parse_ack("s", raw(b"hello"))


def test_the_answers_to_a_direct_get() -> None:
    assert stored._stored(raw(Status="404")) is None
    with pytest.raises(BusError, match="408"):
        stored._stored(raw(Status="408", Description="Bad Request"))
    with pytest.raises(InvalidInputError, match="without a time"):
        stored._stored(raw(b"x", Nats_Subject="s", Nats_Stream="S", Nats_Sequence="1"))


@settings(max_examples=80)
@given(st.binary(max_size=80))
def test_a_hostile_body_is_an_error_with_its_reason(body: bytes) -> None:
    with pytest.raises(InvalidInputError, match="TaskAssignment"):
        decode(body, TaskAssignment)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"task_id":' * 50_000, b'{"task_id":1e999}', b"\xed\xa0\x80"])
def test_a_bomb_is_an_error(body: bytes) -> None:
    with pytest.raises(InvalidInputError):
        decode(body, TaskAssignment)


def test_a_foreign_body_comes_as_it_is() -> None:
    assert decode(b"\xff", bytes) == b"\xff"
