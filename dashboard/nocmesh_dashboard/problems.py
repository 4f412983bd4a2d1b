"""Errors as HTTP answers: which status, and a body that says what was wrong, what was expected and what to do."""

from typing import Any

from starlette.exceptions import HTTPException

from nocmesh.errors import (
    BusError,
    DeniedError,
    DeviceError,
    InvalidInputError,
    NocmeshError,
    NotFoundError,
    OutcomeUnknownError,
    PreconditionError,
    UsageError,
)

_BY_CODE = {"unauthenticated": 401, "denied": 403, "not_found": 404, "conflict": 409, "invalid": 422}

_BY_TYPE: tuple[tuple[type[NocmeshError], int], ...] = (
    (NotFoundError, 404),
    (InvalidInputError, 422),
    (UsageError, 400),
    (DeniedError, 403),
    (PreconditionError, 409),
    (OutcomeUnknownError, 504),
    (BusError, 503),
    (DeviceError, 502),
)

_NEXT = {
    401: "sign in at /sign-in, or send `Authorization: Bearer nocm_…`",
    403: "ask somebody with the role that is named",
    404: "list what is there, for example GET /api/incidents",
    405: "GET /api/openapi.json lists paths and methods",
    409: "reload and look at its present state",
    413: "send less",
    415: "send the header `Content-Type: application/json`",
    422: "correct the field and send it again",
    503: "try again in a moment; GET /api/ready says what is missing",
    504: "it may have happened: look before you repeat it",
}

_NEXT_ON_PAGE = {
    404: "choose it on the live page, which lists what is there",
    405: "go back and use the buttons of the page",
    415: "go back and use the form of the page",
    503: "reload in a moment",
}
"""For a person with a browser, where the other words are for programs."""


def status_of(error: Exception) -> int:
    """The HTTP status for ``error``; the fact `code` or `status` of an error wins over its type."""
    if isinstance(error, HTTPException):
        return error.status_code
    if not isinstance(error, NocmeshError):
        return 500
    code = error.facts.get("code")
    if code in _BY_CODE:
        return _BY_CODE[code]
    if isinstance(error.facts.get("status"), int):
        return int(error.facts["status"])
    return next((status for kind, status in _BY_TYPE if isinstance(error, kind)), 500)


def body_of(error: Exception, status: int) -> dict[str, Any]:
    """The JSON body for ``error``; what is not one of our errors is not shown, only logged."""
    facts: dict[str, Any] = error.facts if isinstance(error, NocmeshError) else {}
    return {
        "error": _message(error),
        "field": str(facts.get("field", "")),
        "expected": facts.get("expected") or facts.get("known") or "",
        "next": facts.get("next") or _NEXT.get(status, "the log of the dashboard has the reason"),
    }


def page_of(error: Exception, status: int) -> dict[str, Any]:
    """The same facts for a person with a browser, who calls no API."""
    facts = body_of(error, status)
    for_programs = "/api/" in facts["next"] or facts["next"] == _NEXT.get(status)
    return {**facts, "next": _NEXT_ON_PAGE.get(status, facts["next"])} if for_programs else facts


def unauthenticated(message: str = "nobody is signed in") -> DeniedError:
    """The error for a request that does not say whose it is."""
    return DeniedError(message, code="unauthenticated", expected="a session or a personal token")


def _message(error: Exception) -> str:
    if isinstance(error, NocmeshError):
        return error.message
    return str(error.detail) if isinstance(error, HTTPException) else "something went wrong here"
