"""The cases where the obvious answer is wrong, or where there is none."""

from typing import Any

import msgspec
import pytest
from agents.world import World, alert, build, case, run
from msgspec.structs import replace

from nocmesh.diagnosis.configlines import sections
from nocmesh.errors import InvalidInputError
from nocmesh.messages.change import Change, Check
from nocmesh.messages.report import Diagnosis
from nocmesh.network import IntendedInterface, Intent, Network
from nocmesh_agents.judgement import specialist as bgp
from nocmesh_agents.remediation import rules as remediation

LINE = [(0, 1), (1, 2)]
RING = [(0, 1), (1, 2), (2, 3), (3, 0)]
MESH = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
BOTH = pytest.mark.parametrize("intent", [True, False], ids=["with-intent", "without-intent"])


def diagnosed(world: World, about: str = "r1", **more: Any) -> Diagnosis:
    work = case(world, "diagnose", alert=alert(about, **more))
    return msgspec.convert(run(bgp.decide, world, work)[0].result, Diagnosis)


def named(diagnosis: Diagnosis) -> set[tuple[str, str]]:
    return {(c.resource, c.fault_type) for c in diagnosis.root_causes}


def healed(world: World, diagnosis: Diagnosis) -> bool:
    """Plan, apply, look again, and undo."""
    result = run(remediation.decide, world, case(world, "plan", diagnosis=diagnosis.to_dict()))[0].result
    changes = msgspec.convert(result["changes"], list[Change])
    well = False
    for change in changes:
        broken = world.routers[change.device].config
        world.routers[change.device].apply(*change.commands)
        well = diagnosed(world).verdict == "false_positive"
        world.routers[change.device].apply(*change.rollback)
        again = world.routers[change.device].config
        assert sorted(map(str, sections(again))) == sorted(map(str, sections(broken)))
    return well


@BOTH
def test_an_entry_that_points_to_a_third_device_is_not_that_devices_fault(intent: bool) -> None:
    world = build(MESH, intent=intent)
    world.bgp("r1", f"no neighbor {world.address('r2', 'r1')}", f"neighbor {world.address('r3', 'r4')} remote-as 65002")
    diagnosis = diagnosed(world)
    assert named(diagnosis) == {("node/r1", "bgp_peer_address_misconfig")}
    assert healed(world, diagnosis)


@BOTH
def test_an_entry_that_points_to_another_address_of_the_right_device_is_found(intent: bool) -> None:
    world = build(RING, intent=intent)
    world.bgp("r1", f"no neighbor {world.address('r2', 'r1')}", f"neighbor {world.loopback('r2')} remote-as 65002")
    diagnosis = diagnosed(world)
    assert named(diagnosis) == {("node/r1", "bgp_peer_address_misconfig")}
    assert healed(world, diagnosis)


@BOTH
def test_a_settings_rich_entry_keeps_its_settings_when_it_moves(intent: bool) -> None:
    world = build(RING, intent=intent)
    right = world.address("r2", "r1")
    lines = ["neighbor 10.77.0.9 remote-as 65002", "neighbor 10.77.0.9 description to r2"]
    world.bgp(
        "r1", f"no neighbor {right}", *lines, "address-family ipv4 unicast", "neighbor 10.77.0.9 maximum-prefix 900"
    )
    diagnosis = diagnosed(world)
    assert named(diagnosis) == {("node/r1", "bgp_peer_address_misconfig")}
    assert healed(world, diagnosis)


@BOTH
def test_internal_sessions_between_loopbacks_need_no_hops(intent: bool) -> None:
    world = build(LINE, intent=intent, multihop=True, asns=[65000, 65000, 65000])
    for router in world.routers.values():
        router.config = "".join(x for x in router.config.splitlines(keepends=True) if "ebgp-multihop" not in x)
    assert diagnosed(world).verdict == "false_positive"
    world.bgp("r2", f"neighbor {world.loopback('r1')} shutdown")
    assert named(diagnosed(world)) == {("node/r2", "bgp_neighbor_shutdown")}


@BOTH
def test_a_whole_ring_in_one_as_is_healthy_and_a_wrong_number_in_it_is_found(intent: bool) -> None:
    world = build(RING, intent=intent, asns=[65000] * 4)
    assert diagnosed(world).verdict == "false_positive"
    world.bgp("r1", f"neighbor {world.address('r2', 'r1')} remote-as 65001")
    diagnosis = diagnosed(world)
    assert named(diagnosis) == {("node/r1", "bgp_asn_misconfig")}
    assert healed(world, diagnosis)


@BOTH
def test_one_end_without_the_password_that_everybody_has_is_the_odd_one(intent: bool) -> None:
    world = build(MESH, intent=intent, password=True)
    world.bgp("r2", f"no neighbor {world.address('r1', 'r2')} password")
    assert named(diagnosed(world)) == {("node/r2", "bgp_auth_mismatch")}


@BOTH
def test_the_password_that_nobody_else_has_is_the_odd_one(intent: bool) -> None:
    world = build(LINE, intent=intent, password=True)
    world.bgp("r1", f"neighbor {world.address('r2', 'r1')} password other")
    diagnosis = diagnosed(world)
    assert named(diagnosis) == {("node/r1", "bgp_auth_mismatch")}
    assert all("other" not in evidence.quote for cause in diagnosis.root_causes for evidence in cause.evidence)


def test_two_different_passwords_that_nobody_else_uses_are_a_cause_of_even_odds() -> None:
    world = build([(0, 1)], intent=False, password=True)
    world.bgp("r1", f"neighbor {world.address('r2', 'r1')} password other")
    (cause,) = diagnosed(world).root_causes
    assert (cause.fault_type, cause.confidence) == ("bgp_auth_mismatch", 0.5)


def test_ciphers_cannot_be_compared_so_they_are_a_lead_when_nothing_tells_who_moved() -> None:
    world = build(LINE, intent=False, password=True)
    world.cipher = "7 "
    world.bgp("r1", f"neighbor {world.address('r2', 'r1')} password other")
    diagnosis = diagnosed(world)
    assert (diagnosis.verdict, diagnosis.root_causes) == ("uncertain", [])
    assert [c.fault_type for c in diagnosis.unproven] == ["bgp_auth_mismatch"]


def test_the_same_password_at_both_ends_is_no_mismatch_whatever_keeps_the_session_down() -> None:
    world = build(LINE, intent=False, password=True)
    world.blocked = 99
    assert not {c.fault_type for c in diagnosed(world).unproven}


@pytest.mark.parametrize("cipher", ["", "7 "])
def test_a_device_whose_passworded_sessions_all_fail_has_the_wrong_password(cipher: str) -> None:
    world = build(MESH, intent=False, password=True)
    world.cipher = cipher
    for far in ("r2", "r3", "r4"):
        world.bgp("r1", f"neighbor {world.address(far, 'r1')} password other")
    assert named(diagnosed(world)) == {("node/r1", "bgp_auth_mismatch")}


def test_an_interface_that_is_no_speaker_of_the_session_is_a_wrong_source() -> None:
    world = build(RING, intent=False)
    world.bgp("r1", f"neighbor {world.address('r2', 'r1')} update-source nowhere")
    diagnosis = diagnosed(world)
    assert named(diagnosis) == {("node/r1", "bgp_update_source_misconfig")}
    assert healed(world, diagnosis)


@BOTH
def test_ttl_security_that_everybody_uses_is_missing_at_the_odd_end(intent: bool) -> None:
    world = build(MESH, intent=intent)
    for a, router in world.routers.items():
        world.bgp(a, *(f"neighbor {n} ttl-security hops 1" for n in router.entries()))
    assert diagnosed(world).verdict == "false_positive"
    world.bgp("r1", f"no neighbor {world.address('r2', 'r1')} ttl-security hops 1")
    diagnosis = diagnosed(world)
    assert named(diagnosis) == {("node/r1", "bgp_ttl_misconfig")}
    assert healed(world, diagnosis)


@BOTH
def test_a_family_that_is_off_by_default_and_not_activated_is_missing(intent: bool) -> None:
    world = build(RING, intent=intent)
    world.bgp(
        "r1",
        "no bgp default ipv4-unicast",
        "address-family ipv4 unicast",
        f"neighbor {world.address('r4', 'r1')} activate",
    )
    diagnosis = diagnosed(world)
    assert named(diagnosis) == {("node/r1", "bgp_address_family_missing")}


@BOTH
def test_odd_configuration_that_breaks_nothing_is_no_fault(intent: bool) -> None:
    world = build(RING, intent=intent)
    far = world.address("r2", "r1")
    world.bgp("r1", f"neighbor {far} ebgp-multihop 9", f"neighbor {far} description broken?")
    world.bgp("r1", "address-family ipv4 unicast", f"neighbor {far} maximum-prefix 4000")
    assert diagnosed(world).verdict == "false_positive"


def test_a_neighbour_outside_the_inventory_is_a_symptom_without_a_cause() -> None:
    world = build(LINE, intent=False)
    world.bgp("r1", "neighbor 203.0.113.9 remote-as 64512")
    diagnosis = diagnosed(world)
    assert (diagnosis.verdict, diagnosis.root_causes) == ("uncertain", [])
    assert "203.0.113.9" in diagnosis.summary


def test_what_nothing_explains_is_looked_at_once_more_and_then_uncertain() -> None:
    world = build(LINE, intent=True)
    world.blocked = 99
    finish, seen = run(bgp.decide, world, case(world, "diagnose", alert=alert("r1")))
    assert [o.tool for o in seen].count("wait") == 1
    assert finish.result["verdict"] == "uncertain"
    assert finish.result["root_causes"] == []
    assert finish.result["symptoms"]


def test_what_heals_by_itself_is_healthy_and_the_episode_is_told() -> None:
    world = build(LINE, intent=True)
    world.blocked = 1
    diagnosis = diagnosed(world)
    assert diagnosis.verdict == "false_positive"
    assert diagnosis.recovered is not None
    assert "r1 to" in diagnosis.recovered.what


@BOTH
def test_links_and_sessions_are_judged_without_addresses_in_the_inventory(intent: bool) -> None:
    world = build(RING, intent=intent)
    bare = [
        replace(d, interfaces=[IntendedInterface(name=i.name) for i in d.interfaces]) for d in world.network.devices
    ]
    world.network = Network(devices=bare, links=world.network.links)
    assert diagnosed(world).verdict == "false_positive"
    world.bgp("r1", f"neighbor {world.address('r2', 'r1')} shutdown")
    world.dead.add(world.link_of("r3", "r4"))
    assert named(diagnosed(world)) == {
        ("node/r1", "bgp_neighbor_shutdown"),
        (world.resource("r3", "r4"), "link_down"),
    }


def test_intent_of_the_far_end_alone_tells_who_moved() -> None:
    world = build(LINE, intent=True)
    half = [replace(d, intent=Intent()) if d.name == "r1" else d for d in world.network.devices]
    world.network = Network(devices=half, links=world.network.links)
    world.routers["r1"].config = world.routers["r1"].config.replace("router bgp 65001", "router bgp 64999")
    diagnosis = diagnosed(world)
    assert named(diagnosis) == {("node/r1", "bgp_asn_misconfig")}
    assert healed(world, diagnosis)


def test_a_habit_alone_is_a_lead_and_the_alerts_word_makes_it_a_cause() -> None:
    world = build(MESH, intent=False)
    world.bgp("r2", "address-family ipv4 unicast", f"no network {world.loopback('r2')}/32")
    quiet = diagnosed(world)
    assert not quiet.root_causes
    assert [c.fault_type for c in quiet.unproven] == ["bgp_missing_route_advertisement"]
    loud = diagnosed(world, summary=f"{world.loopback('r2')}/32 cannot be reached")
    assert named(loud) == {("node/r2", "bgp_missing_route_advertisement")}


def test_a_redistributed_prefix_is_originated() -> None:
    world = build(MESH, intent=True)
    world.bgp("r2", "address-family ipv4 unicast", f"no network {world.loopback('r2')}/32", "redistribute connected")
    assert not diagnosed(world).root_causes


def test_nothing_to_look_at_is_uncertain() -> None:
    diagnosis = diagnosed(World({}, [], Network()), "nobody")
    assert (diagnosis.verdict, diagnosis.ruled_out) == ("uncertain", [])
    assert "nothing was looked at" in diagnosis.summary


def verified(world: World, *, changes: list[Change], diagnosis: Diagnosis) -> tuple[dict[str, Any], int]:
    raw = [change.to_dict() for change in changes]
    finish, seen = run(bgp.decide, world, case(world, "verify", diagnosis=diagnosis.to_dict(), changes=raw))
    return finish.result, [o.tool for o in seen].count("wait")


def change(**more: Any) -> Change:
    return Change(**{"change_id": "c", "device": "r1", "platform": "frr", "commands": [], "rollback": [], **more})


def test_verification_waits_for_convergence_and_no_longer_than_the_check_allows() -> None:
    world = build(LINE, intent=False)
    check = Check(
        kind="bgp_session", arguments={"neighbor": world.address("r2", "r1"), "state": "established"}, within=20.0
    )
    nothing = Diagnosis(verdict="true_positive", confidence=0.9)
    world.blocked = 2
    result, waits = verified(world, changes=[change(verify=[check])], diagnosis=nothing)
    assert (result["verification"], waits) == ("passed", 2)
    world.blocked = 99
    result, waits = verified(world, changes=[change(verify=[check])], diagnosis=nothing)
    assert (result["verification"], waits) == ("failed", 4)
    assert "active" in result["checks"][0]["seen"]
    world.routers["r1"].answers = False
    result, _ = verified(world, changes=[change(verify=[check])], diagnosis=nothing)
    assert result["checks"][0] == {**result["checks"][0], "passed": False, "seen": "the device did not answer"}


def test_a_cause_that_is_still_there_fails_the_verification_whatever_the_checks_say() -> None:
    world = build(LINE, intent=False)
    world.bgp("r1", f"neighbor {world.address('r2', 'r1')} shutdown")
    diagnosis = diagnosed(world)
    check = Check(kind="config_line", arguments={"text": "hostname r1"}, within=1.0)
    result, _ = verified(world, changes=[change(verify=[check])], diagnosis=diagnosis)
    assert result["verification"] == "failed"
    assert [c["passed"] for c in result["checks"]] == [True, False]
    world.routers["r1"].answers = False
    result, _ = verified(world, changes=[change(verify=[check])], diagnosis=diagnosis)
    assert result["checks"][-1]["seen"] == "r1 could not be read"


def test_there_must_be_something_to_verify() -> None:
    world = build(LINE, intent=False)
    with pytest.raises(InvalidInputError, match="nothing to verify"):
        verified(world, changes=[], diagnosis=Diagnosis(verdict="uncertain", confidence=0.1))
