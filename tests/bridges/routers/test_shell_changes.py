"""Changes at the shells of real hosts, switches and routers: made, proved, undone; the bridge killed anywhere."""

import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

sys.path.append(str(Path(__file__).parents[2]))

from bridges.routers.shells import Bench, bench_on
from shared.lab.faulting import planned

from nocmesh.lab.plan import Options
from nocmesh.messages.change import Change

pytestmark = [pytest.mark.lab, pytest.mark.mesh, pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="module")]

NEVER = [{"kind": "interface_mtu", "arguments": {"interface": "lo", "mtu": 1}, "within": 0.2}]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def campus(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    plan = planned("campus", Options(igp="ospf", authentication=True))
    async with bench_on(plan, tmp_path_factory.mktemp("shells")) as bench:
        yield bench


@pytest_asyncio.fixture(loop_scope="module")
async def bench(campus: Bench) -> AsyncIterator[Bench]:
    """At rest before each test, and put back behind it."""
    yield campus
    if not campus.bridge.alive:
        await campus.again()
    for node in await campus.lab.deviations():
        await campus.lab.reset(node)


async def sh(bench: Bench, node: str, line: str) -> str:
    return (await bench.lab.exec(node, "sh", "-c", line)).stdout


async def readdressing(bench: Bench, **more: Any) -> Change:
    """h1 gets another address, and keeps its way out: three lines, and the kernel drops the route between them."""
    [own] = [i.addresses[0] for i in bench.inventory.device("h1").device.interfaces if i.name == "h1-e0"]
    new = own.replace(".11/", ".77/")
    gate = own.replace(".11/24", ".1")
    out = f"ip route replace default via {gate} dev h1-e0"
    commands = [f"ip addr del {own} dev h1-e0", f"ip addr add {new} dev h1-e0", out]
    rollback = [f"ip addr del {new} dev h1-e0", f"ip addr add {own} dev h1-e0", out]
    check = {"kind": "interface_address", "arguments": {"interface": "h1-e0", "address": new}, "within": 5.0}
    return await bench.change("h1", commands, rollback, **{"verify": [check], **more})


RULES = "type filter hook input priority 0; tcp dport 7 drop; tcp dport 9 counter drop;"
FILTER = f"nft 'table inet f {{ chain in {{ {RULES} }}; }}'"


async def unfiltering(bench: Bench, node: str, **more: Any) -> Change:
    """Both rules of a chain go; undone, they come back in their places."""
    await sh(bench, node, FILTER)
    rules = {r["text"].split(" counter")[0].removesuffix(" drop"): r for r in await bench.look(node, "filters")}
    seven, nine = rules["tcp dport 7"], rules["tcp dport 9"]
    commands = [f"nft delete rule inet f in handle {rule['handle']}" for rule in (seven, nine)]
    rollback = [f"nft 'add rule inet f in {nine['text']}'", f"nft 'insert rule inet f in index 0 {seven['text']}'"]
    gone = {"kind": "filter_rule", "arguments": {"name": "inet f in", "text": seven["text"], "present": False}}
    return await bench.change(node, commands, rollback, **{"verify": [gone], **more})


async def test_a_host_is_changed_proved_and_told_line_by_line(bench: Bench) -> None:
    change = await readdressing(bench)
    result = await bench.made(change)
    assert (result.outcome, result.reason) == ("confirmed", "")
    assert [line["line"] for line in result.transcript] == change.commands
    assert result.checks[0]["passed"]
    assert "+ address 10.100.0.77/24" in result.diff
    begun, *others = await bench.journal(change)
    assert [begun.kind, *(entry.kind for entry in others)] == ["begun", "sent", "outcome"]
    assert "interface h1-e0" in begun.backup
    assert begun.switch == result.switch != ""
    assert begun.fires_at is not None
    assert await bench.left_behind(result.switch) == "", "it was confirmed"


async def test_a_routers_own_lines_are_confirmed_through_its_shell(bench: Bench) -> None:
    lines = ["interface gw2-e0", "description new"], ["interface gw2-e0", "no description"]
    config = {"door": "cli", "pre_state": await _sha(bench, "gw2")}
    lines[1][1] = next(x["text"] for x in await bench.look("gw2", "config") if x["section"] == lines[0][0])
    result = await bench.made(await bench.change("gw2", *lines, **config))
    assert (result.outcome, result.reason, result.switch == "") == ("confirmed", "", False)
    assert await bench.left_behind(result.switch) == ""


async def test_a_routers_kernel_is_changed_through_its_second_door(bench: Bench) -> None:
    mtu = {"kind": "interface_mtu", "arguments": {"interface": "gw1-e1", "mtu": 1400}}
    change = await bench.change(
        "gw1", ["ip link set dev gw1-e1 mtu 1400"], ["ip link set dev gw1-e1 mtu 1500"], verify=[mtu], risk="medium"
    )
    result = await bench.made(change)
    assert result.outcome == "confirmed"
    assert "mtu 1400" in await sh(bench, "gw1", "ip link show dev gw1-e1")


async def test_a_change_that_does_not_help_is_taken_back_whole(bench: Bench) -> None:
    change = await readdressing(bench, verify=NEVER)
    result = await bench.made(change)
    assert (result.outcome, "by itself" in result.reason) == ("rolled_back", False)
    assert await bench.lab.deviations() == {}
    assert await bench.left_behind(result.switch) == "", "it was called off"


async def test_rules_of_a_filter_come_back_in_their_places(bench: Bench) -> None:
    change = await unfiltering(bench, "gw1", verify=NEVER)
    before = await bench.look("gw1", "shell_config")
    result = await bench.made(change)
    assert result.outcome == "rolled_back"
    assert await bench.look("gw1", "shell_config") == before


async def test_a_command_that_fails_takes_back_what_was_typed_before_it(bench: Bench) -> None:
    good = await readdressing(bench)
    commands = [*good.commands[:2], "ip route replace default via 192.0.2.1 dev h1-e0"]
    rollback = [good.rollback[0], good.rollback[1], good.rollback[2]]
    result = await bench.made(await bench.change("h1", commands, rollback))
    assert result.outcome == "rolled_back"
    assert "the device rejected a line: 'ip route replace default via 192.0.2.1" in result.reason
    assert await bench.lab.deviations() == {}


async def refusal(bench: Bench, change: Change) -> str:
    result = await bench.made(change)
    assert (result.outcome, result.transcript) == ("refused", [])
    assert [entry.kind for entry in await bench.journal(change)] == ["outcome"]
    return result.reason


ETH0 = "ip link set dev eth0 mtu"


@pytest.mark.parametrize(
    ("commands", "rollback", "why"),
    [
        (["reboot"], [], "the guard refused a line"),
        (["ip link set dev h1-e0 up; reboot"], [], "which a shell may interpret"),
        (["ip link set dev h1-e0 mtu 1400"], [], "would not bring the old state back"),
        (["ip link set dev h1-e0 mtu 1400"], ["ip link set dev h1-e0 mtu 1300"], "would not bring the old state back"),
        ([f"{ETH0} 1400"], [f"{ETH0} 1500"], "by which we reach the device"),
        (["/usr/sbin/snmpd -c /tmp/x"], ["pkill -x -F /tmp/x.pid snmpd"], "ran nothing by exactly this command line"),
        (["nft 'add rule inet f in drop'"], [], "belongs in a rollback"),
        (["no ip forwarding"], ["ip forwarding"], "none of the known commands"),
    ],
    ids=[
        "unknown",
        "two",
        "no-rollback",
        "half-a-rollback",
        "our-way-in",
        "another-daemon",
        "a-new-rule",
        "a-routers-line",
    ],
)
async def test_what_could_not_be_ended_well_is_not_begun(
    bench: Bench, commands: Sequence[str], rollback: Sequence[str], why: str
) -> None:
    assert why in await refusal(bench, await bench.change("h1", commands, rollback))


async def test_a_device_that_moved_since_is_not_changed(bench: Bench) -> None:
    change = await readdressing(bench)
    await sh(bench, "h1", "ip link set dev h1-e0 mtu 1400")
    assert "is not as it was when the change was proposed" in await refusal(bench, change)


async def test_the_kernels_state_is_what_a_shell_change_is_bound_to(bench: Bench) -> None:
    line = ["ip link set dev gw1-e1 mtu 1400"], ["ip link set dev gw1-e1 mtu 1500"]
    change = await bench.change("gw1", *line)
    await bench.lab.configure("gw1", ["interface gw1-e1", "description moved"])
    assert (await bench.made(change)).outcome == "confirmed", "the router's configuration is another door's"
    late = await bench.change("gw1", line[1], line[0])
    await sh(bench, "gw1", "sysctl -qw net.ipv4.ip_forward=0")
    assert "is not as it was" in await refusal(bench, late)


async def test_a_device_without_a_second_door_is_not_looked_for_behind_one(bench: Bench) -> None:
    change = await bench.change("h1", [], [], door="shell")
    assert "the inventory gives no door 'shell' to h1" in await refusal(bench, change)


async def test_what_somebody_else_has_done_already_needs_no_line(bench: Bench) -> None:
    change = await readdressing(bench)
    for line in change.commands:
        await sh(bench, "h1", line)
    result = await bench.made(change)
    assert (result.outcome, result.transcript) == ("confirmed", [])


async def stopped(bench: Bench) -> tuple[list[str], list[str]]:
    """gw1 without its OSPF; what starts it as it ran, and what takes that back."""
    past = (await bench.tool("device_baseline", device="gw1")).content["state"]["processes"]
    [args] = [process["args"] for process in past if process["name"] == "ospfd"]
    space = args.split(" -N ")[1].split()[0]
    await bench.lab.stop_daemon("gw1", "ospfd")
    return [args, f"vtysh -N {space} -b -d ospfd"], [f"pkill -x -F /var/run/frr/{space}/ospfd.pid ospfd"]


async def test_a_daemon_is_started_as_it_ran_and_reads_its_configuration(bench: Bench) -> None:
    lines = await stopped(bench)
    back = {"kind": "ospf_adjacency", "arguments": {"interface": "gw1-e1"}, "within": 60.0}
    undone = await bench.made(await bench.change("gw1", *lines, verify=NEVER))
    assert undone.outcome == "rolled_back", undone.reason
    assert "ospfd" not in await sh(bench, "gw1", "ps -eo comm")
    result = await bench.made(await bench.change("gw1", *lines, verify=[back]))
    assert (result.outcome, result.reason) == ("confirmed", "")


# --- killed


@pytest.mark.parametrize(
    ("where", "outcome", "kinds"),
    [
        ("bridge.begun", "confirmed", ["begun", "taken_over", "begun", "sent", "outcome"]),
        ("bridge.line", "rolled_back", ["begun", "taken_over", "outcome"]),
        ("bridge.line:2", "rolled_back", ["begun", "taken_over", "outcome"]),
        ("bridge.applied", "confirmed", ["begun", "taken_over", "outcome"]),
        ("bridge.sent", "confirmed", ["begun", "sent", "taken_over", "outcome"]),
        ("bridge.outcome", "confirmed", ["begun", "sent", "outcome"]),
    ],
)
async def test_a_bridge_killed_around_a_change_leaves_all_of_it_or_nothing(
    bench: Bench, where: str, outcome: str, kinds: list[str]
) -> None:
    change = await readdressing(bench)
    await bench.again(failpoint=where)
    command = await bench.send(change)
    await bench.bridge.died(within=60)
    await bench.again()
    result = await bench.result(command)
    assert (result.outcome, [entry.kind for entry in await bench.journal(change)]) == (outcome, kinds)
    addresses = await sh(bench, "h1", "ip -4 -br addr show dev h1-e0; ip route")
    assert ("10.100.0.77/24" in addresses) is (outcome == "confirmed")
    assert ("10.100.0.11/24" in addresses) is (outcome != "confirmed")
    assert addresses.count("default via 10.100.0.1 dev h1-e0") == 1


@pytest.mark.parametrize("where", ["bridge.line", "bridge.line:2", "bridge.line:3"])
async def test_a_bridge_killed_while_it_takes_back_a_filters_rules_puts_back_each_once(
    bench: Bench, where: str
) -> None:
    change = await unfiltering(bench, "sw2", verify=NEVER)
    before = await bench.look("sw2", "config")
    await bench.again(failpoint=where)
    command = await bench.send(change)
    await bench.bridge.died(within=60)
    await bench.again()
    result = await bench.result(command)
    assert result.outcome == "rolled_back", result.reason
    assert await bench.look("sw2", "config") == before


async def test_a_bridge_killed_between_a_daemons_start_and_its_configuration_ends_it_again(bench: Bench) -> None:
    configured = {"kind": "config_line", "arguments": {"text": "router ospf"}, "within": 2.0}
    change = await bench.change("gw1", *await stopped(bench), verify=[configured])
    await bench.again(failpoint="bridge.line")
    command = await bench.send(change)
    await bench.bridge.died(within=60)
    await bench.again()
    result = await bench.result(command)
    assert result.outcome == "rolled_back", result.reason
    assert "ospfd" not in await sh(bench, "gw1", "ps -eo comm")


# --- secrets


async def masked(bench: Bench, device: str) -> tuple[str, str]:
    """A section and a line of the device's running configuration that holds a masked key."""
    config = await bench.look(device, "config")
    found = next(line for line in config if "message-digest-key" in line["text"] and "<redacted:" in line["text"])
    return found["section"], found["text"]


async def test_a_key_is_put_back_that_nobody_knows(bench: Bench) -> None:
    section, line = await masked(bench, "gw1")
    before = await sh(bench, "gw1", "vtysh -N $(ip netns identify $$) -c 'show running-config' | grep digest")
    gone = [section, f"no {line.split(' md5 ')[0]}"], [section, line]
    result = await bench.made(
        await bench.change("gw1", *gone, door="cli", pre_state=await _sha(bench, "gw1"), verify=NEVER)
    )
    assert result.outcome == "rolled_back", result.reason
    after = await sh(bench, "gw1", "vtysh -N $(ip netns identify $$) -c 'show running-config' | grep digest")
    assert after == before
    told = [entry["line"] for entry in result.transcript]
    assert line in told
    secret = before.split(" md5 ")[1].split()[0]
    assert secret not in str(result)
    assert secret not in str(await bench.journal(await bench.change("gw1", [], [])))


async def test_a_bridge_that_has_never_read_a_key_sends_nothing(bench: Bench) -> None:
    section, line = await masked(bench, "gw1")
    other = f"{line.split(' md5 ')[0]} md5 <redacted:000000>"
    change = await bench.change(
        "gw1", [section, other], [section, line], door="cli", pre_state=await _sha(bench, "gw1")
    )
    assert "stands for a secret, and this bridge has not read it there" in await refusal(bench, change)


async def _sha(bench: Bench, device: str) -> str:
    sha256: str = (await bench.tool("device_backup", device=device)).content["sha256"]
    return sha256
