"""The NetBox bridge on a real broker: agents ask it, and a signed webhook makes it forget and look again."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from shared.netbox_server import NetBox, device

from nocmesh.agent.network import publish_network
from nocmesh.agent.toolbox import Toolbox
from nocmesh.bus import Mesh
from nocmesh.clock import SystemClock
from nocmesh.inventory import load_inventory
from nocmesh.log import logger
from nocmesh.messages.agent import Metrics
from nocmesh.messages.session import Observation, ToolCall
from nocmesh.ports import free_port
from nocmesh.proving.broker import MeshFor, eventually
from nocmesh.runtime import Context, load_role
from nocmesh.settings import Settings
from nocmesh_bridges.alerts.role import ROLE as ALERTS
from nocmesh_bridges.netbox import following
from nocmesh_bridges.netbox import role as module
from nocmesh_bridges.netbox.role import role

pytestmark = pytest.mark.mesh

SECRET = "s3cret"
INVENTORY = """
version: 1
netbox: {{url: "{url}", credential: lab}}
credentials: {{lab: {{username: admin, password: admin}}}}
"""


@pytest.fixture
async def office(
    mesh_on: MeshFor, netbox: NetBox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[str, Mesh]]:
    """Both bridges, over an inventory that comes from NetBox; the webhooks' address, and an agent's mesh."""
    monkeypatch.setattr(following, "GATHER_SECONDS", 0.05)
    monkeypatch.setattr(module, "NUMBERS_SECONDS", 0.1)
    path = tmp_path / "inventory.yaml"
    path.write_text(INVENTORY.format(url=netbox.url))
    bridge = await mesh_on("bridge")
    await publish_network(bridge.agents, (await asyncio.to_thread(load_inventory, path)).network())
    where = f"127.0.0.1:{free_port()}"
    settings = Settings(data=tmp_path, inventory=path, webhooks=where, netbox_webhook_secret=SECRET)
    contexts = []
    for each in (role, ALERTS):
        mesh = await mesh_on(each.bus_role, type=each.type)
        contexts.append(Context(mesh=mesh, settings=settings, clock=SystemClock(), log=logger(), name=mesh.me.name))
    tasks = [asyncio.ensure_future(each.run(context)) for each, context in zip((role, ALERTS), contexts, strict=True)]
    yield f"http://{where}", await mesh_on("monitor", type="monitor")
    for context in contexts:
        context.stopping.set()
    await asyncio.gather(*tasks)


async def test_agents_look_up_and_a_signed_change_is_seen_at_once(office: tuple[str, Mesh], netbox: NetBox) -> None:
    url, agent = office
    numbers: list[Metrics] = []

    async def heard(received: Any) -> None:
        numbers.append(received.body)

    await agent.agents.listen("ai.metrics.*", Metrics, heard)
    toolbox = Toolbox(agent.agents, session_id="s")

    async def look() -> Observation:
        call = ToolCall(call_id="c1", tool="netbox_lookup", arguments={"what": "devices", "filters": {"site": "ams"}})
        return await toolbox.call(call)

    seen = await look()
    assert [row["name"] for row in seen.content["rows"]] == ["r1", "r2"], seen.error
    netbox.devices.append(device(4, "r4", "10.0.0.4/24"))
    assert (await look()).content["cached"]

    body = json.dumps({"event": "created", "model": "device", "data": {"id": 4}}).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha512).hexdigest()
    async with httpx2.AsyncClient(base_url=url, trust_env=False) as client:
        forged = await client.post("/api/webhooks/netbox", content=body, headers={"X-Hook-Signature": "0" * 128})
        assert (forged.status_code, "X-Hook-Signature" in forged.json()["error"]) == (401, True)
        assert (await look()).content["cached"]
        taken = await client.post("/api/webhooks/netbox", content=body, headers={"X-Hook-Signature": signature})
        assert (taken.status_code, taken.json()) == (202, {"accepted": 1})

    async def new_and_told() -> bool:
        found = (await look()).content
        return len(found["rows"]) == 3 and found.get("stale") == ["r4 is new in NetBox"]

    await eventually(new_and_told)
    await eventually(lambda: _is(any(each.values.get("inventory_stale") == 1.0 for each in numbers)))


async def test_an_inventory_that_names_no_netbox_leaves_the_bridge_idle(mesh_on: MeshFor, tmp_path: Path) -> None:
    path = tmp_path / "inventory.yaml"
    path.write_text("version: 1\ndevices: []\n")
    mesh = await mesh_on("netbox", type="netbox")
    settings = Settings(data=tmp_path, inventory=path)
    context = Context(mesh=mesh, settings=settings, clock=SystemClock(), log=logger(), name=mesh.me.name)
    context.stopping.set()
    await role.run(context)
    assert load_role("netbox") is role


async def _is(what: bool) -> bool:
    return what
