"""The tool ``netbox_lookup``: what NetBox says should be there. It only reads."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from nocmesh.clock import Clock
from nocmesh.errors import InvalidInputError, NocmeshError, TooLateError
from nocmesh.log import Log
from nocmesh.messages.agent import ToolReply, ToolRequest
from nocmesh.messages.state import Output
from nocmesh.netbox_client import NetBoxClient
from nocmesh.netbox_model import ignored_filters
from nocmesh_bridges.netbox.cache import Answer, Cache
from nocmesh_bridges.netbox.question import Question, question_of
from nocmesh_bridges.netbox.rows import lines_of, row_of

TOOL = "netbox_lookup"
SECONDS = 12.0
"""For all pages of an answer: who calls a tool asks again after 15 s."""
MAX_ANSWER = 900 * 1024
"""Bytes: the broker carries a megabyte."""


class Lookup:
    """Answers calls of the tool. The same question at the same time is asked once."""

    def __init__(
        self, client: NetBoxClient, cache: Cache, clock: Clock, log: Log, stale: Callable[[], Sequence[str]] = tuple
    ) -> None:
        """``stale``: where the mesh's own network is known to differ from NetBox's."""
        self.asked = self.answered_from_cache = self.failed = 0
        self._client, self._cache, self._clock, self._log, self._stale = client, cache, clock, log, stale
        self._under_way: dict[Question, asyncio.Task[Answer]] = {}

    async def call(self, request: ToolRequest) -> ToolReply:
        """Answer one call; whatever goes wrong is an answer too."""
        try:
            content = await self._content(question_of(request.arguments))
        except NocmeshError as wrong:
            self.failed += 1
            self._log.info("lookup_failed", reason=wrong.message)
            kind = {"kind": type(wrong).__name__}
            return ToolReply(call_id=request.call_id, status="error", error=wrong.message, content=kind)
        reply = ToolReply(call_id=request.call_id, status="ok", content=content)
        if len(reply.to_json()) > MAX_ANSWER:
            error = f"the answer has more than the {MAX_ANSWER} bytes that can be carried: ask with a smaller limit"
            return ToolReply(call_id=request.call_id, status="error", error=error)
        return reply

    async def _content(self, question: Question) -> dict[str, Any]:
        answer = self._cache.get(question, self._clock.now())
        cached = answer is not None
        self.answered_from_cache += cached
        if answer is None:
            answer = await self._once(question)
        output = Output(
            command=question.command, text=lines_of(answer.rows), status="parsed" if answer.rows else "empty"
        )
        content: dict[str, Any] = {
            "what": question.what,
            "rows": list(answer.rows),
            "complete": answer.complete,
            "asked_at": answer.at.isoformat(),
            "cached": cached,
            "outputs": [output.to_dict()],
        }
        if not answer.complete:
            content["note"] = f"cut off after {question.limit}: narrow the filters, or ask with a larger limit"
        if stale := list(self._stale()):
            content["stale"] = stale
        return content

    async def _once(self, question: Question) -> Answer:
        task = self._under_way.get(question)
        if task is None:
            task = asyncio.create_task(self._ask(question))
            self._under_way[question] = task
            task.add_done_callback(lambda _: self._under_way.pop(question, None))
        return await asyncio.shield(task)  # one caller that goes away ends nobody else's question

    async def _ask(self, question: Question) -> Answer:
        mark, at = self._cache.mark(question.what), self._clock.now()
        self.asked += 1
        answer = await asyncio.to_thread(self._read, question, at)
        self._cache.put(question, answer, mark)
        return answer

    def _read(self, question: Question, at: datetime) -> Answer:
        """All pages, in a thread: the client is the one that reads inventories, and that waits."""
        items = []
        for item in islice(self._client.items(question.kind.path, question.params), question.limit + 1):
            items.append(item)
            if (self._clock.now() - at).total_seconds() > SECONDS:
                raise TooLateError(
                    f"{self._client.url}{question.kind.path}: not read within {SECONDS:g} s, "
                    f"{len(items)} objects so far; narrow the filters"
                )
        ignored = ignored_filters(items, question.checkable)
        if ignored:
            raise InvalidInputError(
                f"the answer of NetBox does not keep to the filter {ignored[0]!r}: its value may be misspelt (a slug "
                "is wanted, as in a row), or this NetBox spells the filter otherwise",
                field=f"filters.{ignored[0]}",
            )
        rows = tuple(row_of(question.what, item) for item in items[: question.limit])
        return Answer(rows=rows, complete=len(items) <= question.limit, at=at)
