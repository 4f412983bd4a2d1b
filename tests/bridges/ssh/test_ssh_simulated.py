"""Our sessions against the simulated devices that the product ships."""

import pytest

from nocmesh.errors import DeviceRejectedError
from nocmesh.proving.simulated.server import Access, SimulatedNetwork
from nocmesh_bridges.ssh.session import DeviceSession
from nocmesh_bridges.ssh.target import Target

pytestmark = pytest.mark.real

ACCESS = Access()


def target_of(network: SimulatedNetwork, name: str, platform: str) -> Target:
    host, port = network.address(name)
    return Target(
        name=name,
        platform=platform,
        host=host,
        port=port,
        username=ACCESS.username,
        password=ACCESS.password,
        enable_password=ACCESS.enable_password,
        host_key=network.host_key(name),
    )


@pytest.mark.parametrize("platform", ["frr", "cisco_iosxe"])
async def test_a_simulated_device_is_read_and_configured(platform: str) -> None:
    async with SimulatedNetwork.running(access=ACCESS) as network:
        name = next(node.name for node in network.model.nodes.values() if node.dialect == platform)
        session = await DeviceSession.open(target_of(network, name, platform))
        running = await session.show("show running-config")
        assert running.rstrip().endswith("end")
        asn = next(line for line in running.splitlines() if line.startswith("router bgp"))
        results = await session.configure([asn, "neighbor 192.0.2.77 remote-as 64999"])
        assert [(r.rejected, r.answer) for r in results] == [(False, ""), (False, "")]
        assert "192.0.2.77" in await session.show("show running-config")
        results = await session.configure([asn, "neighbor nonsense", "no neighbor 192.0.2.77"])
        assert [r.rejected for r in results] == [False, True]
        with pytest.raises(DeviceRejectedError):
            await session.show("show nonsense")
        assert "BGP" in await session.show("show ip bgp summary")
        await session.close()
