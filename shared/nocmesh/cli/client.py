"""Asking the dashboard's API: what the CLI shows is what the dashboard shows."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any

import httpx2

from nocmesh.errors import DeniedError, InvalidInputError, NocmeshError, NotFoundError, PreconditionError
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
        self._http = httpx2.AsyncClient(base_url=url, headers=headers, timeout=TIMEOUT, trust_env=False)

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

    async def get(self, path: str, **query: Any) -> Any:
        """The JSON at ``path``."""
        return await self._ask("GET", path, params={k: v for k, v in query.items() if v is not None})

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON answer to ``body``."""
        return await self._ask("POST", path, json=dict(body))

    async def _ask(self, method: str, path: str, **more: Any) -> Any:
        try:
            response = await self._http.request(method, path, **more)
        except httpx2.TransportError as wrong:
            raise PreconditionError(
                f"no dashboard answers at {self.url} ({type(wrong).__name__}): start one with `nocmesh up`, "
                "or name it with --url or NOCMESH_URL"
            ) from wrong
        if response.is_success:
            return response.json()
        raise _error(response)


def _error(response: httpx2.Response) -> NocmeshError:
    try:
        body = response.json()
    except ValueError:
        body = {"error": response.text[:200]}
    text = ". ".join(str(body[key]) for key in ("error", "next") if body.get(key))
    if response.status_code == 404:
        return NotFoundError(text)
    if response.status_code in (401, 403):
        return DeniedError(text + _hint(response.status_code))
    if response.status_code in (400, 422):
        return InvalidInputError(text, field=str(body.get("field", "")))
    return NocmeshError(text)


def _hint(status: int) -> str:
    return " (set NOCMESH_TOKEN to a personal token)" if status == 401 else ""
