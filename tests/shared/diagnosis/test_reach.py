"""Who does not get to whom: read from labels and from plain words."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.diagnosis.find import named_in
from nocmesh.diagnosis.reach import home, journeys, places
from nocmesh.network import Device, IntendedInterface, Network


def device(name: str, platform: str, *addresses: str) -> Device:
    listed = [IntendedInterface(name=f"{name}-e{n}", addresses=[a]) for n, a in enumerate(addresses)]
    return Device(name=name, platform=platform, address=f"192.0.2.{sum(map(ord, name)) % 250}", interfaces=listed)


NETWORK = Network(
    devices=[
        device("r1", "frr", "10.0.0.1/30", "10.100.1.1/24", "10.255.0.1/32"),
        device("r22", "frr", "10.0.0.2/30", "10.100.2.1/24", "10.255.0.2/32"),
        device("h1", "linux", "10.100.1.11/24"),
        device("host2", "linux", "10.100.2.12/24"),
        device("switch1", "linux"),
    ]
)


def asked(alert: dict[str, Any]) -> list[tuple[str, str]]:
    found = journeys(alert, NETWORK, named_in(alert, NETWORK).words)
    return [(str(journey.source), str(journey.target)) for journey in found]


H1, HOST2 = "h1 (10.100.1.11)", "host2 (10.100.2.12)"


@pytest.mark.parametrize(
    ("alert", "ends"),
    [
        ({"summary": "host h1 cannot reach host host2"}, (H1, HOST2)),
        ({"summary": "h1 does not reach 10.100.2.12"}, (H1, HOST2)),
        ({"description": "no reply from 10.100.1.11 to 10.100.2.12"}, (H1, HOST2)),
        ({"device": "host2", "summary": "h1 gets no answer from host2 at 10.100.2.12"}, (H1, HOST2)),
        ({"device": "h1", "labels": {"target": "10.100.2.12"}, "summary": "probes are lost"}, (H1, HOST2)),
        (
            {"device": "host2", "labels": {"target": "10.100.2.12", "source": "h1"}, "name": "HostUnreachable"},
            (H1, HOST2),
        ),
        ({"labels": {"src": "10.100.1.11", "dst": "10.100.2.77"}, "name": "ReachabilityLost"}, (H1, "10.100.2.77")),
        ({"labels": {"client": "h1", "url": "http://10.100.2.12/"}, "summary": "timeout"}, (H1, HOST2)),
        ({"summary": "h1 cannot reach 198.51.100.9"}, (H1, "198.51.100.9")),
        ({"summary": "h1 cannot reach host2, not even 198.51.100.9"}, (H1, HOST2)),
        ({"summary": "packet loss between r1 and r22"}, ("r1 (10.255.0.1)", "r22 (10.255.0.2)")),
    ],
)
def test_two_places_are_set_against_each_other(alert: dict[str, Any], ends: tuple[str, str]) -> None:
    assert asked(alert) == [ends]


@pytest.mark.parametrize(
    ("alert", "target"),
    [
        ({"labels": {"instance": "10.100.2.77:9100"}, "name": "HostUnreachable"}, "10.100.2.77"),
        ({"device": "host2", "summary": "host2 does not answer at 10.100.2.12"}, HOST2),
    ],
)
def test_one_place_is_tried_from_beside_it_and_from_elsewhere(alert: dict[str, Any], target: str) -> None:
    assert asked(alert) == [("r22 (10.100.2.1)", target), (H1, target)]


@pytest.mark.parametrize(
    "alert",
    [
        {"summary": "the BGP session of r1 with r22 is down"},
        {"summary": "everything is unreachable"},
        {"summary": "h9 cannot reach h8"},
        {"labels": {"target": 7, "source": None}, "summary": ["unreachable"]},
        {},
    ],
)
def test_what_is_about_something_else_is_no_journey(alert: dict[str, Any]) -> None:
    assert asked(alert) == []


def test_nobody_sends_anything_to_a_switch_that_has_no_address() -> None:
    assert asked({"device": "switch1", "name": "InstanceDown", "summary": "switch1 is down, unreachable"}) == []


def test_where_we_sign_in_is_nobodys_traffic() -> None:
    assert [str(place) for place in places({"labels": {"instance": f"{NETWORK.devices[2].address}:22"}}, NETWORK)] == [
        "h1"
    ]


def test_the_way_back_is_the_way_turned_round() -> None:
    [journey] = journeys({"summary": "h1 cannot reach host2"}, NETWORK, {"reach"})
    assert (journey.back.source, journey.back.target) == (journey.target, journey.source)


def test_a_routers_home_is_its_loopback() -> None:
    assert [home(NETWORK, name) for name in ("r1", "h1", "switch1", "ghost")] == ["10.255.0.1", "10.100.1.11", "", ""]


ANYTHING: Any = st.recursive(
    st.none() | st.integers() | st.text(max_size=40) | st.sampled_from(["h1", "10.100.2.12", "r1:r1-e0"]),
    lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=9) | st.just("target"), x, max_size=4),
)


@given(st.dictionaries(st.sampled_from(["device", "name", "summary", "labels", "annotations"]), ANYTHING))
def test_no_alert_makes_it_stumble(alert: dict[str, Any]) -> None:
    assert len(journeys(alert, NETWORK, {"unreachable"})) <= 2
