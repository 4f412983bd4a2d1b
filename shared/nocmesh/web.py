"""Asking a server over HTTP: one answer of bounded size, and what goes wrong on the way, said plainly.

The door to HTTP for what reads an inventory or a secret. No redirect is followed, and no proxy of the environment is
used: what is sent goes to the server that was named and nowhere else.
"""

import json
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import httpx2

from nocmesh.errors import InvalidInputError, PreconditionError, TooLateError

MOST_BYTES = 64 * 1024 * 1024
OK = 200
Params = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """How errors end: what to look at when a server cannot be asked, answers late, or answers too much."""

    settings: str
    """Such as `url, token or ca_file`."""
    narrower: str = ""
    """Such as `narrow filters`."""


class Web:
    """One conversation with a server. Every error names the address that it was about, and none a header."""

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        advice: Advice,
        *,
        verify: bool = True,
        ca_file: str = "",
        seconds: float = 30.0,
        most: int = MOST_BYTES,
    ) -> None:
        """``verify``: False trusts any certificate; ``ca_file``: the authority's own; ``seconds``: for a whole answer.

        Raises PreconditionError.
        """
        self.url = url.rstrip("/")
        self._advice, self._seconds, self._most = advice, seconds, most
        try:
            trust = ssl.create_default_context(cafile=ca_file) if ca_file and verify else verify
            self._http = httpx2.Client(
                base_url=self.url, headers=dict(headers), timeout=seconds, trust_env=False, verify=trust
            )
        except (OSError, ValueError, httpx2.InvalidURL) as wrong:
            told = f"{self.url}: cannot be asked: {wrong}; correct {advice.settings}"
            raise PreconditionError(told) from wrong

    def __enter__(self) -> "Web":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the conversation."""
        self._http.close()

    def ask(self, method: str, path: str, params: Params = (), body: Any = None) -> tuple[int, bytes]:
        """Status and body of the answer. Raises TooLateError, PreconditionError, InvalidInputError (too large)."""
        where = f"{self.url}{path.partition('?')[0]}"
        found = bytearray()
        query: list[tuple[str, Any]] | None = [*params] or None
        end = time.monotonic() + self._seconds
        try:
            with self._http.stream(method, path, params=query, json=body) as response:
                for chunk in response.iter_bytes():
                    found += chunk
                    if len(found) > self._most:
                        told = f"{where}: an answer of more than {self._most} bytes{self._narrower('; ')}"
                        raise InvalidInputError(told)
                    if time.monotonic() > end:  # the client bounds each piece alone: a drop a second would never end
                        raise self._late(where)
        except httpx2.TimeoutException as late:
            raise self._late(where) from late
        except (httpx2.HTTPError, httpx2.InvalidURL) as wrong:
            text = f"{where}: cannot be reached ({type(wrong).__name__}: {wrong}); check url and network"
            raise PreconditionError(text) from wrong
        return response.status_code, bytes(found)

    def _late(self, where: str) -> TooLateError:
        return TooLateError(f"{where}: no answer within {self._seconds:g} s; try again{self._narrower(', or ')}")

    def _narrower(self, joint: str) -> str:
        return f"{joint}{self._advice.narrower}" if self._advice.narrower else ""


def plain(raw: bytes) -> Any:
    """The JSON in ``raw``. Raises ValueError for anything else, however deep."""
    try:
        return json.loads(raw)
    except RecursionError as deep:
        raise ValueError("nested too deeply") from deep
