"""``nocmesh demo``: a simulated network, what breaks in it, and each incident told as it happens, to its end."""

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from nocmesh.cli.client import Client
from nocmesh.cli.output import Format, as_json, as_yaml, put
from nocmesh.cli.stopping import INTERRUPTED, Stop
from nocmesh.cli.stories import Blow, Chapter, chapters, topology, wrong_end
from nocmesh.cli.story import OVER, Story
from nocmesh.cli.telling import Teller
from nocmesh.cli.up import Prepared, prepared_mesh, ready
from nocmesh.cli.votes import due, needed, verdict_on
from nocmesh.errors import NocmeshError, PreconditionError, TooLateError
from nocmesh.launch.home import Home
from nocmesh.launch.logtail import logs_followed
from nocmesh.launch.simulation import Simulation, start_simulation
from nocmesh.launch.supervisor import tail
from nocmesh.log import configure, logger
from nocmesh.ports import free_port, is_free
from nocmesh.settings import Settings

HEALTHY = "none"
PATIENCE = 20.0
"""Seconds in which a person may approve before the demo's two users do."""
LONGEST = 240.0
POLL_SECONDS = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the person asked for."""

    fault: str = "bgp_asn_misconfig"
    story: str = "fix"
    seed: int = 1
    devices: int = 8
    incidents: int = 4
    headless: bool = False
    form: Format = Format.TABLE
    http: str | None = None
    keep: Path | None = None
    verbose: bool = False
    log_file: Path | None = None

    @property
    def first_fault(self) -> str:
        """What the network must know how to suffer from."""
        return self.fault if self.story == "fix" else HEALTHY

    def chapters(self, inventory: Path) -> list[Chapter]:
        """What happens, in the network that ``inventory`` lists."""
        from nocmesh.inventory import load_inventory  # YAML would cost every demo's start a moment

        links = [(link.a.device, link.b.device) for link in load_inventory(inventory).links]
        return chapters(self.story, self.fault, self.seed, self.incidents, links)


async def demo(wish: Wish) -> int:
    """Run the whole story; gives the exit code. Raises NocmeshError when it cannot be told to its end."""
    teller = Teller.of(wish.form, headless=wish.headless)
    where = topology(wish.story, wish.seed, wish.devices)
    stop = Stop.on_signals()
    with tempfile.TemporaryDirectory(prefix="nocmesh-demo-") as temporary:
        folder = Path(temporary)
        network = await start_simulation(folder, wish.first_fault, where)
        settings = settings_of(wish, folder, network.inventory)
        configure(settings.log_level, settings.log_format)
        try:
            async with logs_followed(Home(settings.data).logs, wish.log_file, verbose=wish.verbose):
                return await _Demo(wish, settings, network, teller, stop).run()
        except NocmeshError:
            for words in troubled(settings.data):
                teller.say(words)
            raise
        finally:
            await network.stop()


def settings_of(wish: Wish, folder: Path, inventory: Path) -> Settings:
    """The settings of a demo: its own folder, ports that are free; where people expect it, if anybody looks.

    Of two demos that begin at once both would find the expected port free, and one would talk to the other's mesh.
    """
    seen = not wish.headless and wish.form is not Format.JSON
    expected = seen and is_free("127.0.0.1", 8080)
    where = wish.http or ("127.0.0.1:8080" if expected else f"127.0.0.1:{free_port()}")
    return Settings(
        data=(wish.keep or folder / "data").absolute(),
        inventory=inventory,
        http=where,
        webhooks=f"127.0.0.1:{free_port()}",
        nats_port=free_port(),
        log_level="info" if wish.verbose or wish.log_file else "warning",
    )


def troubled(data: Path) -> list[str]:
    """The last words of every process that had something to say: the demo's logs hold warnings only."""
    logs = sorted(Home(data).logs.glob("*.log"))
    return [f"the last words of {log.stem}:{tail(log)}" for log in logs if log.stat().st_size]


class _Demo:
    """One story."""

    def __init__(self, wish: Wish, settings: Settings, network: Simulation, teller: Teller, stop: Stop) -> None:
        self._wish = wish
        self._settings = settings
        self._network = network
        self._teller = teller
        self._stop = stop
        self._story = Story(teller.line)
        self._seen: dict[str, float] = {}
        self._over: set[str] = set()

    async def run(self) -> int:
        self._teller.say("nocmesh demo: simulated routers, a real broker, real SSH sessions, every role of the mesh")
        async with AsyncExitStack() as stack:
            with self._teller.busy("starting the network, the broker and the roles"):
                running = await stack.enter_async_context(
                    prepared_mesh(self._settings, logger(role="demo"), self._teller.say, self._network.started)
                )
                self._stop.hurry = running.mesh.supervisor.hurry
                missing = await ready(running.mesh.endpoint.http, self._stop.event)
            if missing:
                raise PreconditionError(f"the mesh did not become ready: {missing}; `nocmesh doctor` may know why")
            voters = {
                name: await stack.enter_async_context(Client(running.mesh.endpoint.http, token))
                for name, token in running.tokens.items()
            }
            return await self._tell(running, voters)
        return INTERRUPTED

    async def _tell(self, running: Prepared, voters: Mapping[str, Client]) -> int:
        url = running.mesh.endpoint.http
        if self._stop.event.is_set():
            return INTERRUPTED
        self._introduce(url, running.tokens)
        codes = []
        for chapter in self._wish.chapters(self._network.inventory):
            code = await self._chapter(url, voters, chapter)
            if code is None:
                return INTERRUPTED
            codes.append(code)
            await self._network.ask(do="heal")
        if self._wish.form is Format.TABLE and not self._wish.headless and self._teller.on_terminal:
            self._teller.say(f"\nThe dashboard stays up at {url} until Ctrl-C.", "bold")
            await self._stop.event.wait()
        return max(codes)

    async def _chapter(self, url: str, voters: Mapping[str, Client], chapter: Chapter) -> int | None:
        """One incident to its end: the exit code; None when we were told to stop."""
        blow = chapter.blow
        alert, expected = await self._network.break_it(blow.fault, blow.device, blow.target)
        self._teller.say(f"\nThe network is broken with {blow.fault!r}; its monitoring system posts an alert.\n")
        await post_alert(url, alert)
        report = await self._follow(voters, chapter)
        if report is None:
            return None
        self._over.add(str(report["incident_id"]))
        return self._finish(chapter, report, expected)

    def _introduce(self, url: str, tokens: Mapping[str, str]) -> None:
        self._teller.say(f"Dashboard: {url}", "bold")
        for name, token in tokens.items():
            self._teller.say(f"  demo user {name:<6} signs in with {token}")

    async def _follow(self, voters: Mapping[str, Client], chapter: Chapter) -> dict[str, Any] | None:
        """The report at the incident's end; None when we were told to stop. Raises TooLateError."""
        state, client, meanwhile = "not there yet", next(iter(voters.values())), chapter.meanwhile
        deadline = asyncio.get_running_loop().time() + LONGEST
        while not self._stop.event.is_set():
            report = await self._newest(client)
            state = report["state"] if report else state
            if report and state in OVER:
                return report
            if state == "awaiting_approval" and meanwhile is not None:
                await self._strike(meanwhile)
                meanwhile = None
            if state == "awaiting_approval":
                await self._approvals(client, voters)
            if asyncio.get_running_loop().time() > deadline:
                raise TooLateError(f"the incident is {state} after {LONGEST:g} s; expected its end long before")
            await asyncio.sleep(POLL_SECONDS)
        return None

    async def _strike(self, blow: Blow) -> None:
        await self._network.break_it(blow.fault, blow.device, blow.target)
        self._teller.say(f"(meanwhile {blow.device} is broken too, with {blow.fault!r}; nobody knows yet)", "dim")

    async def _newest(self, client: Client) -> dict[str, Any] | None:
        listed = (await client.get("/api/incidents"))["items"]
        found = [each for each in listed if each["incident_id"] not in self._over]
        if not found:
            return None
        incident_id = found[0]["incident_id"]
        report: dict[str, Any] = await client.get("/api/incidents/{}", incident_id)
        self._story.tell((await client.get("/api/incidents/{}/timeline", incident_id))["items"])
        return report

    async def _approvals(self, client: Client, voters: Mapping[str, Client]) -> None:
        """Invite people to decide; cast the votes that nobody cast in time."""
        patience, now = 0.0 if self._wish.headless else PATIENCE, asyncio.get_running_loop().time()
        for waiting in (await client.get("/api/approvals", status="pending"))["items"]:
            if waiting["approval_id"] not in self._seen:
                self._seen[waiting["approval_id"]] = now
                self._invite(client.url, waiting, patience)
            waited = now - self._seen[waiting["approval_id"]]
            for name in due(waiting, list(voters), waited, patience):
                await self._vote(voters[name], name, waiting)

    def _invite(self, url: str, waiting: Mapping[str, Any], patience: float) -> None:
        if patience:
            self._teller.say(
                f"\n>>> {needed(waiting)}: {url}/incidents/{waiting['incident_id']}\n"
                f">>> In {patience:.0f} s the demo's users add the votes that are missing then.\n",
                "bold magenta",
            )

    async def _vote(self, voter: Client, name: str, waiting: Mapping[str, Any]) -> None:
        body = {"decision": "approve", "comment": "demo", "change_hash": waiting.get("change_hash")}
        try:
            await voter.post("/api/approvals/{}/decisions", waiting["approval_id"], body=body)
        except NocmeshError as refused:  # a person may have decided between our look and our vote
            self._teller.say(f"(the vote of {name} was not counted: {refused.message})", "dim")

    def _finish(self, chapter: Chapter, report: dict[str, Any], expected: Mapping[str, str] | None) -> int:
        for text in summary(report):
            self._teller.say(text)
        wrong = verdict_on(report, expected)
        judged = f"wrong diagnosis: {wrong}" if wrong else "the diagnosis is right: the network confirms it"
        self._teller.say(f"  {judged}", "bold red" if wrong else "bold green")
        if chapter.meanwhile is not None:
            wrong = wrong or wrong_end(chapter, report)
            ended = wrong or "the fix could not help: it was rolled back, and a person has the incident"
            self._teller.say(f"  {ended}", "bold red" if wrong else "bold green")
        if self._wish.form is Format.NAME:
            put(report["incident_id"])
        elif self._wish.form is not Format.TABLE:
            put(as_json(report) if self._wish.form is Format.JSON else as_yaml(report))
        return 1 if wrong else 0


async def post_alert(url: str, alert: dict[str, Any]) -> list[str]:
    """Post the alert as a monitoring system would; the ids of the alerts that were taken."""
    async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30) as web:
        response = await web.post("/api/webhooks/alertmanager", json=alert)
    if response.status_code != httpx2.codes.ACCEPTED:
        raise NocmeshError(f"the webhook answered {response.status_code}: {response.text[:300]}")
    accepted: list[str] = response.json()["alert_ids"]
    return accepted


def summary(report: Mapping[str, Any]) -> Sequence[str]:
    """The end of the story, in lines."""
    timing, outcome = report.get("timing") or {}, report.get("outcome") or {}
    lines = [f"\nIncident {report['incident_id']}: {report['state']}, {report['verdict']}"]
    for cause in report.get("root_causes") or []:
        lines.append(f"  cause         {cause['fault_type']} on {cause['resource']}: {cause['summary']}")
    lines.append(f"  diagnosed in  {timing.get('seconds')} s with {timing.get('device_commands')} device commands")
    for proposal in report.get("proposals") or []:
        lines.append(f"  change        {proposal['device']}: {'; '.join(proposal['commands'])}")
        lines.append(f"  rollback      {'; '.join(proposal['rollback'])}")
    if outcome:
        lines.append(f"  verification  {outcome.get('verification')}; rolled back: {outcome.get('rolled_back')}")
    return lines
