"""The suites: what they must cover, and that each case fits the network that it names."""

from collections import Counter
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
from proving.typist import live_network

from nocmesh.diagnosis.vocabulary import fault_types
from nocmesh.errors import InvalidInputError, NotFoundError
from nocmesh.evaluation import suites
from nocmesh.evaluation.case import Case
from nocmesh.evaluation.networks import SIMULATED, ground_of
from nocmesh.evaluation.run import grouped, network_key
from nocmesh.evaluation.simulated import aim
from nocmesh.evaluation.suites import suite, suite_folder, suite_names
from nocmesh.lab.build import build
from nocmesh.lab.faults.catalogue import fault_names
from nocmesh.lab.faults.injecting import worked_out
from nocmesh.lab.graph import named
from nocmesh.lab.plan import LabPlan
from nocmesh.proving.simulated import topology
from nocmesh.proving.simulated.breakages import breakage
from nocmesh.proving.simulated.topology import TOPOLOGIES

pytestmark = pytest.mark.real

SUITES = suite_names()


@cache
def cases(name: str) -> list[Case]:
    """A suite, read once and not while tests are collected: it takes seconds, and a unit run wants none of it."""
    return suite(name)


@cache
def plan_of(key: str) -> LabPlan:
    case = next(case for name in SUITES for case in cases(name) if network_key(case) == key)
    return build(named(case.topology, case.chosen), case.chosen)


def resources(case: Case) -> set[str]:
    """Every resource id of the case's network."""
    if ground_of(case) == "sim":
        network = topology.build(TOPOLOGIES[case.topology])
        ports = {f"interface/{node.name}/{port}" for node in network.nodes.values() for port in node.running.interfaces}
        return {f"node/{name}" for name in network.nodes} | ports | {cable.resource for cable in network.cables}
    plan = plan_of(network_key(case))
    ports = {f"interface/{node.name}/{port.name}" for node in plan.nodes for port in node.ports}
    return {f"node/{node.name}" for node in plan.nodes} | ports | {cable.resource for cable in plan.cables}


def test_every_fault_type_is_in_dev() -> None:
    injected = {fault.type for case in cases("dev") for fault in case.faults}
    assert set(fault_types()) - injected == set()


def test_dev_is_broad() -> None:
    dev = cases("dev")
    families = Counter(case.family for case in dev)
    assert len(dev) >= 60
    assert len({case.topology for case in dev if ground_of(case) == "lab"}) >= 4
    assert {case.chosen.igp for case in dev if ground_of(case) == "lab"} == {"ospf", "isis"}
    assert families["healthy"] + families["recovered"] >= 10
    assert families["recovered"] >= 4
    assert families["several"] >= 8


def test_each_type_is_tried_where_it_is_proven() -> None:
    grounds = {(cause.fault_type, ground_of(case)) for case in cases("dev") for cause in case.expect.root_causes}
    proven = [{(name, "lab"), (name, kind.ground)} for name, kind in fault_types().items()]
    assert [where for where in proven if not where & grounds] == []


def test_few_networks_are_needed() -> None:
    assert len(grouped(cases("dev"))) <= 8
    assert len(grouped(cases("smoke"))) == 2


@pytest.mark.parametrize("name", SUITES)
def test_what_a_case_names_is_there(name: str, subtests: pytest.Subtests) -> None:
    for case in cases(name):
        with subtests.test(case.name):
            named = {fault.at for fault in case.faults} | {cause.resource for cause in case.expect.root_causes}
            assert named - resources(case) == set()


@pytest.mark.parametrize("name", SUITES)
def test_what_a_case_injects_can_be_injected(name: str, subtests: pytest.Subtests) -> None:
    for case in cases(name):
        for fault in case.faults:
            with subtests.test(case.name, fault=fault.type):
                if ground_of(case) == "sim":
                    made = breakage(live_network(TOPOLOGIES[case.topology]), fault.type, **aim(fault))
                    assert made.expect == {"resource": fault.at, "fault_type": fault.type}
                else:
                    plan = plan_of(network_key(case))
                    assert worked_out(plan, fault.type, fault.at, fault.params).label["fault_type"] == fault.type


@pytest.mark.parametrize("name", SUITES)
def test_an_alert_does_not_tell_the_cause(name: str, subtests: pytest.Subtests) -> None:
    for case in cases(name):
        with subtests.test(case.name):
            said = str(case.alert.body).lower()
            assert [fault.type for fault in case.faults if fault.type in said] == []


def test_the_simulated_networks_are_those_that_there_are() -> None:
    assert set(SIMULATED) == set(TOPOLOGIES)


def test_the_lab_makes_every_type_that_is_proven_there() -> None:
    assert {name for name, kind in fault_types().items() if kind.ground == "lab"} - set(fault_names()) == set()


def test_suites_are_data_of_the_package() -> None:
    assert suite_names() == ["dev", "smoke"]
    assert list(Path(str(files("nocmesh.evaluation"))).glob("suites/*/*.yaml"))
    with pytest.raises(NotFoundError, match="did you mean 'dev'"):
        suite_folder("de")


def test_a_name_is_given_once_in_a_suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "name: x\ntopology: demo\nalert: {body: {alerts: [{}]}}\nexpect: {verdict: false_positive}\n"
    (tmp_path / "s").mkdir()
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / "s" / name).write_text(text)
    monkeypatch.setattr(suites, "_home", lambda: tmp_path)
    with pytest.raises(InvalidInputError, match=r"b\.yaml: the case 'x' is in another file"):
        suite("s")
