"""Faults of devices and their services as they are worked out. Pure."""

import pytest

from nocmesh.errors import InvalidInputError
from nocmesh.lab.build import build
from nocmesh.lab.faults.catalogue import kind
from nocmesh.lab.faults.injecting import worked_out
from nocmesh.lab.faults.kinds import Step
from nocmesh.lab.graph import named
from nocmesh.lab.patch import PATCH
from nocmesh.lab.plan import Options

CLOS = build(named("clos"), Options(igp="isis", bgp="ebgp"))
CAMPUS = build(named("campus"), Options())


def test_the_daemon_that_stops_is_the_igp_s_unless_another_is_named() -> None:
    steps = worked_out(CLOS, "frr_service_down", "node/leaf1").injection.steps
    assert steps == [Step(node="leaf1", door="stop", lines=["isisd"])]
    steps = worked_out(CLOS, "frr_service_down", "node/leaf1", {"daemon": "bgpd"}).injection.steps
    assert steps == [Step(node="leaf1", door="stop", lines=["bgpd"])]


@pytest.mark.parametrize("daemon", ["zebra", "ospfd", "sshd"])
def test_a_daemon_whose_end_nobody_would_miss_is_refused(daemon: str) -> None:
    with pytest.raises(InvalidInputError, match=r"isisd, bgpd|bgpd, isisd"):
        worked_out(CLOS, "frr_service_down", "node/leaf1", {"daemon": daemon})


def test_a_neighbour_tells_which_daemon_is_missed() -> None:
    alarms = {name: kind("frr_service_down").alarm(CLOS, "node/leaf1", {"daemon": name}) for name in ("igp", "bgpd")}
    assert {name: alarm.name for name, alarm in alarms.items()} == {
        "igp": "IsisAdjacencyDown",
        "bgpd": "BgpSessionDown",
    }
    assert all(alarm.instance.startswith("spine") for alarm in alarms.values())


def test_a_device_without_power_has_every_cable_pulled_and_no_management() -> None:
    steps = worked_out(CLOS, "device_unreachable", "node/spine1").injection.steps
    pulled = [line for step in steps if step.node == PATCH for line in step.lines]
    cables = [cable for cable in CLOS.cables if "spine1:" in f"{cable.a} {cable.b}"]
    assert len(pulled) == 2 * len(cables)
    assert [step.lines for step in steps if step.node == "spine1"] == [["ip link set eth0 down"]]


def test_forwarding_matters_where_somebody_s_gateway_is() -> None:
    assert kind("ip_forwarding_disabled").places(CLOS) == ["node/leaf1", "node/leaf2"]
    assert kind("ip_forwarding_disabled").alarm(CLOS, "node/leaf1", {}).instance == "h1"


def test_a_service_can_only_stop_where_it_runs() -> None:
    assert worked_out(CAMPUS, "service_down", "node/h1", {"service": "httpd"}).injection.steps[0].lines == ["httpd"]
    for at, service in (("node/gw1", "httpd"), ("node/gw1", "cron")):
        with pytest.raises(InvalidInputError, match="service: expected one of snmpd, sshd"):
            worked_out(CAMPUS, "service_down", at, {"service": service})


@pytest.mark.parametrize(("service", "name"), [("snmpd", "SnmpTargetDown"), ("sshd", "SshProbeFailed")])
def test_a_silent_service_is_told_by_its_probe(service: str, name: str) -> None:
    assert kind("service_down").alarm(CAMPUS, "node/gw1", {"service": service}).name == name


def test_drift_is_taken_back_line_by_line() -> None:
    injection = worked_out(CAMPUS, "configuration_drift", "node/gw1").injection
    assert injection.undo[0].lines == [f"no {line}" for line in injection.steps[0].lines]
