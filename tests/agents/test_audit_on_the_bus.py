"""The audit chain on a real broker: every fact once, in one chain, however often it is delivered."""

import asyncio
from typing import Any

import pytest

from nocmesh.audit.chain import verified
from nocmesh.bus import Mesh, Received, Speaker, stored
from nocmesh.clock import SystemClock
from nocmesh.errors import BusError, LostRaceError
from nocmesh.messages.approval import Vote
from nocmesh.messages.change import DeviceResult
from nocmesh.messages.people import AuditEntry, AuditHead
from nocmesh.proving.broker import MeshFor, eventually
from nocmesh.subjects import subject
from nocmesh_agents.audit import agent as module
from nocmesh_agents.audit.agent import Chainer, role

pytestmark = pytest.mark.mesh


async def entries(mesh: Mesh) -> list[AuditEntry]:
    return [received.body async for received in mesh.core.history("AUDIT", "ai.audit.>", AuditEntry)]


def broken(chain: list[AuditEntry]) -> str:
    first = verified(entry.to_dict() for entry in chain).first_wrong
    return first.text if first else ""


def delivered(number: int, attempt: int = 1) -> Received[dict[str, Any]]:
    return Received(
        subject="ai.devices.results.r1",
        body={"outcome": "confirmed", "device": f"r{number}"},
        id=f"m{number}",
        sequence=number,
        at=SystemClock().now(),
        speaker=Speaker(name="ssh-1", role="bridge"),
        correlation_id="",
        headers={},
        attempt=attempt,
    )


async def test_facts_of_several_journals_become_one_chain(host: Any, mesh_on: MeshFor) -> None:
    approvals, bridge = await mesh_on("approvals"), await mesh_on("bridge")
    for n in range(10):
        vote = Vote(
            approval_id=f"a{n}",
            person="nina",
            decision="approve",
            change_hash="h",
            at=SystemClock().now(),
            comment="ü ✓",
        )
        await approvals.core.publish(subject("ai.approvals.votes.<id>", id=f"a{n}"), vote, id=f"v{n}")
        result = DeviceResult(command_id=f"k{n}", change_id="c", device="r1", outcome="confirmed")
        await bridge.core.publish(subject("ai.devices.results.<target>", target="r1"), result, id=f"k{n}")
    context, _ = await host(role)
    await host(role, name="audit-2")

    async def whole() -> bool:
        return len(await entries(context.mesh)) == 20

    await eventually(whole, within=20)
    chain = await entries(context.mesh)
    assert broken(chain) == ""
    assert {(entry.actor, entry.action) for entry in chain} == {
        ("nina", "vote_approve"),
        ("bridge-1", "change_confirmed"),
    }
    assert len({entry.source for entry in chain}) == 20


async def test_a_fact_that_is_delivered_again_is_not_stated_again(mesh_on: MeshFor) -> None:
    mesh = await mesh_on("audit")
    chainer = Chainer(mesh.core)
    for number, attempt in ((1, 1), (2, 1), (1, 2), (2, 3), (3, 2)):
        await chainer.take(delivered(number, attempt))
    chain = await entries(mesh)
    assert [entry.target for entry in chain] == ["r1", "r2", "r3"]
    assert broken(chain) == ""


async def test_many_writers_make_one_chain(mesh_on: MeshFor) -> None:
    mesh = await mesh_on("audit")
    await asyncio.gather(*(Chainer(mesh.core).take(delivered(number)) for number in range(8)))
    chain = await entries(mesh)
    assert (len(chain), broken(chain)) == (8, "")


async def test_what_is_no_fact_is_let_pass(mesh_on: MeshFor) -> None:
    mesh = await mesh_on("audit")
    body = {"run_id": "r", "events": [{"kind": "timer_fired"}], "state": {"definition": {"type": "t"}}}
    received = delivered(1)
    step = Received(
        **{name: getattr(received, name) for name in received.__slots__}
        | {"subject": "ai.workflows.journal.r", "body": body}
    )
    await Chainer(mesh.core).take(step)
    assert await entries(mesh) == []


async def test_a_message_that_was_planted_in_the_chain_does_not_stop_it(mesh_on: MeshFor) -> None:
    mesh, bridge = await mesh_on("audit"), await mesh_on("bridge")
    await Chainer(mesh.core).take(delivered(1))
    await bridge.core._link.send("ai.devices.results.r1", b"{}", reply="ai.audit.person")
    await eventually(lambda: _length(mesh, 2))
    for number in (2, 3):
        await Chainer(mesh.core).take(delivered(number))
    chain = await entries(mesh)
    assert ([entry.target for entry in chain], broken(chain)) == (["r1", "r2", "r3"], "")


async def _length(mesh: Mesh, messages: int) -> bool:
    return await mesh.core.last_sequence("AUDIT") == messages


async def test_the_end_of_the_chain_is_told_to_other_systems_and_is_an_anchor(host: Any, mesh_on: MeshFor) -> None:
    bridge, siem = await mesh_on("bridge"), await mesh_on("subscriber")
    context, task = await host(role)
    for n in range(3):
        result = DeviceResult(command_id=f"k{n}", change_id="c", device="r1", outcome="confirmed")
        await bridge.core.publish(subject("ai.devices.results.<target>", target="r1"), result, id=f"k{n}")
    await eventually(lambda: _length(context.mesh, 3))
    chain = await entries(context.mesh)
    context.stopping.set()
    await task
    heads = [each async for each in siem.ext.history("FEED", "ai.feed.audit", AuditHead)]
    assert [(head.body.index, head.body.hash) for head in heads] == [(2, chain[2].hash)]
    assert heads[0].speaker == context.mesh.me
    assert verified([each.to_dict() for each in chain], [head.body for head in heads]).anchors == 1


async def test_facts_wait_while_the_audit_is_full_and_none_is_lost(host: Any, mesh_on: MeshFor) -> None:
    bridge, provisioner = await mesh_on("bridge"), await mesh_on("provisioner")
    link = provisioner.core._link
    found = (await stored.call(link, "STREAM.INFO.AUDIT"))["config"]
    await stored.call(link, "STREAM.UPDATE.AUDIT", {**found, "max_msgs": 1})
    for n in range(3):
        result = DeviceResult(command_id=f"k{n}", change_id=f"c{n}", device="r1", outcome="confirmed")
        await bridge.core.publish(subject("ai.devices.results.<target>", target="r1"), result, id=f"k{n}")
    context, _ = await host(role)

    async def refused() -> bool:
        info = await stored.call(link, "CONSUMER.INFO.DEVICE_RESULTS.audit")
        return bool(info["num_redelivered"]) and await _length(context.mesh, 1)

    await eventually(refused)
    await stored.call(link, "STREAM.UPDATE.AUDIT", found)
    await eventually(lambda: _length(context.mesh, 3), within=20)
    chain = await entries(context.mesh)
    assert ([entry.facts["change_id"] for entry in chain], broken(chain)) == (["c0", "c1", "c2"], "")


async def test_a_chain_that_always_moves_is_given_up_for_now(mesh_on: MeshFor, monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = await mesh_on("audit")
    monkeypatch.setattr(module, "MAX_RACES", 2)

    async def lost(*args: Any, **more: Any) -> int:
        raise LostRaceError("somebody was first")

    monkeypatch.setattr(mesh.core, "publish", lost)
    with pytest.raises(BusError, match="moved 2 times"):
        await Chainer(mesh.core).take(delivered(1))
