"""The HTTP side, over real sockets: what is accepted, and what each refusal says."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from nocmesh.alerting.fields import MAX_BYTES
from nocmesh.clock import FixedClock
from nocmesh.errors import BusError, DeniedError, NocmeshError, OutcomeUnknownError, PreconditionError
from nocmesh.log import logger
from nocmesh.settings import Address
from nocmesh_bridges.alerts.app import receiver
from nocmesh_bridges.alerts.serving import serve

pytestmark = pytest.mark.real

BODY = {"alerts": [{"labels": {"alertname": "x", "instance": "r1"}}, {"labels": {"alertname": "y"}}]}
WAIT = 5.0


@dataclass
class Stream:
    """Stands where the stream stands: keeps what it is given, or refuses."""

    kept: list[tuple[str, bytes, str]] = field(default_factory=list)
    refuses: NocmeshError | None = None

    async def publish(self, source: str, body: bytes, id: str) -> int:
        if self.refuses:
            raise self.refuses
        self.kept.append((source, body, id))
        return len(self.kept)


class Lines:
    """A log that the test reads."""

    def __init__(self) -> None:
        self.said: list[tuple[str, dict[str, Any]]] = []
        self.listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def info(self, action: str, **fields: Any) -> None:
        self.said.append((action, fields))
        if action == "webhooks_listening":
            self.listening.set_result(fields["port"])

    warning = info


@dataclass
class Door:
    client: httpx2.AsyncClient
    stream: Stream
    port: int
    clock: FixedClock
    lines: Lines

    async def post(self, path: str = "/api/webhooks/alertmanager", body: Any = BODY) -> httpx2.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.client.post(path, content=content)


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    stream, lines, stopping = Stream(), Lines(), asyncio.Event()
    clock = FixedClock(datetime(2026, 3, 1, 12, 0, tzinfo=UTC))
    app = receiver(stream.publish, clock, lines, body_seconds=0.5)  # type: ignore[arg-type]
    task = asyncio.create_task(serve(app, Address("127.0.0.1", 0), stopping, lines, 1.0))  # type: ignore[arg-type]
    port = await asyncio.wait_for(lines.listening, WAIT)
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        yield Door(client, stream, port, clock, lines)
    stopping.set()
    await asyncio.wait_for(task, WAIT)
    assert lines.said[-1][0] == "webhooks_closed"


@pytest.mark.parametrize("path", ["/api/webhooks/alertmanager", "/api/v1/tickets/webhook/alertmanager"])
async def test_a_body_is_answered_with_its_alert_ids_once_the_stream_has_it(door: Door, path: str) -> None:
    answer = await door.post(path)
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 2
    assert len(set(answer.json()["alert_ids"])) == 2
    assert [(source, json.loads(body)) for source, body, _ in door.stream.kept] == [("alertmanager", BODY)]


async def test_the_raw_bytes_are_published_as_they_came(door: Door) -> None:
    raw = b' {"alerts" : [ {} ]}\n'
    await door.post(body=raw)
    assert door.stream.kept[0][1] == raw


async def test_the_same_alert_twice_in_a_body_is_named_once(door: Door) -> None:
    answer = await door.post(body={"alerts": [{}, {}]})
    assert (answer.json()["accepted"], len(answer.json()["alert_ids"])) == (2, 1)


async def test_a_retry_is_published_under_the_same_id(door: Door) -> None:
    door.stream.refuses = OutcomeUnknownError("no acknowledgement came")
    assert (await door.post()).status_code == 503
    door.stream.refuses = None
    await door.post()
    await door.post()
    assert len({id for _, _, id in door.stream.kept}) == 1


@pytest.mark.parametrize("error", [BusError("full"), OutcomeUnknownError("silent"), DeniedError("not allowed")])
async def test_a_stream_that_refuses_makes_the_sender_come_again(door: Door, error: NocmeshError) -> None:
    door.stream.refuses = error
    answer = await door.post()
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["error"] == error.message


async def test_a_malformed_body_is_refused_with_field_and_reason(door: Door) -> None:
    answer = await door.post(body={"alerts": [{"labels": []}]})
    assert answer.status_code == 400
    assert answer.json() == {
        "error": "alerts[0].labels: expected an object, got a list",
        "field": "alerts[0].labels",
        "reason": "expected an object, got a list",
    }
    assert door.stream.kept == []


@pytest.mark.parametrize("source", ["carrier-pigeon", "monitor", "alertmanager%2F..%2Fx"])
async def test_an_unknown_source_is_answered_with_the_known_ones(door: Door, source: str) -> None:
    answer = await door.post(f"/api/webhooks/{source}")
    assert answer.status_code == 404
    if "%" not in source:
        assert answer.json()["known"] == ["alertmanager", "prometheus"]


async def test_a_body_over_the_limit_is_refused(door: Door) -> None:
    answer = await door.post(body=b" " * (MAX_BYTES + 1))
    assert answer.status_code == 413
    assert answer.json()["reason"] == "expected at most 1000000 bytes"


async def test_a_body_without_a_length_is_counted_while_it_comes(door: Door) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 100_000

    answer = await door.client.post("/api/webhooks/alertmanager", content=chunks())
    assert answer.status_code == 413


async def test_a_sender_that_dawdles_is_let_go(door: Door) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(b"POST /api/webhooks/alertmanager HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{")
    status = await asyncio.wait_for(reader.readline(), WAIT)
    writer.close()
    await writer.wait_closed()
    assert b" 408 " in status


async def test_a_sender_that_hangs_up_leaves_the_bridge_serving(door: Door) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(b"POST /api/webhooks/alertmanager HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await door.post()).status_code == 202
    assert len(door.stream.kept) == 1


async def test_only_post_is_taken(door: Door) -> None:
    assert (await door.client.get("/api/webhooks/alertmanager")).status_code == 405


async def test_health_answers(door: Door) -> None:
    assert (await door.client.get("/api/health")).json() == {"status": "ok"}


async def test_what_is_accepted_and_refused_is_logged_under_fixed_actions(door: Door) -> None:
    await door.post()
    await door.post(body=b"{")
    actions: Callable[[], list[str]] = lambda: [action for action, _ in door.lines.said]  # noqa: E731
    assert actions() == ["webhooks_listening", "alerts_accepted", "alerts_refused"]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_an_address_that_is_taken_is_told_with_the_setting(host: str) -> None:
    async def never(*_: Any) -> int:
        return 0

    server = await asyncio.start_server(lambda *_: None, host, 0)
    async with server:
        taken = Address(host, server.sockets[0].getsockname()[1])
        with pytest.raises(PreconditionError, match="NOCMESH_WEBHOOKS"):
            await serve(receiver(never, FixedClock(datetime.now(UTC)), logger()), taken, asyncio.Event(), logger(), 1.0)


async def test_a_cancelled_bridge_closes_its_socket() -> None:
    stream, lines = Stream(), Lines()
    app = receiver(stream.publish, FixedClock(datetime.now(UTC)), lines)  # type: ignore[arg-type]
    task = asyncio.create_task(serve(app, Address("127.0.0.1", 0), asyncio.Event(), lines, 1.0))  # type: ignore[arg-type]
    port = await asyncio.wait_for(lines.listening, WAIT)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, WAIT)
    with pytest.raises(OSError):
        await asyncio.open_connection("127.0.0.1", port)
