"""``nocmesh demo``: a simulated network, a fault, and the incident told as it happens, to its verified fix."""

import asyncio
import contextlib
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import msgspec

from nocmesh.cli.client import Client
from nocmesh.cli.output import Format, put, say
from nocmesh.cli.story import OVER, Story
from nocmesh.cli.up import first_tokens, ready
from nocmesh.errors import NocmeshError, PreconditionError
from nocmesh.inventory import load_inventory
from nocmesh.launch.mesh import free_port, is_free, running_mesh
from nocmesh.launch.simulation import Simulation, simulation
from nocmesh.log import configure, logger
from nocmesh.settings import Settings

PATIENCE = 20.0
"""Seconds in which a person may approve before the demo's two users do."""
LONGEST = 240.0


async def demo(*, fault: str, headless: bool, form: Format, http: str | None) -> None:
    """Run the whole story. Raises NocmeshError when it does not end as it should."""
    tell_person: Callable[[str], None] = say if headless or form is Format.JSON else put
    with tempfile.TemporaryDirectory(prefix="nocmesh-demo-") as folder:
        async with simulation(Path(folder), fault) as network:
            settings = _settings(Path(folder), http or _address(headless or form is Format.JSON), network.inventory)
            configure(settings.log_level, settings.log_format)
            await _with_mesh(settings, network, fault, headless, form, tell_person)


def _address(unseen: bool) -> str:
    """Where the dashboard listens: where people expect it, unless nobody looks, or somebody listens there."""
    known = not unseen and is_free("127.0.0.1", 8080)
    return "127.0.0.1:8080" if known else f"127.0.0.1:{free_port()}"


def _settings(folder: Path, http: str, inventory: Path) -> Settings:
    return Settings(
        data=folder / "data",
        inventory=inventory,
        http=http,
        webhooks=f"127.0.0.1:{free_port()}",
        nats_port=free_port(),
        log_level="warning",
    )


async def _with_mesh(
    settings: Settings,
    network: Simulation,
    fault: str,
    headless: bool,
    form: Format,
    tell_person: Callable[[str], None],
) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    assert settings.inventory is not None
    inventory = load_inventory(settings.inventory)
    tell_person("nocmesh demo: simulated routers, a real broker, real SSH sessions, every role of the mesh")
    async with running_mesh(settings, logger(role="demo")) as mesh:
        tokens = await first_tokens(settings, inventory)
        if not await ready(mesh.endpoint.http, stopping):
            raise PreconditionError("the mesh did not become ready; run `nocmesh doctor`")
        _introduce(mesh.endpoint.http, tokens, tell_person)
        alert, _expected = await network.break_it(fault)
        tell_person(f"\nThe network is broken with {fault!r}; its monitoring system posts an alert.\n")
        report = await _follow(mesh.endpoint.http, alert, tokens, headless, tell_person, stopping)
        _finish(report, form, tell_person)
        if form is not Format.JSON and not headless and sys.stdout.isatty():
            tell_person(f"\nThe dashboard stays up at {mesh.endpoint.http} until Ctrl-C.")
            await stopping.wait()


def _introduce(url: str, tokens: dict[str, str], tell_person: Callable[[str], None]) -> None:
    tell_person(f"Dashboard: {url}")
    for name, token in tokens.items():
        tell_person(f"  demo user {name:<6} signs in with {token}")


async def post_alert(url: str, alert: dict[str, Any]) -> list[str]:
    """Post the alert as a monitoring system would; the ids of the alerts that were taken."""
    async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30) as web:
        response = await web.post("/api/webhooks/alertmanager", json=alert)
    if response.status_code != httpx2.codes.ACCEPTED:
        raise NocmeshError(f"the webhook answered {response.status_code}: {response.text[:300]}")
    accepted: list[str] = response.json()["alert_ids"]
    return accepted


async def _follow(
    url: str,
    alert: dict[str, Any],
    tokens: dict[str, str],
    headless: bool,
    tell_person: Callable[[str], None],
    stopping: asyncio.Event,
) -> dict[str, Any]:
    await post_alert(url, alert)
    story = Story(tell_person)
    voters = [Client(url, token) for token in tokens.values()]
    helper: asyncio.Task[None] | None = None
    async with contextlib.AsyncExitStack() as stack:
        for voter in voters:
            await stack.enter_async_context(voter)
        async with asyncio.timeout(LONGEST):
            while not stopping.is_set():
                report = await _tell_newest(voters[0], story)
                if report and report["state"] in OVER:
                    return report
                if report and report["state"] == "awaiting_approval" and helper is None:
                    helper = asyncio.create_task(_approve(voters, url, 0.0 if headless else PATIENCE, tell_person))
                await asyncio.sleep(0.15)
        if helper:
            await helper
    raise NocmeshError("the demo was stopped before its incident ended")


async def _tell_newest(client: Client, story: Story) -> dict[str, Any] | None:
    found = (await client.get("/api/incidents"))["items"]
    if not found:
        return None
    incident_id = found[0]["incident_id"]
    report: dict[str, Any] = await client.get(f"/api/incidents/{incident_id}")
    story.tell((await client.get(f"/api/incidents/{incident_id}/timeline"))["items"])
    return report


async def _approve(voters: list[Client], url: str, patience: float, tell_person: Callable[[str], None]) -> None:
    """Give a person the time to decide; then the demo's users do."""
    if patience:
        tell_person(
            f"\n>>> Two people must approve. Decide at {url} - or wait {patience:.0f} s: the demo's users will.\n"
        )
        await asyncio.sleep(patience)
    for waiting in (await voters[0].get("/api/approvals", status="pending"))["items"]:
        for voter in voters:
            body = {"decision": "approve", "comment": "demo", "change_hash": waiting.get("change_hash")}
            try:
                await voter.post(f"/api/approvals/{waiting['approval_id']}/decisions", body)
            except NocmeshError as already:
                tell_person(f"(a demo user's vote was not counted: {already.message})")


def _finish(report: dict[str, Any], form: Format, tell_person: Callable[[str], None]) -> None:
    if form is Format.JSON:
        put(msgspec.json.encode(report).decode())
        return
    timing, outcome = report.get("timing") or {}, report.get("outcome") or {}
    tell_person(f"\nIncident {report['incident_id']}: {report['state']}, {report['verdict']}")
    for cause in report.get("root_causes", []):
        tell_person(f"  cause         {cause['fault_type']} on {cause['resource']}: {cause['summary']}")
    tell_person(f"  diagnosed in  {timing.get('seconds')} s with {timing.get('device_commands')} device commands")
    for proposal in report.get("proposals", []):
        tell_person(f"  change        {proposal['device']}: {'; '.join(proposal['commands'])}")
        tell_person(f"  rollback      {'; '.join(proposal['rollback'])}")
    if outcome:
        tell_person(f"  verification  {outcome.get('verification')}; rolled back: {outcome.get('rolled_back')}")
    put(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
