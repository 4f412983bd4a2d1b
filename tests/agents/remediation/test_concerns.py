"""A change takes the lines along that the proven fault is about; whatever else somebody changed beside them stays."""

from typing import Any

import pytest
from agents.judgement.replays import Replay
from agents.remediation.plans import Patient, configured, lines_of
from msgspec.structs import replace

from nocmesh.diagnosis.configlines import sections
from nocmesh.diagnosis.facts import Facts
from nocmesh.diagnosis.signs import Scene
from nocmesh.diagnosis.vocabulary import fault_types
from nocmesh.messages.report import Diagnosis, RootCause
from nocmesh.messages.session import Observation
from nocmesh.messages.state import ConfigLine, DeviceState, Interface, Output
from nocmesh.network import Device, Network
from nocmesh_agents.remediation.concerns import concern_of, curable, ends_of, names_in, patients
from nocmesh_agents.remediation.edits import Fix, Refusal, commands_of
from nocmesh_agents.remediation.past import as_it_was
from nocmesh_agents.remediation.risk import is_routing, risk_of

EBGP, ISIS = "clos-ospf-ebgp", "clos-isis-ibgp_rr"
FAMILY = ["router bgp 65001", "address-family ipv4 unicast"]


def test_every_fault_that_lines_mend_is_of_the_vocabulary_and_told_once() -> None:
    assert set(curable()) <= set(fault_types())
    assert len(curable()) == len(set(curable()))


@pytest.mark.real
@pytest.mark.parametrize(
    ("lab", "fault", "drift"),
    [
        (EBGP, "ospf_timer_mismatch", ["interface spine1-e1", "ip ospf cost 77"]),
        (EBGP, "ospf_area_misconfiguration", ["interface lo", "no ip ospf passive"]),
        (EBGP, "bgp_asn_misconfig", ["router bgp 65001", "neighbor 10.0.0.6 description somebody"]),
        (EBGP, "bgp_neighbor_shutdown", ["router bgp 65001", "neighbor 10.0.0.6 timers connect 9"]),
        (
            EBGP,
            "bgp_route_filtered",
            ["route-map OTHER permit 10", "set metric 5", *FAMILY, "neighbor 10.0.0.2 route-map OTHER in"],
        ),
        (
            EBGP,
            "bgp_next_hop_unreachable",
            ["ip prefix-list OTHER seq 5 permit any", *FAMILY, "neighbor 10.0.0.6 prefix-list OTHER in"],
        ),
        (EBGP, "bgp_hijacking", [*FAMILY, "neighbor 10.0.0.2 next-hop-self"]),
        (ISIS, "isis_metric_misconfig", ["router isis core", "lsp-gen-interval 9"]),
        (ISIS, "isis_passive_interface", ["interface spine1-e1", "isis metric 77"]),
    ],
)
def test_what_is_like_the_fault_and_is_not_it_stays(lab: str, fault: str, drift: list[str]) -> None:
    patient = Patient(lab, fault, drift=drift)
    cause = RootCause(
        resource=patient.fault["resource"],
        fault_type=fault,
        summary=Replay(lab, fault).diagnosed().root_causes[0].summary,
        confidence=1.0,
    )
    diagnosis = Diagnosis(verdict="true_positive", confidence=1.0, root_causes=[cause])
    [change], _ = patient.planned(diagnosis)
    after = configured(patient.running(change.device), change.commands)
    assert lines_of(after) == lines_of(configured(patient.healthy(change.device), drift))


WAS = "hostname r1\ninterface e0\n ip address 10.0.0.1/24\nsnmp-server community <redacted:aaaaaa>\n"


def seen(was: str, now: str, **device: Any) -> Scene:
    """One router that was so and is so."""
    known = Device(name="r1", platform="frr", address="192.0.2.1")
    state = DeviceState(
        device="r1",
        platform="frr",
        interfaces=[Interface(name="e0", addresses=["10.0.0.1/24"])],
        config=sections(now),
        config_sha256="x",
        status={"config": "parsed", "interfaces": "parsed"},
    )
    looks = [
        Observation(observation_id="1", tool="device_state", device="r1", state=state),
        Observation(
            observation_id="2",
            tool="device_baseline",
            device="r1",
            outputs=[Output(command="device_baseline r1", text=was)],
            state=replace(state, config=sections(was)),
        ),
    ]
    return Scene(Facts.gather(Network(devices=[replace(known, **device)]), looks))


def cause(fault: str, resource: str = "node/r1", summary: str = "x.") -> RootCause:
    return RootCause(resource=resource, fault_type=fault, summary=summary, confidence=1.0)


def test_who_may_log_in_is_nobodys_to_write_and_the_rest_goes_back() -> None:
    now = WAS.replace("hostname r1\n", "hostname r1\nusername eve secret x\nip route 10.9.0.0/16 Null0\n")
    answers = as_it_was(seen(WAS, now), cause("configuration_drift"))
    assert [answer.reason for answer in answers if isinstance(answer, Refusal)] == [
        "r1: 'username eve secret x' moved too; no change of the mesh writes that, a person must."
    ]
    [fix] = [answer for answer in answers if isinstance(answer, Fix)]
    assert commands_of(fix.edits) == ["no ip route 10.9.0.0/16 Null0"]


def test_the_interface_that_we_reach_it_by_is_left_to_a_person() -> None:
    now = WAS.replace("10.0.0.1/24", "10.0.0.9/24")
    resource = "interface/r1/e0"
    [free] = as_it_was(seen(WAS, now), cause("host_incorrect_ip", resource))
    assert isinstance(free, Fix)
    [ours] = as_it_was(seen(WAS, now, address="10.0.0.1"), cause("host_incorrect_ip", resource))
    assert isinstance(ours, Refusal)
    assert "the interface that we reach it by" in ours.reason


def test_a_device_that_asks_back_is_left_to_a_person() -> None:
    was, now = ("router ospf 1\n router-id 1.1.1.1\n", "router ospf 1\n router-id 2.2.2.2\n")
    [answer] = as_it_was(seen(was, now, platform="cisco_iosxe"), cause("ospf_duplicate_router_id"))
    assert isinstance(answer, Refusal)
    assert "clear ip ospf process" in answer.reason


def test_nothing_is_known_to_go_back_to_without_a_past_or_without_a_move() -> None:
    assert as_it_was(seen(WAS, WAS), cause("configuration_drift")) == []
    assert as_it_was(seen("", WAS), cause("configuration_drift")) == []
    assert as_it_was(seen(WAS, WAS), cause("link_down", "link/r1:e0--r2:e0")) == []


def test_lists_that_the_cause_does_not_name_go_back_only_when_it_names_none() -> None:
    now = (
        "route-map A permit 10\n set metric 1\nroute-map B permit 10\n set metric 2\nrouter bgp 1\n"
        " neighbor 10.0.0.2 remote-as 2\n neighbor 10.0.0.2 route-map A out\n neighbor 10.0.0.2 route-map B in\n"
    )
    was = "router bgp 1\n neighbor 10.0.0.2 remote-as 2\n"
    for summary, names in (("by the map A.", {"A"}), ("somehow.", {"A", "B"})):
        [*fixes] = as_it_was(seen(was, now), cause("bgp_route_filtered", summary=summary))
        lines = {line for fix in fixes if isinstance(fix, Fix) for line in commands_of(fix.edits)}
        assert {name for name in "AB" if f"no route-map {name} permit 10" in lines} == names


def test_patients_are_both_ends_of_a_link() -> None:
    assert ends_of("link/a:e0--b:e1") == [("a", "e0"), ("b", "e1")]
    assert patients([cause("l2_loop", "link/a:e0--b:e1"), cause("stp_disabled", "node/b")]) == ["a", "b"]


def test_lines_speak_of_lists_by_name() -> None:
    inside = ConfigLine(section="route-map A permit 10", text="match ip address prefix-list B")
    assert names_in(inside) == {"A"}
    assert names_in(ConfigLine(section="router bgp 1", text="neighbor x prefix-list B out")) == {"B"}
    assert names_in(ConfigLine(section="interface e0", text="ip access-group C in")) == {"C"}
    assert names_in(ConfigLine(section="interface e0", text="ip ospf cost 1")) == set()


@pytest.mark.parametrize(
    ("section", "text", "routing", "risk"),
    [
        ("interface e0", "duplex full", False, "medium"),
        ("interface e0", "switchport access vlan 10", False, "high"),
        ("", "ntp server 10.0.0.1", False, "high"),
        ("", "ip prefix-list A seq 5 permit any", True, "critical"),
        ("route-map A permit 10", "set metric 5", True, "critical"),
        ("router ospf", "area 0.0.0.1 stub", True, "critical"),
    ],
)
def test_risk_is_what_the_lines_can_break(section: str, text: str, routing: bool, risk: str) -> None:
    line = ConfigLine(section=section, text=text)
    assert is_routing(line) is routing
    fault, now = "configuration_drift", f"hostname r1\n{section}\n"
    was = f"{now} {text}\n" if section else f"{now}{text}\n"
    [fix] = as_it_was(seen(was, now), cause(fault))
    assert isinstance(fix, Fix)
    assert risk_of(Device(name="r1", platform="frr", address="x", shell=True), [fix])[0] == risk
    assert concern_of(fault) is not None
