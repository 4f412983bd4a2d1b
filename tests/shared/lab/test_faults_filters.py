"""Filters as they are worked out: what they drop, where they fit, and that management is left alone. Pure."""

import pytest

from nocmesh.errors import InvalidInputError
from nocmesh.lab.build import build
from nocmesh.lab.faults.catalogue import kind
from nocmesh.lab.faults.injecting import worked_out
from nocmesh.lab.graph import named
from nocmesh.lab.plan import LabPlan, Options

OSPF = build(named("abilene"), Options(bgp="ibgp_rr"))
ISIS = build(named("clos"), Options(igp="isis", bgp="ebgp"))


def rules(plan: LabPlan, fault_type: str, at: str = "") -> str:
    return " ".join(worked_out(plan, fault_type, at).injection.steps[0].lines)


def test_igps_are_filtered_where_they_run() -> None:
    assert kind("ospf_acl_block").places(OSPF)
    assert not kind("ospf_acl_block").places(ISIS)
    assert kind("isis_acl_block").places(ISIS)
    assert not kind("isis_acl_block").places(OSPF)


def test_bgp_is_filtered_on_both_of_its_ports() -> None:
    said = rules(ISIS, "bgp_acl_block")
    assert said.count("tcp dport 179 drop") == said.count("tcp sport 179 drop") == 2


def test_isis_is_filtered_on_its_way_out_of_every_interface_that_speaks_it() -> None:
    said = rules(ISIS, "isis_acl_block", "node/spine1")
    node = ISIS.node("spine1")
    assert node is not None
    ports = ", ".join(port.name for port in node.ports if port.kind == "cable")
    assert f"hook egress devices = {{ {ports} }}" in said
    assert "netdev" in said


@pytest.mark.parametrize("fault_type", ["icmp_acl_block", "arp_acl_block", "http_acl_block"])
def test_the_management_network_is_left_alone(fault_type: str) -> None:
    said = rules(OSPF, fault_type)
    assert said.count("drop") == said.count('!= { "lo", "eth0" }')


def test_pages_are_filtered_where_pages_are() -> None:
    assert kind("http_acl_block").places(OSPF) == ["node/h1", "node/h2"]
    with pytest.raises(InvalidInputError, match="does not fit"):
        worked_out(OSPF, "http_acl_block", "node/atla")


def test_a_filter_is_put_up_and_taken_down_whatever_was_there_before() -> None:
    for fault_type in ("bgp_acl_block", "ospf_acl_block", "icmp_acl_block", "arp_acl_block", "http_acl_block"):
        injection = worked_out(OSPF, fault_type).injection
        clear = injection.undo[0].lines
        assert injection.steps[0].lines[:1] == clear
        assert "add table" in clear[0]
        assert "delete table" in clear[0]


def test_the_alarm_is_somebody_else_s_who_misses_the_node() -> None:
    for plan, fault_type in ((OSPF, "ospf_acl_block"), (ISIS, "isis_acl_block"), (ISIS, "bgp_acl_block")):
        for at in kind(fault_type).places(plan):
            assert kind(fault_type).alarm(plan, at, {}).instance != at.removeprefix("node/")
