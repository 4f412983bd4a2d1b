"""VLAN lists, tags, and what two ends of a cable make of each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proving.typist import live_network

from nocmesh.proving.simulated.cabling import Phy, member, phy
from nocmesh.proving.simulated.live import LiveNetwork
from nocmesh.proving.simulated.switching import Spanning, Switchport, dotted, numbers, text_of
from nocmesh.proving.simulated.topology import CAMPUS

pytestmark = pytest.mark.real

VLANS = st.integers(1, 4094)


@given(st.sets(VLANS, min_size=1, max_size=30))
def test_a_list_of_vlans_is_read_back_as_it_was_written(vlans: set[int]) -> None:
    assert set(numbers(text_of(vlans))) == vlans


@pytest.mark.parametrize(("vlans", "text"), [((10, 20), "10,20"), ((1, 2, 3, 9), "1-3,9"), ((4, 5), "4,5"), ((), "")])
def test_vlans_are_written_as_ios_writes_them(vlans: tuple[int, ...], text: str) -> None:
    assert text_of(vlans) == text


@pytest.mark.parametrize("text", ["", "0", "4095", "20-10", "1,,2", "x", "1-2-3", "-1"])
def test_what_is_no_list_of_vlans_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"invalid literal|is no VLAN"):
        numbers(text)


@given(st.booleans(), VLANS, VLANS, VLANS)
def test_a_frame_crosses_a_cable_into_its_own_vlan_when_both_ends_agree(
    trunk: bool, access: int, native: int, vlan: int
) -> None:
    port = Switchport(mode="trunk" if trunk else "access", access_vlan=access, native_vlan=native)
    if port.carries(vlan):
        assert port.received(port.sent(vlan)) == vlan
    else:
        assert vlan != access


def test_an_access_port_drops_what_is_tagged_and_a_trunk_what_it_does_not_carry() -> None:
    assert Switchport(mode="access", access_vlan=10).received(10) is None
    assert Switchport(mode="trunk", allowed=(10,)).received(20) is None
    assert Switchport(mode="trunk", native_vlan=99, allowed=(10,)).received(None) is None


def test_priorities_carry_the_vlan() -> None:
    assert Spanning(mac="02:00:00:00:00:01", priorities={10: 4096}).priority(10) == 4106
    assert Spanning(mac="02:00:00:00:00:01").priority(10) == 32778


def test_an_address_is_dotted() -> None:
    assert dotted("02:00:0a:bc:de:f0") == "0200.0abc.def0"


def at(live: LiveNetwork, device: str, name: str) -> Phy:
    node = live.model.node(device)
    return phy(live.model, node, node.running.interfaces[name])


@pytest.mark.parametrize(
    ("here", "there", "own", "far"),
    [
        ([], [], (1000, "full"), (1000, "full")),
        (["speed 100"], [], (100, "full"), (100, "full")),
        (["speed 100", "duplex half"], [], (100, "half"), (100, "half")),
        (["speed 100", "duplex full"], [], (100, "full"), (100, "half")),
        (["speed 100", "duplex full"], ["speed 100", "duplex full"], (100, "full"), (100, "full")),
        (["speed 100", "duplex full"], ["speed 100", "duplex half"], (100, "full"), (100, "half")),
        (["speed 1000"], [], (1000, "full"), (1000, "full")),
    ],
)
def test_two_ends_agree_as_ieee_802_3_has_it(
    here: list[str], there: list[str], own: tuple[int, str], far: tuple[int, str]
) -> None:
    live = live_network(CAMPUS)
    live.configure("access1", ["interface GigabitEthernet1/0/1", *here])
    live.configure("dist1", ["interface GigabitEthernet1/0/1", *there])
    ours, theirs = at(live, "access1", "GigabitEthernet1/0/1"), at(live, "dist1", "GigabitEthernet1/0/1")
    assert ((ours.speed, ours.duplex), (theirs.speed, theirs.duplex)) == (own, far)
    assert ours.clash == theirs.clash == (own[1] != far[1])


def test_different_fixed_speeds_do_not_link() -> None:
    live = live_network(CAMPUS)
    live.configure("access1", ["interface GigabitEthernet1/0/1", "speed 10"])
    live.configure("dist1", ["interface GigabitEthernet1/0/1", "speed 100"])
    assert not at(live, "access1", "GigabitEthernet1/0/1").up
    assert ("access1", "GigabitEthernet1/0/1") not in live.bridging.ports


@pytest.mark.parametrize(
    ("lines", "flag", "why"),
    [
        ([], "P", ""),
        (["shutdown"], "D", ""),
        (["switchport mode access"], "s", "trunk mode is different"),
        (["switchport access vlan 20"], "s", "access vlan is different"),
        (["switchport trunk native vlan 20"], "s", "native vlan is different"),
        (["switchport trunk allowed vlan 10"], "s", "vlan mask is different"),
        (["speed 100"], "s", "speed of GigabitEthernet1/0/23 is 100M, of the other members 1000M"),
        (["no switchport"], None, ""),
    ],
)
def test_a_bundle_takes_only_members_that_are_like_it(lines: list[str], flag: str | None, why: str) -> None:
    live = live_network(CAMPUS)
    live.configure("dist1", ["interface GigabitEthernet1/0/23", *lines])
    node = live.model.node("dist1")
    port = node.running.interfaces["GigabitEthernet1/0/23"]
    if flag is None:
        assert port.channel is None
        return
    found = member(live.model, node, port)
    assert (found.flag, found.why) == (flag, why)


def flags(live: LiveNetwork, device: str) -> list[str]:
    node = live.model.node(device)
    ports = [node.running.interfaces[f"GigabitEthernet1/0/{n}"] for n in (23, 24)]
    return [member(live.model, node, port).flag if port.channel else "-" for port in ports]


def test_a_member_whose_partner_speaks_no_lacp_is_suspended() -> None:
    live = live_network(CAMPUS)
    live.configure("dist1", ["interface GigabitEthernet1/0/23", "no channel-group"])
    assert (flags(live, "dist1"), flags(live, "dist2")) == (["-", "P"], ["s", "P"])


def test_two_passive_ends_do_not_bundle() -> None:
    live = live_network(CAMPUS)
    for device in ("dist1", "dist2"):
        live.configure(device, ["interface GigabitEthernet1/0/23", "channel-group 1 mode passive"])
    assert flags(live, "dist1") == ["s", "P"]
    live.configure("dist1", ["interface GigabitEthernet1/0/23", "channel-group 1 mode active"])
    assert flags(live, "dist1") == ["P", "P"]


def test_a_bundle_that_is_shut_down_bundles_nobody() -> None:
    live = live_network(CAMPUS)
    live.configure("dist1", ["interface Port-channel1", "shutdown"])
    assert flags(live, "dist1") == ["s", "s"]
    assert flags(live, "dist2") == ["s", "s"]
