"""A REST service as a target of the mesh."""

import json
from collections.abc import Mapping
from typing import Any

from nocmesh.errors import DeviceError, GuardError, InvalidInputError, PreconditionError
from nocmesh.ids import digest
from nocmesh.messages.change import Change
from nocmesh_bridges.connect.form import ServiceEntry
from nocmesh_bridges.connect.hand import Done, Mark, Rated
from nocmesh_bridges.connect.lines import values_in
from nocmesh_bridges.connect.targets import Targets, named
from nocmesh_bridges.connect.veil import Veil
from nocmesh_bridges.http.client import Answer, Limits, NotSentError, send
from nocmesh_bridges.http.request import Request, request_of

TOLD = 2000
"""Characters of an answer that a change's record keeps."""


class ServiceHand:
    """REST services."""

    platform, looks, changes = "http", "http_get", "http_send"

    def __init__(self, targets: Targets, key: bytes) -> None:
        """``key`` is that of the masks."""
        self._targets = targets
        self._key = key

    async def look(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What a GET is answered: arguments ``target``, ``path``, ``query``."""
        entry = self._entry(arguments)
        asked = {name: arguments[name] for name in ("path", "query") if name in arguments}
        answer = await self._send(entry, request_of(entry, asked, method="GET"))
        return self._told(entry, answer)

    def asked(self, arguments: Mapping[str, Any]) -> Request:
        """A request: arguments ``target``, ``method``, ``path``, ``query``, ``body``, ``depends_on``."""
        entry, method = self._entry(arguments), str(arguments.get("method", ""))
        if method == "GET":
            raise GuardError("a GET only looks: call http_get", reason="http_get is for that")
        return request_of(entry, arguments, method=method)

    def approved(self, change: Change) -> Request:
        """The request that its lines state."""
        values, entry = values_in(change.commands), self._entry({"target": change.device})
        method, _, url = change.commands[0].partition(" ")
        more = {"query": values.get("query"), "body": values.get("body"), "depends_on": values.get("depends on")}
        return self.asked({"target": entry.name, "method": method, "path": url.removeprefix(entry.url), **more})

    def rated(self, ask: Request) -> Rated:
        """What deletes is critical; nobody knows what else a service does with a request."""
        if ask.method == "DELETE":
            return Rated(risk="critical", reasons=[f"it deletes at {ask.target}"])
        return Rated(risk="high", reasons=[f"it changes something at {ask.target}"])

    async def state(self, ask: Request) -> str:
        """Of the answer that it depends on; with none, of which service it is."""
        entry = self._entry({"target": ask.target})
        seen: list[Any] = []
        if ask.depends_on:
            answer = await self._send(entry, request_of(entry, {"path": ask.depends_on}, method="GET"))
            if answer.truncated or answer.status != 200:
                said = f"'depends_on' is answered {answer.status}, or more than {entry.kilobytes} kB"
                raise InvalidInputError(said, field="depends_on")
            seen = [answer.status, answer.body.decode("utf-8", "replace")]
        return digest([entry.url, list(entry.methods), seen])

    async def act(self, ask: Request, state: str, mark: Mark) -> Done:
        """Sent once. 2xx is done; 4xx is a no; whatever else leaves it open."""
        entry = self._entry({"target": ask.target})
        if await self.state(ask) != state:
            return Done(outcome="failed", reason="nothing was sent: what it depends on has changed meanwhile")
        await mark("")
        try:
            answer = await self._send(entry, ask)
        except (NotSentError, GuardError, PreconditionError) as wrong:
            return Done(outcome="failed", reason=f"nothing was sent: {wrong.message}")
        except DeviceError as lost:
            return Done(outcome="unknown", reason=f"{lost.message}: it may have been carried out")
        text = self._veil(entry).text(answer.body.decode("utf-8", "replace")[:TOLD])
        kind = answer.status // 100
        outcome = {2: "confirmed", 4: "failed"}.get(kind, "unknown")
        reason = f"{entry.name} answered {answer.status}"
        return Done(outcome=outcome, reason=reason, answers=[text])  # type: ignore[arg-type]

    async def past(self, ask: Request, mark: str) -> Done | None:
        """A service does not know its requests again."""
        return None

    def _told(self, entry: ServiceEntry, answer: Answer) -> dict[str, Any]:
        veil, text = self._veil(entry), answer.body.decode("utf-8", "replace")
        told: dict[str, Any] = {"status": answer.status, "media": answer.media}
        told["truncated"] = f"there is more than {entry.kilobytes} kB; ask for less" if answer.truncated else ""
        if answer.status // 100 == 3:
            told["note"] = "it sends elsewhere, and nobody follows: ask for the right path"
        if "json" in answer.media and not answer.truncated:
            try:
                return {**told, "json": veil.value(json.loads(text))}
            except (ValueError, RecursionError):
                told["note"] = "it says that it is JSON, and it is none"
        return {**told, "text": veil.text(text)}

    async def _send(self, entry: ServiceEntry, request: Request) -> Answer:
        limits = Limits(
            seconds=entry.seconds,
            size=entry.kilobytes * 1024,
            networks=entry.networks,
            ca_file=str(self._targets.path(entry.ca_file)) if entry.ca_file else "",
        )
        try:
            return await send(request, self._headers(entry), limits)
        except DeviceError as wrong:
            raise type(wrong)(self._veil(entry).text(wrong.message), device=entry.name) from None

    def _headers(self, entry: ServiceEntry) -> dict[str, str]:
        return {each.name: f"{each.prefix}{self._secret(entry, each.name)}" for each in entry.headers}

    def _secret(self, entry: ServiceEntry, header: str) -> str:
        [found] = [each for each in entry.headers if each.name == header]
        return self._targets.secret(f"{entry.name}: the header {header}", found).reveal()

    def _veil(self, entry: ServiceEntry) -> Veil:
        return Veil([self._secret(entry, each.name) for each in entry.headers], key=self._key)

    def _entry(self, arguments: Mapping[str, Any]) -> ServiceEntry:
        return named("service", self._targets.services, str(arguments.get("target", "")))
