"""Attacks that worked on a correct-looking configuration, and must not work here."""

import asyncio
import re
from datetime import UTC, datetime

import pytest

from nocmesh.bus import Authority, Mesh, Received, nkey, signing, stored
from nocmesh.bus.plan import load_plan
from nocmesh.bus.rights import ROLES, rights_of, zones_of
from nocmesh.errors import BusError, DeniedError, SignatureError
from nocmesh.messages.agent import Heartbeat
from nocmesh.messages.approval import Decision
from nocmesh.messages.session import SessionEvent
from nocmesh.messages.task import TaskAssignment, TaskResult
from nocmesh.proving.broker import Broker, MeshFor, eventually
from nocmesh.subjects import SUBJECTS, Zone

pytestmark = pytest.mark.mesh

PLACE = re.compile(r"<\w+>")


async def sequences(probe: Mesh, zone: Zone) -> dict[str, int]:
    """How far each stream of ``zone`` has come."""
    link = probe.zones[zone]._link
    names = (await stored.call(link, "STREAM.NAMES"))["streams"]
    return {name: (await stored.call(link, f"STREAM.INFO.{name}"))["state"]["last_seq"] for name in names}


async def test_no_reply_subject_reaches_the_truth_from_the_agents_zone(mesh_on: MeshFor) -> None:
    agent, probe = await mesh_on("agent", name="rogue", type="bgp"), await mesh_on("probe")
    orchestrator = await mesh_on("orchestrator")
    task = TaskAssignment(task_id="1", task_type="t", assigned_to="bgp")
    await orchestrator.agents.publish("ai.tasks.assign.bgp", task, id="t1")
    before = await sequences(probe, Zone.CORE)
    link = agent.agents._link
    for target in ("ai.approvals.decisions.666", "ai.devices.commands.r1", "ai.workflows.journal.r", "$KV.runs.x"):
        await link.send("ai.tasks.complete.rogue", b"{}", reply=target)
        await link.send("$JS.API.CONSUMER.MSG.NEXT.TASKS.bgp", b'{"batch":1,"expires":100000000}', reply=target)
        await link.send("$JS.API.CONSUMER.INFO.TASKS.bgp", b"", reply=target)
        await link.send("$JS.API.DIRECT.GET.SESSIONS", b'{"seq":1}', reply=target)
    await link.flush()
    assert await sequences(probe, Zone.CORE) == before


OUTSIDE_THE_TRUTH = sorted(role for role in ROLES if Zone.CORE not in zones_of(role))


async def test_no_role_outside_the_truth_reaches_it_by_any_reply_subject(mesh_on: MeshFor) -> None:
    probe = await mesh_on("probe")
    before = await sequences(probe, Zone.CORE)
    targets = [PLACE.sub("x", row.pattern) for row in SUBJECTS if row.zone is Zone.CORE and row.stream]
    targets += [f"$KV.{name}.x" for name, bucket in load_plan().buckets.items() if bucket.zone is Zone.CORE]
    tried = 0
    for role in OUTSIDE_THE_TRUTH:
        mesh = await mesh_on(role, name="rogue", type="bgp" if role == "agent" else "")
        for zone, bus in mesh.zones.items():
            may = rights_of(role, zone).publish
            said = [
                each.replace("{{name()}}", "rogue").replace("{{tag(type)}}", "bgp").replace("*", "x") for each in may
            ]
            for where in said:
                for target in targets:
                    await bus._link.send(where.replace(">", "x"), b'{"seq":1,"batch":1}', reply=target)
                    tried += 1
            await bus._link.flush()
    assert tried > 500
    assert await sequences(probe, Zone.CORE) == before


async def test_an_agent_cannot_erase_what_was_observed(mesh_on: MeshFor) -> None:
    agent, other = await mesh_on("agent", name="rogue", type="bgp"), await mesh_on("agent", name="v-1", type="ospf")
    kept = await other.agents.objects("observations").put(b"evidence")
    for subject in ("$O.observations.M.x", "$O.observations.C.x"):
        for word in ("all", "sub"):
            answer = await agent.agents._link.request(subject, b"x", {"Nats-Rollup": word})
            assert b"rollup not permitted" in answer.data
    assert await other.agents.objects("observations").get(kept) == b"evidence"


async def test_no_trusted_role_takes_what_another_is_owed(mesh_on: MeshFor) -> None:
    """Who makes another's consumer anew with a filter of their own decides what it never sees."""
    audit, dashboard = await mesh_on("audit"), await mesh_on("dashboard")
    link = dashboard.core._link
    config = {"durable_name": "audit", "name": "audit", "ack_policy": "explicit", "filter_subject": "ai.approvals.x"}
    request = {"stream_name": "APPROVALS", "config": config, "action": ""}
    for name in ("audit", "audit.ai.approvals.x"):
        with pytest.raises(DeniedError):
            await stored.call(link, f"CONSUMER.CREATE.APPROVALS.{name}", request)
    with pytest.raises(DeniedError):
        await link.request("$JS.API.CONSUMER.MSG.NEXT.APPROVALS.audit", b'{"batch":1,"expires":100000000}')
    approvals = await mesh_on("approvals")
    worker = await audit.core.work("APPROVALS", "audit", bytes, lambda _: asyncio.sleep(0))
    await approvals.core.publish("ai.approvals.votes.a1", b"{}", id="v1")
    await eventually(lambda: worker.done == 1)


async def test_the_audit_cannot_be_deleted_or_purged_by_anybody(mesh_on: MeshFor) -> None:
    audit, provisioner = await mesh_on("audit"), await mesh_on("provisioner")
    for number in range(2):
        await audit.core.publish("ai.audit.person", b"{}", id=f"e{number}")
    link = provisioner.core._link
    found = (await stored.call(link, "STREAM.INFO.AUDIT"))["config"]
    weaker: list[tuple[str, object]] = [
        ("STREAM.MSG.DELETE.AUDIT", {"seq": 1}),
        ("STREAM.MSG.DELETE.AUDIT", {"seq": 1, "no_erase": True}),
        ("STREAM.PURGE.AUDIT", {}),
        ("STREAM.PURGE.AUDIT", {"keep": 1}),
        ("STREAM.UPDATE.AUDIT", {**found, "deny_delete": False}),
        ("STREAM.UPDATE.AUDIT", {**found, "deny_purge": False}),
    ]
    for operation, request in weaker:
        with pytest.raises(BusError):
            await stored.call(link, operation, request)
    for role in ROLES:
        for each in rights_of(role, Zone.CORE).publish if Zone.CORE in zones_of(role) else ():
            assert role == "provisioner" or not each.startswith(("$JS.API.STREAM.MSG", "$JS.API.STREAM.PURGE"))
    assert [each.sequence async for each in audit.core.history("AUDIT", "ai.audit.>", bytes)] == [1, 2]


async def test_what_a_reply_subject_plants_inside_the_zone_is_not_believed(mesh_on: MeshFor) -> None:
    agent, orchestrator = await mesh_on("agent", name="rogue", type="bgp"), await mesh_on("orchestrator")
    victim = await mesh_on("agent", name="ospf-1", type="ospf")
    probe = await mesh_on("probe")
    handled: list[object] = []

    async def handle(received: Received[TaskAssignment]) -> None:
        handled.append(received.body)

    worker = await victim.agents.work("TASKS", "ospf", TaskAssignment, handle)
    await agent.agents._link.send("ai.tasks.complete.rogue", b"{}", reply="ai.tasks.assign.ospf")
    await eventually(lambda: worker.dead == 1)
    assert (await sequences(probe, Zone.AGENTS))["TASKS"] == 1
    task = TaskAssignment(task_id="real", task_type="t", assigned_to="ospf")
    await orchestrator.agents.publish("ai.tasks.assign.ospf", task, id="real")
    await eventually(lambda: handled == [task])


async def test_a_message_that_lies_in_a_stream_of_others_is_not_believed(mesh_on: MeshFor) -> None:
    agent, orchestrator = await mesh_on("agent", name="rogue", type="bgp"), await mesh_on("orchestrator")
    now = datetime.now(UTC)
    event = SessionEvent(session_id="s", agent_type="bgp", agent_id="rogue", index=0, kind="thought", at=now)
    await agent.agents.publish("ai.agents.sessions.bgp.s", event, id="s0")
    worker = await orchestrator.agents.work("RESULTS", "orchestrator", TaskResult, lambda _: asyncio.sleep(0))
    link = agent.agents._link
    await link.send("$JS.API.DIRECT.GET.SESSIONS", b'{"seq":1}', reply="ai.tasks.complete.rogue")
    await eventually(lambda: worker.dead == 1)
    assert worker.done == 0


async def test_one_agent_cannot_speak_as_another(mesh_for: MeshFor) -> None:
    rogue, victim = await mesh_for("agent", name="rogue", type="bgp"), await mesh_for("agent", name="v-1", type="ospf")
    orchestrator = await mesh_for("orchestrator")
    beat = Heartbeat(agent_id="v-1", type="ospf", instance="x", status="busy", load=0, timestamp=datetime.now(UTC))
    heard: list[str] = []

    async def handle(received: Received[Heartbeat]) -> None:
        heard.append(received.body.instance)

    listener = await orchestrator.agents.listen("ai.heartbeat.*", Heartbeat, handle)
    with pytest.raises(DeniedError):
        await rogue.agents.publish("ai.tasks.complete.v-1", TaskResult(task_id="t", status="completed"), id="rogue-1")
    # The rogue's words with the victim's certificate, on a connection that may publish there.
    data, headers = rogue.agents._speech.say("ai.heartbeat.v-1", beat, id="forged")
    headers["Nocmesh-Certificate"] = victim.agents._speech._certificate
    await victim.agents._link.send("ai.heartbeat.v-1", data, headers)
    await eventually(lambda: listener.refused == 1)
    assert heard == []


async def test_a_signed_message_cannot_be_replayed_under_another_subject(mesh_for: MeshFor) -> None:
    approvals, orchestrator = await mesh_for("approvals"), await mesh_for("orchestrator")
    data, headers = approvals.core._speech.say("ai.approvals.votes.a1", b"{}", id="vote")
    await approvals.core._link.request("ai.approvals.decisions.a1", data, headers)
    with pytest.raises(SignatureError, match="altered"):
        await orchestrator.core.last("ai.approvals.decisions.a1", Decision)
    assert [each async for each in orchestrator.core.history("APPROVALS", "ai.approvals.decisions.a1", Decision)] == []


async def test_a_schedule_of_another_subject_is_not_believed(mesh_for: MeshFor) -> None:
    approvals, orchestrator = await mesh_for("approvals"), await mesh_for("orchestrator")
    data, headers = approvals.core._speech.say("ai.approvals.votes.a2", b"{}", id="vote-2")
    extra = {"Nats-Schedule-Target": "ai.approvals.votes.a2"}
    await approvals.core._link.request("ai.approvals.decisions.a2", data, {**headers, **extra})
    with pytest.raises(SignatureError):
        await orchestrator.core.last("ai.approvals.decisions.a2", Decision)


def test_no_agent_can_write_where_the_broker_schedules() -> None:
    scheduling = [row for row in SUBJECTS if row.stream == "TIMERS"]
    assert {row.zone for row in scheduling} == {Zone.CORE}
    assert {role for row in scheduling for role in row.writers} == {"orchestrator"}


async def test_a_foreign_alert_may_be_unsigned_but_not_forged(mesh_on: MeshFor) -> None:
    incidents = await mesh_on("incidents")
    publisher = await mesh_on("publisher", name="prometheus")
    arrived: asyncio.Queue[Received[bytes]] = asyncio.Queue()
    worker = await incidents.edge.work("ALERTS", "incidents", bytes, arrived.put)
    link = publisher.edge._link
    await link.request("ai.alerts.incoming.raw", b"\xffanything")
    assert (await asyncio.wait_for(arrived.get(), 5)).speaker is None
    await publisher.edge.publish("ai.alerts.incoming.signed", b"{}", id="alert-1")
    assert (await asyncio.wait_for(arrived.get(), 5)).speaker == publisher.me
    data, headers = publisher.edge._speech.say("ai.alerts.incoming.x", b"{}", id="alert-2")
    await link.request("ai.alerts.incoming.y", data, headers)
    await eventually(lambda: worker.dead == 1)


async def test_an_unknown_key_does_not_get_in(authority: Authority, nats_url: str, mesh_for: MeshFor) -> None:
    import msgspec

    real = authority.issue("agent", "bgp-x", type="bgp")
    thief = msgspec.structs.replace(real, seed=nkey.new_seed(nkey.USER))
    with pytest.raises(DeniedError, match="refuses bgp-x"):
        await mesh_for("agent", credentials=thief)


async def test_a_revoked_user_is_cut_off_and_does_not_come_back(
    mesh_on: MeshFor, broker: Broker, authority: Authority
) -> None:
    reasons: list[str] = []
    credentials = authority.issue("agent", "bgp-revoked", type="bgp")
    rogue = await mesh_on("agent", credentials=credentials, on_closed=reasons.append)
    other = await mesh_on("agent", name="bgp-stays", type="bgp")
    result = TaskResult(task_id="t", status="completed")
    assert await rogue.agents.publish("ai.tasks.complete.bgp-revoked", result, id="before")
    authority.revoke("bgp-revoked")
    await broker.server.reload()
    await eventually(lambda: reasons)
    assert "AGENTS" in reasons[0]
    with pytest.raises(DeniedError):
        await mesh_on("agent", credentials=credentials)
    assert await other.agents.publish("ai.tasks.complete.bgp-stays", result, id="after")


async def test_a_key_that_was_revoked_while_the_broker_was_down_ends_the_process(
    mesh_on: MeshFor, broker: Broker, authority: Authority
) -> None:
    reasons: list[str] = []
    await mesh_on("agent", name="bgp-late", type="bgp", on_closed=reasons.append)
    await broker.kill()
    authority.revoke("bgp-late")
    await broker.restart()
    await eventually(lambda: reasons)


def test_what_was_signed_for_an_answer_is_no_subject() -> None:
    assert " " in signing.answer_subject("ai.tools.call.x")
