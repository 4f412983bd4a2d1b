"""One request to a service, within what the target file allows. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args
from urllib.parse import urlencode

from nocmesh.errors import GuardError, InvalidInputError
from nocmesh_bridges.connect.form import Method, ServiceEntry
from nocmesh_bridges.connect.lines import lines_of, plain

_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@/-]*")
"""RFC 3986 §3.3 without percent signs: what is written otherwise could be read as another path."""
_ONE = (str, int, float, bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is sent; everything but the headers."""

    target: str
    method: Method
    path: str
    url: str
    """Base address and path."""
    query: tuple[tuple[str, str], ...] = ()
    body: Any = None
    depends_on: str = ""
    """A path whose answer must be the same when this is sent as when it was proposed."""

    @property
    def lines(self) -> list[str]:
        """Method and address, then what belongs to it."""
        values: dict[str, Any] = {"query": [list(pair) for pair in self.query]} if self.query else {}
        values |= {} if self.body is None else {"body": self.body}
        values |= {"depends on": self.depends_on} if self.depends_on else {}
        return lines_of(f"{self.method} {self.url}", values)

    @property
    def address(self) -> str:
        """The whole address."""
        return f"{self.url}?{urlencode(self.query)}" if self.query else self.url


def request_of(entry: ServiceEntry, arguments: Mapping[str, Any], *, method: str) -> Request:
    """The request that ``arguments`` ask for. Raises GuardError for what the target does not allow."""
    if method not in get_args(Method) or method not in entry.methods:
        allowed = ", ".join(entry.methods)
        raise _refused(f"{entry.name} allows {allowed}, not {method[:20]!r}")
    path = allowed_path(entry, str(arguments.get("path", "")))
    depends_on = str(arguments.get("depends_on") or "")
    return Request(
        target=entry.name,
        method=method,
        path=path,
        url=f"{entry.url}{path}",
        query=_query(arguments.get("query")),
        body=arguments.get("body"),
        depends_on=allowed_path(entry, depends_on) if depends_on else "",
    )


def allowed_path(entry: ServiceEntry, path: str) -> str:
    """``path``, which follows the base address. Raises GuardError."""
    if not _PATH.fullmatch(path) or len(path) > 1000:
        raise _refused(f"{path[:80]!r} is no plain path; expected one such as /dcim/devices/")
    if any(part in (".", "..", "") for part in path[1:].removesuffix("/").split("/") if path != "/"):
        raise _refused(f"{path[:80]!r} has a part that is empty or made of dots")
    under = any(path == each or (each.endswith("/") and path.startswith(each)) for each in entry.paths)
    if not under:
        raise _refused(f"{entry.name} allows paths under {', '.join(entry.paths)}, not {path[:80]!r}")
    return path


def _query(given: Any) -> tuple[tuple[str, str], ...]:
    """Raises InvalidInputError."""
    pairs = list(given.items()) if isinstance(given, Mapping) else given or []
    found: list[tuple[str, str]] = []
    for pair in pairs if isinstance(pairs, list) and len(pairs) <= 100 else [None]:
        if not isinstance(pair, list | tuple) or len(pair) != 2 or not isinstance(pair[0], str):
            raise InvalidInputError("'query' is no object of at most 100 names and values", field="query")
        for value in pair[1] if isinstance(pair[1], list) else [pair[1]]:
            if not isinstance(value, _ONE):
                raise InvalidInputError(f"the query's {pair[0][:80]!r} is no text, number or truth", field="query")
            text = str(value).lower() if isinstance(value, bool) else str(value)
            found.append((plain(pair[0], "a name in the query"), plain(text, "a value in the query")))
    return tuple(found)


def _refused(reason: str) -> GuardError:
    return GuardError(f"the request is refused: {reason}", reason=reason)
