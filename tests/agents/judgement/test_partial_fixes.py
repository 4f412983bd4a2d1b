"""What a change answers for: the causes that it says it heals, whole. And what silence and short forms mean."""

import msgspec
import pytest
from agents.world import World, alert, build, case, run

from nocmesh.diagnosis.facts import Sight
from nocmesh.diagnosis.origin import as_prefix, originated
from nocmesh.messages.change import Change
from nocmesh.messages.report import Diagnosis, RootCause
from nocmesh.messages.session import Observation
from nocmesh.messages.state import ConfigLine, DeviceState, ViewStatus
from nocmesh.network import Device
from nocmesh_agents.dossier import reason_of, treated
from nocmesh_agents.judgement import specialist as bgp
from nocmesh_agents.remediation import rules as remediation

LIMIT = RootCause(resource="node/r1", fault_type="bgp_max_prefix_exceeded", summary="too many.", confidence=0.9)
SECRET = RootCause(resource="node/r1", fault_type="bgp_auth_mismatch", summary="differ.", confidence=0.5)
CABLE = RootCause(resource="link/r1:a--r2:b", fault_type="link_down", summary="dark.", confidence=0.9)


def change(*reasons: str, device: str = "r1") -> Change:
    return Change(change_id="c", device=device, platform="frr", commands=[], rollback=[], reasons=list(reasons))


def test_a_change_answers_for_the_causes_that_it_says_it_heals() -> None:
    causes = [LIMIT, SECRET, CABLE]
    assert treated(causes, [change("it changes routing", reason_of(LIMIT))]) == [LIMIT]
    assert treated(causes, [change(reason_of(LIMIT)), change(reason_of(SECRET))]) == [LIMIT, SECRET]


def test_a_cause_that_is_healed_in_part_is_not_expected_to_be_gone() -> None:
    said = [reason_of(SECRET, partly=True), reason_of(LIMIT)]
    assert treated([LIMIT, SECRET], [change(*said)]) == [LIMIT]
    assert treated([SECRET], [change(reason_of(SECRET, partly=True))]) == []


def test_a_change_that_names_no_cause_answers_for_its_device_and_none_at_all_for_everything() -> None:
    assert treated([LIMIT, SECRET], [change("by hand")]) == [LIMIT, SECRET]
    assert treated([LIMIT], [change("by hand", device="r2")]) == []
    assert treated([LIMIT, CABLE], []) == [LIMIT, CABLE]


def planned(world: World, about: str) -> tuple[Diagnosis, list[Change], str]:
    found = run(bgp.decide, world, case(world, "diagnose", alert=alert(about)))[0].result
    plan = run(remediation.decide, world, case(world, "plan", diagnosis=found))[0].result
    return msgspec.convert(found, Diagnosis), msgspec.convert(plan["changes"], list[Change]), plan["needs_person"]


def test_one_neighbor_is_written_anew_and_the_one_with_a_password_is_left_to_a_person() -> None:
    world = build([(0, 1), (0, 2)], intent=True)
    one, two = world.address("r2", "r1"), world.address("r3", "r1")
    world.bgp("r3", f"neighbor {world.address('r1', 'r3')} password <redacted:0a1b2c3d>")
    world.bgp("r1", f"no neighbor {one}", f"no neighbor {two}")
    diagnosis, changes, person = planned(world, "r1")
    assert [(c.resource, c.fault_type) for c in diagnosis.root_causes] == [("node/r1", "bgp_neighbor_missing")]
    assert "password" in person
    [made] = changes
    assert any(f"neighbor {one} remote-as" in line for line in made.commands)
    assert not any(two in line for line in made.commands)
    assert any(reason.startswith("in part, bgp_neighbor_missing on node/r1") for reason in made.reasons)
    world.routers["r1"].apply(*made.commands)
    work = case(world, "verify", diagnosis=diagnosis.to_dict(), changes=[made.to_dict()], alert=alert("r1"))
    assert run(bgp.decide, world, work)[0].result["verification"] == "passed"


def sight(*inside: str, status: ViewStatus = "unparsed", header: str = "router bgp 65001") -> Sight:
    config = [ConfigLine(section="", text=header)] if header else []
    config += [ConfigLine(section=header, text=text) for text in inside]
    state = DeviceState(device="r1", platform="cisco_iosxe", config=config, status={"config": "parsed", "bgp": status})
    seen = Observation(observation_id="o", tool="device_state", device="r1", state=state)
    return Sight(Device(name="r1", platform="cisco_iosxe", address="192.0.2.1"), (seen,))


@pytest.mark.parametrize(
    ("seen", "understood"),
    [
        (sight("bgp router-id 10.0.0.1", "network 10.0.0.0"), True),
        (sight(), True),
        (sight("neighbor 10.0.0.2 remote-as 65002"), False),
        (sight("bgp listen range 10.0.0.0/24 peer-group X"), False),
        (sight(header=""), False),
        (sight(status="rejected"), False),
    ],
)
def test_silence_about_neighbors_is_understood_only_where_none_is_configured(seen: Sight, understood: bool) -> None:
    assert seen.understood("bgp") is understood


@pytest.mark.parametrize(
    ("line", "prefix"),
    [
        ("network 10.0.0.0", "10.0.0.0/8"),
        ("network 172.16.0.0", "172.16.0.0/16"),
        ("network 192.0.2.0", "192.0.2.0/24"),
        ("network 10.1.0.0 mask 255.255.0.0", "10.1.0.0/16"),
        ("network 10.1.2.0/24", "10.1.2.0/24"),
        ("network 2001:db8::/32", "2001:db8::/32"),
    ],
)
def test_a_network_without_a_mask_has_the_length_of_its_class(line: str, prefix: str) -> None:
    assert originated(sight(line)) == {as_prefix(prefix)}
    assert originated(sight("network nonsense")) == set()
