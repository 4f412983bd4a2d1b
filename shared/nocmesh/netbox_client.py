"""NetBox's REST API, read: pages, and what goes wrong on the way.

Nothing that the server says is believed further than it must be: addresses of following pages stay on the server that
was named, an answer has a size, and a list has an end.
"""

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from nocmesh.errors import DeniedError, InvalidInputError, NocmeshError, NotFoundError, PreconditionError
from nocmesh.web import MOST_BYTES, OK, Advice, Params, Web, plain

PAGE = 250
MOST_PAGES = 2_000
SECONDS = 30.0


class NetBoxClient:
    """One conversation with a NetBox. Every error names the address that it was about."""

    def __init__(
        self, url: str, token: str, *, verify: bool = True, ca_file: str = "", seconds: float = SECONDS
    ) -> None:
        """``verify``: False trusts any certificate; ``ca_file``: the authority's own; ``seconds``: for a whole answer.

        Raises PreconditionError.
        """
        self.url = url.rstrip("/")
        headers = {"Accept": "application/json"}
        if token:
            kind = "Bearer" if token.startswith("nbt_") else "Token"  # version 2 of its tokens, NetBox 4.5
            headers["Authorization"] = f"{kind} {token}"
        advice = Advice(settings="url, token or ca_file", narrower="narrow filters")
        self._web = Web(self.url, headers, advice, verify=verify, ca_file=ca_file, seconds=seconds, most=MOST_BYTES)
        self._token = token.encode()

    def __enter__(self) -> "NetBoxClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._web.close()

    def items(self, path: str, params: Params = ()) -> Iterator[dict[str, Any]]:
        """Every object of the list at ``path``, page by page.

        Raises DeniedError, NotFoundError, TooLateError, PreconditionError, InvalidInputError.
        """
        where: str = path
        query: Params = [*params, ("limit", str(PAGE)), ("offset", "0")]
        seen: set[str] = set()
        for _ in range(MOST_PAGES):
            page = self._page(where, query)
            yield from page["results"]
            following = page.get("next")
            if following is None:
                return
            where, query = self._following(path, following)
            if where in seen:
                raise InvalidInputError(f"{self.url}{path}: its pages go round in a circle at {where[:200]}")
            seen.add(where)
        raise InvalidInputError(f"{self.url}{path}: more than {MOST_PAGES} pages; narrow it with filters")

    def _following(self, path: str, following: object) -> tuple[str, Params]:
        """The next page, on the server that was named whatever the answer says: the token goes nowhere else."""
        if not isinstance(following, str) or not following:
            raise InvalidInputError(f"{self.url}{path}: 'next' is {repr(following)[:80]}; expected an address or null")
        parts = urlsplit(following)
        return f"{path}?{parts.query}", ()

    def _page(self, path: str, query: Params) -> Mapping[str, Any]:
        data = self._json(path, query)
        results = data.get("results") if isinstance(data, dict) else None
        if not isinstance(results, list) or not all(isinstance(item, dict) for item in results):
            raise InvalidInputError(
                f"{self.url}{path}: answers, but not as NetBox does: expected a list of results; "
                "give the address of NetBox itself, as https://netbox.example.net"
            )
        return data  # type: ignore[no-any-return]

    def _json(self, path: str, query: Params) -> Any:
        status, raw = self._web.ask("GET", path, query)
        # What a server repeats of the question is no answer: the token goes into no row, error or log.
        raw = raw.replace(self._token, b"(token)") if self._token else raw
        if status != OK:
            raise _refused(f"{self.url}{path.partition('?')[0]}", status, raw)
        try:
            return plain(raw)
        except ValueError as wrong:
            raise InvalidInputError(
                f"{self.url}{path}: answers with something that is no JSON ({raw[:60]!r}); "
                "give the address of NetBox itself, as https://netbox.example.net"
            ) from wrong


def _refused(where: str, status: int, raw: bytes) -> NocmeshError:
    """What a status other than 200 means to who asked."""
    said = _said(raw)
    if status in (401, 403):
        return DeniedError(f"{where}: NetBox refuses the token ({status}{said}); give one that may read")
    if status == 404:
        return NotFoundError(f"{where}: nothing is there (404); give the address of NetBox, without /api")
    if status == 429:
        return PreconditionError(f"{where}: NetBox takes no more questions now (429{said}); ask again in a minute")
    if status == 400:
        return InvalidInputError(f"{where}: NetBox does not take a filter (400{said}); correct filters")
    if 300 <= status < 400:
        return PreconditionError(f"{where}: is somewhere else ({status}); give the address that it leads to")
    return PreconditionError(f"{where}: NetBox answers {status}{said}; look at its log, then try again")


def _said(raw: bytes) -> str:
    try:
        data = plain(raw)
    except ValueError:
        return ""
    detail = data.get("detail", data) if isinstance(data, dict) else data
    return f": {str(detail)[:200]}"
