"""A real snmpd, one engine of pysnmp; what they are made of is a plain module, `bridges.snmp.agents`."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from nocmesh.proving.broker import eventually
from nocmesh_bridges.snmp.engine import Engine

sys.path.append(str(Path(__file__).parents[2]))
from bridges.snmp.agents import AUTH, CONF, PRIVACY, Agent, free_udp_port, needs


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    """snmpd with two communities and two users."""
    needs("snmpd")
    port = free_udp_port()
    (tmp_path / "snmpd.conf").write_text(CONF.format(port=port, auth=AUTH, privacy=PRIVACY))
    command = ("snmpd", "-f", "-C", "-c", f"{tmp_path}/snmpd.conf", "-Lf", f"{tmp_path}/snmpd.log")
    environment = {"PATH": f"/usr/sbin:{os.environ['PATH']}", "MIBS": "", "SNMP_PERSISTENT_DIR": str(tmp_path)}
    process = await asyncio.create_subprocess_exec(*command, env=environment)

    async def up() -> bool:
        log = tmp_path / "snmpd.log"
        return log.exists() and "NET-SNMP version" in log.read_text()

    try:
        await eventually(up, within=10.0)
        yield Agent(port)
    finally:
        process.terminate()
        await process.wait()


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    engine = Engine()
    yield engine
    engine.close()
