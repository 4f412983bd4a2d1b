"""Passes what monitoring systems send on to the alerts bridge, which listens on its own socket."""

from collections.abc import AsyncIterator

import httpx2
from starlette.requests import Request
from starlette.responses import Response

from nocmesh.errors import InvalidInputError, PreconditionError
from nocmesh.settings import Address

MOST_BYTES = 1_000_000
"""Above what any monitoring system sends; the broker refuses larger messages anyway."""

# RFC 9110 §7.6.1, and what is the dashboard's own business.
_NOT_PASSED = frozenset(
    {
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding",
        "upgrade", "host", "cookie", "content-length", "x-nocmesh-user",
    }
)  # fmt: skip


class WebhookProxy:
    """One door to the alerts bridge at ``address``."""

    def __init__(self, address: Address, *, timeout: float = 15.0) -> None:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address.host, address.host)  # noqa: S104 - compared only
        self._base = f"http://{Address(host, address.port)}"
        self._timeout = timeout
        self._opened: httpx2.AsyncClient | None = None

    async def forward(self, request: Request) -> Response:
        """Send ``request`` on, its signature headers and exact bytes with it; 502 when nobody is there."""
        body = await read_body(request, MOST_BYTES)
        headers = [(k, v) for k, v in request.headers.items() if k not in _NOT_PASSED]
        url = f"{self._base}{request.url.path}{'?' + request.url.query if request.url.query else ''}"
        try:
            answer = await self._client().request(request.method, url, content=body, headers=headers)
        except httpx2.HTTPError as error:
            raise PreconditionError(
                f"the alerts bridge at {self._base} does not answer: {str(error) or type(error).__name__}",
                status=502,
                next="start it: nocmesh bridge run alerts; the sender should try again",
            ) from error
        return Response(answer.content, answer.status_code, media_type=answer.headers.get("content-type"))

    async def close(self) -> None:
        """Close its connections."""
        if self._opened is not None:
            await self._opened.aclose()

    def _client(self) -> httpx2.AsyncClient:
        if self._opened is None:  # made at first use: it reads all certificates of the machine
            self._opened = httpx2.AsyncClient(timeout=self._timeout, trust_env=False, follow_redirects=False)
        return self._opened


async def read_body(request: Request, most: int) -> bytes:
    """The body of ``request``; raises InvalidInputError (413) as soon as it is longer than ``most`` bytes."""
    out = bytearray()
    chunks: AsyncIterator[bytes] = request.stream()
    async for chunk in chunks:
        out += chunk
        if len(out) > most:
            raise InvalidInputError(
                f"the body is longer than {most} bytes", field="body", status=413, expected=f"at most {most} bytes"
            )
    return bytes(out)
