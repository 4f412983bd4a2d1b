"""`nocmesh up` as a whole: what it costs to idle, and that stopping it in the middle of an incident loses nothing."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import pytest
from scenarios.web import Api

from nocmesh.launch.simulation import Simulation, simulation
from nocmesh.ports import free_port
from nocmesh.proving.broker import eventually

pytestmark = [pytest.mark.mesh, pytest.mark.alone]

WINDOWS, WINDOW_SECONDS = 5, 2.0
MOST_CPU = 0.05
"""Of one core."""
MOST_MEMORY = 500 * 1024 * 1024


class Up:
    """A running `nocmesh up`."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self.process = process
        self.url = url

    def api(self, user: str) -> Api:
        return Api(self.url, user=user)

    def family(self) -> list[psutil.Process]:
        top = psutil.Process(self.process.pid)
        return [top, *top.children(recursive=True)]

    def cpu_seconds(self) -> float:
        return sum(times.user + times.system for times in (each.cpu_times() for each in self.family()))

    def memory(self) -> int:
        return sum(each.memory_info().rss for each in self.family())

    def told(self) -> str:
        return "\n".join(f"{each.pid} {each.memory_info().rss >> 20} MB {each.cmdline()}" for each in self.family())


@asynccontextmanager
async def up(folder: Path, network: Simulation) -> AsyncIterator[Up]:
    """Ready, and stopped at the end by Ctrl-C."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NOCMESH_")}
    where = f"127.0.0.1:{free_port()}"
    with (folder / "up.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "nocmesh.cli", "up", "--inventory", str(network.inventory)),
            *("--data", str(folder / "data"), "--http", where, "--webhooks", f"127.0.0.1:{free_port()}"),
            *("--nats-port", str(free_port()), "--no-auth-for-loopback"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=kept,
        )
    running = Up(process, f"http://{where}")
    try:
        async with running.api("nina") as nina:
            await eventually(nina.up, within=60)
        yield running
    except TimeoutError as late:
        raise AssertionError((folder / "up.log").read_text()[-4000:]) from late
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        async with asyncio.timeout(40):
            code = await process.wait()
    assert code == 0


async def until_state(running: Up, *states: str) -> dict[str, Any]:
    """The report of the newest incident, once it is in one of ``states``."""
    found: list[dict[str, Any]] = []
    async with running.api("nina") as client:

        async def there() -> bool:
            items = (await client.get("/api/incidents"))["items"]
            reports = [await client.get(f"/api/incidents/{item['incident_id']}") for item in items[:1]]
            found.extend([report for report in reports if report["state"] in states])
            return bool(found)

        await eventually(there, within=60)
    return found[0]


async def test_idling_costs_little(tmp_path: Path) -> None:
    async with simulation(tmp_path) as network, up(tmp_path, network) as running:
        await quiet(running)
        used = []
        for _ in range(WINDOWS):
            before = running.cpu_seconds()
            await asyncio.sleep(WINDOW_SECONDS)  # what is measured is that nothing happens
            used.append((running.cpu_seconds() - before) / WINDOW_SECONDS)
        print(sorted(used), running.told(), running.memory() >> 20)
        assert median(used) < MOST_CPU, used
        assert running.memory() < MOST_MEMORY, running.told()


async def quiet(running: Up) -> None:
    """Wait until the start is over: half a second without much work."""

    async def calm() -> bool:
        before = running.cpu_seconds()
        await asyncio.sleep(0.5)
        return running.cpu_seconds() - before < 0.1

    await eventually(calm, within=30)


async def test_a_mesh_that_is_stopped_while_an_incident_waits_goes_on_with_it(tmp_path: Path) -> None:
    async with simulation(tmp_path) as network:
        async with up(tmp_path, network) as running:
            alert, _ = await network.break_it("bgp_asn_misconfig")
            async with running.api("nina") as nina:
                assert (await nina.post("/api/webhooks/alertmanager", alert)).is_success
            before = await until_state(running, "awaiting_approval")
        async with up(tmp_path, network) as running:
            report = await until_state(running, "awaiting_approval")
            assert report["incident_id"] == before["incident_id"]
            for person in ("nina", "omar"):
                async with running.api(person) as client:
                    for proposal in report["proposals"]:
                        where = f"/api/approvals/{proposal['approval_id']}/decisions"
                        said = await client.post(where, {"decision": "approve", "comment": "after the restart"})
                        assert said.is_success, said.text
            report = await until_state(running, "closed", "escalated")
        lines = (await network.ask(do="log", device="core1", by="nocmesh"))["lines"]
    assert (report["state"], report["outcome"]["verification"]) == ("closed", "passed")
    assert [line["line"] for line in lines if line["accepted"]] == report["proposals"][0]["commands"]
