"""What does not fit: unknown devices, dead devices, unknown workflows, malformed webhooks. Each is told."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from scenarios.stage import Stage, playing
from scenarios.web import Api

from nocmesh.clock import SystemClock
from nocmesh.ids import new_id
from nocmesh.messages.workflow import WorkflowRequest, WorkflowResponse
from nocmesh.ports import free_port
from nocmesh.proving.broker import eventually
from nocmesh.proving.simulated.alerts import webhook
from nocmesh.subjects import subject

pytestmark = [pytest.mark.mesh, pytest.mark.alone, pytest.mark.asyncio(loop_scope="module")]


def with_a_dead_device(inventory: str) -> str:
    """The inventory with one more device, on a port where nobody listens."""
    dead = [
        "  - name: ghost1",
        "    platform: frr",
        "    address: 127.0.0.1",
        f"    port: {free_port()}",
        "    credential: simulated",
    ]
    lines = inventory.splitlines()
    at = lines.index("users:")
    return "\n".join([*lines[:at], *dead, *lines[at:]]) + "\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    flags = {"NOCMESH_WEBHOOKS": f"127.0.0.1:{free_port()}"}
    async with playing(tmp_path_factory.mktemp("odd"), edit=with_a_dead_device, flags=flags) as stage:
        await stage.start("alerts")
        yield stage


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def webhooks(stage: Stage) -> AsyncIterator[Api]:
    async with Api(f"http://{stage.flags['NOCMESH_WEBHOOKS']}") as api:
        await eventually(lambda: api.up("/api/health"), within=30)
        yield api


def about(device: str) -> dict[str, Any]:
    labels = {"alertname": "BgpSessionDown", "instance": device, "peer": "10.9.9.9"}
    return webhook(labels, f"{device}: session down", SystemClock().now())


async def test_an_alert_for_an_unknown_device_is_about_what_a_sweep_finds(stage: Stage) -> None:
    incident = await stage.alert(about("nowhere7"))
    ended = await stage.reaches(incident, "escalated", "closed")
    assert ended.kind == "escalated"
    causes = ended.data["report"]["root_causes"]
    assert [(c["resource"], c["fault_type"]) for c in causes] == [("node/ghost1", "device_unreachable")]
    assert await stage.typed() == {}


async def test_an_unreachable_device_is_named_as_such(stage: Stage) -> None:
    incident = await stage.alert(about("ghost1"))
    ended = await stage.reaches(incident, "escalated", "closed")
    assert ended.kind == "escalated"
    causes = ended.data["report"]["root_causes"]
    assert [(c["resource"], c["fault_type"]) for c in causes] == [("node/ghost1", "device_unreachable")]
    assert await stage.typed() == {}


async def test_an_unknown_workflow_is_refused_with_the_known_ones(stage: Stage) -> None:
    publisher = await stage.mesh("publisher", "monitoring")
    run_id = new_id(SystemClock().now())
    request = WorkflowRequest(workflow_id=run_id, workflow_type="make_coffee", requester="test")
    await publisher.edge.publish(subject("ai.workflows.request"), request, id=run_id)
    found: list[WorkflowResponse] = []

    async def answered() -> bool:
        history = stage.watcher.edge.history("RESPONSES", subject("ai.workflows.response"), WorkflowResponse)
        found.extend([r.body async for r in history if r.body.workflow_id == run_id])
        return bool(found)

    await eventually(answered, within=20)
    assert found[0].status == "rejected"
    assert "'make_coffee'" in found[0].error
    assert "config_change, health_check, incident_response" in found[0].error


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"no json at all", "body"),
        (b"[1, 2, 3]", "body"),
        (json.dumps({"version": "4"}).encode(), "alerts"),
        (
            json.dumps({"version": "4", "alerts": [{"status": "burning", "labels": {"alertname": "x"}}]}).encode(),
            "status",
        ),
    ],
)
async def test_a_malformed_webhook_is_refused_with_field_and_reason(webhooks: Api, body: bytes, field: str) -> None:
    answer = await webhooks.post("/api/webhooks/alertmanager", body)
    assert answer.status_code == 400
    said = answer.json()
    assert field in said["field"]
    assert "expected" in said["reason"]


async def test_a_webhook_that_fits_becomes_an_incident(stage: Stage, webhooks: Api) -> None:
    answer = await webhooks.post("/api/webhooks/alertmanager", await stage.break_it("bgp_asn_misconfig"))
    assert answer.status_code == 202
    incident = await stage.incident_of(answer.json()["alert_ids"][0])
    await stage.approve(incident)
    await stage.repaired(incident)
    await stage.heal()


async def test_an_alert_that_nobody_can_read_is_laid_aside_and_the_next_one_is_taken(stage: Stage) -> None:
    publisher = await stage.mesh("publisher", "monitoring")
    where = subject("ai.alerts.incoming.<source>", source="alertmanager")
    await asyncio.gather(*(publisher.edge.publish(where, b"\x00{", id=f"garbage-{n}") for n in range(3)))
    incident = await stage.alert(await stage.break_it("bgp_neighbor_missing"))
    await stage.approve(incident)
    await stage.repaired(incident)
    await stage.heal()
