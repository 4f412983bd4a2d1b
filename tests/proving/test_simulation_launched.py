"""A simulated network as others use it: kept by a process, or left alone with a socket."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

import pytest

from nocmesh.errors import NotFoundError, PreconditionError
from nocmesh.inventory import load_inventory
from nocmesh.launch.simulation import Detached, ask_at, detach, simulation

pytestmark = [pytest.mark.real, pytest.mark.mesh]

WAIT = 30.0


async def until_gone(left: Detached) -> None:
    """Until nobody answers any more."""
    async with asyncio.timeout(WAIT):
        while left.control.exists():
            with contextlib.suppress(PreconditionError):
                await ask_at(left.control, do="who")
    with pytest.raises(PreconditionError, match="no simulated network answers"):
        await ask_at(left.control, do="who")


async def test_a_kept_one_is_of_the_topology_and_broken_where_it_is_told(tmp_path: Path) -> None:
    async with simulation(tmp_path, topology="campus") as network:
        names = {device.name for device in load_inventory(network.inventory).devices}
        assert names == {"gw1", "gw2", "dist1", "dist2", "access1", "access2"}
        alert, expected = await network.break_it("vlan_mismatch", at="interface/access1/GigabitEthernet1/0/10")
        assert expected == {"resource": "interface/access1/GigabitEthernet1/0/10", "fault_type": "vlan_mismatch"}
        assert alert["commonLabels"]["instance"] == "access1"
        await network.ask(do="heal")
        _, expected = await network.break_it("interface_errors", "dist1", "GigabitEthernet1/0/24")
        assert expected is not None
        assert expected["resource"] == "interface/dist1/GigabitEthernet1/0/24"
        with pytest.raises(NotFoundError, match="cannot happen at"):
            await network.break_it("stp_disabled", at="node/gw1")


async def test_a_detached_one_stays_until_it_is_stopped(tmp_path: Path) -> None:
    left = await detach(tmp_path, "campus")
    assert len(load_inventory(left.inventory).devices) == 6
    done = await ask_at(left.control, do="inject", fault="stp_root_moved")
    assert (await ask_at(left.control, do="shows"))["showing"] == [done["expect"]]
    with pytest.raises(NotFoundError, match="unknown request"):
        await ask_at(left.control, do="dance")
    assert (await ask_at(left.control, do="stop"))["stopping"]
    await until_gone(left)


async def test_a_detached_one_that_is_terminated_takes_its_socket_away(tmp_path: Path) -> None:
    left = await detach(tmp_path, "pair")
    os.kill(left.pid, signal.SIGTERM)
    await until_gone(left)
    assert not left.control.exists()


async def test_one_that_cannot_start_says_where_it_says_why(tmp_path: Path) -> None:
    with pytest.raises(PreconditionError, match=r"simulation\.log says why"):
        await detach(tmp_path, "nowhere")
    assert "no topology 'nowhere'" in (tmp_path / "simulation.log").read_text()
