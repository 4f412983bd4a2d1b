"""The reference page of the API, made from the route table: ``python -m nocmesh_dashboard.reference``."""

import sys
from collections.abc import Iterable

from nocmesh_dashboard.routes import API
from nocmesh_dashboard.web import Endpoint

_HEAD = """\
# The API

<!-- Generated from nocmesh_dashboard.routes; `python -m nocmesh_dashboard.reference > docs/reference/api.md` -->

`GET /api/openapi.json` of a running dashboard is the same in OpenAPI 3.1. Lists answer `{"items": [...], "next": ...}`;
what is refused answers `{"error", "field", "expected", "next"}` with its status. Send a personal token
(`nocmesh token create USER`) as `Authorization: Bearer ...`, or sign in and keep the cookie. Where the mesh runs with
`--no-auth-for-loopback`, a local request acts as the inventory user named in `X-Nocmesh-User`.
"""


def page(endpoints: Iterable[Endpoint] = API) -> str:
    """The page, in Markdown."""
    rows = [_row(endpoint) for endpoint in endpoints if endpoint.kind != "html"]
    return "\n".join([_HEAD, "| call | what it does | who | answers |", "| --- | --- | --- | --- |", *rows, ""])


def _row(endpoint: Endpoint) -> str:
    who = "anybody" if endpoint.open else "signed in"
    query = (
        f" Query: {', '.join(f'`{name}` {text}' for name, text in endpoint.query.items())}." if endpoint.query else ""
    )
    answers = ", ".join(str(status) for status in endpoint.answers)
    return f"| `{endpoint.method} {endpoint.path}` | {endpoint.summary}.{query} | {who} | {answers} |"


if __name__ == "__main__":
    sys.stdout.write(page())
