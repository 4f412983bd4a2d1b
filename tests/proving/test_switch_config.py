"""The switching lines of IOS-XE: written from the model, read into it, refused where IOS refuses them."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from proving.typist import ask, live_network, shell_on

from nocmesh.proving.simulated import iosxe_config
from nocmesh.proving.simulated.editing import apply_text
from nocmesh.proving.simulated.live import GRAMMARS, LiveNetwork
from nocmesh.proving.simulated.model import Configuration, Interface
from nocmesh.proving.simulated.switching import EVERY, Channel, Spanning, Switchport
from nocmesh.proving.simulated.topology import CAMPUS

pytestmark = pytest.mark.real

MAC = "02:00:00:00:00:01"
PORTS = [f"GigabitEthernet1/0/{n}" for n in (1, 2, 3)]
VLANS = st.integers(1, 4094)
word = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,12}", fullmatch=True)
by_vlan = st.dictionaries(st.one_of(st.just(EVERY), VLANS), st.integers(1, 200000), max_size=3)


@st.composite
def switchports(draw: st.DrawFn) -> Switchport:
    return Switchport(
        mode=draw(st.sampled_from(["dynamic auto", "access", "trunk"])),
        access_vlan=draw(VLANS),
        native_vlan=draw(VLANS),
        allowed=draw(st.one_of(st.none(), st.sets(VLANS, max_size=5).map(lambda v: tuple(sorted(v))))),
        portfast=draw(st.booleans()),
        guard_root=draw(st.booleans()),
        bpdufilter=draw(st.booleans()),
        costs=draw(by_vlan),
        priorities=draw(by_vlan),
    )


@st.composite
def ports(draw: st.DrawFn, name: str) -> Interface:
    speed = draw(st.sampled_from(["auto", "10", "100", "1000"]))
    halves = ["auto", "full", "half"] if speed in {"10", "100"} else ["auto", "full"]
    bridged = draw(st.booleans())
    return Interface(
        name=name,
        description=draw(st.one_of(st.just(""), word)),
        enabled=draw(st.booleans()),
        speed=speed,
        duplex=draw(st.sampled_from(halves)),
        switchport=draw(switchports()) if bridged else None,
        channel=draw(st.one_of(st.none(), st.just(Channel(group=1, mode="active")))) if bridged else None,
        addresses=[] if bridged else draw(st.sampled_from([[], ["10.0.0.1/24"]])),
    )


@st.composite
def configurations(draw: st.DrawFn) -> Configuration:
    interfaces = {name: draw(ports(name)) for name in PORTS}
    interfaces["Port-channel1"] = Interface(name="Port-channel1", switchport=draw(switchports()))
    interfaces["Vlan10"] = Interface(name="Vlan10", addresses=["10.10.0.1/24"])
    used = {p.access_vlan for i in interfaces.values() if (p := i.switchport) is not None}
    numbers = draw(st.sets(VLANS, max_size=4)) | used
    spanning = Spanning(
        mac=MAC,
        priorities=draw(st.dictionaries(VLANS, st.sampled_from([0, 4096, 61440]), max_size=3)),
        disabled=draw(st.sets(VLANS, max_size=3)),
        vlans={1: "default"} | {number: draw(word) for number in sorted(numbers - {1})},
    )
    services = draw(st.sets(st.sampled_from(["lldp run", "ntp server 10.0.0.9", "snmp-server location here"])))
    return Configuration(hostname=draw(word), interfaces=interfaces, spanning=spanning, services=sorted(services))


@settings(max_examples=25)
@given(configurations())
def test_what_is_written_reads_back_the_same(configuration: Configuration) -> None:
    bare = {name: Interface(name=name, switchport=Switchport()) for name in PORTS}
    read = Configuration(hostname="new", interfaces=bare, spanning=Spanning(mac=MAC))
    text = iosxe_config.render(configuration)
    apply_text(GRAMMARS["cisco_iosxe"], read, text)
    assert read == configuration
    assert iosxe_config.render(read) == text


WORDS = (
    "no", "interface", "GigabitEthernet1/0/1", "Port-channel1", "Vlan10", "switchport", "mode", "access", "trunk",
    "allowed", "native", "vlan", "add", "remove", "all", "none", "10", "10,20", "4095", "1-4094", "20-10", "0",
    "spanning-tree", "cost", "priority", "port-priority", "guard", "root", "bpdufilter", "enable", "channel-group",
    "1", "active", "on", "speed", "100", "duplex", "half", "name", "x", "exit", "end", "shutdown",
)  # fmt: skip


@settings(max_examples=20)
@given(st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=7).map(" ".join), max_size=6))
def test_no_line_breaks_a_switch(lines: list[str]) -> None:
    live = live_network(CAMPUS)
    shell = shell_on(live, "access2")
    for line in ["configure terminal", *lines, "end"]:
        shell.answer(line)
    for command in ("show spanning-tree", "show interfaces switchport", "show etherchannel summary", "show interfaces"):
        assert ask(live, "access2", command)
    read = Configuration(hostname="new", spanning=Spanning(mac=MAC))
    for interface in live.model.node("access2").running.interfaces.values():
        if interface.physical:
            read.interfaces[interface.name] = Interface(name=interface.name, switchport=Switchport())
    apply_text(GRAMMARS["cisco_iosxe"], read, iosxe_config.render(live.model.node("access2").running))


def typed(live: LiveNetwork, *lines: str, device: str = "access1") -> str:
    """What the switch says to the last line."""
    return ask(live, device, "configure terminal", *lines)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["spanning-tree vlan 10 priority 100"], "% Bridge Priority must be in increments of 4096.\n% Allowed values"),
        (["spanning-tree vlan 10 priority 65536"], "% Bridge Priority must be in increments of 4096."),
        (["spanning-tree vlan 20-10"], "Command rejected: Bad VLAN list"),
        (["vlan 4095"], "Command rejected: Bad VLAN list"),
        (["no vlan 1"], "Default VLAN 1 may not be deleted."),
        (["interface Gi1/0/1", "duplex half"], "Duplex cannot be set to half when speed autonegotiation subset"),
        (["interface Gi1/0/1", "switchport access vlan 10,20"], "Command rejected: Bad VLAN list"),
        (["interface Gi1/0/1", "switchport mode sideways"], "% Invalid input detected"),
        (["interface Gi1/0/1", "speed 42"], "% Invalid input detected"),
        (["interface Gi1/0/1", "duplex double"], "% Invalid input detected"),
        (["interface Gi1/0/1", "channel-group 1 mode loud"], "% Invalid input detected"),
        (["interface Gi1/0/1", "channel-group 500 mode active"], "% Invalid input detected"),
        (["interface Vlan10", "switchport mode access"], "% Command rejected: Vlan10 is not a switching port."),
        (["no ntp server 10.9.9.9"], "% ntp: no such line"),
        (["no interface GigabitEthernet1/0/1"], "% Removal of physical interfaces is not permitted"),
    ],
)
def test_what_ios_refuses_is_refused_in_its_words(lines: list[str], said: str) -> None:
    live = live_network(CAMPUS)
    before = ask(live, "access1", "show running-config")
    assert said in typed(live, *lines)
    assert ask(live, "access1", "show running-config") == before


def test_a_bundle_of_another_protocol_is_refused() -> None:
    live = live_network(CAMPUS)
    said = typed(live, "interface Gi1/0/1", "channel-group 2 mode active", device="access2")
    assert said.startswith("Command rejected (Channel protocol mismatch for interface GigabitEthernet1/0/1 in group 2)")


def test_a_router_knows_no_switching_lines() -> None:
    live = live_network(CAMPUS)
    assert "% Invalid input" in typed(live, "spanning-tree vlan 10", device="gw2")
    assert "% Invalid input" in typed(live, "vlan 10", device="gw2")
    assert "% Invalid input" in typed(live, "interface GigabitEthernet1", "switchport mode access", device="gw2")
    assert "% Invalid input" in typed(live, "interface Vlan10", device="gw2")


def port(live: LiveNetwork, name: str = "GigabitEthernet1/0/1") -> Interface:
    return live.model.node("access1").running.interfaces[name]


@pytest.mark.parametrize(
    ("lines", "check"),
    [
        (["switchport trunk allowed vlan add 30"], lambda p: p.switchport.allowed == (10, 20, 30)),
        (["switchport trunk allowed vlan remove 20"], lambda p: p.switchport.allowed == (10,)),
        (["switchport trunk allowed vlan all"], lambda p: p.switchport.allowed is None),
        (["switchport trunk allowed vlan none"], lambda p: p.switchport.allowed == ()),
        (["no switchport trunk allowed vlan"], lambda p: p.switchport.allowed is None),
        (
            ["no switchport trunk allowed vlan", "switchport trunk allowed vlan remove 5"],
            lambda p: len(p.switchport.allowed) == 4093,
        ),
        (
            ["switchport trunk native vlan 99", "no switchport trunk native vlan"],
            lambda p: p.switchport.native_vlan == 1,
        ),
        (["no switchport mode"], lambda p: p.switchport.mode == "dynamic auto"),
        (["switchport access vlan 20", "no switchport access vlan"], lambda p: p.switchport.access_vlan == 1),
        (["no switchport", "ip address 10.9.0.1 255.255.255.0"], lambda p: p.addresses == ["10.9.0.1/24"]),
        (["no switchport", "ip address 10.9.0.1 255.255.255.0", "switchport"], lambda p: p.addresses == []),
        (["spanning-tree cost 7", "no spanning-tree cost"], lambda p: p.switchport.cost(10) is None),
        (["spanning-tree cost 7", "spanning-tree vlan 10 cost 9"], lambda p: p.switchport.costs == {0: 7, 10: 9}),
        (["spanning-tree vlan 10,20 cost 9", "no spanning-tree vlan 10 cost"], lambda p: p.switchport.costs == {20: 9}),
        (
            ["spanning-tree port-priority 16", "spanning-tree vlan 10 port-priority 32"],
            lambda p: (p.switchport.priority(10), p.switchport.priority(20)) == (32, 16),
        ),
        (
            ["spanning-tree port-priority 16", "no spanning-tree port-priority"],
            lambda p: p.switchport.priority(10) == 128,
        ),
        (
            ["spanning-tree vlan 10 port-priority 16", "no spanning-tree vlan 10 port-priority"],
            lambda p: p.switchport.priority(10) == 128,
        ),
        (["spanning-tree guard root", "spanning-tree guard none"], lambda p: not p.switchport.guard_root),
        (["spanning-tree guard root", "no spanning-tree guard"], lambda p: not p.switchport.guard_root),
        (["spanning-tree bpdufilter enable", "no spanning-tree bpdufilter"], lambda p: not p.switchport.bpdufilter),
        (
            ["spanning-tree bpdufilter enable", "spanning-tree bpdufilter disable"],
            lambda p: not p.switchport.bpdufilter,
        ),
        (["spanning-tree portfast", "no spanning-tree portfast"], lambda p: not p.switchport.portfast),
        (["speed 100", "duplex half", "no speed"], lambda p: (p.speed, p.duplex) == ("auto", "auto")),
        (["speed 100", "duplex half", "no duplex"], lambda p: (p.speed, p.duplex) == ("100", "auto")),
        (["channel-group 5 mode active", "no channel-group"], lambda p: p.channel is None),
    ],
)
def test_a_line_does_what_it_says(lines: list[str], check: Callable[[Any], bool]) -> None:
    live = live_network(CAMPUS)
    live.configure("access1", ["interface GigabitEthernet1/0/1", *lines])
    assert check(port(live))


def test_what_is_said_of_a_bundle_is_said_of_its_members() -> None:
    live = live_network(CAMPUS)
    live.configure("dist1", ["interface Port-channel1", "switchport trunk allowed vlan 10", "spanning-tree guard root"])
    for name in ("Port-channel1", "GigabitEthernet1/0/23", "GigabitEthernet1/0/24"):
        switchport = live.model.node("dist1").running.interfaces[name].switchport
        assert switchport is not None
        assert (switchport.allowed, switchport.guard_root) == ((10,), True)


def test_the_first_member_makes_the_bundle_in_its_own_image() -> None:
    live = live_network(CAMPUS)
    live.configure("access1", ["interface Gi1/0/2", "channel-group 9 mode on"])
    made = port(live, "Port-channel9").switchport
    assert made == port(live, "GigabitEthernet1/0/2").switchport
    assert made is not port(live, "GigabitEthernet1/0/2").switchport


def test_vlans_are_made_named_and_removed() -> None:
    live = live_network(CAMPUS)
    shell = shell_on(live, "access1")
    for line in ("configure terminal", "vlan 30", "name GUESTS"):
        shell.answer(line)
    assert shell.prompt == "access1(config-vlan)#"
    assert "30   GUESTS" in ask(live, "access1", "show vlan brief")
    shell.answer("no name")
    assert "30   VLAN0030" in ask(live, "access1", "show vlan brief")
    shell.answer("exit")
    shell.answer("no vlan 30")
    assert "VLAN0030" not in ask(live, "access1", "show vlan brief")
    assert [entry.section for entry in live.received["access1"]] == ["", "vlan 30", "vlan 30", "vlan 30", ""]


def test_spanning_tree_is_switched_off_and_on_by_vlan() -> None:
    live = live_network(CAMPUS)
    live.configure("access1", ["no spanning-tree vlan 10"])
    assert "no spanning-tree vlan 10\n" in ask(live, "access1", "show running-config")
    assert "VLAN0010" not in ask(live, "access1", "show spanning-tree")
    live.configure("access1", ["spanning-tree vlan 10"])
    assert "VLAN0010" in ask(live, "access1", "show spanning-tree")


def test_a_priority_is_taken_back() -> None:
    live = live_network(CAMPUS)
    live.configure("dist1", ["no spanning-tree vlan 10 priority"])
    text = ask(live, "dist1", "show running-config")
    assert "spanning-tree vlan 20 priority 24576" in text
    assert "This bridge is the root" in ask(live, "dist2", "show spanning-tree vlan 10")


def test_bundles_and_feet_in_vlans_are_made_and_removed() -> None:
    live = live_network(CAMPUS)
    live.configure("access1", ["interface Vlan20", "ip address 10.20.0.21 255.255.255.0", "interface Port-channel4"])
    assert "interface Port-channel4" in ask(live, "access1", "show running-config")
    live.configure("access1", ["no interface Vlan20", "no interface Port-channel4"])
    text = ask(live, "access1", "show running-config")
    assert "Vlan20" not in text
    assert "Port-channel4" not in text


def test_two_disabled_bridges_leave_the_third_to_break_the_ring_alone() -> None:
    live = live_network(CAMPUS)
    for device in ("access1", "dist2"):
        live.configure(device, ["no spanning-tree vlan 10"])
    assert not live.bridging.round, "messages pass bridges without spanning tree, as frames do"
    live.configure("dist1", ["no spanning-tree vlan 10"])
    assert {seat.vlan for seat in live.bridging.round} == {10}


def test_native_vlans_that_differ_block_the_trunk_in_both_and_are_logged() -> None:
    live = live_network(CAMPUS)
    live.configure("access1", ["interface Gi1/0/1", "switchport trunk native vlan 20"])
    live.configure("dist1", ["interface Gi1/0/1", "switchport trunk native vlan 10"])
    line = next(
        li for li in ask(live, "access1", "show spanning-tree vlan 20").splitlines() if li.startswith("Gi1/0/1 ")
    )
    assert "BKN*" in line
    assert "*PVID_Inc" in line
    log = ask(live, "access1", "show logging")
    assert (
        "%CDP-4-NATIVE_VLAN_MISMATCH: Native VLAN mismatch discovered on GigabitEthernet1/0/1 (20), with dist1" in log
    )
    assert "%SPANTREE-2-BLOCK_PVID_LOCAL" in log
    assert not live.bridging.round
