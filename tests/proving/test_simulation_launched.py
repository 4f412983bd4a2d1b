"""A simulated network as others use it: of any topology, broken at any place."""

from pathlib import Path

import pytest

from nocmesh.errors import NotFoundError
from nocmesh.inventory import load_inventory
from nocmesh.launch.simulation import simulation

pytestmark = [pytest.mark.real, pytest.mark.mesh]


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
