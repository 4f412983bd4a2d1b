"""Injecting and healing, apart from any router: what is refused, what is written down, in which order it is undone."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.alerting import sources
from nocmesh.diagnosis.vocabulary import check_root_cause, fault_types
from nocmesh.errors import DeviceRejectedError, InvalidInputError, NotFoundError, PreconditionError
from nocmesh.lab.build import build
from nocmesh.lab.faults import injecting, journal
from nocmesh.lab.faults.alerts import alert_of
from nocmesh.lab.faults.catalogue import fault_names, kinds
from nocmesh.lab.faults.injecting import heal, inject, worked_out
from nocmesh.lab.faults.kinds import Injection, Step, all_of, either
from nocmesh.lab.graph import named
from nocmesh.lab.plan import LabPlan, Options
from nocmesh.messages.report import RootCause

sys.path.append(str(Path(__file__).parents[2]))

from shared.lab.kite import Ledger, kite, network

OSPF = kite(Options())
PLANS = [
    OSPF,
    kite(Options(bgp="ebgp", authentication=True)),
    kite(Options(igp="isis", bgp="ibgp_rr", authentication=True, seed=7)),
    kite(Options(igp="isis", isis_level="level-2-only")),
    *(build(named(name, options), options) for name in ("abilene", "campus", "clos") for options in [Options()]),
    build(named("clos"), Options(igp="isis", bgp="ebgp")),
]


def plan_id(plan: LabPlan) -> str:
    return f"{plan.topology}-{plan.options.igp}-{plan.options.bgp}"


@pytest.fixture
def ground(tmp_path: Path) -> Ledger:
    return Ledger(OSPF, tmp_path)


def test_every_type_of_the_routing_families_that_the_lab_can_show_is_here() -> None:
    wanted = [
        fault.name
        for fault in fault_types().values()
        if fault.ground == "lab" and fault.family in ("bgp", "ospf", "isis")
    ]
    assert set(wanted) <= set(fault_names())


def test_every_kind_is_a_type_of_the_vocabulary_and_listed_once() -> None:
    assert set(fault_names()) <= set(fault_types())
    assert len(fault_names()) == len(set(fault_names()))


def test_every_kind_has_a_place_on_some_plan() -> None:
    homeless = [name for name, kind in kinds().items() if not any(kind.places(plan) for plan in PLANS)]
    assert homeless == []


@pytest.mark.parametrize("plan", PLANS, ids=plan_id)
def test_every_place_of_every_kind_is_a_root_cause_that_the_vocabulary_takes(plan: LabPlan) -> None:
    known = network(plan)
    for name, kind in kinds().items():
        for place in kind.places(plan):
            check_root_cause(RootCause(resource=place, fault_type=name, confidence=1.0, summary="", evidence=[]), known)


@pytest.mark.parametrize("plan", PLANS, ids=plan_id)
def test_every_kind_can_be_worked_out_at_every_place_and_undone_again(plan: LabPlan) -> None:
    for name, kind in kinds().items():
        for place in kind.places(plan):
            fault = worked_out(plan, name, place)
            assert fault.label == {"resource": place, "fault_type": name}
            assert fault.injection.steps
            assert fault.injection.undo
            kind.symptom(plan, place, fault.params)


@pytest.mark.parametrize("plan", PLANS, ids=plan_id)
def test_every_alert_is_one_that_the_mesh_reads_and_names_a_device_of_the_lab(plan: LabPlan) -> None:
    devices = {node.name for node in plan.nodes}
    for name, kind in kinds().items():
        for place in kind.places(plan):
            body = json.dumps(alert_of(plan, worked_out(plan, name, place))).encode()
            (alert,) = sources.parse("alertmanager", body, datetime.now(UTC))
            assert alert.device in devices
            assert alert.summary
            assert name not in body.decode()


async def test_without_a_place_the_first_that_fits_is_taken(ground: Ledger) -> None:
    fault = await inject(ground, "ospf_passive_interface")
    assert fault.resource == "node/r1"
    assert ground.done == ["r1(config)# interface r1-e0; ip ospf passive"]


async def test_a_fault_is_in_the_journal_before_its_first_step(ground: Ledger) -> None:
    ground.refused = "passive"
    with pytest.raises(DeviceRejectedError):
        await inject(ground, "ospf_passive_interface")
    assert [fault.fault_type for fault in injecting.injected(ground)] == ["ospf_passive_interface"]
    ground.refused = ""
    await heal(ground)
    assert ground.done == ["r1(config)# interface r1-e0; no ip ospf passive"]
    assert injecting.injected(ground) == []


async def test_the_latest_fault_is_healed_first(ground: Ledger) -> None:
    await inject(ground, "ospf_passive_interface", "node/r1")
    await inject(ground, "ospf_passive_interface", "node/r3")
    ground.done.clear()
    healed = await heal(ground)
    assert [entry[:2] for entry in ground.done] == ["r3", "r1"]
    assert [fault.resource for fault in healed] == ["node/r1", "node/r3"]


async def test_what_cannot_be_undone_is_left_to_the_reset(ground: Ledger) -> None:
    await inject(ground, "ospf_passive_interface", "node/r2")
    ground.refused, ground.deviating = "no ip ospf passive", {"r2": ["ip ospf passive"]}
    await heal(ground)
    assert ground.done[-1] == "r2 is reset"
    assert injecting.injected(ground) == []


async def test_a_reset_that_fails_keeps_the_journal(ground: Ledger) -> None:
    await inject(ground, "ospf_passive_interface", "node/r2")
    ground.refused, ground.deviating = "is reset", {"r2": ["ip ospf passive"]}
    with pytest.raises(DeviceRejectedError):
        await heal(ground)
    assert injecting.injected(ground)


async def test_a_healthy_lab_is_healed_without_harm(ground: Ledger) -> None:
    assert await heal(ground) == []
    assert ground.done == []


async def test_a_place_with_a_fault_takes_no_second_one(ground: Ledger) -> None:
    await inject(ground, "ospf_passive_interface", "node/r1")
    with pytest.raises(InvalidInputError, match="ospf_passive_interface at node/r1"):
        await inject(ground, "ospf_timer_mismatch", "node/r1")
    assert len(injecting.injected(ground)) == 1


def test_a_place_where_it_does_not_fit_is_refused_with_those_where_it_does() -> None:
    with pytest.raises(InvalidInputError, match="expected one of node/r1, node/r2, node/r3, node/r4"):
        worked_out(OSPF, "ospf_passive_interface", "node/h1")


def test_a_plan_where_it_cannot_matter_is_refused_with_its_options() -> None:
    with pytest.raises(InvalidInputError, match=r"no place on this kite \(igp ospf, bgp none\)"):
        worked_out(OSPF, "bgp_asn_misconfig")


def test_an_unknown_type_is_answered_with_the_nearest() -> None:
    with pytest.raises(NotFoundError, match="did you mean 'ospf_timer_mismatch'"):
        worked_out(OSPF, "ospf_timers_mismatch")
    with pytest.raises(NotFoundError, match="known: "):
        worked_out(OSPF, "§§§")


def test_an_unknown_parameter_is_answered_with_the_known_ones() -> None:
    with pytest.raises(InvalidInputError, match="it takes interface, area"):
        worked_out(OSPF, "ospf_area_misconfiguration", params={"zone": "1"})


def test_parameters_go_beside_the_defaults() -> None:
    fault = worked_out(OSPF, "ospf_timer_mismatch", params={"hello": 5})
    assert fault.params == {"interface": "", "hello": "5", "dead": "28"}


@given(st.text().filter(lambda text: any(letter in text for letter in "\n\r\0;|&$`'\" !?")))
def test_a_parameter_that_could_be_more_than_one_word_is_refused(value: str) -> None:
    with pytest.raises(InvalidInputError, match="one plain word"):
        worked_out(OSPF, "ospf_area_misconfiguration", params={"area": value})


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"fault_type": 1}]', "\udc80"])
async def test_a_damaged_journal_is_refused_with_what_to_do(ground: Ledger, text: str) -> None:
    (ground.folder / journal.FILE).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(PreconditionError, match="take the lab down and up again"):
        await heal(ground)


async def test_every_door_is_opened_as_its_step_says(ground: Ledger) -> None:
    doors: list[Step] = [
        Step(node="r1", door="configure", lines=["a", "b"]),
        Step(node="r1", door="vtysh", lines=["clear x"]),
        Step(node="r2", door="sh", lines=["one", "two"]),
        Step(node="r2", door="stop", lines=["ospfd"]),
        Step(node="r2", door="start", lines=["ospfd"]),
    ]
    injection = Injection(steps=[], undo=doors, summary="")
    fault = journal.Injected(fault_type="x", resource="node/r1", injection=injection)
    journal.write(ground.folder, [fault])
    await heal(ground)
    assert ground.done == [
        "r1(config)# a; b",
        "r1# clear x",
        "r2$ sh -c one",
        "r2$ sh -c two",
        "r2 stops ospfd",
        "r2 starts ospfd",
    ]
    assert injection.nodes == ["r1", "r2"]


async def test_what_does_not_show_in_time_is_said_to_be_so(ground: Ledger) -> None:
    full = '{"neighbors": {"10.255.0.1": [{"nbrState": "Full/-", "ifaceName": "r2-e0:10.0.0.2"}]}}'
    ground.answers = {("r2", "show ip ospf neighbor json"): full}
    fault = await inject(ground, "ospf_passive_interface")
    assert await injecting.showing(ground, fault, timeout=0) is False
    ground.answers = {("r2", "show ip ospf neighbor json"): "{}"}
    assert await injecting.showing(ground, fault) is True


async def test_checks_are_joined_by_all_and_by_either(ground: Ledger) -> None:
    async def yes(lab: object) -> bool:
        return True

    async def no(lab: object) -> bool:
        return False

    assert [await all_of(yes, yes)(ground), await all_of(yes, no)(ground)] == [True, False]
    assert [await either(no, yes)(ground), await either(no, no)(ground)] == [True, False]
