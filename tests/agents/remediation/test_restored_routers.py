"""Faults of recorded real routers: what moved goes back, nothing else does, and all of it can be undone."""

from functools import cache

import pytest
from agents.judgement.replays import Replay
from agents.remediation.plans import Patient, configured, lines_of, stories

from nocmesh.diagnosis.checks import evaluate, views_for
from nocmesh.diagnosis.configlines import sections
from nocmesh.diagnosis.configtext import affected_diff
from nocmesh.diagnosis.configwords import MASK
from nocmesh.messages.change import Change
from nocmesh.policy.judge import Asked, judge
from nocmesh.policy.policy import built_in
from nocmesh_agents.remediation.concerns import curable
from nocmesh_bridges.ssh.guard import check_line, only_operates

pytestmark = pytest.mark.real

PAST = {("clos-isis-ibgp_rr", "bgp_max_prefix_exceeded"): "the session was up again at the moment of the recording"}
AT_THE_SHELL = {
    "mtu_mismatch", "host_incorrect_ip", "host_incorrect_netmask", "host_missing_ip", "bgp_acl_block", "ospf_acl_block",
    "isis_acl_block", "icmp_acl_block", "arp_acl_block", "http_acl_block", "stp_root_moved", "stp_disabled",
    "stp_cost_misconfig", "stp_port_blocked_unexpectedly", "l2_loop", "l2_port_missing",
}  # fmt: skip
"""On Linux these are no lines of a router's configuration."""
TOLD = [story for story in stories({*curable(), "interface_admin_down"} - AT_THE_SHELL) if story not in PAST]
STORIES = [pytest.param(*story, id="-".join(story)) for story in TOLD]
PROVEN = [pytest.param(*story, id="-".join(story)) for story in TOLD if story[1] != "configuration_drift"]
RISKS = ("low", "medium", "high", "critical")
DRIFT = [
    "ip prefix-list SOMEBODYS seq 5 permit 198.51.100.0/24",
    "ip route 198.51.100.0/24 Null0",
    "route-map SOMEBODYS permit 10",
    "set local-preference 200",
    "interface lo",
    "description changed by somebody",
]
"""What moved besides, and breaks nothing."""


@cache
def planned(lab: str, fault: str) -> tuple[Patient, list[Change], str]:
    """The lab under the fault, the changes, and the words for a person."""
    patient = Patient(lab, fault)
    return patient, *patient.planned()


@pytest.mark.parametrize(("lab", "fault"), STORIES)
def test_the_lines_take_the_configuration_back_and_the_rollback_takes_that_back(lab: str, fault: str) -> None:
    patient, changes, person = planned(lab, fault)
    assert changes
    assert not person
    for change in changes:
        after = configured(patient.running(change.device), change.commands)
        assert lines_of(after) == lines_of(patient.healthy(change.device))
        assert lines_of(configured(after, change.rollback)) == lines_of(patient.running(change.device))


@pytest.mark.parametrize(("lab", "fault"), PROVEN)
def test_whatever_else_moved_on_the_device_stays_as_it_is(lab: str, fault: str) -> None:
    patient = Patient(lab, fault, drift=DRIFT)
    changes, _ = patient.planned()
    before = {name: configured(patient.healthy(name), DRIFT) for name in [patient.fault["resource"].split("/")[1]]}
    for change in changes:
        expected = before.get(change.device, patient.healthy(change.device))
        assert lines_of(configured(patient.running(change.device), change.commands)) == lines_of(expected)


@pytest.mark.parametrize(("lab", "fault"), STORIES)
def test_what_proves_the_change_was_so_when_all_was_well_and_is_not_so_now(lab: str, fault: str) -> None:
    patient, changes, _ = planned(lab, fault)
    for change in changes:
        assert change.verify
        assert views_for(change.verify)
        healthy, faulty = patient.states(change.device)
        told = [(check.text, evaluate(check, healthy)) for check in change.verify]
        assert [(text, verdict.seen) for text, verdict in told if not verdict.passed] == []
        if not only_operates(change.commands):
            assert not all(evaluate(check, faulty).passed for check in change.verify)


@pytest.mark.parametrize(("lab", "fault"), STORIES)
def test_every_line_passes_the_guard_and_the_risk_is_no_less_than_the_gate_demands(lab: str, fault: str) -> None:
    for change in planned(lab, fault)[1]:
        for line in [*change.commands, *change.rollback]:
            check_line(change.platform, line)
        least = judge(built_in(), Asked(lines=[*change.commands, *change.rollback])).risk
        assert RISKS.index(change.risk) >= RISKS.index(least)
        assert change.diff or only_operates(change.commands)
        assert change.summary.endswith(".")


@pytest.mark.parametrize(("lab", "fault"), STORIES)
def test_a_masked_secret_is_only_ever_sent_as_a_whole_line_that_was_read_there(lab: str, fault: str) -> None:
    patient, changes, _ = planned(lab, fault)
    for change in changes:
        read = {x.text for x in sections(patient.running(change.device)) + sections(patient.healthy(change.device))}
        masked = [line for line in [*change.commands, *change.rollback] if MASK in line]
        assert set(masked) <= read


@pytest.mark.parametrize(("lab", "fault"), STORIES)
def test_a_device_that_has_the_change_already_needs_no_line(lab: str, fault: str) -> None:
    patient, changes, _ = planned(lab, fault)
    for change in changes:
        assert affected_diff(patient.healthy(change.device), change.commands) == ""


def test_the_healthy_network_gets_no_change() -> None:
    told = Replay("clos-ospf-ebgp", "ospf_timer_mismatch").alert
    diagnosis = Replay("clos-ospf-ebgp").diagnosed(told)
    assert Patient("clos-ospf-ebgp", "ospf_timer_mismatch").planned(diagnosis) == ([], "")
