"""The OpenAPI 3.1 document, made from the route table."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from nocmesh import __version__
from nocmesh.messages.explanation import Explanation
from nocmesh.messages.report import Report
from nocmesh_dashboard.web import Endpoint

_KINDS = {"json": "application/json", "sse": "text/event-stream", "text": "text/plain"}

_ERROR = {
    "type": "object",
    "required": ["error", "field", "expected", "next"],
    "properties": {
        "error": {"type": "string", "description": "what was wrong"},
        "field": {"type": "string", "description": "which field, or empty"},
        "expected": {"description": "what would have been right, or empty"},
        "next": {"type": "string", "description": "what to do now"},
    },
}
_LIST = {
    "type": "object",
    "required": ["items", "next"],
    "properties": {"items": {"type": "array", "items": {"type": "object"}}, "next": {"type": ["string", "null"]}},
}


def document(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """The document for all ``endpoints`` that are no pages."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        if endpoint.kind != "html":
            path = re.sub(r":\w+\}", "}", endpoint.path)
            paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint)
    _, schemas = msgspec.json.schema_components([Report, Explanation], ref_template="#/components/schemas/{name}")
    return {
        "openapi": "3.1.0",
        "info": {"title": "nocmesh", "version": __version__, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": {**schemas, "Error": _ERROR, "List": _LIST},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "nocmesh_session"},
            },
        },
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": endpoint.summary,
        "operationId": endpoint.handler.__name__,
        "parameters": [*_path_parameters(endpoint), *_query_parameters(endpoint)],
        "responses": {str(status): _answer(endpoint, status) for status in endpoint.answers},
        "security": [] if endpoint.open else [{"token": []}, {"session": []}],
    }
    operation["responses"]["default"] = {
        "description": "what was wrong, what was expected, what to do",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    if endpoint.body:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": endpoint.body}}}
    return operation


def _answer(endpoint: Endpoint, status: int) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{endpoint.schema}"} if endpoint.schema else {}
    return {"description": endpoint.summary, "content": {_KINDS[endpoint.kind]: {"schema": schema}}}


def _path_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    names = re.findall(r"\{(\w+)", endpoint.path)
    return [{"name": n, "in": "path", "required": True, "schema": {"type": "string"}} for n in names]


def _query_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "query", "description": text, "schema": {"type": "string"}}
        for name, text in endpoint.query.items()
    ]
