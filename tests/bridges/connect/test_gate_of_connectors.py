"""The gate for what is no device: a local command and a database write, on a real broker, with every way round it.

What is refused is answered, stands in the target's journal, and is a fact of the audit; what is allowed is done once.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import msgspec
import pytest
from bridges.decisions import approved

from nocmesh.bus import Mesh, Received
from nocmesh.clock import SystemClock
from nocmesh.errors import BusError, NocmeshError
from nocmesh.ids import new_id
from nocmesh.log import logger
from nocmesh.messages.agent import ToolReply, ToolRequest
from nocmesh.messages.approval import ApprovalRequest, Decision
from nocmesh.messages.change import Change, DeviceCommand, DeviceJournalEntry, DeviceResult
from nocmesh.messages.order import EVERYWHERE, Order
from nocmesh.messages.people import Attempt
from nocmesh.policy.policy import built_in
from nocmesh.proving.broker import MeshFor, eventually
from nocmesh.runtime import Context, load_role
from nocmesh.settings import Settings
from nocmesh.subjects import subject
from nocmesh_agents.audit.facts import fact_of
from nocmesh_agents.orchestrator.agent import role as orchestrator
from nocmesh_bridges.connect.executing import Executor
from nocmesh_bridges.connect.hand import Hand
from nocmesh_bridges.connect.role import role
from nocmesh_bridges.connect.targets import Targets, load_targets
from nocmesh_bridges.database.hand import DatabaseHand
from nocmesh_bridges.gate.devicejournal import DeviceJournal
from nocmesh_bridges.local.hand import CommandHand

pytestmark = pytest.mark.mesh
changed = msgspec.structs.replace

FILE = """
version: 1
commands:
  - {{name: {local}, argv: [{program}, "{{word}}"], parameters: {{word: {{enum: [a, b]}}}}, risk: medium}}
  - {{name: low-{local}, argv: [/bin/echo, hello], read_only: true, risk: low}}
databases:
  - name: {database}
    engine: postgresql
    address: {host}
    port: {port}
    database: {name}
    tls: "off"
    reader: {{user: postgres, file: password}}
    writer: {{user: postgres, file: password}}
"""


@dataclass
class Bench:
    """The connectors' executor, an approvals process that signs what it is told, and targets that count."""

    meshes: dict[str, Mesh]
    targets: Targets
    hand: Hand[Any]
    arguments: dict[str, Any]
    count: Callable[[], Awaitable[int]]

    def __post_init__(self) -> None:
        self.executor = self.again()

    def again(self) -> Executor:
        """The process, started anew."""
        hands, log = {self.hand.platform: self.hand}, logger(role="connect")
        network = self.targets.network()
        return Executor(self.meshes["connect"], hands, network, built_in(), clock=SystemClock(), log=log)

    async def change(self, **more: Any) -> Change:
        ask = self.hand.asked(self.arguments)
        base: dict[str, Any] = {
            "change_id": new_id(SystemClock().now()),
            "device": ask.target,
            "platform": self.hand.platform,
            "commands": ask.lines,
            "rollback": [],
            "risk": "high",
            "pre_state": await self.hand.state(ask),
            "requested_by": "bgp-1",
        }
        return Change(**{**base, **more})

    async def command(self, change: Change, *, minutes: float = 10, sign: bool = True, **more: Any) -> DeviceCommand:
        """The command that follows from the decision of two people, which is signed unless told otherwise."""
        now, approval = SystemClock().now(), f"approval-{change.change_id}"
        expires = now + timedelta(minutes=minutes)
        decision = approved(change, approval, voted=now - timedelta(hours=1), decided=now, expires=expires)
        if sign:
            await self.decide(changed(decision, **more))
        return DeviceCommand(
            command_id=f"k-{change.change_id}", run_id="run-1", step="apply", change=change, approval_id=approval
        )

    async def decide(self, decision: Decision, role: str = "approvals") -> None:
        where = subject("ai.approvals.decisions.<id>", id=decision.approval_id)
        await self.meshes[role].core.publish(where, decision, id=f"{decision.approval_id}:{role}", timeout=1.0)

    async def take(self, command: DeviceCommand, executor: Executor | None = None) -> DeviceResult:
        await (executor or self.executor).take(received(command))
        where = subject("ai.devices.results.<target>", target=command.change.device)
        history = self.meshes["orchestrator"].core.history("DEVICE_RESULTS", where, DeviceResult)
        return [found.body async for found in history][-1]

    async def journal(self, change: Change) -> list[DeviceJournalEntry]:
        where = subject("ai.devices.journal.<device>.<change_id>", device=change.device, change_id=change.change_id)
        history = self.meshes["connect"].core.history("DEVICE_JOURNAL", where, DeviceJournalEntry)
        return [found.body async for found in history]


def received(body: Any, where: str = "ai.devices.commands.x") -> Received[Any]:
    return Received(
        subject=where,
        body=body,
        id="i",
        sequence=1,
        at=SystemClock().now(),
        speaker=None,
        correlation_id="",
        headers={},
    )


def written(folder: Path, tag: str, url: str = "postgresql://127.0.0.1:1/none") -> Targets:
    """A target file whose command appends its word to a file."""
    program, where = folder / "program", urlsplit(url)
    program.write_text(f'#!/bin/sh\necho "$1" >> {folder}/done\n')
    program.chmod(0o755)
    (folder / "password").write_text("none\n")
    (folder / "targets.yaml").write_text(
        FILE.format(
            local=f"local-{tag}",
            program=program,
            database=f"db-{tag}",
            host=where.hostname,
            port=where.port,
            name=where.path[1:],
        )
    )
    return load_targets(folder / "targets.yaml")


@pytest.fixture(params=["local", pytest.param("database", marks=pytest.mark.postgres)])
async def bench(request: pytest.FixtureRequest, mesh_for: MeshFor, tmp_path: Path) -> AsyncIterator[Bench]:
    tag = new_id(SystemClock().now())[-12:]
    meshes = {each: await mesh_for(each, name=f"{each}-{tag}") for each in ("connect", "approvals", "orchestrator")}
    if request.param == "local":
        targets, done = written(tmp_path, tag), tmp_path / "done"

        async def runs() -> int:
            return len(done.read_text().split()) if done.exists() else 0

        arguments: dict[str, Any] = {"command": f"local-{tag}", "parameters": {"word": "a"}}
        yield Bench(meshes, targets, CommandHand(targets, b"k"), arguments, runs)
        return
    url = request.getfixturevalue("cluster").database()
    admin = await asyncpg.connect(url)  # type: ignore[no-untyped-call]
    await admin.execute("CREATE TABLE done (word text)")
    targets = written(tmp_path, tag, url)

    async def rows() -> int:
        return int(await admin.fetchval("SELECT count(*) FROM done"))

    arguments = {"target": f"db-{tag}", "sql": "INSERT INTO done VALUES ($1)", "parameters": ["a"], "rows": 1}
    yield Bench(meshes, targets, DatabaseHand(targets, b"k"), arguments, rows)
    await admin.close()


async def test_what_was_approved_is_done_once_however_often_it_is_told(bench: Bench) -> None:
    change = await bench.change()
    command = await bench.command(change)
    first = await bench.take(command)
    assert (first.outcome, await bench.count()) == ("confirmed", 1), first.reason
    again = await bench.take(command, bench.again())
    replayed = await bench.take(changed(command, command_id="another"))
    assert (again.outcome, replayed.outcome, await bench.count()) == ("confirmed", "confirmed", 1)
    assert [entry.kind for entry in await bench.journal(change)] == ["begun", "sent", "outcome"]


async def test_every_way_round_an_approval_is_refused_and_audited(bench: Bench) -> None:
    def by(*people: str, **more: Any) -> Callable[[Decision], Decision]:
        def made(decision: Decision) -> Decision:
            votes = [changed(decision.votes[0], person=person) for person in people]
            return changed(decision, votes=votes, **more)

        return made

    ways: list[tuple[str, Callable[[Decision], Decision] | None, dict[str, Any], str]] = [
        ("no approval", None, {}, "there is no decision"),
        ("nobody said yes", by(), {}, "different people must approve"),
        ("the requester's own vote", by("bgp-1", quorum=1), {}, "1 different people"),
        ("one person twice", by("nina", "nina"), {}, "2 different people"),
        ("somebody said no", lambda d: changed(d, verdict="rejected"), {}, "says rejected"),
        ("expired", lambda d: d, {"minutes": -1}, "expired"),
        ("for another change", lambda d: changed(d, change_hash="0" * 64), {}, "hash differs"),
        ("for another run", lambda d: changed(d, run_id="run-2"), {}, "of run run-2"),
    ]
    for name, made, more, said in ways:
        change = await bench.change()
        command = await bench.command(change, sign=False, **more)
        if made:
            now = SystemClock().now()
            expires = now + timedelta(minutes=more.get("minutes", 10))
            voted = now - timedelta(hours=1)
            await bench.decide(made(approved(change, command.approval_id, voted=voted, decided=now, expires=expires)))
        result = await bench.take(command)
        assert (result.outcome, said in result.reason) == ("refused", True), (name, result.reason)
        fact = fact_of(received(result.to_dict(), f"ai.devices.results.{change.device}"))
        assert fact is not None
        assert (fact.action, said in fact.facts["why"]) == ("change_refused", True)
        assert [entry.kind for entry in await bench.journal(change)] == ["outcome"]
    assert await bench.count() == 0


async def test_nobody_but_the_approvals_process_can_decide(bench: Bench) -> None:
    change = await bench.change()
    command = await bench.command(change, sign=False)
    now = SystemClock().now()
    decision = approved(change, command.approval_id, voted=now, decided=now, expires=now + timedelta(minutes=5))
    for forger in ("connect", "orchestrator"):
        with pytest.raises(NocmeshError):
            await bench.decide(decision, forger)
    result = await bench.take(command)
    assert (result.outcome, "no decision" in result.reason) == ("refused", True)


async def test_what_is_not_as_it_was_approved_is_refused(bench: Bench) -> None:
    good = await bench.change()
    ways: list[tuple[dict[str, Any], str]] = [
        ({"commands": [good.commands[0] + " ", *good.commands[1:]]}, "not as they would be written"),
        ({"commands": [*good.commands[:1], *(line.replace('"a"', '"; id"') for line in good.commands[1:])]}, ""),
        ({"risk": "low"}, "it says that it is low"),
        ({"pre_state": "0" * 64}, "is not as it was"),
        ({"pre_state": ""}, "bound to no state"),
        ({"device": "elsewhere"}, "no "),
        ({"commands": []}, "has lines"),
    ]
    for number, (more, said) in enumerate(ways):
        change = changed(good, change_id=f"{good.change_id}-{number}", **more)
        result = await bench.take(await bench.command(change))
        if "; id" in str(more) and bench.hand.platform == "postgresql":
            assert result.outcome == "confirmed", "a text is a text, whatever stands in it"
            continue
        assert (result.outcome, said in result.reason) == ("refused", True), (more, result.reason)
    assert await bench.count() == (bench.hand.platform == "postgresql")


async def test_in_a_freeze_nothing_goes_out(bench: Bench) -> None:
    where = subject("ai.approvals.orders.<kind>.<name>", kind="freeze", name=EVERYWHERE)
    now = SystemClock().now()
    freeze = Order(kind="freeze", name=EVERYWHERE, value="on", person="ada", at=now)
    await bench.meshes["approvals"].core.publish(where, freeze, id=new_id(now))
    try:
        result = await bench.take(await bench.command(await bench.change()))
        assert (result.outcome, "ada froze everything" in result.reason) == ("refused", True)
    finally:
        lifted = changed(freeze, value="")
        await bench.meshes["approvals"].core.publish(where, lifted, id=new_id(SystemClock().now()))
    assert await bench.count() == 0


async def test_what_a_dead_process_had_begun_is_never_sent_again(bench: Bench) -> None:
    """Begun only: nothing was sent. Marked as sent: the target is asked; where it cannot tell, a person must look."""
    for marks, outcome in (([], "failed"), (["0"], "unknown")):
        change = await bench.change()
        command = await bench.command(change)
        await dead(bench, command, marks)
        busy = await bench.command(await bench.change())
        with pytest.raises(BusError, match="busy with change"):
            await bench.take(busy)
        result = await bench.take(command, bench.again())
        assert (result.outcome, await bench.count()) == (outcome, 0), result.reason
        assert (await bench.take(command)).outcome == outcome


class Killed(BaseException):
    """What `kill -9` looks like from inside."""


@pytest.mark.parametrize(
    ("at", "local", "database"),
    [
        ("connect.begun", ("failed", 0), ("failed", 0)),
        ("connect.sent", ("unknown", 0), ("failed", 0)),
        ("connect.marked", ("", 0), ("failed", 0)),
        ("connect.acted", ("unknown", 1), ("confirmed", 1)),
        ("connect.outcome", ("confirmed", 1), ("confirmed", 1)),
    ],
)
async def test_killed_anywhere_it_is_done_once_at_most_and_its_end_is_never_guessed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, at: str, local: tuple[str, int], database: tuple[str, int]
) -> None:
    def dying(name: str) -> None:
        if name == at:
            raise Killed(name)

    for module in ("connect.executing", "database.postgres"):
        monkeypatch.setattr(f"nocmesh_bridges.{module}.reached", dying)
    outcome, count = local if bench.hand.platform == "local" else database
    command = await bench.command(await bench.change())
    if not outcome:  # only a database has this point
        assert (await bench.take(command)).outcome == "confirmed"
        return
    with pytest.raises(Killed):
        await bench.take(command)
    monkeypatch.undo()
    result = await bench.take(command, bench.again())
    assert (result.outcome, await bench.count()) == (outcome, count), result.reason
    assert (await bench.take(command, bench.again())).outcome == outcome
    assert await bench.count() == count


async def dead(bench: Bench, command: DeviceCommand, marks: list[str]) -> None:
    """What a process leaves that dies after it has begun ``command``."""
    mesh = bench.meshes["connect"]
    journal = DeviceJournal(mesh.core, SystemClock(), device=command.change.device, bridge="dead")
    await journal.load()
    await journal.append(journal.entry(command, "begun", pre_state=command.change.pre_state))
    for mark in marks:
        known = mark if bench.hand.platform == "local" else "4611686018427387904"
        await journal.append(journal.entry(command, "sent", backup=known))


async def test_what_is_for_another_executor_is_left_to_it(bench: Bench) -> None:
    change = changed(await bench.change(), platform="frr")
    command = await bench.command(change)
    await bench.executor.take(received(command))
    assert await bench.journal(change) == []


# --- the whole way


async def test_a_command_that_an_agent_asks_for_waits_for_its_person_and_is_run_once(
    mesh_on: MeshFor, tmp_path: Path
) -> None:
    """The orchestrator serves the name, the connectors draft and carry out; in between stands the approval."""
    written(tmp_path, "x")
    settings = Settings(targets=tmp_path / "targets.yaml", data=tmp_path)
    stopping = asyncio.Event()
    tasks: list[asyncio.Task[None]] = []
    for each in (orchestrator, role):
        mesh = await mesh_on(each.bus_role, name=f"{each.name}-1", type=each.type)
        log = logger(role=each.name)
        context = Context(
            mesh=mesh, settings=settings, clock=SystemClock(), log=log, name=mesh.me.name, stopping=stopping
        )
        tasks.append(asyncio.create_task(each.run(context)))  # type: ignore[arg-type]
    agent, approvals = await mesh_on("agent", name="fixer-1", type="remediation"), await mesh_on("approvals")

    async def called(tool: str, **arguments: Any) -> ToolReply:
        request = ToolRequest(tool=tool, arguments=arguments, call_id="c1")
        reply: ToolReply = await agent.agents.request(subject("ai.tools.call.<tool>", tool=tool), request, ToolReply)
        return reply

    async def served() -> bool:
        try:
            return (await called("local_run", command="low-local-x")).status == "ok"
        except NocmeshError:
            return False

    await eventually(served, within=15)
    looked = await called("local_run", command="low-local-x")
    assert looked.content["output"] == "hello\n"
    refused = await called("local_run", command="local-x", parameters={"word": "a"})
    assert (refused.status, "call local_change" in refused.error) == ("refused", True)
    wrong = await called("local_change", command="local-x", parameters={"word": "; id"})
    assert (wrong.status, "expected one of a, b" in wrong.error) == ("refused", True)
    started = await called("local_change", command="local-x", parameters={"word": "a"}, why="the cache is stale")
    assert (started.status, started.content["risk"]) == ("run_started", "medium"), started.error

    asked: list[ApprovalRequest] = []

    async def pending() -> bool:
        history = approvals.core.history("APPROVALS", "ai.approvals.pending.*", ApprovalRequest)
        asked[:] = [each.body async for each in history]
        return bool(asked)

    await eventually(pending, within=10)
    [request] = asked
    change = request.change
    assert change is not None
    assert change.commands == [f"{tmp_path}/program a", 'word = "a"']
    assert (change.requested_by, change.summary) == ("remediation", "the cache is stale")
    assert not (tmp_path / "done").exists()
    now = SystemClock().now()
    decision = approved(change, request.approval_id, voted=now, decided=now, expires=now + timedelta(minutes=5))
    decision = changed(decision, run_id=request.run_id, step=request.step, requested_by="remediation")
    where = subject("ai.approvals.decisions.<id>", id=request.approval_id)
    await approvals.core.publish(where, decision, id="decision")

    audit = await mesh_on("audit")
    results: list[DeviceResult] = []

    async def ended() -> bool:
        history = audit.core.history("DEVICE_RESULTS", "ai.devices.results.*", DeviceResult)
        results[:] = [each.body async for each in history]
        return bool(results)

    await eventually(ended, within=10)
    assert [result.outcome for result in results] == ["confirmed"], results
    assert (tmp_path / "done").read_text() == "a\n"
    attempts = [each.body async for each in audit.core.history("ATTEMPTS", "ai.attempts.*", Attempt)]
    assert {(each.action, each.actor) for each in attempts} >= {("tool_refused", "fixer-1")}
    stopping.set()
    await asyncio.wait_for(asyncio.gather(*tasks), 15)


def test_the_role_is_found_by_its_name() -> None:
    assert load_role("connect") is role
