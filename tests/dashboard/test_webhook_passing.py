"""Webhooks pass to the alerts bridge byte for byte, with their signatures; and say so when it is down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from nocmesh.settings import Address
from nocmesh_dashboard.webhooks import WebhookProxy

pytestmark = pytest.mark.real

if TYPE_CHECKING:
    from dashboard.conftest import Board


class Bridge:
    """A bridge that remembers what it got, on a socket of its own."""

    def __init__(self) -> None:
        self.got = b""
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        self.got = head + await reader.readexactly(length)
        body = b'{"accepted":1,"alert_ids":["a"]}'
        head = b"HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\nconnection: close\r\n"
        writer.write(head + b"content-length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def stop(self) -> None:
        assert self._server
        self._server.close()
        await self._server.wait_closed()


@pytest.fixture
async def bridge() -> AsyncIterator[Bridge]:
    bridge = Bridge()
    await bridge.start()
    yield bridge
    await bridge.stop()


async def point_at(board: Board, port: int) -> WebhookProxy:
    web = board.app.state.web
    await web.proxy.close()
    proxy = WebhookProxy(Address("0.0.0.0", port))
    fields = {name: getattr(web, name) for name in web.__slots__}
    board.app.state.web = type(web)(**{**fields, "proxy": proxy})
    return proxy


async def test_a_webhook_reaches_the_bridge_as_it_was_sent(board: Board, bridge: Bridge) -> None:
    proxy = await point_at(board, bridge.port)
    headers = {
        "X-Signature": "sha256=abc",
        "Authorization": "Bearer shared",
        "Cookie": "nocmesh_session=s-nina",
        "X-Nocmesh-User": "nina",
        "Sec-Fetch-Site": "cross-site",
        "Content-Type": "application/json",
    }
    async with board.client("", headers=headers) as client:
        answer = await client.post("/api/webhooks/alertmanager?team=a%20b", content=b'{"raw" : 1}\n')
    await proxy.close()
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
    head, _, body = bridge.got.partition(b"\r\n\r\n")
    assert body == b'{"raw" : 1}\n'
    assert head.startswith(b"POST /api/webhooks/alertmanager?team=a%20b HTTP/1.1")
    low = head.lower()
    assert b"x-signature: sha256=abc" in low
    assert b"authorization: bearer shared" in low
    assert b"cookie" not in low
    assert b"x-nocmesh-user" not in low


async def test_a_bridge_that_is_down_is_said_to_the_sender(board: Board) -> None:
    async with board.client("") as client:
        answer = await client.post("/api/webhooks/datadog", content=b"{}")
    await board.app.state.web.proxy.close()
    assert answer.status_code == 502
    assert "alerts bridge" in answer.json()["error"]
    assert "try again" in answer.json()["next"]


async def test_a_body_without_end_is_cut_off(board: Board) -> None:
    async with board.client("") as client:
        answer = await client.post("/api/webhooks/datadog", content=b"x" * 1_000_001)
    await board.app.state.web.proxy.close()
    assert answer.status_code == 413
