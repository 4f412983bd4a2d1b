"""Real routers and switches, read through both of their doors: every view, whole, quoted, in parallel."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from nocmesh.inventory import Inventory, load_inventory
from nocmesh.lab import ground
from nocmesh.lab.build import build
from nocmesh.lab.graph import named
from nocmesh.lab.lab import Lab
from nocmesh.lab.plan import Options
from nocmesh.messages.state import DeviceState, Ospf, Stp, System
from nocmesh.proving.broker import eventually
from nocmesh_bridges.platforms import VIEWS
from nocmesh_bridges.ssh.asking import Asker
from nocmesh_bridges.ssh.bench import asker_of, read_all

sys.path.append(str(Path(__file__).parents[2]))

from bridges.platforms.recorded import quotes

pytestmark = [pytest.mark.lab, pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]

MOST_COMMANDS = 25
"""That one router may be asked for everything: more is no way to treat it."""


class Standing:
    """A lab, and a bridge that reads it."""

    def __init__(self, lab: Lab, inventory: Inventory, asker: Asker) -> None:
        self.lab = lab
        self.inventory = inventory
        self.asker = asker

    async def state(self, name: str) -> DeviceState:
        state, _ = await self.asker.state(self.inventory.device(name).device, VIEWS)
        return state


async def standing(topology: str, options: Options, root: Path) -> AsyncIterator[Standing]:
    assert not ground.unavailable()
    lab = await Lab.up(build(named(topology, options), options), root=root)
    try:
        await lab.converged()
        inventory = load_inventory(lab.folder / "inventory.yaml")
        async with asker_of(inventory) as asker:
            yield Standing(lab, inventory, asker)
    finally:
        await lab.down()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def abilene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Standing]:
    options = Options(igp="isis", bgp="ibgp_rr", authentication=True)
    async for found in standing("abilene", options, tmp_path_factory.mktemp("abilene")):
        yield found


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def campus(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Standing]:
    async for found in standing("campus", Options(igp="ospf"), tmp_path_factory.mktemp("campus")):
        yield found


async def test_twelve_routers_are_read_whole_in_parallel(
    abilene: Standing, record_testsuite_property: pytest.FixtureRequest
) -> None:
    cold = await read_all(abilene.asker, abilene.inventory, "frr")
    warm = await read_all(abilene.asker, abilene.inventory, "frr")
    record_testsuite_property("twelve_routers_cold", f"{cold.seconds:.2f}")  # type: ignore[operator]
    record_testsuite_property("twelve_routers_warm", f"{warm.seconds:.2f}")  # type: ignore[operator]
    assert len(warm.read) == 12
    for state, outputs in warm.read:
        untold = {view: status for view, status in state.status.items() if status not in ("parsed", "empty")}
        assert untold == {"ospf": "rejected", "switching": "unasked"}, state.device
        assert len(outputs) <= MOST_COMMANDS
        texts = {output.command: output.text for output in outputs}
        assert all(quote.text in texts[quote.command] for quote in quotes(state))


async def test_both_ends_of_every_link_see_each_other(abilene: Standing) -> None:
    states = {state.device: state for state, _ in (await read_all(abilene.asker, abilene.inventory, "frr")).read}
    for link in abilene.inventory.network().links:
        for here, there in ((link.a, link.b), (link.b, link.a)):
            if here.device in states and there.device in states:
                isis = states[here.device].isis
                assert isis is not None
                assert [(a.system_id, a.state) for a in isis.adjacencies if a.interface == here.interface] == [
                    (there.device, "up")
                ]
                on = next(i for i in isis.interfaces if i.name == here.interface)
                assert (on.state, on.passive, on.network_type) == ("up", False, "point_to_point")
                assert on.authentication in ("md5", "clear")


async def test_sessions_routes_and_links_are_told(abilene: Standing) -> None:
    state = await abilene.state("chin")
    assert {n.session_state for n in (state.bgp.neighbors if state.bgp else [])} == {"established"}
    assert {route.protocol for route in state.routes or [] if route.selected} >= {"connected", "isis"}
    assert all(i.oper_up and i.mac and i.carrier_changes for i in state.interfaces or [] if i.kind == "ethernet")
    assert state.neighbors is not None
    assert state.neighbors.entries


def system_of(state: DeviceState) -> System:
    assert state.system is not None
    return state.system


async def test_a_daemon_that_dies_and_a_filter_that_appears_are_seen_in_open_sessions(abilene: Standing) -> None:
    before = await abilene.state("kscy")
    assert system_of(before).services["bgpd"] is True
    await abilene.lab.stop_daemon("kscy", "bgpd")
    await abilene.lab.exec(
        "kscy", "nft", "table inet t { chain c { type filter hook input priority 0; tcp dport 179 drop; }; }"
    )
    await abilene.lab.exec("kscy", "sysctl", "-qw", "net.ipv4.ip_forward=0")
    after = await abilene.state("kscy")
    assert (after.status["bgp"], system_of(after).services["bgpd"]) == ("rejected", False)
    assert [(rule.name, rule.action, rule.ports) for rule in after.filters or []] == [("inet t c", "drop", ["179"])]
    assert (system_of(before).ip_forwarding, system_of(after).ip_forwarding) == (True, False)


async def test_a_stopped_daemon_does_not_hide_the_router(abilene: Standing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Vtysh waits for it for ever, at its start too; the shell says which one it is."""
    monkeypatch.setattr("nocmesh_bridges.ssh.asking.COMMAND_SECONDS", 1.0)
    await abilene.state("hstn")
    await abilene.lab.exec("hstn", "pkill", "-STOP", "-x", "isisd")
    try:
        state = await abilene.state("hstn")
        assert state.status["isis"] == "unparsed"
        assert state.status["processes"] == "parsed"
        assert [p.running for p in state.processes or [] if p.name == "isisd"] == [False]
    finally:
        await abilene.lab.exec("hstn", "pkill", "-CONT", "-x", "isisd")

    async def well() -> bool:
        return (await abilene.state("hstn")).status["isis"] == "parsed"

    await eventually(well, within=30)


async def test_switches_routers_and_hosts_of_a_campus_are_told(campus: Standing) -> None:
    found = {state.device: state for state, _ in (await read_all(campus.asker, campus.inventory)).read}
    switches = [state for state in found.values() if state.stp and state.stp.bridges]
    roots = {bridge.root_id for state in switches for bridge in (state.stp or Stp()).bridges}
    ports = [port for state in switches for port in (state.stp or Stp()).ports]
    assert len(switches) == 3
    assert len(roots) == 1
    assert sum(port.state == "blocking" for port in ports) == 1
    assert sum(port.role == "root" for port in ports) == 2
    routers = [state for state in found.values() if state.platform == "frr"]
    assert all(n.state == "full" for state in routers for n in (state.ospf or Ospf()).neighbors)
    assert all((state.ospf or Ospf()).neighbors for state in routers)
    hosts = [state for state in found.values() if state.platform == "linux" and state not in switches]
    assert all("0.0.0.0/0" in [route.prefix for route in state.routes or []] for state in hosts)


async def test_a_switch_s_configuration_stays_the_same_until_somebody_changes_it(campus: Standing) -> None:
    first, second = await campus.state("sw3"), await campus.state("sw3")
    assert first.config_sha256 == second.config_sha256 != ""
    await campus.lab.exec("sw3", "ip", "link", "set", "br0", "type", "bridge", "priority", "61440")
    assert (await campus.state("sw3")).config_sha256 != first.config_sha256
