"""A node's state as facts: what moved is told, and what brings it back."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nocmesh.lab import mending, pristine
from nocmesh.lab.names import Names
from nocmesh.lab.plan import Node
from nocmesh.lab.pristine import MARK, Link, State

RUNNING = """Building configuration...

Current configuration:
!
frr version 8.4.4
interface r1-e0
 ip address 10.0.0.1/30
 ip ospf area 0.0.0.0
exit
!
router bgp 65001
 neighbor 10.0.0.2 remote-as 65002
 !
 address-family ipv4 unicast
  network 10.255.0.1/32
 exit-address-family
exit
!
end
"""
LINK = {
    "ifname": "r1-e0",
    "flags": ["BROADCAST", "UP"],
    "mtu": 1500,
    "address": "02:4e:00:00:00:00",
    "linkinfo": {"info_kind": "veth"},
    "addr_info": [
        {"family": "inet", "local": "10.0.0.1", "prefixlen": 30},
        {"family": "inet6", "local": "fe80::1", "prefixlen": 64},
    ],
}
BRIDGE = {"ifname": "br0", "flags": ["UP"], "mtu": 1500, "address": "02:4e:00:01:00:00"}
BRIDGE |= {"linkinfo": {"info_kind": "bridge", "info_data": {"stp_state": 1, "priority": 4096, "ageing_time": 800}}}
PORT = {"ifname": "sw1-e0", "flags": ["UP"], "mtu": 1500, "address": "02:4e:00:01:00:01", "master": "br0"}
SLAVE = {"cost": 2, "priority": 32, "hairpin": False, "state": "forwarding", "learning": True}
PORT |= {"linkinfo": {"info_kind": "veth", "info_slave_kind": "bridge", "info_slave_data": SLAVE}}
ROUTES = [
    {"dst": "default", "gateway": "10.100.0.1", "dev": "h1-e0"},
    {"dst": "10.0.0.0/30", "dev": "r1-e0", "protocol": "kernel"},
    {"dst": "10.255.0.2", "gateway": "10.0.0.2", "dev": "r1-e0", "protocol": "bgp"},
    {"type": "blackhole", "dst": "10.9.0.0/24", "metric": 5},
]
QDISCS = [
    {"kind": "noqueue", "dev": "lo", "root": True},
    {"kind": "tbf", "dev": "r1-e0", "root": True, "options": {"rate": 9}},
]
SETTINGS = "==> net/ipv4/ip_forward <==\n1\n\n==> net/ipv4/conf/all/rp_filter <==\n0\n"
PROCESSES = (
    "    0     1 sh\n    1     3 sleep\n    1     7 zebra\n    1    12 bgpd\n   12    99 helper\n    1   40 sshd\n"
)


def answers(links: list[Any] | None = None, *, saved: str = RUNNING) -> str:
    """What the script prints."""
    parts = [
        json.dumps([LINK, BRIDGE, PORT] if links is None else links),
        json.dumps(ROUTES),
        json.dumps([{"dst": "10.0.0.9", "lladdr": "02:00:00:00:00:09", "dev": "r1-e0"}]),
        "table inet x {\n}",
        json.dumps(QDISCS),
        SETTINGS,
        PROCESSES,
        RUNNING,
        saved,
    ]
    return "".join(f"{part}\n{MARK}\n" for part in parts)


def test_the_state_holds_what_was_set_and_no_consequences() -> None:
    state = pristine.state(answers())
    assert state.links["r1-e0"].addresses == ["10.0.0.1/30"]
    assert state.links["br0"].options == {"stp_state": "1", "priority": "4096"}
    assert state.links["sw1-e0"].slave == {"cost": "2", "priority": "32", "hairpin": "0", "learning": "1"}
    assert state.routes == ["blackhole 10.9.0.0/24 metric 5", "default via 10.100.0.1 dev h1-e0"]
    assert state.neighbours == ["10.0.0.9 lladdr 02:00:00:00:00:09 dev r1-e0"]
    assert state.qdiscs == ['dev r1-e0 root tbf {"rate": 9}']
    assert state.settings == {"net/ipv4/ip_forward": "1", "net/ipv4/conf/all/rp_filter": "0"}
    assert state.processes == {"bgpd": [12], "sshd": [40], "zebra": [7]}


def test_a_configuration_line_carries_what_it_stands_under() -> None:
    assert pristine.configuration(RUNNING) == [
        "frr version 8.4.4",
        "interface r1-e0",
        "interface r1-e0 > ip address 10.0.0.1/30",
        "interface r1-e0 > ip ospf area 0.0.0.0",
        "router bgp 65001",
        "router bgp 65001 > address-family ipv4 unicast",
        "router bgp 65001 > address-family ipv4 unicast > network 10.255.0.1/32",
        "router bgp 65001 > neighbor 10.0.0.2 remote-as 65002",
    ]


def test_a_node_that_nobody_touched_deviates_in_nothing() -> None:
    assert mending.deviations(pristine.state(answers()), pristine.state(answers())) == []


def test_what_moved_is_told_both_ways() -> None:
    healthy = pristine.state(answers())
    down = {**LINK, "flags": [], "mtu": 1400}
    now = pristine.state(answers([down, BRIDGE, PORT], saved=RUNNING.replace("65002", "65009")))
    assert mending.deviations(healthy, now) == [
        "- link r1-e0 mtu 1500",
        "- link r1-e0 up",
        "+ link r1-e0 down",
        "+ link r1-e0 mtu 1400",
        "+ saved configuration differs",
    ]
    assert mending.restart_needed(healthy, now)


def test_a_saved_configuration_may_also_be_the_running_one() -> None:
    healthy = pristine.state(answers(saved="frr version 8.4\n"))
    assert mending.deviations(healthy, pristine.state(answers())) == []


def test_a_missing_daemon_needs_a_restart() -> None:
    assert mending.restart_needed(State(processes={"bgpd": [1]}), State())
    assert not mending.restart_needed(State(processes={"bgpd": [1]}), State(processes={"bgpd": [2], "yes": [3]}))


def test_mending_undoes_each_change() -> None:
    port = Link(
        name="sw1-e0", mac="02::1", master="br0", slave={"cost": "2", "hairpin": "0"}, addresses=["10.0.0.1/30"]
    )
    bridge = Link(name="br0", options={"stp_state": "1", "priority": "4096"})
    healthy = State(
        links={"sw1-e0": port, "br0": bridge},
        routes=["default via 10.0.0.2 dev sw1-e0"],
        filters="table a {}",
        settings={"net/ipv4/ip_forward": "1"},
        neighbours=["10.0.0.8 lladdr 02::8 dev sw1-e0"],
    )
    changed = Link(name="sw1-e0", up=False, mtu=900, mac="02::2", slave={"cost": "9"}, addresses=["10.0.0.7/30"])
    now = State(
        links={"sw1-e0": changed, "br0": Link(name="br0", options={"stp_state": "0"}), "dummy0": Link(name="dummy0")},
        routes=["blackhole 10.9.0.0/24"],
        filters="table b {}",
        qdiscs=["dev sw1-e0 root tbf {}"],
        processes={"yes": [7, 8]},
        neighbours=["10.0.0.9 lladdr 02::9 dev sw1-e0"],
    )
    assert mending.mending(healthy, now) == [
        "kill -9 7 8",
        "nft flush ruleset",
        "echo 'table a {}' | nft -f -",
        "tc qdisc del dev sw1-e0 root",
        "ip link del dummy0",
        "ip link set sw1-e0 address 02::1",
        "ip link set sw1-e0 mtu 1500",
        "ip link set sw1-e0 master br0",
        "ip link set sw1-e0 type bridge_slave cost 2 hairpin off",
        "ip addr del 10.0.0.7/30 dev sw1-e0",
        "ip addr add 10.0.0.1/30 dev sw1-e0",
        "ip link set sw1-e0 up",
        "ip link set br0 type bridge stp_state 1 priority 4096",
        "ip neigh del 10.0.0.9 dev sw1-e0",
        "ip neigh replace 10.0.0.8 lladdr 02::8 dev sw1-e0",
        "ip route del blackhole 10.9.0.0/24",
        "ip route replace default via 10.0.0.2 dev sw1-e0",
        "echo 1 > /proc/sys/net/ipv4/ip_forward",
    ]


def test_an_interface_that_left_its_bridge_or_is_gone_is_noticed() -> None:
    healthy = State(links={"a": Link(name="a"), "b": Link(name="b", up=False)})
    now = State(links={"b": Link(name="b", master="br9")})
    assert mending.rewired(healthy, now) == ["a"]
    assert mending.mending(healthy, now) == ["ip link set b nomaster", "ip link set b down"]


def test_the_script_asks_each_kind_of_node_for_what_it_has() -> None:
    router = Node(name="r1", kind="router", management="172.31.1.11")
    host = Node(name="h1", kind="host", management="172.31.1.12")
    scripts = [pristine.looking(node, Names("1a2b")) for node in (router, host, None)]
    assert ["vtysh -N nm-1a2b-r1" in script for script in scripts] == [True, False, False]
    assert ["ps -eo" in script for script in scripts] == [True, True, False]
    assert [script.count(MARK) for script in scripts] == [9, 7, 7]


@pytest.mark.parametrize("text", ["", MARK, f"[]\n{MARK}\n" * 7])
def test_an_answer_that_was_cut_short_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="answers of 8"):
        pristine.state(text.rstrip().removesuffix(MARK))


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=400))
def test_any_text_is_a_configuration_of_its_words(text: str) -> None:
    found = pristine.configuration(text)
    assert all(line.strip() for line in found)
    assert pristine.configuration(text) == found
