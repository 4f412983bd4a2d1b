"""The commands that ask the dashboard."""

from typing import Any

from nocmesh.cli.client import Client
from nocmesh.cli.output import Format, put, say, show_list, show_one
from nocmesh.cli.story import Story, tell
from nocmesh.settings import Settings


async def list_agents(settings: Settings, user: str, form: Format) -> None:
    """Print who is there."""
    async with Client.of(settings, user) as client:
        rows = (await client.get("/api/agents"))["items"]
    show_list(rows, ["agent_id", "type", "liveness", "status", "load", "in_flight", "done", "age"], "agent_id", form)


async def list_incidents(settings: Settings, user: str, form: Format, state: str | None) -> None:
    """Print the incidents."""
    async with Client.of(settings, user) as client:
        rows = (await client.get("/api/incidents", state=state))["items"]
    show_list(rows, ["incident_id", "state", "severity", "title", "opened_at"], "incident_id", form)


async def show_incident(settings: Settings, user: str, form: Format, incident_id: str) -> None:
    """Print the report."""
    async with Client.of(settings, user) as client:
        show_one(await client.get(f"/api/incidents/{incident_id}"), "incident_id", form)


async def watch_incident(settings: Settings, user: str, incident_id: str) -> None:
    """Tell it as it happens."""
    async with Client.of(settings, user) as client:
        await tell(client, incident_id, Story(put))


async def list_approvals(settings: Settings, user: str, form: Format) -> None:
    """Print what waits."""
    async with Client.of(settings, user) as client:
        rows = (await client.get("/api/approvals", status="pending"))["items"]
    show_list(rows, ["approval_id", "device", "risk", "quorum", "summary", "expires_at"], "approval_id", form)


async def decide(settings: Settings, user: str, approval_id: str, word: str, comment: str) -> None:
    """Vote on a change."""
    async with Client.of(settings, user) as client:
        body = {"decision": word, "comment": comment}
        answer: dict[str, Any] = await client.post(f"/api/approvals/{approval_id}/decisions", body)
    missing = int(answer.get("quorum", 0)) - int(answer.get("votes", 0))
    more = "" if answer.get("decision") else f"; {missing} more must approve"
    say(f"{word} counted{more}" if not answer.get("decision") else f"the change is {answer['decision']}")
    put(approval_id)


async def list_workflows(settings: Settings, user: str, form: Format) -> None:
    """Print the runs."""
    async with Client.of(settings, user) as client:
        rows = (await client.get("/api/workflows"))["items"]
    show_list(rows, ["run_id", "workflow_type", "status", "started_at", "finished_at"], "run_id", form)


async def show_workflow(settings: Settings, user: str, form: Format, run_id: str) -> None:
    """Print one run."""
    async with Client.of(settings, user) as client:
        show_one(await client.get(f"/api/workflows/{run_id}"), "run_id", form)


async def cancel_workflow(settings: Settings, user: str, run_id: str, reason: str) -> None:
    """Cancel one run."""
    async with Client.of(settings, user) as client:
        await client.post(f"/api/workflows/{run_id}/cancel", {"reason": reason})
    say("cancelling; `nocmesh workflow show` tells how it ends")
    put(run_id)
