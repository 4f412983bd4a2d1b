"""Services: answered in parallel up to a limit, errors as errors, answers only from who serves."""

import asyncio

import msgspec
import pytest

from nocmesh.bus import Mesh, Received
from nocmesh.errors import (
    BusError,
    DeniedError,
    InvalidInputError,
    NotFoundError,
    OutcomeUnknownError,
    SignatureError,
)
from nocmesh.messages.agent import ToolReply, ToolRequest
from nocmesh.messages.base import Message
from nocmesh.proving.broker import Broker, MeshFor, eventually

pytestmark = pytest.mark.mesh


def call(tool: str, call_id: str = "c") -> ToolRequest:
    return ToolRequest(tool=tool, call_id=call_id)


async def ask(mesh: Mesh, tool: str, call_id: str = "c", timeout: float = 5.0) -> ToolReply:
    return await mesh.agents.request(f"ai.tools.call.{tool}", call(tool, call_id), ToolReply, timeout=timeout)


async def echo(received: Received[ToolRequest]) -> Message:
    by = received.speaker.name if received.speaker else ""
    return ToolReply(call_id=received.body.call_id, status="ok", content={"by": by})


async def test_a_request_is_answered_and_both_know_who_speaks(mesh_for: MeshFor) -> None:
    bridge, agent = await mesh_for("bridge"), await mesh_for("agent", name="asker", type="bgp")
    await bridge.agents.serve("ai.tools.call.echo", ToolRequest, echo)
    answer = await agent.agents.request_full("ai.tools.call.echo", call("echo", "c1"), ToolReply)
    assert (answer.body.call_id, answer.body.content, answer.speaker) == ("c1", {"by": "asker"}, bridge.me)


async def test_requests_run_in_parallel_up_to_the_slots(mesh_for: MeshFor) -> None:
    bridge, agent = await mesh_for("bridge"), await mesh_for("agent", name="asker", type="bgp")
    running, most, gate = 0, 0, asyncio.Event()

    async def slow(received: Received[ToolRequest]) -> Message:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await gate.wait()
        running -= 1
        return await echo(received)

    service = await bridge.agents.serve("ai.tools.call.slow", ToolRequest, slow, slots=3)
    asking = [asyncio.ensure_future(ask(agent, "slow", str(n))) for n in range(8)]
    await eventually(lambda: running == 3)
    assert service.in_hand == 3
    gate.set()
    assert {each.call_id for each in await asyncio.gather(*asking)} == {str(n) for n in range(8)}
    assert most == 3


@pytest.mark.parametrize(
    ("raised", "arrives"),
    [
        (DeniedError("no, because"), DeniedError),
        (NotFoundError("no such device"), NotFoundError),
        (InvalidInputError("wrong field"), InvalidInputError),
        (BusError("broken"), BusError),
        (RuntimeError("secret detail"), BusError),
    ],
)
async def test_an_error_arrives_as_what_it_is(mesh_for: MeshFor, raised: Exception, arrives: type[Exception]) -> None:
    bridge, agent = await mesh_for("bridge"), await mesh_for("agent", name="asker", type="bgp")

    async def fail(_: Received[ToolRequest]) -> Message:
        raise raised

    tool = f"fail-{type(raised).__name__}"
    await bridge.agents.serve(f"ai.tools.call.{tool}", ToolRequest, fail)
    with pytest.raises(arrives) as caught:
        await ask(agent, tool)
    assert type(caught.value) is arrives
    shown = "RuntimeError" if isinstance(raised, RuntimeError) else str(raised)
    assert shown in str(caught.value)
    assert "secret detail" not in str(caught.value)


async def test_nobody_serving_is_not_found_and_silence_is_unknown(mesh_for: MeshFor) -> None:
    bridge, agent = await mesh_for("bridge"), await mesh_for("agent", name="asker", type="bgp")

    async def never(_: Received[ToolRequest]) -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    service = await bridge.agents.serve("ai.tools.call.never", ToolRequest, never)
    with pytest.raises(NotFoundError, match="nobody answers"):
        await ask(agent, "nobody")
    with pytest.raises(OutcomeUnknownError):
        await ask(agent, "never", timeout=0.3)
    await service.stop(0.1)


async def test_a_hostile_request_is_refused_and_the_service_lives_on(mesh_for: MeshFor) -> None:
    bridge, agent = await mesh_for("bridge"), await mesh_for("agent", name="asker", type="bgp")
    service = await bridge.agents.serve("ai.tools.call.hardy", ToolRequest, echo)
    link = agent.agents._link
    for body in (b"", b"\xff", b"[]", b"[" * 50_000):
        raw = await link.request("ai.tools.call.hardy", body)
        assert raw.headers["Nats-Service-Error-Code"] == "403"
        data, headers = agent.agents._speech.say("ai.tools.call.hardy", body, id="x")
        raw = await link.request("ai.tools.call.hardy", data, headers)
        assert raw.headers["Nats-Service-Error-Code"] == "400"
    assert (await ask(agent, "hardy")).status == "ok"
    assert service.stats.errors == 8


async def test_an_answer_goes_to_an_inbox_and_nowhere_else(mesh_for: MeshFor) -> None:
    bridge, agent = await mesh_for("bridge"), await mesh_for("agent", name="asker", type="bgp")
    service = await bridge.agents.serve("ai.tools.call.deputy", ToolRequest, echo)
    data, headers = agent.agents._speech.say("ai.tools.call.deputy", call("deputy"), id="x")
    await agent.agents._link.send("ai.tools.call.deputy", data, headers, reply="ai.tasks.complete.bgp-9")
    await agent.agents._link.send("ai.tools.call.deputy", data, headers)
    assert (await ask(agent, "deputy")).status == "ok"
    assert service.stats.requests == 1


async def test_an_answer_of_somebody_else_is_not_believed(mesh_for: MeshFor) -> None:
    bridge, agent = await mesh_for("bridge"), await mesh_for("agent", name="asker", type="bgp")
    reply = ToolReply(call_id="c", status="ok")

    async def forged(received: Received[ToolRequest]) -> Message:
        return reply

    service = await bridge.agents.serve("ai.tools.call.forged", ToolRequest, forged)
    service._speech = agent.agents._speech  # the bridge's permission, the agent's key
    with pytest.raises(SignatureError, match="does not serve"):
        await ask(agent, "forged")


async def test_a_service_shows_itself_to_the_nats_tools(mesh_for: MeshFor) -> None:
    bridge, probe = await mesh_for("bridge"), await mesh_for("probe")
    service = await bridge.agents.serve("ai.tools.call.shown", ToolRequest, echo)
    agent = await mesh_for("agent", name="asker", type="bgp")
    await ask(agent, "shown")
    answers = {}
    for verb in ("PING", "INFO", "STATS"):
        raw = await probe.agents._link.request(f"$SRV.{verb}.{service.name}.{service.id}", b"")
        answers[verb] = msgspec.json.decode(raw.data)
        assert answers[verb]["type"] == f"io.nats.micro.v1.{verb.lower()}_response"
    assert answers["INFO"]["endpoints"][0]["subject"] == "ai.tools.call.shown"
    assert answers["STATS"]["endpoints"][0]["num_requests"] == 1
    raw = await probe.agents._link.request(f"$SRV.PING.{service.name}", b"")
    assert msgspec.json.decode(raw.data)["id"] == service.id
    await bridge.agents._link.send("$SRV.PING", b"", reply="")


async def test_a_wildcard_serves_many_names(mesh_for: MeshFor) -> None:
    bridge, agent = await mesh_for("bridge"), await mesh_for("agent", name="asker", type="bgp")
    service = await bridge.agents.serve("ai.tools.call.*", ToolRequest, echo, queue="wild")
    assert (await ask(agent, "whatever")).status == "ok"
    assert service.name == "ai-tools-call-any"


async def test_an_agent_cannot_serve_tools(mesh_for: MeshFor) -> None:
    agent = await mesh_for("agent", name="asker", type="bgp")
    with pytest.raises(DeniedError):
        await agent.agents.serve("ai.tools.call.mine", ToolRequest, echo)


async def test_draining_answers_what_is_in_hand(mesh_for: MeshFor) -> None:
    bridge, agent = await mesh_for("bridge"), await mesh_for("agent", name="asker", type="bgp")
    begun, gate = asyncio.Event(), asyncio.Event()

    async def slow(received: Received[ToolRequest]) -> Message:
        begun.set()
        await gate.wait()
        return await echo(received)

    await bridge.agents.serve("ai.tools.call.drained", ToolRequest, slow)
    asking = asyncio.ensure_future(ask(agent, "drained"))
    await begun.wait()
    draining = asyncio.ensure_future(bridge.drain())
    await asyncio.sleep(0)
    gate.set()
    await draining
    assert (await asking).status == "ok"


async def test_a_service_is_there_again_after_a_crash_of_the_broker(mesh_on: MeshFor, broker: Broker) -> None:
    bridge, agent = await mesh_on("bridge"), await mesh_on("agent", name="asker", type="bgp")
    await bridge.agents.serve("ai.tools.call.back", ToolRequest, echo)
    await broker.kill()
    with pytest.raises(BusError):
        await ask(agent, "back", timeout=0.2)
    await broker.restart()

    async def answered() -> bool:
        try:
            return (await ask(agent, "back", timeout=1)).status == "ok"
        except BusError:
            return False
        except NotFoundError:
            return False

    await eventually(answered)
