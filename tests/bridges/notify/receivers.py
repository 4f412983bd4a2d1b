"""Where notifications arrive: a web server that keeps what is posted, and a mail server that keeps letters."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.smtp import SMTP


@dataclass
class Hook:
    """A web hook that many chats resemble."""

    port: int = 0
    got: list[dict[str, Any]] = field(default_factory=list)
    refuse: list[int] = field(default_factory=list)
    """Statuses to answer the next posts with; then 200."""
    at_once: int = 0
    most_at_once: int = 0
    silent: threading.Event = field(default_factory=threading.Event)
    """Clear: it answers only when this is set."""

    @property
    def titles(self) -> list[str]:
        return [each["title"] for each in self.got]

    def url(self, path: str = "", *, scheme: str = "json") -> str:
        return f"{scheme}://127.0.0.1:{self.port}/{path}"


@contextmanager
def hook() -> Iterator[Hook]:
    """A receiver on a free port, until the block ends."""
    kept = Hook()
    kept.silent.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kept.at_once += 1
            kept.most_at_once = max(kept.most_at_once, kept.at_once)
            kept.silent.wait(10)
            kept.at_once -= 1
            status = kept.refuse.pop(0) if kept.refuse else 200
            if status == 200:
                kept.got.append(json.loads(body))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        kept.port = server.server_address[1]
        try:
            yield kept
        finally:
            kept.silent.set()
            server.shutdown()
            thread.join()


@dataclass
class Post:
    """A mail server's box."""

    port: int = 0
    letters: list[Message] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.letters.append(message_from_bytes(envelope.content))
        return "250 kept"


@asynccontextmanager
async def post() -> AsyncIterator[Post]:
    """A mail server on a free port, until the block ends."""
    box = Post()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(box), "127.0.0.1", 0)
    async with server:
        box.port = server.sockets[0].getsockname()[1]
        yield box
