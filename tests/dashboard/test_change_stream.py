"""The stream of change notices: at once, then gathered; nothing missed, nothing piled up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.errors import PreconditionError
from nocmesh_dashboard.backend import Change
from nocmesh_dashboard.stream import MOST_IDS, Hub, _Client

pytestmark = pytest.mark.real

if TYPE_CHECKING:
    from dashboard.conftest import Board


async def welcome() -> bool:
    return True


def events(chunk: bytes) -> list[tuple[str, Any]]:
    """The events in ``chunk``: name and data."""
    found = []
    for block in chunk.decode().strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
        if "event" in fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


def a_hub(**changed: Any) -> Hub:
    return Hub(epoch="e", **{"window": 0.01, "ping": 5.0, **changed})


async def told(stream: AsyncIterator[bytes]) -> list[tuple[str, Any]]:
    async with asyncio.timeout(5):
        return events(await anext(stream))


async def test_it_greets_with_where_it_stands() -> None:
    hub = a_hub()
    async with aclosing(hub.listen(hub.position, welcome)) as stream:
        assert await told(stream) == [("hello", {"position": "e.0"})]


async def test_the_first_change_goes_out_at_once_and_names_what_changed() -> None:
    hub = a_hub(window=60)
    async with aclosing(hub.listen(hub.position, welcome)) as stream:
        await told(stream)
        hub.notify(Change(topic="incidents", id="i1"))
        data = {"topic": "incidents", "ids": ["i1"]}
        assert await told(stream) == [("incidents", data), ("incidents-i1", data)]


async def test_what_follows_within_the_window_goes_together() -> None:
    hub = a_hub()
    async with aclosing(hub.listen(hub.position, welcome)) as stream:
        await told(stream)
        hub.notify(Change(topic="agents"))
        await told(stream)
        for n in range(200):
            hub.notify(Change(topic="incidents", id=f"i{n % 3}"))
        names = [name for name, _ in await told(stream)]
    assert names == ["incidents", "incidents-i0", "incidents-i1", "incidents-i2"]


async def test_a_client_that_was_away_is_told_what_it_missed() -> None:
    hub = a_hub()
    hub.notify(Change(topic="agents"))
    left_at = hub.position
    hub.notify(Change(topic="approvals", id="a1"))
    async with aclosing(hub.listen(left_at, welcome)) as stream:
        await told(stream)
        assert [name for name, _ in await told(stream)] == ["approvals", "approvals-a1"]


@pytest.mark.parametrize("since", ["", "older.1", "e.x", "e.-1", "e", "e.٣", "😀"])
async def test_who_cannot_be_told_what_was_missed_looks_at_everything(since: str) -> None:
    hub = a_hub()
    hub.notify(Change(topic="agents"))
    async with aclosing(hub.listen(since, welcome)) as stream:
        await told(stream)
        assert [name for name, _ in await told(stream)] == ["refresh"]


async def test_who_was_away_for_too_long_looks_at_everything() -> None:
    hub = a_hub()
    left_at = hub.position
    for _ in range(2001):
        hub.notify(Change(topic="agents"))
    async with aclosing(hub.listen(left_at, welcome)) as stream:
        await told(stream)
        assert [name for name, _ in await told(stream)] == ["refresh"]


async def test_a_slow_client_holds_a_set_and_no_backlog() -> None:
    hub = a_hub()
    async with aclosing(hub.listen(hub.position, welcome)) as stream:
        await told(stream)
        for n in range(10_000):
            hub.notify(Change(topic="incidents", id=f"i{n}"))
        (client,) = hub._clients
        assert len(client.dirty["incidents"]) == MOST_IDS + 1
        assert [name for name, _ in await told(stream)] == ["refresh"]


async def test_silence_is_broken_by_a_ping() -> None:
    hub = a_hub(ping=0.01)
    async with aclosing(hub.listen(hub.position, welcome)) as stream:
        await told(stream)
        assert await anext(stream) == b": ping\n\n"


async def test_who_was_signed_out_hears_no_more() -> None:
    async def no_longer() -> bool:
        return False

    hub = a_hub(ping=0.01)
    stream = hub.listen(hub.position, no_longer)
    await told(stream)
    assert [chunk async for chunk in stream] == []
    assert hub.clients == 0


async def test_closing_ends_every_stream_and_admits_none() -> None:
    hub = a_hub(window=60)
    stream = hub.listen(hub.position, welcome)
    await told(stream)
    hub.notify(Change(topic="agents"))
    await told(stream)
    hub.close()
    async with asyncio.timeout(5):
        rest = [chunk async for chunk in stream]
    assert len(rest) <= 1
    assert hub.clients == 0
    with pytest.raises(PreconditionError):
        hub.admit()


async def test_there_is_a_limit_to_streams() -> None:
    hub = a_hub(most_clients=1)
    async with aclosing(hub.listen(hub.position, welcome)) as stream:
        await told(stream)
        with pytest.raises(PreconditionError, match="1 live streams"):
            hub.admit()


@given(name=st.text())
def test_no_id_forges_a_line_of_the_stream(name: str) -> None:
    client = _Client()
    client.mark(Change(topic="incidents", id=name))
    for block in a_hub()._take(client).split(b"\n\n")[:-1]:
        assert [line.split(b":")[0] for line in block.split(b"\n")] == [b"id", b"event", b"data"]


async def test_the_route_streams_events_and_last_event_id_wins(board: Board) -> None:
    left_at = board.hub.position
    board.hub.notify(Change(topic="approvals", id="a1"))
    seen: list[bytes] = []
    scope = {
        "type": "http", "method": "GET", "path": "/api/events", "query_string": b"since=test.99", "root_path": "",
        "headers": [(b"authorization", b"Bearer nocm_nina"), (b"last-event-id", left_at.encode())],
        "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "scheme": "http",
        "server": ("noc.example", 80), "client": ("192.0.2.7", 1),
    }  # fmt: skip
    gone = asyncio.Event()

    async def receive() -> dict[str, str]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        seen.append(message.get("body", b""))
        if message["type"] == "http.response.start":
            headers = dict(message["headers"])
            assert headers[b"content-type"].startswith(b"text/event-stream")
            assert b"content-security-policy" in headers
        if b"approvals-a1" in seen[-1]:
            gone.set()

    async with asyncio.timeout(5):
        await board.app(scope, receive, send)
    assert b"event: hello" in b"".join(seen)
    assert board.hub.clients == 0
