"""Devices that take a change back by themselves: the bridge dead, or cut off by the change; and what it tells then."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

sys.path.append(str(Path(__file__).parents[2]))

from bridges.routers.shells import Bench, bench_on

from nocmesh.lab.build import build
from nocmesh.lab.graph import Graph, GraphNode
from nocmesh.lab.plan import Options
from nocmesh.messages.change import Change
from nocmesh.proving.broker import eventually
from nocmesh_bridges.ssh import switchscript

pytestmark = [pytest.mark.lab, pytest.mark.mesh, pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="module")]

CONFIRM_SECONDS = 8
"""Half of them are for typing, on a machine that may be busy."""
NEVER = [{"kind": "interface_mtu", "arguments": {"interface": "lo", "mtu": 1}, "within": 2.0}]
FILTER = "nft 'table inet f { chain in { type filter hook input priority 0; tcp dport 7 drop; tcp dport 9 drop; }; }'"
SHOWN = "ip addr show dev h1-e0"
KEY = "ip ospf message-digest-key 1"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    nodes = [GraphNode(name="gw1"), GraphNode(name="gw2"), GraphNode(name="h1", kind="host")]
    nodes.append(GraphNode(name="h2", kind="host"))
    graph = Graph(name="pair", nodes=nodes, links=[("gw1", "gw2"), ("h1", "gw1"), ("h2", "gw2")])
    plan = build(graph, Options(igp="ospf", authentication=True))
    settings = {"NOCMESH_CONFIRM_SECONDS": str(CONFIRM_SECONDS)}
    async with bench_on(plan, tmp_path_factory.mktemp("back"), settings=settings, baselines=False) as bench:
        yield bench


@pytest_asyncio.fixture(loop_scope="module")
async def bench(pair: Bench) -> AsyncIterator[Bench]:
    """At rest before each test, and put back behind it."""
    yield pair
    if not pair.bridge.alive:
        await pair.again()
    for node in await pair.lab.deviations():
        await pair.lab.reset(node)


async def sh(bench: Bench, node: str, line: str) -> str:
    return (await bench.lab.exec(node, "sh", "-c", line)).stdout


def own_address(bench: Bench) -> str:
    [port] = bench.lab.node("h1").ports
    return port.addresses[0]


async def readdressing(bench: Bench, **more: Any) -> Change:
    """h1 gets another address."""
    own, new = own_address(bench), f"{own_address(bench).rpartition('.')[0]}.77/24"
    out = f"ip route replace default via {bench.lab.node('h1').gateway} dev h1-e0"
    commands = [f"ip addr del {own} dev h1-e0", f"ip addr add {new} dev h1-e0", out]
    rollback = [f"ip addr del {new} dev h1-e0", f"ip addr add {own} dev h1-e0", out]
    return await bench.change("h1", commands, rollback, **{"verify": NEVER, **more})


async def unfiltering(bench: Bench) -> Change:
    """Both rules of a chain of h2 go: half-way there, one of them may not come twice."""
    await sh(bench, "h2", FILTER)
    seven, nine = await bench.look("h2", "filters")
    commands = [f"nft delete rule inet f in handle {rule['handle']}" for rule in (seven, nine)]
    rollback = [f"nft 'add rule inet f in {nine['text']}'", f"nft 'insert rule inet f in index 0 {seven['text']}'"]
    return await bench.change("h2", commands, rollback, verify=NEVER)


async def unlocking(bench: Bench) -> Change:
    """A key of gw1 goes, through its own command line. Nobody knows it but the router."""
    config = await bench.look("gw1", "config")
    [line] = [line for line in config if KEY in line["text"]]
    gone = [line["section"], f"no {KEY}"], [line["section"], line["text"]]
    return await on_the_cli(bench, "gw1", *gone, verify=NEVER)


async def on_the_cli(bench: Bench, device: str, commands: list[str], rollback: list[str], **more: Any) -> Change:
    sha256 = (await bench.tool("device_backup", device=device)).content["sha256"]
    return await bench.change(device, commands, rollback, door="cli", pre_state=sha256, **more)


async def digests(bench: Bench) -> str:
    return await sh(bench, "gw1", f"vtysh -N $(ip netns identify $$) -c 'show running-config' | grep '{KEY}' || :")


async def told(bench: Bench, change: Change) -> tuple[list[str], str]:
    """The kinds of the journal's entries, and the switch that they tell of."""
    entries = await bench.journal(change)
    assert entries[0].fires_at is not None
    return [entry.kind for entry in entries], entries[0].switch


async def test_devices_go_back_by_themselves_when_everybody_is_dead(bench: Bench) -> None:
    changes = [await readdressing(bench), await unfiltering(bench), await unlocking(bench)]
    rules, key = await sh(bench, "h2", "nft list ruleset"), await digests(bench)
    healthy = await bench.lab.deviations()
    await bench.again(failpoint="bridge.line:4")
    commands = [await bench.send(change) for change in changes]
    await bench.bridge.died(within=60)
    assert own_address(bench) not in await sh(bench, "h1", SHOWN), "the change was on its way"

    async def back() -> bool:
        addresses = await sh(bench, "h1", SHOWN)
        there = await sh(bench, "h2", "nft list ruleset") == rules and await digests(bench) == key
        return there and own_address(bench) in addresses and ".77/24" not in addresses

    await eventually(back, within=CONFIRM_SECONDS + 40)
    assert await bench.lab.deviations() == healthy
    await bench.again()
    results = [await bench.result(command) for command in commands]
    assert [result.outcome for result in results] == ["rolled_back"] * 3, [result.reason for result in results]
    for change, result in zip(changes, results, strict=True):
        kinds, switch = await told(bench, change)
        assert (kinds[0], kinds[-1], result.switch) == ("begun", "outcome", switch)
        assert await bench.left_behind(switch) == ""
    assert "so the device went back by itself" in results[0].reason
    assert {"line": changes[0].rollback[1], "answer": "typed by the device itself"} in results[0].transcript
    secret = key.split(" md5 ")[1].split()[0]
    assert secret not in str(results) + bench.bridge.log.read_text()


async def test_a_switch_that_fires_before_the_first_line_does_no_harm(bench: Bench) -> None:
    change = await readdressing(bench, verify=[])
    await bench.again(failpoint="bridge.armed")
    command = await bench.send(change)
    await bench.bridge.died(within=60)
    switch = (await told(bench, change))[1]
    assert "armed" in (await bench.left_behind(switch)).split()
    await eventually(lambda: _is(bench, switch, "done"), within=CONFIRM_SECONDS + 40)
    assert await bench.lab.deviations() == {}
    await bench.again()
    assert (await bench.result(command)).outcome == "rolled_back"
    assert (await told(bench, change))[0] == ["begun", "taken_over", "outcome"]


async def test_a_change_that_cuts_us_off_is_taken_back_and_told(bench: Bench) -> None:
    shut = ["interface eth0", "shutdown"], ["interface eth0", "no shutdown"]
    result = await bench.made(await on_the_cli(bench, "gw2", *shut))
    assert result.outcome == "rolled_back", result.reason
    assert "so the device went back by itself" in result.reason
    assert [line["line"] for line in result.transcript][-2:] == shut[1]
    assert await bench.left_behind(result.switch) == ""


async def test_a_rule_that_is_still_there_is_not_put_back_a_second_time(bench: Bench) -> None:
    change, switch = await unfiltering(bench), "5" * 16
    rules = await sh(bench, "h2", "nft list ruleset")
    await sh(bench, "h2", "\n".join(switchscript.placing(switch, change.rollback, router=False)))
    await sh(bench, "h2", switchscript.launching(switch, 4, ()))
    await eventually(lambda: _is(bench, switch, "armed"), within=20)
    await sh(bench, "h2", change.commands[0])
    await eventually(lambda: _is(bench, switch, "done"), within=20)
    told = switchscript.typed_of(await sh(bench, "h2", switchscript.telling(switch)), change.rollback)
    await sh(bench, "h2", switchscript.removing(switch))
    assert await sh(bench, "h2", "nft list ruleset") == rules
    assert [line["line"] for line in told] == change.rollback[1:]


async def _is(bench: Bench, switch: str, *words: str) -> bool:
    return bool(set(words) & set((await bench.left_behind(switch)).split()))
