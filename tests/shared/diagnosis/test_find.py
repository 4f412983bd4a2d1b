"""Whom an alert is about: found by name, alias, interface, address or prefix, whatever else it says."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from nocmesh.diagnosis.find import Index, macs_in, named_in
from nocmesh.network import Device, End, IntendedInterface, Link, Network


def device(name: str, host: int, *interfaces: tuple[str, str], aliases: list[str] | None = None) -> Device:
    listed = [IntendedInterface(name=i, addresses=[a]) for i, a in interfaces]
    return Device(name=name, platform="frr", address=f"192.0.2.{host}", interfaces=listed, aliases=aliases or [])


def described(found: Device, text: str) -> Device:
    first, *rest = found.interfaces
    return replace(found, interfaces=[replace(first, description=text), *rest])


NETWORK = Network(
    devices=[
        device("spine1", 1, ("s1-e0", "10.0.0.1/30"), ("lo", "10.255.0.1/32"), aliases=["Core-A.example.net"]),
        described(device("leaf2", 2, ("l2-e0", "10.0.0.2/30"), ("lo", "10.255.0.2/32")), "to server srv-a"),
        described(device("leaf3", 3, ("l3-e0", "2001:db8::3/64"), ("lo", "10.255.0.3/32")), "db7 | rack 4"),
    ],
    links=[Link(a=End(device="spine1", interface="s1-e0"), b=End(device="leaf2", interface="l2-e0"))],
)


@pytest.mark.parametrize(
    ("alert", "devices"),
    [
        ({"device": "spine1"}, ["spine1"]),
        ({"device": "SPINE1:9100", "summary": "adjacency to leaf2 lost."}, ["spine1", "leaf2"]),
        ({"labels": {"instance": "core-a.example.net"}}, ["spine1"]),
        ({"labels": {"instance": "leaf2.dc1.example.org:161"}}, ["leaf2"]),
        ({"device": "192.0.2.3"}, ["leaf3"]),
        ({"summary": "BGP peer 10.0.0.2 is down"}, ["leaf2"]),
        ({"annotations": {"d": "(10.255.0.3/32) withdrawn"}}, ["leaf3"]),
        ({"description": "subnet 10.0.0.0/30 unreachable"}, ["spine1", "leaf2"]),
        ({"description": "10.0.0.3 does not answer"}, ["spine1", "leaf2"]),
        ({"summary": "neighbor 2001:db8::3 idle"}, ["leaf3"]),
        ({"summary": "interface l2-e0 flaps; lo is fine"}, ["leaf2"]),
        ({"labels": {"ifName": "spine1:s1-e0"}}, ["spine1"]),
        ({"labels": {"instance": "10.0.0.2:9100"}}, ["leaf2"]),
        ({"labels": {"target": "http://user@10.0.0.2:8080/health?x=1"}}, ["leaf2"]),
        ({"labels": {"target": "https://leaf3.dc1.example.org/"}}, ["leaf3"]),
        ({"labels": {"instance": "[2001:db8::3]:161"}}, ["leaf3"]),
        ({"labels": {"instance": "10.0.0.3:9100"}}, ["spine1", "leaf2"]),
        ({"summary": "spine1/s1-e0 is down"}, ["spine1"]),
        ({"device": "srv-a", "summary": "srv-a does not answer"}, ["leaf2"]),
        ({"summary": "db7.example.net is slow"}, ["leaf3"]),
        ({"summary": "the server is slow"}, []),
        ({"summary": "0.0.0.0/0 and ::/0 are gone"}, []),
        ({}, []),
    ],
)
def test_devices_are_found_by_whatever_names_them(alert: dict[str, Any], devices: list[str]) -> None:
    assert list(named_in(alert, NETWORK).devices) == devices


def test_a_device_that_the_source_names_and_nobody_knows_is_told() -> None:
    assert named_in({"device": "ghost"}, NETWORK).unknown == ("ghost",)
    assert named_in({"labels": {"instance": "ghost7:9100"}}, NETWORK).unknown == ("ghost7:9100",)
    both = named_in({"device": "ghost", "summary": "leaf2 lost"}, NETWORK)
    assert (both.devices, both.unknown) == (("leaf2",), ("ghost",))


def test_a_name_that_only_a_description_knows_is_no_unknown_device() -> None:
    assert named_in({"device": "srv-a"}, NETWORK).unknown == ()
    assert named_in({"device": "srv-b"}, NETWORK).unknown == ("srv-b",)


@pytest.mark.parametrize("written", ["02:AA:00:00:0b:01", "02-aa-00-00-0b-01", "02aa.0000.0b01"])
def test_hardware_addresses_are_read_however_they_are_written(written: str) -> None:
    named = named_in({"device": written, "summary": f"{written} flaps"}, NETWORK)
    assert (named.macs, named.unknown, named.devices) == (("02:aa:00:00:0b:01",), (), ())
    assert macs_in("02:aa:00 and 2001:db8::3") == []


def test_an_address_has_an_owner_or_none() -> None:
    index = Index(NETWORK)
    assert (index.owner("10.0.0.2:179"), index.owner("Leaf3.example.org"), index.owner("10.0.0.3")) == (
        "leaf2",
        "leaf3",
        "",
    )
    assert str(index.address("10.0.0.3:9100")) == "10.0.0.3"
    assert index.address("10.0.0.0/30") is None


def test_prefixes_and_words_are_kept() -> None:
    named = named_in({"name": "BgpPrefixWithdrawn", "summary": "10.9.0.0/16 and 10.0.0.2:179"}, NETWORK)
    assert {str(p) for p in named.prefixes} == {"10.9.0.0/16", "10.0.0.2/32"}
    assert {"bgp", "prefix", "withdrawn"} <= named.words


def seconds_for(flood: int, network: Network) -> float:
    """Processor time that a text of ``flood`` addresses takes."""
    alert = {
        "device": "r7",
        "summary": " ".join(f"10.{n % 4}.{n % 250}.9" for n in range(flood)),
        "labels": {"x": "ü" * 10 * flood},
    }
    begun = time.process_time()
    assert "r7" in named_in(alert, network).devices
    return time.process_time() - begun


def test_a_flood_of_text_costs_no_more_than_its_length() -> None:
    many = Network(devices=[device(f"r{n}", n % 250, ("e0", f"10.{n // 250}.{n % 250}.1/24")) for n in range(1000)])
    seconds_for(1000, many)
    assert seconds_for(100_000, many) < 10 * seconds_for(25_000, many), "four times the text; by its square, 16 times"


ANYTHING: Any = st.recursive(
    st.none() | st.integers() | st.text(max_size=40),
    lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=9), x, max_size=4),
)


@settings(max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from(["device", "name", "summary", "description", "labels", "annotations", "status"]), ANYTHING
    )
)
def test_no_alert_makes_it_stumble(alert: dict[str, Any]) -> None:
    named = named_in(alert, NETWORK)
    assert set(named.devices) <= {"spine1", "leaf2", "leaf3"}
