"""The HTTP side of a mesh, as somebody outside uses it."""

from typing import Any

import httpx2


class Api:
    """The dashboard's HTTP API as somebody uses it; by a personal token, or as the named user of this machine."""

    def __init__(self, url: str, *, token: str = "", user: str = "") -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {"X-Nocmesh-User": user} if user else {}
        self._web = httpx2.AsyncClient(base_url=url, headers=headers, timeout=30, trust_env=False)

    async def __aenter__(self) -> "Api":
        return self

    async def __aexit__(self, *failed: object) -> None:
        await self._web.aclose()

    async def get(self, path: str) -> Any:
        """The JSON at ``path``."""
        answer = await self._web.get(path)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def post(self, path: str, body: Any) -> httpx2.Response:
        """The answer to ``body``: JSON, or bytes as they are."""
        return (
            await self._web.post(path, content=body)
            if isinstance(body, bytes)
            else await self._web.post(path, json=body)
        )

    async def up(self, path: str = "/api/ready") -> bool:
        """Whether it answers well."""
        try:
            return bool((await self._web.get(path)).is_success)
        except httpx2.TransportError:
            return False
