"""Which addresses a service may be spoken to at: public ones, and what the target names; metadata by itself alone."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh_bridges.http.addresses import METADATA, refused

INNER = [
    "127.0.0.1", "127.9.9.9", "0.0.0.0", "0.1.2.3", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.1.1", "100.64.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.1.1.1",
    "240.0.0.1", "255.255.255.255", "192.88.99.2",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "fe80::1", "fe80::1%eth0",
    "fc00::1", "fd12::1", "ff02::1", "2001:db8::1", "64:ff9b::a00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1",
    "2002:0a00:0001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "fec0::1",
]  # fmt: skip


@pytest.mark.parametrize("address", [*INNER, *sorted(map(str, METADATA))])
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert refused(address, ())


@pytest.mark.parametrize(
    "address", ["9.9.9.9", "8.8.8.8", "2620:fe::fe", "::ffff:9.9.9.9", "172.32.0.1", "100.128.0.1"]
)
def test_a_public_address_is_spoken_to(address: str) -> None:
    assert not refused(address, ())


def test_a_network_that_the_target_names_is_spoken_to_and_no_other() -> None:
    assert not refused("10.1.2.3", ["10.1.0.0/16"])
    assert not refused("::ffff:10.1.2.3", ["10.1.0.0/16"])
    assert refused("10.2.2.3", ["10.1.0.0/16"])
    assert not refused("fd12::1", ["fd12::/64"])


@pytest.mark.parametrize("wide", ["0.0.0.0/0", "169.254.0.0/16", "::/0", "168.63.0.0/16", "fd00:ec2::/32"])
def test_metadata_is_never_inside_a_network_it_is_named_by_itself(wide: str) -> None:
    for address in METADATA:
        assert refused(str(address), [wide])
        assert not refused(str(address), [str(ip_network(address))])


@pytest.mark.parametrize("text", ["", "example.net", "0x7f.1", "2130706433", "017700000001", "127.1", "1.2.3.4.5"])
def test_what_is_no_address_is_refused(text: str) -> None:
    assert refused(text, ["0.0.0.0/0"])


@given(st.ip_addresses(v=4))
def test_an_address_of_ipv4_is_judged_alike_in_every_dress(address: object) -> None:
    bare = refused(str(address), ())
    assert bool(refused(f"::ffff:{address}", ())) == bool(bare)
    packed = ip_address(str(address)).packed.hex()
    assert refused(f"64:ff9b::{packed[:4]}:{packed[4:]}", ())
