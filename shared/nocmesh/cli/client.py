"""Asking the dashboard's API: what the CLI shows is what the dashboard shows."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any
from urllib.parse import quote

import httpx2

from nocmesh.errors import (
    DeniedError,
    InvalidInputError,
    NocmeshError,
    NotFoundError,
    PreconditionError,
    TooLateError,
)
from nocmesh.launch.home import Home
from nocmesh.settings import Settings

TIMEOUT = 30.0


class Client:
    """One conversation with a dashboard. Raises errors with the exit codes of the contract."""

    def __init__(self, url: str, token: str = "", user: str = "") -> None:
        headers = {"Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if user:
            headers["X-Nocmesh-User"] = user
        self.url = url
        secure = url.startswith("https:")  # else the certificates of the world would be loaded for nothing
        self._http = httpx2.AsyncClient(base_url=url, headers=headers, timeout=TIMEOUT, trust_env=False, verify=secure)

    @classmethod
    def of(cls, settings: Settings, user: str = "") -> "Client":
        """The client for the mesh that the settings name, or that runs in the data folder."""
        running = Home(settings.data).endpoint()
        named = "url" in settings.model_fields_set
        url = settings.url if named or running is None else running.http
        token = settings.token.get_secret_value() if settings.token else ""
        return cls(url, token, user)

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def get(self, path: str, *names: str, **query: Any) -> Any:
        """The JSON at ``path``, whose `{}` stand for ``names``."""
        return await self._ask("GET", path, names, params={k: v for k, v in query.items() if v is not None})

    async def post(self, path: str, *names: str, body: Mapping[str, Any]) -> Any:
        """The JSON answer to ``body``."""
        return await self._ask("POST", path, names, json=dict(body))

    async def _ask(self, method: str, path: str, names: Sequence[str], **more: Any) -> Any:
        where = path.format(*(quote(name, safe="") for name in names))
        try:
            response = await self._http.request(method, where, **more)
        except (httpx2.ReadTimeout, httpx2.WriteTimeout) as late:
            raise TooLateError(
                f"{self.url} did not answer within {TIMEOUT:g} s: look at its log, then ask again"
            ) from late
        except (httpx2.TransportError, httpx2.InvalidURL) as wrong:
            raise PreconditionError(
                f"no dashboard answers at {self.url} ({type(wrong).__name__}): start one with `nocmesh up`, "
                "or name it with --url or NOCMESH_URL"
            ) from wrong
        body = _json(response)
        if not response.is_success:
            raise error_of(response.status_code, body or {"error": response.text[:200]}, path)
        if body is None:
            raise PreconditionError(f"{self.url} answers, but not as a nocmesh dashboard: correct --url or NOCMESH_URL")
        return body


def _json(response: httpx2.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


_KINDS: Mapping[int, type[NocmeshError]] = {
    400: InvalidInputError,
    401: DeniedError,
    403: DeniedError,
    404: NotFoundError,
    409: PreconditionError,
    422: InvalidInputError,
    503: PreconditionError,
    504: TooLateError,
}


_LISTS: Mapping[str, str] = {
    "/api/incidents/": "nocmesh incident list",
    "/api/approvals/": "nocmesh approval list",
    "/api/workflows/": "nocmesh workflow list",
}
"""Which command lists what is there, by how the path of one begins."""


def error_of(status: int, body: Any, path: str = "") -> NocmeshError:
    """What an answer with ``status`` and ``body`` to a question at ``path`` means to who called a command."""
    facts = body if isinstance(body, dict) else {}
    lists = next((command for begins, command in _LISTS.items() if path.startswith(begins)), "")
    if status == 404 and lists:
        facts = {**facts, "next": f"`{lists}` lists what is there"}
    text = ". ".join(str(facts[key]) for key in ("error", "next") if facts.get(key))
    text = text or ", ".join(map(str, facts.get("missing") or ())) or f"the dashboard answered {status}"
    hint = " (set NOCMESH_TOKEN to a personal token)" if status == 401 else ""
    return _KINDS.get(status, NocmeshError)(text + hint)
