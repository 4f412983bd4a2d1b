"""The commands that ask the dashboard."""

import asyncio
from collections.abc import Sequence
from typing import Any

from nocmesh.cli.asked import Asked
from nocmesh.cli.client import Client
from nocmesh.cli.output import Format, as_json, put, say, show_done, show_list, show_one
from nocmesh.cli.story import Entry, Story, change_lines, follow
from nocmesh.errors import ApprovalNeededError, NotFoundError, TooLateError

AGENTS = ("agent_id", "type", "liveness", "status", "load", "in_flight", "done", "age")
INCIDENTS = ("incident_id", "state", "severity", "title", "opened_at")
APPROVALS = ("approval_id", "device", "risk", "quorum", "summary", "goes_at", "expires_at")
WORKFLOWS = ("run_id", "type", "status", "incident_id", "started_at", "updated_at")


async def list_items(asked: Asked, path: str, columns: Sequence[str], **query: str | None) -> None:
    """Print what ``path`` lists, every page of it; the first of ``columns`` is the name."""
    async with asked.client() as client:
        rows = await _every(client, path, **query)
    show_list(rows, columns, columns[0], asked.form)


async def _every(client: Client, path: str, **query: str | None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        page = await client.get(path, after=after, **query)
        rows += page["items"]
        after = page.get("next")
        if not after:
            return rows


async def show_item(asked: Asked, path: str, name: str, key: str) -> None:
    """Print the one thing at ``path``."""
    async with asked.client() as client:
        show_one(await client.get(path, name), key, asked.form)


async def show_approval(asked: Asked, approval_id: str) -> None:
    """Print the approval."""
    async with asked.client() as client:
        show_one(await _approval(client, approval_id), "approval_id", asked.form)


async def _approval(client: Client, approval_id: str) -> Any:
    """The approval. Raises NotFoundError, which tells of an incident's id what waits there for people."""
    try:
        return await client.get("/api/approvals/{}", approval_id)
    except NotFoundError:
        if not await _is_incident(client, approval_id):
            raise
        rows = await _every(client, "/api/approvals", status="pending")
        ids = [str(row["approval_id"]) for row in rows if row.get("incident_id") == approval_id]
        raise NotFoundError(_an_incident(approval_id, ids)) from None


async def _is_incident(client: Client, name: str) -> bool:
    try:
        await client.get("/api/incidents/{}", name)
    except NotFoundError:
        return False
    return True


def _an_incident(incident_id: str, waiting: Sequence[str]) -> str:
    """What to do where the id of an incident was given for that of an approval; ``waiting`` are its open ones."""
    if not waiting:
        more = f"`nocmesh incident show {incident_id}` tells where it stands"
        return f"{incident_id} is an incident, and none of its changes waits for people; {more}"
    them = "that approval" if len(waiting) == 1 else "one of those approvals"
    return f"{incident_id} is an incident; what waits for people there is {', '.join(waiting)}: name {them}"


async def watch_incident(asked: Asked, incident_id: str, seconds: float) -> None:
    """Tell it as it happens: as a story, or each entry as JSON or YAML; by name only its end.

    Raises ApprovalNeededError when it still waits for people after ``seconds``, TooLateError when it is not over.
    """
    form, story = asked.form, Story(lambda line: put(line.plain()))

    def hear(entries: list[Entry]) -> None:
        if form is Format.TABLE:
            story.tell(entries)
        elif form is not Format.NAME:
            for entry in story.news(entries):
                put(as_json(entry)) if form is Format.JSON else show_list([entry], (), "at", form)

    async with asked.client() as client:
        try:
            async with asyncio.timeout(seconds or None):
                await follow(client, incident_id, hear)
        except TimeoutError as late:
            state = (await client.get("/api/incidents/{}", incident_id))["state"]
            raise _unfinished(incident_id, state, seconds) from late
    if form is Format.NAME:
        put(incident_id)


def _unfinished(incident_id: str, state: str, seconds: float) -> TooLateError | ApprovalNeededError:
    if state == "awaiting_approval":
        return ApprovalNeededError(
            f"{incident_id} waits for people: `nocmesh approval list` shows the change, `nocmesh approve` votes for it"
        )
    return TooLateError(f"{incident_id} is {state} after {seconds:g} s: watch it again, or give it longer (--timeout)")


async def decide(
    asked: Asked, approval_id: str, word: str, comment: str, change_hash: str, conditions: Entry | None = None
) -> None:
    """Vote on a change, which is shown; the vote holds for exactly that one, or the one of ``change_hash``."""
    async with asked.client() as client:
        waiting = await _approval(client, approval_id)
        for line in change_lines(waiting.get("change") or {}):
            say(line.plain())
        body = {"decision": word, "comment": comment, "change_hash": change_hash or waiting["change_hash"]}
        body |= {"conditions": conditions} if conditions else {}
        answer = await client.post("/api/approvals/{}/decisions", approval_id, body=body)
    say(outcome(answer, word))
    show_done({"approval_id": approval_id, **answer}, "approval_id", asked.form)


def outcome(answer: Entry, word: str) -> str:
    """What came of a vote."""
    if answer.get("decision"):
        return f"the change is {answer['decision']}"
    missing = int(answer.get("quorum", 0)) - int(answer.get("votes", 0))
    more = f"; {missing} more must approve, not you again" if missing > 0 else ""
    return f"your vote to {word} counts{more}"


async def cancel_workflow(asked: Asked, run_id: str, reason: str) -> None:
    """Cancel one run."""
    async with asked.client() as client:
        answer = await client.post("/api/workflows/{}/cancel", run_id, body={"reason": reason})
    say("cancelling; `nocmesh workflow show` tells how it ends")
    show_done({"run_id": run_id, **answer}, "run_id", asked.form)
