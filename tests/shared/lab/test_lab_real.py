"""Real routers: up, reached by anybody's ssh, measured, damaged, healed, and gone without a trace."""

import asyncio
import os
from pathlib import Path

import pytest

from nocmesh.errors import DeviceError, DeviceRejectedError, NotFoundError, PreconditionError, TooLateError
from nocmesh.inventory import load_inventory
from nocmesh.lab import inside, runs
from nocmesh.lab.build import build
from nocmesh.lab.graph import named
from nocmesh.lab.lab import Lab
from nocmesh.lab.names import FRR_CONFIG, FRR_STATE, LINKS, NAMESPACES, run_of
from nocmesh.lab.patch import PATCH
from nocmesh.lab.plan import Options
from nocmesh.lab.process import ran

pytestmark = pytest.mark.lab
EVERY_WAY = [
    Options(igp="ospf", bgp="ibgp_rr", authentication=True, seed=7),
    Options(igp="isis", bgp="ebgp", authentication=True),
    Options(igp="isis"),
]


def left_of(run_id: str) -> list[str]:
    """What there is on this machine that carries the run's id."""
    places = (NAMESPACES, FRR_CONFIG, FRR_STATE, LINKS, runs.REGISTRY)
    found = [str(entry) for place in places for entry in place.iterdir()]
    return [path for path in found if run_of(Path(path).name) == run_id or Path(path).name == run_id]


@pytest.mark.parametrize("small_lab", EVERY_WAY, indirect=True, ids=["ospf-ibgp", "isis-ebgp", "isis"])
class TestEveryWay:
    """Each IGP and each BGP."""

    async def test_the_routers_say_that_they_have_converged(self, small_lab: Lab) -> None:
        state = await small_lab.status()
        assert state.wrong == []
        routers = [node for node in state.nodes if node.kind == "router"]
        assert [len(node.seen.adjacencies) for node in routers] == [2, 2, 3, 1]
        sessions = {"ibgp_rr": 10, "ebgp": 8, "none": 0}[small_lab.plan.options.bgp]
        assert sum(len(node.seen.sessions) for node in routers) == sessions

    async def test_anybody_signs_in_with_ssh(self, small_lab: Lab) -> None:
        config = str(small_lab.folder / "ssh_config")
        cli = await ran("ssh", "-F", config, "r1", "show version")
        assert cli.stdout.startswith("FRRouting 8")
        assert "(r1)" in cli.stdout
        shell = await ran("ssh", "-F", config, "r1-shell", "hostname; ls /sys/class/net; ps -e -o comm=")
        assert shell.stdout.split()[:3] == ["r1", "eth0", "lo"]
        assert "zebra" in shell.stdout
        assert shell.stdout.count("zebra\n") == 1, "a node sees its own processes only"
        host = await ran("ssh", "-F", config, "h1", "ip -j route")
        assert small_lab.node("h1").gateway in host.stdout

    async def test_an_interactive_session_has_the_routers_own_prompt(self, small_lab: Lab) -> None:
        asked = await ran("ssh", "-tt", "-F", str(small_lab.folder / "ssh_config"), "r2", stdin="show clock\nexit\n")
        assert "r2# show clock" in asked.stdout

    async def test_snmp_tells_of_the_protocols(self, small_lab: Lab) -> None:
        address = small_lab.node("r1").management
        walked = await ran("snmpwalk", "-v2c", "-c", "public", "-On", address, "1.3.6.1.2.1.1.5")
        assert "r1" in walked.stdout
        if small_lab.plan.options.bgp != "none":
            peers = await _walked(address, "1.3.6.1.2.1.15.3.1.2")
            assert peers.count("INTEGER: 6") >= 2

    async def test_the_inventory_that_it_writes_loads(self, small_lab: Lab, tmp_path: Path) -> None:
        small_lab.write_inventory(tmp_path / "inventory.yaml")
        inventory = load_inventory(tmp_path / "inventory.yaml")
        assert len(inventory.devices) == 6
        credential = inventory.device("r1").credential
        assert credential.private_key_file is not None
        assert credential.private_key_file.stat().st_mode & 0o77 == 0

    async def test_a_healthy_lab_deviates_in_nothing(self, small_lab: Lab) -> None:
        assert await small_lab.deviations() == {}

    async def test_a_daemon_stops_is_missed_and_starts_again(self, small_lab: Lab) -> None:
        daemon = "isisd" if small_lab.plan.options.igp == "isis" else "ospfd"
        await small_lab.stop_daemon("r4", daemon)
        assert any(daemon in wrong for wrong in (await small_lab.status()).wrong)
        await small_lab.start_daemon("r4", daemon)
        await small_lab.start_daemon("r4", daemon)
        await small_lab.converged()
        assert await small_lab.deviations() == {}


async def _walked(address: str, oid: str) -> str:
    """The daemons join snmpd within fifteen seconds of their start."""
    async with asyncio.timeout(40):
        while True:
            text = (await ran("snmpwalk", "-v2c", "-c", "public", address, oid)).stdout
            if "No Such" not in text:
                return text
            await asyncio.sleep(0.5)


async def test_after_any_damage_a_node_goes_back_to_what_it_was(small_lab: Lab) -> None:
    port, far = "r3-e0", small_lab.plan.far_end("r3", "r3-e0")
    assert far is not None
    damage = {
        "r3": [
            f"ip link set {port} address 02:aa:aa:aa:aa:aa mtu 1400",
            f"ip addr flush dev {port}",
            "ip addr add 10.9.9.9/24 dev r3-e1",
            "ip route add blackhole 10.200.0.0/24",
            "nft add table inet x",
            "tc qdisc add dev r3-e1 root tbf rate 1mbit burst 10k latency 50ms",
            "echo 0 > /proc/sys/net/ipv4/ip_forward",
            "ip link add stray type bridge",
            f"vtysh -N {small_lab.names.namespace('r3')} -c 'configure terminal' -c 'hostname other' -c 'do write'",
            "setsid -f yes > /dev/null",
            "pkill -x ospfd; pkill -STOP -x staticd",
        ],
        "h1": ["ip link del h1-e0", "pkill -x sshd"],
        "h2": [
            "ip neigh add 10.1.1.1 lladdr 02:02:02:02:02:02 dev h2-e0 nud permanent",
            "ip route replace default via 172.31.0.1 onlink dev eth0",
        ],
        PATCH: [
            "ip link set w0a down",
            "nft add table bridge y",
            "tc qdisc add dev w1a root tbf rate 1mbit burst 9k latency 9ms",
        ],
    }
    for node, commands in damage.items():
        for command in commands:
            await small_lab.exec(node, "sh", "-c", command)
    moved = await small_lab.deviations()
    assert set(moved) == set(damage)
    assert "- config hostname r3" in moved["r3"]
    for node in moved:
        await small_lab.reset(node)
    assert await small_lab.deviations() == {}
    await small_lab.converged()


async def test_a_campus_switch_goes_back_to_its_tree(tmp_path: Path) -> None:
    lab = await Lab.up(build(named("campus")), root=tmp_path)
    try:
        await lab.converged()
        for command in (
            "ip link set br0 type bridge priority 0 stp_state 0",
            "ip link set sw3-e1 nomaster",
            "ip link set sw3-e0 type bridge_slave cost 100 priority 3 hairpin on",
            "ip link set sw3-e2 down",
        ):
            await lab.exec("sw3", "sh", "-c", command)
        assert set(await lab.deviations()) == {"sw3"}
        await lab.reset("sw3")
        assert await lab.deviations() == {}
        state = await lab.converged()
        blocked = [port for node in state.nodes for port, how in node.seen.ports.items() if how == "blocking"]
        assert len(blocked) == 1, "a triangle is opened at one place"
    finally:
        await lab.down()


async def test_what_a_router_refuses_is_told_in_its_words(small_lab: Lab) -> None:
    with pytest.raises(DeviceRejectedError, match="Unknown command"):
        await small_lab.configure("r1", ["router nonsense"])
    with pytest.raises(DeviceError, match="only routers have a CLI"):
        await small_lab.vtysh("h1", "show version")
    with pytest.raises(NotFoundError, match="no node 'r9'"):
        await small_lab.exec("r9", "true")
    with pytest.raises(NotFoundError, match="no daemon 'ospf6d'; did you mean 'ospfd'"):
        await small_lab.stop_daemon("r1", "ospf6d")
    with pytest.raises(DeviceError, match=r"failed \(3\): so"):
        await small_lab.exec("r1", "sh", "-c", "echo so >&2; exit 3")


async def test_a_lab_is_come_back_to_by_its_id_or_as_the_only_one(small_lab: Lab) -> None:
    again = Lab.open(small_lab.run_id, root=small_lab.folder.parent)
    assert (again.plan, again.folder) == (small_lab.plan, small_lab.folder)
    assert Lab.open(root=small_lab.folder.parent).run_id == small_lab.run_id
    assert "r1" in await again.vtysh("r1", "show version")


async def test_two_labs_stand_side_by_side_and_each_goes_without_a_trace(tmp_path: Path) -> None:
    plan = build(named("clos", Options(spines=1, leaves=2)), Options(hosts=2))
    one, other = await asyncio.gather(Lab.up(plan, root=tmp_path), Lab.up(plan, root=tmp_path))
    try:
        assert one.plan.nodes[0].management != other.plan.nodes[0].management
        await asyncio.gather(one.converged(), other.converged())
        spaces = [entry.stat().st_ino for entry in NAMESPACES.iterdir() if run_of(entry.name) == one.run_id]
        assert len(spaces) == 6
        await one.down()
        assert left_of(one.run_id) == []
        assert not one.folder.exists()
        assert not set(spaces) & set(inside.processes())
        assert (await other.status()).converged, "the other one does not notice"
    finally:
        await other.down()
    assert left_of(other.run_id) == []
    assert runs.kept(tmp_path) == []


async def test_a_lab_that_cannot_come_up_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nocmesh.lab.scripts.INIT", '#!/bin/sh\nhostname "$1"; : > "$2"; exit 0\n')
    before = set(runs.REGISTRY.iterdir())
    with pytest.raises((PreconditionError, DeviceError)):
        await Lab.up(build(named("clos", Options(spines=1, leaves=1))), root=tmp_path)
    assert runs.kept(tmp_path) == []
    assert not [entry for entry in set(runs.REGISTRY.iterdir()) - before if str(tmp_path) in str(entry.readlink())]


async def test_a_lab_that_does_not_converge_says_what_is_missing(tmp_path: Path) -> None:
    lab = await Lab.up(build(named("clos", Options(spines=1, leaves=1)), Options(hosts=0)), root=tmp_path)
    try:
        await lab.stop_daemon("leaf1", "ospfd")
        with pytest.raises(TooLateError, match="leaf1: not running ospfd"):
            await lab.converged(timeout=0)
    finally:
        await lab.down()


async def test_where_real_routers_cannot_be_had_it_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nocmesh.lab.ground.unavailable", lambda: "real routers need root")
    with pytest.raises(PreconditionError, match="need root; or use simulated devices"):
        await Lab.up(build(named("clos")), root=tmp_path)
    run, _ = runs.claim_simulated(tmp_path, "demo")
    with pytest.raises(PreconditionError, match="is simulated"):
        Lab.open(run.run_id, root=tmp_path)


async def test_a_cut_cable_is_drawn_anew_from_either_of_its_sides(small_lab: Lab) -> None:
    await small_lab.exec("r1", "ip", "link", "del", "r1-e0")
    await small_lab.exec(PATCH, "ip", "link", "del", "w3b")
    found = await small_lab.deviations()
    assert {"r1", PATCH} < set(found)
    await small_lab.reset(PATCH)
    for node in await small_lab.deviations():
        await small_lab.reset(node)
    assert await small_lab.deviations() == {}
    await small_lab.converged()


async def test_a_lab_that_has_never_converged_has_no_healthy_state(tmp_path: Path) -> None:
    lab = await Lab.up(build(named("clos", Options(spines=1, leaves=1)), Options(hosts=0)), root=tmp_path)
    try:
        with pytest.raises(PreconditionError, match="has not converged yet"):
            await lab.deviations()
        await lab.exec("spine1", "sh", "-c", "kill -9 -1", check=False)
        os.kill(lab._inits["spine1"], 9)
        async with asyncio.timeout(10):
            while inside.first_process([lab._inits["spine1"]]):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
        again = Lab.open(lab.run_id, root=tmp_path)
        with pytest.raises(DeviceError, match="spine1 is not running"):
            await again.exec("spine1", "true")
        assert any("spine1 is not running" in wrong for wrong in (await again.status()).wrong)
    finally:
        await lab.down()
