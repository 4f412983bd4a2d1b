"""The HTTP side of the alerts bridge: a body is read, checked and handed over; 202 means that the stream has it.

What is published is the raw body, once: the incidents role parses it again, so that nothing between the sender and
the incident can change what the sender said.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from nocmesh.alerting import sources
from nocmesh.alerting.fields import MAX_BYTES
from nocmesh.clock import Clock
from nocmesh.errors import InvalidInputError, NocmeshError, NotFoundError
from nocmesh.log import Log
from nocmesh.messages.inventory import InventoryChanged
from nocmesh_bridges.alerts import netboxhook
from nocmesh_bridges.alerts.deliveries import Deliveries

Publish = Callable[[str, bytes, str], Awaitable[int]]
"""Source, raw body and id; returns the place in the stream once it is stored, raises a BusError when it is not."""

BODY_SECONDS = 15.0
"""A sender that needs longer for 1 MB holds a connection on purpose."""
RETRY_AFTER = "5"
"""Seconds: a broker's restart or a new leader takes about as long."""


class _TooLargeError(InvalidInputError):
    """The body is over the limit."""


class _TooSlowError(InvalidInputError):
    """The body did not come in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetBoxDoor:
    """How NetBox's webhooks are taken."""

    secret: str = field(repr=False)
    tell: Callable[[InventoryChanged], Awaitable[None]]
    """Raises a BusError when nobody could be told."""


def receiver(
    publish: Publish,
    clock: Clock,
    log: Log,
    *,
    body_seconds: float = BODY_SECONDS,
    netbox: NetBoxDoor | None = None,
) -> Starlette:
    """The application that hands each webhook's body to ``publish``, and NetBox's changes to ``netbox``."""
    door = _Door(publish, clock, log, body_seconds, netbox)
    return Starlette(
        routes=[
            Route("/api/webhooks/netbox", door.changed, methods=["POST"]),
            Route("/api/webhooks/{source}", door.receive, methods=["POST"]),
            Route("/api/v1/tickets/webhook/{source}", door.receive, methods=["POST"]),
            Route("/api/health", _health, methods=["GET"]),
        ],
        exception_handlers={
            NocmeshError: door.refuse,
            ClientDisconnect: _gone,
        },
    )


class _Door:
    """One receiver's state: what it needs, and what it delivered lately."""

    def __init__(
        self, publish: Publish, clock: Clock, log: Log, body_seconds: float, netbox: NetBoxDoor | None
    ) -> None:
        self._publish = publish
        self._clock = clock
        self._log = log
        self._body_seconds = body_seconds
        self._deliveries = Deliveries()
        self._netbox = netbox

    async def receive(self, request: Request) -> Response:
        """202 with the ids of the alerts, after the stream has acknowledged the body."""
        source = _known(request.path_params["source"])
        body = await _body(request, self._body_seconds)
        at = self._clock.now()
        alerts = sources.parse(source, body, at)
        alert_ids = list(dict.fromkeys(alert.alert_id for alert in alerts))
        delivery = self._deliveries.id_for(source, body, alert_ids, at)
        sequence = await self._publish(source, body, delivery)
        self._log.info("alerts_accepted", source=source, accepted=len(alerts), id=delivery, sequence=sequence)
        return JSONResponse({"accepted": len(alerts), "alert_ids": alert_ids}, status_code=202)

    async def changed(self, request: Request) -> Response:
        """202 when NetBox's word was proved and passed on; the signature is looked at before anything else."""
        if self._netbox is None:
            raise NotFoundError("no webhook is taken from NetBox: set NOCMESH_NETBOX_WEBHOOK_SECRET")
        body = await _body(request, self._body_seconds)
        netboxhook.prove(body, request.headers.get(netboxhook.HEADER, ""), self._netbox.secret)
        change = netboxhook.change_in(body, self._clock.now())
        if change is not None:
            await self._netbox.tell(change)
            self._log.info("netbox_changed", model=change.model, happened=change.event)
        return JSONResponse({"accepted": int(change is not None)}, status_code=202)

    async def refuse(self, request: Request, error: Exception) -> Response:
        """The answer to a body that was not taken; one of the sender's making is final, one of ours is not."""
        assert isinstance(error, NocmeshError)  # the only class that this handler is registered for
        status, more = _verdict(error)
        self._log.warning("alerts_refused", path=request.url.path, status=status, reason=error.message)
        headers = {"Retry-After": RETRY_AFTER} if status == 503 else None
        return JSONResponse({"error": error.message, **more}, status_code=status, headers=headers)


def _verdict(error: NocmeshError) -> tuple[int, dict[str, Any]]:
    if isinstance(error, NotFoundError):
        return 404, {"known": list(sources.WEBHOOKS)}
    if isinstance(error, netboxhook.UnprovedError):
        return 401, {}
    if isinstance(error, InvalidInputError):
        status = {_TooLargeError: 413, _TooSlowError: 408}.get(type(error), 400)
        return status, {"field": error.field, "reason": error.reason}
    return 503, {}


def _known(source: str) -> str:
    if source not in sources.WEBHOOKS:
        known = ", ".join(sources.WEBHOOKS)
        raise NotFoundError(f"there is no webhook for {source[:60]!r}; known: {known}")
    return source


async def _body(request: Request, seconds: float) -> bytes:
    try:
        async with asyncio.timeout(seconds):
            return await _limited(request)
    except TimeoutError as error:
        reason = f"expected the whole body within {seconds:g} s"
        raise _TooSlowError(f"body: {reason}", field="body", reason=reason) from error


async def _limited(request: Request) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BYTES:
            reason = f"expected at most {MAX_BYTES} bytes"
            raise _TooLargeError(f"body: {reason}", field="body", reason=reason)
        parts.append(part)
    return b"".join(parts)


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _gone(_request: Request, _error: Exception) -> Response:
    """Nobody reads this answer: the sender hung up, and sends again when it wants to."""
    return Response(status_code=400)
