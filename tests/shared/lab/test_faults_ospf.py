"""Faults of OSPF as lines: where they fit, what is entered, what brings the plan back, and what counts as seen."""

import json
import sys
from pathlib import Path

import pytest

from nocmesh.errors import InvalidInputError
from nocmesh.lab.build import build
from nocmesh.lab.faults.alerts import alarm_of
from nocmesh.lab.faults.catalogue import kind
from nocmesh.lab.faults.injecting import shows, worked_out
from nocmesh.lab.faults.kinds import Step
from nocmesh.lab.graph import named
from nocmesh.lab.plan import Options

sys.path.append(str(Path(__file__).parents[2]))

from shared.lab.kite import Ledger, kite, port

PLAN = kite(Options())
KEYED = kite(Options(authentication=True))
NEIGHBORS, ROUTE = "show ip ospf neighbor json", "show ip route 10.255.0.1/32 json"


def lines(steps: list[Step]) -> list[str]:
    return [f"{step.node}: {'; '.join(step.lines)}" for step in steps]


def full(router_id: str, interface: str, state: str = "Full/-") -> str:
    return json.dumps({"neighbors": {router_id: [{"nbrState": state, "ifaceName": f"{interface}:10.0.0.2"}]}})


def route(prefix: str, interface: str, protocol: str = "ospf") -> str:
    return json.dumps({prefix: [{"protocol": protocol, "nexthops": [{"interfaceName": interface, "fib": True}]}]})


@pytest.mark.parametrize(
    ("fault_type", "wrong", "right"),
    [
        ("ospf_area_misconfiguration", "no ip ospf area; ip ospf area 0.0.0.9", "ip ospf area 0.0.0.0"),
        ("ospf_neighbor_missing", "no ip ospf area", "ip ospf area 0.0.0.0"),
        ("ospf_timer_mismatch", "ip ospf hello-interval 7; ip ospf dead-interval 28", "ip ospf dead-interval 8"),
        ("ospf_network_type_mismatch", "ip ospf network broadcast", "ip ospf network point-to-point"),
        ("ospf_passive_interface", "ip ospf passive", "no ip ospf passive"),
        ("ospf_cost_misconfig", "ip ospf cost 1000", "no ip ospf cost"),
    ],
)
def test_a_fault_on_an_interface_is_entered_there_and_the_plan_brought_back(
    fault_type: str, wrong: str, right: str
) -> None:
    injection = worked_out(PLAN, fault_type, "node/r1").injection
    assert lines(injection.steps) == [f"r1: interface r1-e0; {wrong}"]
    assert lines(injection.undo)[-1] == f"r1: interface r1-e0; {right}"


def test_another_interface_may_be_chosen() -> None:
    chosen = port(PLAN, "r2", "r4")
    injection = worked_out(PLAN, "ospf_passive_interface", "node/r2", {"interface": chosen}).injection
    assert lines(injection.steps) == [f"r2: interface {chosen}; ip ospf passive"]


def test_an_interface_without_an_adjacency_is_refused_with_those_that_have_one() -> None:
    with pytest.raises(InvalidInputError, match="expected one of its interfaces r1-e0, r1-e1"):
        worked_out(PLAN, "ospf_passive_interface", "node/r1", {"interface": port(PLAN, "r1", "h1")})


def test_authentication_that_was_there_stays_when_the_wrong_key_goes() -> None:
    without = worked_out(PLAN, "ospf_auth_mismatch", "node/r1").injection
    keyed = worked_out(KEYED, "ospf_auth_mismatch", "node/r1").injection
    assert any("no ip ospf authentication" in line for line in lines(without.undo))
    assert not any("no ip ospf authentication" in line for line in lines(keyed.undo))


def test_a_stub_is_no_stub_any_more_and_the_backbone_is_never_asked() -> None:
    injection = worked_out(PLAN, "ospf_area_type_mismatch", "node/r4").injection
    assert lines(injection.steps) == ["r4: router ospf; no area 0.0.0.1 stub"]
    assert lines(injection.undo) == ["r4: router ospf; area 0.0.0.1 stub"]
    assert kind("ospf_area_type_mismatch").places(PLAN) == ["node/r2", "node/r3", "node/r4"]


def test_a_router_id_is_taken_from_a_router_that_is_no_neighbour_and_both_are_cleared_when_it_goes() -> None:
    injection = worked_out(PLAN, "ospf_duplicate_router_id", "node/r1").injection
    assert lines(injection.steps)[0] == "r1: router ospf; ospf router-id 10.255.0.4"
    assert lines(injection.undo)[1:] == ["r1: clear ip ospf process", "r4: clear ip ospf process"]
    assert injection.nodes == ["r1", "r4"]
    other = worked_out(PLAN, "ospf_duplicate_router_id", "node/r1", {"of": "r2"}).injection
    assert lines(other.steps)[0] == "r1: router ospf; ospf router-id 10.255.0.2"


def test_a_cost_matters_only_where_traffic_can_go_around_inside_the_area() -> None:
    places = kind("ospf_cost_misconfig").places
    assert places(PLAN) == ["node/r1", "node/r2", "node/r3"]
    assert places(kite(Options(bgp="ebgp"))) == []
    abilene = build(named("abilene"))
    assert "node/atlm" not in places(abilene)
    assert "node/atla" in places(abilene)


async def test_an_adjacency_is_lost_when_the_far_end_is_full_with_nobody_there(tmp_path: Path) -> None:
    fault = worked_out(PLAN, "ospf_passive_interface", "node/r1")
    far = port(PLAN, "r2", "r1")
    for answer, expected in [
        (full("10.255.0.1", far), False),
        (full("10.255.0.1", far, "ExStart/-"), True),
        (full("10.255.0.3", "r2-e9"), True),
        ("{}", True),
        ("ospfd is not running", True),
    ]:
        assert await shows(Ledger(PLAN, tmp_path, {("r2", NEIGHBORS): answer}), fault) is expected


async def test_a_wrong_network_type_shows_as_a_full_neighbour_that_nothing_is_sent_to(tmp_path: Path) -> None:
    fault = worked_out(PLAN, "ospf_network_type_mismatch", "node/r1")
    far = port(PLAN, "r2", "r1")
    for neighbors, hop, expected in [
        (full("10.255.0.1", far), far, False),
        (full("10.255.0.1", far), "r2-e7", True),
        ("{}", "r2-e7", False),
    ]:
        answers = {("r2", NEIGHBORS): neighbors, ("r2", ROUTE): route("10.255.0.1/32", hop)}
        assert await shows(Ledger(PLAN, tmp_path, answers), fault) is expected


async def test_a_wrong_cost_shows_as_a_path_around_a_link_that_is_well(tmp_path: Path) -> None:
    fault = worked_out(PLAN, "ospf_cost_misconfig", "node/r1")
    well = {("r2", NEIGHBORS): full("10.255.0.1", port(PLAN, "r2", "r1"))}
    asked = ("r1", "show ip route 10.255.0.2/32 json")
    for answer, expected in [
        (route("10.255.0.2/32", "r1-e0"), False),
        (route("10.255.0.2/32", "r1-e1"), True),
        (route("10.255.0.2/32", "r1-e1", "bgp"), False),
        ("{}", False),
    ]:
        assert await shows(Ledger(PLAN, tmp_path, {**well, asked: answer}), fault) is expected


async def test_a_duplicate_router_id_shows_as_a_neighbour_under_another_name(tmp_path: Path) -> None:
    fault = worked_out(PLAN, "ospf_duplicate_router_id", "node/r1")
    far = port(PLAN, "r2", "r1")
    for router_id, expected in [("10.255.0.1", False), ("10.255.0.4", True)]:
        assert await shows(Ledger(PLAN, tmp_path, {("r2", NEIGHBORS): full(router_id, far)}), fault) is expected


@pytest.mark.parametrize(
    ("fault_type", "name"),
    [
        ("ospf_timer_mismatch", "OspfNeighborDown"),
        ("ospf_network_type_mismatch", "RouteMissing"),
        ("ospf_cost_misconfig", "TrafficShifted"),
    ],
)
def test_monitoring_tells_what_the_neighbour_sees(fault_type: str, name: str) -> None:
    alarm = alarm_of(PLAN, worked_out(PLAN, fault_type, "node/r1"))
    assert (alarm.name, alarm.instance) == (name, "r2")
