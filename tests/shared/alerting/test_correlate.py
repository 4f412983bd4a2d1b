"""Which open incident an alert joins."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from nocmesh.alerting.correlate import WINDOW, OpenIncident, incident_for
from nocmesh.messages.alert import Alert
from nocmesh.network import Device, End, Link, Network

Make = Callable[..., Alert]


def router(name: str) -> Device:
    return Device(name=name, platform="frr", address=f"192.0.2.{name[1:]}", aliases=[f"{name}.example.net"])


def link(a: str, b: str) -> Link:
    return Link(a=End(device=a, interface="e0"), b=End(device=b, interface="e1"))


CHAIN = Network(devices=[router(f"r{n}") for n in (1, 2, 3)], links=[link("r1", "r2"), link("r2", "r3")])
"""r1 - r2 - r3."""


def incident(name: str, at: datetime, *, alerts: tuple[str, ...] = (), devices: tuple[str, ...] = ()) -> OpenIncident:
    return OpenIncident(incident_id=name, last_at=at, alert_ids=list(alerts), devices=list(devices))


def test_an_alert_alone_joins_nothing(make: Make) -> None:
    assert incident_for(make(), [], CHAIN) is None


def test_the_same_alert_joins_its_incident_however_old(make: Make, noon: datetime) -> None:
    alert = make()
    old = incident("a", noon - timedelta(days=3), alerts=(alert.alert_id,))
    near = incident("b", noon, devices=("r1",))
    assert incident_for(alert, [near, old], CHAIN) == "a"


@pytest.mark.parametrize("name", ["r1", "R1", "r1.example.net", "192.0.2.1"])
def test_another_alert_of_the_same_device_joins_under_any_of_its_names(make: Make, noon: datetime, name: str) -> None:
    assert incident_for(make(instance=name), [incident("a", noon, devices=("r1",))], CHAIN) == "a"


def test_an_alert_of_a_neighbour_joins(make: Make, noon: datetime) -> None:
    assert incident_for(make(instance="r1"), [incident("a", noon, devices=("r2",))], CHAIN) == "a"


def test_an_alert_two_links_away_does_not_join(make: Make, noon: datetime) -> None:
    assert incident_for(make(instance="r1"), [incident("a", noon, devices=("r3",))], CHAIN) is None


def test_the_same_device_goes_before_a_neighbour(make: Make, noon: datetime) -> None:
    own = incident("own", noon - timedelta(minutes=2), devices=("r1",))
    near = incident("near", noon, devices=("r2",))
    assert incident_for(make(instance="r1"), [near, own], CHAIN) == "own"


def test_the_latest_of_two_incidents_wins(make: Make, noon: datetime) -> None:
    old, new = (incident(name, noon - timedelta(minutes=ago), devices=("r1",)) for name, ago in (("o", 3), ("n", 1)))
    assert incident_for(make(instance="r1"), [old, new], CHAIN) == "n"


@pytest.mark.parametrize("distance", [WINDOW + timedelta(seconds=1), -WINDOW - timedelta(seconds=1)])
def test_outside_the_window_nothing_joins(make: Make, noon: datetime, distance: timedelta) -> None:
    assert incident_for(make(instance="r1"), [incident("a", noon + distance, devices=("r1",))], CHAIN) is None


def test_an_alert_at_the_edge_of_the_window_joins(make: Make, noon: datetime) -> None:
    assert incident_for(make(instance="r1"), [incident("a", noon - WINDOW, devices=("r1",))], CHAIN) == "a"


def test_a_device_that_the_inventory_does_not_know_joins_itself(make: Make, noon: datetime) -> None:
    assert incident_for(make(instance="Fw7"), [incident("a", noon, devices=("fw7",))], CHAIN) == "a"
    assert incident_for(make(instance="fw8"), [incident("a", noon, devices=("fw7",))], CHAIN) is None


def test_an_alert_without_a_device_joins_nobody_by_place(make: Make, noon: datetime) -> None:
    assert incident_for(make(instance=""), [incident("a", noon, devices=("",))], CHAIN) is None
