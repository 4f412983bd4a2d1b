"""What every handler of the dashboard works with, and the shape of a route."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qs

import msgspec
from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import Response

from nocmesh.clock import Clock
from nocmesh.errors import InvalidInputError
from nocmesh.log import Log
from nocmesh_dashboard.backend import Backend, Person, Proof
from nocmesh_dashboard.people import Trust, proof_of
from nocmesh_dashboard.problems import unauthenticated
from nocmesh_dashboard.stream import Hub
from nocmesh_dashboard.webhooks import WebhookProxy, read_body

MOST_JSON = 256_000
"""Bytes of a request body; ours are far smaller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """What handlers are handed; it lies in the state of the application."""

    backend: Backend
    hub: Hub
    proxy: WebhookProxy
    trust: Trust
    clock: Clock
    log: Log
    templates: Environment
    title: str = "nocmesh"


@dataclass(frozen=True, slots=True)
class Call:
    """One request with who sent it."""

    request: Request
    web: Web
    proof: Proof
    person: Person

    def path(self, name: str) -> str:
        """A place of the path."""
        return str(self.request.path_params[name])

    def query(self, name: str, default: str = "", *, most: int = 200) -> str:
        """A parameter of the query."""
        return self.request.query_params.get(name, default)[:most]


Handler = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row of the route table: what it is, and who may call it."""

    method: str
    path: str
    handler: Handler
    summary: str
    open: bool = False
    """Nobody need be signed in."""
    foreign: bool = False
    """Other systems send here; it changes nothing in a person's name."""
    kind: Literal["json", "html", "sse", "text"] = "json"
    query: Mapping[str, str] = field(default_factory=dict)
    """Parameters of the query, with what they mean."""
    body: Mapping[str, Any] = field(default_factory=dict)
    """JSON Schema of the body; empty: none."""
    answers: tuple[int, ...] = (200,)
    schema: str = ""
    """The schema of the answer: `List`, `Report`, `Explanation`, or empty for any object."""


NOBODY = Person(name="")


async def who(request: Request, web: Web) -> tuple[Proof, Person]:
    """Who sends ``request``; raises DeniedError (401) when it does not say."""
    proof = proof_of(request, web.trust)
    if proof.empty and not proof.loopback:
        raise unauthenticated()
    return proof, await web.backend.person(proof)


async def json_body(request: Request) -> dict[str, Any]:
    """The body of ``request`` as a JSON object; raises InvalidInputError (413, 415, 422)."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise InvalidInputError(
            f"the body is {kind or 'of no stated type'}", field="Content-Type", status=415, expected="application/json"
        )
    try:
        return msgspec.json.decode(await read_body(request, MOST_JSON), type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise InvalidInputError(
            f"the body is no JSON object: {error}", field="body", expected="a JSON object"
        ) from error
    except RecursionError as error:
        raise InvalidInputError(
            "the body is nested too deeply", field="body", expected="a JSON object of a few levels"
        ) from error


async def form_body(request: Request) -> dict[str, str]:
    """The fields of an HTML form; raises InvalidInputError (413, 415)."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise InvalidInputError(
            f"the body is {kind or 'of no stated type'}", field="Content-Type", status=415, expected="an HTML form"
        )
    text = (await read_body(request, MOST_JSON)).decode("utf-8", "replace")
    return {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True, max_num_fields=50).items()}


def text_field(body: Mapping[str, Any], name: str, *, most: int = 200, default: str | None = None) -> str:
    """A text of the body; raises InvalidInputError that names the field."""
    value = body.get(name, default)
    if not isinstance(value, str) or len(value) > most or (default is None and not value.strip()):
        raise InvalidInputError(
            f"{name} is {_short(value)}",
            field=name,
            expected=f"a text of {0 if default == '' else 1} to {most} characters",
        )
    return value


def one_of(body: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    """A text of the body that is one of ``allowed``."""
    value = body.get(name)
    if value not in allowed:
        raise InvalidInputError(f"{name} is {_short(value)}", field=name, expected=" or ".join(allowed))
    return str(value)


def object_field(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object of the body, empty when it is missing."""
    value = body.get(name, {})
    if not isinstance(value, dict):
        raise InvalidInputError(f"{name} is {_short(value)}", field=name, expected="a JSON object")
    return value


def number(text: str, name: str, *, default: int, most: int) -> int:
    """A whole number of the query from 1 to ``most``."""
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        raise InvalidInputError(f"{name} is {_short(text)}", field=name, expected=f"a number from 1 to {most}")
    return int(text)


def answer(value: object, status: int = 200) -> Response:
    """``value`` as JSON."""
    return Response(
        msgspec.json.encode(value, enc_hook=str), status, {"cache-control": "no-store"}, media_type="application/json"
    )


def _short(value: object) -> str:
    return "missing" if value is None else repr(value)[:60]
