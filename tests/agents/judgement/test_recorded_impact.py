"""The blast radius of faults on recorded real routers, by the diagnosis as it was made there."""

import pytest
from agents.judgement.replays import Replay

from nocmesh.explaining.impact import impact_of


@pytest.mark.real
@pytest.mark.parametrize(
    ("lab", "fault", "degree", "cut_off"),
    [
        pytest.param("campus-ospf", "l2_port_missing", "cut_off", ["h1"], id="a-port-out-of-its-bridge"),
        pytest.param("campus-ospf", "host_incorrect_gateway", "cut_off", ["h1"], id="a-host-without-a-way-out"),
        pytest.param("campus-ospf", "link_flap", "kept", [], id="a-link-that-flaps"),
        pytest.param("campus-ospf", "device_unreachable", "unknown", [], id="a-device-that-does-not-answer"),
        pytest.param("abilene-ospf", "ospf_area_type_mismatch", "cut_off", ["atlm", "h1"], id="a-stub-area-alone"),
        pytest.param("abilene-ospf", "ospf_cost_misconfig", "kept", [], id="a-cost"),
        pytest.param("clos-isis-ibgp_rr", "isis_area_mismatch", "cut_off", ["spine1"], id="a-router-in-no-area"),
        pytest.param("clos-isis-ibgp_rr", "isis_auth_mismatch", "redundancy", [], id="an-adjacency-of-a-ring"),
        pytest.param("clos-isis-ibgp_rr", "bgp_acl_block", "kept", [], id="sessions-over-an-igp"),
        pytest.param("clos-ospf-ebgp", "link_down", "redundancy", [], id="a-cable-of-a-ring"),
        pytest.param("clos-ospf-ebgp", "ospf_timer_mismatch", "kept", [], id="a-link-that-bgp-routes-too"),
        pytest.param("clos-ospf-ebgp", "ip_forwarding_disabled", "cut_off", ["h1"], id="a-leaf-that-does-not-forward"),
    ],
)
def test_what_a_fault_takes_down_on_real_routers(lab: str, fault: str, degree: str, cut_off: list[str]) -> None:
    replay = Replay(lab, fault)
    diagnosis = replay.diagnosed()
    found = impact_of(diagnosis.root_causes, diagnosis.symptoms, replay.network)
    assert found is not None
    assert found.summary
    if degree == "unknown":  # what would follow is told all the same
        assert found.degree == degree
        return
    assert (found.degree, found.cut_off) == (degree, cut_off)
