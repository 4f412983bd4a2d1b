"""The network as it should be: whose name is whose, who is next to whom."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.agent.network import MAX_BYTES, pack, unpack
from nocmesh.errors import InvalidInputError
from nocmesh.network import Device, End, IntendedInterface, Link, Network

LINK = Link(a=End(device="r2", interface="eth0"), b=End(device="r1", interface="eth1"))
NETWORK = Network(
    devices=[
        Device(
            name="R1",
            platform="frr",
            address="192.0.2.1",
            aliases=["border"],
            interfaces=[IntendedInterface(name="eth1", addresses=["10.0.0.1/30", "2001:db8::1/64"])],
        ),
        Device(name="r2", platform="frr", address="127.0.0.1", port=2202),
        Device(name="r3", platform="frr", address="127.0.0.1", port=2203),
    ],
    links=[LINK],
)


@pytest.mark.parametrize(
    "name", ["R1", "r1", " r1 ", "border", "BORDER", "r1:9100", "r1.example.net", "192.0.2.1", "192.0.2.1:9100"]
)
def test_a_device_is_known_by_all_its_names(name: str) -> None:
    found = NETWORK.device(name)
    assert found is not None
    assert found.name == "R1"


@pytest.mark.parametrize("name", ["", "r4", "r11", "example.net", "192.0.2.11", "::1"])
def test_a_stranger_is_nobody(name: str) -> None:
    assert NETWORK.device(name) is None


@pytest.mark.parametrize("name", ["127.0.0.1", "127.0.0.1:9100"])
def test_an_address_that_several_have_names_nobody(name: str) -> None:
    assert NETWORK.device(name) is None


@given(st.text(max_size=20))
def test_no_name_is_too_strange(name: str) -> None:
    NETWORK.device(name)
    NETWORK.owner_of(name)


def test_who_owns_an_address() -> None:
    assert NETWORK.owner_of("10.0.0.1") == NETWORK.owner_of("2001:DB8::1/64") == End(device="R1", interface="eth1")
    assert NETWORK.owner_of("10.0.0.2") is None
    assert NETWORK.owner_of("not an address") is None


def test_a_link_is_named_from_either_end() -> None:
    turned = Link(a=LINK.b, b=LINK.a)
    assert LINK.resource == turned.resource == "link/r1:eth1--r2:eth0"
    assert LINK.other(LINK.a) == LINK.b
    assert LINK.other(LINK.b) == LINK.a
    assert NETWORK.neighbours("r2") == [(LINK, LINK.a, LINK.b)]
    assert NETWORK.neighbours("r3") == []


def test_every_resource_has_an_id() -> None:
    assert list(NETWORK.resources()) == ["node/R1", "interface/R1/eth1", "node/r2", "node/r3", "link/r1:eth1--r2:eth0"]


def test_the_network_is_packed_and_unpacked() -> None:
    assert unpack(pack(NETWORK)) == NETWORK


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"rubbish",
        zlib.compress(b"[]"),
        pack(NETWORK)[:-1],
        pack(NETWORK)[:-6],
        zlib.compress(b" " * (MAX_BYTES + 1)),
    ],
)
def test_what_is_no_network_is_refused(value: bytes) -> None:
    with pytest.raises(InvalidInputError):
        unpack(value)
