"""Synthetic networks: sound whatever the seed, and every fault shows in them."""

from ipaddress import IPv4Network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nocmesh.clock import SystemClock
from nocmesh.errors import InvalidInputError, NotFoundError
from nocmesh.proving.simulated.faults import fault_named
from nocmesh.proving.simulated.live import LiveNetwork
from nocmesh.proving.simulated.synthetic import synthetic, topology_of
from nocmesh.proving.simulated.topology import DEMO, build


@settings(max_examples=40)
@given(seed=st.integers(0, 10**9), devices=st.integers(2, 60))
def test_any_seed_gives_a_network_whose_parts_are_distinct_and_joined(seed: int, devices: int) -> None:
    network = synthetic(seed, devices)
    assert network == synthetic(seed, devices)
    names = [router.name for router in network.routers]
    assert len(set(names)) == len(names) == devices
    assert len({router.asn for router in network.routers}) == devices
    subnets = [
        IPv4Network(text) for text in [w.subnet for w in network.wires] + [r.networks[0] for r in network.routers]
    ]
    assert len(set(subnets)) == len(subnets)
    reached = {names[0]}
    for _ in names:
        reached |= {end for wire in network.wires if {wire.a, wire.b} & reached for end in (wire.a, wire.b)}
    assert reached == set(names)


def test_all_its_sessions_come_up_and_a_shut_down_one_shows() -> None:
    network = synthetic(3, 12)
    live = LiveNetwork(build(network), SystemClock())
    assert live.sessions
    assert all(session.established for session in live.sessions.values())
    wire = network.wires[0]
    fault = fault_named(live, "bgp_neighbor_shutdown", wire.a, wire.b)
    assert not fault.shows(live)
    fault.inject(live)
    assert fault.shows(live)


def test_a_network_is_found_by_its_name() -> None:
    assert topology_of("demo") is DEMO
    assert topology_of("synthetic-3-12") == synthetic(3, 12)
    with pytest.raises(NotFoundError, match="synthetic-3"):
        topology_of("synthetic-3")
    with pytest.raises(InvalidInputError, match="2 to 60"):
        topology_of("synthetic-3-1")
