"""Faults of cables and their ends as they are worked out, and what the nodes' answers are read as. Pure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.errors import InvalidInputError, NotFoundError
from nocmesh.lab.build import build
from nocmesh.lab.faults.asking import Probe, full_ospf, read_probe, up_isis
from nocmesh.lab.faults.injecting import worked_out
from nocmesh.lab.faults.segments import cable_of, cables, distant, far, gateway, hosts, segment, station_of, witness
from nocmesh.lab.graph import named
from nocmesh.lab.patch import PATCH, wire, wiring
from nocmesh.lab.plan import Options

CAMPUS = build(named("campus"), Options(hosts=3))
TRUNK = "link/gw1:gw1-e1--gw2:gw2-e1"


def lines(fault_type: str, at: str, **params: object) -> dict[str, list[str]]:
    """What would be done, by node."""
    found: dict[str, list[str]] = {}
    for step in worked_out(CAMPUS, fault_type, at, params).injection.steps:
        found.setdefault(step.node, []).extend(step.lines)
    return found


def test_a_pulled_cable_touches_neither_of_its_ends() -> None:
    here = wire(CAMPUS, cable_of(CAMPUS, TRUNK).cable)
    assert lines("link_down", TRUNK) == {PATCH: [f"ip link set {side} down" for side in (here.a, here.b)]}


def test_of_two_ends_the_far_one_loses_its_carrier_when_an_interface_is_taken_out() -> None:
    done = lines("link_detach", "interface/gw2/gw2-e1")
    cable = cable_of(CAMPUS, TRUNK).cable
    assert done[PATCH] == [f"ip link set {wire(CAMPUS, cable).facing(cable, 'gw1:gw1-e1')} down"]
    assert list(done) == ["gw2", PATCH]


def test_an_interface_that_comes_back_has_all_that_it_had() -> None:
    back = worked_out(CAMPUS, "link_detach", "interface/h1/h1-e0").injection.undo[-1]
    assert back.node == "h1"
    assert {"ip link set h1-e0 up", "ip link set h1-e0 mtu 1500"} <= set(back.lines)
    assert any(line.startswith("ip addr replace") for line in back.lines)
    assert any(line.startswith("ip route replace default") for line in back.lines)


def test_a_port_that_comes_back_is_in_its_bridge() -> None:
    back = worked_out(CAMPUS, "interface_admin_down", "interface/sw1/sw1-e0").injection.undo[-1]
    assert "ip link set sw1-e0 master br0" in back.lines


def test_a_router_is_shut_down_by_its_configuration_and_a_host_by_its_kernel() -> None:
    assert lines("interface_admin_down", "interface/gw1/gw1-e1") == {"gw1": ["interface gw1-e1", "shutdown"]}
    assert lines("interface_admin_down", "interface/h1/h1-e0") == {"h1": ["ip link set h1-e0 down"]}


def test_damage_is_done_in_both_directions() -> None:
    here = wire(CAMPUS, cable_of(CAMPUS, TRUNK).cable)
    for fault_type in ("link_packet_loss", "link_packet_corruption"):
        rule = lines(fault_type, TRUNK, percent=7)[PATCH][-1]
        assert f"{{ {here.a}, {here.b} }}" in rule
        assert "numgen random mod 100 < 7 " in rule


@pytest.mark.parametrize(
    ("fault_type", "params"),
    [
        ("link_packet_loss", {"percent": "0"}),
        ("link_packet_loss", {"percent": "100"}),
        ("link_packet_corruption", {"percent": "-3"}),
        ("link_flap", {"seconds": "0"}),
        ("link_flap", {"seconds": "often"}),
        ("link_capacity_bottleneck", {"rate": "1gbit"}),
        ("link_capacity_bottleneck", {"rate": "0kbit"}),
    ],
)
def test_a_parameter_out_of_its_bounds_is_refused_with_them(fault_type: str, params: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError, match="expected a"):
        worked_out(CAMPUS, fault_type, TRUNK, params)


@pytest.mark.parametrize("mtu", ["1500", "1279", "9000", "1e3", "²000"])
def test_an_mtu_is_smaller_than_the_far_end_s_and_carries_what_must_pass(mtu: str) -> None:
    with pytest.raises(InvalidInputError, match=r"1280 to 1499|one plain word"):
        worked_out(CAMPUS, "mtu_mismatch", "interface/gw1/gw1-e1", {"mtu": mtu})


def test_loss_is_asked_of_stations_that_have_no_other_way() -> None:
    for one in cables(CAMPUS):
        pair = witness(CAMPUS, one)
        ends = {end.node.kind for end in one.stations}
        assert (pair is None) == (ends == {"switch"})
        if pair:
            assert pair[0] in one.stations
            assert pair[0].interface
            assert pair[1].interface
            assert pair[0].interface.network == pair[1].interface.network


def test_all_of_a_campus_is_one_segment_and_a_cable_between_routers_another() -> None:
    first = hosts(CAMPUS)[0]
    assert {one.node.name for one in segment(CAMPUS, first)} >= {"h1", "h2", "h3", "gw1", "gw2"}
    trunk = cable_of(CAMPUS, TRUNK)
    assert segment(CAMPUS, trunk.a) == list(trunk.stations)


def test_every_host_has_its_gateway_and_somebody_beyond_it() -> None:
    for topology in ("campus", "abilene", "clos"):
        plan = build(named(topology), Options())
        for one in hosts(plan):
            gate, beyond = gateway(plan, one), distant(plan, one)
            assert gate is not None
            assert one.node.gateway in {address.partition("/")[0] for address in gate.port.addresses}
            assert beyond is not None
            assert beyond[0] not in (one.node.name, gate.node.name)


def test_what_is_no_interface_and_no_link_is_said_so() -> None:
    for resource in ("interface/gw1/nope", "interface/nope/e0", "interface/", ""):
        with pytest.raises(InvalidInputError, match="no interface of this lab"):
            station_of(CAMPUS, resource)
    with pytest.raises(InvalidInputError, match="no link of this lab"):
        cable_of(CAMPUS, "link/gw1:gw1-e1--h1:h1-e0")
    loopback = station_of(CAMPUS, "interface/gw1/lo")
    assert far(CAMPUS, loopback) is None


def test_a_wire_has_the_ends_of_its_cable_only() -> None:
    cable = CAMPUS.cables[0]
    with pytest.raises(NotFoundError, match="is no end of"):
        wire(CAMPUS, cable).facing(cable, "h1:h1-e0")


def test_every_end_of_every_cable_is_wired_once() -> None:
    made = wiring(CAMPUS, {name: name for name in [PATCH, *(node.name for node in CAMPUS.nodes)]})
    assert len(made) == 2 * len(CAMPUS.cables) == len({line.split()[2] for line in made})
    sides = [line.split()[9] for line in made]
    assert len(set(sides)) == len(sides)


def test_the_last_lines_of_a_ping_are_read() -> None:
    text = "40 packets transmitted, 26 received, +1 duplicates, 35% packet loss\nrtt min/avg/max/mdev = 0.1/2.5/9/1 ms"
    assert read_probe(text) == Probe(40, 26, 2.5)
    assert read_probe(text).lost == pytest.approx(0.35)
    assert read_probe("ping: connect: Network is unreachable").lost == 1


@given(st.text(max_size=200))
def test_no_answer_of_a_ping_breaks_its_reader(text: str) -> None:
    assert read_probe(text).lost == 1


def test_only_full_neighbours_count() -> None:
    rows = {
        "10.255.0.1": [{"nbrState": "Full/-", "ifaceName": "r1-e0:10.0.0.1"}],
        "10.255.0.2": [{"nbrState": "ExStart/-", "ifaceName": "r1-e1:10.0.0.5"}],
    }
    assert full_ospf({"neighbors": rows}) == {"r1-e0"}
    assert full_ospf({}) == set()


def test_only_neighbours_that_are_up_count() -> None:
    circuits = [{"interface": "r1-e0", "state": "Up"}, {"interface": "r1-e1", "state": "Initializing"}, {}]
    assert up_isis({"areas": [{"circuits": circuits}]}) == {"r1-e0"}
    assert up_isis({}) == set()
