"""The dashboard's process on a real broker, with the real approvals process: from an event to the page, and a vote."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from nocmesh.agent.network import publish_network
from nocmesh.agent.presence import Presence
from nocmesh.bus import Mesh, Received
from nocmesh.clock import SystemClock
from nocmesh.errors import PreconditionError
from nocmesh.log import logger
from nocmesh.messages.agent import AgentCard, ToolReply, ToolRequest
from nocmesh.messages.base import Message
from nocmesh.messages.workflow import RunControl, WorkflowRequest, WorkflowResponse
from nocmesh.network import Device, Network
from nocmesh.proving.broker import MeshFor, eventually
from nocmesh.runtime import Context
from nocmesh.settings import Address, Settings
from nocmesh.store.database import Database
from nocmesh.store.people import People
from nocmesh.subjects import subject
from nocmesh_agents.approvals import agent as approvals
from nocmesh_dashboard import role

if TYPE_CHECKING:
    from dashboard.conftest import Story

pytestmark = pytest.mark.mesh

INVENTORY = """
version: 1
devices: []
users:
  - {name: nina, roles: [operator, approver]}
  - {name: omar, roles: [operator, approver]}
  - {name: vera, roles: [viewer]}
"""
WHERE = {
    "AlertEvent": ("ai.alerts.events.<alert_id>", "incidents", "edge"),
    "IncidentEvent": ("ai.incidents.events.<incident_id>", "incidents", "core"),
    "ApprovalRequest": ("ai.approvals.pending.<id>", "orchestrator", "core"),
    "SessionEvent": ("ai.agents.sessions.<type>.<session_id>", "agent", "agents"),
    "Transition": ("ai.workflows.journal.<run_id>", "orchestrator", "core"),
}


@dataclass
class Running:
    """A dashboard that runs, and a mesh around it."""

    url: str
    settings: Settings
    meshes: dict[str, Mesh]

    def client(self, person: str = "nina") -> httpx2.AsyncClient:
        headers = {"X-Nocmesh-User": person} if person else {}
        return httpx2.AsyncClient(base_url=self.url, headers=headers, trust_env=False, timeout=30)

    async def say(self, *bodies: Message) -> None:
        """Publish messages as the roles that may."""
        for number, body in enumerate(bodies):
            pattern, role_name, zone = WHERE[type(body).__name__]
            names = {
                k: getattr(body, k) for k in ("alert_id", "incident_id", "session_id", "run_id") if hasattr(body, k)
            }
            names |= {"id": getattr(body, "approval_id", ""), "type": getattr(body, "agent_type", "")}
            where = subject(pattern, **{k: v for k, v in names.items() if f"<{k}>" in pattern})
            await getattr(self.meshes[role_name], zone).publish(where, body, id=f"{where}:{number}:{id(body)}")


async def get(client: httpx2.AsyncClient, path: str) -> Any:
    return (await client.get(path)).json()


def context(mesh: Mesh, settings: Settings) -> Context:
    return Context(mesh=mesh, settings=settings, clock=SystemClock(), log=logger(), name=mesh.me.name)


@pytest.fixture
async def running(mesh_on: MeshFor, tmp_path: Path) -> AsyncIterator[Running]:
    """The dashboard and the approvals process, on a broker of their own."""
    (tmp_path / "inventory.yaml").write_text(INVENTORY)
    settings = Settings(
        data=tmp_path,
        http=Address("127.0.0.1", 0),
        inventory=tmp_path / "inventory.yaml",
        no_auth_for_loopback=True,
        webhooks=Address("127.0.0.1", 9),
    )
    meshes = {name: await mesh_on(name) for name in ("incidents", "orchestrator", "approvals", "bridge", "dashboard")}
    meshes["agent"] = await mesh_on("agent", type="bgp", name="bgp-1")
    contexts = [context(meshes["approvals"], settings), context(meshes["dashboard"], settings)]
    bound: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    tasks: list[asyncio.Future[None]] = [
        asyncio.create_task(approvals.run(contexts[0])),
        asyncio.create_task(role.run(contexts[1], listens=bound.set_result)),
    ]
    async with asyncio.timeout(20):
        first: list[asyncio.Future[Any]] = [*tasks, bound]
        await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        running = Running(f"http://127.0.0.1:{bound.result()}", settings, meshes)
        async with running.client() as client:
            await eventually(lambda: _is_nina(client))
    yield running
    for each in contexts:
        each.stopping.set()
    async with asyncio.timeout(20):
        await asyncio.gather(*tasks)


async def _is_nina(client: httpx2.AsyncClient) -> bool:
    return bool((await client.get("/api/me")).status_code == 200)


async def test_an_incident_travels_from_the_bus_to_the_page_and_two_people_decide(
    running: Running, story: Story
) -> None:
    now = SystemClock().now()
    story = type(story)(now, incident="i-1", approval="a-1")
    async with running.client() as nina, running.client("omar") as omar, running.client("vera") as vera:
        async with nina.stream("GET", "/api/events", timeout=20) as stream:
            lines = stream.aiter_lines()
            await running.say(*story.all_until_decision())
            async with asyncio.timeout(10):
                async for line in lines:
                    if line == "event: incidents-i-1":
                        break

        async def waiting() -> bool:
            report = await get(nina, "/api/incidents/i-1")
            return bool(report.get("proposals") and report["proposals"][0]["approval_id"] == "a-1")

        await eventually(waiting)
        kinds = {item["kind"] for item in (await get(nina, "/api/incidents/i-1/timeline"))["items"]}
        assert {"open", "thought", "observation", "diagnosed"} <= kinds
        assert (await get(nina, "/api/alerts"))["items"][0]["name"] == "BgpSessionDown"
        vote = {"decision": "approve", "change_hash": story.change.hash()}
        assert (await vera.post("/api/approvals/a-1/decisions", json=vote)).status_code == 403
        stale = {**vote, "change_hash": "f" * 64}
        assert (await nina.post("/api/approvals/a-1/decisions", json=stale)).status_code == 409
        assert (await nina.post("/api/approvals/a-1/decisions", json=vote)).json()["votes"] == 1
        again = await nina.post("/api/approvals/a-1/decisions", json=vote)
        assert (again.status_code, "voted already" in again.json()["error"]) == (409, True)
        assert (await omar.post("/api/approvals/a-1/decisions", json=vote)).json()["decision"] == "approved"

        async def approved() -> bool:
            return bool((await get(nina, "/api/approvals/a-1"))["status"] == "approved")

        await eventually(approved)
        assert (await omar.post("/api/approvals/none/decisions", json=vote)).status_code == 404


async def test_people_are_who_the_approvals_process_says(running: Running) -> None:
    async with running.client("mallory") as client:
        assert (await client.get("/api/me")).status_code == 401
    async with running.client("") as client:
        assert (await get(client, "/api/me"))["roles"] == ["viewer"]
        assert (await client.post("/api/sign-in", json={"token": "nocm_wrong"})).status_code == 401
        bearer = {"authorization": "Bearer nocm_wrong"}
        assert (await client.get("/api/me", headers=bearer)).status_code == 401


async def test_a_token_opens_a_session_until_sign_out(running: Running) -> None:
    async with await Database.open(running.settings.database_url) as database:
        token = await People(database, SystemClock()).create_token("nina", ["approve"])
    async with running.client("") as client:
        assert (await client.post("/api/sign-in", json={"token": token})).json()["name"] == "nina"
        assert (await get(client, "/api/me"))["name"] == "nina"
        assert (await client.post("/api/sign-out")).status_code == 200
        assert (await get(client, "/api/me"))["name"] == "viewer"


async def test_agents_come_go_and_carry_the_mesh_to_ready(running: Running) -> None:
    clock = SystemClock()
    async with running.client() as client:
        before = await client.get("/api/ready")
        assert before.status_code == 503
        assert "an agent of type bgp" in before.json()["missing"]
        card = AgentCard(agent_id="bgp-1", type="bgp", version="1", started_at=clock.now(), instance="one")
        async with Presence(
            running.meshes["agent"].agents, card, clock=clock, log=logger(), interval=0.2, load=lambda: (3, 1, 0)
        ):

            async def live() -> bool:
                rows = (await get(client, "/api/agents"))["items"]
                return bool(rows and rows[0]["liveness"] == "live" and rows[0]["load"] == 0.3)

            await eventually(live)
            after = (await client.get("/api/ready")).json()
            assert "an agent of type bgp" not in after["missing"]

        async def left() -> bool:
            return bool((await get(client, "/api/agents"))["items"][0]["liveness"] == "left")

        await eventually(left)


async def test_the_network_counts_as_soon_as_it_is_known(running: Running) -> None:
    devices = [Device(name=name, platform="frr", address="192.0.2.1") for name in ("r1", "r2")]
    await publish_network(running.meshes["orchestrator"].agents, Network(devices=devices))
    async with running.client() as client:
        facts = await get(client, "/api/ready")
    assert (facts["devices"], facts["baseline"]) == (2, "none")


async def test_a_run_is_requested_and_the_answer_comes_back(running: Running, run: Any) -> None:
    edge = running.meshes["orchestrator"].edge

    async def answer(received: Received[WorkflowRequest]) -> None:
        wanted = received.body
        known = wanted.workflow_type == "health_check"
        said = WorkflowResponse(
            workflow_id=wanted.workflow_id,
            status="accepted" if known else "rejected",
            error="" if known else "known: health_check",
        )
        await edge.publish(subject("ai.workflows.response"), said, id=f"response:{wanted.workflow_id}")

    controls: list[RunControl] = []

    async def control(received: Received[RunControl]) -> None:
        controls.append(received.body)

    follower = await edge.follow("REQUESTS", WorkflowRequest, answer)
    listener = await running.meshes["orchestrator"].core.follow("CONTROL", RunControl, control)
    await running.say(run)
    async with running.client() as client:
        started = await client.post("/api/workflows", json={"workflow_type": "health_check", "workflow_id": "w-1"})
        refused = await client.post("/api/workflows", json={"workflow_type": "nonsense"})
        assert (started.status_code, started.json()["status"]) == (202, "accepted")
        assert (refused.status_code, "health_check" in refused.json()["error"]) == (422, True)

        async def known() -> bool:
            return bool((await client.get("/api/workflows/run-1")).status_code == 200)

        await eventually(known)
        cancelled = await client.post("/api/workflows/run-1/cancel", json={"reason": "enough"})
        assert cancelled.status_code == 202
    await eventually(lambda: controls)
    assert (controls[0].run_id, controls[0].action, controls[0].person) == ("run-1", "cancel", "nina")
    await follower.stop()
    await listener.stop()


async def test_a_tool_is_called_where_it_is_served(running: Running) -> None:
    async def show(received: Received[ToolRequest]) -> ToolReply:
        return ToolReply(call_id=received.body.call_id, status="ok", content={"seen": received.body.arguments})

    bridge, clock = running.meshes["bridge"].agents, SystemClock()
    service = await bridge.serve(subject("ai.tools.call.<tool>", tool="device_show"), ToolRequest, show)
    card = AgentCard(
        agent_id=running.meshes["bridge"].me.name,
        type="ssh",
        kind="bridge",
        version="1",
        tools=["device_show"],
        started_at=clock.now(),
        instance="one",
    )
    async with (
        running.client() as client,
        Presence(bridge, card, clock=clock, log=logger(), interval=0.2, load=lambda: (0, 0, 0)),
    ):

        async def listed() -> bool:
            return bool((await get(client, "/api/tools"))["items"])

        await eventually(listed)
        answer = await client.post("/api/tools/device_show/call", json={"arguments": {"device": "r1"}})
        unknown = await client.post("/api/tools/nothing/call", json={"arguments": {}})
    await service.stop()
    assert answer.json()["content"] == {"seen": {"device": "r1"}}
    assert (unknown.status_code, unknown.json()["expected"]) == (404, ["device_show"])


async def test_an_address_that_is_taken_is_said(running: Running) -> None:
    port = int(running.url.rpartition(":")[2])
    with pytest.raises(PreconditionError, match="NOCMESH_HTTP"):
        role.listening(Address("127.0.0.1", port))
