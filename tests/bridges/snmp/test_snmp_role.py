"""The SNMP bridge on a real broker, with a real snmpd: the tool answers over the bus, a trap becomes an incident."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from bridges.snmp.agents import AUTH, PRIVACY, Agent, Sender, free_udp_port

from nocmesh.agent.toolbox import Toolbox
from nocmesh.bus import Mesh
from nocmesh.clock import SystemClock
from nocmesh.errors import PreconditionError
from nocmesh.log import logger
from nocmesh.messages.alert import AlertEvent
from nocmesh.messages.incident import IncidentEvent
from nocmesh.messages.session import Observation, ToolCall
from nocmesh.proving.broker import MeshFor, eventually
from nocmesh.runtime import Context, load_role
from nocmesh.settings import Address, Settings
from nocmesh_agents.incidents.agent import role as incidents
from nocmesh_bridges.snmp.role import role

pytestmark = pytest.mark.mesh

INVENTORY = """
version: 1
credentials: {{lab: {{username: admin, password: admin}}}}
devices:
  - name: r1
    platform: linux
    address: 127.0.0.1
    credential: lab
    snmp: {{version: "3", port: {port}, user: nina, auth_password_env: SNMP_AUTH, privacy_password_file: ./privacy}}
  - {{name: r2, platform: linux, address: 127.0.0.2, credential: lab, snmp: {{port: {port}}}}}
  - {{name: r3, platform: linux, address: 127.0.0.3, credential: lab}}
  - {{name: r4, platform: linux, address: 127.0.0.4, credential: lab, snmp: {{community_env: NOT_SET}}}}
"""
LINK_DOWN, LINK_UP = "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.6.3.1.1.5.4"
LO = ("1.3.6.1.2.1.2.2.1.1.1", "i", "1")


class Running:
    """Roles in this process, each with its own connection."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stopping = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []

    def start(self, mesh: Mesh, run: object) -> None:
        log = logger(role=mesh.me.name)
        context = Context(
            mesh=mesh, settings=self.settings, clock=SystemClock(), log=log, name=mesh.me.name, stopping=self.stopping
        )
        self.tasks.append(asyncio.create_task(run(context)))  # type: ignore[operator]

    async def stop(self) -> None:
        self.stopping.set()
        await asyncio.wait_for(asyncio.gather(*self.tasks), 15.0)


@pytest.fixture
def settings(agent: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    (tmp_path / "inventory.yaml").write_text(INVENTORY.format(port=agent.port))
    (tmp_path / "privacy").write_text(f"{PRIVACY}\n")
    monkeypatch.setenv("SNMP_AUTH", AUTH)
    impatient: dict[str, Any] = {"snmp_timeout": 0.5, "snmp_retries": 0}
    where = Address("127.0.0.1", free_udp_port())
    return Settings(inventory=tmp_path / "inventory.yaml", data=tmp_path, snmp_traps=where, **impatient)


@pytest.fixture
async def running(settings: Settings, mesh_on: MeshFor) -> AsyncIterator[Running]:
    running = Running(settings)
    running.start(await mesh_on("snmp", name="snmp-1", type="snmp"), role.run)
    yield running
    await running.stop()


async def asked(mesh: Mesh, **arguments: object) -> Observation:
    toolbox = Toolbox(mesh.agents, session_id="s1")
    return await toolbox.call(ToolCall(call_id="c1", tool="snmp_query", arguments=arguments))


async def test_the_tool_answers_over_the_bus_and_a_trap_becomes_an_incident(
    running: Running, settings: Settings, mesh_on: MeshFor, tmp_path: Path
) -> None:
    agent = await mesh_on("agent", name="bgp-1", type="bgp")
    got = await asked(agent, device="r1", oid="1.3.6.1.2.1.1.5.0", operation="get")
    assert (got.status, got.outputs[0].command) == ("ok", "snmp get 1.3.6.1.2.1.1.5.0")
    assert got.outputs[0].text == "1.3.6.1.2.1.1.5.0 = STRING: r1"

    table = await asked(agent, device="r1", table="interfaces")
    assert table.state is not None
    [lo] = [one for one in table.state.interfaces or [] if one.name == "lo"]
    assert (lo.enabled, lo.kind, lo.mtu) == (True, "loopback", 65536)
    assert lo.quote is not None
    [output] = [one for one in table.outputs if one.command == lo.quote.command]
    assert lo.quote.text in output.text.splitlines()

    reader = await mesh_on("incidents", name="incidents-1", type="incidents")
    running.start(reader, incidents.run)
    sender = Sender(settings.snmp_traps.port if settings.snmp_traps else 0, tmp_path)
    await sender.trap(LINK_DOWN, *LO)

    async def opened() -> list[IncidentEvent]:
        return [each.body async for each in reader.core.history("INCIDENTS", "ai.incidents.events.*", IncidentEvent)]

    await eventually(opened, within=15.0)
    event = (await opened())[0]
    alert = event.data["alert"]
    assert (event.kind, event.actor, alert["device"], alert["name"]) == ("open", "snmp", "r1", "InterfaceDown")
    assert alert["labels"]["interface"] == "lo"  # asked at the device: the trap gives a number
    assert alert["summary"] == "lo of r1 is down"
    assert "public" not in str(alert)

    assert await sender.inform(LINK_UP, *LO) == 0
    history = [each.body async for each in reader.edge.history("ALERT_EVENTS", "ai.alerts.events.*", AlertEvent)]

    async def resolved() -> bool:
        nonlocal history
        history = [each.body async for each in reader.edge.history("ALERT_EVENTS", "ai.alerts.events.*", AlertEvent)]
        return [each.kind for each in history] == ["opened", "resolved"]

    await eventually(resolved, within=15.0)
    assert len({each.alert_id for each in history}) == 1


async def test_what_cannot_be_asked_is_told_in_words(running: Running, mesh_on: MeshFor) -> None:
    mesh = await mesh_on("agent", name="ospf-1", type="ospf")
    for arguments, status, words in (
        ({"device": "r9", "table": "system"}, "error", "no device 'r9'"),
        ({"device": "r3", "table": "system"}, "error", "no usable `snmp:`"),
        ({"device": "r4", "table": "system"}, "error", "no usable `snmp:`"),
        ({"device": "r2", "table": "system"}, "unreachable", "r2 does not answer SNMP"),
        ({"device": "r1", "table": "arp"}, "error", "there is no table 'arp'"),
        ({"device": "r1"}, "error", "either 'table' or 'oid'"),
        ({"device": "r1", "oid": "1.3.6.1.2.1.1.5.0", "operation": "set"}, "error", "there is no operation 'set'"),
        ({"device": "r1", "oid": "1.3.6.1.6.3.15.1.2", "operation": "walk"}, "refused", "may not be asked"),
        ({"device": "r1", "oid": "1.3.6.1", "operation": "walk"}, "refused", "may not be asked"),
        ({"device": "r1", "oid": "sysName", "operation": "get"}, "error", "is no OID"),
    ):
        observation = await asked(mesh, **arguments)
        assert (observation.status, words in observation.error) == (status, True), observation


async def test_the_role_may_speak_for_traps_and_write_nothing_else(mesh_on: MeshFor) -> None:
    mesh = await mesh_on("snmp", name="snmp-2", type="snmp")
    assert {zone.value for zone in mesh.zones} == {"AGENTS", "EDGE"}
    with pytest.raises(PreconditionError, match="nothing to do in CORE"):
        _ = mesh.core


def test_the_launcher_finds_the_role_of_snmp() -> None:
    assert load_role("snmp") is role
