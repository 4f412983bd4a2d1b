"""What a person types to mend a switch mends it, on the console and over real SSH."""

import pytest
from proving.typist import ACCESS, NOON, ask, later, live_network, typing

from nocmesh.clock import FixedClock
from nocmesh.proving.simulated.breakages import breakage
from nocmesh.proving.simulated.mishap_kinds import MISHAPS
from nocmesh.proving.simulated.server import SimulatedNetwork
from nocmesh.proving.simulated.topology import CAMPUS

pytestmark = pytest.mark.real

MENDS = {
    "vlan_mismatch": ["interface Port-channel2", "switchport trunk allowed vlan 10,20"],
    "duplex_mismatch": ["interface GigabitEthernet1/0/11", "duplex full"],
    "lag_member_down": ["interface GigabitEthernet1/0/23", "switchport trunk allowed vlan add 20"],
    "mac_flap": ["interface GigabitEthernet1/0/1", "channel-group 2 mode on"],
    "l2_loop": ["interface GigabitEthernet1/0/2", "no spanning-tree bpdufilter"],
    "l2_port_missing": [
        "interface GigabitEthernet1/0/11",
        "switchport",
        "switchport access vlan 10",
        "switchport mode access",
        "spanning-tree portfast",
    ],
    "stp_root_moved": ["no spanning-tree vlan 10,20 priority"],
    "stp_disabled": ["spanning-tree vlan 10,20"],
    "stp_cost_misconfig": ["interface GigabitEthernet1/0/1", "no spanning-tree cost"],
    "stp_port_blocked_unexpectedly": ["interface Port-channel2", "no spanning-tree guard"],
    "configuration_drift": ["no ntp server 192.0.2.123", "ntp server 10.10.0.1"],
}
BY_HAND = {
    "interface_errors", "device_resource_exhausted", "version_mismatch", "missing_install", "frr_service_down",
    "service_down",
}  # fmt: skip
"""A cable, a process, a package: no line of configuration mends these."""


def test_every_mishap_is_mended_by_lines_or_by_hand() -> None:
    assert set(MENDS) | BY_HAND == set(MISHAPS)
    assert not set(MENDS) & BY_HAND


@pytest.mark.parametrize("name", sorted(MENDS))
def test_the_lines_that_mend_it_leave_no_trace(name: str) -> None:
    live = live_network(CAMPUS)
    before = {device: ask(live, device, "show running-config") for device in live.model.nodes}
    fault = breakage(live, name)
    assert fault.expect is not None
    fault.inject(live)
    assert fault.shows(live)
    device = str(fault.alert(live)["commonLabels"]["instance"])
    live.configure(device, MENDS[name], by="nocmesh")
    assert not fault.shows(live)
    assert {device: ask(live, device, "show running-config") for device in live.model.nodes} == before
    later(live, 60)
    fault.heal(live)
    assert not fault.shows(live)


async def test_a_switch_is_mended_over_ssh_and_its_neighbours_notice() -> None:
    async with SimulatedNetwork.running(CAMPUS, clock=FixedClock(NOON)) as network:
        network.inject("stp_port_blocked_unexpectedly")
        async with typing(network, "access2") as typist:
            await typist.read_to("access2>")
            await typist.line("enable", "Password: ")
            await typist.line(ACCESS.enable_password, "access2#")
            await typist.line("terminal length 0", "access2#")
            assert "*ROOT_Inc" in await typist.line("show spanning-tree", "access2#")
            await typist.line("configure terminal", "access2(config)#")
            await typist.line("interface po2", "access2(config-if)#")
            await typist.line("no spanning-tree guard root", "access2(config-if)#")
            await typist.line("end", "access2#")
            assert "Root FWD" in await typist.line("show spanning-tree", "access2#")
        assert not network.showing()
        assert "10.10.0.102" in ask(network.live, "gw2", "show ip arp")
