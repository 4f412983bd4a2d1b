"""NetBox's REST API, read: pages, and what goes wrong on the way. The door to HTTP for what reads an inventory.

Nothing that the server says is believed further than it must be: addresses of following pages stay on the server that
was named, an answer has a size, and a list has an end.
"""

import json
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import httpx2

from nocmesh.errors import DeniedError, InvalidInputError, NocmeshError, NotFoundError, PreconditionError, TooLateError

PAGE = 250
MOST_PAGES = 2_000
MOST_BYTES = 64 * 1024 * 1024
SECONDS = 30.0
Params = Sequence[tuple[str, str]]


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
        self._seconds = seconds
        self._token = token.encode()
        try:
            trust = ssl.create_default_context(cafile=ca_file) if ca_file and verify else verify
            self._http = httpx2.Client(
                base_url=self.url, headers=headers, timeout=seconds, trust_env=False, verify=trust
            )
        except (OSError, ValueError, httpx2.InvalidURL) as wrong:
            raise PreconditionError(f"{self.url}: cannot be asked: {wrong}; correct url, token or ca_file") from wrong

    def __enter__(self) -> "NetBoxClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

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
        status, raw = self._get(path, query)
        if status != httpx2.codes.OK:
            raise _refused(f"{self.url}{path.partition('?')[0]}", status, raw)
        try:
            return json.loads(raw)
        except (ValueError, RecursionError) as wrong:
            raise InvalidInputError(
                f"{self.url}{path}: answers with something that is no JSON ({raw[:60]!r}); "
                "give the address of NetBox itself, as https://netbox.example.net"
            ) from wrong

    def _get(self, path: str, query: Params) -> tuple[int, bytes]:
        where = f"{self.url}{path.partition('?')[0]}"
        body = bytearray()
        end = time.monotonic() + self._seconds
        try:
            with self._http.stream("GET", path, params=list(query) or None) as response:
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > MOST_BYTES:
                        raise InvalidInputError(f"{where}: an answer of more than {MOST_BYTES} bytes; narrow filters")
                    if time.monotonic() > end:
                        raise self._late(where)
        except httpx2.TimeoutException as late:
            raise self._late(where) from late
        except (httpx2.HTTPError, httpx2.InvalidURL) as wrong:
            text = f"{where}: cannot be reached ({type(wrong).__name__}: {wrong}); check url and network"
            raise PreconditionError(text) from wrong
        return response.status_code, self._without_token(bytes(body))

    def _late(self, where: str) -> TooLateError:
        return TooLateError(f"{where}: no answer within {self._seconds:g} s; try again, or narrow filters")

    def _without_token(self, body: bytes) -> bytes:
        """What a server repeats of the question is no answer: the token goes into no row, error or log."""
        return body.replace(self._token, b"(token)") if self._token else body


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
        data = json.loads(raw)
    except (ValueError, RecursionError):
        return ""
    detail = data.get("detail", data) if isinstance(data, dict) else data
    return f": {str(detail)[:200]}"
