"""The application: the route table, and what holds for every route.

Nobody gets past a route that is not marked open without saying who they are; nothing that changes state may be sent
by another site's page; every answer carries the content security policy; every refusal says what to do next.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nocmesh.clock import Clock
from nocmesh.errors import NocmeshError
from nocmesh.log import Log
from nocmesh.settings import Settings
from nocmesh_dashboard import looks
from nocmesh_dashboard.backend import Backend
from nocmesh_dashboard.openapi import document
from nocmesh_dashboard.people import Trust, proof_of, refuse_foreign
from nocmesh_dashboard.problems import body_of, page_of, status_of
from nocmesh_dashboard.routes import ENDPOINTS
from nocmesh_dashboard.stream import Hub
from nocmesh_dashboard.text import finalize
from nocmesh_dashboard.web import NOBODY, Call, Endpoint, Web, answer, who
from nocmesh_dashboard.webhooks import WebhookProxy

HERE = Path(__file__).parent

# No inline script or style, nothing from elsewhere, no framing: what an injected tag would need is not there.
POLICY = "; ".join(
    (
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "font-src 'self'",
        "connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
    )
)  # fmt: skip
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)


def create_app(backend: Backend, settings: Settings, *, hub: Hub, clock: Clock, log: Log) -> Starlette:
    """The application over ``backend``; it subscribes ``hub`` to its changes while it runs."""
    web = Web(
        backend=backend,
        hub=hub,
        proxy=WebhookProxy(settings.webhooks),
        trust=Trust(loopback=settings.no_auth_for_loopback),
        clock=clock,
        log=log,
        templates=templates(),
    )
    app = Starlette(
        routes=routes(ENDPOINTS),
        middleware=[Middleware(SafeHeaders)],
        exception_handlers={HTTPException: refused, NocmeshError: refused, Exception: refused},
        lifespan=_lifespan,
    )
    app.state.web = web
    return app


@cache
def templates() -> Environment:
    """Templates that escape everything, and write hidden characters out; compiled once."""
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals["looks"] = looks
    env.filters["words"] = looks.words
    return env


def routes(endpoints: Sequence[Endpoint]) -> list[BaseRoute]:
    """The route table, with the description of itself and the files."""

    async def openapi(_request: Request) -> Response:
        return answer(document(endpoints))

    table: list[BaseRoute] = [
        Route(e.path, _guarded(e), methods=[e.method], name=e.handler.__name__) for e in endpoints
    ]
    table.append(Route("/api/openapi.json", openapi, methods=["GET"]))
    table.append(Mount("/static", StaticFiles(directory=HERE / "static")))
    return table


def _guarded(endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        web: Web = request.app.state.web
        if not endpoint.foreign:
            refuse_foreign(request.method, request.headers)
        proof, person = (proof_of(request, web.trust), NOBODY) if endpoint.open else await who(request, web)
        return await endpoint.handler(Call(request, web, proof, person))

    return serve


async def refused(request: Request, error: Exception) -> Response:
    """The answer to a request that failed: JSON for programs, a page for people."""
    web: Web = request.app.state.web
    status = status_of(error)
    if status >= 500:
        web.log.error("request_failed", path=request.url.path, status=status, error=str(error), exc_info=error)
    if "text/html" not in request.headers.get("accept", "") or request.url.path.startswith("/api/"):
        return answer(body_of(error, status), status)
    if status == 401:
        return _to_sign_in(request)
    return _problem_page(web, page_of(error, status), status)


def _to_sign_in(request: Request) -> Response:
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": "/sign-in"})
    return RedirectResponse("/sign-in", 303)


def _problem_page(web: Web, facts: dict[str, Any], status: int) -> Response:
    html = web.templates.get_template("problem.html").render(**facts, status=status, person=NOBODY, trust=web.trust)
    return Response(html, status, media_type="text/html")


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    web: Web = app.state.web
    unsubscribe = web.backend.subscribe(web.hub.notify)
    try:
        yield
    finally:
        unsubscribe()
        web.hub.close()
        await web.proxy.close()


class SafeHeaders:
    """Puts the safety headers on every answer, streams included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *HEADERS]}
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)
