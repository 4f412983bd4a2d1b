"""Faults of addresses as they are worked out: wrong ones are free, and each matters. Pure."""

from ipaddress import IPv4Address, IPv4Interface

import pytest

from nocmesh.lab.build import build
from nocmesh.lab.faults.addressing import shared_bits, wrong_address, wrong_prefix
from nocmesh.lab.faults.addressing_conflicts import mac_pair, rival
from nocmesh.lab.faults.addressing_routes import black_prefix, wrong_gateway
from nocmesh.lab.faults.injecting import worked_out
from nocmesh.lab.faults.segments import distant, gateway, hosts, segment, used
from nocmesh.lab.graph import named
from nocmesh.lab.plan import LabPlan, Options

PLANS = [build(named(name), Options(seed=seed)) for name in ("campus", "abilene", "clos") for seed in (0, 3)]


def plan_id(plan: LabPlan) -> str:
    return f"{plan.topology}-{plan.options.seed}"


@pytest.fixture(params=PLANS, ids=plan_id)
def plan(request: pytest.FixtureRequest) -> LabPlan:
    found: LabPlan = request.param
    return found


def test_a_wrong_address_is_nobody_s_and_in_another_network(plan: LabPlan) -> None:
    for one in hosts(plan):
        wrong = IPv4Interface(wrong_address(plan, one))
        assert str(wrong.ip) not in used(plan)
        assert one.interface
        assert wrong.network != one.interface.network
        assert wrong.network.prefixlen == one.interface.network.prefixlen


def test_a_wrong_mask_takes_the_far_for_near_or_the_gateway_for_far(plan: LabPlan) -> None:
    for one in hosts(plan):
        length, gate, beyond = wrong_prefix(plan, one), gateway(plan, one), distant(plan, one)
        assert length
        assert gate
        assert beyond
        wrong = IPv4Interface(f"{one.address}/{length}")
        if beyond[0] in {near.node.name for near in segment(plan, one)}:
            assert IPv4Address(gate.address) not in wrong.network
        else:
            assert IPv4Address(beyond[1]) in wrong.network
            assert IPv4Address(gate.address) in wrong.network


def test_a_wrong_gateway_is_on_the_network_and_nobody(plan: LabPlan) -> None:
    for one in hosts(plan):
        wrong = wrong_gateway(plan, one)
        assert wrong not in used(plan)
        assert one.interface
        assert IPv4Address(wrong) in one.interface.network


def test_a_blackhole_holds_somebody_far_away(plan: LabPlan) -> None:
    for one in hosts(plan):
        beyond = distant(plan, one)
        prefix = IPv4Interface(black_prefix(plan, one)).network
        assert beyond
        assert IPv4Address(beyond[1]) in prefix
        assert one.interface
        assert not prefix.overlaps(one.interface.network)


def test_a_conflict_is_with_somebody_of_the_same_network(plan: LabPlan) -> None:
    for one in hosts(plan):
        other = rival(plan, one)
        assert other
        assert one.interface
        assert other.interface
        assert other.interface.network == one.interface.network
        assert other.node != one.node
        steps = worked_out(plan, "host_ip_conflict", one.resource).injection.steps
        assert f"ip addr add {other.interface} dev {one.port.name}" in steps[0].lines


def test_a_mac_conflict_needs_a_third_who_notices(plan: LabPlan) -> None:
    for one in hosts(plan):
        pair = mac_pair(plan, one)
        assert (pair is not None) == (plan.topology == "campus")
        assert pair is None or len({one.node.name, pair[0].node.name, pair[1].node.name}) == 3


def test_undone_every_host_has_its_own_address_again(plan: LabPlan) -> None:
    for fault_type in ("host_incorrect_ip", "host_missing_ip", "host_incorrect_netmask", "host_ip_conflict"):
        for one in hosts(plan):
            undo = worked_out(plan, fault_type, one.resource).injection.undo[-1].lines
            assert f"ip addr replace {one.interface} dev {one.port.name}" in undo
            assert f"ip route replace default via {one.node.gateway}" in undo


def test_shared_bits_are_counted_from_the_left() -> None:
    assert shared_bits("10.100.0.11", "10.100.1.11") == 23
    assert shared_bits("10.0.0.1", "10.0.0.1") == 32
    assert shared_bits("10.0.0.1", "172.16.0.1") == 0
