"""Remediation: one change per device, its exact undoing, its risk; and what it leaves to people."""

from typing import Any

import msgspec
import pytest
from agents.world import World, alert, build, case, run
from msgspec.structs import replace

from nocmesh.agent.reasoner import Act, Finish
from nocmesh.diagnosis.configlines import sections
from nocmesh.diagnosis.facts import Sight
from nocmesh.errors import InvalidInputError
from nocmesh.messages.change import Change
from nocmesh.messages.report import Diagnosis, RootCause
from nocmesh.messages.session import Observation
from nocmesh.messages.state import ConfigLine, DeviceState
from nocmesh.network import Device, Network
from nocmesh_agents.judgement import specialist as bgp
from nocmesh_agents.remediation import rules as remediation
from nocmesh_agents.remediation.edits import Edit, commands_of, removal, rollback_of, secret_in, setting
from nocmesh_agents.remediation.templates import address_line, family_section, network_line

RING = [(0, 1), (1, 2), (2, 3), (3, 0)]


def diagnosed(world: World, about: str = "r1") -> Diagnosis:
    return msgspec.convert(run(bgp.decide, world, case(world, "diagnose", alert=alert(about)))[0].result, Diagnosis)


def planned(world: World, diagnosis: Diagnosis) -> tuple[list[Change], str]:
    result = run(remediation.decide, world, case(world, "plan", diagnosis=diagnosis.to_dict()))[0].result
    return msgspec.convert(result["changes"], list[Change]), result["needs_person"]


def inventory(world: World, **fields: Any) -> None:
    world.network = Network(devices=[replace(d, **fields) for d in world.network.devices], links=world.network.links)


def test_two_causes_on_one_device_are_one_change() -> None:
    world = build(RING, intent=False)
    one, two = world.address("r2", "r1"), world.address("r4", "r1")
    world.bgp("r1", f"neighbor {one} shutdown", f"neighbor {two} ttl-security hops 1")
    changes, person = planned(world, diagnosed(world))
    assert [c.device for c in changes] == ["r1"]
    assert changes[0].commands == [
        "router bgp 65001", f"no neighbor {one} shutdown", f"no neighbor {two} ttl-security hops 1",
    ]  # fmt: skip
    assert changes[0].rollback == [
        "router bgp 65001", f"neighbor {two} ttl-security hops 1", f"neighbor {one} shutdown",
    ]  # fmt: skip
    assert not person


def test_a_change_is_the_same_whenever_it_is_planned_and_bound_to_what_was_read() -> None:
    world = build(RING, intent=False)
    world.bgp("r1", f"neighbor {world.address('r2', 'r1')} shutdown")
    diagnosis = diagnosed(world)
    (one,), (two,) = planned(world, diagnosis)[0], planned(world, diagnosis)[0]
    assert one == two
    assert one.pre_state == world.state("r1")[1].config_sha256
    assert (one.incident_id, one.platform, one.fault_type) == ("i1", "frr", "bgp_neighbor_shutdown")
    assert f"- neighbor {world.address('r2', 'r1')} shutdown" in one.diff.replace("-  ", "- ")


@pytest.mark.parametrize(
    ("core", "interface", "shell", "risk"),
    [(0, 1, 1, "medium"), (0, 1, 0, "critical"), (1, 1, 1, "critical"), (0, 0, 1, "critical")],
)
def test_risk_is_a_rule(core: bool, interface: bool, shell: bool, risk: str) -> None:
    world = build(RING, intent=False)
    inventory(world, core=bool(core), shell=bool(shell))
    if interface:
        world.routers["r1"].apply(f"interface {world.port('r1', 'r2')}", "shutdown")
    else:
        world.bgp("r1", f"neighbor {world.address('r2', 'r1')} shutdown")
    (change,), _ = planned(world, diagnosed(world))
    assert change.risk == risk
    assert ("nothing on r1 can undo it by itself" in change.reasons) is not shell


def test_when_both_ends_are_broken_each_change_proves_its_own_line_first() -> None:
    world = build(RING, intent=False)
    here, there = world.address("r2", "r1"), world.address("r1", "r2")
    world.bgp("r1", f"neighbor {here} shutdown")
    world.bgp("r2", f"neighbor {there} shutdown")
    changes, _ = planned(world, diagnosed(world))
    assert {c.device for c in changes} == {"r1", "r2"}
    assert {check.kind for c in changes for check in c.verify} == {"config_line"}
    assert not changes[0].verify[0].arguments["present"]


def test_a_session_over_a_dead_link_is_not_what_proves_a_line() -> None:
    world = build(RING, intent=False)
    world.bgp("r1", f"neighbor {world.address('r2', 'r1')} shutdown")
    world.dead.add(world.link_of("r1", "r2"))
    diagnosis = diagnosed(world)
    (change,), person = planned(world, diagnosis)
    assert {check.kind for check in change.verify} == {"config_line"}
    assert "cable" in diagnosis.needs_person
    assert person == "", "the diagnosis says it"


def test_a_process_that_is_gone_comes_back_from_intent() -> None:
    world = build(RING, intent=True)
    world.routers["r1"].apply("no router bgp 65001")
    diagnosis = diagnosed(world)
    assert {(c.resource, c.fault_type) for c in diagnosis.root_causes} >= {("node/r1", "bgp_neighbor_missing")}
    (change,), _ = planned(world, diagnosis)
    broken = world.routers["r1"].config
    world.routers["r1"].apply(*change.commands)
    assert all(world.complaint(world.routers["r1"], e) is None for e in world.routers["r1"].entries().values())
    assert world.routers["r1"].networks() == ["10.255.0.1/32"]
    assert "no bgp ebgp-requires-policy" in change.commands
    world.routers["r1"].apply(*change.rollback)
    assert sections(world.routers["r1"].config) == sections(broken)


def test_a_process_that_is_gone_without_intent_is_for_a_person() -> None:
    world = build(RING, intent=False)
    world.routers["r1"].apply("no router bgp 65001")
    changes, person = planned(world, diagnosed(world))
    assert not changes
    assert "no intent" in person


@pytest.mark.parametrize(
    "lines",
    [
        ["no neighbor {0}", "neighbor 10.77.0.9 remote-as 65002", "neighbor 10.77.0.9 password s3cret"],
        ["no neighbor {0}"],
    ],
)
def test_a_password_that_we_do_not_know_is_never_written(lines: list[str]) -> None:
    world = build(RING, intent=False, password=True)
    world.bgp("r1", *(line.format(world.address("r2", "r1")) for line in lines))
    changes, person = planned(world, diagnosed(world))
    assert not changes
    assert "password" in person


def test_a_process_with_passwords_is_renumbered_with_the_masked_lines_that_were_read() -> None:
    world = build(RING, intent=True, password=True)
    world.routers["r1"].config = world.routers["r1"].config.replace("router bgp 65001", "router bgp 64999")
    changes, person = planned(world, diagnosed(world))
    assert not person
    [change] = changes
    masked = [line for line in change.commands if "<redacted:" in line]
    assert masked
    assert all(line in world.state("r1")[0][-1].text for line in masked)


@pytest.mark.parametrize(
    ("setting_of_group", "fault"),
    [
        ("shutdown", "bgp_neighbor_shutdown"),
        ("ttl-security hops 1", "bgp_ttl_misconfig"),
        ("update-source lo", "bgp_update_source_misconfig"),
        ("maximum-prefix 1", "bgp_max_prefix_exceeded"),
    ],
)
def test_what_a_peer_group_holds_is_named_and_for_a_person(setting_of_group: str, fault: str) -> None:
    world = build(RING, intent=True)
    group = ["neighbor UP peer-group", f"neighbor {world.address('r2', 'r1')} peer-group UP"]
    world.bgp("r1", *group, f"neighbor UP {setting_of_group}")
    diagnosis = diagnosed(world)
    assert [(c.resource, c.fault_type) for c in diagnosis.root_causes] == [("node/r1", fault)]
    changes, person = planned(world, diagnosis)
    assert not changes
    assert "peer group" in person


def _cause(device: str, fault: str) -> Diagnosis:
    cause = RootCause(resource=f"node/{device}", fault_type=fault, confidence=0.9, summary="s")
    return Diagnosis(verdict="true_positive", confidence=0.9, root_causes=[cause])


def test_a_fault_that_is_gone_again_is_not_treated() -> None:
    world = build(RING, intent=False)
    changes, person = planned(world, _cause("r1", "bgp_neighbor_shutdown"))
    assert not changes
    assert "nothing of bgp_neighbor_shutdown is seen" in person


def test_without_a_backup_or_a_readable_device_nothing_is_planned() -> None:
    world = build(RING, intent=False)
    world.bgp("r1", f"neighbor {world.address('r2', 'r1')} shutdown")
    work = case(world, "plan", diagnosis=diagnosed(world).to_dict())
    move = remediation.decide(work, [])
    assert isinstance(move, Act)
    seen = [world.observe(call) for call in move.calls]
    for spoiled, reason in (
        (
            [replace(o, status="error", error="disk full") if o.tool == "device_backup" else o for o in seen],
            "disk full",
        ),
        ([o for o in seen if o.tool != "device_backup"], "none was taken"),
        ([replace(o, status="error", state=None) if o.device == "r1" else o for o in seen], "could not be read"),
    ):
        finish = remediation.decide(work, spoiled)
        assert isinstance(finish, Finish)
        assert finish.result["changes"] == []
        assert reason in finish.result["needs_person"]


def test_a_platform_without_templates_is_for_a_person() -> None:
    world = build(RING, intent=False)
    world.bgp("r1", f"neighbor {world.address('r2', 'r1')} shutdown")
    diagnosis = diagnosed(world)
    inventory(world, platform="juniper_junos")
    changes, person = planned(world, diagnosis)
    assert not changes
    assert "no template for juniper_junos" in person


def test_a_task_without_a_diagnosis_is_refused() -> None:
    world = build(RING, intent=False)
    with pytest.raises(InvalidInputError, match=r"expected one in parameters\.diagnosis"):
        remediation.decide(case(world, "plan"), [])
    with pytest.raises(InvalidInputError, match="cannot be read"):
        remediation.decide(case(world, "plan", diagnosis={"root_causes": 7}), [])


def test_no_cause_needs_no_look_at_any_device() -> None:
    world = build(RING, intent=False)
    finish = remediation.decide(case(world, "plan", diagnosis=diagnosed(world).to_dict()), [])
    assert isinstance(finish, Finish)
    assert finish.result == {"changes": [], "needs_person": "", "device_commands": 0}


def test_the_limit_becomes_what_the_other_neighbours_have() -> None:
    world = build(RING, intent=False)
    one, two = world.address("r2", "r1"), world.address("r4", "r1")
    family = "address-family ipv4 unicast"
    world.bgp("r1", family, f"neighbor {one} maximum-prefix 1", f"neighbor {two} maximum-prefix 500")
    (change,), _ = planned(world, diagnosed(world))
    assert f"neighbor {one} maximum-prefix 500" in change.commands
    assert change.commands[-2:] == [f"neighbor {one} shutdown", f"no neighbor {one} shutdown"]


def test_ios_keeps_its_family_where_it_stands() -> None:
    config = [
        ConfigLine(section="", text="router bgp 1"),
        ConfigLine(section="router bgp 1", text="address-family ipv4"),
    ]
    state = DeviceState(device="r1", platform="cisco_iosxe", config=config, status={"config": "parsed"})
    device = Device(name="r1", platform="cisco_iosxe", address="a")
    seen = Observation(observation_id="o", tool="device_state", device="r1", state=state)
    bare = Observation(observation_id="o", tool="device_state", device="r1", state=replace(state, config=config[:1]))
    header = "router bgp 1"
    assert family_section(Sight(device, (seen,)), header) == "router bgp 1 / address-family ipv4"
    assert family_section(Sight(device, (bare,)), header, needed=False) == header
    assert family_section(Sight(device, (bare,)), header) == "router bgp 1 / address-family ipv4"


def test_edits_are_undone_in_reverse() -> None:
    family = "router bgp 1 / address-family ipv4 unicast"
    edits = [setting("router bgp 1", "", "bgp router-id 1.1.1.1"), removal(family, "network 1.0.0.0/8")]
    assert commands_of(edits) == [
        "router bgp 1", "bgp router-id 1.1.1.1",
        "router bgp 1", "address-family ipv4 unicast", "no network 1.0.0.0/8", "exit-address-family",
    ]  # fmt: skip
    assert rollback_of(edits) == [
        "router bgp 1", "address-family ipv4 unicast", "network 1.0.0.0/8", "exit-address-family",
        "router bgp 1", "no bgp router-id 1.1.1.1",
    ]  # fmt: skip
    assert commands_of([Edit("", ("no router bgp 1",), ())]) == ["no router bgp 1"]


def test_secrets_are_found_wherever_they_stand() -> None:
    assert secret_in(["neighbor 1.1.1.1 password 7 <redacted>"]) == "neighbor 1.1.1.1 password"
    assert secret_in(["no neighbor 1.1.1.1 password", "neighbor x remote-as 1"]) == ""


def test_platforms_write_prefixes_and_addresses_in_their_own_way() -> None:
    assert network_line("frr", "10.0.0.0/8") == "network 10.0.0.0/8"
    assert network_line("cisco_iosxe", "10.0.0.0/8") == "network 10.0.0.0 mask 255.0.0.0"
    assert network_line("cisco_iosxe", "2001:db8::/32") == "network 2001:db8::/32"
    assert address_line("frr", "10.0.0.1/30") == "ip address 10.0.0.1/30"
    assert address_line("cisco_iosxe", "10.0.0.1/30") == "ip address 10.0.0.1 255.255.255.252"
