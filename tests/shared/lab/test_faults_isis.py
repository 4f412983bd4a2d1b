"""Faults of IS-IS as lines: where they fit, what is entered, what brings the plan back, and what counts as seen."""

import json
import sys
from pathlib import Path

import pytest

from nocmesh.lab.faults.alerts import alarm_of
from nocmesh.lab.faults.catalogue import kind
from nocmesh.lab.faults.injecting import shows, worked_out
from nocmesh.lab.faults.kinds import Step
from nocmesh.lab.plan import Options

sys.path.append(str(Path(__file__).parents[2]))

from shared.lab.kite import Ledger, kite, port

PLAN = kite(Options(igp="isis"))
KEYED = kite(Options(igp="isis", authentication=True))
BOTH = kite(Options(igp="isis", isis_level="level-1-2"))
HIGH = kite(Options(igp="isis", isis_level="level-2-only"))
NEIGHBORS = "show isis neighbor json"


def lines(steps: list[Step]) -> list[str]:
    return [f"{step.node}: {'; '.join(step.lines)}" for step in steps]


def up(interface: str, level: int, state: str = "Up") -> str:
    circuit = {"circuit": 0, "adj": "r1", "interface": interface, "level": level, "state": state}
    return json.dumps({"areas": [{"area": "core", "circuits": [{"circuit": 0}, circuit]}]})


def lsp(number: str) -> str:
    return json.dumps({"areas": [{"levels": [{"id": 1, "seq-number": number}, {}]}]})


@pytest.mark.parametrize(
    ("fault_type", "wrong", "right"),
    [
        ("isis_auth_mismatch", "isis password md5 another", "no isis password"),
        ("isis_network_type_mismatch", "no isis network point-to-point", "isis network point-to-point"),
        ("isis_passive_interface", "isis passive", "no isis passive"),
        ("isis_metric_misconfig", "isis metric 1000", "no isis metric"),
    ],
)
def test_a_fault_on_an_interface_is_entered_there_and_the_plan_brought_back(
    fault_type: str, wrong: str, right: str
) -> None:
    injection = worked_out(PLAN, fault_type, "node/r1").injection
    assert lines(injection.steps) == [f"r1: interface r1-e0; {wrong}"]
    assert lines(injection.undo) == [f"r1: interface r1-e0; {right}"]


def test_an_interface_that_comes_back_brings_its_timers_with_it() -> None:
    injection = worked_out(PLAN, "isis_neighbor_missing", "node/r1").injection
    assert lines(injection.steps) == ["r1: interface r1-e0; no ip router isis core"]
    (undo,) = lines(injection.undo)
    assert "ip router isis core" in undo
    assert "isis hello-interval 2" in undo
    assert "isis network point-to-point" in undo


def test_the_password_of_the_plan_comes_back() -> None:
    node = KEYED.node("r1")
    assert node
    key = node.ports[0].key
    assert key
    injection = worked_out(KEYED, "isis_auth_mismatch", "node/r1").injection
    assert lines(injection.undo) == [f"r1: interface r1-e0; isis password md5 {key}"]


def test_an_area_changes_and_the_system_id_stays() -> None:
    injection = worked_out(PLAN, "isis_area_mismatch", "node/r2").injection
    assert lines(injection.steps) == [
        "r2: router isis core; net 49.0002.0102.5500.0002.00; no net 49.0001.0102.5500.0002.00"
    ]


def test_areas_matter_on_level_1_and_levels_where_there_is_one_alone() -> None:
    area, level = kind("isis_area_mismatch"), kind("isis_level_mismatch")
    assert [bool(area.places(plan)) for plan in (PLAN, BOTH, HIGH)] == [True, True, False]
    assert [bool(level.places(plan)) for plan in (PLAN, BOTH, HIGH)] == [True, False, True]


@pytest.mark.parametrize(("plan", "wrong"), [(PLAN, "level-2-only"), (HIGH, "level-1")], ids=["low", "high"])
def test_a_wrong_level_is_the_one_that_nobody_else_has(plan: object, wrong: str) -> None:
    injection = worked_out(plan, "isis_level_mismatch", "node/r2").injection  # type: ignore[arg-type]
    assert lines(injection.steps) == [f"r2: router isis core; is-type {wrong}"]


def test_a_system_id_is_taken_while_the_router_has_none() -> None:
    injection = worked_out(PLAN, "isis_duplicate_system_id", "node/r1").injection
    (step,) = lines(injection.steps)
    assert step == "r1: router isis core; no net 49.0001.0102.5500.0001.00; net 49.0001.0102.5500.0004.00"
    other = worked_out(PLAN, "isis_duplicate_system_id", "node/r1", {"of": "r3"}).injection
    assert "net 49.0001.0102.5500.0003.00" in lines(other.steps)[0]


async def test_an_adjacency_is_lost_when_the_far_end_has_nobody_up(tmp_path: Path) -> None:
    fault = worked_out(PLAN, "isis_passive_interface", "node/r1")
    far = port(PLAN, "r2", "r1")
    for answer, expected in [(up(far, 1), False), (up(far, 1, "Initializing"), True), (up("x", 1), True), ("", True)]:
        assert await shows(Ledger(PLAN, tmp_path, {("r2", NEIGHBORS): answer}), fault) is expected


async def test_a_wrong_area_costs_level_1_even_where_level_2_stays(tmp_path: Path) -> None:
    fault = worked_out(BOTH, "isis_area_mismatch", "node/r1")
    far = port(BOTH, "r2", "r1")
    for level, expected in [(1, False), (3, False), (2, True)]:
        assert await shows(Ledger(BOTH, tmp_path, {("r2", NEIGHBORS): up(far, level)}), fault) is expected


async def test_a_password_that_only_one_end_has_is_missed_by_that_end(tmp_path: Path) -> None:
    alone, keyed = (worked_out(plan, "isis_auth_mismatch", "node/r1") for plan in (PLAN, KEYED))
    assert alarm_of(PLAN, alone).instance == "r1"
    assert alarm_of(KEYED, keyed).instance == "r2"
    believing = {("r2", NEIGHBORS): up(port(PLAN, "r2", "r1"), 1), ("r1", NEIGHBORS): up("r1-e0", 1, "Down")}
    assert await shows(Ledger(PLAN, tmp_path, believing), alone) is True


async def test_two_that_fight_over_one_lsp_are_seen_by_its_number(tmp_path: Path) -> None:
    fault = worked_out(PLAN, "isis_duplicate_system_id", "node/r1")
    asked = ("r2", "show isis database 0102.5500.0004.00-00 json")

    class War(Ledger):
        def __init__(self, numbers: list[str]) -> None:
            super().__init__(PLAN, tmp_path)
            self.numbers = numbers

        async def vtysh(self, node: str, *commands: str) -> str:
            assert (node, commands[0]) == asked
            return lsp(self.numbers.pop(0))

    assert await shows(War(["0x10", "0x90"]), fault) is True
    assert await shows(War(["0x10", "0x11"]), fault) is False
    assert await shows(Ledger(PLAN, tmp_path, {asked: "{}"}), fault) is False


async def test_a_wrong_metric_shows_as_a_path_around_a_link_that_is_well(tmp_path: Path) -> None:
    fault = worked_out(PLAN, "isis_metric_misconfig", "node/r1")
    asked = ("r1", "show ip route 10.255.0.2/32 json")
    well = {("r2", NEIGHBORS): up(port(PLAN, "r2", "r1"), 1)}
    for hop, expected in [("r1-e0", False), ("r1-e1", True)]:
        route = {"10.255.0.2/32": [{"protocol": "isis", "nexthops": [{"interfaceName": hop}]}]}
        assert await shows(Ledger(PLAN, tmp_path, {**well, asked: json.dumps(route)}), fault) is expected
    assert alarm_of(PLAN, fault).name == "TrafficShifted"
